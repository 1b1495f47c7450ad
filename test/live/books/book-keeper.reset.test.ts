/** A book whose venue begins its ids again while a snapshot from before is still on its way or in a cache. */
import { beforeEach, describe, expect, it } from 'vitest'
import { BookKeeper } from '../../../src/live/books/book-keeper.js'
import { packPriceLevels } from '../../../src/market/price-levels.js'
import type { OrderBookDelta } from '../../../src/types/index.js'

const OLD = 9_000_000
const NEW = 1_000

let keeper: BookKeeper
let requests = 0

beforeEach(() => {
  requests = 0
  keeper = new BookKeeper('BTCUSDT', 'spot', {
    onImageNeeded: () => {
      requests++
    },
    onState: () => {},
    onUpdate: () => {},
    onGap: () => {},
  })
})

const bid = packPriceLevels([{ price: 100, qty: 1 }])
const ask = packPriceLevels([{ price: 101, qty: 1 }])

function delta(sequence: number, receiveTimeMs: number): OrderBookDelta {
  return {
    venue: 'SIM_SPOT',
    symbol: 'BTCUSDT',
    bids: bid,
    asks: ask,
    firstSequence: sequence,
    previousSequence: null,
    sequence,
    venueTimeMs: receiveTimeMs,
    receiveTimeMs,
  }
}

function image(sequence: number): void {
  keeper.onImage({ sequence, bids: [100, 1], asks: [101, 1], levelsMax: 5_000 })
}

describe('a book after the venue began its ids again', () => {
  // A cached snapshot of the old ids was taken for one ahead of the stream: LIVE, and deaf from then on.
  it('does not take a snapshot of the old ids', () => {
    keeper.onDelta(delta(OLD, 0))
    image(OLD)
    expect(keeper.state).toBe('LIVE')
    keeper.onReset()
    keeper.onDelta(delta(NEW, 100))
    image(OLD - 20)
    expect([keeper.state, keeper.oldImageCount, requests]).toEqual(['RESYNCING', 1, 3])
    image(NEW + 5)
    expect([keeper.state, keeper.sequence]).toEqual(['LIVE', NEW + 5])
    keeper.onDelta(delta(NEW + 6, 200))
    expect([keeper.state, keeper.sequence]).toEqual(['LIVE', NEW + 6])
  })

  it('doubts a snapshot that the stream does not reach', () => {
    keeper.onDelta(delta(NEW, 0))
    image(OLD)
    for (let at = 1; at <= 99; at++) keeper.onDelta(delta(NEW + at, at * 100))
    expect(keeper.state).toBe('LIVE')
    for (let at = 100; at <= 105; at++) keeper.onDelta(delta(NEW + at, at * 100))
    expect([keeper.state, requests]).toEqual(['RESYNCING', 2])
  })

  it('lets a stream that is behind catch up, and is not in doubt over repetitions afterwards', () => {
    keeper.onDelta(delta(NEW, 0))
    image(NEW + 50)
    for (let at = 1; at <= 51; at++) keeper.onDelta(delta(NEW + at, at * 100))
    for (let at = 0; at <= 300; at++) keeper.onDelta(delta(NEW + 51, 6_000 + at * 100))
    expect([keeper.state, keeper.sequence, requests]).toEqual(['LIVE', NEW + 51, 1])
  })
})
