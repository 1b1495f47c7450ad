import type { Venue } from './venue.js'

/**
 * Statistics of the rolling 24 h window. Fields that a venue or the short form (`MINI_TICKER`) does not
 * send are absent, never zero.
 */
export interface TickerEvent {
  readonly venue: Venue
  readonly symbol: string
  /** `full` from `TICKER`, `mini` from `MINI_TICKER`. */
  readonly kind: 'full' | 'mini'
  readonly lastPrice: number
  readonly lastQty?: number
  /** Mini form: last price minus open. */
  readonly priceChange: number
  /** In percent, e.g. -0.669. Mini form: computed from open and last price; 0 when open is 0. */
  readonly priceChangePercent: number
  readonly weightedAvgPrice?: number
  /** Spot only: last price before the window. */
  readonly previousClosePrice?: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly volume: number
  readonly quoteVolume: number
  /** Spot only. */
  readonly bestBid?: number
  readonly bestBidQty?: number
  readonly bestAsk?: number
  readonly bestAskQty?: number
  readonly tradeCount?: number
  readonly firstTradeId?: number
  readonly lastTradeId?: number
  readonly windowOpenTimeMs?: number
  readonly windowCloseTimeMs?: number
  readonly venueTimeMs: number
  readonly receiveTimeMs: number
}
