/**
 * The gap ledger: knows for each kind of stream what a hole in it is, opens a gap for it and sees to its end.
 *
 * | stream | a hole is | ends as |
 * | --- | --- | --- |
 * | diff depth | ids between two updates (spot), a broken chain `pu` (futures) | filled by the snapshot of its book |
 * | trades, aggregated trades | ids between two trades | unfillable, unless `src/live/trades` takes it |
 * | partial depth, best bid and offer, tickers, mark price | time without messages: lost socket, silence | filled by the next message |
 * | liquidations | time without a socket | unfillable |
 * | finalized candles | missing open times, found and healed by the candle sequencer | `backfill`, or unfillable |
 *
 * Ids decide where ids exist: a reconnect without missing ids is no gap. Ids that begin again (`RESET`) are a hole
 * in time, from the last message before to the first after, since nothing before and after is comparable. The handlers
 * ask for each new id, so trades that are received but not published use up theirs, and duplicates open nothing.
 */
import type { Clock } from '../../runtime/clock.js'
import type { GapCause, GapEvent } from '../../types/gap.js'
import { StreamType } from '../../types/stream.js'
import type { BookContinuity } from '../books/index.js'
import type { Feed } from '../feed.js'
import type { ContinuityCheck } from '../handlers/continuity.js'
import { type GapCounts, type GapRange, GapRecord, type GapRecordOptions } from './gap-record.js'

/** Which gaps to list; a field left out does not restrict. */
export interface GapFilter {
  readonly symbol?: string
  readonly streamType?: StreamType
  readonly kind?: GapEvent['kind']
}

/** Takes gaps in trades that it can fetch; closes them with `fill` or `declareUnfillable` of the ledger. */
export interface TradeHealer {
  /** `true`: the gap stays open and is the healer's. */
  takes(gap: GapEvent): boolean
}

interface OpenDepthGap {
  readonly gapId: number
  readonly to: number
  /** `resetCount` of the stream: ids of another epoch are not comparable. */
  readonly epoch: number
}

/** After a pause, what had waited in the sockets is read within this. */
const DRAIN_MS = 1_000
/** More than the record keeps open, so that what it gave up is looked for now and then only. */
const DEPTH_GAPS_MAX = 11_000

export class GapLedger implements ContinuityCheck, BookContinuity {
  readonly #clock: Clock
  readonly #record: GapRecord
  readonly #healer: TradeHealer | null
  /** Accepted messages of each feed when its connection was last lost. */
  readonly #acceptedAtLoss = new WeakMap<Feed, number>()
  /** The same when it last rejected a message. */
  readonly #acceptedAtReject = new WeakMap<Feed, number>()
  readonly #depthGaps = new Map<Feed, OpenDepthGap[]>()
  /** The one open hole in time of a stream. */
  readonly #timeGaps = new Map<Feed, number>()
  openDepthCount = 0
  #isStopped = false
  /** When the last pause of this process ended, wall clock, and how long it was; NaN before the first. */
  #awakeSinceMs = Number.NaN
  #pausedMs = 0

  constructor(options: GapRecordOptions & { readonly healer?: TradeHealer | null }) {
    this.#clock = options.clock
    this.#record = new GapRecord(options)
    this.#healer = options.healer ?? null
  }

  // --- what is known ----------------------------------------------------------------------------------------

  counts(): GapCounts {
    return this.#record.counts()
  }

  list(filter: GapFilter = {}): GapEvent[] {
    const { symbol, streamType, kind } = filter
    return this.#record
      .list()
      .filter((gap) => symbol === undefined || gap.symbol === symbol)
      .filter((gap) => streamType === undefined || gap.streamType === streamType)
      .filter((gap) => kind === undefined || gap.kind === kind)
  }

  // --- for those who find and heal holes themselves -----------------------------------------------------------

  open(feed: Feed, range: GapRange, cause: GapCause): GapEvent {
    return this.#record.open(feed, range, cause)
  }

  fill(gapId: number, by: NonNullable<GapEvent['by']>): void {
    this.#record.fill(gapId, by)
  }

  declareUnfillable(gapId: number, range?: Partial<GapRange>): void {
    this.#record.declareUnfillable(gapId, range)
  }

  // --- messages -----------------------------------------------------------------------------------------------

  observe(feed: Feed, first: number, _last: number, previous: number | null, receiveTimeMs: number): void {
    const { lastId } = feed
    // The common case first: most messages follow the one before.
    if (first <= lastId + 1 && lastId >= 0) return
    const { type, depthLevels } = feed.spec
    const isTrade = type === StreamType.TRADE || type === StreamType.AGG_TRADE
    if (!isTrade && !(type === StreamType.DEPTH && depthLevels === null)) return
    if (lastId < 0) {
      if (feed.resetCount > 0) this.#onFirstAfterReset(feed, isTrade, receiveTimeMs)
      return
    }
    if (isTrade) {
      this.#onTradeGap(feed, { unit: 'tradeId', from: lastId + 1, to: first - 1, missing: first - 1 - lastId })
    } else if (previous === null) {
      this.#onDepthGap(feed, { unit: 'updateId', from: lastId + 1, to: first - 1, missing: first - 1 - lastId })
    } else if (previous > lastId) {
      // Futures ids are shared by all symbols: how many of the range were ours is unknowable.
      this.#onDepthGap(feed, { unit: 'updateId', from: lastId + 1, to: previous, missing: null })
    }
  }

  /** A message came on a stream that has an open hole in time: with the newest value the hole is history. */
  onMessage(feed: Feed, receiveTimeMs: number): void {
    const gapId = this.#endTimeGap(feed)
    if (gapId !== undefined) this.#record.fill(gapId, 'superseded', receiveTimeMs)
  }

  onBookCurrent(feeds: Iterable<Feed>, sequence: number, imageSequence: number): void {
    for (const feed of feeds) {
      const gaps = this.#depthGaps.get(feed)
      if (gaps === undefined) continue
      const waiting = gaps.filter(({ to, epoch }) => epoch === feed.resetCount && to > sequence)
      for (const gap of gaps) {
        if (waiting.includes(gap)) continue
        const isInImage = gap.epoch !== feed.resetCount || gap.to <= imageSequence || Number.isNaN(gap.to)
        this.#record.fill(gap.gapId, isInImage ? 'snapshot' : 'overlap')
      }
      this.#keepDepthGaps(feed, waiting)
    }
  }

  // --- connections and silence ----------------------------------------------------------------------------------

  /**
   * This process did not run until now. What the sockets still held is read in the next moments with the time of now,
   * although it was sent before or during the pause: a hole that follows upon it began at the latest with the pause.
   */
  onPaused(pausedMs: number): void {
    this.#awakeSinceMs = this.#clock.wallMs()
    this.#pausedMs = pausedMs
  }

  /** The socket of these streams is gone. */
  onDisconnected(feeds: readonly Feed[]): void {
    const nowMs = this.#clock.wallMs()
    const lastLifeMs = feeds.reduce((last, feed) => Math.max(last, feed.lastReceiveTimeMs), 0)
    for (const feed of feeds) {
      this.#acceptedAtLoss.set(feed, acceptedCount(feed))
      if (isLatestValue(feed)) {
        this.#openTimeGap(feed, lastNewsMs(feed), nowMs, 'DISCONNECT')
      } else if (feed.spec.type === StreamType.LIQUIDATION) {
        // Nothing may come for days: what is lost began when the socket last showed life.
        this.#openTimeGap(feed, lastLifeMs, nowMs, 'DISCONNECT')
      }
    }
  }

  /** These streams are carried again. */
  onEstablished(feeds: readonly Feed[]): void {
    const nowMs = this.#clock.wallMs()
    for (const feed of feeds) {
      if (feed.spec.type !== StreamType.LIQUIDATION) continue
      const gapId = this.#endTimeGap(feed)
      if (gapId !== undefined) this.#record.declareUnfillable(gapId, { to: nowMs })
    }
  }

  /** The stream stopped although its connection lives. */
  onStale(feed: Feed): void {
    if (isLatestValue(feed)) this.#openTimeGap(feed, lastNewsMs(feed), this.#clock.wallMs(), 'SILENT')
  }

  /**
   * The venue started the ids of the stream again: whether anything is missing since the last message before is
   * unknowable, because no id after it compares. Trades and depth report it with their next message.
   */
  onReset(feed: Feed): void {
    const range: GapRange = { unit: 'time', from: feed.resetSinceMs, to: this.#clock.wallMs(), missing: null }
    if (isLatestValue(feed)) {
      // What made it silent before is another story, and ends with the same message.
      this.onMessage(feed, range.to)
      this.#openTimeGap(feed, range.from, range.to, 'RESET')
    } else if (feed.spec.type === StreamType.LIQUIDATION) {
      this.#record.declareUnfillable(this.#record.open(feed, range, 'RESET').gapId)
    }
  }

  onRejected(feed: Feed): void {
    this.#acceptedAtReject.set(feed, acceptedCount(feed))
  }

  /** The stream was unsubscribed: nothing will heal what is open. */
  onRemoved(feed: Feed): void {
    for (const { gapId } of this.#depthGaps.get(feed) ?? []) this.#record.declareUnfillable(gapId)
    this.#keepDepthGaps(feed, [])
    const gapId = this.#endTimeGap(feed)
    if (gapId !== undefined) this.#record.declareUnfillable(gapId, { to: this.#clock.wallMs() })
  }

  /** The feed ends: what is open stays missing, since nobody is left to fill it. Nothing is opened any more. */
  stop(): void {
    this.#isStopped = true
    for (const feed of [...this.#depthGaps.keys(), ...this.#timeGaps.keys()]) this.onRemoved(feed)
    for (const gapId of this.#record.openIds()) this.#record.declareUnfillable(gapId)
  }

  // --- kinds of holes ---------------------------------------------------------------------------------------------

  #onTradeGap(feed: Feed, range: GapRange, cause: GapCause = this.#causeOf(feed)): void {
    if (this.#isStopped) return
    const gap = this.#record.open(feed, range, cause)
    if (range.unit !== 'tradeId' || this.#healer?.takes(gap) !== true) this.#record.declareUnfillable(gap.gapId)
  }

  #onDepthGap(feed: Feed, range: GapRange, cause: GapCause = this.#causeOf(feed)): void {
    if (this.#isStopped) return
    const { gapId } = this.#record.open(feed, range, cause)
    // A hole in time has no end among the ids: the next whole book closes it.
    const to = range.unit === 'updateId' ? range.to : Number.NaN
    const gaps = this.#depthGaps.get(feed) ?? []
    gaps.push({ gapId, to, epoch: feed.resetCount })
    this.openDepthCount++
    this.#depthGaps.set(feed, gaps)
    // What the record gave up over its bound no book can fill any more.
    if (gaps.length >= DEPTH_GAPS_MAX) {
      this.#keepDepthGaps(
        feed,
        gaps.filter((gap) => this.#record.isOpen(gap.gapId)),
      )
    }
  }

  #onFirstAfterReset(feed: Feed, isTrade: boolean, receiveTimeMs: number): void {
    const range: GapRange = { unit: 'time', from: feed.resetSinceMs, to: receiveTimeMs, missing: null }
    if (isTrade) this.#onTradeGap(feed, range, 'RESET')
    else this.#onDepthGap(feed, range, 'RESET')
  }

  /** Nothing before the first message is a hole, and a silence that ends in a lost socket is one hole. */
  #openTimeGap(feed: Feed, from: number, to: number, cause: GapCause): void {
    if (from === 0 || this.#isStopped || this.#timeGaps.has(feed)) return
    const begin = this.#wasReadOnWaking(from) ? this.#awakeSinceMs - this.#pausedMs : from
    const range: GapRange = { unit: 'time', from: Math.min(from, begin), to: Math.max(from, to), missing: null }
    const { gapId } = this.#record.open(feed, range, cause)
    this.#timeGaps.set(feed, gapId)
    feed.onceReceived = feed.spec.type === StreamType.LIQUIDATION ? null : (timeMs) => this.onMessage(feed, timeMs)
  }

  /** The receive time of such a message says when it was read, not when it came. */
  #wasReadOnWaking(receiveTimeMs: number): boolean {
    return receiveTimeMs >= this.#awakeSinceMs && receiveTimeMs < this.#awakeSinceMs + DRAIN_MS
  }

  #endTimeGap(feed: Feed): number | undefined {
    const gapId = this.#timeGaps.get(feed)
    this.#timeGaps.delete(feed)
    feed.onceReceived = null
    return gapId
  }

  #keepDepthGaps(feed: Feed, gaps: OpenDepthGap[]): void {
    this.openDepthCount += gaps.length - (this.#depthGaps.get(feed)?.length ?? 0)
    if (gaps.length === 0) this.#depthGaps.delete(feed)
    else this.#depthGaps.set(feed, gaps)
  }

  #causeOf(feed: Feed): GapCause {
    const accepted = acceptedCount(feed)
    if (this.#acceptedAtReject.get(feed) === accepted) return 'REJECTED'
    return this.#acceptedAtLoss.get(feed) === accepted ? 'DISCONNECT' : 'SEQUENCE'
  }
}

/** New messages taken so far; the one being judged is counted after it was handled. */
function acceptedCount(feed: Feed): number {
  return feed.publishedCount + feed.ignoredCount
}

/** Each message replaces the one before: what counts is the time without any. */
/** When the stream last told something. Spot partial depth says the same again while nothing changes. */
function lastNewsMs(feed: Feed): number {
  return feed.spec.type === StreamType.DEPTH ? feed.lastReceiveTimeMs : feed.lastNewTimeMs
}

function isLatestValue({ spec }: Feed): boolean {
  switch (spec.type) {
    case StreamType.BOOK_TICKER:
    case StreamType.MARK_PRICE:
    case StreamType.TICKER:
    case StreamType.MINI_TICKER:
      return true
    case StreamType.DEPTH:
      return spec.depthLevels !== null
    default:
      return false
  }
}
