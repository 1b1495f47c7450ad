/**
 * The venue's limits with 500 symbols: a cold start of candles, maintained books, trades and best bid and offer, then
 * every connection cut at once, then every book torn at once. The simulated venue enforces message pace, streams per
 * connection, connection attempts and request weight; nothing of it may be broken at any moment, and no answer may
 * be a 429 or 418.
 */
import { describe, expect, it } from 'vitest'
import { Bus } from '../../../src/bus/index.js'
import { LiveDataFeedManager, streamConfig } from '../../../src/live/index.js'
import type { HttpClient } from '../../../src/runtime/index.js'
import { SeededRandom, VirtualClock } from '../../../src/runtime/index.js'
import { SimHttpClient, SimTransport, SimVenue } from '../../../src/sim/index.js'
import { reportFigures } from '../../support/figures.js'
import { WatchedTransport } from '../../support/whole-feed/watched-doors.js'
import { settled } from '../manager/rig.js'

const SYMBOL_COUNT = Number(process.env['FEEDBUS_SYMBOLS'] ?? 500)
const SYMBOLS = Array.from({ length: SYMBOL_COUNT }, (_, index) => `S${String(index).padStart(3, '0')}USDT`)
/** 50 connections and more. */
const STREAMS_PER_CONNECTION = 40
const WEIGHT_LIMIT = { spot: 6_000, futures: 2_400 } as const
const HEAL_MS_MAX = 1_200_000

/** Counts the answers that tell a client to stop. */
class CountingHttpClient implements HttpClient {
  readonly #inner: HttpClient
  requests = 0
  refused = 0

  constructor(inner: HttpClient) {
    this.#inner = inner
  }

  async get(...args: Parameters<HttpClient['get']>): ReturnType<HttpClient['get']> {
    this.requests++
    const response = await this.#inner.get(...args)
    if (response.status === 429 || response.status === 418) this.refused++
    return response
  }
}

async function scene(market: 'spot' | 'futures') {
  const clock = new VirtualClock()
  const venue = await SimVenue.start({
    clock,
    seed: 5,
    listen: false,
    market,
    symbols: SYMBOLS,
    flow: { operationsPerSecond: 1, ordersPerSide: 20 },
    preset: 'calm',
    warmupBars: 2,
    extras: false,
    oracle: { framesKept: 4 },
  })
  const http = new CountingHttpClient(new SimHttpClient(venue))
  const transport = new WatchedTransport(new SimTransport(venue), clock, (rule, text) => {
    throw new Error(`${rule}: ${text}`)
  })
  const bus = new Bus({ clock })
  const closes: number[] = []
  venue.oracle.onRecord((record) => {
    if (record.type === 'connection' && record.event === 'closed') closes.push(record.code ?? 0)
  })
  const manager = new LiveDataFeedManager(
    {
      venue: market === 'spot' ? 'SIM_SPOT' : 'SIM_FUTURES',
      streams: SYMBOLS.flatMap((symbol) => [
        streamConfig(symbol, 'KLINE', { interval: '1m' }),
        streamConfig(symbol, 'DEPTH', market === 'spot' ? {} : { updateSpeed: '500ms' }),
        streamConfig(symbol, 'AGG_TRADE'),
        streamConfig(symbol, 'BOOK_TICKER'),
      ]),
      connection: { baseUrl: 'ws://sim', restUrl: 'http://sim', streamsPerConnectionMax: STREAMS_PER_CONNECTION },
      book: { snapshotLevels: 500 },
      // Judged by the venue: a quiet market must not be resubscribed for being quiet.
      health: { stalenessThresholdMs: 120_000, watchdogTimeoutMs: 300_000 },
    },
    bus,
    { runtime: { clock, random: new SeededRandom(5), http }, transport },
  )
  const isLive = (): boolean => {
    const { books } = manager.getHealth()
    return books.length === SYMBOLS.length && books.every(({ state }) => state === 'LIVE')
  }
  /** Virtual ms until every book is LIVE. */
  const untilLive = async (): Promise<number> => {
    const sinceMs = clock.monotonicMs()
    while (!isLive()) {
      const passedMs = clock.monotonicMs() - sinceMs
      if (passedMs > HEAL_MS_MAX) {
        const left = manager.getHealth().books.filter(({ state }) => state !== 'LIVE').length
        throw new Error(`${left} books are not LIVE after ${passedMs} ms`)
      }
      await clock.advance(1_000)
    }
    return clock.monotonicMs() - sinceMs
  }
  return { clock, venue, http, transport, manager, closes, untilLive }
}

/** Largest share of attempts in one second of the clock, over all positions of that second. */
function worstSecond(attempts: readonly number[]): number {
  let most = 0
  for (const [index, atMs] of attempts.entries()) {
    let count = 0
    for (let next = index; (attempts[next] ?? Number.POSITIVE_INFINITY) < atMs + 1_000; next++) count++
    most = Math.max(most, count)
  }
  return most / attempts.length
}

describe.each(['spot', 'futures'] as const)(`${SYMBOL_COUNT} symbols on %s`, (market) => {
  it('start, come back and rebuild every book without breaking a limit of the venue', {
    timeout: 300_000,
  }, async () => {
    const { clock, venue, http, transport, manager, closes, untilLive } = await scene(market)
    await settled(manager.start(), clock, 600_000)
    const coldMs = await untilLive()

    const before = transport.attempts.length
    const cutCount = venue.cut()
    await clock.advance(500)
    const reconnectMs = await untilLive()
    await clock.advance(30_000)
    const attempts = transport.attempts.slice(before)

    for (const symbol of SYMBOLS) venue.inject({ fault: 'dropDiff', on: { symbol }, count: 1 })
    await clock.advance(20_000)
    const resyncMs = await untilLive()
    await clock.advance(5_000)

    const resyncs = manager.getHealth().books.reduce((sum, { resyncCount }) => sum + resyncCount, 0)
    const weightMax = Math.max(...venue.oracle.usage().weightByMinute.values())
    expect(venue.oracle.violations()).toEqual([])
    expect(http.refused, 'answers of 429 or 418').toBe(0)
    expect(closes.filter((code) => code === 1008)).toEqual([])
    expect(weightMax).toBeLessThanOrEqual(WEIGHT_LIMIT[market])
    // The load was one: every connection was cut, every book torn.
    expect(cutCount).toBeGreaterThanOrEqual(SYMBOL_COUNT / 10)
    expect(attempts.length).toBeGreaterThanOrEqual(cutCount)
    expect(resyncs).toBeGreaterThanOrEqual(SYMBOL_COUNT)
    const stormShare = worstSecond(attempts)
    expect(stormShare, 'share of the attempts in the busiest second').toBeLessThanOrEqual(0.25)
    reportFigures(`limits-${market}`, {
      coldMs,
      reconnectMs,
      resyncMs,
      requests: http.requests,
      refused: http.refused,
      weightShare: weightMax / WEIGHT_LIMIT[market],
      attempts: attempts.length,
      stormShare,
    })
    await settled(manager.stop(), clock)
    await settled(venue.stop(), clock)
    expect(clock.pendingTimerCount).toBe(0)
  })
})
