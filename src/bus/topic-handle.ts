/**
 * The publishing side of one topic for one source: what a hot publisher holds. Numbers and stamps the
 * message, keeps it as the last of its key, and delivers it; all without allocating anything but the
 * envelope.
 */
import type { Envelope } from '../types/envelope.js'
import type { Publisher } from '../types/publisher.js'
import { CLOSED, DISPATCHING, type Dispatcher, IDLE } from './dispatcher.js'
import { busClosed } from './errors.js'
import { Retained } from './retained.js'
import type { TopicState } from './topic-state.js'

export class TopicHandle<T, Name extends string = string> implements Publisher<T> {
  readonly name: Name
  /** Written into every envelope. */
  readonly source: string
  /** @internal */
  readonly retained: Retained

  readonly #topic: TopicState
  readonly #dispatcher: Dispatcher

  /** @internal Use `bus.topic(name)`. */
  constructor(topic: TopicState, source: string, dispatcher: Dispatcher) {
    this.name = topic.name as Name
    this.source = source
    this.retained = new Retained(topic.name)
    this.#topic = topic
    this.#dispatcher = dispatcher
  }

  /**
   * Delivers to every subscriber before it returns. From inside a handler: delivers after the current
   * message has reached all its subscribers, before the outermost publish returns.
   *
   * Never throws because of a subscriber. Throws `BUS_CLOSED` after `bus.close()`, and `BUS_RUNAWAY` into a
   * handler that takes part in an endless exchange.
   *
   * @param causeSeq `seq` of the message that led to this one.
   */
  publish(payload: T, causeSeq?: number): void {
    this.send(payload, causeSeq)
  }

  /** @internal Like `publish`, and returns the envelope. */
  send(payload: T, causeSeq: number | undefined): Envelope<T, Name> {
    const dispatcher = this.#dispatcher
    const topic = this.#topic
    const isOutermost = dispatcher.state === IDLE
    if (!isOutermost) dispatcher.admitNested(this.name)
    const { stamp } = dispatcher
    stamp.budget -= topic.stampCost
    // One literal with every field: envelopes of one shape keep all handlers monomorphic.
    const envelope = {
      topic: this.name,
      payload,
      seq: ++topic.seq,
      publishTimeMs: stamp.budget > 0 ? stamp.timeMs : stamp.read(),
      source: this.source,
      causeSeq,
    } as Envelope<T, Name>
    const { retained } = this
    if ((payload as { readonly symbol?: unknown } | null | undefined)?.symbol === retained.hotSymbol) {
      retained.hotSlot.envelope = envelope
    } else {
      retained.put(envelope)
    }
    if (!isOutermost) {
      dispatcher.enqueue(topic, topic.subscribers, envelope)
      return envelope
    }
    dispatcher.state = DISPATCHING
    topic.deliver(topic.subscribers, envelope)
    if (dispatcher.attention === 0) dispatcher.state = IDLE
    else dispatcher.finish()
    return envelope
  }

  /** Messages that fit into the queues of all `block` subscribers now; Infinity when there are none. */
  get room(): number {
    return this.#topic.room()
  }

  /** Subscriptions that a publish reaches now, those by pattern included. */
  get subscriberCount(): number {
    return this.#topic.subscribers.length
  }

  /**
   * Publishes when every `block` subscriber has room; resolves then. Calls are served in order, so several
   * publishers never overfill a queue. Rejects with `BUS_CLOSED` when the bus closes first. Awaited inside a
   * handler of a full subscription it would wait for itself; do not.
   */
  publishWhenReady(payload: T, causeSeq?: number): Promise<Envelope<T, Name>> {
    const dispatcher = this.#dispatcher
    const topic = this.#topic
    return new Promise((resolve, reject) => {
      if (dispatcher.state === CLOSED) throw busClosed('publish', this.name)
      if (dispatcher.state === IDLE && topic.waiters.length === 0 && topic.room() > 0) {
        resolve(this.send(payload, causeSeq))
        return
      }
      const serve = (): void => {
        try {
          resolve(this.send(payload, causeSeq))
        } catch (error) {
          reject(error as Error)
        }
      }
      topic.waiters.push({ serve, reject })
      dispatcher.waitForRoom(topic)
    })
  }

  /**
   * Resolves when every `block` subscriber has room for at least one message. With several publishers
   * another one may take it in between: use `publishWhenReady` then. Rejects with `BUS_CLOSED`.
   */
  ready(): Promise<void> {
    const dispatcher = this.#dispatcher
    const topic = this.#topic
    return new Promise((resolve, reject) => {
      if (dispatcher.state === CLOSED) throw busClosed('ready', this.name)
      if (topic.waiters.length === 0 && topic.room() > 0) {
        resolve()
        return
      }
      topic.waiters.push({ serve: resolve, reject })
      dispatcher.waitForRoom(topic)
    })
  }

  /** The newest message of this topic, of any source; see `Bus.last`. */
  last(key?: string): Envelope<T, Name> | undefined {
    return this.#topic.last(key) as Envelope<T, Name> | undefined
  }
}
