/**
 * Candle streams: frames of the forming candle at the venue's cadence, then exactly one closing frame 5 to 2000 ms
 * after the interval ended (seen in captures: 5 to 2005 ms). Nothing of the next candle is sent before it.
 */
import type { CandleInterval } from '../../../types/stream.js'
import type { Bar } from '../bar.js'
import { RunningCandle } from '../candle-series.js'
import { textHash } from '../hash.js'
import type { Instrument, StreamTimer } from '../instrument.js'
import { intervalOpen, nextIntervalOpen } from '../intervals.js'
import { type CandleFrame, continuousKlinePayload, klinePayload } from '../payload/candle-payloads.js'
import type { Stamps } from '../payload/stamps.js'
import { type EmitPayload, eventMs, nextDue, type StreamSource } from './stream-source.js'

export interface KlineStreamOptions {
  readonly instrument: Instrument
  readonly stamps: Stamps
  readonly interval: CandleInterval
  readonly zoneMs: number
  /** By pair and contract type, with update ids. */
  readonly isContinuous: boolean
}

export class KlineStream implements StreamSource, StreamTimer {
  dueUs = 0
  readonly #options: KlineStreamOptions
  readonly #candle: RunningCandle
  readonly #periodUs: number
  readonly #isSpot: boolean
  #emit: EmitPayload = () => {}
  #openMs = 0
  #endMs = 0
  #closeUs = 0
  #cadenceUs = 0
  /** Executions later than this have not been shown. */
  #shownUs = 0

  constructor(options: KlineStreamOptions) {
    this.#options = options
    this.#candle = new RunningCandle(options.instrument, options.interval, options.zoneMs)
    this.#isSpot = options.instrument.spec.market === 'spot'
    this.#periodUs = this.#isSpot ? (options.interval === '1s' ? 1_000_000 : 2_000_000) : 250_000
  }

  open(emit: EmitPayload): void {
    const { instrument, interval, zoneMs } = this.#options
    const nowUs = instrument.nowUs
    this.#emit = emit
    this.#begin(intervalOpen(interval, nowUs / 1000, zoneMs))
    // Just after a boundary the previous candle may still be waiting for its closing frame.
    const previousOpenMs = intervalOpen(interval, this.#openMs - 1, zoneMs)
    const previousCloseUs = this.#closingTimeUs(previousOpenMs, this.#openMs)
    const lastCadenceUs = nextDue(nowUs, this.#periodUs, instrument.phaseUs) - this.#periodUs
    if (previousCloseUs > nowUs) this.#begin(previousOpenMs)
    else if (lastCadenceUs > previousCloseUs) this.#shownUs = Math.max(this.#shownUs, lastCadenceUs)
    this.#schedule(nowUs)
    instrument.addTimer(this)
  }

  close(): void {
    this.#options.instrument.removeTimer(this)
    this.#emit = () => {}
  }

  fire(): void {
    const timeUs = this.dueUs
    if (timeUs === this.#closeUs) {
      this.#sendClosed(timeUs)
      this.#begin(this.#endMs)
    } else {
      this.#sendForming(timeUs)
    }
    this.#schedule(timeUs)
  }

  #sendForming(timeUs: number): void {
    const { instrument } = this.#options
    const isDue = this.#isSpot || instrument.lastTradeUs > this.#shownUs
    this.#shownUs = timeUs
    if (!isDue) return
    const bar = this.#candle.at(this.#openMs, timeUs)
    // Futures says nothing about a candle before its first execution.
    if (this.#isSpot || bar.count > 0) this.#send(timeUs, bar, false)
  }

  #sendClosed(timeUs: number): void {
    const bar = this.#candle.at(this.#openMs, timeUs)
    if (this.#isSpot || bar.count > 0) this.#send(timeUs, bar, true)
  }

  #send(timeUs: number, bar: Bar, isClosed: boolean): void {
    const { instrument, stamps, interval, isContinuous } = this.#options
    if (!instrument.isTrading) return
    const frame: CandleFrame = { interval, openMs: this.#openMs, endMs: this.#endMs, isClosed }
    const text = isContinuous
      ? continuousKlinePayload(instrument, stamps, timeUs, frame, bar, this.#updateIds(timeUs))
      : klinePayload(instrument, stamps, timeUs, frame, bar)
    this.#emit(text, { openTime: this.#openMs, closed: isClosed, E: eventMs(timeUs) })
  }

  #updateIds(timeUs: number): { first: number; last: number } {
    const { journal, lastUpdateId } = this.#options.instrument
    const from = journal.positionAfterTime(this.#openMs * 1000)
    const to = journal.positionAfterTime(Math.min(timeUs, this.#endMs * 1000 - 1))
    return from >= to
      ? { first: lastUpdateId, last: lastUpdateId }
      : { first: journal.idAt(from), last: journal.idAt(to - 1) }
  }

  #begin(openMs: number): void {
    const { interval, zoneMs } = this.#options
    this.#openMs = openMs
    this.#endMs = nextIntervalOpen(interval, openMs, zoneMs)
    this.#closeUs = this.#closingTimeUs(openMs, this.#endMs)
    this.#shownUs = openMs * 1000 - 1
  }

  /** Differs from candle to candle, and is the same for everybody who asks. */
  #closingTimeUs(openMs: number, endMs: number): number {
    const { instrument, interval } = this.#options
    const spread = interval === '1s' ? 400 : 1995
    return (endMs + 5 + (textHash(`${instrument.spec.symbol}/${interval}/${openMs}`) % spread)) * 1000
  }

  #schedule(timeUs: number): void {
    this.#cadenceUs = nextDue(timeUs, this.#periodUs, this.#options.instrument.phaseUs)
    // Between the end of the interval and its closing frame the stream is silent.
    this.dueUs = this.#cadenceUs < this.#endMs * 1000 ? this.#cadenceUs : this.#closeUs
  }
}
