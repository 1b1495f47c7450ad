/**
 * Statistics over the last 24 hours (or 1 or 4).
 *
 * Spot's 24 h window begins exactly 24 h before its end. Futures and the shorter windows begin on a minute, up to
 * 59 999 ms earlier, and say so in their open time. Where the executions of the first minute are no longer known,
 * the exact window falls back to the minute, too.
 */
import { Bar } from './bar.js'
import { addTrades } from './candle-series.js'
import type { Instrument } from './instrument.js'
import { MINUTE_MS } from './intervals.js'
import { tradesBetween } from './trade-history.js'
import type { TradeRecord } from './trade-log.js'

const MINUTE_US = MINUTE_MS * 1000

export interface WindowStats {
  openTimeMs: number
  closeTimeMs: number
  readonly bar: Bar
  /** Last price before the window, in ticks. */
  previousClose: number
}

export class RollingWindow {
  readonly #instrument: Instrument
  readonly #lengthUs: number
  readonly #isExact: boolean
  /** Whole minutes strictly inside the window, without the first and the current one. */
  readonly #inner = new Bar()
  #innerFrom = -1
  #innerTo = -1
  #edgeMinute = -1
  #edgeTrades: readonly TradeRecord[] | null = null
  readonly #stats: WindowStats = { openTimeMs: 0, closeTimeMs: 0, bar: new Bar(), previousClose: 0 }

  constructor(instrument: Instrument, lengthMs: number, isExact: boolean) {
    this.#instrument = instrument
    this.#lengthUs = lengthMs * 1000
    this.#isExact = isExact
  }

  /** The result is reused by the next call. */
  at(nowUs: number): WindowStats {
    const { bars } = this.#instrument
    bars.warm()
    bars.rollTo(nowUs)
    const fromUs = nowUs - this.#lengthUs
    const edge = Math.floor(fromUs / MINUTE_US)
    this.#foldInner(edge + 1, bars.currentMinute)

    const stats = this.#stats
    const { bar } = stats
    stats.closeTimeMs = Math.floor(nowUs / 1000)
    stats.openTimeMs = Math.floor(fromUs / 1000)
    bar.reset(bars.closeBefore(edge))
    stats.previousClose = bar.close
    const trades = this.#isExact ? this.#tradesOfEdge(edge) : null
    if (trades === null) {
      stats.openTimeMs = edge * MINUTE_MS
      bars.fold(bar, edge, edge + 1)
    } else {
      // The window of millisecond O holds trades from O on, as the times on the wire say.
      const openUs = stats.openTimeMs * 1000
      const inside = trades.filter((trade) => trade.timeUs >= openUs)
      const before = trades[trades.length - inside.length - 1]
      if (before !== undefined) {
        stats.previousClose = before.price
        bar.reset(before.price)
      }
      addTrades(bar, this.#instrument, inside)
    }
    const last = bar.close
    bar.addBar(this.#inner)
    bar.addBar(bars.current)
    if (bar.count === 0) bar.reset(last)
    return stats
  }

  #foldInner(from: number, to: number): void {
    if (from === this.#innerFrom && to === this.#innerTo) return
    this.#innerFrom = from
    this.#innerTo = to
    const { bars } = this.#instrument
    this.#inner.reset(bars.closeBefore(from))
    bars.fold(this.#inner, from, to)
  }

  #tradesOfEdge(minute: number): readonly TradeRecord[] | null {
    if (minute !== this.#edgeMinute) {
      this.#edgeMinute = minute
      const trades = tradesBetween(this.#instrument, minute * MINUTE_US, (minute + 1) * MINUTE_US)
      this.#edgeTrades = trades?.filter((trade) => trade.aggregateId >= 0) ?? null
    }
    return this.#edgeTrades
  }
}

/** Average price over the last minutes: value over quantity, or the last price without trades. */
export function averageBar(instrument: Instrument, minutes: number, nowUs: number): Bar {
  const { bars } = instrument
  bars.warm()
  bars.rollTo(nowUs)
  const bar = new Bar().reset(bars.current.close)
  bars.fold(bar, bars.currentMinute - minutes + 1, bars.currentMinute)
  bar.addBar(bars.current)
  return bar
}
