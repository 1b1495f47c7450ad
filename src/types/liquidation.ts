import type { Venue } from './venue.js'

/**
 * A forced order. The venue sends at most one per symbol per second: a sample, not a complete record.
 * `side` is the side of the forced order: `SELL` means that a long position was liquidated.
 */
export interface Liquidation {
  readonly venue: Venue
  readonly symbol: string
  readonly side: 'BUY' | 'SELL'
  readonly orderType: string
  readonly timeInForce: string
  readonly qty: number
  readonly price: number
  readonly avgPrice: number
  readonly status: string
  readonly lastFilledQty: number
  readonly filledQty: number
  readonly tradeTimeMs: number
  readonly venueTimeMs: number
  readonly receiveTimeMs: number
}
