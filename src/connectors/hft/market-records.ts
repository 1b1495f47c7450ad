/**
 * Reads the records of a connector: which symbol, which kind, whose batch; levels go into that symbol's book, the
 * rest to the sink. The hot loop of the HFT sources: per record it allocates nothing, per published trade or book
 * one `bigint` for the venue's time.
 *
 * Rules of the protocol that shaped it:
 * - Kind is an enumeration in the low byte of `ev`, side is two flags; other flags mean nothing here. Deletes made by
 *   the connector's fusion filter carry no `LOCAL` or `EXCH` flag and are deletes all the same.
 * - Batches nest: one addressed to us may land inside one for everybody. There is a depth per address, and a book is
 *   handed on only when both are closed.
 * - A snapshot (kind 4, addressed to us) begins without a clear: its first record in a batch empties the book.
 * - Everybody hears everybody's symbols and orders; what was not registered here is counted and left alone.
 */
import { OrderBook } from '../../market/book/order-book.js'
import { EventFlag, EventKind, RecordKind, type RecordView, type WireError } from './native/types.js'

/** A venue time further than this from our own clock is no time: spot snapshots carry an update id in its place. */
const VENUE_TIME_OFF_MS_MAX = 86_400_000

/** One registered symbol as the reader sees it. */
export class BookLine {
  /** Upper case. */
  readonly symbol: string
  readonly book: OrderBook = new OrderBook()
  /** Level records applied. */
  appliedCount = 0
  /** Deletes of a level that was not there: harmless after the connector's fusion, many of them hint at loss. */
  absentDeleteCount = 0
  /** Venue time of the newest level, epoch ms; `null` where it carries none. */
  venueTimeMs: number | null = null
  receiveTimeMs = 0
  /** Batch whose snapshot is being read; 0: none. */
  snapshotBatch = 0
  /** Changed since it was handed on. */
  isDirty = false

  constructor(symbol: string) {
    this.symbol = symbol
  }
}

/** Where the reader's findings go. `nowMs` is the monotonic clock at the start of the run of records. */
export interface RecordSink {
  trade(
    line: BookLine,
    price: number,
    qty: number,
    isBuy: boolean,
    venueTimeMs: number | null,
    receiveTimeMs: number,
    nowMs: number,
  ): void
  /** A level of this symbol arrived from the market, not from a snapshot asked for by us. */
  depth(line: BookLine, receiveTimeMs: number, nowMs: number): void
  /** The book moved, and no batch is open. */
  book(line: BookLine, nowMs: number): void
  /** A batch for us alone begins or ends; `snapshots` are the books it replaced. */
  addressedStart(receiveTimeMs: number): void
  addressedEnd(snapshots: readonly BookLine[], nowMs: number): void
  /** An impossible value, in words. */
  rejected(line: BookLine, isTrade: boolean, what: string): void
  error(error: WireError): void
}

export class MarketRecords {
  /** Records of symbols that nobody asked for here. */
  foreignCount = 0
  /** Order and position records, and event kinds that are not market data. */
  otherCount = 0
  /** Batch ends without a start. */
  unbalancedCount = 0
  readonly #lines = new Map<string, BookLine>()
  /** By the connection's symbol index; `null` for symbols of others. */
  #byIndex: (BookLine | null | undefined)[] = []
  readonly #sink: RecordSink
  readonly #dirty: BookLine[] = []
  readonly #snapshots: BookLine[] = []
  #broadcastDepth = 0
  #addressedDepth = 0
  /** Counts batches addressed to us, from 1. */
  #addressedBatch = 0
  #nowMs = 0
  #runEnd = 0

  constructor(sink: RecordSink) {
    this.#sink = sink
  }

  /** Idempotent per symbol (upper case). */
  line(symbol: string): BookLine {
    let line = this.#lines.get(symbol)
    if (line === undefined) {
      line = new BookLine(symbol)
      this.#lines.set(symbol, line)
      this.#byIndex = []
    }
    return line
  }

  /** Another connection: its symbols have other indexes, and no batch is open. */
  reset(): void {
    this.#byIndex = []
    this.closeBatches()
  }

  /** Records were lost or the peer changed: the end of an open batch may never come. */
  closeBatches(): void {
    this.#broadcastDepth = 0
    this.#addressedDepth = 0
    this.#snapshots.length = 0
    for (const line of this.#lines.values()) line.snapshotBatch = 0
    for (const line of this.#dirty) line.isDirty = false
    this.#dirty.length = 0
  }

  /** Reads `count` records from `first`. */
  apply(view: RecordView, first: number, count: number, nowMs: number): void {
    this.#nowMs = nowMs
    const end = first + count
    this.#runEnd = end
    for (let i = first; i < end; i++) {
      switch (view.kind(i)) {
        case RecordKind.FEED:
          this.#feed(view, i)
          break
        case RecordKind.BATCH_START:
          this.#start(view, i)
          break
        case RecordKind.BATCH_END:
          this.#end(view.isAddressed(i))
          break
        case RecordKind.ERROR: {
          const error = view.takeError(i)
          if (error !== null) this.#sink.error(error)
          break
        }
        default:
          this.otherCount++
      }
    }
  }

  #start(view: RecordView, i: number): void {
    if (!view.isAddressed(i)) {
      this.#broadcastDepth++
      return
    }
    if (this.#addressedDepth++ > 0) return
    this.#addressedBatch++
    this.#snapshots.length = 0
    this.#sink.addressedStart(view.recvTimeMs(i))
  }

  #end(isAddressed: boolean): void {
    const depth = isAddressed ? this.#addressedDepth : this.#broadcastDepth
    if (depth === 0) {
      // The start was lost, or was before a reset: the connection says so itself where it matters.
      this.unbalancedCount++
    } else if (isAddressed) {
      if (--this.#addressedDepth === 0) this.#endSnapshots()
    } else {
      this.#broadcastDepth--
    }
    if (this.#dirty.length > 0) this.#flush()
  }

  #endSnapshots(): void {
    for (const line of this.#snapshots) line.snapshotBatch = 0
    this.#sink.addressedEnd(this.#snapshots, this.#nowMs)
    this.#snapshots.length = 0
  }

  #feed(view: RecordView, i: number): void {
    const line = this.#lineOf(view, i)
    if (line === null) {
      this.foreignCount++
      return
    }
    switch (view.eventKind(i)) {
      case EventKind.DEPTH:
      case EventKind.BBO:
        this.#sink.depth(line, view.recvTimeMs(i), this.#nowMs)
        this.#level(view, i, line)
        break
      case EventKind.TRADE:
        this.#trade(view, i, line)
        break
      case EventKind.DEPTH_SNAPSHOT:
        if (view.isAddressed(i) && line.snapshotBatch !== this.#addressedBatch && this.#addressedDepth > 0) {
          line.snapshotBatch = this.#addressedBatch
          line.book.reset([], [], line.book.sequence + 1)
          this.#snapshots.push(line)
        }
        this.#level(view, i, line)
        break
      case EventKind.DEPTH_CLEAR:
        this.#sink.depth(line, view.recvTimeMs(i), this.#nowMs)
        this.#clear(view.ev(i), line)
        this.#changed(line, view.recvTimeMs(i))
        break
      default:
        this.otherCount++
    }
  }

  #lineOf(view: RecordView, i: number): BookLine | null {
    const index = view.symbolIndex(i)
    const known = this.#byIndex[index]
    if (known !== undefined) return known
    if (view.hasBadSymbol(i)) return null
    const line = this.#lines.get(view.symbol(i).toUpperCase()) ?? null
    this.#byIndex[index] = line
    return line
  }

  #level(view: RecordView, i: number, line: BookLine): void {
    const price = view.px(i)
    const qty = view.qty(i)
    const ev = view.ev(i)
    const isBid = (ev & EventFlag.BUY) !== 0
    if (isBid === ((ev & EventFlag.SELL) !== 0)) {
      this.#sink.rejected(line, false, `level without one side: ev ${ev >>> 0}`)
      return
    }
    if (!(price > 0 && price < Number.POSITIVE_INFINITY && qty >= 0 && qty < Number.POSITIVE_INFINITY)) {
      this.#sink.rejected(line, false, `impossible level: price ${price}, qty ${qty}`)
      return
    }
    const side = isBid ? line.book.bids : line.book.asks
    if (qty === 0 && side.qtyAt(price) === 0) line.absentDeleteCount++
    else side.set(price, qty)
    // One bigint per run of levels: the time of a book is that of its newest level, read when it is handed on.
    if (view.eventKind(i) !== EventKind.DEPTH_SNAPSHOT && this.#isLastOfRun(view, i)) {
      line.venueTimeMs = venueTimeMs(view, i)
    }
    this.#changed(line, view.recvTimeMs(i))
  }

  /** The next record is no level of the same symbol, so this one's time is the book's. */
  #isLastOfRun(view: RecordView, i: number): boolean {
    const next = i + 1
    return next >= this.#runEnd || view.kind(next) !== RecordKind.FEED || view.symbolIndex(next) !== view.symbolIndex(i)
  }

  #changed(line: BookLine, receiveTimeMs: number): void {
    line.appliedCount++
    line.receiveTimeMs = receiveTimeMs
    line.book.sequence++
    if (!line.isDirty) {
      line.isDirty = true
      this.#dirty.push(line)
    }
    if (this.#broadcastDepth === 0 && this.#addressedDepth === 0) this.#flush()
  }

  #clear(ev: number, line: BookLine): void {
    const isBid = (ev & EventFlag.BUY) !== 0
    const isAsk = (ev & EventFlag.SELL) !== 0
    if (isBid || !isAsk) line.book.bids.reset([])
    if (isAsk || !isBid) line.book.asks.reset([])
  }

  #trade(view: RecordView, i: number, line: BookLine): void {
    const price = view.px(i)
    const qty = view.qty(i)
    const ev = view.ev(i)
    const isBuy = (ev & EventFlag.BUY) !== 0
    if (isBuy === ((ev & EventFlag.SELL) !== 0)) {
      this.#sink.rejected(line, true, `trade without one side: ev ${ev >>> 0}`)
      return
    }
    if (!(price > 0 && price < Number.POSITIVE_INFINITY && qty > 0 && qty < Number.POSITIVE_INFINITY)) {
      this.#sink.rejected(line, true, `impossible trade: price ${price}, qty ${qty}`)
      return
    }
    this.#sink.trade(line, price, qty, isBuy, venueTimeMs(view, i), view.recvTimeMs(i), this.#nowMs)
  }

  #flush(): void {
    if (this.#broadcastDepth > 0 || this.#addressedDepth > 0) return
    const dirty = this.#dirty
    for (let index = 0; index < dirty.length; index++) {
      const line = dirty[index] as BookLine
      line.isDirty = false
      this.#sink.book(line, this.#nowMs)
    }
    dirty.length = 0
  }
}

/** The venue's time in epoch ms, `null` when the field holds something else. */
function venueTimeMs(view: RecordView, i: number): number | null {
  // Microseconds fit a double exactly; what is finer is below the clock's own step.
  const timeMs = Number(view.exchTs(i) / 1_000n) / 1_000
  return Math.abs(timeMs - view.recvTimeMs(i)) <= VENUE_TIME_OFF_MS_MAX ? timeMs : null
}
