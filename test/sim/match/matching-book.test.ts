import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type BookListener,
  MatchingBook,
  type NewOrder,
  SelfTradePrevention,
  Side,
  SubmitStatus,
  TimeInForce,
} from '../../../src/sim/match/index.js'

interface Fill {
  readonly makerId: number
  readonly price: number
  readonly lots: number
}

function recording(): { listener: BookListener; fills: Fill[]; levels: Map<string, number> } {
  const fills: Fill[] = []
  const levels = new Map<string, number>()
  return {
    fills,
    levels,
    listener: {
      onTrade: (maker, _takerSide, price, lots) => fills.push({ makerId: maker.id, price, lots }),
      onLevel: (side, price, oldLots, newLots) => {
        const key = `${side}/${price}`
        expect(levels.get(key) ?? 0, `old lots of ${key}`).toBe(oldLots)
        if (newLots === 0) levels.delete(key)
        else levels.set(key, newLots)
      },
      onRemoved: () => {},
    },
  }
}

/** The obvious version: all orders in one list, sorted on demand. */
class SlowBook {
  orders: { id: number; side: Side; price: number; lots: number; owner: number }[] = []
  #nextId = 1

  submit(order: NewOrder): Fill[] {
    const id = this.#nextId++
    const { side, price } = order
    const facing = (): typeof this.orders =>
      this.orders
        .filter((other) => other.side !== side)
        .filter((other) => price === null || (side === Side.BUY ? other.price <= price : other.price >= price))
        .sort((a, b) => (side === Side.BUY ? a.price - b.price : b.price - a.price) || a.id - b.id)
    const timeInForce = price === null ? TimeInForce.IOC : (order.timeInForce ?? TimeInForce.GTC)
    if (timeInForce === TimeInForce.GTX && facing().length > 0) return []
    const available = facing().reduce((sum, other) => sum + other.lots, 0)
    if (timeInForce === TimeInForce.FOK && available < order.lots) return []
    let left = order.lots
    const fills: Fill[] = []
    for (const maker of facing()) {
      const lots = Math.min(left, maker.lots)
      if (lots === 0) break
      fills.push({ makerId: maker.id, price: maker.price, lots })
      maker.lots -= lots
      left -= lots
    }
    this.orders = this.orders.filter(({ lots }) => lots > 0)
    if (left > 0 && price !== null && (timeInForce === TimeInForce.GTC || timeInForce === TimeInForce.GTX)) {
      this.orders.push({ id, side, price, lots: left, owner: 0 })
    }
    return fills
  }

  levels(): Map<string, number> {
    const levels = new Map<string, number>()
    for (const { side, price, lots } of this.orders) {
      levels.set(`${side}/${price}`, (levels.get(`${side}/${price}`) ?? 0) + lots)
    }
    return levels
  }
}

const side = fc.constantFrom(Side.BUY, Side.SELL)
const order: fc.Arbitrary<NewOrder> = fc.record({
  side,
  price: fc.option(fc.integer({ min: 95, max: 105 }), { freq: 8 }),
  lots: fc.integer({ min: 1, max: 20 }),
  timeInForce: fc.constantFrom(TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTX),
})
const action = fc.oneof(
  { weight: 6, arbitrary: order.map((value) => ({ kind: 'submit' as const, order: value })) },
  { weight: 2, arbitrary: fc.nat(60).map((id) => ({ kind: 'cancel' as const, id })) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat(60), fc.nat(20)).map(([id, lots]) => ({ kind: 'reduce' as const, id, lots })),
  },
)

describe('matching book', () => {
  it('fills the best price first and the oldest order first, as the obvious version does', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
        const { listener, fills, levels } = recording()
        const book = new MatchingBook(listener)
        const slow = new SlowBook()
        for (const step of actions) {
          fills.length = 0
          if (step.kind === 'submit') {
            book.submit(step.order)
            expect(fills).toEqual(slow.submit(step.order))
          } else if (step.kind === 'cancel') {
            const known = slow.orders.some(({ id }) => id === step.id)
            expect(book.cancel(step.id)).toBe(known)
            slow.orders = slow.orders.filter(({ id }) => id !== step.id)
          } else {
            const resting = slow.orders.find(({ id }) => id === step.id)
            const allowed = resting !== undefined && step.lots <= resting.lots
            expect(book.reduce(step.id, step.lots)).toBe(allowed)
            if (allowed) resting.lots = step.lots
            slow.orders = slow.orders.filter(({ lots }) => lots > 0)
          }
          expect(levels).toEqual(slow.levels())
          const bid = book.bestPrice(Side.BUY)
          const ask = book.bestPrice(Side.SELL)
          expect(bid === null || ask === null || bid < ask).toBe(true)
        }
        expect(book.openOrderCount).toBe(slow.orders.length)
      }),
      { numRuns: 300 },
    )
  })

  it('lists levels best first, up to the limit asked for', () => {
    const book = new MatchingBook()
    for (const price of [99, 101, 100]) book.submit({ side: Side.BUY, price, lots: price })
    const seen: number[] = []
    book.forEachLevel(Side.BUY, 2, (price) => seen.push(price))
    expect(seen).toEqual([101, 100])
  })

  it('keeps the place in the queue when an order is reduced', () => {
    const { listener, fills } = recording()
    const book = new MatchingBook(listener)
    const first = book.submit({ side: Side.SELL, price: 100, lots: 10 })
    book.submit({ side: Side.SELL, price: 100, lots: 10 })
    book.reduce(first.orderId, 4)
    book.submit({ side: Side.BUY, price: 100, lots: 5 })
    expect(fills).toEqual([
      { makerId: first.orderId, price: 100, lots: 4 },
      { makerId: first.orderId + 1, price: 100, lots: 1 },
    ])
  })

  it.each([
    [SelfTradePrevention.NONE, SubmitStatus.FILLED, 0, 5],
    [SelfTradePrevention.EXPIRE_MAKER, SubmitStatus.FILLED, 0, 0],
    [SelfTradePrevention.EXPIRE_TAKER, SubmitStatus.EXPIRED, 5, 5],
    [SelfTradePrevention.EXPIRE_BOTH, SubmitStatus.EXPIRED, 0, 5],
  ])('meets orders of the same owner by the rule %s', (selfTradePrevention, status, ownLots, othersLots) => {
    const book = new MatchingBook()
    book.submit({ side: Side.SELL, price: 100, lots: 5, owner: 1 })
    book.submit({ side: Side.SELL, price: 101, lots: 5, owner: 2 })
    const result = book.submit({ side: Side.BUY, price: 101, lots: 5, owner: 1, selfTradePrevention })
    expect(result.status).toBe(status)
    expect(book.lotsAt(Side.SELL, 100)).toBe(ownLots)
    expect(book.lotsAt(Side.SELL, 101)).toBe(othersLots)
  })

  it('refuses orders that no market would take', () => {
    const book = new MatchingBook()
    expect(() => book.submit({ side: Side.BUY, price: 100, lots: 0 })).toThrow(/lots/)
    expect(() => book.submit({ side: Side.BUY, price: 0, lots: 1 })).toThrow(/price/)
    expect(() => book.submit({ side: Side.BUY, price: 1.5, lots: 1 })).toThrow(/price/)
  })
})
