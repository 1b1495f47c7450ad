/** The table of sent orders against a plain map of them. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OrderTerms } from '../../../../src/connectors/hft/native/order-buffer.js'
import { SentOrders } from '../../../../src/connectors/hft/native/sent-orders.js'

const GENERATION = 50_000

const terms = (n: number): OrderTerms => ({
  side: n % 2 === 0 ? 'BUY' : 'SELL',
  type: n % 3 === 0 ? 'MARKET' : 'LIMIT',
  timeInForce: (['GTC', 'GTX', 'FOK', 'IOC'] as const)[n % 4] ?? 'GTC',
  price: n / 10,
  qty: n + 0.5,
})

const add = (orders: SentOrders, id: bigint, value: OrderTerms): void =>
  orders.add(Number(id >> 32n), Number(id & 0xffff_ffffn), value, value.price / 2)

describe('sent orders', () => {
  it('gives back the terms of every id, whatever the ids are, and nothing for others', () => {
    // Few distinct halves, so that ids share them; strides, because a hash may not like them.
    const half = fc.oneof(
      fc.constantFrom(0n, 1n, 0xffff_ffffn),
      fc.bigInt({ min: 0n, max: 0xffff_ffffn }),
      fc.bigInt({ min: 0n, max: 0xffffn }).map((n) => n << 16n),
    )
    const id = fc.tuple(half, half).map(([high, low]) => (high << 32n) | low)
    fc.assert(
      fc.property(fc.array(id, { maxLength: 2_000 }), fc.array(id, { maxLength: 50 }), (ids, others) => {
        const orders = new SentOrders()
        const model = new Map<bigint, OrderTerms>()
        ids.forEach((each, n) => {
          add(orders, each, terms(n))
          model.set(each, terms(n))
        })
        for (const each of [...ids, ...others]) {
          const terms = model.get(each)
          const expected = terms === undefined ? undefined : { terms, tickSize: terms.price / 2 }
          expect(orders.get(each)).toEqual(expected)
        }
      }),
      { numRuns: 50 },
    )
  })

  it('knows the last 50 000 at least and forgets what is older than 100 000', () => {
    const orders = new SentOrders()
    const first = 7n << 32n
    const count = 3 * GENERATION + 10
    for (let n = 0; n < count; n++) add(orders, first + BigInt(n), terms(n))
    // Collected before they are compared: an assertion each takes longer than everything else.
    const wrong: number[] = []
    for (let n = 0; n < count; n++) {
      const qty = orders.get(first + BigInt(n))?.terms.qty
      if (n >= count - GENERATION ? qty !== n + 0.5 : n < count - 2 * GENERATION && qty !== undefined) wrong.push(n)
    }
    expect(wrong).toEqual([])
  })

  it.each([1n, 256n, 65_536n, 1n << 32n])('stays quick for ids that count in steps of %s', (step) => {
    const orders = new SentOrders()
    const mask = 2n ** 64n - 1n
    for (let n = 0; n < GENERATION; n++) add(orders, (BigInt(n) * step) & mask, terms(n))
    // A hash that the steps defeat would compare billions of ids here and not come to an end.
    let known = 0
    for (let n = 0; n < GENERATION; n++) if (orders.get((BigInt(n) * step) & mask)?.terms.qty === n + 0.5) known += 1
    expect(known).toBe(GENERATION)
  })
})
