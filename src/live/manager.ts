/**
 * The feed manager: life cycle, and the one place where connection, router, handlers, health and bus meet.
 * What each of them decides stays with them; this file says who hears it.
 *
 *   STOPPED --start()--> STARTING --all streams acknowledged--> RUNNING --stop()--> STOPPING --> STOPPED
 *                           |                                      |
 *                           +--start failed--> FAILED <--bounded reconnects used up--+
 *
 * Everything that exists only between `start` and `stop` lives in a `Run`, built anew by each start: a late
 * event of an old run finds its scope ended and changes nothing.
 */
import type { Bus } from '../bus/index.js'
import { createRuntime, type Runtime } from '../runtime/runtime.js'
import type { Transport } from '../runtime/transport.js'
import type { FeedSource } from '../types/feed-source.js'
import type { GapEvent } from '../types/gap.js'
import { FeedManagerState, type FeedSystemHealth } from '../types/health.js'
import { LogEventName, type LogLevel } from '../types/log-event.js'
import { AuditLog } from './audit-log.js'
import type { BookView } from './books/index.js'
import {
  LiveFeedConfig,
  type LiveFeedConfigInput,
  requireEndpoints,
  resolveStreams,
  type StreamConfig,
  venueInfo,
} from './config/index.js'
import { ConnectionManager, WsTransport } from './connection/index.js'
import { logConnectionSignals } from './connection-log.js'
import { LifecycleError, LiveFeedError } from './errors.js'
import { type GapFilter, GapIds } from './gaps/index.js'
import { createHandlers } from './handlers/index.js'
import { handOverWaitMs } from './health/index.js'
import { HealthPublisher } from './health-publisher.js'
import { Integrity } from './integrity.js'
import { checkManagerOptions, type LiveDataFeedManagerOptions, requireOpenBus } from './manager-options.js'
import { type LivePublishers, livePublishers, marketPublishers } from './publishers.js'
import { RejectionLog } from './rejection-log.js'
import { managerStats, type ReportContext, systemHealth, totalsOf } from './reports.js'
import { MessageRouter } from './router/index.js'
import type { Run } from './run.js'
import { createMonitor } from './run-monitor.js'
import { Scope, settlesWithin } from './scope.js'
import { createSignals, type LiveSignals } from './signals.js'
import { ErrorCounts, type FeedManagerStats } from './stats.js'
import { StreamSet } from './stream-set.js'

/** `stop()` promises two seconds; what the connections have not ended by then is abandoned, and said so. */
const TEARDOWN_MS_MAX = 1_500

export class LiveDataFeedManager implements FeedSource {
  readonly name: string
  readonly config: LiveFeedConfig
  readonly #bus: Bus
  readonly #runtime: Runtime
  readonly #transport: Transport
  readonly #topics: LivePublishers
  readonly #audit: AuditLog
  readonly #healthPublisher: HealthPublisher
  readonly #gapIds: GapIds = new GapIds()

  #state: FeedManagerState = FeedManagerState.STOPPED
  /** Kept after the end of the run, so that its last numbers stay readable. */
  #run: Run | null = null
  #stopping: Promise<void> | null = null

  /** Throws `ConfigError`; also for a simulated venue whose address is missing. Opens nothing. */
  constructor(config: LiveFeedConfig | LiveFeedConfigInput, bus: Bus, options: LiveDataFeedManagerOptions = {}) {
    checkManagerOptions(options)
    this.config = config instanceof LiveFeedConfig ? config : new LiveFeedConfig(config)
    requireEndpoints(this.config)
    this.name = options.name ?? this.config.venue.toLowerCase()
    this.#bus = bus
    this.#runtime = createRuntime(options.runtime)
    this.#transport = options.transport ?? new WsTransport({ clock: this.#runtime.clock })
    this.#topics = livePublishers(bus, this.name, this.#runtime.logger)
    this.#audit = new AuditLog(this.#topics.log, this.#runtime.clock)
    this.#healthPublisher = new HealthPublisher(this.#runtime.clock, () =>
      this.#topics.health.publish(this.getHealth()),
    )
  }

  get state(): FeedManagerState {
    return this.#state
  }

  /**
   * Connects and subscribes; resolves when every stream is acknowledged and the manager RUNNING. Rejects with
   * `ConnectionError` or `SubscriptionError` (the manager is FAILED then), with `LifecycleError`
   * `ALREADY_RUNNING` unless it was STOPPED or FAILED, with `STOPPED_DURING_START`, and with `BusError` `BUS_CLOSED`.
   */
  async start(): Promise<void> {
    if (this.#state !== FeedManagerState.STOPPED && this.#state !== FeedManagerState.FAILED) {
      throw new LifecycleError('ALREADY_RUNNING', `${this.name} is ${this.#state}: only a stopped manager can start`)
    }
    requireOpenBus(this.#bus, this.name)
    const earlier = this.#run?.teardown ?? Promise.resolve()
    const specs = this.config.streamSpecs()
    const run = this.#createRun()
    this.#run = run
    this.#state = FeedManagerState.STARTING
    this.#healthPublisher.now()
    try {
      await run.scope.guard(earlier)
      run.scope.throwIfEnded()
      run.streams.register(specs)
      run.monitor.start()
      run.integrity.venueClock.start()
      const started = run.connection.start(specs)
      run.streams.assignConnections()
      await run.scope.guard(started)
      run.scope.throwIfEnded()
    } catch (error) {
      this.#fail(run, LogEventName.FEED_START_FAILED, error)
      throw error
    }
    run.streams.assignConnections()
    run.runningSinceMs = this.#runtime.clock.monotonicMs()
    const { venue } = this.config
    const data = { venue, streamCount: specs.length, connectionCount: run.connection.connections().length }
    this.#enter(FeedManagerState.RUNNING, LogEventName.FEED_STARTED, 'INFO', `${this.name} runs on ${venue}`, data)
  }

  /**
   * Idempotent; calls during a stop share its promise. Resolves within 2 s in any state and leaves no timer,
   * socket or listener. Never rejects.
   */
  stop(): Promise<void> {
    if (this.#stopping !== null) return this.#stopping
    if (this.#state === FeedManagerState.STOPPED) return Promise.resolve()
    let settle = (): void => {}
    this.#stopping = new Promise((resolve) => {
      settle = resolve
    })
    const stopping = this.#stopping
    void this.#stop()
      .catch((error: unknown) => this.#runtime.logger.error(`${this.name}: stop failed`, { error: String(error) }))
      .then(settle)
    return stopping
  }

  /**
   * Adds streams while running. Streams are counted: each call holds each of its streams once, as the configuration
   * does, and a stream goes with its last holder. Resolves when the venue has acknowledged all, waiting through
   * reconnects; those already carried are not touched. Calls may overlap. What was added lasts until `stop()`: the
   * next start begins with the configuration. Rejects with `ConfigError`, `SubscriptionError`, `ConnectionError` or
   * `LifecycleError` `NOT_RUNNING`; after a `SubscriptionError` only the streams it names are not held.
   */
  async subscribe(streams: readonly StreamConfig[]): Promise<void> {
    const specs = resolveStreams(this.config.venue, streams)
    await this.#change((run) => run.streams.add(specs))
  }

  /**
   * Gives up one hold on each of these streams; those nobody holds any more are removed, those not carried are left
   * alone. Rejects like `subscribe`.
   */
  async unsubscribe(streams: readonly StreamConfig[]): Promise<void> {
    const specs = resolveStreams(this.config.venue, streams)
    await this.#change((run) => run.streams.remove(specs))
  }

  /** Planned hand-over of every connection to a new socket, now. Rejects when not running or not possible. */
  async refresh(): Promise<void> {
    await this.#change((run) => run.connection.refresh('requested'))
  }

  /** A consistent picture of now; cheap enough for a few calls a second. */
  getHealth(): FeedSystemHealth {
    return systemHealth(this.#report(), this.#runtime.clock.wallMs())
  }

  /**
   * The maintained book of a symbol as it is now, read in place without copying; `undefined` unless its diff stream
   * is subscribed. See `BookView` for what may be relied on.
   */
  book(symbol: string): BookView | undefined {
    return this.#run?.integrity.books.view(symbol)
  }

  /** The last word on every hole remembered: all that are open, and the newest thousand that are closed; by id. */
  gaps(filter?: GapFilter): GapEvent[] {
    return this.#run?.integrity.gaps.list(filter) ?? []
  }

  getStats(): FeedManagerStats {
    return managerStats(this.#report(), this.#audit)
  }

  // --- life cycle -------------------------------------------------------------------------------------------

  async #stop(): Promise<void> {
    const run = this.#run
    const data = { from: this.#state }
    this.#enter(FeedManagerState.STOPPING, LogEventName.FEED_STOPPING, 'INFO', `${this.name} stops`, data)
    if (run !== null) {
      run.scope.end(new LifecycleError('STOPPED_DURING_START', `${this.name} was stopped while it was starting`))
      await this.#teardown(run)
    }
    // Before anybody hears of the end: a subscriber may start again at once.
    this.#stopping = null
    this.#enter(FeedManagerState.STOPPED, LogEventName.FEED_STOPPED, 'INFO', `${this.name} stopped`, {
      ...totalsOf(run),
    })
    if (this.#state === FeedManagerState.STOPPED) this.#healthPublisher.stop()
  }

  /** The run cannot go on. Without effect on one that ended already. */
  #fail(run: Run, event: LogEventName, error: unknown): void {
    if (run.scope.isEnded) return
    run.scope.end(error)
    void this.#teardown(run)
    const code = error instanceof LiveFeedError ? error.code : 'UNKNOWN'
    const message = error instanceof Error ? error.message : String(error)
    this.#enter(FeedManagerState.FAILED, event, 'ERROR', `${this.name}: ${message}`, { code })
    if (this.#state === FeedManagerState.FAILED) this.#healthPublisher.stop()
  }

  #teardown(run: Run): Promise<void> {
    run.teardown ??= this.#endParts(run)
    return run.teardown
  }

  async #endParts(run: Run): Promise<void> {
    const { clock, logger } = this.#runtime
    run.monitor.stop()
    run.integrity.stop()
    const stopped = run.connection.stop().catch((error: unknown) => {
      logger.error(`${this.name}: connections did not stop cleanly`, { error: String(error) })
    })
    if (!(await settlesWithin(stopped, TEARDOWN_MS_MAX, clock))) {
      logger.error(`${this.name}: connections did not stop within ${TEARDOWN_MS_MAX} ms; abandoned`)
    }
    run.signals.clear()
  }

  /**
   * The state changes before anybody is told, since a subscriber may call back. Each state is published, not
   * coalesced, unless a subscriber of the event already moved on.
   */
  #enter(
    state: FeedManagerState,
    event: LogEventName,
    level: LogLevel,
    message: string,
    data: Readonly<Record<string, unknown>>,
  ): void {
    this.#state = state
    this.#audit.write(event, level, message, data)
    if (this.#state === state) this.#healthPublisher.now()
  }

  // --- changes while running ----------------------------------------------------------------------------------

  async #change(action: (run: Run) => Promise<void>): Promise<void> {
    const run = this.#run
    if (run === null || this.#state !== FeedManagerState.RUNNING) throw this.#notRunning()
    try {
      await run.scope.guard(action(run))
    } catch (error) {
      // The scope's end speaks of a start or a failure; whoever waits here asked for something else.
      throw run.scope.isEnded ? this.#notRunning() : error
    } finally {
      if (!run.scope.isEnded) this.#healthPublisher.request()
    }
  }

  // --- assembly -------------------------------------------------------------------------------------------------

  #createRun(): Run {
    const { clock, logger } = this.#runtime
    const { venue, emitPartialCandles } = this.config
    const info = venueInfo(venue)
    const errors = new ErrorCounts()
    const integrity = new Integrity({
      name: this.name,
      config: this.config,
      bus: this.#bus,
      runtime: this.#runtime,
      gapTopic: this.#topics.gaps,
      gapIds: this.#gapIds,
      audit: this.#audit,
      onChange: () => this.#healthPublisher.request(),
      onError: (code) => errors.add(code),
    })
    const rejections = new RejectionLog(this.#audit, clock)
    const signals = createSignals<LiveSignals>((error, signal) => {
      logger.error(`${this.name}: a listener of ${String(signal)} failed`, { error: String(error) })
    })
    const handlers = createHandlers({
      venue,
      market: info.market,
      publishers: integrity.before(marketPublishers(this.#bus, this.name, emitPartialCandles)),
      emitPartialCandles,
      continuity: integrity.gaps,
    })
    const router = new MessageRouter({
      handlerFor: (spec) => handlers.handlerFor(spec),
      onRejected: (error, feed) => {
        errors.add(error.code)
        rejections.reject(error, feed)
        if (feed !== null) integrity.onRejected(feed)
      },
      onReset: (feed) => integrity.onReset(feed),
    })
    const connection = new ConnectionManager({
      venue: info,
      config: this.config.connection,
      runtime: this.#runtime,
      transport: this.#transport,
      sink: router,
      signals,
      instanceName: this.name,
      handOverWaitMs,
    })
    const run: Run = {
      scope: new Scope(),
      signals,
      router,
      connection,
      streams: new StreamSet(router, connection, integrity),
      monitor: createMonitor(() => run, {
        name: this.name,
        config: this.config.health,
        clock,
        logger,
        audit: this.#audit,
        healthPublisher: this.#healthPublisher,
      }),
      integrity,
      rejections,
      errors,
      watchdogRestarts: 0,
      resubscriptions: 0,
      runningSinceMs: Number.NaN,
      teardown: null,
    }
    this.#listen(run)
    return run
  }

  #listen(run: Run): void {
    const { signals } = run
    logConnectionSignals(signals, this.#audit, (code) => run.errors.add(code))
    signals.on('connectionState', () => this.#healthPublisher.request())
    signals.on('connectionEstablished', ({ connectionId }) => {
      run.streams.assignConnections()
      run.integrity.onEstablished(run.streams.carriedBy(connectionId))
    })
    // The old socket may have died during the hand-over.
    signals.on('connectionRefreshed', ({ connectionId }) => {
      run.integrity.gaps.onEstablished(run.streams.carriedBy(connectionId))
    })
    signals.on('connectionDisconnected', ({ connectionId }) => {
      run.integrity.onDisconnected(run.streams.carriedBy(connectionId))
    })
    signals.on('connectionFailed', ({ error }) => {
      const isStarting = this.#state === FeedManagerState.STARTING
      this.#fail(run, isStarting ? LogEventName.FEED_START_FAILED : LogEventName.FEED_FAILED, error)
    })
  }

  #report(): ReportContext {
    const run = this.#run
    const isRunning = run !== null && this.#state === FeedManagerState.RUNNING
    return {
      name: this.name,
      venue: this.config.venue,
      state: this.#state,
      uptimeMs: isRunning ? this.#runtime.clock.monotonicMs() - run.runningSinceMs : 0,
      bus: this.#bus,
      run,
    }
  }

  #notRunning(): LifecycleError {
    return new LifecycleError('NOT_RUNNING', `${this.name} is ${this.#state}: this needs a running manager`)
  }
}
