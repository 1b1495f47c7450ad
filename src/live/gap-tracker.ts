/**
 * Reports holes in streams whose messages the venue numbers: trades and aggregated trades (ids are
 * contiguous per symbol) and diff depth (each update says where it begins). The handlers ask for each new id,
 * so trades that are received but not published use up their id, and duplicates open nothing.
 *
 * Latest-value streams have no ids to compare, and candle streams may rightly skip a bar without trades: both
 * report nothing here. Nothing is fetched again: a hole in trades is unfillable, a hole in depth stays open.
 */
import type { Clock } from '../runtime/clock.js'
import type { GapCause, GapEvent, GapUnit } from '../types/gap.js'
import { LogEventName } from '../types/log-event.js'
import type { Publisher } from '../types/publisher.js'
import { StreamType } from '../types/stream.js'
import type { Venue } from '../types/venue.js'
import type { AuditLog } from './audit-log.js'
import type { Feed } from './feed.js'
import type { ContinuityCheck } from './handlers/continuity.js'

export interface GapTrackerOptions {
  readonly venue: Venue
  readonly clock: Clock
  readonly topic: Publisher<GapEvent>
  readonly audit: AuditLog
}

export class GapTracker implements ContinuityCheck {
  readonly #options: GapTrackerOptions
  /** Accepted messages of each feed when its connection was last lost. */
  readonly #acceptedAtLoss = new WeakMap<Feed, number>()
  /** The same when it last rejected a message. */
  readonly #acceptedAtReject = new WeakMap<Feed, number>()
  #gapCount = 0

  constructor(options: GapTrackerOptions) {
    this.#options = options
  }

  readonly openDepthCount = 0

  onBookCurrent(): void {}

  /** Gaps reported since the start. */
  get openedCount(): number {
    return this.#gapCount
  }

  onDisconnected(feeds: readonly Feed[]): void {
    for (const feed of feeds) this.#acceptedAtLoss.set(feed, acceptedCount(feed))
  }

  onRejected(feed: Feed): void {
    this.#acceptedAtReject.set(feed, acceptedCount(feed))
  }

  observe(feed: Feed, first: number, _last: number, previous: number | null, _receiveTimeMs: number): void {
    const { lastId } = feed
    // The common case first: most messages follow the one before.
    if (first <= lastId + 1 || lastId < 0) return
    switch (feed.spec.type) {
      case StreamType.TRADE:
      case StreamType.AGG_TRADE:
        this.#declareUnfillable(this.#open(feed, 'tradeId', lastId + 1, first - 1, first - 1 - lastId))
        return
      case StreamType.DEPTH:
        if (feed.spec.depthLevels !== null) return
        if (previous === null) this.#open(feed, 'updateId', lastId + 1, first - 1, first - 1 - lastId)
        // Futures ids are shared by all symbols: how many of the range were ours is unknowable.
        else if (previous > lastId) this.#open(feed, 'updateId', lastId + 1, previous, null)
        return
    }
  }

  #open(feed: Feed, unit: GapUnit, from: number, to: number, missing: number | null): GapEvent {
    feed.gapCount++
    const timeMs = this.#options.clock.wallMs()
    const gap: GapEvent = {
      gapId: ++this.#gapCount,
      kind: 'opened',
      venue: this.#options.venue,
      symbol: feed.spec.symbol,
      streamType: feed.spec.type,
      detail: feed.spec.detail,
      unit,
      from,
      to,
      missing,
      cause: this.#causeOf(feed),
      openedTimeMs: timeMs,
      timeMs,
    }
    this.#publish(gap, LogEventName.GAP_OPENED)
    return gap
  }

  #declareUnfillable(gap: GapEvent): void {
    this.#publish({ ...gap, kind: 'unfillable', timeMs: this.#options.clock.wallMs() }, LogEventName.GAP_UNFILLABLE)
  }

  #publish(gap: GapEvent, event: LogEventName): void {
    this.#options.topic.publish(gap)
    const { gapId, symbol, streamType, detail, unit, from, to, missing, cause } = gap
    const count = missing === null ? 'an unknown number' : String(missing)
    this.#options.audit.write(
      event,
      'WARNING',
      `gap ${gapId} in ${symbol} ${streamType}: ${unit} ${from} to ${to} (${count} missing, ${cause}) ${gap.kind}`,
      { gapId, symbol, streamType, detail, unit, from, to, missing, cause },
    )
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
