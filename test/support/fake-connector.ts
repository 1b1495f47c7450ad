/**
 * The stand-in connector as a process, for tests of the shared-memory layer: private shared memory, typed commands,
 * and a check that nothing of it is left behind.
 */
import { describe, it } from 'vitest'
import { type PrivateRoot, peerProgram, privateRoot } from '../../scripts/lib/native-peers.mjs'
import { PeerProcess, type Report } from '../../scripts/lib/peer-process.mjs'
import { HftConnection, type HftConnectionOptions, isNativeAvailable } from '../../src/connectors/hft/native/index.js'

export { type PrivateRoot, privateRoot } from '../../scripts/lib/native-peers.mjs'
export { PeerProcess, type Report } from '../../scripts/lib/peer-process.mjs'

export const TICK_SIZE = 0.1
export const LOT_SIZE = 0.001

/** Why a two-process test cannot run here, or `null`. */
export function peersMissing(): string | null {
  const addon = isNativeAvailable()
  if (!addon.ok) return addon.reason?.split('\n')[0] ?? 'no native addon'
  return peerProgram('fake_connector') === null
    ? 'the Rust peers are not built (npm run test:native builds them)'
    : null
}

/** `describe` for tests with the addon and another process: skipped with the reason, or failing where it must run. */
export function describeWithPeers(name: string, body: () => void): void {
  const reason = peersMissing()
  if (reason === null) {
    describe(name, body)
  } else if (process.env['FEEDBUS_REQUIRE_NATIVE'] === '1') {
    describe(name, () => {
      it('has the addon and its peers', () => {
        throw new Error(`${reason} (FEEDBUS_REQUIRE_NATIVE=1 makes them mandatory)`)
      })
    })
  } else {
    describe.skip(`${name} [${reason}]`, () => {
      it('needs the native addon', () => {})
    })
  }
}

export interface FakeConnectorOptions {
  readonly name?: string
  /** Samples a subscriber's buffer holds. */
  readonly bufferSize?: number
  readonly maxBots?: number
  readonly seed?: number
  /** Broadcast feed records carry their running number in `ival`. */
  readonly numbered?: boolean
  /** No report for each request: for runs in which there are very many. */
  readonly quiet?: boolean
}

export interface MarketScript {
  /** Feed records per second. */
  readonly rate: number
  /** Records between two batch marks; 0 sends them bare. */
  readonly batch?: number
  readonly count?: number
  /** Shares of the mix in percent. */
  readonly trades?: number
  readonly bbo?: number
}

export class FakeConnector {
  readonly name: string
  readonly process: PeerProcess

  private constructor(name: string, process: PeerProcess) {
    this.name = name
    this.process = process
  }

  static async start(root: PrivateRoot, options: FakeConnectorOptions = {}): Promise<FakeConnector> {
    const program = peerProgram('fake_connector')
    if (program === null) throw new Error('fake_connector is not built')
    const { name = 'fake', bufferSize = 4_096, maxBots = 4, seed = 42, numbered = false, quiet = false } = options
    const child = new PeerProcess(program, [
      name,
      ...['--buffer', String(bufferSize), '--bots', String(maxBots), '--seed', String(seed)],
      ...(numbered ? ['--numbered', '1'] : []),
      ...(quiet ? ['--quiet', '1'] : []),
      ...root.args,
    ])
    await child.report('ready')
    return new FakeConnector(name, child)
  }

  market(script: MarketScript): void {
    this.process.send({ cmd: 'market', ...script })
  }

  stop(): Promise<Report> {
    return this.process.ask({ cmd: 'stop' }, 'stopped')
  }

  /** One message, to everyone unless `to` names a bot. */
  send(message: unknown, to: bigint = 0n): void {
    this.process.send({ cmd: 'send', to: String(to), message })
  }

  raw(hex: string, length?: number): void {
    this.process.send({ cmd: 'raw', hex, ...(length === undefined ? {} : { len: length }) })
  }

  /** What happens to new orders. Resolves when it holds: requests come another way and could overtake the command. */
  async orders(mode: 'ack' | 'partial' | 'fill' | 'reject' | 'silent'): Promise<void> {
    this.process.send({ cmd: 'orders', mode })
    await this.stats()
  }

  /** Registrations are answered only inside a broadcast batch from now on. Resolves when that holds. */
  async nest(): Promise<void> {
    this.process.send({ cmd: 'nest', on: true })
    await this.stats()
  }

  book(symbol: string): Promise<Report> {
    return this.process.ask({ cmd: 'book', symbol }, 'book')
  }

  stats(): Promise<Report> {
    return this.process.ask({ cmd: 'stats' }, 'stats')
  }

  /** Ends as an ordinary process does. */
  close(): Promise<number | string> {
    return this.process.close()
  }
}

/** Opens the addon's connection to a stand-in of the same root. */
export function connectTo(
  root: PrivateRoot,
  options: Omit<HftConnectionOptions, 'kind' | 'node'>,
): Promise<HftConnection> {
  return HftConnection.open({
    kind: 'binancefutures',
    waitForConnectorMs: 10_000,
    node: { rootPath: root.rootPath, prefix: root.prefix },
    ...options,
  })
}

/** A root that is removed at the end, whatever the test did. */
export async function withPrivateRoot(body: (root: PrivateRoot) => Promise<void>): Promise<void> {
  const root = privateRoot()
  try {
    await body(root)
  } finally {
    root.remove()
  }
}
