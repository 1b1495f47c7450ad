/**
 * When the candles of one stream must have come: the calendar of its interval, plus the time the venue may take to
 * close a candle. Pure; times are the venue's, in epoch ms.
 */
import { candlesBetween, nextOpenTimeMs, previousOpenTimeMs } from '../../market/candle-interval.js'
import type { CandleInterval } from '../../types/stream.js'

export class CandleTimetable {
  readonly #interval: CandleInterval
  readonly #closeGraceMs: number

  constructor(interval: CandleInterval, closeGraceMs: number) {
    this.#interval = interval
    this.#closeGraceMs = closeGraceMs
  }

  next(openTimeMs: number): number {
    return nextOpenTimeMs(openTimeMs, this.#interval)
  }

  /** Open time of the candle `count` before the one that opens at `openTimeMs`. */
  before(openTimeMs: number, count = 1): number {
    let at = openTimeMs
    for (let step = 0; step < count; step++) at = previousOpenTimeMs(at, this.#interval)
    return at
  }

  /** How many open at or after `from` and before `end`. */
  count(from: number, end: number): number {
    return candlesBetween(from, end, this.#interval)
  }

  /** Time at which the candle must have come. */
  dueMs(openTimeMs: number): number {
    return this.next(openTimeMs) + this.#closeGraceMs
  }

  /** Open time after the last candle from `from` on that is due at `nowMs`; `from` itself when none is. */
  endOfDue(from: number, nowMs: number): number {
    if (this.dueMs(from) > nowMs) return from
    // Months differ in length.
    if (this.#interval === '1M') {
      let end = from
      while (this.dueMs(end) <= nowMs) end = this.next(end)
      return end
    }
    const lengthMs = this.next(from) - from
    return from + (1 + Math.floor((nowMs - this.dueMs(from)) / lengthMs)) * lengthMs
  }
}
