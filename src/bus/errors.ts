/** Errors of the bus. Each code has a section in `docs/errors.md`. */
import { LiveFeedError, type LiveFeedErrorOptions } from '../types/errors.js'

export { HandlerError } from '../types/errors.js'

export type BusErrorCode =
  /** A topic name or pattern that cannot be. */
  | 'TOPIC_INVALID'
  /** An option of a subscription that cannot be. */
  | 'SUBSCRIPTION_OPTION_INVALID'
  /** `publish`, `subscribe` or `stream` after `close()`. */
  | 'BUS_CLOSED'
  /** A subscription with `overflow: 'fail'` fell behind further than its capacity, and ended. */
  | 'SUBSCRIPTION_OVERFLOW'
  /** Handlers answered messages with messages without end. */
  | 'BUS_RUNAWAY'
  /** `drain({ timeoutMs })`: handlers still had work. */
  | 'DRAIN_TIMEOUT'

export class BusError extends LiveFeedError {
  override readonly name = 'BusError'
  declare readonly code: BusErrorCode
  /** Topic or pattern concerned; `''` where none is. */
  readonly topic: string

  constructor(code: BusErrorCode, message: string, fields: { topic?: string } & LiveFeedErrorOptions = {}) {
    super(code, message, fields)
    this.topic = fields.topic ?? ''
  }
}

export function busClosed(operation: string, topic: string): BusError {
  return new BusError('BUS_CLOSED', `${operation} on ${topic}: the bus is closed; make a new Bus to go on`, {
    topic,
    isTerminal: true,
  })
}
