/**
 * The class behind `OrderBookSnapshot`: what the venue said as fields, what follows from it as getters on
 * the prototype, computed when asked. Most subscribers read two of the seven derived values; computing all
 * of them per message would cost more than decoding the top of the book.
 */
import type { BookState, OrderBookSnapshot, PriceLevels } from '../types/order-book.js'
import type { Venue } from '../types/venue.js'

const BASIS_POINTS = 10_000

export class BookSnapshot implements OrderBookSnapshot {
  readonly venue: Venue
  readonly symbol: string
  readonly bids: PriceLevels
  readonly asks: PriceLevels
  readonly sequence: number
  readonly state: BookState
  readonly venueTimeMs: number | null
  readonly receiveTimeMs: number

  constructor(
    venue: Venue,
    symbol: string,
    bids: PriceLevels,
    asks: PriceLevels,
    sequence: number,
    state: BookState,
    venueTimeMs: number | null,
    receiveTimeMs: number,
  ) {
    this.venue = venue
    this.symbol = symbol
    this.bids = bids
    this.asks = asks
    this.sequence = sequence
    this.state = state
    this.venueTimeMs = venueTimeMs
    this.receiveTimeMs = receiveTimeMs
  }

  get bestBid(): number | null {
    return this.bids.length > 0 ? this.bids.price(0) : null
  }

  get bestAsk(): number | null {
    return this.asks.length > 0 ? this.asks.price(0) : null
  }

  get bestBidQty(): number | null {
    return this.bids.length > 0 ? this.bids.qty(0) : null
  }

  get bestAskQty(): number | null {
    return this.asks.length > 0 ? this.asks.qty(0) : null
  }

  get mid(): number | null {
    return this.#hasBothSides ? (this.bids.price(0) + this.asks.price(0)) / 2 : null
  }

  get spread(): number | null {
    return this.#hasBothSides ? this.asks.price(0) - this.bids.price(0) : null
  }

  get spreadBps(): number | null {
    const mid = this.mid
    // A mid of zero has no ratio; a division would publish Infinity or NaN.
    return mid === null || mid === 0 ? null : ((this.spread as number) / mid) * BASIS_POINTS
  }

  /** Also true for a locked book: on an order book venue both mean that the picture is wrong. */
  get isCrossed(): boolean {
    return this.#hasBothSides && this.bids.price(0) >= this.asks.price(0)
  }

  /** All fields of the contract, derived ones included, as plain values. */
  toJSON(): Record<keyof OrderBookSnapshot, unknown> {
    return {
      venue: this.venue,
      symbol: this.symbol,
      bids: this.bids.toJSON(),
      asks: this.asks.toJSON(),
      sequence: this.sequence,
      state: this.state,
      bestBid: this.bestBid,
      bestAsk: this.bestAsk,
      bestBidQty: this.bestBidQty,
      bestAskQty: this.bestAskQty,
      mid: this.mid,
      spread: this.spread,
      spreadBps: this.spreadBps,
      isCrossed: this.isCrossed,
      venueTimeMs: this.venueTimeMs,
      receiveTimeMs: this.receiveTimeMs,
    }
  }

  get #hasBothSides(): boolean {
    return this.bids.length > 0 && this.asks.length > 0
  }
}
