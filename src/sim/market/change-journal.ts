/**
 * The last changes of one order book, newest overwriting oldest: what diffs are cut from, and how the book of a
 * moment ago is found again (by undoing).
 *
 * A diff is computed from the journal when it is due and never collected on the side, so that it does not depend on
 * who subscribed when.
 */
import type { MatchingBook } from '../match/index.js'
import { Side } from '../match/index.js'

/** A level price and its side in one number, so that it can be a map key. */
export type LevelKey = number

export function levelKey(side: Side, price: number): LevelKey {
  return price * 2 + side
}

export function sideOfKey(key: LevelKey): Side {
  return (key % 2) as Side
}

export function priceOfKey(key: LevelKey): number {
  return Math.floor(key / 2)
}

/** Diffs of the slowest speed reach back this far; younger changes are never overwritten. */
const KEEP_US = 5_000_000
const INITIAL_CAPACITY = 256

export class ChangeJournal {
  readonly #capacityMax: number
  #capacity = INITIAL_CAPACITY
  #ids = new Float64Array(INITIAL_CAPACITY)
  #times = new Float64Array(INITIAL_CAPACITY)
  #keys = new Float64Array(INITIAL_CAPACITY)
  #oldLots = new Float64Array(INITIAL_CAPACITY)
  /** Positions count from the first change ever; `[#begin, #end)` is still here. */
  #begin = 0
  #end = 0
  /** Where ids began again, by rising position; each epoch lies below the one before it. */
  readonly #epochs: { readonly position: number; readonly baseId: number }[] = []
  readonly #seen = new Set<LevelKey>()

  /** `capacityMax` is rounded up to a power of two, and exceeded while changes are too young to forget. */
  constructor(capacityMax: number) {
    this.#capacityMax = capacityMax
  }

  /** Number of changes ever. */
  get end(): number {
    return this.#end
  }

  push(id: number, timeUs: number, key: LevelKey, oldLots: number): void {
    if (this.#end - this.#begin === this.#capacity) this.#makeRoom(timeUs)
    const slot = this.#end & (this.#capacity - 1)
    this.#ids[slot] = id
    this.#times[slot] = timeUs
    this.#keys[slot] = key
    this.#oldLots[slot] = oldLots
    this.#end++
  }

  /** Ids go on from `baseId`, below all that were given before. */
  beginEpoch(baseId: number): void {
    this.#epochs.push({ position: this.#end, baseId })
  }

  /** Last id before the changes from `position` on; `null` before the first change ever. */
  idBefore(position: number): number | null {
    const epoch = this.#epochs.findLast((one) => one.position <= position)
    if (epoch?.position === position) return epoch.baseId
    return position === 0 ? null : this.idAt(position - 1)
  }

  /** The id that changes from `from` to `to` go on from, when ids began again behind the first of them; else `null`. */
  epochWithin(from: number, to: number): number | null {
    return this.#epochs.findLast(({ position }) => position > from && position < to)?.baseId ?? null
  }

  /** Given before ids began again, as far as that is remembered. */
  isOfEarlierEpoch(updateId: number): boolean {
    return this.#endOfEpoch(updateId) < this.#end
  }

  idAt(position: number): number {
    return this.#ids[position & (this.#capacity - 1)]!
  }

  /** Position of the first kept change later than `timeUs`; `end` if there is none. */
  positionAfterTime(timeUs: number): number {
    const mask = this.#capacity - 1
    let low = this.#begin
    let high = this.#end
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (this.#times[middle & mask]! <= timeUs) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Keys of the levels changed at positions `[from, to)`, each once. */
  changedKeys(from: number, to: number, into: LevelKey[]): void {
    const seen = this.#seen
    seen.clear()
    into.length = 0
    const mask = this.#capacity - 1
    for (let position = Math.max(from, this.#begin); position < to; position++) {
      const key = this.#keys[position & mask]!
      if (seen.has(key)) continue
      seen.add(key)
      into.push(key)
    }
  }

  /**
   * Levels of both sides just after the change `updateId` or the last one before it, keyed by level; `null` if the
   * journal does not reach back that far.
   */
  booksAt(book: MatchingBook, updateId: number): Map<LevelKey, number> | null {
    const levels = new Map<LevelKey, number>()
    for (const side of [Side.BUY, Side.SELL]) {
      book.forEachLevel(side, Number.POSITIVE_INFINITY, (price, lots) => levels.set(levelKey(side, price), lots))
    }
    const mask = this.#capacity - 1
    const endPosition = this.#endOfEpoch(updateId)
    // An epoch begins with the book that the one before it left, whatever the ids of that were.
    const startPosition = this.#epochs.findLast((one) => one.position < endPosition)?.position ?? 0
    let position = this.#end - 1
    for (; position >= this.#begin; position--) {
      if (position < startPosition) break
      if (position < endPosition && this.#ids[position & mask]! <= updateId) break
      const key = this.#keys[position & mask]!
      const lots = this.#oldLots[position & mask]!
      if (lots === 0) levels.delete(key)
      else levels.set(key, lots)
    }
    if (position < this.#begin && this.#begin > 0) return null
    return levels
  }

  /** Position behind the epoch that the id belongs to. */
  #endOfEpoch(updateId: number): number {
    const mask = this.#capacity - 1
    let end = this.#end
    for (const { position } of this.#epochs.toReversed()) {
      if (end === position || updateId <= this.#ids[(end - 1) & mask]!) return end
      // Above what the younger epoch has reached: of an older one, unless it is above everything.
      if (position <= this.#begin || updateId > this.#ids[(position - 1) & mask]!) return this.#end
      end = position
    }
    return end
  }

  #makeRoom(nowUs: number): void {
    const oldestIsYoung = nowUs - this.#times[this.#begin & (this.#capacity - 1)]! < KEEP_US
    if (this.#capacity >= this.#capacityMax && !oldestIsYoung) {
      this.#begin++
      return
    }
    this.#ids = this.#grown(this.#ids)
    this.#times = this.#grown(this.#times)
    this.#keys = this.#grown(this.#keys)
    this.#oldLots = this.#grown(this.#oldLots)
    this.#capacity *= 2
  }

  #grown(column: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
    const grown = new Float64Array(this.#capacity * 2)
    for (let position = this.#begin; position < this.#end; position++) {
      grown[position & (this.#capacity * 2 - 1)] = column[position & (this.#capacity - 1)]!
    }
    return grown
  }
}
