/** What the market says, the feed understands: every payload through router and handlers. */
import { describe, expect, it } from 'vitest'
import { resolveStream, streamConfig } from '../../../src/live/config/index.js'
import { TEST_SYMBOLS } from '../../../src/sim/market/index.js'
import type { MarketKind } from '../../../src/types/venue.js'
import { DecodingBench } from '../../support/decoding.js'
import { marketBench } from './support.js'

const SYMBOLS = ['BTCUSDT', 'ETHUSDT', '测试USDT', 'QUIETUSDT', 'STILLUSDT']

function specsOf(market: MarketKind): ReturnType<typeof resolveStream>[] {
  const venue = market === 'spot' ? 'SIM_SPOT' : 'SIM_FUTURES'
  const symbols = market === 'spot' ? SYMBOLS : [...SYMBOLS, 'BTCUSDT_261225']
  return symbols.flatMap((symbol) => {
    const configs = [
      streamConfig(symbol, 'KLINE', { interval: '1m' }),
      streamConfig(symbol, 'DEPTH', { updateSpeed: '100ms' }),
      streamConfig(symbol, 'DEPTH', { depthLevels: 20, updateSpeed: '100ms' }),
      streamConfig(symbol, 'BOOK_TICKER'),
      streamConfig(symbol, 'AGG_TRADE'),
      streamConfig(symbol, 'TRADE'),
      streamConfig(symbol, 'TICKER'),
      streamConfig(symbol, 'MINI_TICKER'),
      ...(market === 'futures' ? [streamConfig(symbol, 'MARK_PRICE'), streamConfig(symbol, 'LIQUIDATION')] : []),
    ]
    return configs.map((config) => resolveStream(venue, config))
  })
}

describe.each(['spot', 'futures'] as const)('payloads on %s', (market) => {
  it.each([
    ['in the usual order', {}],
    ['with shuffled and unknown keys', { shuffleKeys: true, addUnknownKeys: true }],
  ])('%s pass the handlers without a reject', (_, options) => {
    const { run, listen } = marketBench({
      seed: 13,
      symbols: TEST_SYMBOLS,
      flow: { jumpsPerHour: 400, jumpSize: 0.01 },
      ...options,
    })
    let published = 0
    const bench = new DecodingBench({ market, emitPartialCandles: true, onPublish: () => published++ })
    for (const spec of specsOf(market)) {
      bench.router.add(spec)
      listen(market, spec.name, ({ text }) => bench.feed(`{"stream":${JSON.stringify(spec.name)},"data":${text}}`))
    }
    run(130_000)
    expect(bench.rejections.map(({ error, feed }) => `${feed?.spec.name}: ${error.message}`).slice(0, 3)).toEqual([])
    const stats = bench.router.stats()
    expect([stats.rejected, stats.payloadRejected, stats.unplaced, stats.resets]).toEqual([0, 0, 0, 0])
    if (_ === 'in the usual order') {
      const slow = bench.router.feeds().filter(({ fallbackCount }) => fallbackCount > 0)
      expect(slow.map(({ spec, fallbackCount }) => `${spec.name}: ${fallbackCount}`)).toEqual([])
    }
    expect(published).toBeGreaterThan(5000)
    for (const feed of bench.router.feeds()) {
      if (!feed.spec.name.startsWith('btcusdt@')) continue
      if (feed.spec.type !== 'LIQUIDATION') expect(feed.messageCount, feed.spec.name).toBeGreaterThan(10)
      expect(feed.gapCount, feed.spec.name).toBe(0)
    }
  })
})
