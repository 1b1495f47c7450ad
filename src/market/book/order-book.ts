/**
 * A maintained order book as a pure structure: levels in, best prices and top levels out. It knows nothing of
 * venues, sequences between updates or time; the rules that keep it true live with the feed.
 */
import { BookSide } from './book-side.js'

export class OrderBook {
  readonly bids: BookSide = new BookSide(true)
  readonly asks: BookSide = new BookSide(false)
  /** Venue update id of the last change; -1 before the first snapshot. */
  sequence = -1

  /** Replaces everything. Levels are flat price, qty pairs. */
  reset(bids: readonly number[], asks: readonly number[], sequence: number): void {
    this.bids.reset(bids)
    this.asks.reset(asks)
    this.sequence = sequence
  }

  /** Best bid at or above best ask: on a maintained book a sign of corruption. */
  get isCrossed(): boolean {
    // Comparing with NaN is false, so an empty side is never crossed.
    return this.bids.bestPrice >= this.asks.bestPrice
  }

  get byteLength(): number {
    return this.bids.byteLength + this.asks.byteLength
  }
}
