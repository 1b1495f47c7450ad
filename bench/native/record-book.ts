/**
 * A book straight from a connector's records, by the rules of its protocol and nothing else: a second opinion for
 * tests and measurements, independent of the books of the package.
 */
import { EventFlag, EventKind, RecordKind, type RecordView } from '../../src/connectors/hft/native/types.js'

export type Levels = readonly (readonly [tick: number, qty: number])[]

export class RecordBook {
  readonly #tickSize: number
  readonly #bids = new Map<number, number>()
  readonly #asks = new Map<number, number>()
  /** A registration batch begins: its first snapshot record empties the book, for it does not say "clear". */
  #isRebuilding = false

  constructor(tickSize: number) {
    this.#tickSize = tickSize
  }

  apply(records: RecordView, i: number): void {
    const kind = records.kind(i)
    if (kind === RecordKind.BATCH_START && records.isAddressed(i)) this.#isRebuilding = true
    if (kind !== RecordKind.FEED) return
    const side = (records.ev(i) & EventFlag.BUY) !== 0 ? this.#bids : this.#asks
    const tick = Math.round(records.px(i) / this.#tickSize)
    switch (records.eventKind(i)) {
      case EventKind.DEPTH_SNAPSHOT:
        if (this.#isRebuilding) {
          this.#isRebuilding = false
          this.#bids.clear()
          this.#asks.clear()
        }
        side.set(tick, records.qty(i))
        return
      case EventKind.DEPTH:
      case EventKind.BBO:
        if (records.qty(i) === 0) side.delete(tick)
        else side.set(tick, records.qty(i))
        return
      case EventKind.DEPTH_CLEAR:
        side.clear()
        return
      default:
    }
  }

  get bids(): Levels {
    return [...this.#bids].sort(([a], [b]) => b - a)
  }

  get asks(): Levels {
    return [...this.#asks].sort(([a], [b]) => a - b)
  }
}
