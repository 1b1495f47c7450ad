/**
 * One subscriber: how messages reach its handler, what waits, what is lost, and the counts of all of it. How long its
 * calls may keep sockets waiting is TurnBudget's, what is said about its troubles SubscriptionReports'.
 *
 *   DIRECT --handler returned a promise--> SERIAL        called inside publish / one call at a time
 *   QUEUED                                               called after the publisher's turn
 *   PULL                                                 read by an iterator
 *   any --unsubscribe, close, failed and empty--> ENDED
 *
 * The change from DIRECT to SERIAL happens between two messages: the call that returned the promise was
 * the delivery of its message, the next message finds the queue.
 */
import type { Envelope } from '../types/envelope.js'
import type { Dispatcher } from './dispatcher.js'
import { BusError } from './errors.js'
import { type ConflationKey, defaultConflationKey } from './keys.js'
import { ConflatingQueue, type EnvelopeQueue, FifoQueue } from './queue.js'
import { Sampler } from './sampler.js'
import type { SubscriptionStats } from './stats.js'
import {
  DEFAULT_CAPACITY,
  DEFAULT_OVERFLOW,
  type OverflowPolicy,
  type SubscribeOptions,
  type Subscription,
  type SubscriptionState,
} from './subscription-options.js'
import { SubscriptionReports } from './subscription-reports.js'
import type { TopicState } from './topic-state.js'
import { TurnBudget } from './turn-budget.js'

export const DIRECT = 0
export const SERIAL = 1
export const QUEUED = 2
export const PULL = 3
export const ENDED = 4

export type Handler = (envelope: Envelope<unknown>) => unknown

const DELIVERY_NAMES = ['direct', 'serial', 'queued', 'stream'] as const

const SETTLED: Promise<void> = Promise.resolve()
const AsyncFunction = (async () => {}).constructor

export interface SubscriptionInit {
  readonly id: number
  readonly topic: string
  readonly handler: Handler
  readonly options: SubscribeOptions<never>
  /** For streams: called whenever there is something to read or an end to see. */
  readonly onReadable?: () => void
}

export class SubscriptionCore implements Subscription {
  readonly id: number
  readonly name: string
  readonly topic: string
  readonly priority: number

  /** Read by the delivery loop for every message. */
  mode: number
  readonly handler: Handler
  /** Calls made inside publish while DIRECT. */
  directCount = 0

  readonly #dispatcher: Dispatcher
  readonly #overflow: OverflowPolicy
  readonly #capacity: number
  readonly #onFail: ((error: BusError) => void) | undefined
  readonly #onReadable: (() => void) | null
  /** `null` while DIRECT. */
  #queue: EnvelopeQueue | null = null
  readonly #makeQueue: () => EnvelopeQueue
  /** Before ENDED, for statistics. */
  #lastMode: number
  #error: BusError | null = null

  #offered = 0
  #taken = 0
  #dropped = 0
  #conflated = 0
  #discarded = 0
  #handlerErrors = 0

  /** An asynchronous call has not settled. */
  #isInFlight = false
  #current: Envelope<unknown> | null = null
  /** When the timed call in flight began; NaN when it is not timed. */
  #startMs = Number.NaN
  readonly #sampler = new Sampler()

  #isPumpScheduled = false
  readonly #turns: TurnBudget
  readonly #reports = new SubscriptionReports(this)

  readonly #pump = (): void => this.#runQueue()
  readonly #onFulfilled = (): void => this.#settle()
  readonly #onRejected = (error: unknown): void => {
    const envelope = this.#current
    if (envelope !== null) this.failed(error, envelope, this.#topicOf(envelope))
    this.#settle()
  }

  constructor(init: SubscriptionInit, dispatcher: Dispatcher) {
    const { options, handler } = init
    this.id = init.id
    this.topic = init.topic
    this.name = options.name ?? (handler.name === '' ? `subscription ${init.id}` : handler.name)
    this.priority = options.priority ?? 0
    this.handler = handler
    this.#dispatcher = dispatcher
    this.#turns = new TurnBudget(dispatcher.clock, () => {
      if (!this.#isInFlight) this.#runQueue()
    })
    this.#overflow = options.overflow ?? DEFAULT_OVERFLOW
    this.#capacity = options.capacity ?? DEFAULT_CAPACITY
    this.#onFail = options.onFail
    this.#onReadable = init.onReadable ?? null
    const key = options.key as ((envelope: Envelope<unknown>) => string) | undefined
    this.#makeQueue = () =>
      this.#overflow !== 'conflate'
        ? new FifoQueue()
        : key === undefined
          ? new ConflatingQueue(defaultConflationKey, true)
          : new ConflatingQueue(this.#guardedKey(key), false)
    const wantsQueue =
      options.queued ?? (options.capacity !== undefined || options.overflow !== undefined || key !== undefined)
    if (this.#onReadable !== null) this.mode = PULL
    else if (wantsQueue) this.mode = QUEUED
    else this.mode = handler instanceof AsyncFunction ? SERIAL : DIRECT
    this.#lastMode = this.mode
    if (this.mode !== DIRECT) this.#queue = this.#makeQueue()
  }

  get state(): SubscriptionState {
    if (this.#error !== null) return 'FAILED'
    return this.mode === ENDED ? 'ENDED' : 'ACTIVE'
  }

  get error(): BusError | null {
    return this.#error
  }

  /** Messages that fit before the bound; Infinity unless the policy is `block`. */
  get room(): number {
    if (this.#overflow !== 'block' || this.#queue === null || this.mode === ENDED) return Number.POSITIVE_INFINITY
    return this.#capacity - this.#queue.length
  }

  get queueLength(): number {
    return this.#queue?.length ?? 0
  }

  /** Has calls to make or to wait for. */
  get isBusy(): boolean {
    if (this.mode === PULL || this.mode === DIRECT) return false
    return this.#isInFlight || (this.mode !== ENDED && this.queueLength > 0)
  }

  unsubscribe(): void {
    this.end()
    this.#discard()
    this.#dispatcher.releaseWaiters()
    this.#dispatcher.checkIdle()
  }

  /**
   * No call begins after this. A call in flight goes on without being waited for; what waits is discarded,
   * except that a stream may still be read to its end.
   */
  end(): void {
    if (this.mode === ENDED) return
    this.#lastMode = this.mode
    this.mode = ENDED
    if (this.#onReadable === null) this.#discard()
    this.#turns.stop()
    this.#detach()
    this.#dispatcher.subscriptions.delete(this)
    this.#onReadable?.()
  }

  /** Takes a message that cannot be handed over right now, or for which this is not DIRECT. */
  offer(envelope: Envelope<unknown>, topic: TopicState): void {
    if (this.#error !== null) return
    this.#offered += 1
    const queue = this.#queue as EnvelopeQueue
    if (this.mode === SERIAL && !this.#isInFlight && !this.#turns.isPaused && queue.length === 0) {
      this.#call(envelope, topic)
      return
    }
    this.#admit(queue, envelope, topic)
    if (this.#onReadable !== null) this.#onReadable()
    else this.#schedulePump()
  }

  /** The handler returned something from a call inside publish: nothing to do unless it is a promise. */
  afterDirectCall(result: unknown, envelope: Envelope<unknown>): void {
    if (!isThenable(result)) return
    // The handler may have unsubscribed itself before its first await; its rejection still counts.
    if (this.mode === DIRECT) {
      this.mode = SERIAL
      this.#lastMode = SERIAL
      this.#queue = this.#makeQueue()
    }
    this.#await(result, envelope, Number.NaN)
  }

  /** Counts and reports; the caller goes on with the next subscriber. */
  failed(cause: unknown, envelope: Envelope<unknown>, topic: TopicState): void {
    this.#handlerErrors += 1
    topic.handlerErrors += 1
    this.#reports.failure(this.#dispatcher.reporter, cause, envelope)
  }

  /** For streams: the next waiting message. */
  take(): Envelope<unknown> | undefined {
    const envelope = this.#queue?.shift()
    if (envelope === undefined) return undefined
    this.#taken += 1
    this.#topicOf(envelope).delivered += 1
    this.#dispatcher.releaseWaiters()
    return envelope
  }

  stats(): SubscriptionStats {
    const mode = this.mode === ENDED ? this.#lastMode : this.mode
    const isDirect = mode === DIRECT
    return {
      id: this.id,
      name: this.name,
      topic: this.topic,
      state: this.state,
      delivery: DELIVERY_NAMES[mode] as SubscriptionStats['delivery'],
      overflow: isDirect ? null : this.#overflow,
      capacity: isDirect ? null : this.#capacity,
      offered: this.directCount + this.#offered,
      delivered: this.directCount + this.#taken,
      dropped: this.#dropped,
      conflated: this.#conflated,
      queued: this.queueLength,
      discarded: this.#discarded,
      handlerErrors: this.#handlerErrors,
    }
  }

  // Queue

  #admit(queue: EnvelopeQueue, envelope: Envelope<unknown>, topic: TopicState): void {
    const replaced = queue.replace(envelope)
    if (replaced !== null) {
      this.#conflated += 1
      this.#topicOf(replaced).conflated += 1
      this.#countDrop(replaced)
      return
    }
    if (queue.length < this.#capacity) {
      queue.push(envelope)
      return
    }
    if (this.#overflow === 'dropOldest' || this.#overflow === 'conflate') {
      const oldest = queue.shift()
      if (oldest !== undefined) this.#countDrop(oldest)
      queue.push(envelope)
    } else {
      this.#countDrop(envelope)
    }
    if (this.#overflow === 'fail') this.#fail(envelope)
    this.#reports.overload(this.#dispatcher.reporter, topic.name)
  }

  #countDrop(envelope: Envelope<unknown>): void {
    this.#dropped += 1
    this.#topicOf(envelope).dropped += 1
  }

  #fail(envelope: Envelope<unknown>): void {
    const error = new BusError(
      'SUBSCRIPTION_OVERFLOW',
      `subscription "${this.name}" to ${this.topic} ended: ${this.#capacity} messages waited when ` +
        `${envelope.topic} seq ${envelope.seq} arrived; those are still delivered, nothing after them`,
      { topic: this.topic },
    )
    this.#error = error
    this.#detach()
    try {
      this.#onFail?.(error)
    } catch (cause) {
      this.failed(cause, envelope, this.#topicOf(envelope))
    }
  }

  #discard(): void {
    this.#discarded += this.queueLength
    this.#queue?.clear()
  }

  #detach(): void {
    for (const topic of this.#dispatcher.topics.values()) topic.remove(this)
    this.#dispatcher.patterns.delete(this)
  }

  // Calls

  #schedulePump(): void {
    if (this.#isPumpScheduled || this.#isInFlight || this.#turns.isPaused) return
    this.#isPumpScheduled = true
    void SETTLED.then(this.#pump)
  }

  #runQueue(): void {
    this.#isPumpScheduled = false
    const queue = this.#queue as EnvelopeQueue
    while (queue.length > 0 && !this.#isInFlight && this.mode !== ENDED) {
      if (this.#turns.isUsedUp()) return
      const envelope = queue.shift() as Envelope<unknown>
      this.#dispatcher.run(() => this.#call(envelope, this.#topicOf(envelope)))
    }
    if (this.#error !== null && queue.length === 0 && !this.#isInFlight) this.end()
    this.#dispatcher.checkIdle()
  }

  #call(envelope: Envelope<unknown>, topic: TopicState): void {
    this.#taken += 1
    topic.delivered += 1
    const isTimed = this.#taken >= this.#sampler.next
    const startMs = isTimed ? this.#dispatcher.clock.monotonicMs() : Number.NaN
    try {
      const result = this.handler(envelope)
      if (result !== undefined && isThenable(result)) {
        this.#await(result, envelope, startMs)
        return
      }
    } catch (error) {
      this.failed(error, envelope, topic)
    }
    if (isTimed) this.#noteDuration(envelope, startMs)
  }

  #await(result: PromiseLike<unknown>, envelope: Envelope<unknown>, startMs: number): void {
    this.#isInFlight = true
    this.#current = envelope
    this.#startMs = startMs
    // Promise.resolve gives a native promise back as it is and tames any other thenable.
    void Promise.resolve(result).then(this.#onFulfilled, this.#onRejected)
  }

  #settle(): void {
    const envelope = this.#current
    this.#isInFlight = false
    this.#current = null
    if (envelope !== null && !Number.isNaN(this.#startMs)) this.#noteDuration(envelope, this.#startMs)
    if (this.mode === ENDED) this.#dispatcher.checkIdle()
    else if (!this.#turns.isPaused) this.#runQueue()
  }

  #noteDuration(envelope: Envelope<unknown>, startMs: number): void {
    const nowMs = this.#dispatcher.clock.monotonicMs()
    this.#topicOf(envelope).noteDuration(this.name, nowMs - startMs, envelope.seq)
    this.#sampler.sampled(this.#taken, nowMs)
  }

  #topicOf(envelope: Envelope<unknown>): TopicState {
    return this.#dispatcher.topics.get(envelope.topic) as TopicState
  }

  #guardedKey(key: (envelope: Envelope<unknown>) => string): ConflationKey {
    return (envelope) => {
      try {
        return key(envelope)
      } catch (error) {
        this.failed(error, envelope, this.#topicOf(envelope))
        return null
      }
    }
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
  return typeof (value as { readonly then?: unknown }).then === 'function'
}
