/**
 * What travels between the dashboard's hub and the page, as JSON text over one socket: types and the two or three
 * constants both sides need. Imports nothing at run time, because the same file runs in the browser.
 *
 *   page                                 hub
 *     | <---- full (everything so far) -- |   after connecting, and again after having been too slow
 *     | <---- update (what changed) ----- |   at most every 250 ms, at least every second
 *     | ----- interest ---------------->  |   which market, which stream, which topic the person looks at
 *
 * A field that is absent from an update has not changed. The hub never waits for the page, and the page can ask for
 * nothing that changes anything.
 */

import type { GapEvent } from '../types/gap.js'
import type { BookHealth, ConnectionHealth, FeedManagerState, FeedState, VenueClockHealth } from '../types/health.js'
import type { BookState } from '../types/order-book.js'

/** Raised when the two sides no longer understand each other; the page then reloads itself. */
export const PROTOCOL_VERSION = 1

/** Where the push socket is. */
export const PUSH_PATH = '/dashboard/push'

/** A page that heard nothing for this long says so. The hub sends at least every second. */
export const SILENCE_MS_MAX = 3_500

export interface ManagerView {
  readonly name: string
  readonly venue: string
  readonly state: FeedManagerState
  /** When this health was taken, epoch ms. */
  readonly timeMs: number
  readonly uptimeMs: number
  readonly messageCount: number
  readonly errorCount: number
  readonly clock: VenueClockHealth | null
  /** Mean time between two health messages; ages are that much out of date at most. `null` before the second. */
  readonly healthPeriodMs: number | null
  readonly connections: readonly ConnectionView[]
  /** Maintained books. */
  readonly bookCount: number
  /** Those that are not LIVE or had to be rebuilt. */
  readonly books: readonly BookView[]
}

export interface ConnectionView extends ConnectionHealth {
  /** Sockets of this connection, oldest first; only the newest are kept. */
  readonly generations: readonly GenerationView[]
}

/** Life of one socket. Two that overlap are a hand-over; a hole between two is an outage. */
export interface GenerationView {
  readonly generation: number
  readonly startMs: number
  /** `null` while it carries data. */
  readonly endMs: number | null
  /** `lost`: it ended before its successor came. `replaced`: the successor took over first. `closed`: the manager stopped. */
  readonly end: 'lost' | 'replaced' | 'closed' | null
}

export type BookView = Pick<BookHealth, 'symbol' | 'state' | 'resyncCount'>

/** One stream as health sees it. */
export interface FeedView {
  readonly source: string
  readonly stream: string
  readonly symbol: string
  readonly streamType: string
  readonly detail: string
  readonly connectionId: string
  readonly state: FeedState
  readonly messageCount: number
  readonly errorCount: number
  readonly gapCount: number
  readonly ratePerSecond: number
  /** At `ManagerView.timeMs`; `null` before the first message. */
  readonly ageMs: number | null
  readonly p50: number | null
  readonly p99: number | null
}

/** The changing part of a feed, by its place in `feeds` of the last full list. */
export type FeedChange = readonly [
  index: number,
  state: FeedState,
  messageCount: number,
  errorCount: number,
  gapCount: number,
  ratePerSecond: number,
  ageMs: number | null,
  p50: number | null,
  p99: number | null,
]

/** A gap as its newest event has it. */
export interface GapView extends Omit<GapEvent, 'kind' | 'venue' | 'by' | 'timeMs'> {
  readonly source: string
  readonly state: 'open' | 'filled' | 'unfillable'
  readonly by: NonNullable<GapEvent['by']> | null
  readonly closedTimeMs: number | null
}

export interface GapTotals {
  readonly open: number
  readonly filled: number
  readonly unfillable: number
}

export interface LogRow {
  /** Rising, without holes while the page is connected. */
  readonly id: number
  readonly timeMs: number
  readonly level: 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR'
  readonly source: string
  readonly event: string
  readonly message: string
}

export interface QueueView {
  readonly name: string
  readonly topic: string
  readonly queued: number
  readonly capacity: number | null
  readonly dropped: number
}

export interface ProcessView {
  /** Over the last sampling period; `null` before the first. */
  readonly eventLoopDelayP50Ms: number | null
  readonly eventLoopDelayP99Ms: number | null
  readonly eventLoopDelayMaxMs: number | null
  readonly heapUsedBytes: number
  readonly heapLimitBytes: number
  readonly rssBytes: number
  /** Share of one core, 0 … 1 and above with several. */
  readonly cpuShare: number | null
  readonly published: number
  readonly publishedPerSecond: number | null
  readonly delivered: number
  readonly dropped: number
  readonly handlerErrors: number
  readonly queueDepth: number
  /** Subscriptions with a queue, the fullest first; cut at `QUEUES_SHOWN_MAX`. */
  readonly queues: readonly QueueView[]
  readonly subscriptionCount: number
  readonly viewerCount: number
}

export const QUEUES_SHOWN_MAX = 50

export interface TopicView {
  readonly topic: string
  readonly published: number
  readonly perSecond: number | null
}

/** What a topic carries; for topics a user added only the name is known. */
export interface TopicSchema {
  readonly topic: string
  readonly payload: string
  readonly meaning: string
  readonly fields: readonly (readonly [name: string, meaning: string])[]
}

/** One candle without its names: open time (ms), open, high, low, close, volume, 1 when backfilled. */
export type CandleRow = readonly [
  openTimeMs: number,
  open: number,
  high: number,
  low: number,
  close: number,
  volume: number,
  isBackfilled: 0 | 1,
]

export interface LadderView {
  readonly state: BookState
  readonly sequence: number
  /** `[price, qty]`, best first. */
  readonly bids: readonly (readonly [price: number, qty: number])[]
  readonly asks: readonly (readonly [price: number, qty: number])[]
  readonly mid: number | null
  readonly spread: number | null
  readonly spreadBps: number | null
  readonly isCrossed: boolean
  readonly receiveTimeMs: number
}

export interface FundingView {
  readonly markPrice: number
  readonly indexPrice: number | null
  readonly fundingRate: number | null
  readonly nextFundingTimeMs: number | null
  readonly receiveTimeMs: number
}

export interface BboView {
  readonly bid: number
  readonly bidQty: number
  readonly ask: number
  readonly askQty: number
  readonly receiveTimeMs: number
}

/** Asked for, and repeated in the answer, so that an answer to an earlier question is told apart. */
export interface MarketKey {
  readonly source: string
  readonly symbol: string
  /** `''`: the first interval there is. */
  readonly interval: string
}

export interface MarketUpdate {
  readonly key: MarketKey
  /** Intervals this symbol has candles of. */
  readonly intervals?: readonly string[]
  /** Replaces all candles. */
  readonly candles?: readonly CandleRow[]
  /** Finalized since the last update. */
  readonly newCandles?: readonly CandleRow[]
  /** The forming candle; `null` when there is none. */
  readonly forming?: CandleRow | null
  readonly book?: LadderView | null
  readonly bbo?: BboView | null
  readonly funding?: FundingView | null
}

export interface StreamKey {
  readonly source: string
  readonly stream: string
}

/** Columns of equal length. */
export interface HistoryColumns {
  readonly timeMs: readonly number[]
  readonly rate: readonly (number | null)[]
  readonly p50: readonly (number | null)[]
  readonly p99: readonly (number | null)[]
  readonly ageMs: readonly (number | null)[]
}

export interface TroubleView {
  readonly timeMs: number
  readonly level: LogRow['level']
  readonly event: string
  readonly message: string
}

export interface StreamUpdate {
  readonly key: StreamKey
  /** Replaces the history. */
  readonly history?: HistoryColumns
  readonly newSamples?: HistoryColumns
  /** The last warning or error that named this stream; `null`: none so far. */
  readonly trouble?: TroubleView | null
}

export interface RawEnvelope {
  readonly seq: number
  readonly publishTimeMs: number
  readonly source: string
  /** The payload as JSON text, cut at `RAW_CHARACTERS_MAX`. */
  readonly payload: string
  readonly isCut: boolean
}

export const RAW_ENVELOPES_MAX = 50
export const RAW_CHARACTERS_MAX = 4_000

export interface RawUpdate {
  readonly topic: string
  /** Replaces all. */
  readonly envelopes?: readonly RawEnvelope[]
  /** Newest last. */
  readonly newEnvelopes?: readonly RawEnvelope[]
  readonly schema?: TopicSchema
}

export interface ViewUpdates {
  readonly market?: MarketUpdate
  readonly stream?: StreamUpdate
  readonly raw?: RawUpdate
}

/** What both kinds of message may carry. */
export interface BoardPart {
  readonly managers: readonly ManagerView[]
  /** Replaces the list of streams. */
  readonly feeds: readonly FeedView[]
  readonly log: readonly LogRow[]
  /** In an update: those that are new or changed. */
  readonly gaps: readonly GapView[]
  readonly gapTotals: GapTotals
  readonly process: ProcessView
  readonly topics: readonly TopicView[]
}

export interface FullMessage extends BoardPart {
  readonly kind: 'full'
  readonly version: number
  /** Wall clock of the process, epoch ms: the page counts on from here and ignores its own. */
  readonly nowMs: number
  readonly title: string
  readonly startedMs: number
  readonly views?: ViewUpdates
}

export interface UpdateMessage extends Partial<BoardPart> {
  readonly kind: 'update'
  readonly nowMs: number
  readonly feedChanges?: readonly FeedChange[]
  readonly views?: ViewUpdates
}

export type PushMessage = FullMessage | UpdateMessage

/** What the person looks at; a `null` stops that part. */
export interface InterestMessage {
  readonly kind: 'interest'
  readonly market: MarketKey | null
  readonly stream: StreamKey | null
  readonly topic: string | null
}
