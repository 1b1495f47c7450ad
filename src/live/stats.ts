/** Counters of a manager, added up from its parts. All are since the last `start()`. */
import type { BusStats } from '../bus/index.js'
import type { FeedManagerState } from '../types/health.js'
import type { LogEventName } from '../types/log-event.js'
import type { CandleStats } from './candles/index.js'
import type { ConnectionStats } from './connection/index.js'
import type { Feed } from './feed.js'
import type { GapCounts } from './gaps/index.js'
import type { RequestGovernorStats } from './rest/request-governor.js'
import type { RouterStats } from './router/index.js'
import type { TradeBackfillStats } from './trades/index.js'

/**
 * Conservation: `messagesReceived` = published + ignored + duplicates + rejected + held, summed over all streams,
 * also those that were unsubscribed meanwhile.
 */
export interface FeedManagerStats {
  readonly name: string
  readonly state: FeedManagerState
  /** Since RUNNING was reached; 0 when not running. */
  readonly uptimeMs: number
  /** Data frames placed on a stream. */
  readonly messagesReceived: number
  /**
   * Messages of the streams that reached the bus. An update of a maintained book counts when the book has it, since
   * books reach the bus as deltas and pictures only as `book` says. What came over REST is not in it.
   */
  readonly messagesPublished: number
  /** Valid but not asked for: partial candles, and candles that still waited when their stream ended. */
  readonly messagesIgnored: number
  /** Seen before: by the venue's id, or as candles that were published already. */
  readonly duplicatesDropped: number
  /** Unreadable or impossible payloads of known streams. */
  readonly messagesRejected: number
  /**
   * Waiting now. Candles and trades for missing ones before them. Others, a few at most per stream, because they are
   * newer than what came last under an id that was passed: duplicates when the stream goes on above, and published when
   * its ids turn out to have begun again.
   */
  readonly messagesHeld: number
  /** Everything that went wrong: the sum of `errorsByCode`. */
  readonly errorsCount: number
  /** By error code, see `docs/errors.md`. */
  readonly errorsByCode: Readonly<Record<string, number>>
  /** Holes reported on `live.gap`. */
  readonly gapsOpened: number
  /** What became of them. */
  readonly gaps: GapCounts
  /** Finalized candles: published from the stream and over REST, dropped as repeats, lost; `null` before the first start. */
  readonly candles: CandleStats | null
  /** Backfill of aggregated trades; `null` before the first start and when it is off. */
  readonly trades: TradeBackfillStats | null
  readonly watchdogRestarts: number
  /** Streams that were subscribed again because they were silent. */
  readonly resubscriptions: number
  /** Events written to `log.event` by this manager, since it was constructed. */
  readonly logEvents: Readonly<Partial<Record<LogEventName, number>>>
  /** Requests and used weight. `null` before the first start. */
  readonly rest: RequestGovernorStats | null
  /** `null` before the first start. */
  readonly router: RouterStats | null
  /** `null` before the first start. */
  readonly connection: ConnectionStats | null
  /** Of the whole bus, other publishers included. */
  readonly bus: BusStats
}

/** The part of a feed's counters that is added up. */
export interface FeedTotals {
  received: number
  published: number
  ignored: number
  duplicates: number
  rejected: number
  held: number
}

export function noTotals(): FeedTotals {
  return { received: 0, published: 0, ignored: 0, duplicates: 0, rejected: 0, held: 0 }
}

/** Adds the counters of `feed` to `totals`. */
export function addFeed(totals: FeedTotals, feed: Feed): FeedTotals {
  totals.received += feed.messageCount
  totals.published += feed.publishedCount
  totals.ignored += feed.ignoredCount
  totals.duplicates += feed.duplicateCount
  totals.rejected += feed.rejectedCount
  totals.held += feed.heldCount
  return totals
}

/**
 * The totals of all streams after the parts that keep order: a message that its handler took is published only when
 * its turn has come. Worked out when somebody asks, so that it costs nothing per message.
 */
export function afterOrdering(
  totals: FeedTotals,
  { held, repeatsDropped, discarded }: Pick<CandleStats, 'held' | 'repeatsDropped' | 'discarded'>,
  trades: Pick<TradeBackfillStats, 'held'> | null,
): FeedTotals {
  const waiting = held + (trades?.held ?? 0)
  return {
    ...totals,
    published: totals.published - waiting - repeatsDropped - discarded,
    ignored: totals.ignored + discarded,
    duplicates: totals.duplicates + repeatsDropped,
    held: totals.held + waiting,
  }
}

/** Counts errors by their code; the set of codes is closed, so the map is small. */
export class ErrorCounts {
  readonly #counts = new Map<string, number>()

  add(code: string): void {
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1)
  }

  byCode(): Record<string, number> {
    return Object.fromEntries(this.#counts)
  }

  total(): number {
    let total = 0
    for (const count of this.#counts.values()) total += count
    return total
  }
}
