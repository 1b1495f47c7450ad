/**
 * Streams over all symbols. Arrays hold only symbols that traded since the last one and come in shards; the futures
 * arrays also carry COIN-M contracts, as at the venue since June 2026.
 */
import type { Instrument } from '../instrument.js'
import { bookTickerPayload } from '../payload/book-payloads.js'
import { assetIndexRow, contractInfoPayload, forceOrderPayload, markPricePayload } from '../payload/futures-payloads.js'
import type { Stamps } from '../payload/stamps.js'
import { miniTickerPayload, tickerPayload, windowTickerPayload } from '../payload/ticker-payloads.js'
import { RollingWindow, type WindowStats } from '../rolling-window.js'
import {
  type EmitPayload,
  eventMs,
  type MarketTimer,
  type MarketView,
  nextDue,
  type StreamSource,
} from './stream-source.js'
import { dayWindow, WINDOW_LENGTHS_MS } from './ticker-streams.js'

const SHARD_ROWS_MAX = 250

/** Something sent for all symbols on whole multiples of a period. */
abstract class MarketCadence implements StreamSource, MarketTimer {
  dueUs = 0
  protected readonly view: MarketView
  protected readonly stamps: Stamps
  protected readonly periodUs: number
  protected emit: EmitPayload = () => {}

  constructor(view: MarketView, stamps: Stamps, periodMs: number) {
    this.view = view
    this.stamps = stamps
    this.periodUs = periodMs * 1000
  }

  open(emit: EmitPayload): void {
    this.emit = emit
    this.dueUs = nextDue(this.view.nowUs, this.periodUs, 0)
    this.view.addTimer(this)
  }

  close(): void {
    this.view.removeTimer(this)
    this.emit = () => {}
  }

  fire(): void {
    const timeUs = this.dueUs
    this.dueUs += this.periodUs
    this.send(timeUs)
  }

  protected abstract send(timeUs: number): void

  protected sendArrays(timeUs: number, rows: readonly string[]): void {
    for (let start = 0; start < rows.length; start += SHARD_ROWS_MAX) {
      this.emit(`[${rows.slice(start, start + SHARD_ROWS_MAX).join(',')}]`, { E: eventMs(timeUs) })
    }
  }

  protected traded(timeUs: number): readonly Instrument[] {
    return this.view.instruments.filter(({ lastTradeUs }) => lastTradeUs > timeUs - this.periodUs)
  }
}

type WindowPayload = (instrument: Instrument, stamps: Stamps, timeUs: number, stats: WindowStats) => string

class WindowArrayStream extends MarketCadence {
  readonly #windowOf: (instrument: Instrument) => RollingWindow
  readonly #payload: WindowPayload
  readonly #windows = new Map<Instrument, RollingWindow>()

  constructor(
    view: MarketView,
    stamps: Stamps,
    windowOf: (instrument: Instrument) => RollingWindow,
    payload: WindowPayload,
  ) {
    super(view, stamps, 1000)
    this.#windowOf = windowOf
    this.#payload = payload
  }

  protected override send(timeUs: number): void {
    const rows = this.traded(timeUs).map((instrument) => {
      let window = this.#windows.get(instrument)
      if (window === undefined) {
        window = this.#windowOf(instrument)
        this.#windows.set(instrument, window)
      }
      return this.#payload(instrument, this.stamps, timeUs, window.at(timeUs))
    })
    this.sendArrays(timeUs, rows)
  }
}

export function tickerArray(view: MarketView, stamps: Stamps): StreamSource {
  return new WindowArrayStream(view, stamps, dayWindow, tickerPayload)
}

export function miniTickerArray(view: MarketView, stamps: Stamps): StreamSource {
  return new WindowArrayStream(view, stamps, dayWindow, miniTickerPayload)
}

export function windowTickerArray(view: MarketView, stamps: Stamps, label: string): StreamSource {
  return new WindowArrayStream(
    view,
    stamps,
    (instrument) => new RollingWindow(instrument, WINDOW_LENGTHS_MS[label]!, false),
    (instrument, unit, timeUs, stats) => windowTickerPayload(instrument, unit, timeUs, stats, label),
  )
}

/** Two frames a time, as at the venue: ordinary perpetual contracts, then all others. */
export class MarkPriceArrayStream extends MarketCadence {
  protected override send(timeUs: number): void {
    const isOrdinary = ({ spec }: Instrument): boolean => spec.contractType === 'PERPETUAL' && spec.contractClass === 1
    const row = (instrument: Instrument): string => markPricePayload(instrument, this.stamps, timeUs)
    const { instruments } = this.view
    this.sendArrays(timeUs, instruments.filter(isOrdinary).map(row))
    this.sendArrays(timeUs, instruments.filter((instrument) => !isOrdinary(instrument)).map(row))
  }
}

/** The best prices that changed within five seconds, one payload per symbol. */
export class BookTickerArrayStream extends MarketCadence {
  constructor(view: MarketView, stamps: Stamps) {
    super(view, stamps, 5000)
  }

  protected override send(timeUs: number): void {
    for (const instrument of this.view.instruments) {
      if (instrument.lastChangeUs <= timeUs - this.periodUs) continue
      const text = bookTickerPayload(instrument, this.stamps, instrument.lastChangeUs)
      this.emit(text, { u: instrument.lastUpdateId, E: eventMs(instrument.lastChangeUs) })
    }
  }
}

/** The latest forced order of each symbol and second, one payload each. */
export class ForceOrderArrayStream extends MarketCadence {
  constructor(view: MarketView, stamps: Stamps) {
    super(view, stamps, 1000)
  }

  protected override send(timeUs: number): void {
    for (const instrument of this.view.instruments) {
      const order = instrument.futures?.lastForced ?? null
      if (order === null || order.timeUs <= timeUs - this.periodUs) continue
      this.emit(forceOrderPayload(instrument, this.stamps, timeUs, order, true), { E: eventMs(timeUs) })
    }
  }
}

/** Indices of margin assets; `asset` picks one, e.g. `btcusd`. */
export class AssetIndexStream extends MarketCadence {
  readonly #asset: string | null

  constructor(view: MarketView, stamps: Stamps, asset: string | null) {
    super(view, stamps, 1000)
    this.#asset = asset
  }

  protected override send(timeUs: number): void {
    const instruments = assetInstruments(this.view.instruments)
    const wanted = instruments.filter(({ spec }) => this.#asset === null || `${spec.base}USD` === this.#asset)
    const rows = wanted.map((instrument) => assetIndexRow(instrument, this.stamps, timeUs))
    if (this.#asset === null) this.sendArrays(timeUs, rows)
    else for (const row of rows) this.emit(row, { E: eventMs(timeUs) })
  }
}

/** One perpetual contract per base asset that can be margin. */
export function assetInstruments(instruments: readonly Instrument[]): readonly Instrument[] {
  return instruments.filter(
    ({ spec }) => spec.contractType === 'PERPETUAL' && spec.contractClass === 1 && spec.quote === 'USDT',
  )
}

/** Leverage brackets by notional; the numbers follow the venue's table for majors. */
export const LEVERAGE_BRACKETS: readonly (readonly [number, number, number, number])[] = [
  [0, 50_000, 0.004, 125],
  [50_000, 600_000, 0.005, 100],
  [600_000, 3_000_000, 0.0065, 75],
  [3_000_000, 12_000_000, 0.01, 50],
  [12_000_000, 70_000_000, 0.02, 25],
]

/** Listings, changes of status, and new leverage brackets, as they happen. */
export class ContractInfoStream implements StreamSource {
  readonly #view: MarketView
  readonly #stamps: Stamps
  #leave: (() => void) | null = null

  constructor(view: MarketView, stamps: Stamps) {
    this.#view = view
    this.#stamps = stamps
  }

  open(emit: EmitPayload): void {
    this.#leave = this.#view.onContractInfo((instrument, hasNewBrackets) => {
      const timeUs = this.#view.nowUs
      const brackets = hasNewBrackets ? LEVERAGE_BRACKETS : null
      emit(contractInfoPayload(instrument, this.#stamps, timeUs, brackets), { E: eventMs(timeUs) })
    })
  }

  close(): void {
    this.#leave?.()
    this.#leave = null
  }
}
