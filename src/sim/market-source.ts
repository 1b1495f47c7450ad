/**
 * The seam between the simulated market and the server that shows it to clients.
 *
 * A market source owns what is true: books, trades, candles and the texts that describe them. The server owns
 * sockets, limits, faults and what each client was shown. A simulated market is one source; a recording may be
 * another.
 */
import type { MarketKind } from '../types/venue.js'

/** Unit of every time field in a payload; `us` exists on spot only. */
export type TimeUnit = 'ms' | 'us'

/** The ids and times a payload carries, for continuity checks without parsing it again. */
export interface PayloadIds {
  /** First and last update id of a book payload; `u` alone for `bookTicker` and spot partial depth. */
  readonly U?: number
  readonly u?: number
  /** Futures: last update id of the stream's previous payload. */
  readonly pu?: number
  /** Trade id. */
  readonly t?: number
  /** Aggregate trade id. */
  readonly a?: number
  /** Kline: open time in epoch ms, whatever the time unit of the payload. */
  readonly openTime?: number
  /** Kline: the final frame of its interval. */
  readonly closed?: boolean
  /** Event time in epoch ms, also for payloads that do not carry one (then the time of the change). */
  readonly E?: number
}

/** One payload, built once and shared by all taps of its stream. */
export interface SimPayload {
  /** The exact payload text, not wrapped in an envelope. */
  readonly text: string
  readonly ids: PayloadIds
}

export interface StreamTap {
  /** Stops delivery at once; safe to call twice and from inside `emit`. */
  close(): void
}

export interface RestReply {
  /** HTTP status. */
  readonly status: number
  /** JSON text. */
  readonly body: string
  /** Request weight the call costs, also when refused; 0 for calls with a limit of their own. */
  readonly weight: number
  /** A recording says whether it answers what was recorded or what it computed. */
  readonly origin?: 'recorded' | 'derived'
}

export interface MarketSource {
  readonly markets: readonly MarketKind[]
  /** Begins the event queue on the injected clock. */
  start(): void
  stop(): void
  /** The venue's clock, epoch ms with sub-millisecond fraction: start time plus scaled elapsed time. */
  nowMs(): number
  /**
   * Delivers each payload of the stream to `emit`, synchronously while the market advances. All taps of one name
   * share the payload object. `null`: the venue acknowledges such a name but never delivers (unknown symbol, type
   * or speed, upper case symbol).
   */
  tap(market: MarketKind, stream: string, timeUnit: TimeUnit, emit: (payload: SimPayload) => void): StreamTap | null
  /** Futures route the venue serves a stream on; unknown names count as `market`. */
  routeOf(stream: string): 'public' | 'market'
  /** Answers a market data request; `path` begins with `/api/` or `/fapi/`. Unknown paths give status 404. */
  rest(market: MarketKind, path: string, params: URLSearchParams, timeUnit: TimeUnit): RestReply
  readonly oracle: MarketOracle
}

/** A full book as decimal text with the venue's decimals, best level first. */
export interface OracleBook {
  readonly symbol: string
  readonly market: MarketKind
  readonly updateId: number
  readonly bids: readonly (readonly [price: string, qty: string])[]
  readonly asks: readonly (readonly [price: string, qty: string])[]
}

/** A closed candle as the venue would print it. */
export interface OracleCandle {
  readonly openTime: number
  readonly closeTime: number
  readonly open: string
  readonly high: string
  readonly low: string
  readonly close: string
  readonly volume: string
  readonly quoteVolume: string
  readonly tradeCount: number
  readonly takerBuyVolume: string
  readonly takerBuyQuoteVolume: string
  /** -1 for an interval without trades. */
  readonly firstTradeId: number
  readonly lastTradeId: number
}

export interface OracleTrade {
  readonly id: number
  readonly price: string
  readonly qty: string
  /** Epoch ms with microsecond fraction. */
  readonly timeMs: number
  readonly isBuyerMaker: boolean
  readonly aggregateId: number
  /** `MARKET` on spot; futures also has executions outside the book. */
  readonly kind: 'MARKET' | 'INSURANCE_FUND' | 'ADL' | 'NA'
}

export interface OracleTicker {
  readonly openTime: number
  readonly closeTime: number
  readonly open: string
  readonly high: string
  readonly low: string
  readonly last: string
  readonly volume: string
  readonly quoteVolume: string
  readonly firstTradeId: number
  readonly lastTradeId: number
  readonly tradeCount: number
}

export interface OracleFunding {
  readonly timeMs: number
  readonly markPrice: string
  readonly indexPrice: string
  /** `''` or zero for contracts without funding. */
  readonly fundingRate: string
  readonly nextFundingTimeMs: number
  readonly settled: readonly { readonly fundingTimeMs: number; readonly fundingRate: string }[]
}

/** What really happened. Answers `null` or an empty list for what is unknown or no longer kept. */
export interface MarketOracle {
  symbols(market: MarketKind): readonly string[]
  /** The book now. */
  book(symbol: string, market: MarketKind): OracleBook | null
  /** The book just after the change with this id (or the last one before it), as far as the journal reaches. */
  bookAt(symbol: string, updateId: number, market: MarketKind): OracleBook | null
  /** All closed candles still kept, oldest first; `fromMs` and `toMs` bound the open time, both inclusive. */
  candles(symbol: string, interval: string, market: MarketKind, fromMs?: number, toMs?: number): readonly OracleCandle[]
  trades(symbol: string, fromId: number, toId: number, market: MarketKind): readonly OracleTrade[]
  ticker(symbol: string, market: MarketKind): OracleTicker | null
  /** Futures only. */
  funding(symbol: string): OracleFunding | null
  /** Digest of everything that happened to all symbols so far; independent of who watched. */
  historyHash(): string
  /** Number of order book operations and executions so far. */
  eventCount(): number
}
