/**
 * One maintained book in the running feed: what arrives for it, the snapshots it asks for, what is published and
 * written about it. The rules of the book itself are `BookKeeper`'s.
 *
 * A snapshot that arrives while no updates flow (socket lost, stream silent) is not used: it would make a book LIVE
 * that nobody keeps up to date. The next update asks again.
 */
import type { Clock } from '../../runtime/clock.js'
import { BookState, type OrderBookDelta } from '../../types/order-book.js'
import type { Feed } from '../feed.js'
import { type BookImage, BookKeeper, type BookKeeperListener, type ResyncReason } from './book-keeper.js'
import { BookPictures, type BookPicturesOptions } from './book-pictures.js'
import { type BookView, KeptBookView } from './book-view.js'
import { ImageFetcher, type ImageFetcherOptions } from './image-fetcher.js'

/** What the set of books hears of one of them. */
export interface BookEvents {
  onResync(book: MaintainedBook, reason: ResyncReason, missing: MissingRange | null): void
  /** LIVE after a resync that took `afterMs`; `null` for the first time. */
  onLive(book: MaintainedBook, afterMs: number | null): void
  onState(book: MaintainedBook, state: BookState): void
  /** LIVE, and up to date to `sequence`; `imageSequence` is the id of the snapshot it was built from. */
  onCurrent(book: MaintainedBook, sequence: number, imageSequence: number): void
}

export interface MissingRange {
  readonly from: number
  readonly to: number
  /** `null` where ids have holes by nature. */
  readonly missing: number | null
}

export interface MaintainedBookOptions extends BookPicturesOptions {
  readonly symbol: string
  readonly market: 'spot' | 'futures'
  readonly events: BookEvents
  readonly snapshots: Omit<ImageFetcherOptions, 'isStillWanted' | 'onImage' | 'onFailed'> &
    Pick<ImageFetcherOptions, 'onFailed'>
}

export class MaintainedBook implements BookKeeperListener {
  readonly symbol: string
  readonly view: BookView
  /** Streams that feed it: one, or two of different speeds. */
  readonly feeds: Set<Feed> = new Set()
  readonly #clock: Clock
  readonly #events: BookEvents
  readonly #keeper: BookKeeper
  readonly #pictures: BookPictures
  readonly #fetcher: ImageFetcher
  readonly #deltas: BookPicturesOptions['deltas'] | null
  /** False from the loss of the socket, or silence, to the next update. */
  #isFlowing = false
  #isStopped = false
  #wasStale = false
  #missing: MissingRange | null = null
  #resyncSinceMs = Number.NaN

  constructor(options: MaintainedBookOptions) {
    const { symbol, clock, events, snapshots } = options
    this.symbol = symbol
    this.#clock = clock
    this.#events = events
    this.#keeper = new BookKeeper(symbol, options.market, this)
    this.view = new KeptBookView(this.#keeper)
    this.#pictures = new BookPictures(this.#keeper, options)
    this.#deltas = options.config.emitDeltas ? options.deltas : null
    this.#fetcher = new ImageFetcher({
      ...snapshots,
      isStillWanted: () => this.#wantsImage(),
      onImage: (image) => this.#onImage(image),
    })
  }

  get state(): BookState {
    return this.#keeper.state
  }

  get counts(): {
    readonly applied: number
    readonly buffered: number
    readonly outdated: number
    readonly snapshots: number
    readonly snapshotFailures: number
    readonly tooOldSnapshots: number
    readonly doubtedSnapshots: number
  } {
    return {
      applied: this.#keeper.appliedCount,
      buffered: this.#keeper.bufferedCount,
      outdated: this.#keeper.staleCount,
      snapshots: this.#fetcher.fetchCount,
      snapshotFailures: this.#fetcher.failedCount,
      tooOldSnapshots: this.#keeper.oldImageCount,
      doubtedSnapshots: this.#keeper.doubtedImageCount,
    }
  }

  /** The next update of a stream. Never throws. */
  onDelta(delta: OrderBookDelta): void {
    if (this.#isStopped) return
    this.#isFlowing = true
    const keeper = this.#keeper
    // A snapshot may be ahead of the stream: what it held already is no change for anybody.
    const isOutdated = keeper.state === BookState.LIVE && delta.sequence <= keeper.sequence
    keeper.onDelta(delta)
    if (this.#deltas !== null && !isOutdated) this.#deltas.publish(delta)
  }

  onRejected(): void {
    this.#keeper.onRejected()
  }

  /** The venue began its ids anew. */
  onVenueReset(): void {
    this.#fetcher.discard()
    this.#keeper.onReset()
  }

  /** The socket is gone, or the stream silent. */
  onSilence(): void {
    this.#isFlowing = false
    this.#keeper.onSilence()
  }

  /** Ends timers and requests; the last picture says that nobody keeps the book any more. */
  stop(): void {
    this.#isStopped = true
    this.#fetcher.stop()
    this.onSilence()
    this.#pictures.stop()
  }

  // --- of the keeper ----------------------------------------------------------------------------------------

  onImageNeeded(): void {
    this.#fetcher.want()
  }

  onState(keeper: BookKeeper, state: BookState, reason: ResyncReason | null): void {
    if (state === BookState.RESYNCING) this.#resyncSinceMs = this.#clock.monotonicMs()
    this.#pictures.onState(state)
    if (state === BookState.RESYNCING) {
      this.#events.onResync(this, reason ?? 'sequence', this.#missing)
      this.#missing = null
    } else if (state === BookState.LIVE && !this.#wasStale) {
      this.#fetcher.rest()
      if (this.#deltas !== null) this.#pictures.publishWhole()
      const afterMs = keeper.resyncCount === 0 ? null : this.#clock.monotonicMs() - this.#resyncSinceMs
      this.#events.onLive(this, afterMs)
    }
    this.#wasStale = state === BookState.STALE
    this.#events.onState(this, state)
  }

  onUpdate(keeper: BookKeeper): void {
    this.#pictures.onChange()
    this.#events.onCurrent(this, keeper.sequence, keeper.imageSequence)
  }

  onGap(_keeper: BookKeeper, from: number, to: number, missing: number | null): void {
    this.#missing = { from, to, missing }
  }

  // --- snapshots --------------------------------------------------------------------------------------------

  /** Right before a request: a book without updates takes no snapshot, its next update will ask. */
  #wantsImage(): boolean {
    if (this.#isFlowing && this.#isWaiting()) return true
    this.#keeper.onImageFailed()
    return false
  }

  #onImage(image: BookImage): void {
    if (!this.#isFlowing || !this.#isWaiting()) {
      this.#keeper.onImageFailed()
      return
    }
    this.#keeper.onImage(image)
  }

  #isWaiting(): boolean {
    return this.state === BookState.SYNCING || this.state === BookState.RESYNCING
  }
}
