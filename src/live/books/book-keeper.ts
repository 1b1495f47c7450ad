/**
 * One maintained order book: buffers deltas, splices them onto a REST snapshot, checks the sequence of every
 * update, and starts over from a new snapshot when the chain breaks. Never says LIVE when it is not.
 *
 *   SYNCING --snapshot spliced--> LIVE --break, crossed, rejected--> RESYNCING --snapshot spliced--> LIVE
 *                                  |  ^
 *                      connection  |  | next delta continues the chain
 *                           lost   v  |
 *                                 STALE --next delta does not--> RESYNCING
 *
 * Rules of the venue (Binance, "How to manage a local order book correctly", spot text of 2025-11-12 and USD-M,
 * checked 2026-11-20): quantities are absolute, zero removes, unknown removals are normal. A delta continues a
 * book at update id `s` when nothing of the symbol lies between: spot ids have no holes, so `U <= s + 1`; futures
 * ids are shared by all symbols, so only the chain counts, `pu <= s`. The same rule splices: a snapshot may end
 * inside a delta, at its end, or in the hole before it, and all of these were seen on the wire.
 *
 * Leaves to others: where snapshots come from, which of them are believed before the stream has reached them
 * (`image-doubt.ts`), when to publish, what a gap means to health.
 */
import { OrderBook } from '../../market/book/order-book.js'
import { BookState, type OrderBookDelta, type PriceLevels } from '../../types/order-book.js'
import type { MarketKind } from '../../types/venue.js'
import { isInDoubt } from './image-doubt.js'

/** A full book at one update id, as REST delivers it. Levels are flat price, qty pairs. */
export interface BookImage {
  readonly sequence: number
  readonly bids: readonly number[]
  readonly asks: readonly number[]
  /** Levels per side that were asked for: with fewer, the side is complete. */
  readonly levelsMax: number
  /** When the venue made it, epoch ms; absent where it does not say (spot). */
  readonly venueTimeMs?: number
}

/** Why a book had to start over. */
export type ResyncReason = 'sequence' | 'crossed' | 'rejected' | 'reset'

export interface BookKeeperListener {
  /** A snapshot is wanted. Answer with `onImage`, whenever it comes; called once per need. */
  onImageNeeded(keeper: BookKeeper): void
  /** The state changed; `reason` on the way into RESYNCING. The old levels are still readable. */
  onState(keeper: BookKeeper, state: BookState, reason: ResyncReason | null): void
  /** The book moved on: one delta was applied, or a snapshot with what was buffered. */
  onUpdate(keeper: BookKeeper, venueTimeMs: number, receiveTimeMs: number): void
  /** Missing ids, inclusive; `missing` is `null` where ids have holes by nature. */
  onGap(keeper: BookKeeper, from: number, to: number, missing: number | null): void
}

/**
 * Deltas surely kept while waiting for a snapshot; beyond twice as many the oldest go. A snapshot holds everything up to its request
 * and is given up after ten seconds, so what counts is the time of one request, 25 s at ten a second, and not the
 * minutes that a request may wait in the queue: a thousand books would keep gigabytes for nothing.
 */
const BUFFER_MAX = 256
/** Updates that a snapshot stays ahead of before another is asked for or it is given up, and the time they must span then. */
const BEHIND_MIN = 5
const BEHIND_MS_MAX = 10_000

export class BookKeeper {
  readonly symbol: string
  readonly book: OrderBook = new OrderBook()
  readonly #market: MarketKind
  readonly #listener: BookKeeperListener
  #state: BookState = BookState.SYNCING
  #buffer: OrderBookDelta[] = []
  #isImageRequested = false
  /** A snapshot that is believed once the stream reaches it, and the updates since that did not. */
  #doubted: BookImage | null = null
  #doubtedCount = 0
  /** Worst prices of the last snapshot: beyond them levels may be missing. `null`: the side was complete. */
  #bidHorizon: number | null = null
  #askHorizon: number | null = null

  /** Where the ids stood when the venue began them again; `null` once the new ones are at work. */
  #sequenceBeforeReset: number | null = null
  /** Updates that the last snapshot is ahead of, and when the first of them came; -1 once one was applied. */
  #behindCount = -1
  #behindFromMs = 0

  appliedCount = 0
  /** At or below the book's id: harmless repetition or what the snapshot already held. */
  staleCount = 0
  resyncCount = 0
  /** Snapshots older than the first buffered delta: asked for again. */
  oldImageCount = 0
  /** Snapshots that had to wait for the stream to reach them. */
  doubtedImageCount = 0
  /** Update id of the snapshot that the book was last built from; -1 before. */
  imageSequence = -1
  /** Of the newest update that the book holds; NaN before the first. */
  lastVenueTimeMs: number = Number.NaN
  lastReceiveTimeMs: number = Number.NaN

  constructor(symbol: string, market: MarketKind, listener: BookKeeperListener) {
    this.symbol = symbol
    this.#market = market
    this.#listener = listener
  }

  get state(): BookState {
    return this.#state
  }

  get sequence(): number {
    return this.book.sequence
  }

  /** Below this bid price levels may be missing until they change; `null` when every level is known. */
  get bidHorizon(): number | null {
    return this.#bidHorizon
  }

  /** Above this ask price levels may be missing until they change; `null` when every level is known. */
  get askHorizon(): number | null {
    return this.#askHorizon
  }

  get bufferedCount(): number {
    return this.#buffer.length
  }

  /** The next delta of the stream, in the order of the venue. Never throws. */
  onDelta(delta: OrderBookDelta): void {
    if (this.#state === BookState.SYNCING || this.#state === BookState.RESYNCING) {
      this.#keep(delta)
      this.#onWaiting(delta)
      return
    }
    if (delta.sequence <= this.book.sequence) {
      this.staleCount++
      if (this.#isImageUnreachable(delta)) this.#resync('reset', delta)
      return
    }
    if (!this.#continues(delta)) {
      this.#reportGap(delta)
      this.#resync('sequence', delta)
      return
    }
    this.#apply(delta)
    this.#behindCount = -1
    this.#sequenceBeforeReset = null
    if (this.book.isCrossed) {
      this.#resync('crossed', null)
      return
    }
    if (this.#state === BookState.STALE) this.#enter(BookState.LIVE, null)
    this.#listener.onUpdate(this, delta.venueTimeMs, delta.receiveTimeMs)
  }

  /** The snapshot that was asked for. One that was not asked for, or is too old, changes nothing. */
  onImage(image: BookImage): void {
    if (!this.#isImageRequested) return
    this.#isImageRequested = false
    if (this.#state !== BookState.SYNCING && this.#state !== BookState.RESYNCING) return
    const [first] = this.#buffer
    if (first !== undefined && (!this.#bridges(first, image.sequence) || this.#isOfOldIds(image, first))) {
      this.oldImageCount++
      this.#needImage()
      return
    }
    if (isInDoubt(image, this.#buffer, this.#previousEnd)) {
      this.doubtedImageCount++
      // Of two the lower is reached sooner.
      if (this.#doubted === null || image.sequence < this.#doubted.sequence) this.#doubted = image
      this.#doubtedCount = 0
      return
    }
    this.#splice(image)
  }

  /** An update came while a snapshot is awaited, or one has come that the stream must reach first. */
  #onWaiting(delta: OrderBookDelta): void {
    const doubted = this.#doubted
    if (doubted !== null && delta.sequence >= doubted.sequence) {
      this.#doubted = null
      const [first] = this.#buffer
      if (first !== undefined && this.#bridges(first, doubted.sequence)) {
        this.#splice(doubted)
        return
      }
    }
    if (this.#doubted === null || ++this.#doubtedCount >= BEHIND_MIN) this.#needImage()
  }

  #splice(image: BookImage): void {
    this.#doubted = null
    this.imageSequence = image.sequence
    this.book.reset(image.bids, image.asks, image.sequence)
    this.#bidHorizon = horizonOf(image.bids, image.levelsMax)
    this.#askHorizon = horizonOf(image.asks, image.levelsMax)
    const buffered = this.#buffer
    this.#buffer = []
    for (const [index, delta] of buffered.entries()) {
      // Futures: an update that ends exactly at the snapshot is the bridge, and applying it changes nothing.
      if (delta.sequence <= this.book.sequence) {
        this.staleCount++
        // The snapshot holds it, so the book is at least as new.
        this.lastVenueTimeMs = delta.venueTimeMs
        this.lastReceiveTimeMs = delta.receiveTimeMs
        continue
      }
      if (!this.#continues(delta)) {
        // The hole was in what came while we waited: what follows it can still be spliced.
        this.#reportGap(delta)
        this.#buffer = buffered.slice(index)
        this.#needImage()
        return
      }
      this.#apply(delta)
    }
    if (this.book.isCrossed) {
      this.#resync('crossed', null)
      return
    }
    this.#behindCount = 0
    this.#enter(BookState.LIVE, null)
    this.#listener.onUpdate(this, this.lastVenueTimeMs, this.lastReceiveTimeMs)
  }

  /** The snapshot cannot be had now; the next delta asks again. */
  onImageFailed(): void {
    this.#isImageRequested = false
  }

  /** A delta of this stream was received and could not be read: its changes are lost. */
  onRejected(): void {
    if (this.#state === BookState.LIVE || this.#state === BookState.STALE) this.#resync('rejected', null)
  }

  /** The venue began its ids anew: nothing before is comparable. */
  onReset(): void {
    this.#buffer = []
    this.#doubted = null
    this.#sequenceBeforeReset ??= this.book.sequence
    if (this.#state !== BookState.SYNCING) this.#resync('reset', null)
  }

  /** The socket is gone, or the stream silent: the levels may be outdated, the chain may still hold. */
  onSilence(): void {
    if (this.#state === BookState.LIVE) this.#enter(BookState.STALE, null)
  }

  #apply(delta: OrderBookDelta): void {
    applyLevels(this.book.bids, delta.bids)
    applyLevels(this.book.asks, delta.asks)
    this.book.sequence = delta.sequence
    this.lastVenueTimeMs = delta.venueTimeMs
    this.lastReceiveTimeMs = delta.receiveTimeMs
    this.appliedCount++
  }

  /** Nothing of the symbol lies between the book and this delta. */
  #continues(delta: OrderBookDelta): boolean {
    return previousEnd(delta, this.#market) <= this.book.sequence
  }

  /**
   * The snapshot reaches the delta, or lies behind it. A venue that has just listed a symbol answers -1 for an
   * empty book; then the first delta is the beginning.
   */
  #bridges(delta: OrderBookDelta, imageSequence: number): boolean {
    return imageSequence === -1 || previousEnd(delta, this.#market) <= imageSequence
  }

  /** A snapshot from before the venue began its ids again: it stands nearer to those than to the new ones. */
  #isOfOldIds({ sequence }: BookImage, first: OrderBookDelta): boolean {
    const before = this.#sequenceBeforeReset
    return before !== null && before > first.sequence && sequence - first.sequence > before - sequence
  }

  /**
   * A snapshot may be ahead of the stream by what the socket is behind. One that the stream does not reach for longer
   * than sockets are behind has ids of another time, and every update would be taken for repetition.
   */
  #isImageUnreachable({ receiveTimeMs }: OrderBookDelta): boolean {
    if (this.#behindCount < 0) return false
    if (this.#behindCount === 0 || receiveTimeMs < this.#behindFromMs) {
      this.#behindCount = 0
      this.#behindFromMs = receiveTimeMs
    }
    this.#behindCount++
    return this.#behindCount >= BEHIND_MIN && receiveTimeMs - this.#behindFromMs >= BEHIND_MS_MAX
  }

  #keep(delta: OrderBookDelta): void {
    const last = this.#buffer.at(-1)
    if (last !== undefined && delta.sequence <= last.sequence) {
      this.staleCount++
      return
    }
    this.#buffer.push(delta)
    // By halves: moving the whole buffer for each update would cost more than reading it.
    if (this.#buffer.length >= 2 * BUFFER_MAX) this.#buffer.splice(0, BUFFER_MAX)
  }

  readonly #previousEnd = (delta: OrderBookDelta): number => previousEnd(delta, this.#market)

  #needImage(): void {
    if (this.#isImageRequested) return
    this.#isImageRequested = true
    this.#listener.onImageNeeded(this)
  }

  #reportGap(delta: OrderBookDelta): void {
    const from = this.book.sequence + 1
    const to = previousEnd(delta, this.#market)
    this.#listener.onGap(this, from, to, this.#market === 'spot' ? to - from + 1 : null)
  }

  /** Starts over; `delta` is the first one after the break. */
  #resync(reason: ResyncReason, delta: OrderBookDelta | null): void {
    this.resyncCount++
    this.#isImageRequested = false
    this.#doubted = null
    this.#buffer = delta === null ? [] : [delta]
    this.#enter(BookState.RESYNCING, reason)
    // Without a delta in the buffer a snapshot could be older than the stream: the next delta asks.
    if (delta !== null) this.#needImage()
  }

  #enter(state: BookState, reason: ResyncReason | null): void {
    this.#state = state
    this.#listener.onState(this, state, reason)
  }
}

/** Last id before the delta that may hold changes of the symbol. */
function previousEnd(delta: OrderBookDelta, market: MarketKind): number {
  return market === 'spot' ? delta.firstSequence - 1 : (delta.previousSequence ?? delta.firstSequence - 1)
}

function applyLevels(side: { set(price: number, qty: number): void }, levels: PriceLevels): void {
  for (let index = 0; index < levels.length; index++) side.set(levels.price(index), levels.qty(index))
}

/** Worst price of a side that was cut off at the requested depth. Snapshots are sorted best first. */
function horizonOf(levels: readonly number[], levelsMax: number): number | null {
  const count = levels.length / 2
  return count > 0 && count >= levelsMax ? (levels.at(-2) ?? null) : null
}
