/**
 * All maintained books of one feed. Stands between the diff-depth handlers and the bus: updates come in, pictures
 * (and, when asked for, the updates themselves) go out. Each book is healed alone; the others go on.
 *
 * Leaves to others: the rules of a book (`BookKeeper`), request weight (`RequestGovernor`), what a hole means to the
 * gap ledger.
 */
import type { Clock } from '../../runtime/clock.js'
import type { Random } from '../../runtime/random.js'
import type { BookHealth } from '../../types/health.js'
import { LogEventName } from '../../types/log-event.js'
import type { BookState, OrderBookDelta, OrderBookSnapshot } from '../../types/order-book.js'
import type { Publisher } from '../../types/publisher.js'
import { StreamType } from '../../types/stream.js'
import type { AuditLog } from '../audit-log.js'
import type { BookConfig, VenueInfo } from '../config/index.js'
import type { Feed } from '../feed.js'
import type { RequestGovernor } from '../rest/request-governor.js'
import type { RestError } from '../rest/rest-error.js'
import { imageRequest } from './book-image.js'
import type { ResyncReason } from './book-keeper.js'
import type { BookView } from './book-view.js'
import { type BookEvents, MaintainedBook, type MissingRange } from './maintained-book.js'

/** What hears that holes in depth streams are healed. */
export interface BookContinuity {
  /** Holes waiting for a book; asked for each update, so a plain number. */
  readonly openDepthCount: number
  /** The book of these streams is LIVE and holds everything up to `sequence`, the snapshot up to `imageSequence`. */
  onBookCurrent(feeds: Iterable<Feed>, sequence: number, imageSequence: number): void
}

export interface MaintainedBooksOptions {
  readonly info: VenueInfo
  readonly config: BookConfig
  readonly clock: Clock
  readonly random: Random
  readonly rest: RequestGovernor
  readonly pictures: Publisher<OrderBookSnapshot>
  readonly deltas: Publisher<OrderBookDelta>
  readonly audit: AuditLog
  readonly continuity: BookContinuity
  /** A book changed its state. */
  readonly onState: () => void
  readonly onError: (code: string) => void
}

export class MaintainedBooks implements Publisher<OrderBookDelta>, BookEvents {
  readonly #options: MaintainedBooksOptions
  readonly #bySymbol = new Map<string, MaintainedBook>()
  readonly #resetsSeen = new WeakMap<Feed, number>()

  constructor(options: MaintainedBooksOptions) {
    this.#options = options
  }

  /** A stream was added; those of other kinds are left alone. */
  onAdded(feed: Feed): void {
    if (!isDiffDepth(feed)) return
    const { symbol } = feed.spec
    const book = this.#bySymbol.get(symbol) ?? this.#create(symbol)
    book.feeds.add(feed)
    this.#resetsSeen.set(feed, feed.resetCount)
    this.#bySymbol.set(symbol, book)
  }

  /** A stream was removed; with its last stream a book ends, its last picture being STALE. */
  onRemoved(feed: Feed): void {
    const book = this.#bookOf(feed)
    if (book === undefined || !book.feeds.delete(feed) || book.feeds.size > 0) return
    book.stop()
    this.#bySymbol.delete(feed.spec.symbol)
  }

  /** The next update of a symbol, in the order of the venue. */
  publish(delta: OrderBookDelta): void {
    const book = this.#bySymbol.get(delta.symbol)
    if (book === undefined) return
    for (const feed of book.feeds) if (this.#resetsSeen.get(feed) !== feed.resetCount) this.#onVenueReset(book, feed)
    book.onDelta(delta)
  }

  onDisconnected(feeds: readonly Feed[]): void {
    for (const feed of feeds) this.onSilence(feed)
  }

  /** The stream of a book lost its socket or says nothing any more. */
  onSilence(feed: Feed): void {
    const book = this.#bookOf(feed)
    // With a second stream of the symbol the book goes on.
    if (book !== undefined && ![...book.feeds].some((other) => other !== feed)) book.onSilence()
  }

  /** An update of this stream could not be read. */
  onRejected(feed: Feed): void {
    this.#bookOf(feed)?.onRejected()
  }

  view(symbol: string): BookView | undefined {
    return this.#bySymbol.get(symbol)?.view
  }

  /** State of the book that the stream feeds; `undefined` for other streams. */
  stateOf(feed: Feed): BookState | undefined {
    return this.#bookOf(feed)?.state
  }

  health(): BookHealth[] {
    return [...this.#bySymbol.values()].map(({ symbol, state, view, counts }) => ({
      symbol,
      state,
      sequence: view.sequence,
      resyncCount: view.resyncCount,
      appliedCount: counts.applied,
      bufferedCount: counts.buffered,
      snapshotCount: counts.snapshots,
      snapshotFailureCount: counts.snapshotFailures,
      bidLevels: view.bids.levelCount,
      askLevels: view.asks.levelCount,
    }))
  }

  /** The feed ends: every book that looked alive says that it is not kept any more. Books stay readable. */
  stop(): void {
    for (const book of this.#bySymbol.values()) book.stop()
  }

  // --- of the books -----------------------------------------------------------------------------------------

  onResync(book: MaintainedBook, reason: ResyncReason, missing: MissingRange | null): void {
    const { symbol, view } = book
    const range = missing === null ? '' : `, ids ${missing.from} to ${missing.to} are missing`
    this.#options.audit.write(
      LogEventName.BOOK_RESYNC,
      'WARNING',
      `order book of ${symbol}: ${REASONS[reason]} after ${view.sequence}${range}; rebuilding it from a snapshot`,
      { symbol, reason, sequence: view.sequence, ...(missing ?? {}), resyncCount: view.resyncCount },
    )
  }

  onLive({ symbol, view }: MaintainedBook, afterMs: number | null): void {
    if (afterMs === null) return
    this.#options.audit.write(
      LogEventName.BOOK_RECOVERED,
      'INFO',
      `order book of ${symbol}: whole again at ${view.sequence} after ${Math.round(afterMs)} ms`,
      { symbol, sequence: view.sequence, afterMs, resyncCount: view.resyncCount },
    )
  }

  onState(): void {
    this.#options.onState()
  }

  onCurrent(book: MaintainedBook, sequence: number, imageSequence: number): void {
    const { continuity } = this.#options
    if (continuity.openDepthCount > 0) continuity.onBookCurrent(book.feeds, sequence, imageSequence)
  }

  #onVenueReset(book: MaintainedBook, feed: Feed): void {
    this.#resetsSeen.set(feed, feed.resetCount)
    book.onVenueReset()
  }

  #onFetchFailed(symbol: string, error: RestError, retryInMs: number): void {
    const { audit, onError } = this.#options
    onError(error.code)
    const { code, path, httpStatus, venueCode } = error
    audit.write(
      LogEventName.BOOK_SNAPSHOT_FAILED,
      code === 'REST_REFUSED' ? 'ERROR' : 'WARNING',
      `order book of ${symbol}: no snapshot, asking again in ${Math.round(retryInMs)} ms: ${error.message}`,
      { symbol, code, path, httpStatus: httpStatus ?? null, venueCode: venueCode ?? null, retryInMs },
    )
  }

  #create(symbol: string): MaintainedBook {
    const { info, config, clock, random, rest, pictures, deltas } = this.#options
    return new MaintainedBook({
      symbol,
      market: info.market,
      venue: info.venue,
      config,
      clock,
      pictures,
      deltas,
      events: this,
      snapshots: {
        request: imageRequest(info, symbol, config.snapshotLevels),
        rest,
        clock,
        random: random.split(`book/${symbol}`),
        onFailed: (error, retryInMs) => this.#onFetchFailed(symbol, error, retryInMs),
      },
    })
  }

  #bookOf(feed: Feed): MaintainedBook | undefined {
    const book = this.#bySymbol.get(feed.spec.symbol)
    return book?.feeds.has(feed) ? book : undefined
  }
}

const REASONS: Readonly<Record<ResyncReason, string>> = {
  sequence: 'an update is missing',
  crossed: 'best bid at or above best ask',
  rejected: 'an update could not be read',
  reset: 'the venue started its ids again',
}

function isDiffDepth({ spec }: Feed): boolean {
  return spec.type === StreamType.DEPTH && spec.depthLevels === null
}
