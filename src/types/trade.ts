/** Payload of `mkt.trades`. */
import type { Venue } from './venue.js'

export const TakerSide = { BUY: 'BUY', SELL: 'SELL' } as const
export type TakerSide = (typeof TakerSide)[keyof typeof TakerSide]

/** One execution (`kind: 'single'`) or the venue's aggregation of several (`kind: 'aggregate'`). */
export interface Trade {
  readonly venue: Venue
  readonly symbol: string
  readonly kind: 'single' | 'aggregate'
  /** Trade id, or aggregate id; contiguous per symbol and kind. */
  readonly id: number
  /** Single trades covered; equal to `id` for a single trade. */
  readonly firstTradeId: number
  readonly lastTradeId: number
  readonly price: number
  /** Base units (contracts where the instrument says so). */
  readonly qty: number
  /** Side of the order that removed liquidity. */
  readonly takerSide: TakerSide
  /** The buyer was resting in the book: the taker sold. */
  readonly isBuyerMaker: boolean
  /** When the venue executed it, epoch ms. */
  readonly tradeTimeMs: number
  /** When the venue wrote the event, epoch ms. */
  readonly venueTimeMs: number
  readonly receiveTimeMs: number
  /** Fetched over REST because the stream did not deliver it; absent on trades of the stream. */
  readonly origin?: 'backfill'
}
