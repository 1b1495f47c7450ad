/** Candles of one interval, folded from minutes (from executions for seconds). */
import type { CandleInterval } from '../../types/stream.js'
import { Bar } from './bar.js'
import type { Instrument } from './instrument.js'
import { tradeValue } from './instrument-text.js'
import { MINUTE_MS, nextIntervalOpen } from './intervals.js'
import { priceBefore, tradesBetween } from './trade-history.js'

/** Adds executions to a bar; those outside the book do not count. */
export function addTrades(
  bar: Bar,
  instrument: Instrument,
  trades: readonly { id: number; price: number; lots: number; isBuyerMaker: boolean; aggregateId: number }[],
): void {
  for (const { id, price, lots, isBuyerMaker, aggregateId } of trades) {
    if (aggregateId >= 0) bar.addTrade(id, price, lots, tradeValue(instrument.spec, price, lots), !isBuyerMaker)
  }
}

/**
 * The candle that begins at `openMs` as it stands at `nowUs`, complete or not. Written into `into`, which is
 * returned.
 */
export function candleAt(
  instrument: Instrument,
  interval: CandleInterval,
  openMs: number,
  nowUs: number,
  into: Bar,
  zoneMs = 0,
): Bar {
  const { bars } = instrument
  bars.warm()
  bars.rollTo(nowUs)
  if (interval === '1s') {
    into.reset(priceBefore(instrument, openMs * 1000))
    addTrades(into, instrument, tradesBetween(instrument, openMs * 1000, (openMs + 1000) * 1000) ?? [])
    return into
  }
  const first = openMs / MINUTE_MS
  const end = nextIntervalOpen(interval, openMs, zoneMs) / MINUTE_MS
  into.reset(bars.closeBefore(first))
  bars.fold(into, first, end)
  if (bars.currentMinute >= first && bars.currentMinute < end) into.addBar(bars.current)
  return into
}

/**
 * The running candle of a stream: remembers what it folded, so that a month costs no more than a minute.
 */
export class RunningCandle {
  readonly #instrument: Instrument
  readonly #interval: CandleInterval
  readonly #zoneMs: number
  readonly #folded = new Bar()
  readonly #shown = new Bar()
  #openMs = Number.NaN
  #foldedTo = 0

  constructor(instrument: Instrument, interval: CandleInterval, zoneMs: number) {
    this.#instrument = instrument
    this.#interval = interval
    this.#zoneMs = zoneMs
  }

  /** As `candleAt`; the bar is valid until the next call. */
  at(openMs: number, nowUs: number): Bar {
    if (this.#interval === '1s') return candleAt(this.#instrument, '1s', openMs, nowUs, this.#shown)
    const { bars } = this.#instrument
    bars.warm()
    bars.rollTo(nowUs)
    const first = openMs / MINUTE_MS
    const end = nextIntervalOpen(this.#interval, openMs, this.#zoneMs) / MINUTE_MS
    if (openMs !== this.#openMs) {
      this.#openMs = openMs
      this.#foldedTo = first
      this.#folded.reset(bars.closeBefore(first))
    }
    const to = Math.min(end, bars.currentMinute)
    bars.fold(this.#folded, this.#foldedTo, to)
    this.#foldedTo = Math.max(this.#foldedTo, to)
    this.#shown.copy(this.#folded)
    if (bars.currentMinute >= first && bars.currentMinute < end) this.#shown.addBar(bars.current)
    return this.#shown
  }
}
