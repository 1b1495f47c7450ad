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

  // It was LIVE with levels of the past for ten seconds.
  it('is not LIVE on a snapshot that the stream does not reach, and asks for another', () => {
    keeper.onDelta(delta(NEW, 0))
    image(OLD)
    expect([keeper.state, keeper.doubtedImageCount, requests]).toEqual(['SYNCING', 1, 1])
    for (let at = 1; at <= 4; at++) keeper.onDelta(delta(NEW + at, at * 100))
    expect([keeper.state, requests]).toEqual(['SYNCING', 1])
    keeper.onDelta(delta(NEW + 5, 500))
    expect([keeper.state, requests]).toEqual(['SYNCING', 2])
    image(OLD + 3)
    expect(keeper.state).toBe('SYNCING')
    for (let at = 6; at <= 200; at++) keeper.onDelta(delta(NEW + at, at * 100))
    image(NEW + 201)
    expect([keeper.state, keeper.sequence, requests]).toEqual(['LIVE', NEW + 201, 3])
    keeper.onDelta(delta(NEW + 202, 20_200))
    expect([keeper.state, keeper.sequence]).toEqual(['LIVE', NEW + 202])
  })

  it('believes a snapshot that was a moment on its way at once', () => {
    keeper.onDelta(delta(NEW, 0))
    image(NEW + 30)
    expect([keeper.state, keeper.sequence, keeper.doubtedImageCount]).toEqual(['LIVE', NEW + 30, 0])
  })

  it('measures how far ahead a snapshot is by the ids of an update', () => {
    keeper.onDelta({ ...delta(NEW, 0), firstSequence: NEW - 99 })
    image(NEW + 3_000)
    expect(keeper.state).toBe('LIVE')
    const other = new BookKeeper('BTCUSDT', 'futures', {
      onImageNeeded: () => {},
      onState: () => {},
      onUpdate: () => {},
      onGap: () => {},
    })
    // Ids of futures are shared: the chain says how many an update spans, its own ids do not.
    other.onDelta({ ...delta(NEW, 0), previousSequence: NEW - 100 })
    other.onImage({ sequence: NEW + 3_000, bids: [100, 1], asks: [101, 1], levelsMax: 5_000 })
    expect(other.state).toBe('LIVE')
  })

  it('builds on a doubted snapshot as soon as the stream is there, with everything that waited', () => {
    keeper.onDelta(delta(NEW, 0))
    image(NEW + 50)
    for (let at = 1; at <= 49; at++) keeper.onDelta(delta(NEW + at, at * 100))
    expect([keeper.state, requests]).toEqual(['SYNCING', 2])
    image(NEW + 90)
    keeper.onDelta(delta(NEW + 50, 5_000))
    expect([keeper.state, keeper.sequence, keeper.imageSequence]).toEqual(['LIVE', NEW + 50, NEW + 50])
    keeper.onDelta(delta(NEW + 51, 5_100))
    expect([keeper.state, keeper.sequence]).toEqual(['LIVE', NEW + 51])
  })

  it('does not take a snapshot that says it was made before the updates it should hold', () => {
    keeper.onDelta(delta(NEW, 100_000))
    keeper.onImage({ sequence: NEW + 5, bids: [100, 1], asks: [101, 1], levelsMax: 5_000, venueTimeMs: 97_000 })
    expect(keeper.state).toBe('SYNCING')
    keeper.onImage({ sequence: NEW + 5, bids: [100, 1], asks: [101, 1], levelsMax: 5_000, venueTimeMs: 99_000 })
    expect(keeper.state, 'not asked for').toBe('SYNCING')
    for (let at = 1; at <= 5; at++) keeper.onDelta(delta(NEW + at, 100_000 + at * 100))
    expect([keeper.state, keeper.sequence], 'reached').toEqual(['LIVE', NEW + 5])
  })

  it('gives up a snapshot that was believed and is not reached', () => {
    keeper.onDelta(delta(NEW, 0))
    image(NEW + 20)
    expect(keeper.state).toBe('LIVE')
    for (let at = 1; at <= 105; at++) keeper.onDelta(delta(NEW + 1, at * 100))
    expect([keeper.state, requests]).toEqual(['RESYNCING', 2])
  })

  it('lets a stream that is behind catch up, and is not in doubt over repetitions afterwards', () => {
    keeper.onDelta(delta(NEW, 0))
    image(NEW + 30)
    for (let at = 1; at <= 31; at++) keeper.onDelta(delta(NEW + at, at * 100))
    for (let at = 0; at <= 300; at++) keeper.onDelta(delta(NEW + 31, 6_000 + at * 100))
    expect([keeper.state, keeper.sequence, requests]).toEqual(['LIVE', NEW + 31, 1])
  })
})
