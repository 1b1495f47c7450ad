/**
 * The order book of one recorded symbol at the line being played: the recorded snapshot with the recorded
 * diffs applied, in decimal text throughout. It exists so that a client may ask for a snapshot at any moment.
 */
import { type BookLevel, bookHash } from '../oracle/book-hash.js'

/** A recorded or written diff, as far as a book needs it. */
export interface DiffPayload {
  readonly U: number
  readonly u: number
  readonly b: readonly BookLevel[]
  readonly a: readonly BookLevel[]
  readonly E?: number
  readonly T?: number
}

interface SnapshotBody {
  readonly lastUpdateId: number
  readonly bids: readonly BookLevel[]
  readonly asks: readonly BookLevel[]
}

export class RecordedBook {
  /** By price in canonical decimal text: a diff and a snapshot may write a different number of zeros. */
  readonly #bids = new Map<string, BookLevel>()
  readonly #asks = new Map<string, BookLevel>()
  /** Diffs seen before any snapshot. */
  #waiting: DiffPayload[] = []
  #lastUpdateId = -1
  #eventTimeMs = 0
  #transactionTimeMs = 0

  get isKnown(): boolean {
    return this.#lastUpdateId >= 0
  }

  get lastUpdateId(): number {
    return this.#lastUpdateId
  }

  /** `E` and `T` of the newest diff, 0 where the recording has none. */
  get times(): { readonly eventTimeMs: number; readonly transactionTimeMs: number } {
    return { eventTimeMs: this.#eventTimeMs, transactionTimeMs: this.#transactionTimeMs }
  }

  /** The first snapshot fills the book; later ones add nothing the diffs did not say. */
  snapshot(body: string): void {
    if (this.isKnown) return
    const snapshot = JSON.parse(body) as SnapshotBody
    for (const level of snapshot.bids) set(this.#bids, level)
    for (const level of snapshot.asks) set(this.#asks, level)
    this.#lastUpdateId = snapshot.lastUpdateId
    for (const diff of this.#waiting) this.apply(diff)
    this.#waiting = []
  }

  apply(diff: DiffPayload): void {
    if (!this.isKnown) {
      this.#waiting.push(diff)
      return
    }
    if (diff.u <= this.#lastUpdateId) return
    for (const level of diff.b) set(this.#bids, level)
    for (const level of diff.a) set(this.#asks, level)
    this.#lastUpdateId = diff.u
    this.#eventTimeMs = diff.E ?? this.#eventTimeMs
    this.#transactionTimeMs = diff.T ?? this.#transactionTimeMs
  }

  /** Best level first; at most `limit` of them. */
  bids(limit: number = Number.POSITIVE_INFINITY): BookLevel[] {
    return sorted(this.#bids, -1, limit)
  }

  asks(limit: number = Number.POSITIVE_INFINITY): BookLevel[] {
    return sorted(this.#asks, 1, limit)
  }

  hash(levels?: number): string {
    return bookHash(this.bids(), this.asks(), levels)
  }
}

function set(side: Map<string, BookLevel>, level: BookLevel): void {
  const key = canonicalDecimal(level[0])
  if (/^0*\.?0*$/.test(level[1])) side.delete(key)
  else side.set(key, level)
}

function sorted(side: Map<string, BookLevel>, direction: 1 | -1, limit: number): BookLevel[] {
  const levels = [...side.values()].sort((x, y) => direction * (Number(x[0]) - Number(y[0])))
  return levels.length > limit ? levels.slice(0, limit) : levels
}

function canonicalDecimal(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}
