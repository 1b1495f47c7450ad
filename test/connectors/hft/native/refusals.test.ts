/** What a machine refuses: files of another user, and memory there is not. Each with its code, its reason and no wait. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { chmodSync, closeSync, openSync, readdirSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { nodeArgsFor } from '../../../../scripts/lib/native-peers.mjs'
import { HftConnection, IpcNode } from '../../../../src/connectors/hft/native/index.js'
import { describeNative, privateNode } from '../../../support/native.js'
import { ConnectorDouble } from './double.js'

const PROGRAM = fileURLToPath(new URL('programs/open.ts', import.meta.url))
/** A user id nobody has to have: rights go by number. */
const OTHER_USER = 65_533
/** Long enough that a refusal which is waited for is seen as such. */
const WAIT_MS = 60_000
const SLOW = { timeout: 120_000 }

interface Refusal {
  readonly event: string
  readonly code?: string
  readonly message?: string
  readonly hint?: string
  readonly isTerminal?: boolean
  readonly elapsedMs?: number
}

function outcomeOf(child: SpawnSyncReturns<string>): Refusal {
  const line = child.stdout.split('\n').find((each) => each.startsWith('{'))
  if (line === undefined) throw new Error(`no report, ${child.status ?? child.signal}: ${child.stderr}`)
  return JSON.parse(line) as Refusal
}

/** Tests that say `(as root)` are skipped for others, who cannot become another user or mount anything. */
const isRoot = process.getuid?.() === 0

describeNative('a connector of another user', () => {
  const where = privateNode()
  let owner: IpcNode
  beforeEach(() => {
    owner = IpcNode.create(where)
    new ConnectorDouble(owner, 'c')
  })
  afterEach(() => owner.close())

  const openAsOther = (mode: string): Refusal => {
    const args = ['c', '--root', where.rootPath, '--prefix', where.prefix, '--mode', mode, '--wait', String(WAIT_MS)]
    const command = [...nodeArgsFor(PROGRAM), ...args, '--user', String(OTHER_USER)]
    return outcomeOf(spawnSync(process.execPath, command, { encoding: 'utf8' }))
  }
  const closed = (path: string): unknown =>
    expect.objectContaining({
      event: 'refused',
      code: 'IPC_PERMISSION',
      isTerminal: true,
      hint: 'run both sides as the same user',
      message: expect.stringContaining(
        `${path} belongs to user ${process.getuid?.()} and is closed to this process (user ${OTHER_USER})`,
      ),
    })
  const open = (...folders: string[]): void => {
    // The folder made for the test is closed above the root path, too.
    chmodSync(join(where.rootPath, '..'), 0o777)
    for (const folder of folders) chmodSync(folder, 0o777)
  }
  const nodes = (): string => join(where.rootPath, 'nodes')
  const services = (): string => join(where.rootPath, 'services')

  it.skipIf(!isRoot)('is refused at once with the closed path and both users (as root)', SLOW, () => {
    for (const mode of ['pump', 'poll']) {
      const refusal = openAsOther(mode)
      expect(refusal).toEqual(closed(''))
      expect(refusal.elapsedMs).toBeLessThan(WAIT_MS / 4)
    }
  })

  it.skipIf(!isRoot)('is told from a damaged one wherever the first closed file lies (as root)', SLOW, () => {
    open(where.rootPath)
    expect(openAsOther('pump')).toEqual(closed(nodes()))
    open(where.rootPath, nodes())
    expect(openAsOther('pump')).toEqual(closed(services()))
    open(where.rootPath, nodes(), services())
    expect(openAsOther('pump')).toEqual(closed('.service'))
    for (const file of readdirSync(services())) chmodSync(join(services(), file), 0o444)
    expect(openAsOther('pump')).toEqual(closed('.dynamic'))
  })
})

describeNative('memory that is not there', () => {
  const where = privateNode()
  const send = ['x', '--root', where.rootPath, '--prefix', where.prefix, '--send', '65536']
  const command = ['exec', process.execPath, ...nodeArgsFor(PROGRAM), ...send].map((word) => `'${word}'`).join(' ')
  const noMemory = (reason: string): unknown =>
    expect.objectContaining({
      event: 'refused',
      code: 'IPC_NO_MEMORY',
      isTerminal: true,
      message: expect.stringContaining(reason),
    })

  it('is an error of the publisher when the system refuses the segment', SLOW, () => {
    // Files beyond 1 MB fail, as on a full disk, instead of ending the process by a signal.
    const child = spawnSync('bash', ['-c', `trap '' XFSZ; ulimit -f 1024; ${command}`], { encoding: 'utf8' })
    expect(outcomeOf(child)).toEqual(noMemory('UnableToCreateDataSegment'))
  })

  it('is an error before anything is written when more is asked for than is free', () => {
    const node = IpcNode.create(where)
    try {
      const service = node.service({ name: 'y', mode: 'create', bufferSize: 65_536, maxSubscribers: 100 })
      expect(() => service.publisher({ maxLen: 2 ** 31 })).toThrow(
        expect.objectContaining({
          code: 'IPC_NO_MEMORY',
          message: expect.stringMatching(/take \d+ bytes .* \d+ are free/),
        }),
      )
      // Nothing was taken: the same service still has its place for a publisher.
      expect(service.publisher({ maxLen: 16 }).send(new Uint8Array(1))).toBe(0)
    } finally {
      node.close()
    }
  })

  it.skipIf(!isRoot)('on a small /dev/shm does not end the process by a signal (as root)', SLOW, ({ skip }) => {
    if (spawnSync('unshare', ['-m', 'true']).status !== 0) skip('this machine lets nobody mount anything')
    const mount = 'mount -t tmpfs -o size=1M tmpfs /dev/shm'
    const child = spawnSync('unshare', ['-m', 'bash', '-c', `${mount} && ${command}`], { encoding: 'utf8' })
    expect(outcomeOf(child)).toEqual(noMemory('are free in /dev/shm'))
  })
})

describeNative('a service of another Iceoryx2 version', () => {
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

  // A later minor version writes other headers; a patch level differs in nothing but the number at the head of its
  // segments, and is refused all the same. `conformance:native` has a peer that was really built with another one.
  it.runIf(process.platform === 'linux')(
    'is refused for good with both versions, though only its patch level differs',
    async () => {
      new ConnectorDouble(node(), 'p')
      const lists = readdirSync('/dev/shm').filter((name) => name.startsWith(where.prefix) && name.endsWith('.dynamic'))
      expect(lists).toHaveLength(2)
      for (const name of lists) {
        const file = openSync(join('/dev/shm', name), 'r+')
        // Patch, minor and major, 16 bits each.
        writeSync(file, Uint8Array.of(0, 0, 6, 0, 0, 0, 0, 0), 0, 8, 0)
        closeSync(file)
      }
      const refusal = expect.objectContaining({
        name: 'IpcError',
        code: 'IPC_VERSION_MISMATCH',
        isTerminal: true,
        message: 'service "p/ToBot": it was made by Iceoryx2 0.6.0, and this is Iceoryx2 0.6.1',
      })
      const opening = HftConnection.open({
        connector: 'p',
        kind: 'binancefutures',
        waitForConnectorMs: WAIT_MS,
        node: where,
      })
      await expect(opening).rejects.toEqual(refusal)
    },
  )
})
