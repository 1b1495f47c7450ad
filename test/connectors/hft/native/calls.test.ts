/** The functions that the addon binds to a connection and its buffers: what they are given, and how long they live. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, expect, it } from 'vitest'
import type { AddonCalls, AddonConnection } from '../../../../src/connectors/hft/native/addon.js'
import { loadAddon } from '../../../../src/connectors/hft/native/binding.js'
import { IpcNode } from '../../../../src/connectors/hft/native/index.js'
import { describeNative, privateNode } from '../../../support/native.js'
import { waitFor } from '../../../support/wait-for.js'
import { ConnectorDouble, depth } from './double.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const shared = (bytes: number): Uint8Array => new Uint8Array(new SharedArrayBuffer(bytes))

describeNative('bound calls', () => {
  const where = privateNode()
  let node: IpcNode | undefined
  afterEach(() => node?.close())

  const connect = (): { double: ConnectorDouble; connection: AddonConnection } => {
    node = IpcNode.create(where)
    const double = new ConnectorDouble(node, 'c')
    const options = { connector: 'c', botId: 77n, mode: 'poll', ringRecords: 64, keepAlive: false, node: { ...where } }
    return { double, connection: loadAddon().NativeConnection.open(options, () => {}) }
  }

  it('are refused for memory that could be taken away under them', () => {
    const { connection } = connect()
    const refused = expect.objectContaining({ code: 'IPC_INVALID_ARGUMENT' }) as Error
    const wrong: unknown[] = [
      shared(0),
      new Uint8Array(128),
      new Float64Array(new SharedArrayBuffer(128)),
      {},
      undefined,
    ]
    for (const buffer of wrong) {
      expect(() => connection.bind(buffer as Uint8Array, shared(192))).toThrow(refused)
      expect(() => connection.bind(shared(128), buffer as Uint8Array)).toThrow(refused)
    }
    connection.close()
  })

  it('write no further than their buffer, and take only a number', () => {
    const { double, connection } = connect()
    for (let n = 1; n <= 5; n++) double.send(depth('btcusdt', n))
    const memory = shared(4 * 128)
    const { drain } = connection.bind(memory.subarray(128, 3 * 128), shared(192))
    expect(drain('many' as unknown as number)).toBe(0)
    expect((drain as () => number)()).toBe(0)
    expect(drain(1_000)).toBe(2)
    expect(memory.subarray(0, 128).every((byte) => byte === 0)).toBe(true)
    expect(memory.subarray(3 * 128).every((byte) => byte === 0)).toBe(true)
    expect(drain(1_000)).toBe(2)
    expect(drain(1_000)).toBe(1)
    connection.close()
  })

  it('refuse a request that is too short or no order', () => {
    const { connection } = connect()
    const refused = expect.objectContaining({ code: 'IPC_INVALID_ARGUMENT' }) as Error
    expect(() => connection.bind(shared(128), shared(100)).send()).toThrow(refused)
    const request = shared(192)
    const { send } = connection.bind(shared(128), request)
    request[88] = 9
    expect(send).toThrow(refused)
    connection.close()
  })

  it('work on when everything else of the connection is garbage, and say when it is closed', async () => {
    const { double, connection } = connect()
    const records = new WeakRef(shared(128))
    let calls: AddonCalls | undefined = connection.bind(records.deref() as Uint8Array, shared(192))
    const alone = calls.drain
    calls = undefined
    await new Promise(setImmediate)
    collectGarbage()
    double.send(depth('btcusdt', 1.5))
    expect(alone(1)).toBe(1)
    expect(new DataView((records.deref() as Uint8Array).buffer).getFloat64(24, true)).toBe(1.5)
    expect(connection.close()).toBe(true)
    expect(() => alone(1)).toThrow(expect.objectContaining({ code: 'IPC_CLOSED' }))
  })

  it('let their buffers go with them', async () => {
    const buffers: WeakRef<Uint8Array>[] = []
    const { connection } = connect()
    for (let n = 0; n < 10; n++) {
      const records = shared(1024)
      connection.bind(records, shared(192)).drain(1)
      buffers.push(new WeakRef(records))
    }
    await waitFor(() => {
      collectGarbage()
      return buffers.filter((buffer) => buffer.deref() !== undefined).length <= 1
    })
    connection.close()
  })
})
