/** Backfill and clock offset through a whole feed on the simulated venue. */
import { describe, expect, it } from 'vitest'
import { Bus } from '../../../src/bus/index.js'
import { LiveDataFeedManager, streamConfig } from '../../../src/live/index.js'
import { SeededRandom, VirtualClock } from '../../../src/runtime/index.js'
import { SimHttpClient, SimTransport, SimVenue } from '../../../src/sim/index.js'
import type { GapEvent, Trade } from '../../../src/types/index.js'
import { settled } from '../manager/rig.js'

async function feed(market: 'spot' | 'futures', seed: number, backfillTrades = true) {
  const clock = new VirtualClock()
  const venue = await SimVenue.start({
    seed,
    clock,
    listen: false,
    market,
    symbols: ['BTCUSDT', 'ETHUSDT'],
    preset: 'calm',
    warmupBars: 3,
    extras: false,
  })
  const bus = new Bus({ clock })
  const trades: Trade[] = []
  const gaps: GapEvent[] = []
  bus.subscribe('mkt.trades', ({ payload }) => trades.push(payload))
  bus.subscribe('live.gap', ({ payload }) => gaps.push(payload))
  const manager = new LiveDataFeedManager(
    {
      venue: market === 'spot' ? 'SIM_SPOT' : 'SIM_FUTURES',
      streams: ['BTCUSDT', 'ETHUSDT'].map((symbol) => streamConfig(symbol, 'AGG_TRADE')),
      trades: { backfillTrades, tradeHoldMsMax: 20_000 },
      connection: { baseUrl: 'ws://sim', restUrl: 'http://sim', baseReconnectDelayMs: 200, reconnectDelayMsMax: 2_000 },
    },
    bus,
    {
      runtime: { clock, random: new SeededRandom(seed, 'trades'), http: new SimHttpClient(venue) },
      transport: new SimTransport(venue),
    },
  )
  await settled(manager.start(), clock)
  return {
    clock,
    venue,
    trades,
    gaps,
    manager,
    ids: (symbol: string) => trades.filter((trade) => trade.symbol === symbol).map(({ id }) => id),
    async end() {
      await settled(manager.stop(), clock)
      await settled(venue.stop(), clock)
    },
  }
}

const rising = (ids: readonly number[]): number[] => ids.map((_, index) => (ids[0] ?? 0) + index)

describe('aggregated trades with backfill', () => {
  it.each([
    ['spot', 11],
    ['spot', 12],
    ['futures', 13],
    ['futures', 14],
  ] as const)('are without a hole after drops and lost sockets on %s, seed %i', async (market, seed) => {
    const { clock, venue, ids, gaps, trades, manager, end } = await feed(market, seed)
    await clock.advance(5_000)
    for (let round = 0; round < 6; round++) {
      venue.inject({ fault: 'dropDiff', variant: 'any', count: 2, run: 5 })
      await clock.advance(3_000)
      venue.inject({ fault: 'reset', pick: 1 })
      await clock.advance(6_000)
    }
    await clock.advance(30_000)
    const backfilled = trades.filter(({ origin }) => origin === 'backfill')
    expect(backfilled.length).toBeGreaterThan(0)
    for (const symbol of ['BTCUSDT', 'ETHUSDT']) {
      expect(ids(symbol).length).toBeGreaterThan(20)
      expect(ids(symbol)).toEqual(rising(ids(symbol)))
    }
    expect(gaps.filter(({ kind }) => kind === 'opened').length).toBeGreaterThan(0)
    expect(gaps.filter(({ kind }) => kind === 'unfillable')).toEqual([])
    expect(gaps.filter(({ kind }) => kind === 'filled').every(({ by }) => by === 'backfill')).toBe(true)
    expect(manager.gaps({ kind: 'opened' })).toEqual([])
    expect(manager.getStats().trades).toMatchObject({ backfilled: backfilled.length, lost: 0, held: 0 })
    // What REST gave is what the venue executed.
    for (const { symbol, firstTradeId, lastTradeId, qty, price, isBuyerMaker } of backfilled.slice(0, 50)) {
      const singles = venue.oracle.trades(symbol, firstTradeId, lastTradeId, market)
      expect(singles.length).toBeGreaterThan(0)
      expect(singles.reduce((sum, one) => sum + Number(one.qty), 0)).toBeCloseTo(qty, 8)
      for (const one of singles) expect([Number(one.price), one.isBuyerMaker]).toEqual([price, isBuyerMaker])
    }
    await end()
    expect(clock.pendingTimerCount).toBe(0)
  })

  it('say exactly what stays missing when REST is down', async () => {
    const { clock, venue, ids, gaps, end } = await feed('spot', 21)
    await clock.advance(3_000)
    venue.inject({ fault: 'httpStatus', status: 503, on: { rest: 'aggTrades' }, for: 120_000 })
    venue.inject({ fault: 'dropDiff', variant: 'any', on: { symbol: 'BTCUSDT' }, count: 1, run: 4 })
    await clock.advance(60_000)
    const lost = gaps.filter(({ kind }) => kind === 'unfillable')
    expect(lost.length).toBeGreaterThan(0)
    const missing = new Set(
      lost.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, index) => from + index)),
    )
    const published = ids('BTCUSDT')
    expect([...published, ...missing].sort((a, b) => a - b)).toEqual(
      rising([...published, ...missing].sort((a, b) => a - b)),
    )
    await end()
  })
})

describe('the clock offset in health', () => {
  it('is that of the venue, within what it states', async () => {
    const { clock, venue, manager, end } = await feed('futures', 31)
    await clock.advance(5_000)
    expect(Math.abs(manager.getHealth().clock?.offsetMs ?? Number.NaN)).toBeLessThanOrEqual(
      manager.getHealth().clock?.uncertaintyMs ?? 0,
    )
    venue.inject({ fault: 'clockSkew', variant: 'step', offset: 1_700 })
    await clock.advance(125_000)
    const health = manager.getHealth().clock
    expect(Math.abs((health?.offsetMs ?? 0) - 1_700)).toBeLessThanOrEqual(health?.uncertaintyMs ?? 0)
    expect(manager.getHealth().feeds.every(({ latencyMs }) => latencyMs !== null && latencyMs.p50 < -1_600)).toBe(true)
    await end()
  })
})
