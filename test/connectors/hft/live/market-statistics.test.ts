import { describe, expect, it } from 'vitest'
import { MarketStatistics, Side } from '../../../../src/connectors/hft/live/index.js'

describe('MarketStatistics', () => {
  it('B03 has nothing to say at first', () => {
    const statistics = new MarketStatistics()
    expect(statistics).toMatchObject({
      totalTrades: 0,
      totalVolume: 0,
      tradesPerSecond: null,
      lastBid: null,
      lastAsk: null,
      spread: null,
      minSpread: null,
      maxSpread: null,
      depthUpdates: 0,
    })
    expect(String(statistics)).toContain('n/a')
  })

  it('B03 sums volumes by side and prints them with four digits', () => {
    const statistics = new MarketStatistics()
    for (let count = 0; count < 100; count++) {
      const isBuy = count % 2 === 0
      const trade = {
        qty: isBuy ? 0.2 : 0.1,
        side: isBuy ? Side.BUY : Side.SELL,
        timestamp: BigInt(count) * 100_000_000n,
      }
      statistics.onTrade(trade)
    }
    expect(statistics.totalTrades).toBe(100)
    expect([statistics.buyVolume, statistics.sellVolume, statistics.totalVolume].map((qty) => qty.toFixed(4))).toEqual([
      '10.0000',
      '5.0000',
      '15.0000',
    ])
    expect(statistics.tradesPerSecond).toBeCloseTo(10, 9)
    expect(String(statistics)).toMatch(/Total trades: +100\n[\s\S]*Total volume: +15\.0000/)
  })

  it('B03 keeps the narrowest and the widest spread, and does not count an empty side as a price', () => {
    const statistics = new MarketStatistics()
    for (const [bidPrice, askPrice] of [
      [100, 101],
      [100, 100.5],
      [99, 102],
      [Number.NaN, 102],
    ] as const) {
      statistics.onBookUpdate({ bidPrice, askPrice })
    }
    expect(statistics).toMatchObject({
      depthUpdates: 4,
      lastBid: 99,
      lastAsk: 102,
      spread: 3,
      minSpread: 0.5,
      maxSpread: 3,
    })
  })
})
