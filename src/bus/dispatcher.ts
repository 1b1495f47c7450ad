/**
 * The order of everything on one bus. One message is delivered at a time, to all its subscribers, before
 * the next one; what a handler publishes waits its turn. So no handler runs inside another, every
 * subscriber sees the same order across all topics, and a cause is always seen before its effect.
 *
 *   IDLE --publish or queued call--> DISPATCHING --nothing pending--> IDLE         any --close()--> CLOSED
 */
import type { Clock } from '../runtime/clock.js'
import type { Logger } from '../runtime/logger.js'
import type { Envelope } from '../types/envelope.js'
import { BusError, busClosed } from './errors.js'
import type { Reporter } from './reporter.js'
import type { PublishStamp } from './stamp.js'
import type { SubscriptionCore } from './subscription.js'
import type { TopicState } from './topic-state.js'

export const IDLE = 0
export const DISPATCHING = 1
export const CLOSED = 2

/** Bits of `attention`: why a publish has to do more than deliver. */
const PENDING = 1
const WAITERS = 2
const SHUT = 4

/**
 * Messages that handlers may publish while one message from outside is delivered. Two handlers that answer
 * each other would otherwise never return to the event loop.
 */
export const NESTED_PUBLISHES_MAX = 1_000_000

/** Beyond that, so that the failures of those handlers can still be told. */
const NESTED_LOG_EVENTS_MAX = 1_000

interface PendingDelivery {
  readonly topic: TopicState
  /** The subscribers at the time of publishing: who came later gets later messages only. */
  readonly subscribers: readonly SubscriptionCore[]
  readonly envelope: Envelope<unknown>
}

export class Dispatcher {
  state: number = IDLE
  /** Zero on the fast path. */
  attention = 0

  readonly clock: Clock
  readonly logger: Logger
  readonly stamp: PublishStamp
  readonly topics: Map<string, TopicState> = new Map()
  readonly subscriptions: Set<SubscriptionCore> = new Set()
  /** Subscriptions by pattern, with the pattern's segments: asked for every new topic. */
  readonly patterns: Map<SubscriptionCore, readonly string[]> = new Map()
  /** Set by the bus right after construction; needs a topic handle, which needs this. */
  reporter!: Reporter

  #pending: PendingDelivery[] = []
  #pendingHead = 0
  #nestedCount = 0
  readonly #waitingTopics = new Set<TopicState>()
  #isReleasing = false
  #idleWaiters: (() => void)[] = []

  constructor(clock: Clock, logger: Logger, stamp: PublishStamp) {
    this.clock = clock
    this.logger = logger
    this.stamp = stamp
  }

  /** Throws when a handler may not publish (any more). Called before a nested message gets its number. */
  admitNested(topic: string): void {
    if (this.state === CLOSED) throw busClosed('publish', topic)
    const limit = topic === 'log.event' ? NESTED_PUBLISHES_MAX + NESTED_LOG_EVENTS_MAX : NESTED_PUBLISHES_MAX
    if (++this.#nestedCount > limit) {
      throw new BusError(
        'BUS_RUNAWAY',
        `publish on ${topic}: handlers published ${NESTED_PUBLISHES_MAX} messages while one message was delivered; ` +
          'they answer each other without end',
        { topic },
      )
    }
  }

  enqueue(topic: TopicState, subscribers: readonly SubscriptionCore[], envelope: Envelope<unknown>): void {
    this.#pending.push({ topic, subscribers, envelope })
    this.attention |= PENDING
  }

  /** Runs `work` as a delivery of its own, or as part of the current one. */
  run(work: () => void): void {
    if (this.state !== IDLE) {
      work()
      return
    }
    this.state = DISPATCHING
    work()
    this.finish()
  }

  /** Ends the outermost delivery: first whatever its handlers published, in order. */
  finish(): void {
    while (this.#pendingHead < this.#pending.length) {
      const next = this.#pending[this.#pendingHead++]!
      next.topic.deliver(next.subscribers, next.envelope)
    }
    this.#clearPending()
    if (this.state === CLOSED) return
    this.state = IDLE
    if (this.attention !== 0) this.releaseWaiters()
  }

  waitForRoom(topic: TopicState): void {
    this.#waitingTopics.add(topic)
    this.attention |= WAITERS
  }

  /** Serves publishers that wait for room, first come first served per topic, as long as there is room. */
  releaseWaiters(): void {
    if (this.state !== IDLE || this.#isReleasing || this.#waitingTopics.size === 0) return
    this.#isReleasing = true
    let isMoving = true
    while (isMoving) {
      isMoving = false
      for (const topic of this.#waitingTopics) {
        if (topic.serveWaiters()) isMoving = true
        if (topic.waiters.length === 0) this.#waitingTopics.delete(topic)
      }
    }
    if (this.#waitingTopics.size === 0) this.attention &= ~WAITERS
    this.#isReleasing = false
    this.checkIdle()
  }

  /** Subscriptions that still have work of their own to do. Streams are their readers' business. */
  busySubscriptions(): SubscriptionCore[] {
    return [...this.subscriptions].filter((subscription) => subscription.isBusy)
  }

  get isIdle(): boolean {
    if (this.state === CLOSED) return true
    if (this.state !== IDLE || this.#waitingTopics.size > 0) return false
    for (const subscription of this.subscriptions) if (subscription.isBusy) return false
    return true
  }

  /** Calls `action` when idle. Returns how to give up waiting. */
  whenIdle(action: () => void): () => void {
    this.#idleWaiters.push(action)
    // Asked for inside a handler: a delivery that leaves nothing waiting ends without asking who waits for that.
    if (this.state === DISPATCHING) queueMicrotask(() => this.checkIdle())
    return () => {
      this.#idleWaiters = this.#idleWaiters.filter((other) => other !== action)
    }
  }

  checkIdle(): void {
    if (this.#idleWaiters.length === 0 || !this.isIdle) return
    const waiters = this.#idleWaiters
    this.#idleWaiters = []
    for (const action of waiters) action()
  }

  close(): void {
    this.state = CLOSED
    this.attention |= SHUT
    this.#clearPending()
    for (const subscription of [...this.subscriptions]) subscription.end()
    for (const topic of this.#waitingTopics) topic.rejectWaiters(busClosed('publish', topic.name))
    this.#waitingTopics.clear()
    this.checkIdle()
  }

  #clearPending(): void {
    this.#pending.length = 0
    this.#pendingHead = 0
    this.#nestedCount = 0
    this.attention &= ~PENDING
  }
}
