/** Open, high, low, close and sums over some executions: one candle in the making, in ticks, lots and exact sums. */
import { WideSum } from './decimal.js'

/** Columns of a stored minute: one row of numbers in one array. */
export const BarColumn = {
  OPEN: 0,
  HIGH: 1,
  LOW: 2,
  CLOSE: 3,
  LOTS: 4,
  VALUE: 5,
  COUNT: 6,
  BUY_LOTS: 7,
  BUY_VALUE: 8,
  FIRST_ID: 9,
  LAST_ID: 10,
} as const
export const BAR_COLUMNS = 11

export class Bar {
  open = 0
  high = 0
  low = 0
  close = 0
  lots = 0
  /** Price times quantity, in the instrument's value units. */
  readonly value: WideSum = new WideSum()
  count = 0
  /** Lots and value where the taker bought. */
  buyLots = 0
  readonly buyValue: WideSum = new WideSum()
  /** -1 while empty. */
  firstId = -1
  lastId = -1

  /** Empties the bar; without executions it stays flat at `price`. */
  reset(price: number): this {
    this.open = price
    this.high = price
    this.low = price
    this.close = price
    this.lots = 0
    this.value.set(0)
    this.count = 0
    this.buyLots = 0
    this.buyValue.set(0)
    this.firstId = -1
    this.lastId = -1
    return this
  }

  addTrade(id: number, price: number, lots: number, value: number, takerBought: boolean): void {
    if (this.count === 0) {
      this.open = price
      this.high = price
      this.low = price
      this.firstId = id
    } else if (price > this.high) this.high = price
    else if (price < this.low) this.low = price
    this.close = price
    this.lots += lots
    this.value.add(value)
    this.count++
    if (takerBought) {
      this.buyLots += lots
      this.buyValue.add(value)
    }
    this.lastId = id
  }

  /** Adds a later stored bar. */
  addRow(rows: Float64Array, offset: number): void {
    const count = rows[offset + BarColumn.COUNT]!
    if (count === 0) return
    this.#extend(
      rows[offset + BarColumn.OPEN]!,
      rows[offset + BarColumn.HIGH]!,
      rows[offset + BarColumn.LOW]!,
      rows[offset + BarColumn.CLOSE]!,
      rows[offset + BarColumn.FIRST_ID]!,
      rows[offset + BarColumn.LAST_ID]!,
    )
    this.lots += rows[offset + BarColumn.LOTS]!
    this.value.add(rows[offset + BarColumn.VALUE]!)
    this.count += count
    this.buyLots += rows[offset + BarColumn.BUY_LOTS]!
    this.buyValue.add(rows[offset + BarColumn.BUY_VALUE]!)
  }

  /** Adds a later bar. */
  addBar(bar: Bar): void {
    if (bar.count === 0) return
    this.#extend(bar.open, bar.high, bar.low, bar.close, bar.firstId, bar.lastId)
    this.lots += bar.lots
    this.value.addSum(bar.value)
    this.count += bar.count
    this.buyLots += bar.buyLots
    this.buyValue.addSum(bar.buyValue)
  }

  copy(bar: Bar): this {
    this.reset(bar.open)
    this.addBar(bar)
    return this
  }

  /** Writes the bar as a row; a minute's sums are far below 2^53. */
  writeRow(rows: Float64Array, offset: number): void {
    rows[offset + BarColumn.OPEN] = this.open
    rows[offset + BarColumn.HIGH] = this.high
    rows[offset + BarColumn.LOW] = this.low
    rows[offset + BarColumn.CLOSE] = this.close
    rows[offset + BarColumn.LOTS] = this.lots
    rows[offset + BarColumn.VALUE] = Number(this.value.toBigInt())
    rows[offset + BarColumn.COUNT] = this.count
    rows[offset + BarColumn.BUY_LOTS] = this.buyLots
    rows[offset + BarColumn.BUY_VALUE] = Number(this.buyValue.toBigInt())
    rows[offset + BarColumn.FIRST_ID] = this.firstId
    rows[offset + BarColumn.LAST_ID] = this.lastId
  }

  #extend(open: number, high: number, low: number, close: number, firstId: number, lastId: number): void {
    if (this.count === 0) {
      this.open = open
      this.high = high
      this.low = low
      this.firstId = firstId
    } else {
      if (high > this.high) this.high = high
      if (low < this.low) this.low = low
    }
    this.close = close
    this.lastId = lastId
  }
}
