/**
 * Decides what a connector's books are worth and publishes them. A connector sends no sequence numbers, so a book is
 * LIVE only after a snapshot that began after the last doubt about it, and stops being LIVE at the first new one.
 *
 *   SYNCING ──snapshot──▶ LIVE ──loss, restart, crossed──▶ RESYNCING ──snapshot──▶ LIVE
 *                          └──silence──▶ STALE ──next level──▶ RESYNCING
 *
 * While a book is not LIVE a snapshot is asked for again and again, at growing intervals: registering a second time
 * is free at the venue. The pictures published meanwhile are the last LIVE ones with the new state; levels in between
 * are kept back, because half a snapshot is no book.
 */
import { BookSnapshot } from '../../market/book-snapshot.js'
import { PackedPriceLevels } from '../../market/price-levels.js'
import type { TimerHandle } from '../../runtime/clock.js'
import type { GapCause, GapEvent } from '../../types/gap.js'
import type { BookHealth } from '../../types/health.js'
import { LogEventName } from '../../types/log-event.js'
import { BookState } from '../../types/order-book.js'
import type { FeedMeter } from './feed-meter.js'
import type { BookLine } from './market-records.js'
import type { SourceCore } from './source-core.js'

/** Pause before asking again, doubled each time. */
const RETRY_MS_MIN = 1_000
const RETRY_MS_MAX = 30_000
/** Our clock and the addon's agree to a millisecond. */
const CLOCK_STEP_MS = 1

/** Levels are written here first and copied only when they differ; shared, since nothing runs in between. */
const scratch: number[] = []

export interface BookDeskOptions {
  readonly core: SourceCore
  readonly levels: number
  /** Asks the connector for a snapshot; `false` when that is not possible now. */
  readonly request: (symbol: string) => boolean
}

/** One symbol's book, its doubts and its last picture. */
export class DeskBook {
  readonly line: BookLine
  readonly depth: FeedMeter
  readonly trades: FeedMeter
  state: BookState = BookState.SYNCING
  resyncCount = 0
  snapshotCount = 0
  snapshotFailureCount = 0
  /** A snapshot counts when it began after this, epoch ms. */
  doubtedAtMs = 0
  isAnswered = true
  attempt = 0
  /** Monotonic time of the last request; far in the past before the first. */
  askedAtMs: number = Number.NEGATIVE_INFINITY
  timer: TimerHandle | null = null
  gaps: GapEvent[] = []
  /** Top levels last published as LIVE: bids, then asks. */
  numbers: readonly number[] = []
  bidCount = 0
  /** Best levels last published on `mkt.bbo`. */
  bid: number = Number.NaN
  bidQty: number = Number.NaN
  ask: number = Number.NaN
  askQty: number = Number.NaN

  constructor(line: BookLine, depth: FeedMeter, trades: FeedMeter) {
    this.line = line
    this.depth = depth
    this.trades = trades
  }
}

export class BookDesk {
  readonly #core: SourceCore
  readonly #levels: number
  readonly #request: (symbol: string) => boolean
  readonly #books = new Map<BookLine, DeskBook>()

  constructor(options: BookDeskOptions) {
    this.#core = options.core
    this.#levels = options.levels
    this.#request = options.request
  }

  add(book: DeskBook): void {
    this.#books.set(book.line, book)
  }

  /** Undefined for a line of nobody, which cannot be. */
  of(line: BookLine): DeskBook | undefined {
    return this.#books.get(line)
  }

  all(): Iterable<DeskBook> {
    return this.#books.values()
  }

  /** A registration was sent, whose answer should bring a snapshot. */
  expectSnapshot(book: DeskBook): void {
    book.askedAtMs = this.#core.runtime.clock.monotonicMs()
    book.snapshotCount++
    book.isAnswered = false
    book.attempt = 0
    this.#retryLater(book)
  }

  /**
   * Something may be missing since the last message: the book is no longer LIVE, the hole is announced, and a snapshot
   * asked for unless `isAsked` by the connection itself.
   */
  doubt(book: DeskBook, cause: GapCause, why: string, isAsked = false): void {
    const { clock } = this.#core.runtime
    book.doubtedAtMs = clock.wallMs()
    this.#openGaps(book, cause)
    const wasPublished = book.state === BookState.LIVE || book.state === BookState.STALE
    if (wasPublished) {
      book.resyncCount++
      this.#enter(book, BookState.RESYNCING)
      const { symbol } = book.line
      this.#core.audit.write(LogEventName.BOOK_RESYNC, 'WARNING', `${symbol}: ${why}; awaiting a snapshot`, {
        symbol,
        cause,
        reason: why,
      })
    }
    if (isAsked) this.expectSnapshot(book)
    // One request a second at most, however often the doubt returns.
    else if (wasPublished && clock.monotonicMs() - book.askedAtMs >= RETRY_MS_MIN) this.#ask(book)
    else if (book.timer === null) this.#retryLater(book)
    this.#core.health.request()
  }

  /** No level for longer than allowed: the last picture goes out once more, as STALE. */
  stale(book: DeskBook): void {
    if (book.state !== BookState.LIVE) return
    this.#openGaps(book, 'SILENT')
    this.#enter(book, BookState.STALE)
  }

  /**
   * A batch that holds the whole book ended. `startedMs`: when it began, on the receive clock; `isWhole`: nothing was
   * lost since.
   */
  snapshot(book: DeskBook, startedMs: number, isWhole: boolean): void {
    if (!isWhole || startedMs < book.doubtedAtMs - CLOCK_STEP_MS) return
    book.isAnswered = true
    if (book.line.book.isCrossed) {
      this.#rejectCrossed(book)
      return
    }
    this.#stopRetry(book)
    if (book.state === BookState.LIVE) return
    const isRecovery = book.state !== BookState.SYNCING
    book.state = BookState.LIVE
    for (const gap of book.gaps) {
      if (gap.streamType === 'DEPTH') this.#core.gaps.fill(gap.gapId, 'snapshot', this.#core.runtime.clock.wallMs())
      else this.#core.gaps.declareUnfillable(gap.gapId, { to: this.#core.runtime.clock.wallMs() })
    }
    book.gaps = []
    if (isRecovery) {
      const { symbol } = book.line
      this.#core.audit.write(LogEventName.BOOK_RECOVERED, 'INFO', `${symbol}: book rebuilt from a snapshot`, { symbol })
    }
    // The next picture goes out whatever it shows: it carries the new state.
    book.numbers = []
    book.bidCount = -1
    this.#core.health.request()
  }

  /** No batch is open and the book moved. */
  publish(book: DeskBook): void {
    if (book.state !== BookState.LIVE) return
    const { line } = book
    if (line.book.isCrossed) {
      this.doubt(book, 'SEQUENCE', 'best bid at or above best ask')
      return
    }
    this.#publishTop(book)
    if (this.#takeTop(book)) this.#publishPicture(book)
  }

  health(): BookHealth[] {
    return [...this.#books.values()].map(({ line, ...book }) => ({
      symbol: line.symbol,
      state: book.state,
      sequence: line.book.sequence,
      resyncCount: book.resyncCount,
      appliedCount: line.appliedCount,
      bufferedCount: 0,
      snapshotCount: book.snapshotCount,
      snapshotFailureCount: book.snapshotFailureCount,
      bidLevels: line.book.bids.levelCount,
      askLevels: line.book.asks.levelCount,
    }))
  }

  /** Ends the timers. Gaps that are open stay open: nobody will fill them. */
  stop(): void {
    for (const book of this.#books.values()) {
      this.#stopRetry(book)
      for (const gap of book.gaps) this.#core.gaps.declareUnfillable(gap.gapId)
      book.gaps = []
    }
  }

  // --- snapshots --------------------------------------------------------------------------------------------

  #ask(book: DeskBook): void {
    this.#stopRetry(book)
    book.askedAtMs = this.#core.runtime.clock.monotonicMs()
    if (this.#request(book.line.symbol)) {
      if (!book.isAnswered) book.snapshotFailureCount++
      book.snapshotCount++
      book.isAnswered = false
    }
    this.#retryLater(book)
  }

  #retryLater(book: DeskBook): void {
    const { clock } = this.#core.runtime
    if (book.timer !== null) clock.clearTimer(book.timer)
    const delayMs = Math.min(RETRY_MS_MIN * 2 ** book.attempt, RETRY_MS_MAX)
    book.timer = clock.setTimer(
      () => {
        book.timer = null
        if (book.state === BookState.LIVE) return
        book.attempt++
        this.#ask(book)
      },
      delayMs,
      { unref: true },
    )
  }

  #stopRetry(book: DeskBook): void {
    if (book.timer !== null) this.#core.runtime.clock.clearTimer(book.timer)
    book.timer = null
    if (book.isAnswered) book.attempt = 0
  }

  /** The connector's own book is crossed: not ours to repair, but nothing to call LIVE. */
  #rejectCrossed(book: DeskBook): void {
    book.snapshotFailureCount++
    const { symbol } = book.line
    this.#core.audit.write(
      LogEventName.BOOK_SNAPSHOT_FAILED,
      'WARNING',
      `${symbol}: the connector's own book is crossed; asking again`,
      { symbol },
    )
    if (book.state === BookState.LIVE) this.doubt(book, 'SEQUENCE', "the connector's own book is crossed")
    else this.#retryLater(book)
  }

  #openGaps(book: DeskBook, cause: GapCause): void {
    if (book.gaps.length > 0) return
    const timeMs = this.#core.runtime.clock.wallMs()
    for (const meter of [book.depth, book.trades]) {
      // What never spoke has no hole; and silence of the book says nothing of trades.
      const isDepth = meter === book.depth
      const lastMs = isDepth ? book.line.receiveTimeMs : meter.lastReceiveTimeMs
      if (lastMs === 0 || (!isDepth && (cause === 'SILENT' || cause === 'SEQUENCE'))) continue
      const from = Math.min(lastMs, timeMs)
      book.gaps.push(this.#core.gaps.open(meter, { unit: 'time', from, to: timeMs, missing: null }, cause))
    }
  }

  // --- pictures ---------------------------------------------------------------------------------------------

  #enter(book: DeskBook, state: BookState): void {
    book.state = state
    // Before the first LIVE picture there is nothing to take back.
    if (book.bidCount >= 0 && book.numbers.length > 0) this.#publishPicture(book)
  }

  /** Takes the top levels; `false` when they are those published last. */
  #takeTop(book: DeskBook): boolean {
    const { bids, asks } = book.line.book
    const bidCount = bids.writeTop(this.#levels, scratch, 0)
    const length = 2 * (bidCount + asks.writeTop(this.#levels, scratch, 2 * bidCount))
    const { numbers } = book
    if (bidCount === book.bidCount && length === numbers.length) {
      let index = 0
      while (index < length && scratch[index] === numbers[index]) index++
      if (index === length) return false
    }
    book.numbers = scratch.slice(0, length)
    book.bidCount = bidCount
    return true
  }

  #publishPicture({ line, numbers, bidCount, state }: DeskBook): void {
    this.#core.books.publish(
      new BookSnapshot(
        this.#core.venue,
        line.symbol,
        new PackedPriceLevels(numbers, 0, bidCount),
        new PackedPriceLevels(numbers, 2 * bidCount, numbers.length / 2 - bidCount),
        line.book.sequence,
        state,
        line.venueTimeMs,
        line.receiveTimeMs,
      ),
    )
  }

  #publishTop(book: DeskBook): void {
    const { bids, asks, sequence } = book.line.book
    const bid = bids.bestPrice
    const bidQty = bids.bestQty
    const ask = asks.bestPrice
    const askQty = asks.bestQty
    // Also true for an empty side, whose best price is no number.
    if (!(bid > 0 && ask > 0)) return
    if (bid === book.bid && ask === book.ask && bidQty === book.bidQty && askQty === book.askQty) return
    book.bid = bid
    book.bidQty = bidQty
    book.ask = ask
    book.askQty = askQty
    const { venue } = this.#core
    const { symbol, venueTimeMs, receiveTimeMs } = book.line
    this.#core.bbo.publish({ venue, symbol, bid, bidQty, ask, askQty, sequence, venueTimeMs, receiveTimeMs })
  }
}
