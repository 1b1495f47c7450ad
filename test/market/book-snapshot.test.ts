/** What follows from the levels of a snapshot. */
import { describe, expect, it } from 'vitest'
import { BookSnapshot, packPriceLevels } from '../../src/market/index.js'
import type { OrderBookSnapshot, PriceLevel } from '../../src/types/order-book.js'

function snapshot(bids: PriceLevel[], asks: PriceLevel[]): OrderBookSnapshot {
  return new BookSnapshot(
    'BINANCE_SPOT',
    'BTCUSDT',
    packPriceLevels(bids),
    packPriceLevels(asks),
    17,
    'LIVE',
    null,
    1_795_000_000_000.5,
  )
}

describe('an order book snapshot', () => {
  it('derives best, mid and spread from the top of both sides', () => {
    const book = snapshot([{ price: 99.5, qty: 2 }], [{ price: 100.5, qty: 3 }])
    expect(book).toMatchObject({
      bestBid: 99.5,
      bestBidQty: 2,
      bestAsk: 100.5,
      bestAskQty: 3,
      mid: 100,
      spread: 1,
      spreadBps: 100,
      isCrossed: false,
    })
  })

  it('has null for everything that needs a missing side', () => {
    const bidsOnly = snapshot([{ price: 99.5, qty: 2 }], [])
    expect(bidsOnly).toMatchObject({ bestBid: 99.5, bestAsk: null, bestAskQty: null, mid: null, spread: null })
    expect(bidsOnly).toMatchObject({ spreadBps: null, isCrossed: false })
    const empty = snapshot([], [])
    expect(empty).toMatchObject({ bestBid: null, bestBidQty: null, mid: null, isCrossed: false })
  })

  it.each([
    [101, 100],
    [100, 100],
  ])('is crossed with bid %s and ask %s', (bid, ask) => {
    const book = snapshot([{ price: bid, qty: 1 }], [{ price: ask, qty: 1 }])
    expect(book.isCrossed).toBe(true)
    expect(book.spread).toBe(ask - bid)
  })

  it('has no ratio over a mid of zero', () => {
    expect(snapshot([{ price: 0, qty: 1 }], [{ price: 0, qty: 1 }]).spreadBps).toBeNull()
  })

  it('serializes every field of the contract, derived ones included', () => {
    const book = snapshot([{ price: 99.5, qty: 2 }], [{ price: 100.5, qty: 3 }])
    expect(JSON.parse(JSON.stringify(book))).toEqual({
      venue: 'BINANCE_SPOT',
      symbol: 'BTCUSDT',
      bids: [{ price: 99.5, qty: 2 }],
      asks: [{ price: 100.5, qty: 3 }],
      sequence: 17,
      state: 'LIVE',
      bestBid: 99.5,
      bestAsk: 100.5,
      bestBidQty: 2,
      bestAskQty: 3,
      mid: 100,
      spread: 1,
      spreadBps: 100,
      isCrossed: false,
      venueTimeMs: null,
      receiveTimeMs: 1_795_000_000_000.5,
    })
  })
})
