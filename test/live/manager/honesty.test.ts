/**
 * The manager on the simulated venue, in memory and on virtual time, under every kind of fault: what it says
 * about itself must agree with what came out of it.
 */
import { describe, expect, it } from 'vitest'
import { Bus } from '../../../src/bus/index.js'
import { LiveDataFeedManager, streamConfig } from '../../../src/live/index.js'
import { type Clock, SeededRandom, type TimerHandle, VirtualClock } from '../../../src/runtime/index.js'
import { SimHttpClient, SimTransport, SimVenue } from '../../../src/sim/index.js'
import type { GapEvent } from '../../../src/types/gap.js'
import { settled } from './rig.js'

const SYMBOLS = ['BTCUSDT', 'ETHUSDT']
const RUN_MS = 240_000

interface Hole {
  readonly symbol: string
  readonly kind: string
  readonly from: number
  readonly to: number
}

/** The manager's view of the shared clock: knows which of its timers are pending, the venue's left out. */
class OwnTimers implements Clock {
  readonly pending: Set<TimerHandle> = new Set()
  readonly #clock: VirtualClock

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  wallMs(): number {
    return this.#clock.wallMs()
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs()
  }

  setTimer(action: () => void, delayMs: number): TimerHandle {
    const timer = this.#clock.setTimer(() => {
      this.pending.delete(timer)
      action()
    }, delayMs)
    this.pending.add(timer)
    return timer
  }

  setRepeating(action: () => void, periodMs: number): TimerHandle {
    const timer = this.#clock.setRepeating(action, periodMs)
    this.pending.add(timer)
    return timer
  }

  clearTimer(timer: TimerHandle): void {
    this.pending.delete(timer)
    this.#clock.clearTimer(timer)
  }
}

async function run(seed: number, market: 'SIM_SPOT' | 'SIM_FUTURES') {
  const clock = new VirtualClock()
  const own = new OwnTimers(clock)
  const venue = await SimVenue.start({
    listen: false,
    clock,
    symbols: SYMBOLS,
    market: market === 'SIM_SPOT' ? 'spot' : 'futures',
    seed,
    faults: 'rough',
    warmupBars: 5,
  })
  const bus = new Bus({ clock: own })
  const holes: Hole[] = []
  const gaps: GapEvent[] = []
  const disorder: string[] = []
  const lastId = new Map<string, number>()
  bus.subscribe('mkt.trades', ({ payload: { symbol, kind, id } }) => {
    const key = `${symbol} ${kind}`
    const last = lastId.get(key)
    lastId.set(key, id)
    if (last === undefined) return
    if (id <= last) disorder.push(`${key}: ${id} after ${last}`)
    else if (id > last + 1) holes.push({ symbol, kind, from: last + 1, to: id - 1 })
  })
  bus.subscribe('live.gap', ({ payload }) => gaps.push(payload))
  const seqs = new Map<string, number>()
  bus.subscribe('>', ({ topic, seq }) => {
    if (seq !== (seqs.get(topic) ?? 0) + 1) disorder.push(`${topic}: seq ${seq}`)
    seqs.set(topic, seq)
  })
  const manager = new LiveDataFeedManager(
    {
      venue: market,
      streams: SYMBOLS.flatMap((symbol) => [
        streamConfig(symbol, 'AGG_TRADE'),
        streamConfig(symbol, 'TRADE'),
        streamConfig(symbol, 'BOOK_TICKER'),
        streamConfig(symbol, 'DEPTH', { updateSpeed: '100ms' }),
        streamConfig(symbol, 'KLINE', { interval: '1m' }),
      ]),
      connection: { baseUrl: 'ws://sim', restUrl: 'http://sim' },
    },
    bus,
    {
      runtime: { clock: own, random: new SeededRandom(seed), http: new SimHttpClient(venue) },
      transport: new SimTransport(venue),
    },
  )
  // A fault may hit the start as well: it says so and is tried again.
  for (let attempt = 0; manager.state !== 'RUNNING' && attempt < 20; attempt++) {
    await settled(manager.start(), clock).catch(() => {})
  }
  expect(manager.state, `seed ${seed}`).toBe('RUNNING')
  await clock.advance(RUN_MS)
  const health = manager.getHealth()
  const stats = manager.getStats()
  await settled(manager.stop(), clock)
  await venue.stop()
  await clock.advance(3_000)
  return { own, holes, gaps, disorder, health, stats, manager }
}

describe.each(['SIM_SPOT', 'SIM_FUTURES'] as const)('four rough minutes on %s', (market) => {
  it.each([1, 2, 3])('seed %i', { timeout: 120_000 }, async (seed) => {
    const { holes, gaps, disorder, stats, health, own, manager } = await run(seed, market)
    expect(disorder).toEqual([])
    expect(stats.messagesPublished, 'data came at all').toBeGreaterThan(500)

    expect(gaps.length, 'the faults made holes').toBeGreaterThan(0)
    // Every hole in what was published was reported with its exact bounds, and nothing else was.
    const reported = gaps
      .filter((gap) => gap.kind === 'opened' && gap.unit === 'tradeId')
      .map(({ symbol, streamType, from, to }) => ({
        symbol,
        kind: streamType === 'TRADE' ? 'single' : 'aggregate',
        from,
        to,
      }))
    // Futures trades that are no market trades use up an id without being published: no hole, and not reported.
    if (market === 'SIM_SPOT') expect(reported).toEqual(holes)
    else expect(holes).toEqual(expect.arrayContaining(reported))
    for (const gap of gaps) {
      expect(gap.to).toBeGreaterThanOrEqual(gap.from)
      if (gap.missing !== null) expect(gap.missing).toBe(gap.to - gap.from + 1)
    }
    expect(stats.gapsOpened).toBe(gaps.filter((gap) => gap.kind === 'opened').length)
    expect(health.feeds.reduce((sum, feed) => sum + feed.gapCount, 0)).toBe(stats.gapsOpened)

    // Conservation: every frame is accounted for once.
    const { router, connection } = stats
    expect(stats.messagesReceived).toBe(
      stats.messagesPublished +
        stats.messagesIgnored +
        stats.duplicatesDropped +
        stats.messagesRejected +
        stats.messagesHeld,
    )
    expect(router?.data).toBe(stats.messagesReceived)
    expect(connection?.frames).toMatchObject({
      data: router?.data,
      unplaced: router?.unplaced,
      rejected: router?.rejected,
      failed: 0,
    })
    expect(stats.errorsByCode['MESSAGE_INVALID'] ?? 0).toBe(stats.messagesRejected + (router?.rejected ?? 0))

    expect(manager.getHealth().state).toBe('STOPPED')
    expect(own.pending.size).toBe(0)
  })
})
