/**
 * The message bus: names, typing and wiring of the parts. How messages are ordered is in `dispatcher.ts`,
 * how one reaches its subscribers in `topic-state.ts`, what a subscriber does with it in `subscription.ts`.
 */
import type { Clock } from '../runtime/clock.js'
import { type Logger, SILENT_LOGGER } from '../runtime/logger.js'
import { SystemClock } from '../runtime/system-clock.js'
import type { Envelope } from '../types/envelope.js'
import type { BusHealth } from '../types/health.js'
import type { LogEvent } from '../types/log-event.js'
import type { TopicMap, TopicName } from '../types/topics.js'
import { CLOSED, Dispatcher } from './dispatcher.js'
import { BusError, busClosed } from './errors.js'
import { Reporter } from './reporter.js'
import { PublishStamp } from './stamp.js'
import type { BusStats } from './stats.js'
import { type MessageStream, SubscriptionStream } from './stream.js'
import { type Handler, SubscriptionCore, type SubscriptionInit } from './subscription.js'
import {
  checkSubscribeOptions,
  type MessageStreamOptions,
  optionInvalid,
  type SubscribeOptions,
  type Subscription,
} from './subscription-options.js'
import { TopicHandle } from './topic-handle.js'
import { checkTopicName, checkTopicOrPattern, isPattern, matchesTopic, patternSegments } from './topic-name.js'
import { TopicState } from './topic-state.js'
import type { EnvelopeOf, PatternArgument, TopicEnvelope } from './topic-types.js'

/** Source of the log events that the bus itself publishes. */
const BUS_SOURCE = 'bus'

export interface BusOptions {
  /** Default the system clock. Any other is read for every publish. */
  readonly clock?: Clock
  /** Gets what cannot go to `log.event`. Default silent. */
  readonly logger?: Logger
  /**
   * Read the clock for every publish. Default false: with the system clock, publishes of one synchronous
   * piece of work share a reading that is at most about 0.1 ms of delivery work old.
   */
  readonly exactPublishTimes?: boolean
  /** Least time between two reports of the same trouble of one subscription. Default 1 000 ms. */
  readonly reportIntervalMs?: number
}

export interface PublishOptions {
  /** Who publishes; default `''`. */
  readonly source?: string
  /** `seq` of the message that led to this one. */
  readonly causeSeq?: number
}

export interface TopicOptions {
  /** Who publishes through this handle; default `''`. */
  readonly source?: string
}

/**
 * Typed publish and subscribe within one process.
 *
 * Delivery is synchronous, in order of priority and subscription, one message at a time: what a handler
 * publishes is delivered after the current message has reached all its subscribers and before the
 * outermost publish returns. A handler that throws or rejects is counted and reported on `log.event`; the
 * others go on. Asynchronous handlers are called one message at a time, with a bounded queue before them.
 */
export class Bus {
  readonly #dispatcher: Dispatcher
  #lastSubscriptionId = 0

  constructor(options: BusOptions = {}) {
    const clock = options.clock ?? new SystemClock()
    const logger = options.logger ?? SILENT_LOGGER
    this.#dispatcher = new Dispatcher(clock, logger, new PublishStamp(clock, options.exactPublishTimes ?? false))
    const log = this.topic('log.event', { source: BUS_SOURCE }) as TopicHandle<LogEvent>
    this.#dispatcher.reporter = new Reporter(clock, logger, log, options.reportIntervalMs ?? 1_000)
  }

  get isClosed(): boolean {
    return this.#dispatcher.state === CLOSED
  }

  /**
   * Calls `handler` with every message of a topic, or of all topics that a pattern matches (`*` one segment,
   * `>` the rest), published after this call. A pattern also covers topics that come up later.
   *
   * A handler that returns a promise is not called again before it settles; messages wait in a queue of
   * `capacity`. With `replayLast` outside of a handler, the last messages arrive before this returns.
   *
   * Throws `TOPIC_INVALID`, `SUBSCRIPTION_OPTION_INVALID`, `BUS_CLOSED`.
   */
  subscribe<N extends TopicName>(
    topic: N,
    handler: (envelope: TopicEnvelope<N>) => unknown,
    options?: SubscribeOptions<TopicEnvelope<N>>,
  ): Subscription
  subscribe<P extends string>(
    pattern: P & PatternArgument<P>,
    handler: (envelope: EnvelopeOf<P>) => unknown,
    options?: SubscribeOptions<EnvelopeOf<P>>,
  ): Subscription
  subscribe(topicOrPattern: string, handler: Handler, options: SubscribeOptions<never> = {}): Subscription {
    if (typeof handler !== 'function') {
      throw optionInvalid(String(topicOrPattern), `the handler is ${typeof handler}, not a function`)
    }
    return this.#add(topicOrPattern, handler, options)
  }

  /**
   * Publishes one message; see `TopicHandle.publish` for when it is delivered. For many messages take a
   * handle from `topic()`: it saves the look-up.
   *
   * Throws `TOPIC_INVALID`, `BUS_CLOSED`; never because of a subscriber.
   */
  publish<N extends TopicName>(topic: N, payload: TopicMap[N], options?: PublishOptions): Envelope<TopicMap[N], N> {
    return this.#handle<N>(topic, options?.source).send(payload, options?.causeSeq)
  }

  /** The publishing side of a topic; the same object for the same topic and source. Throws `TOPIC_INVALID`. */
  topic<N extends TopicName>(name: N, options: TopicOptions = {}): TopicHandle<TopicMap[N], N> {
    return this.#handle<N>(name, options.source)
  }

  /** `topic(name).publishWhenReady`: waits until every `block` subscriber has room. */
  async publishWhenReady<N extends TopicName>(
    topic: N,
    payload: TopicMap[N],
    options?: PublishOptions,
  ): Promise<Envelope<TopicMap[N], N>> {
    return this.#handle<N>(topic, options?.source).publishWhenReady(payload, options?.causeSeq)
  }

  /** `topic(name).ready`: resolves when every `block` subscriber has room. */
  async ready(topic: TopicName): Promise<void> {
    return this.#handle(topic, undefined).ready()
  }

  /**
   * Messages as an async iterator, from this call on. Default capacity 1024, overflow `dropOldest`.
   *
   * Throws `TOPIC_INVALID`, `SUBSCRIPTION_OPTION_INVALID`, `BUS_CLOSED`.
   */
  stream<N extends TopicName>(
    topic: N,
    options?: MessageStreamOptions<TopicEnvelope<N>>,
  ): MessageStream<TopicEnvelope<N>>
  stream<P extends string>(
    pattern: P & PatternArgument<P>,
    options?: MessageStreamOptions<EnvelopeOf<P>>,
  ): MessageStream<EnvelopeOf<P>>
  stream(topicOrPattern: string, options: MessageStreamOptions<never> = {}): MessageStream<Envelope<unknown>> {
    const stream = new SubscriptionStream()
    const name = options.name ?? `stream of ${String(topicOrPattern)}`
    this.#add(topicOrPattern, () => {}, { ...options, name }, stream)
    return stream
  }

  /**
   * The newest message of a topic, or the newest of a key: the symbol (for candles `BTCUSDT 1m`, or the
   * symbol for the newest of any interval; for `live.health` the name, for `log.event` the event). With `source`
   * only what that publisher sent: two venues may publish the same symbol.
   */
  last<N extends TopicName>(topic: N, key?: string, source?: string): Envelope<TopicMap[N], N> | undefined {
    checkTopicName(topic)
    return this.#dispatcher.topics.get(topic)?.last(key, source) as Envelope<TopicMap[N], N> | undefined
  }

  /**
   * Resolves at the first moment when no handler has a message waiting or a call in flight, and no publisher
   * waits for room. Streams do not count: their readers may come any time. With `timeoutMs` rejects with
   * `DRAIN_TIMEOUT` naming the subscriptions that still work.
   */
  drain(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    const dispatcher = this.#dispatcher
    return new Promise((resolve, reject) => {
      if (dispatcher.isIdle) {
        resolve()
        return
      }
      const { timeoutMs } = options
      let stopTimer = (): void => {}
      const giveUp = dispatcher.whenIdle(() => {
        stopTimer()
        resolve()
      })
      if (timeoutMs === undefined) return
      const timer = dispatcher.clock.setTimer(() => {
        giveUp()
        const names = dispatcher.busySubscriptions().map((subscription) => `"${subscription.name}"`)
        reject(new BusError('DRAIN_TIMEOUT', `not drained within ${timeoutMs} ms; still at work: ${names.join(', ')}`))
      }, timeoutMs)
      stopTimer = () => dispatcher.clock.clearTimer(timer)
    })
  }

  /**
   * Ends every subscription at once and refuses new messages. What waits before handlers is discarded (call
   * `drain()` first to have it delivered); streams may still be read to their end. `last`, `stats` and
   * `health` keep working. Idempotent.
   */
  close(): void {
    if (this.isClosed) return
    this.#dispatcher.reporter.close()
    this.#dispatcher.close()
  }

  stats(): BusStats {
    return {
      totals: this.health(),
      topics: Object.fromEntries([...this.#dispatcher.topics].map(([name, topic]) => [name, topic.stats()])),
      subscriptions: [...this.#dispatcher.subscriptions].map((subscription) => subscription.stats()),
    }
  }

  health(): BusHealth {
    let published = 0
    let delivered = 0
    let dropped = 0
    let handlerErrors = 0
    let queueDepth = 0
    for (const topic of this.#dispatcher.topics.values()) {
      published += topic.seq
      delivered += topic.delivered
      dropped += topic.dropped
      handlerErrors += topic.handlerErrors
    }
    for (const subscription of this.#dispatcher.subscriptions) queueDepth += subscription.queueLength
    return { published, delivered, dropped, handlerErrors, queueDepth }
  }

  #add(
    topicOrPattern: string,
    handler: Handler,
    options: SubscribeOptions<never>,
    stream?: SubscriptionStream,
  ): SubscriptionCore {
    checkTopicOrPattern(topicOrPattern)
    checkSubscribeOptions(topicOrPattern, options)
    if (this.isClosed) throw busClosed('subscribe', topicOrPattern)
    const dispatcher = this.#dispatcher
    const init: SubscriptionInit = { id: ++this.#lastSubscriptionId, topic: topicOrPattern, handler, options }
    const subscription = new SubscriptionCore(
      stream === undefined ? init : { ...init, onReadable: () => stream.onReadable() },
      dispatcher,
    )
    stream?.attach(subscription)
    dispatcher.subscriptions.add(subscription)
    const topics = this.#join(subscription)
    if (options.replayLast === true) {
      dispatcher.run(() => {
        for (const topic of topics) {
          for (const envelope of topic.retained()) dispatcher.enqueue(topic, [subscription], envelope)
        }
      })
    }
    return subscription
  }

  /** Adds the subscription to the topics there are, and remembers a pattern for those to come. */
  #join(subscription: SubscriptionCore): TopicState[] {
    if (!isPattern(subscription.topic)) {
      const topic = this.#topicState(subscription.topic)
      topic.add(subscription)
      return [topic]
    }
    const segments = patternSegments(subscription.topic)
    this.#dispatcher.patterns.set(subscription, segments)
    const topics = [...this.#dispatcher.topics.values()].filter((topic) => matchesTopic(segments, topic.name))
    for (const topic of topics) topic.add(subscription)
    return topics
  }

  #handle<N extends TopicName>(name: string, source = ''): TopicHandle<TopicMap[N], N> {
    const topic = this.#dispatcher.topics.get(name) ?? this.#topicState(name)
    let handle = topic.handles.get(source)
    if (handle === undefined) {
      handle = new TopicHandle(topic, source, this.#dispatcher)
      topic.handles.set(source, handle)
    }
    return handle as unknown as TopicHandle<TopicMap[N], N>
  }

  #topicState(name: string): TopicState {
    const known = this.#dispatcher.topics.get(name)
    if (known !== undefined) return known
    checkTopicName(name)
    const topic = new TopicState(name, this.#dispatcher)
    this.#dispatcher.topics.set(name, topic)
    for (const [subscription, segments] of this.#dispatcher.patterns) {
      if (matchesTopic(segments, name)) topic.add(subscription)
    }
    return topic
  }
}
