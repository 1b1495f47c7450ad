/** Public options and handle of a subscription. Behaviour is in `subscription.ts`. */
import type { Envelope } from '../types/envelope.js'
import { BusError } from './errors.js'
import type { SubscriptionStats } from './stats.js'

/**
 * What happens to a message that does not fit into the queue of a subscription:
 *
 * - `dropOldest`: the message that waited longest is dropped. The default.
 * - `dropNewest`: the new message is dropped.
 * - `conflate`: a new message replaces the waiting one of the same key, at any fill level; when all places
 *   are taken by other keys, the one that waited longest is dropped.
 * - `block`: publishers who ask (`publishWhenReady`, `ready`) wait until there is room. A publisher who does
 *   not ask cannot be stopped in a single thread: the new message is dropped, like with `dropNewest`.
 * - `fail`: the subscription ends with `SUBSCRIPTION_OVERFLOW`. What waits is still delivered, so the
 *   consumer has every message up to a known point and none after.
 *
 * Every drop is counted and announced as `BUS_OVERLOAD`; replacements by `conflate` are counted.
 */
export const OVERFLOW_POLICIES = ['block', 'dropOldest', 'dropNewest', 'conflate', 'fail'] as const
export type OverflowPolicy = (typeof OVERFLOW_POLICIES)[number]

export const DEFAULT_CAPACITY = 1024
export const DEFAULT_OVERFLOW: OverflowPolicy = 'dropOldest'

/**
 *   ACTIVE --unsubscribe, close--> ENDED
 *      |                             ^
 *      +--overflow 'fail'--> FAILED --waiting messages delivered, unsubscribe, close
 *
 * The state stays FAILED after the waiting messages are delivered; no message arrives any more in either.
 */
export type SubscriptionState = 'ACTIVE' | 'FAILED' | 'ENDED'

export interface QueueOptions<Env> {
  /** Most messages that may wait; 1 … 1 000 000, default 1024. */
  readonly capacity?: number
  /** Default `dropOldest`. */
  readonly overflow?: OverflowPolicy
  /**
   * For `conflate`: messages of the same topic and key replace each other. Default: symbol (candles: symbol
   * and interval) per source.
   */
  readonly key?: (envelope: Env) => string
  /**
   * First hand over the last message of each key, per topic in publish order; then everything published
   * after, without hole, repetition or reordering.
   */
  readonly replayLast?: boolean
  /** For statistics and log events; default the handler's function name. */
  readonly name?: string
}

export interface SubscribeOptions<Env = Envelope<unknown>> extends QueueOptions<Env> {
  /** Higher is served first; equal ones in order of subscription. Default 0. */
  readonly priority?: number
  /**
   * Call the handler after the publisher's turn and not inside `publish`. Default: true when `capacity`,
   * `overflow` or `key` is given.
   */
  readonly queued?: boolean
  /** Called once when `overflow: 'fail'` ended the subscription. */
  readonly onFail?: (error: BusError) => void
}

export type MessageStreamOptions<Env = Envelope<unknown>> = QueueOptions<Env>

export interface Subscription {
  readonly id: number
  readonly name: string
  /** Topic or pattern. */
  readonly topic: string
  readonly state: SubscriptionState
  /** Why it is FAILED, else `null`. */
  readonly error: BusError | null
  /** No call of the handler begins after this. What waits is discarded. Idempotent. */
  unsubscribe(): void
  stats(): SubscriptionStats
}

/** By name, so that the compiler misses none. */
const OPTION_NAMES: Readonly<Record<keyof SubscribeOptions, true>> = {
  capacity: true,
  overflow: true,
  key: true,
  replayLast: true,
  name: true,
  priority: true,
  queued: true,
  onFail: true,
}

/** Throws `SUBSCRIPTION_OPTION_INVALID`. */
export function checkSubscribeOptions(topic: string, options: SubscribeOptions<never>): void {
  // A misspelled option would be a policy that silently is not there.
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(OPTION_NAMES, name)) continue
    throw optionInvalid(topic, `there is no option "${name}"; there are ${Object.keys(OPTION_NAMES).join(', ')}`)
  }
  const { capacity, overflow, priority, key } = options
  if (capacity !== undefined && !(Number.isInteger(capacity) && capacity >= 1 && capacity <= 1_000_000)) {
    throw optionInvalid(topic, `capacity ${String(capacity)} is not a whole number from 1 to 1 000 000`)
  }
  if (overflow !== undefined && !OVERFLOW_POLICIES.includes(overflow)) {
    throw optionInvalid(topic, `overflow "${String(overflow)}" is not one of ${OVERFLOW_POLICIES.join(', ')}`)
  }
  if (priority !== undefined && !Number.isFinite(priority)) {
    throw optionInvalid(topic, `priority ${String(priority)} is not a finite number`)
  }
  if (key !== undefined && overflow !== 'conflate') {
    throw optionInvalid(topic, `key is for overflow "conflate" only, not for "${overflow ?? DEFAULT_OVERFLOW}"`)
  }
}

export function optionInvalid(topic: string, problem: string): BusError {
  return new BusError('SUBSCRIPTION_OPTION_INVALID', `subscription to ${topic}: ${problem}`, {
    topic,
    isTerminal: true,
  })
}
