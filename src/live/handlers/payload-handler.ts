/**
 * What all handlers share: where they publish from, how they refuse, and the way through `JSON.parse`.
 *
 * Each handler is three steps: scan the bytes in the usual key order, or else parse the JSON; both fill the
 * same slots of `cursor.numbers`; then one common step checks the values, drops what was seen before and
 * publishes. Checks live only in that last step, so both ways accept and refuse the same.
 *
 * The steps are called from each handler's own `handle` and not from here: a shared caller would see ten
 * classes and V8 would inline none of them.
 */
import type { StreamType } from '../../types/stream.js'
import type { MarketKind, Venue } from '../../types/venue.js'
import type { StreamSpec } from '../config/stream-spec.js'
import { type FrameCursor, isJsonObject, JsonFields, parseJson, shown } from '../decode/index.js'
import type { Feed } from '../feed.js'
import type { ContinuityCheck } from './continuity.js'
import { type MarketPublishers, PayloadOutcome, type StreamHandler } from './handler.js'

/** What every handler of one manager is given. */
export interface HandlerContext {
  readonly venue: Venue
  readonly market: MarketKind
  readonly publishers: MarketPublishers
  /** Shared by all handlers: a payload is read to its end before the next begins. */
  readonly cursor: FrameCursor
  readonly continuity: ContinuityCheck | null
}

export abstract class PayloadHandler implements StreamHandler {
  rejection = ''
  protected readonly venue: Venue
  protected readonly symbol: string
  protected readonly streamType: StreamType
  protected readonly cursor: FrameCursor
  protected readonly continuity: ContinuityCheck | null

  constructor(spec: StreamSpec, context: HandlerContext) {
    this.venue = context.venue
    this.symbol = spec.symbol
    this.streamType = spec.type
    this.cursor = context.cursor
    this.continuity = context.continuity
  }

  abstract handle(bytes: Uint8Array, start: number, end: number, receiveTimeMs: number, feed: Feed): PayloadOutcome

  handleValue(payload: unknown, receiveTimeMs: number, feed: Feed): PayloadOutcome {
    feed.fallbackCount += 1
    return this.#take(payload) ? this.finish(receiveTimeMs, feed) : PayloadOutcome.REJECTED
  }

  /** Fills the slots from parsed JSON, all of them: a scan that gave up may have filled some. */
  protected abstract parse(fields: JsonFields): void

  /** Checks what is in the slots, drops what was seen before, and publishes. */
  protected abstract finish(receiveTimeMs: number, feed: Feed): PayloadOutcome

  /** The way through `JSON.parse`: `null` when the slots are filled, else the outcome. */
  protected parseSlowly(bytes: Uint8Array, start: number, end: number, feed: Feed): PayloadOutcome | null {
    const result = parseJson(bytes, start, end)
    if (!result.isJson) return PayloadOutcome.UNREADABLE
    feed.fallbackCount += 1
    return this.#take(result.value) ? null : PayloadOutcome.REJECTED
  }

  #take(payload: unknown): boolean {
    if (!isJsonObject(payload)) {
      this.rejection = `payload: expected an object, got ${shown(payload)}`
      return false
    }
    const fields = new JsonFields(payload)
    this.parse(fields)
    this.rejection = fields.problem
    return fields.problem === ''
  }

  protected reject(reason: string): PayloadOutcome {
    this.rejection = reason
    return PayloadOutcome.REJECTED
  }
}

/** Receive minus venue time of a message that counts. */
export function noteLatency(feed: Feed, latencyMs: number): void {
  feed.lastLatencyMs = latencyMs
  if (feed.latencySink !== null) feed.latencySink(latencyMs)
}
