/** Payload contracts and topic names: all a strategy needs to subscribe, without the manager. */
export type { Candle } from './candle.js'
export type { Envelope } from './envelope.js'
export type { LiveFeedErrorOptions } from './errors.js'
export { HandlerError, LiveFeedError } from './errors.js'
export type { FeedSource } from './feed-source.js'
export type { FundingRateEvent } from './funding.js'
export type { GapCause, GapEvent, GapUnit } from './gap.js'
export type {
  BookHealth,
  BusHealth,
  ConnectionHealth,
  FeedHealth,
  FeedSystemHealth,
  LatencySummary,
} from './health.js'
export { ConnectionState, FeedManagerState, FeedState } from './health.js'
export type { Liquidation } from './liquidation.js'
export type { LogEvent, LogLevel } from './log-event.js'
export { LogEventName } from './log-event.js'
export type { BestBidOffer, OrderBookDelta, OrderBookSnapshot, PriceLevel, PriceLevels } from './order-book.js'
export { BookState } from './order-book.js'
export type { Publisher } from './publisher.js'
export type { CandleInterval } from './stream.js'
export { CANDLE_INTERVALS, StreamType } from './stream.js'
export type { TickerEvent } from './ticker.js'
// Not by name: only a star export lets a user add topics with `declare module 'feedbus/types'`.
export * from './topics.js'
export type { Trade } from './trade.js'
export { TakerSide } from './trade.js'
export type { FeedVenue, MarketKind } from './venue.js'
export { ConnectorVenue, Venue } from './venue.js'
