/**
 * Redundant pairs of sockets through a whole manager, on a virtual clock: each socket lags behind the venue by a
 * time of its own and loses what the seed decides, and what comes out of the bus must be complete, once and in
 * order for as long as one of the two delivers.
 *
 * FEEDBUS_PAIR_SEED=<n> runs one seed, FEEDBUS_PAIR_SEEDS=<count> more of them.
 */
import { describe, expect, it } from 'vitest'
import { Bus } from '../../../src/bus/index.js'
import { LiveDataFeedManager, type LiveFeedConfigInput, streamConfig } from '../../../src/live/index.js'
import { type Random, SeededRandom, VirtualClock } from '../../../src/runtime/index.js'
import type { GapEvent } from '../../../src/types/gap.js'
import type { FeedSystemHealth } from '../../../src/types/health.js'
import type { LogEvent } from '../../../src/types/log-event.js'
import { type ScriptedSocket, ScriptedTransport } from '../../support/scripted-transport.js'
import { settled } from '../manager/rig.js'

const ONE_SEED = process.env['FEEDBUS_PAIR_SEED']
const SEEDS = ONE_SEED === undefined ? Number(process.env['FEEDBUS_PAIR_SEEDS'] ?? 60) : 1
const SYMBOLS = ['AUSDT', 'BUSDT', 'CUSDT', 'DUSDT']
const TICK_MS = 20

/** Numbers every message and sends it to each subscribed socket, each with a lag of its own. */
class PairVenue {
  readonly transport: ScriptedTransport
  readonly clock: VirtualClock
  readonly random: Random
  readonly lastIds = new Map<string, number>()
  lagMsMax = 800
  /** Sockets whose frames are lost. */
  readonly losing = new Set<ScriptedSocket>()
  /** Added to ids, as a venue that starts them again would. */
  idOffset = 0
  readonly #lagMs = new Map<ScriptedSocket, number>()
  readonly #dueMs = new Map<ScriptedSocket, number>()

  constructor(clock: VirtualClock, random: Random) {
    this.clock = clock
    this.random = random
    this.transport = new ScriptedTransport(clock)
    this.transport.onConnect = (socket) => {
      this.#lagMs.set(socket, random.chance(0.3) ? random.int(0, 5) : random.int(5, this.lagMsMax))
    }
  }

  lagOf(socket: ScriptedSocket): number {
    return this.#lagMs.get(socket) ?? 0
  }

  run(): () => void {
    const timer = this.clock.setRepeating(() => {
      for (let count = this.random.int(0, 4); count > 0; count--) this.trade(SYMBOLS[this.random.int(0, 3)] as string)
    }, TICK_MS)
    return () => this.clock.clearTimer(timer)
  }

  trade(symbol: string): void {
    const id = (this.lastIds.get(symbol) ?? 0) + 1
    this.lastIds.set(symbol, id)
    const timeMs = this.clock.wallMs()
    const data = `{"e":"trade","E":${timeMs},"s":"${symbol}","t":${id + this.idOffset},"p":"1.5","q":"2","T":${timeMs},"m":true,"M":true}`
    this.send(`${symbol.toLowerCase()}@trade`, data)
  }

  send(stream: string, data: string): void {
    for (const socket of this.transport.open) {
      if (!socket.subscribed.has(stream) || this.losing.has(socket)) continue
      const nowMs = this.clock.monotonicMs()
      // Lag grows and shrinks, the order of a socket stays.
      const dueMs = Math.max(this.#dueMs.get(socket) ?? 0, nowMs + this.lagOf(socket) + this.random.int(0, 30))
      this.#dueMs.set(socket, dueMs)
      this.clock.setTimer(() => socket.frame(`{"stream":"${stream}","data":${data}}`), dueMs - nowMs)
    }
  }

  /** The sockets of a path, by the name of its connection. */
  of(path: 'a' | 'b'): ScriptedSocket[] {
    return this.transport.open.filter((socket) => pathOf(socket) === path)
  }
}

function pathOf(socket: ScriptedSocket): string {
  const { origin } = socket.sink as unknown as { origin: { connectionId: string } }
  return origin.connectionId.slice(-1)
}

class Pair {
  readonly clock = new VirtualClock()
  readonly random: Random
  readonly venue: PairVenue
  readonly bus: Bus
  readonly manager: LiveDataFeedManager
  readonly faults = { lost: 0, duplicated: 0, reordered: 0 }
  readonly gaps: GapEvent[] = []
  readonly log: LogEvent[] = []
  readonly published = new Map<string, number>()

  constructor(seed: number, config: Partial<LiveFeedConfigInput> = {}) {
    this.random = new SeededRandom(seed)
    this.venue = new PairVenue(this.clock, this.random.split('venue'))
    this.bus = new Bus({ clock: this.clock })
    this.bus.subscribe('mkt.trades', ({ payload: { symbol, id } }) => {
      const last = this.published.get(symbol)
      this.published.set(symbol, Math.max(id, last ?? 0))
      if (last === undefined) return
      if (id === last) this.faults.duplicated++
      else if (id < last) this.faults.reordered++
      else this.faults.lost += id - last - 1
    })
    this.bus.subscribe('live.gap', ({ payload }) => this.gaps.push(payload))
    this.bus.subscribe('log.event', ({ payload }) => this.log.push(payload))
    this.manager = new LiveDataFeedManager(
      {
        venue: 'SIM_SPOT',
        streams: SYMBOLS.map((symbol) => streamConfig(symbol, 'TRADE')),
        ...config,
        connection: {
          baseUrl: 'ws://sim',
          restUrl: 'http://sim',
          redundant: ['TRADE', 'BOOK_TICKER', 'LIQUIDATION'],
          ...config.connection,
        },
        health: { clockCheckIntervalMs: 0, ...config.health },
      },
      this.bus,
      {
        runtime: { clock: this.clock, random: this.random.split('feed') },
        transport: this.venue.transport,
      },
    )
  }

  get health(): FeedSystemHealth {
    return this.manager.getHealth()
  }

  get path(): FeedSystemHealth['connections'][number]['paths'] {
    return this.health.connections[0]?.paths ?? []
  }

  async start(): Promise<void> {
    await settled(this.manager.start(), this.clock)
  }

  async stop(): Promise<void> {
    await settled(this.manager.stop(), this.clock)
  }
}

type Fault = (pair: Pair, victim: ScriptedSocket, lagMs: number) => Promise<void>

const FAULTS: readonly Fault[] = [
  // The socket goes, and comes back by itself.
  async (_pair, victim) => victim.fail(1006, ''),
  // It stays open and says nothing more.
  async (_pair, victim) => victim.stall(),
  async (pair, victim) => {
    pair.venue.losing.add(victim)
    await pair.clock.advance(pair.random.int(1, 400))
    pair.venue.losing.delete(victim)
  },
  async (_pair, victim) => victim.frame({ stream: '!serverShutdown', data: { e: 'serverShutdown', E: 1 } }),
  async (_pair, victim) => victim.frame('{"stream":"ausdt@trade","data":{"e":"trade","E":17'),
]

async function schedule(seed: number): Promise<void> {
  const pair = new Pair(seed, { connection: { pingIntervalMs: 5_000, pingTimeoutMs: 2_000 } })
  const { clock, venue } = pair
  const random = pair.random.split('faults')
  await pair.start()
  const stopVenue = venue.run()
  await clock.advance(3_000)
  for (let round = 0; round < 12; round++) {
    const path = random.chance(0.5) ? 'a' : 'b'
    const victim = venue.of(path).at(-1)
    if (victim !== undefined)
      await (FAULTS[random.int(0, FAULTS.length - 1)] as Fault)(pair, victim, venue.lagOf(victim))
    if (random.chance(0.2)) await settled(pair.manager.refresh(), clock)
    // One fault at a time: the path has to be back, and level, before the other one may fail.
    await clock.runUntil(() => pair.path.every(({ state }) => state === 'OPEN'), 60_000)
    await clock.advance(random.int(6_000, 9_000))
  }
  stopVenue()
  await clock.advance(3_000)
  const { connection, duplicatesDropped } = pair.manager.getStats()
  expect(pair.faults).toEqual({ lost: 0, duplicated: 0, reordered: 0 })
  expect(pair.gaps).toEqual([])
  expect(pair.log.filter(({ event }) => event === 'FEED_STALE' || event === 'WATCHDOG_TRIGGERED')).toEqual([])
  expect(Object.fromEntries(pair.published)).toEqual(Object.fromEntries(venue.lastIds))
  expect(connection?.frames).toMatchObject({ held: 0, failed: 0 })
  const delivered = venue.transport.sockets.reduce((sum, socket) => sum + socket.frameCount, 0)
  expect(connection?.framesReceived, 'conservation of frames').toBe(delivered)
  // Copies end in the merge; what reaches a handler twice is of hand-overs.
  expect(duplicatesDropped).toBe(0)
  await pair.stop()
  expect(venue.transport.live).toHaveLength(0)
}

describe('a redundant pair of sockets', () => {
  it(
    `loses, repeats and reorders nothing while one path delivers (${SEEDS} seeds)`,
    async () => {
      for (let index = 0; index < SEEDS; index++) {
        const seed = ONE_SEED === undefined ? 500 + index : Number(ONE_SEED)
        try {
          await schedule(seed)
        } catch (error) {
          const how = `FEEDBUS_PAIR_SEED=${seed} npx vitest run test/live/connection/redundant-pair.test.ts`
          throw new Error(`seed ${seed}: ${(error as Error).message}\nreproduce: ${how}`, { cause: error })
        }
      }
    },
    60_000 + SEEDS * 1_500,
  )

  it('opens two sockets with the same streams, and tells the health of both', async () => {
    const pair = new Pair(1)
    await pair.start()
    expect(pair.venue.transport.open.map((socket) => [...socket.subscribed].sort())).toEqual([
      SYMBOLS.map((symbol) => `${symbol.toLowerCase()}@trade`),
      SYMBOLS.map((symbol) => `${symbol.toLowerCase()}@trade`),
    ])
    const stopVenue = pair.venue.run()
    await pair.clock.advance(5_000)
    stopVenue()
    await pair.clock.advance(2_000)
    const [connection, ...others] = pair.health.connections
    expect(others).toEqual([])
    expect(connection).toMatchObject({ id: 'spot-0', state: 'OPEN', streamCount: 4 })
    const [a, b] = pair.path
    const total = [...pair.published.values()].reduce((sum, count) => sum + count, 0)
    expect([a?.path, b?.path, a?.state, b?.state]).toEqual(['a', 'b', 'OPEN', 'OPEN'])
    expect((a?.firstCount ?? 0) + (b?.firstCount ?? 0)).toBe(total)
    expect((a?.lateCount ?? 0) + (b?.lateCount ?? 0)).toBe(total)
    // The slower one is behind by the difference of their lags, give or take the jitter.
    const [lagA = 0, lagB = 0] = pair.venue.transport.open.map((socket) => pair.venue.lagOf(socket))
    const slower = lagA > lagB ? a : b
    expect(slower?.lateCount).toBeGreaterThan(total / 2)
    expect(Math.abs((slower?.lateMs?.p50 ?? 0) - Math.abs(lagA - lagB))).toBeLessThan(50)
    await pair.stop()
  })

  it('opens a gap as usual when both sockets are down at once', async () => {
    const pair = new Pair(2, { connection: { firstReconnectDelayMs: 500 } })
    await pair.start()
    const stopVenue = pair.venue.run()
    await pair.clock.advance(12_000)
    for (const socket of pair.venue.transport.open) socket.fail(1006, '')
    await pair.clock.advance(5_000)
    stopVenue()
    await pair.clock.advance(2_000)
    expect(pair.faults.lost).toBeGreaterThan(0)
    expect(pair.faults).toMatchObject({ duplicated: 0, reordered: 0 })
    const opened = pair.gaps.filter(({ kind }) => kind === 'opened')
    expect(opened.map(({ cause }) => cause)).toEqual(opened.map(() => 'DISCONNECT'))
    expect(opened.reduce((sum, { missing }) => sum + (missing ?? 0), 0)).toBe(pair.faults.lost)
    const lost = pair.log.filter(
      ({ event, data }) => event === 'CONNECTION_DISCONNECTED' && data?.['connectionId'] === 'spot-0',
    )
    expect(lost).toHaveLength(1)
    await pair.stop()
  })

  // The first socket to come back was behind: its copies of what had been published ended the hole as superseded.
  it('leaves a hole in time open while what comes is no newer than what was published', async () => {
    const streams = [streamConfig('AUSDT', 'BOOK_TICKER')]
    const pair = new Pair(8, { streams, connection: { firstReconnectDelayMs: 50 } })
    const { clock, venue, gaps } = pair
    const quote = (socket: ScriptedSocket | undefined, id: number): void =>
      socket?.frame(`{"stream":"ausdt@bookTicker","data":{"u":${id},"s":"AUSDT","b":"1.5","B":"2","a":"1.6","A":"3"}}`)
    const published: number[] = []
    pair.bus.subscribe('mkt.bbo', ({ payload }) => published.push(payload.sequence))
    await pair.start()
    for (let id = 1; id <= 20; id++) {
      await clock.advance(100)
      for (const socket of venue.transport.open) quote(socket, id)
    }
    for (const socket of venue.transport.open) socket.fail(1006, '')
    await clock.runUntil(() => pair.path.every(({ state }) => state === 'OPEN'), 60_000)
    expect(gaps.map(({ kind, cause }) => [kind, cause])).toEqual([['opened', 'DISCONNECT']])
    for (const id of [17, 18, 19, 20]) {
      await clock.advance(100)
      quote(venue.of('a')[0], id)
    }
    expect(gaps).toHaveLength(1)
    await clock.advance(100)
    quote(venue.of('a')[0], 25)
    expect(gaps.at(-1)).toMatchObject({ kind: 'filled', by: 'superseded', to: clock.wallMs() })
    expect(published).toEqual([...Array.from({ length: 20 }, (_, index) => index + 1), 25])
    await pair.stop()
  })

  it('passes on what both sockets lack, with the gap of a single socket', async () => {
    const pair = new Pair(3)
    await pair.start()
    const stopVenue = pair.venue.run()
    await pair.clock.advance(5_000)
    for (const socket of pair.venue.transport.open) pair.venue.losing.add(socket)
    await pair.clock.advance(200)
    pair.venue.losing.clear()
    await pair.clock.advance(8_000)
    stopVenue()
    await pair.clock.advance(2_000)
    expect(pair.faults.lost).toBeGreaterThan(0)
    const opened = pair.gaps.filter(({ kind }) => kind === 'opened')
    expect(opened.reduce((sum, { missing }) => sum + (missing ?? 0), 0)).toBe(pair.faults.lost)
    expect(pair.faults).toMatchObject({ duplicated: 0, reordered: 0 })
    await pair.stop()
  })

  it('never hands both paths over at the same time', async () => {
    const pair = new Pair(4)
    await pair.start()
    const stopVenue = pair.venue.run()
    let together = 0
    const watching = pair.clock.setRepeating(() => {
      if (pair.path.every(({ state }) => state === 'REFRESHING')) together++
    }, 5)
    for (let round = 0; round < 5; round++) {
      // The venue announces the end of both at once.
      for (const socket of pair.venue.transport.open) {
        socket.frame({ stream: '!serverShutdown', data: { e: 'serverShutdown', E: 1 } })
      }
      await settled(pair.manager.refresh(), pair.clock)
      await pair.clock.advance(20_000)
    }
    pair.clock.clearTimer(watching)
    stopVenue()
    expect(together).toBe(0)
    expect(pair.manager.getStats().connection?.refreshes).toBeGreaterThanOrEqual(10)
    expect(pair.faults).toEqual({ lost: 0, duplicated: 0, reordered: 0 })
    await pair.stop()
  })

  it('goes on when the venue starts its ids again', async () => {
    const pair = new Pair(5)
    pair.venue.idOffset = 1_000_000
    await pair.start()
    const stopVenue = pair.venue.run()
    await pair.clock.advance(5_000)
    pair.venue.idOffset = 0
    await pair.clock.advance(10_000)
    const before = pair.manager.getStats().messagesPublished
    await pair.clock.advance(10_000)
    expect(pair.manager.getStats().messagesPublished).toBeGreaterThan(before + 200)
    expect(pair.gaps.filter(({ cause, kind }) => cause === 'RESET' && kind === 'opened')).toHaveLength(SYMBOLS.length)
    stopVenue()
    await pair.stop()
  })

  it('takes streams on and off both sockets', async () => {
    const pair = new Pair(6)
    await pair.start()
    await settled(pair.manager.subscribe([streamConfig('EUSDT', 'TRADE')]), pair.clock)
    await pair.clock.advance(2_000)
    expect(pair.venue.transport.open.map((socket) => socket.subscribed.has('eusdt@trade'))).toEqual([true, true])
    await settled(pair.manager.unsubscribe([streamConfig('EUSDT', 'TRADE')]), pair.clock)
    await pair.clock.advance(2_000)
    expect(pair.venue.transport.open.map((socket) => socket.subscribed.has('eusdt@trade'))).toEqual([false, false])
    await pair.stop()
  })
})
