/** Minute candles of a price that is only sampled: mark and index. */
import { MINUTE_MS } from './intervals.js'

const MINUTE_US = MINUTE_MS * 1000
const KEEP_MINUTES = 3000

export interface ReferenceBar {
  /** Minute since the epoch. */
  readonly minute: number
  open: number
  high: number
  low: number
  close: number
  /** Number of samples. */
  count: number
}

export class ReferenceBars {
  readonly #bars: ReferenceBar[]

  constructor(startUs: number, units: number) {
    this.#bars = [
      { minute: Math.floor(startUs / MINUTE_US), open: units, high: units, low: units, close: units, count: 0 },
    ]
  }

  /** Minutes since the start, oldest first; the last one is unfinished. */
  get bars(): readonly ReferenceBar[] {
    return this.#bars
  }

  add(timeUs: number, units: number): void {
    const minute = Math.floor(timeUs / MINUTE_US)
    const last = this.#bars[this.#bars.length - 1]!
    if (minute > last.minute) {
      this.#bars.push({ minute, open: units, high: units, low: units, close: units, count: 1 })
      if (this.#bars.length > KEEP_MINUTES) this.#bars.splice(0, KEEP_MINUTES / 2)
      return
    }
    last.high = Math.max(last.high, units)
    last.low = Math.min(last.low, units)
    last.close = units
    last.count++
  }
}
