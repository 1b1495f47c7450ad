/**
 * Diff depth (`<s>@depth`): changed levels with absolute quantities, for books kept by us or by a subscriber.
 *
 * This handler decodes, drops what was seen before and publishes each delta as it is. Whether a delta
 * continues the one before (spot: `U == previous u + 1`, futures: `pu == previous u`) is asked of the
 * `ContinuityCheck`, before the delta is published, so that a book can be marked as broken first.
 */
import { PackedPriceLevels } from '../../market/price-levels.js'
import type { OrderBookDelta } from '../../types/order-book.js'
import type { Publisher } from '../../types/publisher.js'
import type { StreamSpec } from '../config/stream-spec.js'
import type { JsonFields } from '../decode/index.js'
import type { Feed } from '../feed.js'
import { DepthUpdateReader } from './depth-update.js'
import { PayloadOutcome } from './handler.js'
import { type HandlerContext, noteLatency, PayloadHandler } from './payload-handler.js'

export class DiffDepthHandler extends PayloadHandler {
  readonly #publisher: Publisher<OrderBookDelta>
  readonly #update: DepthUpdateReader

  constructor(spec: StreamSpec, context: HandlerContext) {
    super(spec, context)
    this.#publisher = context.publishers.orderbookDelta
    this.#update = new DepthUpdateReader(spec.symbol, context.market, context.cursor)
  }

  handle(bytes: Uint8Array, start: number, end: number, receiveTimeMs: number, feed: Feed): PayloadOutcome {
    this.cursor.open(bytes, start, end)
    if (!this.#update.scan()) {
      const failure = this.parseSlowly(bytes, start, end, feed)
      if (failure !== null) return failure
    }
    return this.finish(receiveTimeMs, feed)
  }

  protected override parse(fields: JsonFields): void {
    this.#update.parse(fields)
  }

  protected override finish(receiveTimeMs: number, feed: Feed): PayloadOutcome {
    const update = this.#update
    const problem = update.problem()
    if (problem !== '') return this.reject(problem)
    const firstSequence = update.firstSequence
    const sequence = update.sequence
    const previousSequence = update.previousSequence >= -1 ? update.previousSequence : null
    const venueTimeMs = update.venueTimeMs
    if (sequence <= feed.lastId) return PayloadOutcome.DUPLICATE
    // Copied before anybody else runs: the slots belong to the next payload.
    const { bidCount, askCount } = update
    const numbers = this.cursor.copyLevels(bidCount + askCount)
    if (this.continuity !== null)
      this.continuity.observe(feed, firstSequence, sequence, previousSequence, receiveTimeMs)
    feed.lastId = sequence
    noteLatency(feed, receiveTimeMs - venueTimeMs)
    this.#publisher.publish({
      venue: this.venue,
      symbol: this.symbol,
      firstSequence,
      sequence,
      previousSequence,
      bids: new PackedPriceLevels(numbers, 0, bidCount),
      asks: new PackedPriceLevels(numbers, 2 * bidCount, askCount),
      venueTimeMs,
      receiveTimeMs,
    })
    return PayloadOutcome.PUBLISHED
  }
}
