/** What the bus tells about itself. All counts are exact and since creation; none of them costs a clock read per message. */
import type { BusHealth } from '../types/health.js'
import type { OverflowPolicy, SubscriptionState } from './subscription-options.js'

export interface SlowestHandler {
  /** Name of the subscription. */
  readonly subscription: string
  /** From call to return; for an asynchronous handler until its promise settled. */
  readonly durationMs: number
  /** Envelope it happened on. */
  readonly seq: number
}

export interface TopicStats {
  readonly topic: string
  readonly published: number
  /** Calls of handlers and reads from streams: with three subscribers a message counts three times. */
  readonly delivered: number
  /** Lost to overflow policies, conflated ones included. */
  readonly dropped: number
  /** Part of `dropped`: replaced by a newer message of the same key, as the subscriber asked for. */
  readonly conflated: number
  /** Handlers that threw or rejected. */
  readonly handlerErrors: number
  /** Subscriptions that the next message goes to, those by pattern included. */
  readonly subscriptions: number
  /**
   * Slowest handler call seen; `null` before the first sample. Sampled: every message of a quiet topic, some
   * ten per second of a busy one.
   */
  readonly slowestHandler: SlowestHandler | null
}

/** `offered == delivered + dropped + queued + discarded`, always. */
export interface SubscriptionStats {
  readonly id: number
  readonly name: string
  /** Topic or pattern. */
  readonly topic: string
  readonly state: SubscriptionState
  /** `direct`: called inside publish. `serial`: asynchronous handler, one call at a time. `queued`: called after the publisher's turn. `stream`: read by an iterator. */
  readonly delivery: 'direct' | 'serial' | 'queued' | 'stream'
  /** `null` for `direct`, which has no queue. */
  readonly overflow: OverflowPolicy | null
  readonly capacity: number | null
  readonly offered: number
  readonly delivered: number
  readonly dropped: number
  /** Part of `dropped`: replaced by a newer message of the same key. */
  readonly conflated: number
  readonly queued: number
  /** Waiting when the subscription ended; nobody wanted them any more. */
  readonly discarded: number
  readonly handlerErrors: number
}

export interface BusStats {
  readonly totals: BusHealth
  /** By topic name, in order of first use. */
  readonly topics: Readonly<Record<string, TopicStats>>
  /** In order of subscription; ended ones are gone. */
  readonly subscriptions: readonly SubscriptionStats[]
}
