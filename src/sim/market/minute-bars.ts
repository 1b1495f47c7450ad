/**
 * All minutes of one instrument: warm-up minutes before the start, then one row per minute as it ends. Every longer
 * candle and every 24 h statistic is folded from these rows.
 *
 * Warm-up is made on first use: a venue of many symbols starts at once.
 */
import { BAR_COLUMNS, Bar, BarColumn } from './bar.js'
import { MINUTE_MS } from './intervals.js'

const MINUTE_US = MINUTE_MS * 1000

export interface WarmRows {
  /** Consecutive minutes up to and including the minute of the start, which is only partly over. */
  readonly rows: Float64Array<ArrayBuffer>
  readonly count: number
}

export class MinuteBars {
  readonly #keepMax: number
  readonly #makeWarm: () => WarmRows
  readonly #startMinute: number
  /** The minute being built; trades of the start minute's warm part join it when warmed. */
  readonly #current = new Bar()
  #currentMinute: number
  #rows = new Float64Array(BAR_COLUMNS * 16)
  #count = 0
  /** Minute number of the first row. */
  #firstMinute: number
  #isWarm = false

  constructor(startUs: number, startPrice: number, keepMax: number, makeWarm: () => WarmRows) {
    this.#keepMax = keepMax
    this.#makeWarm = makeWarm
    this.#startMinute = Math.floor(startUs / MINUTE_US)
    this.#currentMinute = this.#startMinute
    this.#firstMinute = this.#startMinute
    this.#current.reset(startPrice)
  }

  /** The unfinished minute. Call `rollTo` and `warm` first. */
  get current(): Bar {
    return this.#current
  }

  /** Number of the unfinished minute since the epoch. */
  get currentMinute(): number {
    return this.#currentMinute
  }

  /** Number of the first minute kept. */
  get firstMinute(): number {
    return this.#firstMinute
  }

  get isWarm(): boolean {
    return this.#isWarm
  }

  /** Ends all minutes before the one that holds `timeUs`. */
  rollTo(timeUs: number): void {
    const minute = Math.floor(timeUs / MINUTE_US)
    while (this.#currentMinute < minute) {
      this.#append()
      this.#current.reset(this.#current.close)
      this.#currentMinute++
    }
  }

  addTrade(timeUs: number, id: number, price: number, lots: number, value: number, takerBought: boolean): void {
    if (timeUs >= (this.#currentMinute + 1) * MINUTE_US) this.rollTo(timeUs)
    this.#current.addTrade(id, price, lots, value, takerBought)
  }

  /** Puts the warm-up minutes in front. Cheap after the first call. */
  warm(): void {
    if (this.#isWarm) return
    this.#isWarm = true
    const warm = this.#makeWarm()
    const partial = new Bar().reset(this.#current.open)
    const boundary = (warm.count - 1) * BAR_COLUMNS
    partial.reset(warm.rows[boundary + BarColumn.OPEN]!)
    partial.addRow(warm.rows, boundary)
    // The minute of the start is in two pieces: history before, live after.
    if (this.#currentMinute === this.#startMinute) {
      const live = new Bar().copy(this.#current)
      this.#current.copy(partial)
      this.#current.addBar(live)
    } else {
      const isKept = this.#firstMinute === this.#startMinute
      if (!isKept) return
      const joined = new Bar().copy(partial)
      joined.addRow(this.#rows, 0)
      joined.writeRow(this.#rows, 0)
    }
    const before = warm.count - 1
    const rows = new Float64Array(Math.max(16, (before + this.#count) * 2) * BAR_COLUMNS)
    rows.set(warm.rows.subarray(0, before * BAR_COLUMNS))
    rows.set(this.#rows.subarray(0, this.#count * BAR_COLUMNS), before * BAR_COLUMNS)
    this.#rows = rows
    this.#count += before
    this.#firstMinute = this.#startMinute - before
  }

  /** Adds the ended minutes `[from, to)` that are kept to `bar`. */
  fold(bar: Bar, from: number, to: number): void {
    const first = Math.max(from, this.#firstMinute)
    const end = Math.min(to, this.#currentMinute)
    for (let minute = first; minute < end; minute++) {
      bar.addRow(this.#rows, (minute - this.#firstMinute) * BAR_COLUMNS)
    }
  }

  /** Closing price of the last minute before `minute`, or the first price known. */
  closeBefore(minute: number): number {
    const index = Math.min(minute, this.#currentMinute) - this.#firstMinute - 1
    if (index >= 0) return this.#rows[index * BAR_COLUMNS + BarColumn.CLOSE]!
    return this.#count > 0 ? this.#rows[BarColumn.OPEN]! : this.#current.open
  }

  #append(): void {
    if (this.#count >= this.#keepMax) {
      const drop = Math.ceil(this.#keepMax / 8)
      this.#rows.copyWithin(0, drop * BAR_COLUMNS, this.#count * BAR_COLUMNS)
      this.#count -= drop
      this.#firstMinute += drop
    }
    if ((this.#count + 1) * BAR_COLUMNS > this.#rows.length) {
      const rows = new Float64Array(this.#rows.length * 2)
      rows.set(this.#rows)
      this.#rows = rows
    }
    this.#current.writeRow(this.#rows, this.#count * BAR_COLUMNS)
    this.#count++
  }
}
