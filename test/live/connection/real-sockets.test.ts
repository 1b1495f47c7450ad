/** The whole connection layer over real sockets on loopback: what only the wire can do. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import type { ConnectionConfig } from '../../../src/live/config/types.js'
import { venueInfo } from '../../../src/live/config/venues.js'
import { ConnectionManager, type ConnectionManagerOptions, WsTransport } from '../../../src/live/connection/index.js'
import { createSignals, type LiveSignals } from '../../../src/live/signals.js'
import { createRuntime, SeededRandom } from '../../../src/runtime/index.js'
import { percentile, reportFigures } from '../../support/figures.js'
import { waitFor } from '../../support/wait-for.js'
import { CONFIG, RecordingSink, specs } from './rig.js'

/** A venue with one numbered message per stream and tick, the same on every connection. */
class MiniVenue {
  readonly peers = new Set<WebSocket>()
  readonly #http: Server = createServer()
  readonly #timer: NodeJS.Timeout
  readonly #rawSockets = new Set<Socket>()
  isAnswering = true
  /** HTTP status for upgrades; 0 lets them through. */
  refuseWith = 0
  #tick = 0

  private constructor() {
    const server = new WebSocketServer({ noServer: true })
    this.#http.on('connection', (socket: Socket) => {
      this.#rawSockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => this.#rawSockets.delete(socket))
    })
    this.#http.on('upgrade', (request, socket: Socket, head) => {
      if (this.refuseWith !== 0) socket.end(`HTTP/1.1 ${this.refuseWith} Busy\r\nretry-after: 0\r\n\r\n`)
      else server.handleUpgrade(request, socket, head, (peer) => this.#welcome(peer))
    })
    this.#timer = setInterval(() => {
      this.#tick++
      for (const peer of this.peers) {
        for (const name of subscriptions(peer))
          peer.send(JSON.stringify({ stream: name, data: { e: 'trade', t: this.#tick } }))
      }
    }, 5)
  }

  static async start(): Promise<MiniVenue> {
    const venue = new MiniVenue()
    venue.#http.listen(0, '127.0.0.1')
    await once(venue.#http, 'listening')
    return venue
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#http.address() as AddressInfo).port}`
  }

  /** Stops reading and answering on every connection, and keeps them open. */
  stall(): void {
    for (const peer of this.peers) {
      subscriptions(peer).clear()
      rawSocket(peer).pause()
    }
  }

  reset(): void {
    for (const peer of this.peers) rawSocket(peer).resetAndDestroy()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    for (const socket of this.#rawSockets) socket.destroy()
    this.#http.close()
    await once(this.#http, 'close')
  }

  #welcome(peer: WebSocket): void {
    this.peers.add(peer)
    peer.on('error', () => {})
    peer.on('close', () => this.peers.delete(peer))
    peer.on('message', (data) => {
      if (!this.isAnswering) return
      const { method, params, id } = JSON.parse(String(data)) as { method: string; params: string[]; id: number }
      for (const name of params) {
        if (method === 'SUBSCRIBE') subscriptions(peer).add(name)
        else subscriptions(peer).delete(name)
      }
      peer.send(JSON.stringify({ result: null, id }))
    })
  }
}

function subscriptions(peer: WebSocket & { subscriptions?: Set<string> }): Set<string> {
  peer.subscriptions ??= new Set()
  return peer.subscriptions
}

function rawSocket(peer: WebSocket): Socket {
  return (peer as unknown as { _socket: Socket })._socket
}

/** FEEDBUS_RESETS=<count> measures the recovery over more of them. */
const RESETS = Number(process.env['FEEDBUS_RESETS'] ?? 3)

let venue: MiniVenue
const managers: ConnectionManager[] = []

afterEach(async () => {
  for (const manager of managers.splice(0)) await manager.stop()
  await venue.stop()
})

function feed(
  config: Partial<ConnectionConfig> = {},
  tuning: ConnectionManagerOptions['tuning'] = {},
): {
  manager: ConnectionManager
  sink: RecordingSink
  established: () => number
} {
  const sink = new RecordingSink()
  const signals = createSignals<LiveSignals>((error) => {
    throw error
  })
  let established = 0
  signals.on('connectionEstablished', () => established++)
  const manager = new ConnectionManager({
    venue: { ...venueInfo('SIM_SPOT'), controlIntervalMs: 10 },
    config: { ...CONFIG, baseUrl: venue.url, baseReconnectDelayMs: 20, reconnectDelayMsMax: 200, ...config },
    runtime: createRuntime({ random: new SeededRandom(3) }),
    transport: new WsTransport({ closeTimeoutMs: 200 }),
    sink,
    signals,
    instanceName: 'wire',
    tuning: { connectSpacingMs: 0, ...tuning },
  })
  managers.push(manager)
  return { manager, sink, established: () => established }
}

describe('over real sockets', () => {
  it('comes back after resets and refused upgrades', async () => {
    venue = await MiniVenue.start()
    const { manager, established } = feed({ streamsPerConnectionMax: 2 })
    await manager.start(specs(4))
    expect(venue.peers.size).toBe(2)
    venue.refuseWith = 503
    venue.reset()
    await waitFor(() => manager.connections().every((connection) => connection.state === 'BACKOFF'), {
      what: 'back-off',
    })
    await waitFor(() => manager.stats().connectsAttempted >= 4, { what: 'refused attempts' })
    venue.refuseWith = 0
    await waitFor(() => established() === 4, { what: 'both connections to be back' })
    expect(manager.stats().socketCount).toBe(2)
    expect(manager.connections().map((connection) => connection.reconnectCount)).toEqual([1, 1])
  })

  it(
    'has every stream back a moment after the reset of a healthy connection',
    async () => {
      venue = await MiniVenue.start()
      const slow = { firstReconnectDelayMs: 50, baseReconnectDelayMs: 300_000, reconnectDelayMsMax: 300_000 }
      const { manager, sink } = feed(slow, { healthyAfterMs: 100 })
      const names = specs(50).map(({ name }) => name)
      await manager.start(specs(50))
      const recoveries: number[] = []
      for (let run = 0; run < RESETS; run++) {
        const since = sink.frames.length
        const heard = (from: number): number => new Set(sink.frames.slice(from).map((frame) => frame.stream)).size
        await waitFor(() => sink.frames.length > since + 50 * 60, { what: 'the connection to be healthy' })
        const resetAt = performance.now()
        venue.reset()
        await waitFor(() => manager.connections()[0]?.state === 'BACKOFF', { what: 'the loss', pollMs: 1 })
        const lostAt = sink.frames.length
        await waitFor(() => heard(lostAt) === names.length, { what: 'all streams', pollMs: 2 })
        recoveries.push(performance.now() - resetAt)
      }
      recoveries.sort((a, b) => a - b)
      const median = percentile(recoveries, 0.5)
      reportFigures('reset', { runs: RESETS, p50Ms: median, p99Ms: percentile(recoveries, 0.99) })
      // The next slower way back takes minutes: a machine cannot be taken for it.
      expect(median).toBeLessThan(60_000)
      expect(manager.connections()[0]?.reconnectCount).toBe(RESETS)
    },
    240_000 + RESETS * 3_000,
  )

  it('finds a half-open connection and replaces it', async () => {
    venue = await MiniVenue.start()
    const { manager, established } = feed({ pingIntervalMs: 200, pingTimeoutMs: 2_000 })
    await manager.start(specs(1))
    venue.stall()
    await waitFor(() => established() === 2, { what: 'the replacement' })
    expect(manager.stats().pingTimeouts).toBeGreaterThanOrEqual(1)
  })

  it('hands over twenty times without losing or reordering a message', async () => {
    venue = await MiniVenue.start()
    const { manager, sink } = feed({ streamsPerConnectionMax: 3 })
    await manager.start(specs(6))
    for (let round = 0; round < 20; round++) await manager.refresh('test')
    await manager.stop()
    expect(manager.stats().refreshes).toBe(40)
    for (const { name } of specs(6)) {
      const ids = sink.of(name).map((data) => (data as { t: number }).t)
      const distinct = [...new Set(ids)]
      expect(distinct.length).toBeGreaterThan(10)
      // First appearances are in order and without a hole; the router drops the repeats of the overlap.
      expect(distinct).toEqual(Array.from({ length: distinct.length }, (_, index) => (distinct[0] ?? 0) + index))
    }
  })
})

/**
 * A child process runs the compiled connection layer, stops it in a given state, and must then end by itself:
 * whatever keeps an event loop alive is a leak. Compiled here, because Node 20 does not read TypeScript.
 */
describe('a process that has stopped its connections', () => {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..')
  // Below node_modules, so that the compiled files find their packages.
  const compiled = join(root, 'node_modules', '.cache', `feedbus-connection-${process.pid}`)
  let child: ChildProcess | null = null

  beforeAll(() => {
    for (const folder of ['types', 'runtime', 'live', 'live/config', 'live/connection', 'live/health']) {
      mkdirSync(join(compiled, folder), { recursive: true })
      for (const file of readdirSync(join(root, 'src', folder), { withFileTypes: true })) {
        if (!file.isFile() || !file.name.endsWith('.ts')) continue
        const source = readFileSync(join(root, 'src', folder, file.name), 'utf8')
        const { outputText } = ts.transpileModule(source, {
          compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
        })
        writeFileSync(join(compiled, folder, file.name.replace(/\.ts$/, '.js')), outputText)
      }
    }
    writeFileSync(join(compiled, 'package.json'), '{"type":"module"}')
    writeFileSync(join(compiled, 'child.js'), CHILD)
  })

  afterEach(() => {
    if (child !== null && child.exitCode === null) child.kill('SIGKILL')
  })

  afterAll(() => rmSync(compiled, { recursive: true, force: true }))

  it.each(['connecting', 'timedOut', 'subscribing', 'open', 'backoff', 'refreshing', 'halfOpen', 'startFailed'])(
    'ends by itself when stopped in state "%s"',
    async (stage) => {
      venue = await MiniVenue.start()
      if (stage === 'subscribing') venue.isAnswering = false
      const silent = createServer()
      const unanswered: Duplex[] = []
      silent.on('upgrade', (_request, socket) => unanswered.push(socket))
      silent.listen(0, '127.0.0.1')
      await once(silent, 'listening')
      const silentUrl = `ws://127.0.0.1:${(silent.address() as AddressInfo).port}`
      const url = stage === 'connecting' || stage === 'timedOut' ? silentUrl : venue.url
      if (stage === 'startFailed') venue.refuseWith = 503

      child = spawn(process.execPath, [join(compiled, 'child.js'), stage, url], { stdio: ['pipe', 'pipe', 'inherit'] })
      let output = ''
      let stopCalledAt = 0
      child.stdout?.on('data', (text: Buffer) => {
        output += text.toString()
        if (stopCalledAt === 0 && output.includes('stopping')) stopCalledAt = performance.now()
      })
      const act: Record<string, () => void> = {
        backoff: () => {
          venue.refuseWith = 503
          venue.reset()
        },
        halfOpen: () => venue.stall(),
      }
      if (act[stage] !== undefined) {
        await waitFor(() => output.includes('running'), { what: 'the child to run' })
        act[stage]()
      }
      const exited = once(child, 'exit')
      const [code] = (await exited) as [number | null]
      const tookMs = performance.now() - stopCalledAt
      for (const socket of unanswered) socket.destroy()
      silent.close()
      expect(output).toContain('stopped')
      expect(code).toBe(0)
      // Whatever is left behind would hold it for ten minutes.
      expect(tookMs).toBeLessThan(60_000)
    },
  )
})

const CHILD = `
import { ConnectionManager } from './live/connection/connection-manager.js'
import { WsTransport } from './live/connection/ws-transport.js'
import { createSignals } from './live/signals.js'
import { createRuntime } from './runtime/index.js'
import { venueInfo } from './live/config/venues.js'

const [stage, baseUrl] = process.argv.slice(2)
const signals = createSignals((error) => { throw error })
const manager = new ConnectionManager({
  venue: venueInfo('SIM_SPOT'),
  config: {
    baseUrl, restUrl: '', connectTimeoutMs: stage === 'timedOut' ? 200 : 600000, pingIntervalMs: 600000, pingTimeoutMs: 10000,
    maxReconnectAttempts: Infinity, firstReconnectDelayMs: 600000, baseReconnectDelayMs: 600000, reconnectDelayMsMax: 600000, reconnectJitter: 0.3,
    connectionAgeMsMax: 82800000, refreshWindow: null, streamsPerConnectionMax: 200, redundant: [],
  },
  runtime: createRuntime(), transport: new WsTransport(), sink: { onFrame: () => 1 }, signals, instanceName: 'child',
})
const spec = { symbol: 'BTCUSDT', type: 'TRADE', interval: null, depthLevels: null, updateSpeed: null, name: 'btcusdt@trade', route: '', detail: '' }
const stop = async () => {
  console.log('stopping')
  await manager.stop()
  console.log('stopped')
}
const until = (name, test) => new Promise((resolve) => {
  const off = signals.on(name, (event) => { if (test(event)) { off(); resolve() } })
})
const started = manager.start([spec])
if (stage === 'connecting') {
  started.catch(() => {})
  setTimeout(stop, 100)
} else if (stage === 'subscribing') {
  started.catch(() => {})
  await until('connectionState', (event) => event.state === 'SUBSCRIBING')
  await stop()
} else if (stage === 'timedOut' || stage === 'startFailed') {
  await started.catch((error) => console.log(error.code))
  await stop()
} else {
  await started
  console.log('running')
  if (stage === 'backoff') await until('connectionState', (event) => event.state === 'BACKOFF')
  if (stage === 'halfOpen') await new Promise((resolve) => setTimeout(resolve, 300))
  if (stage === 'refreshing') manager.refresh().catch(() => {})
  await stop()
}
`
