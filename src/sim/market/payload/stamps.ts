/** How times are printed: the unit a client asked for, and a venue clock that may be wrong. */
import type { TimeUnit } from '../../market-source.js'

/** Error of the venue's clock, shared by all stamps of a market and adjustable while it runs. */
export interface ClockError {
  skewUs: number
}

export class Stamps {
  readonly unit: TimeUnit
  readonly #error: ClockError

  constructor(unit: TimeUnit, error: ClockError) {
    this.unit = unit
    this.#error = error
  }

  /** A time of the market history. */
  time(timeUs: number): number {
    return this.unit === 'us' ? timeUs : Math.floor(timeUs / 1000)
  }

  /** A candle or window boundary, known in ms. */
  boundary(timeMs: number): number {
    return this.unit === 'us' ? timeMs * 1000 : timeMs
  }

  /** Last instant of an interval that ends just before `endMs`. */
  lastBefore(endMs: number): number {
    return this.unit === 'us' ? endMs * 1000 - 1 : endMs - 1
  }

  /** A time read off the venue's clock: `E`, `serverTime`. */
  event(timeUs: number): number {
    return this.time(timeUs + this.#error.skewUs)
  }
}
