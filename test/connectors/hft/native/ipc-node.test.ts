/** The generic layer over real shared memory: what it promises, and each limit with its code. */
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { HftConnection, IpcNode, samplesIn, versions } from '../../../../src/connectors/hft/native/index.js'
import { CONNECTOR_HEADER, describeNative, privateNode } from '../../../support/native.js'

const withCode = (code: string): unknown => expect.objectContaining({ name: 'IpcError', code })

describeNative('the generic layer', () => {
  const where = privateNode()
  const nodes: IpcNode[] = []
  const node = (): IpcNode => {
    const created = IpcNode.create(where)
    nodes.push(created)
    return created
  }
  afterEach(() => {
    for (const created of nodes.splice(0)) created.close()
  })

  it('says which Iceoryx2 it speaks', () => {
    expect(versions()).toEqual({ iceoryx2: '0.6.1', addon: expect.any(String), napi: 8 })
  })

  it('carries payload, header and publisher to every subscriber', () => {
    const writer = node().service({ name: 'a', mode: 'create', userHeader: CONNECTOR_HEADER, bufferSize: 8 })
    const reader = node().service({ name: 'a', mode: 'open', userHeader: CONNECTOR_HEADER })
    const subscribers = [reader.subscriber(), reader.subscriber()]
    const publisher = writer.publisher({ maxLen: 64 })
    const header = Uint8Array.from({ length: 16 }, (_, at) => at)
    expect(publisher.send(Buffer.from('first'), header)).toBe(2)
    expect(publisher.send(Buffer.from('second one'))).toBe(2)
    for (const subscriber of subscribers) {
      const out = new Uint8Array(1024)
      const count = subscriber.drainInto(out, 10)
      const samples = [...samplesIn(out, count)]
      expect(samples.map(({ payload }) => Buffer.from(payload).toString())).toEqual(['first', 'second one'])
      expect(samples.map((sample) => [...sample.header])).toEqual([[...header], new Array(16).fill(0)])
      expect(samples[0]?.publisherId).toEqual(samples[1]?.publisherId)
      expect(subscriber.drainInto(out, 10)).toBe(0)
    }
    expect(reader.peers()).toEqual({ publishers: 1, subscribers: 2, nodes: 2 })
  })

  it('keeps a sample that has no room for the next call and loses none', () => {
    const service = node().service({ name: 'b', mode: 'create', bufferSize: 8 })
    const subscriber = service.subscriber()
    const publisher = service.publisher({ maxLen: 100 })
    for (const text of ['one', 'x'.repeat(90), 'three']) publisher.send(Buffer.from(text))
    const small = new Uint8Array(64)
    expect(subscriber.drainInto(small, 10)).toBe(1)
    expect(() => subscriber.drainInto(small, 10)).toThrow(withCode('IPC_TOO_LARGE'))
    const out = new Uint8Array(512)
    const count = subscriber.drainInto(out, 10)
    expect([...samplesIn(out, count)].map(({ payload }) => payload.length)).toEqual([90, 5])
  })

  it('drops the oldest when a subscriber is behind, as services do by default', () => {
    const service = node().service({ name: 'c', mode: 'create', bufferSize: 2 })
    const subscriber = service.subscriber()
    const publisher = service.publisher({ maxLen: 1 })
    for (const number of [1, 2, 3, 4]) publisher.send(Uint8Array.of(number))
    const out = new Uint8Array(256)
    expect([...samplesIn(out, subscriber.drainInto(out, 10))].map(({ payload }) => payload[0])).toEqual([3, 4])
  })

  it('lists services with their limits, and nodes', () => {
    const service = node().service({ name: 'd', mode: 'create', bufferSize: 5, maxSubscribers: 3, maxNodes: 4 })
    const info = node().listServices()
    expect(info).toEqual([service.config])
    expect(service.config).toMatchObject({
      name: 'd',
      pattern: 'publishSubscribe',
      headerSize: 24,
      bufferSize: 5,
      maxSubscribers: 3,
      maxNodes: 4,
      payload: { name: 'u8', size: 1, align: 1, variant: 'slice' },
    })
    expect(
      node()
        .listNodes()
        .map(({ state }) => state),
    ).toEqual(['alive', 'alive', 'alive'])
    expect(node().cleanupDeadNodes()).toEqual({ cleaned: 0, failed: 0 })
  })

  it('refuses each thing that cannot be with its code', () => {
    const owner = node()
    const service = owner.service({ name: 'e', mode: 'create', maxPublishers: 1, maxSubscribers: 1, bufferSize: 2 })
    const publisher = service.publisher({ maxLen: 512 })
    service.subscriber()
    const refused: [string, () => unknown][] = [
      ['IPC_SERVICE_NOT_FOUND', () => owner.service({ name: 'absent', mode: 'open' })],
      ['IPC_BUSY', () => owner.service({ name: 'e', mode: 'create' })],
      ['IPC_INCOMPATIBLE_TYPES', () => owner.service({ name: 'e', mode: 'open', userHeader: CONNECTOR_HEADER })],
      [
        'IPC_INCOMPATIBLE_TYPES',
        () => owner.service({ name: 'e', mode: 'open', payload: { name: 'u16', size: 2, align: 2, variant: 'slice' } }),
      ],
      ['IPC_INCOMPATIBLE_QOS', () => owner.service({ name: 'e', mode: 'open', bufferSize: 3 })],
      ['IPC_INCOMPATIBLE_QOS', () => service.subscriber({ bufferSize: 99 })],
      ['IPC_LIMIT', () => service.publisher({ maxLen: 1 })],
      ['IPC_LIMIT', () => service.subscriber()],
      ['IPC_TOO_LARGE', () => publisher.send(new Uint8Array(513))],
      ['IPC_INVALID_ARGUMENT', () => publisher.send(new Uint8Array(1), new Uint8Array(3))],
      ['IPC_INVALID_ARGUMENT', () => publisher.send('text' as unknown as Uint8Array)],
      ['IPC_INVALID_ARGUMENT', () => owner.service({ name: '', mode: 'create' })],
      ['IPC_INVALID_ARGUMENT', () => IpcNode.create({ prefix: 'a/b' })],
      [
        'IPC_INVALID_ARGUMENT',
        () => owner.service({ name: 'f', mode: 'create', payload: { name: 'x', size: 3, align: 2, variant: 'fixed' } }),
      ],
    ]
    for (const [code, action] of refused) expect(action, code).toThrow(withCode(code))
  })

  it('tells a service of another Iceoryx2 version by its sample header, for good', async () => {
    const owner = node()
    owner.service({ name: 'v/ToBot', mode: 'create', userHeader: CONNECTOR_HEADER })
    // What a 0.7 service says about itself: the same description with the larger header.
    const folder = join(where.rootPath, 'services')
    const files = readdirSync(folder).map((name) => join(folder, name))
    const file = files.find((path) => readFileSync(path, 'utf8').includes('"v/ToBot"')) ?? ''
    chmodSync(file, 0o600)
    writeFileSync(file, readFileSync(file, 'utf8').replace('size = 24', 'size = 40'))
    // Only a description that nobody may write to is a finished one.
    chmodSync(file, 0o400)
    const refusal = expect.objectContaining({
      name: 'IpcError',
      code: 'IPC_VERSION_MISMATCH',
      isTerminal: true,
      message: expect.stringContaining('sample headers have 40 bytes, Iceoryx2 0.6.1 writes 24'),
    })
    const other = node()
    expect(() => other.service({ name: 'v/ToBot', mode: 'open', userHeader: CONNECTOR_HEADER })).toThrow(refusal)
    // Waiting would not cure it, so nobody waits.
    const opening = HftConnection.open({
      connector: 'v',
      kind: 'binancefutures',
      waitForConnectorMs: 60_000,
      node: where,
    })
    await expect(opening).rejects.toEqual(refusal)
  })

  it('takes twenty nodes at a service and refuses the next', () => {
    node().service({ name: 'g', mode: 'create', maxNodes: 20 })
    for (let count = 1; count < 20; count++) node().service({ name: 'g', mode: 'open' })
    const last = node()
    expect(() => last.service({ name: 'g', mode: 'open' })).toThrow(withCode('IPC_LIMIT'))
    nodes.shift()?.close()
    expect(last.service({ name: 'g', mode: 'open' }).peers().nodes).toBe(20)
  })

  it('carries a fixed type as exactly one element', () => {
    const payload = { name: 'Tick', size: 16, align: 8, variant: 'fixed' } as const
    const service = node().service({ name: 'h', mode: 'create', payload })
    const subscriber = service.subscriber()
    const publisher = service.publisher({ maxLen: 16 })
    expect(publisher.send(new Uint8Array(16).fill(7))).toBe(1)
    expect(() => publisher.send(new Uint8Array(8))).toThrow(withCode('IPC_INVALID_ARGUMENT'))
    const out = new Uint8Array(128)
    expect([...samplesIn(out, subscriber.drainInto(out, 1))][0]?.payload).toEqual(new Uint8Array(16).fill(7))
  })

  it('closes everything with its owner, once or twice, and refuses use after it', () => {
    const owner = node()
    const service = owner.service({ name: 'i', mode: 'create' })
    const publisher = service.publisher({ maxLen: 8 })
    const subscriber = service.subscriber()
    owner.close()
    owner.close()
    subscriber.close()
    for (const action of [
      () => publisher.send(new Uint8Array(1)),
      () => subscriber.drainInto(new Uint8Array(64), 1),
      () => service.peers(),
      () => owner.listNodes(),
    ]) {
      expect(action).toThrow(withCode('IPC_CLOSED'))
    }
    expect(node().listServices()).toEqual([])
  })
})
