/** Payloads of `mkt.orderbook`, `mkt.orderbook.delta` and `mkt.bbo`, and the view on levels they share. */
import type { Venue } from './venue.js'

export interface PriceLevel {
  readonly price: number
  readonly qty: number
}

/**
 * Levels of one side, best first, as a read-only view over packed numbers: `price(i)` and `qty(i)` read
 * without allocating; iterating or `at(i)` makes `{price, qty}` objects. Serializes to
 * `[{price, qty}, …]`. An index outside `0 … length - 1` gives `NaN` from `price`/`qty` and `undefined`
 * from `at`.
 */
export interface PriceLevels extends Iterable<PriceLevel> {
  readonly length: number
  price(index: number): number
  qty(index: number): number
  at(index: number): PriceLevel | undefined
  toArray(): PriceLevel[]
  toJSON(): PriceLevel[]
}

/**
 * `SYNCING`: waiting for the first complete picture. `LIVE`: equal to the venue's book as far as known.
 * `STALE`: no update within the threshold. `RESYNCING`: a break was found; levels are the old ones.
 */
export const BookState = {
  SYNCING: 'SYNCING',
  LIVE: 'LIVE',
  STALE: 'STALE',
  RESYNCING: 'RESYNCING',
} as const

export type BookState = (typeof BookState)[keyof typeof BookState]

/** Full replacement of what was known of a book down to its depth. Frozen by contract, may be kept. */
export interface OrderBookSnapshot {
  readonly venue: Venue
  readonly symbol: string
  /** Best (highest) bid first. */
  readonly bids: PriceLevels
  /** Best (lowest) ask first. */
  readonly asks: PriceLevels
  /** Venue update id this picture is valid at. */
  readonly sequence: number
  readonly state: BookState
  /** `null` on an empty side, like every value derived from it. */
  readonly bestBid: number | null
  readonly bestAsk: number | null
  readonly bestBidQty: number | null
  readonly bestAskQty: number | null
  readonly mid: number | null
  /** Best ask minus best bid, in quote currency; negative when crossed. */
  readonly spread: number | null
  /** Spread over mid in basis points. */
  readonly spreadBps: number | null
  /** Best bid above or equal to best ask. */
  readonly isCrossed: boolean
  /** Event time of the venue, epoch ms; `null` where the venue sends none (spot partial depth). */
  readonly venueTimeMs: number | null
  readonly receiveTimeMs: number
}

/**
 * Changed levels of a maintained book: absolute quantities, zero removes the level. `bids` and `asks` are in
 * the venue's order, not sorted by price.
 *
 * With `isSnapshot` it is the whole book, best first, at `sequence`: forget what you had. One comes when the
 * book was built for the first time and after every resync; until the first one, and between a break and the
 * next one, deltas alone do not make a book.
 */
export interface OrderBookDelta {
  readonly venue: Venue
  readonly symbol: string
  /** First and last venue update id covered. Spot: consecutive deltas have `firstSequence == previous sequence + 1`. */
  readonly firstSequence: number
  readonly sequence: number
  /** Futures: last id of the delta before this one on the same stream; continuity is `previousSequence == previous sequence`. */
  readonly previousSequence: number | null
  /** Only on a full replacement. */
  readonly isSnapshot?: true
  readonly bids: PriceLevels
  readonly asks: PriceLevels
  readonly venueTimeMs: number
  readonly receiveTimeMs: number
}

/** Top level of both sides (wire name `bookTicker`). */
export interface BestBidOffer {
  readonly venue: Venue
  readonly symbol: string
  readonly bid: number
  readonly bidQty: number
  readonly ask: number
  readonly askQty: number
  /** Venue update id, on the same id line as the depth streams of the symbol. */
  readonly sequence: number
  /** `null` on spot, which sends no time. */
  readonly venueTimeMs: number | null
  readonly receiveTimeMs: number
}
