/**
 * What every connector source has in common: its state, its topics, its audit trail, its gaps and the moment its
 * health goes out. Where the data comes from and what it means is the source's own.
 */
import type { Bus } from '../../bus/index.js'
import { AuditLog } from '../../live/audit-log.js'
import { LifecycleError } from '../../live/errors.js'
import { GapRecord } from '../../live/gaps/gap-record.js'
import { HealthPublisher } from '../../live/health-publisher.js'
import { livePublishers } from '../../live/publishers.js'
import { settlesWithin } from '../../live/scope.js'
import { createRuntime, type Runtime } from '../../runtime/runtime.js'
import { LiveFeedError } from '../../types/errors.js'
import {
  type BookHealth,
  type ConnectionHealth,
  type FeedHealth,
  FeedManagerState,
  type FeedSystemHealth,
} from '../../types/health.js'
import { LogEventName, type LogLevel } from '../../types/log-event.js'
import type { BestBidOffer, OrderBookSnapshot } from '../../types/order-book.js'
import type { Publisher } from '../../types/publisher.js'
import { T_BBO, T_ORDERBOOK, T_TRADES } from '../../types/topics.js'
import type { Trade } from '../../types/trade.js'
import type { Venue } from '../../types/venue.js'

/** A release that takes longer is left to itself. */
const STOP_MS_MAX = 1_500

export interface SourceCoreOptions {
  readonly name: string
  readonly venue: Venue
  readonly bus: Bus
  readonly runtime?: Partial<Runtime> | undefined
}

/** The parts of health only the source knows. */
export interface SourcePicture {
  readonly connections: readonly ConnectionHealth[]
  readonly feeds: readonly FeedHealth[]
  readonly books: readonly BookHealth[]
}

export class SourceCore {
  readonly name: string
  readonly venue: Venue
  readonly runtime: Runtime
  readonly audit: AuditLog
  readonly gaps: GapRecord
  readonly trades: Publisher<Trade>
  readonly books: Publisher<OrderBookSnapshot>
  readonly bbo: Publisher<BestBidOffer>
  readonly health: HealthPublisher
  readonly #bus: Bus
  readonly #picture: () => SourcePicture
  #state: FeedManagerState = FeedManagerState.STOPPED
  #runningSinceMs = Number.NaN
  #errorCount = 0
  #stopping: Promise<void> | null = null

  constructor(options: SourceCoreOptions, picture: () => SourcePicture) {
    const { name, venue, bus } = options
    this.name = name
    this.venue = venue
    this.#bus = bus
    this.#picture = picture
    this.runtime = createRuntime(options.runtime)
    const { clock, logger } = this.runtime
    const live = livePublishers(bus, name, logger)
    this.audit = new AuditLog(live.log, clock)
    this.gaps = new GapRecord({ venue, clock, topic: live.gaps, audit: this.audit })
    const guarded = closedBusGuard(this.runtime, name)
    this.trades = guarded(bus.topic(T_TRADES, { source: name }))
    this.books = guarded(bus.topic(T_ORDERBOOK, { source: name }))
    this.bbo = guarded(bus.topic(T_BBO, { source: name }))
    this.health = new HealthPublisher(clock, () => live.health.publish(this.getHealth()))
  }

  get state(): FeedManagerState {
    return this.#state
  }

  get errorCount(): number {
    return this.#errorCount
  }

  countError(): void {
    this.#errorCount++
  }

  /** Throws `ALREADY_RUNNING` unless a start is possible now. */
  requireStartable(): void {
    if (this.#state === FeedManagerState.STOPPED || this.#state === FeedManagerState.FAILED) return
    throw new LifecycleError('ALREADY_RUNNING', `${this.name} is ${this.#state}: only a stopped source can start`)
  }

  /** The state changes before anybody is told, since a subscriber may call back. */
  enter(
    state: FeedManagerState,
    event: LogEventName | null,
    level: LogLevel,
    message: string,
    data: Readonly<Record<string, unknown>> = {},
  ): void {
    this.#state = state
    if (state === FeedManagerState.RUNNING) this.#runningSinceMs = this.runtime.clock.monotonicMs()
    else if (state !== FeedManagerState.STOPPING) this.#runningSinceMs = Number.NaN
    if (event !== null) this.audit.write(event, level, `${this.name}${message}`, data)
    if (this.#state !== state) return
    this.health.now()
    if (state === FeedManagerState.STOPPED || state === FeedManagerState.FAILED) this.health.stop()
  }

  /**
   * The whole of a source's `stop`: any number of calls share one. `release` takes the source out of use, is told why a
   * start that is under way ends, and resolves when it is done; `unreleased` is said when that takes too long.
   */
  stop(release: (reason: LifecycleError) => Promise<void>, unreleased: string): Promise<void> {
    if (this.#stopping !== null) return this.#stopping
    if (this.#state === FeedManagerState.STOPPED) return Promise.resolve()
    this.#stopping = this.#stop(release, unreleased).finally(() => {
      this.#stopping = null
    })
    return this.#stopping
  }

  getHealth(): FeedSystemHealth {
    const { clock } = this.runtime
    const { connections, feeds, books } = this.#picture()
    return {
      name: this.name,
      venue: this.venue,
      state: this.#state,
      timeMs: clock.wallMs(),
      uptimeMs: Number.isNaN(this.#runningSinceMs) ? 0 : clock.monotonicMs() - this.#runningSinceMs,
      totalMessageCount: feeds.reduce((sum, feed) => sum + feed.messageCount, 0),
      totalErrorCount: this.#errorCount,
      connections,
      feeds,
      books,
      clock: null,
      bus: this.#bus.health(),
    }
  }

  async #stop(release: (reason: LifecycleError) => Promise<void>, unreleased: string): Promise<void> {
    const { clock, logger } = this.runtime
    this.enter(FeedManagerState.STOPPING, LogEventName.FEED_STOPPING, 'INFO', ' stops')
    const closing = release(
      new LifecycleError('STOPPED_DURING_START', `${this.name} was stopped while it was starting`),
    )
    if (!(await settlesWithin(closing, STOP_MS_MAX, clock))) {
      logger.error(`${this.name}: ${unreleased} within ${STOP_MS_MAX} ms; abandoned`)
    }
    this.enter(FeedManagerState.STOPPED, LogEventName.FEED_STOPPED, 'INFO', ' stopped')
  }
}

/** A bus closed under a running source is the caller's defect: reported once, thrown at nobody, least of all at a thread's callback. */
function closedBusGuard(runtime: Runtime, name: string): <T>(topic: Publisher<T>) => Publisher<T> {
  let isReported = false
  return (topic) => ({
    publish(payload) {
      try {
        topic.publish(payload)
      } catch (error) {
        if (!(error instanceof LiveFeedError)) throw error
        if (!isReported) runtime.logger.error(`${name}: ${error.message}`, { code: error.code })
        isReported = true
      }
    },
  })
}
