/**
 * Partial depth (`<s>@depth5|10|20`): the best N levels of both sides as a full replacement each time.
 *
 * Spot sends neither symbol nor type nor time. Futures sends the shape of a diff event (`depthUpdate`), but
 * it is a snapshot all the same: only the stream name tells them apart.
 */
import { BookSnapshot } from '../../market/book-snapshot.js'
import { PackedPriceLevels } from '../../market/price-levels.js'
import { BookState, type OrderBookSnapshot } from '../../types/order-book.js'
import type { Publisher } from '../../types/publisher.js'
import type { StreamSpec } from '../config/stream-spec.js'
import { type JsonFields, LEVELS_FROM, Literal, letterSet, SURPRISE } from '../decode/index.js'
import type { Feed } from '../feed.js'
import { DepthUpdateReader, type WireDepthUpdate } from './depth-update.js'
import { PayloadOutcome } from './handler.js'
import { type HandlerContext, noteLatency, PayloadHandler } from './payload-handler.js'

/**
 * Spot (synthetic, after the venue's documentation; no capture has one):
 *
 *   {"lastUpdateId":91234567890,"bids":[["61234.50","1.25000000"],["61234.49","0.03000000"]],
 *    "asks":[["61234.51","0.80000000"],["61235.00","2.10000000"]]}
 */
export interface WirePartialDepth {
  /** -1 for a book that never had an order. */
  readonly lastUpdateId: number
  /** Price and quantity, best first. */
  readonly bids: readonly (readonly [string, string])[]
  readonly asks: readonly (readonly [string, string])[]
}

/** Futures: see `WireDepthUpdate`. */
export type WireFuturesPartialDepth = WireDepthUpdate

const BEGIN_SPOT = new Literal('{"lastUpdateId":')
const BIDS = new Literal(',"bids":')
const ASKS = new Literal(',"asks":')
const KNOWN_SPOT = letterSet('eEs')

const SEQUENCE = 0

export class PartialDepthHandler extends PayloadHandler {
  readonly #publisher: Publisher<OrderBookSnapshot>
  /** `null` on spot. */
  readonly #update: DepthUpdateReader | null

  #bidCount = 0
  #askCount = 0
  #sequence = 0
  /** NaN when the venue sent none. */
  #venueTimeMs: number = Number.NaN
  /** Event time of the last picture taken; NaN where the venue sends none. */
  #lastTimeMs = Number.NaN

  constructor(spec: StreamSpec, context: HandlerContext) {
    super(spec, context)
    this.#publisher = context.publishers.orderbook
    this.#update = context.market === 'spot' ? null : new DepthUpdateReader(spec.symbol, context.market, context.cursor)
  }

  handle(bytes: Uint8Array, start: number, end: number, receiveTimeMs: number, feed: Feed): PayloadOutcome {
    this.cursor.open(bytes, start, end)
    const isRead = this.#update === null ? this.#scanSpot() : this.#update.scan() && this.#takeUpdate(this.#update)
    if (!isRead) {
      const failure = this.parseSlowly(bytes, start, end, feed)
      if (failure !== null) return failure
    }
    return this.finish(receiveTimeMs, feed)
  }

  #scanSpot(): boolean {
    const cursor = this.cursor
    if (!(cursor.literal(BEGIN_SPOT) && cursor.integerHere(SEQUENCE) && cursor.literal(BIDS))) return false
    const bidCount = cursor.levels(LEVELS_FROM)
    if (bidCount === SURPRISE || !cursor.literal(ASKS)) return false
    const askCount = cursor.levels(LEVELS_FROM + 2 * bidCount)
    if (askCount === SURPRISE) return false
    this.#bidCount = bidCount
    this.#askCount = askCount
    this.#sequence = cursor.numbers[SEQUENCE] as number
    this.#venueTimeMs = Number.NaN
    return cursor.closeLast(KNOWN_SPOT)
  }

  #takeUpdate(update: DepthUpdateReader): boolean {
    this.#bidCount = update.bidCount
    this.#askCount = update.askCount
    this.#sequence = update.sequence
    this.#venueTimeMs = update.venueTimeMs
    return true
  }

  protected override parse(fields: JsonFields): void {
    if (this.#update !== null) {
      this.#update.parse(fields)
      this.#takeUpdate(this.#update)
      return
    }
    const numbers = this.cursor.numbers
    fields.expectIfPresent('s', this.symbol)
    this.#sequence = fields.integer('lastUpdateId')
    this.#bidCount = fields.levels('bids', numbers, LEVELS_FROM)
    this.#askCount = fields.levels('asks', numbers, LEVELS_FROM + 2 * this.#bidCount)
    this.#venueTimeMs = fields.optionalInteger('E')
  }

  protected override finish(receiveTimeMs: number, feed: Feed): PayloadOutcome {
    const bidCount = this.#bidCount
    const askCount = this.#askCount
    const sequence = this.#sequence
    const venueTimeMs = this.#venueTimeMs
    if (sequence === -1 && bidCount + askCount === 0) return PayloadOutcome.IGNORED
    if (!(sequence >= 0)) return this.reject(`lastUpdateId: an update id cannot be ${sequence}`)
    if (venueTimeMs <= 0) return this.reject(`E: a time cannot be ${venueTimeMs}`)
    const broken = this.#firstBrokenLevel(bidCount, askCount)
    if (broken >= 0) return this.reject(this.#describeBrokenLevel(broken, bidCount))
    const problem = this.#update === null ? '' : this.#update.problem()
    if (problem !== '') return this.reject(problem)
    if (sequence <= feed.lastId) {
      // Futures sends the picture by its timer, also when nothing changed: same id, later time. No copy, and no news.
      if (sequence < feed.lastId || !(venueTimeMs > this.#lastTimeMs)) return PayloadOutcome.DUPLICATE
      this.#lastTimeMs = venueTimeMs
      noteLatency(feed, receiveTimeMs - venueTimeMs)
      return PayloadOutcome.IGNORED
    }
    // Copied before anybody else runs: the slots belong to the next payload.
    const numbers = this.cursor.copyLevels(bidCount + askCount)
    feed.lastId = sequence
    this.#lastTimeMs = venueTimeMs
    const hasTime = venueTimeMs > 0
    if (hasTime) noteLatency(feed, receiveTimeMs - venueTimeMs)
    this.#publisher.publish(
      new BookSnapshot(
        this.venue,
        this.symbol,
        new PackedPriceLevels(numbers, 0, bidCount),
        new PackedPriceLevels(numbers, 2 * bidCount, askCount),
        sequence,
        BookState.LIVE,
        hasTime ? venueTimeMs : null,
        receiveTimeMs,
      ),
    )
    return PayloadOutcome.PUBLISHED
  }

  /**
   * Index of the first level without quantity or out of order, or -1. "Best first" is promised to
   * subscribers, and a picture of the book has no removed levels.
   */
  #firstBrokenLevel(bidCount: number, askCount: number): number {
    const numbers = this.cursor.numbers
    let previous = Number.POSITIVE_INFINITY
    let slot = LEVELS_FROM
    for (let index = 0; index < bidCount; index++, slot += 2) {
      const price = numbers[slot] as number
      if (!(price < previous && (numbers[slot + 1] as number) > 0)) return index
      previous = price
    }
    previous = -1
    for (let index = 0; index < askCount; index++, slot += 2) {
      const price = numbers[slot] as number
      if (!(price > previous && (numbers[slot + 1] as number) > 0)) return bidCount + index
      previous = price
    }
    return -1
  }

  #describeBrokenLevel(index: number, bidCount: number): string {
    const numbers = this.cursor.numbers
    const price = numbers[LEVELS_FROM + 2 * index] as number
    const qty = numbers[LEVELS_FROM + 2 * index + 1] as number
    const place = index < bidCount ? `bids[${index}]` : `asks[${index - bidCount}]`
    return `${place}: a picture of a book cannot hold ${qty} at ${price} there (best first, no empty levels)`
  }
}
