/**
 * The grid that prices of one instrument lie on, found from the prices themselves: price = tick * mantissa /
 * 10^decimals. Whole ticks index a ladder, and going back to the price is exact, because the product is a whole
 * number below 2^53 and one IEEE division rounds once: the same value as `Number(text)` of the venue's decimal.
 * Multiplying by a fractional tick size would be off by a bit for every seventh price.
 */

const DECIMALS_MAX = 12
/** Room below 2^53, so that the rounding error of `price * scale` never reaches half a tick. */
const UNITS_MAX = 2 ** 51

export class PriceGrid {
  /** Tick size is `mantissa / scale`. */
  readonly mantissa: number
  readonly scale: number

  constructor(mantissa: number, decimals: number) {
    this.mantissa = mantissa
    this.scale = 10 ** decimals
  }

  /** Tick of a price, or `NaN` when the price is not on this grid. */
  tickOf(price: number): number {
    const tick = Math.round((price * this.scale) / this.mantissa)
    return (tick * this.mantissa) / this.scale === price ? tick : Number.NaN
  }

  priceOf(tick: number): number {
    return (tick * this.mantissa) / this.scale
  }

  get tickSize(): number {
    return this.mantissa / this.scale
  }
}

/**
 * The coarsest decimal grid that holds all prices, or `null` when none with at most 12 decimals does. With few
 * prices the grid may be coarser than the venue's tick; a later price off the grid asks for a new one.
 */
export function inferGrid(prices: Iterable<number>): PriceGrid | null {
  const all = [...prices]
  let decimals = 0
  for (const price of all) {
    while (!isWhole(price, decimals)) {
      if (++decimals > DECIMALS_MAX) return null
    }
  }
  const scale = 10 ** decimals
  let mantissa = 0
  for (const price of all) mantissa = greatestCommonDivisor(mantissa, Math.round(price * scale))
  return new PriceGrid(mantissa === 0 ? 1 : mantissa, decimals)
}

function isWhole(price: number, decimals: number): boolean {
  const scale = 10 ** decimals
  const units = Math.round(price * scale)
  return units <= UNITS_MAX && units / scale === price
}

function greatestCommonDivisor(a: number, b: number): number {
  let left = a
  let right = b
  while (right !== 0) {
    const rest = left % right
    left = right
    right = rest
  }
  return left
}
