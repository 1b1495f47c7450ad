/**
 * Hand-overs against the simulated venue, in memory and over real sockets: what comes out of the bus is compared
 * with what the venue itself says the streams held.
 */
import { describe, expect, it } from 'vitest'
import { Bus } from '../../../src/bus/index.js'
import { LiveDataFeedManager, type StreamConfig, streamConfig } from '../../../src/live/index.js'
import { SeededRandom, SystemClock, VirtualClock } from '../../../src/runtime/index.js'
import { SimHttpClient, SimTransport, SimVenue } from '../../../src/sim/index.js'
import type { PayloadIds } from '../../../src/sim/market-source.js'
import { waitFor } from '../../support/wait-for.js'
import { settled } from './rig.js'

const SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT']

/** Published ids per wire name. */
class Published {
  readonly ids = new Map<string, number[]>()
  gaps = 0

  constructor(bus: Bus) {
    bus.subscribe('live.gap', () => {
      this.gaps++
    })
    bus.subscribe('mkt.trades', ({ payload: { symbol, kind, id } }) =>
      this.#add(symbol, kind === 'single' ? 'trade' : 'aggTrade', id),
    )
    bus.subscribe('mkt.bbo', ({ payload: { symbol, sequence } }) => this.#add(symbol, 'bookTicker', sequence))
    bus.subscribe('mkt.candles', ({ payload: { symbol, openTimeMs } }) => this.#add(symbol, 'kline_1s', openTimeMs))
  }

  #add(symbol: string, kind: string, id: number): void {
    const name = `${symbol.toLowerCase()}@${kind}`
    const ids = this.ids.get(name)
    if (ids === undefined) this.ids.set(name, [id])
    else ids.push(id)
  }
}

const ID_OF: Readonly<Record<string, (ids: PayloadIds) => number | undefined>> = {
  trade: (ids) => ids.t,
  aggTrade: (ids) => ids.a,
  bookTicker: (ids) => ids.u,
  kline_1s: (ids) => (ids.closed === true ? ids.openTime : undefined),
}

/** The ids the venue gave to a stream's messages, in order. */
function truthOf(venue: SimVenue, name: string): number[] {
  const kind = name.slice(name.indexOf('@') + 1)
  return venue.oracle
    .truth(name)
    .map((record) => ID_OF[kind]?.(record.ids))
    .filter((id) => id !== undefined)
}

/** Every stream equals the venue's own record of it, from the first message published to the last. */
function expectComplete(venue: SimVenue, published: Published, streams: readonly string[], lateMax = 60): void {
  for (const name of streams) {
    const truth = truthOf(venue, name)
    const ids = published.ids.get(name) ?? []
    expect(ids.length, `${name} was published`).toBeGreaterThan(3)
    const from = truth.indexOf(ids[0] as number)
    // What the venue sent within the last moments may still have been on the way.
    expect(ids, name).toEqual(truth.slice(from, from + ids.length))
    expect(truth.length - from - ids.length, `${name}: not delivered at the end`).toBeLessThan(lateMax)
  }
  expect(published.gaps).toBe(0)
}

function streamsOf(types: readonly ('TRADE' | 'AGG_TRADE' | 'BOOK_TICKER' | 'KLINE')[]): StreamConfig[] {
  return SYMBOLS.flatMap((symbol) =>
    types.map((type) =>
      type === 'KLINE' ? streamConfig(symbol, type, { interval: '1s' }) : streamConfig(symbol, type),
    ),
  )
}

const NAMES: Readonly<Record<string, string>> = {
  TRADE: 'trade',
  AGG_TRADE: 'aggTrade',
  BOOK_TICKER: 'bookTicker',
  KLINE: 'kline_1s',
}

function namesOf(streams: readonly StreamConfig[]): string[] {
  return streams.map(({ symbol, type }) => `${symbol.toLowerCase()}@${NAMES[type]}`)
}

describe('planned hand-over against the simulated venue', () => {
  it('publishes exactly what the venue sent, with 15 hand-overs and 5 announced shutdowns in memory', async () => {
    const clock = new VirtualClock()
    const venue = await SimVenue.start({
      listen: false,
      clock,
      symbols: SYMBOLS,
      market: 'spot',
      preset: 'normal',
      warmupBars: 5,
      extras: false,
      oracle: { framesKept: 200_000 },
    })
    const bus = new Bus({ clock })
    const published = new Published(bus)
    const streams = streamsOf(['TRADE', 'AGG_TRADE', 'BOOK_TICKER', 'KLINE'])
    const manager = new LiveDataFeedManager(
      { venue: 'SIM_SPOT', streams, connection: { baseUrl: 'ws://sim', restUrl: 'http://sim' } },
      bus,
      {
        runtime: { clock, random: new SeededRandom(5), http: new SimHttpClient(venue) },
        // Two sockets of one venue differ by up to this much, message by message.
        transport: new SimTransport(venue, { latencyMs: { minMs: 1, maxMs: 400 } }),
      },
    )
    await settled(manager.start(), clock)
    for (let round = 0; round < 20; round++) {
      await clock.advance(500)
      if (round % 4 === 3) {
        const before = manager.getStats().connection?.refreshes ?? 0
        venue.inject({ fault: 'serverShutdown', lead: '60s', count: 1 })
        for (let waited = 0; manager.getStats().connection?.refreshes === before && waited < 30_000; waited += 100) {
          await clock.advance(100)
        }
      } else await settled(manager.refresh(), clock)
    }
    await clock.advance(1_000)
    expect(manager.getStats().connection?.refreshes).toBeGreaterThanOrEqual(20)
    expect(manager.getStats().connection?.reconnects).toBe(0)
    await settled(manager.stop(), clock)
    expectComplete(venue, published, namesOf(streams))
    await venue.stop()
  })

  it('publishes exactly what the venue sent, with 20 hand-overs over real sockets', async () => {
    const venue = await SimVenue.start({
      symbols: SYMBOLS,
      market: 'spot',
      preset: 'busy',
      warmupBars: 5,
      extras: false,
      oracle: { framesKept: 200_000 },
    })
    const bus = new Bus({ clock: new SystemClock() })
    const published = new Published(bus)
    const streams = streamsOf(['TRADE', 'AGG_TRADE', 'BOOK_TICKER'])
    const manager = new LiveDataFeedManager(
      { venue: 'SIM_SPOT', streams, connection: { baseUrl: venue.wsUrl, restUrl: venue.restUrl } },
      bus,
    )
    await manager.start()
    for (let round = 0; round < 20; round++) await manager.refresh()
    expect(manager.getStats().connection?.refreshes).toBe(20)
    // However late the sockets are read: what the venue has sent by now arrives.
    const sent = namesOf(streams).map((name) => [name, truthOf(venue, name).at(-1) as number] as const)
    await waitFor(() => sent.every(([name, id]) => published.ids.get(name)?.includes(id)), {
      what: 'everything the venue has sent so far',
    })
    await manager.stop()
    await venue.stop()
    expectComplete(venue, published, namesOf(streams), Number.POSITIVE_INFINITY)
  })
})
