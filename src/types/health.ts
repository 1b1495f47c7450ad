import type { BookState } from './order-book.js'
import type { StreamType } from './stream.js'
import type { Venue } from './venue.js'

/**
 * Life of a feed manager.
 *
 *   STOPPED --start()--> STARTING --all streams acknowledged--> RUNNING --stop()--> STOPPING --> STOPPED
 *                           |                                      |
 *                           +--start failed--> FAILED <--bounded reconnects used up--+
 *
 * `stop()` leaves FAILED for STOPPED; `start()` is allowed from STOPPED and FAILED.
 */
export const FeedManagerState = {
  STOPPED: 'STOPPED',
  STARTING: 'STARTING',
  RUNNING: 'RUNNING',
  STOPPING: 'STOPPING',
  FAILED: 'FAILED',
} as const
export type FeedManagerState = (typeof FeedManagerState)[keyof typeof FeedManagerState]

/**
 * Life of one connection (shard).
 *
 *   IDLE --> CONNECTING --> SUBSCRIBING --> OPEN --> (REFRESHING --> OPEN)
 *               ^               |            |
 *               +--- BACKOFF <--+------------+          any --> CLOSED (stop), any --> FAILED (attempts used up)
 */
export const ConnectionState = {
  IDLE: 'IDLE',
  CONNECTING: 'CONNECTING',
  SUBSCRIBING: 'SUBSCRIBING',
  OPEN: 'OPEN',
  REFRESHING: 'REFRESHING',
  BACKOFF: 'BACKOFF',
  CLOSED: 'CLOSED',
  FAILED: 'FAILED',
} as const
export type ConnectionState = (typeof ConnectionState)[keyof typeof ConnectionState]

/** `NEVER_RECEIVED` is not `STALE`: the first has no message yet, the second had and stopped. */
export const FeedState = {
  NEVER_RECEIVED: 'NEVER_RECEIVED',
  OK: 'OK',
  STALE: 'STALE',
  RESYNCING: 'RESYNCING',
} as const
export type FeedState = (typeof FeedState)[keyof typeof FeedState]

export interface ConnectionHealth {
  /** Stable over reconnects, e.g. `public-0`. */
  readonly id: string
  /** Futures route, or `''` on spot. */
  readonly route: string
  /** Counts sockets opened for this id, from 1; 0 before the first. */
  readonly generation: number
  readonly state: ConnectionState
  readonly url: string
  /** Age of the current socket, 0 when none is open. */
  readonly uptimeMs: number
  /** Unplanned reconnects since start. */
  readonly reconnectCount: number
  /** Consecutive failures since the last healthy data. */
  readonly reconnectAttempt: number
  /** `null` before the first frame. */
  readonly lastMessageAgeMs: number | null
  /** Last ping-pong round trip; `null` before the first. */
  readonly rttMs: number | null
  /** `null` when no socket is open. */
  readonly nextRefreshInMs: number | null
  readonly streamCount: number
  /** Sockets of a redundant pair; empty on a connection of one socket. */
  readonly paths: readonly PathHealth[]
}

/** One socket of a redundant pair: both carry the same streams, and the first to deliver a message wins. */
export interface PathHealth {
  /** Stable over reconnects: `a` or `b`. */
  readonly path: string
  readonly generation: number
  readonly state: ConnectionState
  readonly rttMs: number | null
  /** Messages this socket delivered before the other did. */
  readonly firstCount: number
  /** Messages that the other socket had delivered already. */
  readonly lateCount: number
  /** How far behind the other a late message came, in ms; `null` without samples. */
  readonly lateMs: LatencySummary | null
}

export interface LatencySummary {
  /** Receive time minus venue time in ms; may be negative when clocks differ. */
  readonly p50: number
  readonly p99: number
}

export interface FeedHealth {
  readonly symbol: string
  readonly streamType: StreamType
  /** Interval, depth or speed, e.g. `1m`, `20@100ms`; empty where none. */
  readonly detail: string
  /** Wire name, e.g. `btcusdt@kline_1m`. */
  readonly stream: string
  readonly connectionId: string
  readonly state: FeedState
  readonly isStale: boolean
  readonly messageCount: number
  readonly errorCount: number
  readonly ratePerSecond: number
  /** Since the last message; `null` before the first. */
  readonly lastMessageAgeMs: number | null
  /** `null` without samples or where the venue sends no time. */
  readonly latencyMs: LatencySummary | null
  readonly gapCount: number
}

export interface BookHealth {
  readonly symbol: string
  readonly state: BookState
  readonly sequence: number
  readonly resyncCount: number
  /** Updates that changed the book. */
  readonly appliedCount: number
  /** Updates kept while a snapshot is awaited. */
  readonly bufferedCount: number
  /** Snapshots asked for, and requests that gave none. */
  readonly snapshotCount: number
  readonly snapshotFailureCount: number
  readonly bidLevels: number
  readonly askLevels: number
}

export interface BusHealth {
  readonly published: number
  readonly delivered: number
  readonly dropped: number
  readonly handlerErrors: number
  /** Messages waiting in the queues of all subscriptions. */
  readonly queueDepth: number
}

/** The venue's clock against ours, measured over REST like NTP does: half a round trip is the error bound. */
export interface VenueClockHealth {
  /** Venue time minus our time in ms: subtracting our offset, a latency is `receive + offset - venue`. */
  readonly offsetMs: number
  /** The offset is right within plus or minus this. */
  readonly uncertaintyMs: number
  /** Since the sample the estimate rests on. */
  readonly ageMs: number
  readonly sampleCount: number
}

export interface FeedSystemHealth {
  readonly name: string
  readonly venue: Venue
  readonly state: FeedManagerState
  readonly timeMs: number
  /** Since the manager reached RUNNING; 0 before. */
  readonly uptimeMs: number
  readonly totalMessageCount: number
  readonly totalErrorCount: number
  readonly connections: readonly ConnectionHealth[]
  readonly feeds: readonly FeedHealth[]
  readonly books: readonly BookHealth[]
  /** `null` before the first estimate, and where the source has no such clock. */
  readonly clock: VenueClockHealth | null
  readonly bus: BusHealth
}
