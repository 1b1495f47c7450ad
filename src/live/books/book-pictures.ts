/**
 * Publishes one book: the top levels on `mkt.orderbook` when they or the state changed, and on
 * `mkt.orderbook.delta` the whole book whenever it was built anew.
 */
import { BookSnapshot } from '../../market/book-snapshot.js'
import { PackedPriceLevels } from '../../market/price-levels.js'
import type { Clock, TimerHandle } from '../../runtime/clock.js'
import type { BookState, OrderBookDelta, OrderBookSnapshot } from '../../types/order-book.js'
import type { Publisher } from '../../types/publisher.js'
import type { Venue } from '../../types/venue.js'
import type { BookConfig } from '../config/index.js'
import type { BookKeeper } from './book-keeper.js'

export interface BookPicturesOptions {
  readonly venue: Venue
  readonly config: BookConfig
  readonly clock: Clock
  readonly pictures: Publisher<OrderBookSnapshot>
  readonly deltas: Publisher<OrderBookDelta>
}

/** Top levels are written here first and copied only when they differ; shared, since nothing runs in between. */
const scratch: number[] = []

export class BookPictures {
  readonly #options: BookPicturesOptions
  readonly #keeper: BookKeeper
  /** Levels last published: bids, then asks. */
  #published: readonly number[] = []
  #publishedBidCount = -1
  #timer: TimerHandle | null = null
  #isDue = false

  constructor(keeper: BookKeeper, options: BookPicturesOptions) {
    this.#keeper = keeper
    this.#options = options
  }

  /** The book moved on: a picture goes out if it shows a difference, now or when the interval is over. */
  onChange(): void {
    if (this.#timer !== null) {
      this.#isDue = true
      return
    }
    if (this.#write() === null) return
    this.#publish(this.#keeper.state)
    this.#pause()
  }

  /** The state changed: a picture goes out at once, before anything else is said about it. */
  onState(state: BookState): void {
    this.stop()
    this.#write()
    this.#publish(state)
    this.#pause()
  }

  /** The whole book, for those who keep their own from deltas: it replaces what they had. */
  publishWhole(): void {
    const { book, symbol } = this.#keeper
    const numbers: number[] = []
    const bidCount = book.bids.writeTop(Number.POSITIVE_INFINITY, numbers, 0)
    const askCount = book.asks.writeTop(Number.POSITIVE_INFINITY, numbers, 2 * bidCount)
    const { sequence, lastVenueTimeMs, lastReceiveTimeMs } = this.#keeper
    this.#options.deltas.publish({
      venue: this.#options.venue,
      symbol,
      firstSequence: sequence,
      sequence,
      previousSequence: null,
      isSnapshot: true,
      bids: new PackedPriceLevels(numbers, 0, bidCount),
      asks: new PackedPriceLevels(numbers, 2 * bidCount, askCount),
      venueTimeMs: lastVenueTimeMs,
      receiveTimeMs: lastReceiveTimeMs,
    })
  }

  stop(): void {
    if (this.#timer !== null) this.#options.clock.clearTimer(this.#timer)
    this.#timer = null
    this.#isDue = false
  }

  /** Takes the top levels; `null` when they are those published last. */
  #write(): readonly number[] | null {
    const { book } = this.#keeper
    const { publishLevels } = this.#options.config
    const bidCount = book.bids.writeTop(publishLevels, scratch, 0)
    const length = 2 * (bidCount + book.asks.writeTop(publishLevels, scratch, 2 * bidCount))
    const published = this.#published
    if (bidCount === this.#publishedBidCount && length === published.length) {
      let index = 0
      while (index < length && scratch[index] === published[index]) index++
      if (index === length) return null
    }
    this.#published = scratch.slice(0, length)
    this.#publishedBidCount = bidCount
    return this.#published
  }

  #publish(state: BookState): void {
    const { sequence, symbol, lastVenueTimeMs, lastReceiveTimeMs } = this.#keeper
    const numbers = this.#published
    const bidCount = this.#publishedBidCount
    this.#options.pictures.publish(
      new BookSnapshot(
        this.#options.venue,
        symbol,
        new PackedPriceLevels(numbers, 0, bidCount),
        new PackedPriceLevels(numbers, 2 * bidCount, numbers.length / 2 - bidCount),
        sequence,
        state,
        Number.isNaN(lastVenueTimeMs) ? null : lastVenueTimeMs,
        lastReceiveTimeMs,
      ),
    )
  }

  #pause(): void {
    const { publishIntervalMs } = this.#options.config
    if (publishIntervalMs === 0) return
    this.#timer = this.#options.clock.setTimer(
      () => {
        this.#timer = null
        if (!this.#isDue) return
        this.#isDue = false
        this.onChange()
      },
      publishIntervalMs,
      { unref: true },
    )
  }
}
