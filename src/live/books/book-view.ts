/** What a strategy may read of a maintained book, without copying it. */
import type { BookState } from '../../types/order-book.js'
import type { BookKeeper } from './book-keeper.js'

/** One side, best first. Values are those of the moment of the call: the book goes on changing. */
export interface BookSideView {
  readonly levelCount: number
  /** NaN on an empty side, like `bestQty`. */
  readonly bestPrice: number
  readonly bestQty: number
  /** Quantity at a price, 0 when there is no such level. */
  qtyAt(price: number): number
  /**
   * Writes up to `count` best levels as price, qty pairs into `out` from index `offset`; returns how many levels.
   * Reuse `out`: nothing is allocated.
   */
  writeTop(count: number, out: number[], offset: number): number
}

/**
 * A maintained book as it is now: a window, not a copy. Read it inside a handler or after a timer, and read `state`
 * first: only a `LIVE` book equals the venue's. Stays readable after the stream was removed; its state is `STALE` then.
 */
export interface BookView {
  readonly symbol: string
  readonly state: BookState
  /** Venue update id of the last change; -1 before the first snapshot. */
  readonly sequence: number
  readonly bids: BookSideView
  readonly asks: BookSideView
  /** `null` on an empty side. */
  readonly bestBid: number | null
  readonly bestAsk: number | null
  readonly bestBidQty: number | null
  readonly bestAskQty: number | null
  /** Worst bid of the last snapshot: below it levels may be missing until they change. `null`: every level is known. */
  readonly bidHorizon: number | null
  /** Worst ask of the last snapshot: above it levels may be missing until they change. `null`: every level is known. */
  readonly askHorizon: number | null
  /** Of the last applied update, epoch ms; `null` before the first. */
  readonly venueTimeMs: number | null
  readonly resyncCount: number
}

export class KeptBookView implements BookView {
  readonly #keeper: BookKeeper

  constructor(keeper: BookKeeper) {
    this.#keeper = keeper
  }

  get symbol(): string {
    return this.#keeper.symbol
  }

  get state(): BookState {
    return this.#keeper.state
  }

  get sequence(): number {
    return this.#keeper.sequence
  }

  get bids(): BookSideView {
    return this.#keeper.book.bids
  }

  get asks(): BookSideView {
    return this.#keeper.book.asks
  }

  get bestBid(): number | null {
    return orNull(this.#keeper.book.bids.bestPrice)
  }

  get bestAsk(): number | null {
    return orNull(this.#keeper.book.asks.bestPrice)
  }

  get bestBidQty(): number | null {
    return orNull(this.#keeper.book.bids.bestQty)
  }

  get bestAskQty(): number | null {
    return orNull(this.#keeper.book.asks.bestQty)
  }

  get bidHorizon(): number | null {
    return this.#keeper.bidHorizon
  }

  get askHorizon(): number | null {
    return this.#keeper.askHorizon
  }

  get venueTimeMs(): number | null {
    return orNull(this.#keeper.lastVenueTimeMs)
  }

  get resyncCount(): number {
    return this.#keeper.resyncCount
  }
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value
}
