/**
 * Topic names and the payload type of each. Extend with your own topics by declaration merging:
 *
 *   declare module 'feedbus' { interface TopicMap { 'strat.signal': { side: 'BUY' | 'SELL' } } }
 */
import type { Candle } from './candle.js'
import type { FundingRateEvent } from './funding.js'
import type { GapEvent } from './gap.js'
import type { FeedSystemHealth } from './health.js'
import type { Liquidation } from './liquidation.js'
import type { LogEvent } from './log-event.js'
import type { BestBidOffer, OrderBookDelta, OrderBookSnapshot } from './order-book.js'
import type { TickerEvent } from './ticker.js'
import type { Trade } from './trade.js'

export interface TopicMap {
  'mkt.candles': Candle
  'mkt.candles.partial': Candle
  'mkt.orderbook': OrderBookSnapshot
  'mkt.orderbook.delta': OrderBookDelta
  'mkt.bbo': BestBidOffer
  'mkt.trades': Trade
  'mkt.funding': FundingRateEvent
  'mkt.ticker': TickerEvent
  'mkt.liquidations': Liquidation
  'live.health': FeedSystemHealth
  'live.gap': GapEvent
  'log.event': LogEvent
}

export type TopicName = keyof TopicMap & string

export const T_CANDLES = 'mkt.candles'
export const T_CANDLES_PARTIAL = 'mkt.candles.partial'
export const T_ORDERBOOK = 'mkt.orderbook'
export const T_ORDERBOOK_DELTA = 'mkt.orderbook.delta'
export const T_BBO = 'mkt.bbo'
export const T_TRADES = 'mkt.trades'
export const T_FUNDING = 'mkt.funding'
export const T_TICKER = 'mkt.ticker'
export const T_LIQUIDATIONS = 'mkt.liquidations'
export const T_LIVE_HEALTH = 'live.health'
export const T_LIVE_GAP = 'live.gap'
export const T_LOG_EVENT = 'log.event'
