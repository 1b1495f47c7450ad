/** Window statistics of one symbol at a cadence. */
import type { Instrument } from '../instrument.js'
import type { Stamps } from '../payload/stamps.js'
import { avgPricePayload, miniTickerPayload, tickerPayload, windowTickerPayload } from '../payload/ticker-payloads.js'
import { averageBar, RollingWindow, type WindowStats } from '../rolling-window.js'
import { CadenceStream, eventMs } from './stream-source.js'

export const DAY_MS = 86_400_000

/** The 24 h window as the market keeps it: to the ms on spot, from a whole minute on futures. */
export function dayWindow(instrument: Instrument): RollingWindow {
  return new RollingWindow(instrument, DAY_MS, instrument.spec.market === 'spot')
}

type WindowPayload = (instrument: Instrument, stamps: Stamps, timeUs: number, stats: WindowStats) => string

class WindowStream extends CadenceStream {
  readonly #window: RollingWindow
  readonly #payload: WindowPayload

  constructor(instrument: Instrument, stamps: Stamps, periodMs: number, window: RollingWindow, payload: WindowPayload) {
    super(instrument, stamps, periodMs)
    this.#window = window
    this.#payload = payload
  }

  protected override send(timeUs: number): void {
    const text = this.#payload(this.instrument, this.stamps, timeUs, this.#window.at(timeUs))
    this.emit(text, { E: eventMs(timeUs) })
  }
}

export function tickerStream(instrument: Instrument, stamps: Stamps, periodMs: number): CadenceStream {
  return new WindowStream(instrument, stamps, periodMs, dayWindow(instrument), tickerPayload)
}

export function miniTickerStream(instrument: Instrument, stamps: Stamps, periodMs: number): CadenceStream {
  return new WindowStream(instrument, stamps, periodMs, dayWindow(instrument), miniTickerPayload)
}

export const WINDOW_LENGTHS_MS: Readonly<Record<string, number>> = {
  '1h': 3_600_000,
  '4h': 14_400_000,
  '1d': DAY_MS,
}

export function windowTickerStream(instrument: Instrument, stamps: Stamps, label: string): CadenceStream {
  const window = new RollingWindow(instrument, WINDOW_LENGTHS_MS[label]!, false)
  return new WindowStream(instrument, stamps, 1000, window, (of, with_, timeUs, stats) =>
    windowTickerPayload(of, with_, timeUs, stats, label),
  )
}

export class AvgPriceStream extends CadenceStream {
  protected override send(timeUs: number): void {
    const bar = averageBar(this.instrument, 5, timeUs)
    this.emit(avgPricePayload(this.instrument, this.stamps, timeUs, bar), { E: eventMs(timeUs) })
  }
}

/** A price free of short moves: the average of one minute, on the tick grid. */
export class ReferencePriceStream extends CadenceStream {
  protected override send(timeUs: number): void {
    const { instrument, stamps } = this
    const bar = averageBar(instrument, 1, timeUs)
    const ticks = Math.round((bar.open + bar.close) / 2)
    this.emit(
      `{"e":"referencePrice","s":${instrument.text.symbolJson},"r":"${instrument.text.price(ticks)}","t":${stamps.time(timeUs)}}`,
      { E: eventMs(timeUs) },
    )
  }
}
