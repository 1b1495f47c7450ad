/**
 * What a user may write and what the rest of the program reads: plain types, no checks. The checks are in
 * `schema.ts` (single fields), `streams.ts` (one stream on one venue) and `rules.ts` (fields together).
 *
 * All durations are milliseconds.
 */
import type { CandleInterval, StreamType } from '../../types/stream.js'
import type { Venue } from '../../types/venue.js'

export type DepthLevels = 5 | 10 | 20

/** Asks for one stream. `streamConfig()` builds one with the types of each kind. */
export interface StreamConfig {
  /** As the venue lists it, upper case, e.g. `BTCUSDT`, `BTCUSDT_261225`, `币安人生USDT`. */
  readonly symbol: string
  readonly type: StreamType
  /** `KLINE`: required. Other types have none. */
  readonly interval?: CandleInterval | undefined
  /** `DEPTH`: 5, 10 or 20 for a partial book; left out for the diff stream of a maintained book. */
  readonly depthLevels?: DepthLevels | undefined
  /** `DEPTH` and `MARK_PRICE`: e.g. `100ms`; left out for the venue's default. */
  readonly updateSpeed?: string | undefined
}

/**
 * Hours of day (UTC) in which planned refreshes may run: from the start of `fromHour` to the start of
 * `toHour`, over midnight when `fromHour` is the greater one.
 */
export interface RefreshWindow {
  /** 0 to 23. */
  readonly fromHour: number
  /** 1 to 24. */
  readonly toHour: number
}

export interface ConnectionConfigInput {
  /** Market streams address without path suffix, e.g. `ws://127.0.0.1:9080`. Default: the venue's. */
  readonly baseUrl?: string | undefined
  /** REST address, e.g. `http://127.0.0.1:9080`. Default: the venue's, or `baseUrl`'s host when that is not the venue's. */
  readonly restUrl?: string | undefined
  /** Default 30 000. */
  readonly connectTimeoutMs?: number | undefined
  /** Default 30 000. */
  readonly pingIntervalMs?: number | undefined
  /** Default 10 000; at most `pingIntervalMs`. */
  readonly pingTimeoutMs?: number | undefined
  /** Consecutive failures before giving up. Default `Infinity`; in JSON and environment the text `Infinity`. */
  readonly maxReconnectAttempts?: number | 'Infinity' | undefined
  /**
   * Wait before the first attempt after the loss of a connection that was healthy (10 s of data); later attempts,
   * and those after a connection that never was, wait as `baseReconnectDelayMs` says. Default 50.
   */
  readonly firstReconnectDelayMs?: number | undefined
  /** Default 1 000. */
  readonly baseReconnectDelayMs?: number | undefined
  /** Default 60 000. */
  readonly reconnectDelayMsMax?: number | undefined
  /** 0.3 spreads each delay by plus or minus 30 %. Default 0.3, from 0 to 1. */
  readonly reconnectJitter?: number | undefined
  /** Age at which a connection is replaced. Default 82 800 000 (23 h); the venue ends it at 24 h. */
  readonly connectionAgeMsMax?: number | undefined
  /** Default: none, a refresh runs when the age asks for it. */
  readonly refreshWindow?: RefreshWindow | undefined
  /** Streams carried by one connection before another is opened. Default 200, at most 1024. */
  readonly streamsPerConnectionMax?: number | undefined
  /**
   * Kinds of stream that are carried by two sockets at the same time: the first copy of each message wins, and the
   * loss of one socket costs nothing. Default: none.
   */
  readonly redundant?: readonly StreamType[] | undefined
}

export interface HealthConfigInput {
  /** A feed is stale after this long without a message. Default 30 000. */
  readonly stalenessThresholdMs?: number | undefined
  /** Default 5 000. */
  readonly healthCheckIntervalMs?: number | undefined
  /** All connections are restarted after this long without any message. Default 60 000. */
  readonly watchdogTimeoutMs?: number | undefined
  /** Time between two measurements of the venue's clock over REST; 0 makes none. Default 60 000. */
  readonly clockCheckIntervalMs?: number | undefined
}

/** Levels per side that a snapshot of a maintained book asks for. */
export type SnapshotLevels = 100 | 500 | 1000 | 5000

/** Maintained books: `DEPTH` streams without `depthLevels`. */
export interface BookConfigInput {
  /** Levels per side of the pictures on `mkt.orderbook`. Default 20, at most 1000. */
  readonly publishLevels?: number | undefined
  /** Shortest time between two pictures of one book; a change of state goes out at once. Default 0: every change. */
  readonly publishIntervalMs?: number | undefined
  /** Also publish every change, on `mkt.orderbook.delta`. Default `false`. */
  readonly emitDeltas?: boolean | undefined
  /** Default 1000; 5000 on spot only. */
  readonly snapshotLevels?: SnapshotLevels | undefined
}

/** Order and backfill of finalized candles. */
export interface CandleConfigInput {
  /** A candle that the stream has not sent this long after its end is fetched over REST. Default 3 000. */
  readonly closeGraceMs?: number | undefined
  /** Live candles wait this long for missing ones before them while REST brings nothing. Default 30 000. */
  readonly holdMsMax?: number | undefined
  /** Missing candles of one stream that are fetched at most. Default 10 000. */
  readonly backfillCountMax?: number | undefined
  /** Folder of the state file that lets a restarted process go on where this one ended. Default: no file. */
  readonly stateDir?: string | undefined
}

/** Holes in aggregated trades. */
export interface TradeConfigInput {
  /** Fetch missing ids of `AGG_TRADE` streams over REST and publish them in order. Default `false`. */
  readonly backfillTrades?: boolean | undefined
  /** Live trades of a stream wait this long for missing ones before them. Default 5 000. */
  readonly tradeHoldMsMax?: number | undefined
  /** Holes with more ids than this are declared unfillable at once. Default 10 000. */
  readonly tradeBackfillCountMax?: number | undefined
}

/** What `new LiveFeedConfig()` takes: `symbols` or `streams` or both, and anything that differs from the defaults. */
export interface LiveFeedConfigInput {
  /** For editors: where the JSON Schema is. Not read. */
  readonly $schema?: string | undefined
  readonly venue: Venue
  /** Simple form: one kline stream per symbol, plus what the `subscribe…` fields ask for. */
  readonly symbols?: readonly string[] | undefined
  /** For `symbols`. Default `1m`. */
  readonly defaultKlineInterval?: CandleInterval | undefined
  readonly subscribeOrderbook?: boolean | undefined
  /** 5, 10 or 20 for partial depth, `full` for a maintained book. Default 5. */
  readonly orderbookDepth?: DepthLevels | 'full' | undefined
  /** Futures only: `MARK_PRICE`. */
  readonly subscribeFunding?: boolean | undefined
  readonly subscribeTicker?: boolean | undefined
  /** `AGG_TRADE`. */
  readonly subscribeTrades?: boolean | undefined
  readonly subscribeBookTicker?: boolean | undefined
  /** Futures only: `LIQUIDATION`. */
  readonly subscribeLiquidations?: boolean | undefined
  readonly streams?: readonly StreamConfig[] | undefined
  /** Also publish forming candles, on `mkt.candles.partial`. Default `false`. */
  readonly emitPartialCandles?: boolean | undefined
  readonly book?: BookConfigInput | undefined
  readonly candles?: CandleConfigInput | undefined
  readonly trades?: TradeConfigInput | undefined
  readonly connection?: ConnectionConfigInput | undefined
  readonly health?: HealthConfigInput | undefined
}

/** `CandleConfigInput` with every default filled in; frozen. */
export interface CandleConfig {
  readonly closeGraceMs: number
  readonly holdMsMax: number
  readonly backfillCountMax: number
  /** `null`: no state file. */
  readonly stateDir: string | null
}

/** `TradeConfigInput` with every default filled in; frozen. */
export interface TradeConfig {
  readonly backfillTrades: boolean
  readonly tradeHoldMsMax: number
  readonly tradeBackfillCountMax: number
}

/** `ConnectionConfigInput` with every default filled in; frozen. */
export interface ConnectionConfig {
  /** Without trailing slash. `''` only for a `SIM_…` venue whose address is not known yet (see `requireEndpoints`). */
  readonly baseUrl: string
  /** Without trailing slash. `''` like `baseUrl`. */
  readonly restUrl: string
  readonly connectTimeoutMs: number
  readonly pingIntervalMs: number
  readonly pingTimeoutMs: number
  /** `Infinity` for never giving up. */
  readonly maxReconnectAttempts: number
  readonly firstReconnectDelayMs: number
  readonly baseReconnectDelayMs: number
  readonly reconnectDelayMsMax: number
  readonly reconnectJitter: number
  readonly connectionAgeMsMax: number
  readonly refreshWindow: RefreshWindow | null
  readonly streamsPerConnectionMax: number
  /** Kinds of stream that two sockets carry at the same time. */
  readonly redundant: readonly StreamType[]
}

/** `BookConfigInput` with every default filled in; frozen. */
export interface BookConfig {
  readonly publishLevels: number
  readonly publishIntervalMs: number
  readonly emitDeltas: boolean
  readonly snapshotLevels: SnapshotLevels
}

/** `HealthConfigInput` with every default filled in; frozen. */
export interface HealthConfig {
  readonly stalenessThresholdMs: number
  readonly healthCheckIntervalMs: number
  readonly watchdogTimeoutMs: number
  /** 0: never. */
  readonly clockCheckIntervalMs: number
}
