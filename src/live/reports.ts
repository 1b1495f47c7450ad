/** What a manager says about itself: health and counters, put together from its parts at the moment of asking. */
import type { Bus } from '../bus/index.js'
import type { FeedHealth, FeedManagerState, FeedSystemHealth } from '../types/health.js'
import type { Venue } from '../types/venue.js'
import type { AuditLog } from './audit-log.js'
import type { ConnectionManager } from './connection/index.js'
import { publicUrl } from './connection-log.js'
import type { Integrity } from './integrity.js'
import type { MessageRouter } from './router/index.js'
import { afterOrdering, type ErrorCounts, type FeedManagerStats, type FeedTotals, noTotals } from './stats.js'
import type { StreamSet } from './stream-set.js'

/** The parts of a run that have something to say. */
export interface ReportedRun {
  readonly streams: StreamSet
  readonly router: MessageRouter
  readonly connection: ConnectionManager
  readonly monitor: { feedHealth(): FeedHealth[] }
  readonly integrity: Integrity
  readonly errors: ErrorCounts
  readonly watchdogRestarts: number
  readonly resubscriptions: number
}

export interface ReportContext {
  readonly name: string
  readonly venue: Venue
  readonly state: FeedManagerState
  readonly uptimeMs: number
  readonly bus: Bus
  /** `null` before the first start. */
  readonly run: ReportedRun | null
}

export function systemHealth(context: ReportContext, timeMs: number): FeedSystemHealth {
  const { name, venue, state, uptimeMs, bus, run } = context
  return {
    name,
    venue,
    state,
    timeMs,
    uptimeMs,
    totalMessageCount: run?.streams.totals().received ?? 0,
    totalErrorCount: run?.errors.total() ?? 0,
    connections: run?.connection.connections().map((one) => ({ ...one, url: publicUrl(one.url) })) ?? [],
    feeds: run?.integrity.feedHealth(run.monitor.feedHealth(), (stream) => run.router.feed(stream)) ?? [],
    books: run?.integrity.books.health() ?? [],
    clock: run?.integrity.venueClock.health() ?? null,
    bus: bus.health(),
  }
}

/** What became of the messages of a run; nothing of none. */
export function totalsOf(run: Pick<ReportedRun, 'streams' | 'integrity'> | null): FeedTotals {
  if (run === null) return noTotals()
  const { streams, integrity } = run
  return afterOrdering(streams.totals(), integrity.candles.stats(), integrity.trades?.stats() ?? null)
}

export function managerStats(context: ReportContext, audit: AuditLog): FeedManagerStats {
  const { name, state, uptimeMs, bus, run } = context
  const totals = totalsOf(run)
  return {
    name,
    state,
    uptimeMs,
    messagesReceived: totals.received,
    messagesPublished: totals.published,
    messagesIgnored: totals.ignored,
    duplicatesDropped: totals.duplicates,
    messagesRejected: totals.rejected,
    messagesHeld: totals.held,
    errorsCount: run?.errors.total() ?? 0,
    errorsByCode: run?.errors.byCode() ?? {},
    gapsOpened: run?.integrity.gaps.counts().opened ?? 0,
    gaps: run?.integrity.gaps.counts() ?? { opened: 0, filled: 0, unfillable: 0, open: 0, byCause: {} },
    candles: run?.integrity.candles.stats() ?? null,
    trades: run?.integrity.trades?.stats() ?? null,
    watchdogRestarts: run?.watchdogRestarts ?? 0,
    resubscriptions: run?.resubscriptions ?? 0,
    logEvents: audit.counts(),
    rest: run?.integrity.rest.stats() ?? null,
    router: run?.router.stats() ?? null,
    connection: run?.connection.stats() ?? null,
    bus: bus.stats(),
  }
}
