/** One topic: its numbering, its subscribers, its counters, and the loop that hands a message to each subscriber. */
import type { Envelope } from '../types/envelope.js'
import type { Dispatcher } from './dispatcher.js'
import { Sampler } from './sampler.js'
import { stampCost } from './stamp.js'
import type { SlowestHandler, TopicStats } from './stats.js'
import { DIRECT, ENDED, type SubscriptionCore } from './subscription.js'
import type { TopicHandle } from './topic-handle.js'

/** A publisher waiting for room. */
export interface RoomWaiter {
  /** Publishes, or tells that there is room. */
  serve(): void
  reject(error: Error): void
}

export class TopicState {
  readonly name: string
  /** Number of the newest envelope, which is also the count of all. */
  seq = 0
  /** In order of delivery. Replaced, never changed: a running delivery keeps its list. */
  subscribers: readonly SubscriptionCore[] = []

  delivered = 0
  dropped = 0
  conflated = 0
  handlerErrors = 0
  slowestHandler: SlowestHandler | null = null

  /** What a publish spends of a shared clock reading; see `stamp.ts`. */
  stampCost = 1

  /** Handles by source; each keeps the last envelopes of its source. */
  readonly handles: Map<string, TopicHandle<unknown>> = new Map()
  readonly waiters: RoomWaiter[] = []

  readonly #dispatcher: Dispatcher
  readonly #sampler = new Sampler()
  /** Moving mean over the samples. */
  #meanDeliveryUs = 0
  /** Copied out of the sampler, one load on the fast path. */
  #nextSample = 1

  constructor(name: string, dispatcher: Dispatcher) {
    this.name = name
    this.#dispatcher = dispatcher
  }

  /** Inserts by priority, behind equal ones. */
  add(subscription: SubscriptionCore): void {
    const before = this.subscribers.filter((other) => other.priority >= subscription.priority)
    const after = this.subscribers.filter((other) => other.priority < subscription.priority)
    this.subscribers = [...before, subscription, ...after]
  }

  remove(subscription: SubscriptionCore): void {
    if (this.subscribers.includes(subscription)) {
      this.subscribers = this.subscribers.filter((other) => other !== subscription)
    }
  }

  /** Calls or queues for each; never throws because of one. */
  deliver(subscribers: readonly SubscriptionCore[], envelope: Envelope<unknown>): void {
    if (envelope.seq >= this.#nextSample) {
      this.#deliverTimed(subscribers, envelope)
      return
    }
    const count = subscribers.length
    let delivered = 0
    for (let index = 0; index < count; index++) {
      const subscription = subscribers[index]!
      if (subscription.mode === DIRECT) {
        delivered += 1
        subscription.directCount += 1
        try {
          const result = subscription.handler(envelope)
          if (result !== undefined) subscription.afterDirectCall(result, envelope)
        } catch (error) {
          subscription.failed(error, envelope, this)
        }
      } else if (subscription.mode !== ENDED) {
        subscription.offer(envelope, this)
      }
    }
    this.delivered += delivered
  }

  #deliverTimed(subscribers: readonly SubscriptionCore[], envelope: Envelope<unknown>): void {
    this.#nextSample = Number.MAX_SAFE_INTEGER
    const { clock } = this.#dispatcher
    const startMs = clock.monotonicMs()
    let beforeMs = startMs
    for (const subscription of subscribers) {
      const isDirect = subscription.mode === DIRECT
      // A list of one through the same loop: there is one way to deliver.
      this.deliver([subscription], envelope)
      const afterMs = clock.monotonicMs()
      if (isDirect) this.noteDuration(subscription.name, afterMs - beforeMs, envelope.seq)
      beforeMs = afterMs
    }
    this.#meanDeliveryUs += ((beforeMs - startMs) * 1000 - this.#meanDeliveryUs) / 2
    this.stampCost = stampCost(this.#meanDeliveryUs)
    this.#sampler.sampled(envelope.seq, beforeMs)
    this.#nextSample = this.#sampler.next
  }

  noteDuration(subscription: string, durationMs: number, seq: number): void {
    if (this.slowestHandler === null || durationMs > this.slowestHandler.durationMs) {
      this.slowestHandler = { subscription, durationMs, seq }
    }
  }

  /** Messages that fit into the queues of all `block` subscriptions now. */
  room(): number {
    let room = Number.POSITIVE_INFINITY
    for (const subscription of this.subscribers) room = Math.min(room, subscription.room)
    return room
  }

  /** Returns whether any was served. */
  serveWaiters(): boolean {
    let isServed = false
    while (this.waiters.length > 0 && this.room() > 0) {
      this.waiters.shift()?.serve()
      isServed = true
    }
    return isServed
  }

  rejectWaiters(error: Error): void {
    for (const waiter of this.waiters.splice(0)) waiter.reject(error)
  }

  /** Newest of all sources; with `key` the newest of that key. */
  last(key?: string, source?: string): Envelope<unknown> | undefined {
    let newest: Envelope<unknown> | undefined
    for (const { retained, source: publisher } of this.handles.values()) {
      if (source !== undefined && publisher !== source) continue
      const candidate = key === undefined ? retained.newest() : retained.get(key)
      if (candidate !== null && (newest === undefined || candidate.seq > newest.seq)) newest = candidate
    }
    return newest
  }

  /** The last envelope per source and key, in publish order. */
  retained(): Envelope<unknown>[] {
    const envelopes: Envelope<unknown>[] = []
    for (const { retained } of this.handles.values()) envelopes.push(...retained.all())
    return envelopes.sort((a, b) => a.seq - b.seq)
  }

  stats(): TopicStats {
    return {
      topic: this.name,
      published: this.seq,
      delivered: this.delivered,
      dropped: this.dropped,
      conflated: this.conflated,
      handlerErrors: this.handlerErrors,
      subscriptions: this.subscribers.length,
      slowestHandler: this.slowestHandler,
    }
  }
}
