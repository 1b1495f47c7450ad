/**
 * A venue that begins its ids again, against its own record: every message it sent is published, or counted as dropped
 * and inside a gap that says so.
 */
import { afterEach, describe, expect, it } from 'vitest'
import { Bus } from '../../../src/bus/index.js'
import { LiveDataFeedManager, type LiveFeedConfigInput, streamConfig } from '../../../src/live/index.js'
import { SeededRandom, VirtualClock } from '../../../src/runtime/index.js'
import { type PayloadIds, SimHttpClient, SimTransport, SimVenue } from '../../../src/sim/index.js'
import type { GapEvent } from '../../../src/types/gap.js'
import { settled } from './rig.js'

const STREAMS = [
  streamConfig('BTCUSDT', 'BOOK_TICKER'),
  streamConfig('BTCUSDT', 'TRADE'),
  streamConfig('BTCUSDT', 'AGG_TRADE'),
  streamConfig('BTCUSDT', 'KLINE', { interval: '1m' }),
]
const ID_OF = {
  'btcusdt@bookTicker': ({ u }: PayloadIds) => u,
  'btcusdt@trade': ({ t }: PayloadIds) => t,
  'btcusdt@aggTrade': ({ a }: PayloadIds) => a,
} as const
type Stream = keyof typeof ID_OF

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

async function stage(market: 'spot' | 'futures', seed: number, input: Partial<LiveFeedConfigInput> = {}) {
  const clock = new VirtualClock()
  const venue = await SimVenue.start({
    seed,
    clock,
    market,
    listen: false,
    symbols: ['BTCUSDT'],
    warmupBars: 2,
    oracle: { framesKept: 20_000 },
  })
  const bus = new Bus({ clock })
  const published: Record<Stream, number[]> = { 'btcusdt@bookTicker': [], 'btcusdt@trade': [], 'btcusdt@aggTrade': [] }
  const gaps: GapEvent[] = []
  const opens: number[] = []
  bus.subscribe('mkt.bbo', ({ payload }) => published['btcusdt@bookTicker'].push(payload.sequence))
  bus.subscribe('mkt.trades', ({ payload }) =>
    published[payload.kind === 'single' ? 'btcusdt@trade' : 'btcusdt@aggTrade'].push(payload.id),
  )
  bus.subscribe('live.gap', ({ payload }) => gaps.push(payload))
  bus.subscribe('mkt.candles', ({ payload }) => opens.push(payload.openTimeMs))
  const manager = new LiveDataFeedManager(
    {
      venue: market === 'spot' ? 'SIM_SPOT' : 'SIM_FUTURES',
      streams: STREAMS,
      ...input,
      connection: { baseUrl: 'ws://sim', restUrl: 'http://sim', firstReconnectDelayMs: 500, ...input.connection },
    },
    bus,
    {
      runtime: { clock, random: new SeededRandom(seed), http: new SimHttpClient(venue) },
      transport: new SimTransport(venue),
    },
  )
  await settled(manager.start(), clock)
  ends.push(async () => {
    await settled(manager.stop(), clock)
    await settled(venue.stop(), clock)
  })
  /** Ids of a stream in the venue's order, from the first published one to the last. */
  const truth = (stream: Stream): { ids: number[]; timesMs: number[] } => {
    const all = venue.oracle.truth(stream, market)
    const ids = all.map((record) => ID_OF[stream](record.ids) as number)
    const from = ids.indexOf(published[stream][0] as number)
    const to = ids.lastIndexOf(published[stream].at(-1) as number) + 1
    return { ids: ids.slice(from, to), timesMs: all.slice(from, to).map(({ timeMs }) => timeMs) }
  }
  const restart = (): void => {
    venue.inject({ fault: 'venueReset', variant: 'allIds', on: { market, symbol: 'BTCUSDT' } })
  }
  return { clock, venue, manager, published, gaps, opens, truth, restart }
}

/** Everything of a stream that is not published lies in a gap of the stream. */
function expectTold(built: Awaited<ReturnType<typeof stage>>, stream: Stream, isPublic: (id: number) => boolean) {
  const { ids, timesMs } = built.truth(stream)
  const there = new Set(built.published[stream])
  const type = { 'btcusdt@bookTicker': 'BOOK_TICKER', 'btcusdt@trade': 'TRADE', 'btcusdt@aggTrade': 'AGG_TRADE' }[
    stream
  ]
  const told = built.gaps.filter(({ streamType, kind }) => streamType === type && kind !== 'opened')
  const lost = ids.flatMap((id, at) => (there.has(id) || !isPublic(id) ? [] : [{ id, timeMs: timesMs[at] as number }]))
  const untold = lost.filter(
    ({ id, timeMs }) =>
      // Between sending and receiving lie some milliseconds.
      !told.some(({ unit, from, to }) =>
        unit === 'tradeId' ? id >= from && id <= to : timeMs >= from - 50 && timeMs <= to + 50,
      ),
  )
  expect(untold, `${stream}: in no gap`).toEqual([])
  return lost
}

describe.each(['spot', 'futures'] as const)('on %s, ids that begin again', (market) => {
  const isMarket =
    ({ venue }: Awaited<ReturnType<typeof stage>>) =>
    (id: number): boolean =>
      market === 'spot' || venue.oracle.trades('BTCUSDT', id, id, market)[0]?.kind === 'MARKET'

  it.each([1, 2, 3])('on a living socket cost no trade, and are told (seed %i)', async (seed) => {
    const built = await stage(market, seed)
    await built.clock.advance(10_000)
    built.restart()
    await built.clock.advance(120_000)
    expect(expectTold(built, 'btcusdt@trade', isMarket(built))).toEqual([])
    expect(expectTold(built, 'btcusdt@aggTrade', () => true)).toEqual([])
    const droppedBbo = expectTold(built, 'btcusdt@bookTicker', () => true)
    const stats = built.manager.getStats()
    // Spot best bid and offer has no time: what is new shows after two seconds, and what was dropped until then counts.
    if (market === 'futures') expect(droppedBbo).toEqual([])
    expect(stats.duplicatesDropped).toBe(droppedBbo.length)
    expect(stats.messagesHeld).toBe(0)
    expect(stats.router?.resets).toBe(3)
    for (const type of ['BOOK_TICKER', 'TRADE', 'AGG_TRADE']) {
      const own = built.gaps.filter(({ streamType }) => streamType === type)
      expect(own.map(({ kind, cause, unit }) => [kind, cause, unit])).toEqual([
        ['opened', 'RESET', 'time'],
        [type === 'BOOK_TICKER' ? 'filled' : 'unfillable', 'RESET', 'time'],
      ])
    }
    expect(built.opens.length, 'candles do not care').toBeGreaterThanOrEqual(1)
    expect(built.gaps.filter(({ streamType }) => streamType === 'KLINE')).toEqual([])
  })

  it.each([1, 2, 3])('while no socket is there are in a gap from the last message on (seed %i)', async (seed) => {
    const built = await stage(market, seed)
    await built.clock.advance(10_000)
    built.venue.cut()
    await built.clock.advance(200)
    built.restart()
    await built.clock.advance(120_000)
    const lost = expectTold(built, 'btcusdt@trade', isMarket(built))
    expectTold(built, 'btcusdt@aggTrade', () => true)
    expectTold(built, 'btcusdt@bookTicker', () => true)
    expect(lost.length, 'the outage cost something').toBeGreaterThan(0)
  })

  it('behind a hole that is being fetched: what was missed ends as unfillable, and nothing else is taken for it', async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const built = await stage(market, seed, { trades: { backfillTrades: true } })
      await built.clock.advance(5_000)
      built.venue.inject({ fault: 'httpStatus', status: 503, on: { rest: 'aggTrades' }, for: 20_000 })
      built.venue.inject({ fault: 'dropDiff', variant: 'trade', on: { stream: 'btcusdt@aggTrade' }, run: 3, count: 1 })
      await built.clock.advance(2_500)
      const [hole] = built.gaps.filter(({ streamType }) => streamType === 'AGG_TRADE')
      expect(hole, `seed ${seed}`).toMatchObject({ kind: 'opened', missing: 3 })
      built.restart()
      await built.clock.advance(30_000)
      const ids = built.published['btcusdt@aggTrade']
      const { from = 0, to = 0 } = hole ?? {}
      expect(ids.filter((id) => id >= from && id <= to)).toEqual([])
      expect(built.gaps.filter(({ gapId }) => gapId === hole?.gapId).at(-1)).toMatchObject({
        kind: 'unfillable',
        from,
        to,
      })
      expectTold(built, 'btcusdt@aggTrade', () => true)
      const backwards = ids.filter((id, index) => index > 0 && id <= (ids[index - 1] as number))
      expect(backwards, 'ids go back once').toHaveLength(1)
    }
  })
})
