/** What a stream needs to run, and the contract all streams share. */
import type { PayloadIds } from '../../market-source.js'
import type { Instrument, StreamTimer } from '../instrument.js'
import type { Stamps } from '../payload/stamps.js'

export type EmitPayload = (text: string, ids: PayloadIds) => void

/**
 * A stream that somebody listens to. What it sends is a function of the market history alone: opened at another
 * moment it would send the same payloads at the same times.
 */
export interface StreamSource {
  open(emit: EmitPayload): void
  close(): void
}

/** A market-wide timer, served after all instruments reached its time. */
export interface MarketTimer {
  dueUs: number
  fire(): void
}

/** The market as streams of all symbols see it. */
export interface MarketView {
  /** Instruments that trade, in listing order; COIN-M contracts last. */
  readonly instruments: readonly Instrument[]
  readonly nowUs: number
  addTimer(timer: MarketTimer): void
  removeTimer(timer: MarketTimer): void
  onContractInfo(listener: (instrument: Instrument, hasNewBrackets: boolean) => void): () => void
}

/** First time after `nowUs` on a grid with this period and offset. */
export function nextDue(nowUs: number, periodUs: number, offsetUs: number): number {
  return (Math.floor((nowUs - offsetUs) / periodUs) + 1) * periodUs + offsetUs
}

/** Event time in whole ms for the oracle, whatever unit the payload prints. */
export function eventMs(timeUs: number): number {
  return Math.floor(timeUs / 1000)
}

/** A stream of one instrument that sends at a fixed cadence. */
export abstract class CadenceStream implements StreamSource, StreamTimer {
  dueUs = 0
  protected readonly instrument: Instrument
  protected readonly stamps: Stamps
  protected readonly periodUs: number
  protected emit: EmitPayload = () => {}

  constructor(instrument: Instrument, stamps: Stamps, periodMs: number) {
    this.instrument = instrument
    this.stamps = stamps
    this.periodUs = periodMs * 1000
  }

  open(emit: EmitPayload, nowUs: number = this.now()): void {
    this.emit = emit
    this.dueUs = nextDue(nowUs, this.periodUs, this.instrument.phaseUs)
    this.instrument.addTimer(this)
  }

  close(): void {
    this.instrument.removeTimer(this)
    this.emit = () => {}
  }

  fire(): void {
    const timeUs = this.dueUs
    this.dueUs += this.periodUs
    if (this.instrument.isTrading || this.sendsWhileHalted) this.send(timeUs)
  }

  /** A halted symbol has nothing to say, unless a change from before the halt is still to be told. */
  protected get sendsWhileHalted(): boolean {
    return false
  }

  protected abstract send(timeUs: number): void

  /** The time the instrument has reached. */
  protected now(): number {
    return this.instrument.nowUs
  }
}

/** A stream of one instrument that sends with each operation. */
export abstract class RealTimeStream implements StreamSource {
  protected readonly instrument: Instrument
  protected readonly stamps: Stamps
  protected emit: EmitPayload = () => {}
  readonly #watcher = (): void => this.send()

  constructor(instrument: Instrument, stamps: Stamps) {
    this.instrument = instrument
    this.stamps = stamps
  }

  open(emit: EmitPayload): void {
    this.emit = emit
    this.prepare()
    this.instrument.addWatcher(this.#watcher)
  }

  close(): void {
    this.instrument.removeWatcher(this.#watcher)
    this.emit = () => {}
  }

  /** Takes note of the state before the first operation. */
  protected prepare(): void {}

  protected abstract send(): void
}
