import type { Venue } from './venue.js'

/** Mark price, index price and the running funding estimate of a futures contract. */
export interface FundingRateEvent {
  readonly venue: Venue
  readonly symbol: string
  readonly markPrice: number
  /** Moving average of the mark price; sent since March 2026, else absent. */
  readonly markPriceAvg?: number
  /** Absent where the venue sends none. */
  readonly indexPrice?: number
  /** Meaningful in the last hour before settlement only. */
  readonly estimatedSettlePrice?: number
  /** Fraction per interval, e.g. 0.0001; `null` when the contract has no funding scheduled. */
  readonly fundingRate: number | null
  /** When the rate applies, epoch ms; `null` when the contract has no funding scheduled. */
  readonly nextFundingTimeMs: number | null
  readonly venueTimeMs: number
  readonly receiveTimeMs: number
}
