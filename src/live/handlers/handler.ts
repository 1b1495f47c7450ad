/**
 * The contract of a stream handler: venue payload in, typed payload out, no sockets, no timers, no throw.
 */
import type { Candle } from '../../types/candle.js'
import type { FundingRateEvent } from '../../types/funding.js'
import type { Liquidation } from '../../types/liquidation.js'
import type { BestBidOffer, OrderBookDelta, OrderBookSnapshot } from '../../types/order-book.js'
import type { Publisher } from '../../types/publisher.js'
import type { TickerEvent } from '../../types/ticker.js'
import type { Trade } from '../../types/trade.js'
import type { Feed } from '../feed.js'

/** What became of a payload. Numbers, because one is returned per message. */
export const PayloadOutcome = {
  PUBLISHED: 0,
  IGNORED: 1,
  DUPLICATE: 2,
  /** Readable, but holds an impossible value; `rejection` says which. */
  REJECTED: 3,
  /** These bytes are no JSON value. Not counted here: the router reads the whole frame and decides. */
  UNREADABLE: 4,
} as const
export type PayloadOutcome = (typeof PayloadOutcome)[keyof typeof PayloadOutcome]

export interface StreamHandler {
  /**
   * Handles the payload `bytes[start … end)` (the value of `data` in a combined frame). Publishes at most
   * one message, synchronously. Sets `feed.lastId`, `feed.lastLatencyMs` and `feed.fallbackCount`; the
   * router counts the outcome.
   */
  handle(bytes: Uint8Array, start: number, end: number, receiveTimeMs: number, feed: Feed): PayloadOutcome
  /** As `handle`, for a payload that is parsed already: its frame was not in the usual form. Never `UNREADABLE`. */
  handleValue(payload: unknown, receiveTimeMs: number, feed: Feed): PayloadOutcome
  /** Why the last call returned `REJECTED`, e.g. `p: expected a decimal, got "abc"`. Read at once. */
  readonly rejection?: string
}

/** Where handlers publish; one per market data topic. */
export interface MarketPublishers {
  readonly candles: Publisher<Candle>
  /** `null` unless partial candles were asked for. */
  readonly partialCandles: Publisher<Candle> | null
  readonly orderbook: Publisher<OrderBookSnapshot>
  readonly orderbookDelta: Publisher<OrderBookDelta>
  readonly bbo: Publisher<BestBidOffer>
  readonly trades: Publisher<Trade>
  readonly funding: Publisher<FundingRateEvent>
  readonly ticker: Publisher<TickerEvent>
  readonly liquidations: Publisher<Liquidation>
}
