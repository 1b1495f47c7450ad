import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BookSide } from '../../../src/market/book/book-side.js'
import { OrderBook } from '../../../src/market/book/order-book.js'
import { inferGrid } from '../../../src/market/book/price-grid.js'

/** The obvious book: a map, sorted when asked. */
class SlowSide {
  readonly levels = new Map<number, number>()
  constructor(readonly isBid: boolean) {}

  set(price: number, qty: number): void {
    if (qty === 0) this.levels.delete(price)
    else this.levels.set(price, qty)
  }

  top(count: number): number[] {
    return [...this.levels]
      .sort(([a], [b]) => (this.isBid ? b - a : a - b))
      .slice(0, count)
      .flat()
  }
}

function expectSame(side: BookSide, slow: SlowSide): void {
  const all: number[] = []
  side.writeTop(Number.POSITIVE_INFINITY, all, 0)
  expect(all).toEqual(slow.top(Number.POSITIVE_INFINITY))
  expect(side.levelCount).toBe(slow.levels.size)
  expect(side.bestPrice).toBe(all[0] ?? Number.NaN)
  expect(side.bestQty).toBe(all[1] ?? Number.NaN)
}

/** Prices around a centre, a few far away, as decimal texts of one tick size or, sometimes, of none. */
function prices(decimals: number, step: number): fc.Arbitrary<number> {
  const near = fc.integer({ min: -40, max: 40 })
  const far = fc.integer({ min: -60_000, max: 60_000 })
  return fc
    .oneof({ weight: 9, arbitrary: near }, { weight: 2, arbitrary: far })
    .map((offset) => Number(((617_803 + offset) * step * 10 ** -decimals).toFixed(decimals)))
}

const updates = (price: fc.Arbitrary<number>): fc.Arbitrary<[number, number][]> =>
  fc.array(
    fc.tuple(
      price,
      fc.oneof(
        fc.constant(0),
        fc.integer({ min: 1, max: 5_000 }).map((lots) => lots / 1000),
      ),
    ),
    {
      maxLength: 400,
    },
  )

describe('a side of the book', () => {
  for (const [name, price] of [
    ['cent ticks', prices(2, 1)],
    ['ticks of 0.05', prices(2, 5)],
    ['eight decimals', prices(8, 1)],
    ['whole prices', prices(0, 1)],
    ['no common tick', fc.double({ min: 1e-3, max: 1e6, noNaN: true })],
  ] as const) {
    for (const isBid of [true, false]) {
      it(`agrees with a sorted map on any sequence of updates (${isBid ? 'bids' : 'asks'}, ${name})`, () => {
        fc.assert(
          fc.property(updates(price), updates(price), (snapshot, changes) => {
            const side = new BookSide(isBid)
            const slow = new SlowSide(isBid)
            side.reset(snapshot.flat())
            for (const [at, qty] of snapshot) slow.set(at, qty)
            expectSame(side, slow)
            for (const [at, qty] of changes) {
              side.set(at, qty)
              slow.set(at, qty)
              expect(side.qtyAt(at)).toBe(qty)
              expect(side.bestPrice).toBe(slow.top(1)[0] ?? Number.NaN)
            }
            expectSame(side, slow)
          }),
          { numRuns: 60 },
        )
      })
    }
  }

  it('follows a price that runs far away from where the ladder was built', () => {
    const side = new BookSide(false)
    const slow = new SlowSide(false)
    side.reset([100, 1])
    slow.set(100, 1)
    for (let step = 1; step < 20_000; step++) {
      const price = Number((100 + Math.sin(step / 900) * 90 + step / 1000).toFixed(2))
      const gone = slow.top(1)[0] ?? Number.NaN
      side.set(price, step)
      slow.set(price, step)
      if (slow.levels.size > 30) {
        side.set(gone, 0)
        slow.set(gone, 0)
      }
    }
    expectSame(side, slow)
  })

  it('ignores the removal of a level it never had', () => {
    const side = new BookSide(true)
    side.reset([100.5, 1, 100, 2])
    side.set(99.75, 0)
    side.set(1, 0)
    side.set(200, 0)
    expect([side.bestPrice, side.bestQty, side.levelCount]).toEqual([100.5, 1, 2])
  })

  it('gives prices back exactly as the venue wrote them', () => {
    const texts = ['61800.30', '61800.10', '0.00006547', '7.6110', '61837.64000000']
    for (const text of texts) {
      const side = new BookSide(true)
      side.reset([Number(text), 1, Number(text) * 2, 0])
      expect(side.bestPrice).toBe(Number(text))
    }
  })
})

describe('the grid of prices', () => {
  it('finds tick sizes that are not a power of ten', () => {
    expect(inferGrid([100.05, 100.15, 99.9])?.tickSize).toBe(0.05)
    expect(inferGrid([100, 150, 225])?.tickSize).toBe(25)
  })

  it('says when there is none', () => {
    expect(inferGrid([Math.PI, Math.E])).toBe(null)
  })
})

describe('a book', () => {
  it('knows when it is crossed, and that an empty side is not', () => {
    const book = new OrderBook()
    expect(book.isCrossed).toBe(false)
    book.reset([100, 1], [101, 1], 7)
    expect([book.isCrossed, book.sequence]).toEqual([false, 7])
    book.bids.set(101, 1)
    expect(book.isCrossed).toBe(true)
    book.asks.set(101, 0)
    expect(book.isCrossed).toBe(false)
  })

  it('keeps a thousand sparse books within a stated size', () => {
    const levels = Array.from({ length: 1000 }, (_, index) => [100 + index * 0.37, 1]).flat()
    const book = new OrderBook()
    book.reset(levels, levels, 1)
    // Two sides: at most the longest ladder each, plus a thousand levels of overflow.
    expect(book.byteLength).toBeLessThan(2 * (32_768 * 8 + 32_768 / 8 + 2 * 1024 * 8))
  })
})
