/** Diff depth, partial depth, best bid and offer. */
import { Side } from '../../match/index.js'
import type { LevelKey } from '../change-journal.js'
import type { Instrument } from '../instrument.js'
import { bookTickerPayload, diffPayload, partialPayload } from '../payload/book-payloads.js'
import type { Stamps } from '../payload/stamps.js'
import { CadenceStream, eventMs, RealTimeStream } from './stream-source.js'

/**
 * First and last change of the interval that ends now, and the last one before it. An interval in which ids began
 * again is told under the new ones, changes from before included: no diff may leave levels out.
 */
function intervalIds(
  instrument: Instrument,
  timeUs: number,
  periodUs: number,
): { from: number; to: number; U: number; u: number; pu: number } {
  const { journal, firstUpdateId, lastUpdateId, spec } = instrument
  const from = journal.positionAfterTime(timeUs - periodUs)
  const to = journal.end
  const restart = journal.epochWithin(from, to)
  const pu = restart ?? journal.idBefore(from) ?? firstUpdateId
  if (from === to) return { from, to, U: lastUpdateId, u: lastUpdateId, pu }
  // Spot numbers its own changes without holes; futures ids have holes between intervals, too.
  const U = spec.market === 'spot' || restart !== null ? pu + 1 : journal.idAt(from)
  return { from, to, U, u: journal.idAt(to - 1), pu }
}

export class DiffDepthStream extends CadenceStream {
  readonly #keys: LevelKey[] = []

  /** Changes between the last diff and the halt: left out, they would be missing from every book for ever. */
  protected override get sendsWhileHalted(): boolean {
    return true
  }

  protected override send(timeUs: number): void {
    const { instrument, stamps, periodUs } = this
    const ids = intervalIds(instrument, timeUs, periodUs)
    if (ids.from === ids.to) return
    instrument.journal.changedKeys(ids.from, ids.to, this.#keys)
    const text = diffPayload(instrument, stamps, timeUs, ids, this.#keys)
    const E = eventMs(timeUs)
    this.emit(
      text,
      instrument.spec.market === 'spot' ? { U: ids.U, u: ids.u, E } : { U: ids.U, u: ids.u, pu: ids.pu, E },
    )
  }
}

export class PartialDepthStream extends CadenceStream {
  readonly #levels: number

  constructor(instrument: Instrument, stamps: Stamps, periodMs: number, levels: number) {
    super(instrument, stamps, periodMs)
    this.#levels = levels
  }

  protected override send(timeUs: number): void {
    const { instrument, stamps, periodUs } = this
    const ids = intervalIds(instrument, timeUs, periodUs)
    const text = partialPayload(instrument, stamps, timeUs, ids, this.#levels)
    const E = eventMs(timeUs)
    this.emit(text, instrument.spec.market === 'spot' ? { u: ids.u, E } : { U: ids.U, u: ids.u, pu: ids.pu, E })
  }
}

/** Sends whenever the best price or quantity of either side changed. */
export class BookTickerStream extends RealTimeStream {
  #bid = 0
  #bidLots = 0
  #ask = 0
  #askLots = 0

  protected override prepare(): void {
    this.#changed()
  }

  protected override send(): void {
    if (!this.#changed()) return
    const { instrument, stamps } = this
    const timeUs = instrument.lastChangeUs
    this.emit(bookTickerPayload(instrument, stamps, timeUs), { u: instrument.lastUpdateId, E: eventMs(timeUs) })
  }

  #changed(): boolean {
    const { book } = this.instrument
    const bid = book.bestPrice(Side.BUY) ?? 0
    const ask = book.bestPrice(Side.SELL) ?? 0
    const bidLots = book.bestLots(Side.BUY)
    const askLots = book.bestLots(Side.SELL)
    const same = bid === this.#bid && ask === this.#ask && bidLots === this.#bidLots && askLots === this.#askLots
    this.#bid = bid
    this.#ask = ask
    this.#bidLots = bidLots
    this.#askLots = askLots
    return !same
  }
}
