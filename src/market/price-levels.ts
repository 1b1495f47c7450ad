/**
 * Levels of one order book side as a read-only window on packed numbers: `price, qty, price, qty, …`.
 *
 * Bids and asks of one message share one array, so a message with twenty levels a side costs one array and
 * two small views instead of forty objects. Whoever builds a view hands the array over and forgets it: a
 * view is never changed after it is published.
 */
import type { PriceLevel, PriceLevels } from '../types/order-book.js'

export class PackedPriceLevels implements PriceLevels {
  readonly length: number
  readonly #numbers: readonly number[]
  /** Index of the first price in the array. */
  readonly #from: number

  /** A view on `length` levels of `numbers`, whose first price is at `from`. Takes ownership of the array. */
  constructor(numbers: readonly number[], from: number, length: number) {
    this.#numbers = numbers
    this.#from = from
    this.length = length
  }

  price(index: number): number {
    return this.#has(index) ? (this.#numbers[this.#from + 2 * index] as number) : Number.NaN
  }

  qty(index: number): number {
    return this.#has(index) ? (this.#numbers[this.#from + 2 * index + 1] as number) : Number.NaN
  }

  at(index: number): PriceLevel | undefined {
    return this.#has(index) ? { price: this.price(index), qty: this.qty(index) } : undefined
  }

  *[Symbol.iterator](): Iterator<PriceLevel> {
    for (let index = 0; index < this.length; index++) yield { price: this.price(index), qty: this.qty(index) }
  }

  toArray(): PriceLevel[] {
    const levels: PriceLevel[] = []
    for (let index = 0; index < this.length; index++) levels.push({ price: this.price(index), qty: this.qty(index) })
    return levels
  }

  toJSON(): PriceLevel[] {
    return this.toArray()
  }

  /** Also false for a fraction or NaN, which would otherwise read a quantity as a price. */
  #has(index: number): boolean {
    return index >= 0 && index < this.length && Number.isInteger(index)
  }
}

/** Both sides as views on one array that holds `bidCount` levels, then the asks. Takes ownership of the array. */
export function splitPriceLevels(
  numbers: readonly number[],
  bidCount: number,
): { readonly bids: PackedPriceLevels; readonly asks: PackedPriceLevels } {
  return {
    bids: new PackedPriceLevels(numbers, 0, bidCount),
    asks: new PackedPriceLevels(numbers, 2 * bidCount, numbers.length / 2 - bidCount),
  }
}

/** A view made from ordinary pairs, best first; for books kept elsewhere and for tests. */
export function packPriceLevels(levels: Iterable<PriceLevel>): PackedPriceLevels {
  const numbers: number[] = []
  for (const level of levels) numbers.push(level.price, level.qty)
  return new PackedPriceLevels(numbers, 0, numbers.length / 2)
}
