/** Levels as a view on packed numbers. */
import { describe, expect, it } from 'vitest'
import { packPriceLevels, splitPriceLevels } from '../../src/market/index.js'

const LEVELS = [
  { price: 100.5, qty: 2 },
  { price: 100.25, qty: 0.125 },
  { price: 99, qty: 7 },
]

describe('price levels', () => {
  it('read by index, by iteration and as JSON the same', () => {
    const levels = packPriceLevels(LEVELS)
    expect(levels.length).toBe(3)
    expect([0, 1, 2].map((index) => ({ price: levels.price(index), qty: levels.qty(index) }))).toEqual(LEVELS)
    expect([0, 1, 2].map((index) => levels.at(index))).toEqual(LEVELS)
    expect([...levels]).toEqual(LEVELS)
    expect(levels.toArray()).toEqual(LEVELS)
    expect(JSON.parse(JSON.stringify(levels))).toEqual(LEVELS)
  })

  it.each([-1, 3, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('have nothing at index %s', (index) => {
    const levels = packPriceLevels(LEVELS)
    expect(levels.price(index)).toBeNaN()
    expect(levels.qty(index)).toBeNaN()
    expect(levels.at(index)).toBeUndefined()
  })

  it('of two sides share one array without touching each other', () => {
    const { bids, asks } = splitPriceLevels([10, 1, 9, 2, 11, 3], 2)
    expect(bids.toArray()).toEqual([
      { price: 10, qty: 1 },
      { price: 9, qty: 2 },
    ])
    expect(asks.toArray()).toEqual([{ price: 11, qty: 3 }])
    expect(bids.at(2)).toBeUndefined()
    expect(asks.at(-1)).toBeUndefined()
  })

  it('may be empty', () => {
    const { bids, asks } = splitPriceLevels([], 0)
    expect([...bids, ...asks]).toEqual([])
    expect(JSON.stringify(bids)).toBe('[]')
  })

  it('hand out pairs that are copies', () => {
    const levels = packPriceLevels(LEVELS)
    const first = levels.at(0) as { price: number }
    first.price = 1
    expect(levels.price(0)).toBe(100.5)
  })
})
