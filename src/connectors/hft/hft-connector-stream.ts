/**
 * Any connector as a source: its events, checked and in order, on the bus and to the hooks of a strategy engine and a
 * context service. `connector-link.ts` keeps it connected, `stream-delivery.ts` hands events on; this file owns the
 * life cycle and decides which events count.
 *
 *   connector ─▶ parse ─▶ bounded queue ─▶ bus, contextService, strategyEngine
 */
import type { Bus } from '../../bus/index.js'
import type { TimerHandle } from '../../runtime/clock.js'
import type { FeedSource } from '../../types/feed-source.js'
import type { GapEvent } from '../../types/gap.js'
import { ConnectionState, FeedManagerState, type FeedSystemHealth } from '../../types/health.js'
import { LogEventName } from '../../types/log-event.js'
import { ConnectorLink } from './connector-link.js'
import { ConnectorLog } from './connector-log.js'
import type { ConnectorEvent, ConnectorWrapper } from './connector-wrapper.js'
import { ConnectorError } from './errors.js'
import { type Parsed, parseDepthEvent, parseTradeEvent } from './parse.js'
import { SourceCore } from './source-core.js'
import type { ConnectorMetrics, ConnectorStatus, ConnectorStatusSource } from './status.js'
import { type Parcel, StreamDelivery } from './stream-delivery.js'
import type { HftConnectorStreamOptions } from './stream-options.js'
import { StreamSymbols } from './stream-symbols.js'

const CONNECTION_ID = 'connector-0'

export class HftConnectorStream implements FeedSource, ConnectorStatusSource {
  readonly name: string
  readonly connector: ConnectorWrapper
  readonly #options: HftConnectorStreamOptions
  readonly #core: SourceCore
  readonly #log: ConnectorLog
  readonly #symbols: StreamSymbols
  readonly #delivery: StreamDelivery
  #link: ConnectorLink | null = null
  #timer: TimerHandle | null = null
  #lastTimestampMs = Number.NaN
  #openedAtMs = Number.NaN
  #parseErrors = { trade: 0, depth: 0 }

  /** Throws `ConnectorError` `CONNECTOR_OPTIONS`. Connects to nothing. */
  constructor(connector: ConnectorWrapper, bus: Bus, options: HftConnectorStreamOptions = {}) {
    const { maxQueue = 1_000, pollIntervalMs = 100, symbols = ['BTCUSDT'] } = options
    if (!(Number.isInteger(maxQueue) && maxQueue > 0)) {
      throw new ConnectorError('CONNECTOR_OPTIONS', `maxQueue ${maxQueue} is not a whole number from 1`)
    }
    if (!(pollIntervalMs > 0)) {
      throw new ConnectorError('CONNECTOR_OPTIONS', `pollIntervalMs ${pollIntervalMs} is not above 0`)
    }
    if (symbols.length === 0) throw new ConnectorError('CONNECTOR_OPTIONS', 'symbols is empty: name at least one')
    this.name = options.name ?? 'hft'
    this.connector = connector
    this.#options = options
    const { venue } = connector
    this.#core = new SourceCore({ name: this.name, venue, bus, runtime: options.runtime }, () => this.#picture())
    const { clock } = this.#core.runtime
    this.#log = new ConnectorLog({
      audit: this.#core.audit,
      clock,
      mode: options.eventLog ?? 'sampled',
      line: options.logLine === undefined ? writeToStderr : options.logLine,
    })
    this.#symbols = new StreamSymbols(symbols, this.#core, options.stalenessThresholdMs ?? 30_000)
    const { contextService, strategyEngine, overflow = 'dropOldest' } = options
    this.#delivery = new StreamDelivery({
      core: this.#core,
      symbols: this.#symbols,
      maxQueue,
      overflow,
      hooks: [contextService, strategyEngine].filter((hook) => hook !== undefined),
    })
  }

  get state(): FeedManagerState {
    return this.#core.state
  }

  /**
   * Connects and subscribes; resolves when that succeeded, after up to five more attempts. Rejects with
   * `CONNECTOR_UNREACHABLE` (the stream is FAILED then), `ALREADY_RUNNING` or `STOPPED_DURING_START`.
   */
  async start(): Promise<void> {
    this.#core.requireStartable()
    const { clock } = this.#core.runtime
    const link = this.#createLink()
    this.#link = link
    this.#delivery.clear()
    this.#core.enter(FeedManagerState.STARTING, null, 'INFO', '')
    try {
      await link.open()
    } catch (error) {
      if (error instanceof ConnectorError && this.#link === link) this.#fail(LogEventName.FEED_START_FAILED, error)
      throw error
    }
    this.#symbols.start(clock.monotonicMs())
    this.#timer = clock.setRepeating(() => this.#onCheck(), this.#options.healthCheckIntervalMs ?? 5_000, {
      unref: true,
    })
    this.#core.enter(FeedManagerState.RUNNING, LogEventName.FEED_STARTED, 'INFO', ' runs on its connector', {
      symbols: this.#symbols.names(),
    })
  }

  stop(): Promise<void> {
    return this.#core.stop((reason) => this.#release(reason), 'the connector did not disconnect')
  }

  getHealth(): FeedSystemHealth {
    return this.#core.getHealth()
  }

  /** The last word on every hole remembered, by id. */
  gaps(): GapEvent[] {
    return this.#core.gaps.list()
  }

  /** What `/ws/health` shows. */
  connectorStatus(): ConnectorStatus {
    const link = this.#link
    return {
      connected: link?.state === ConnectionState.OPEN,
      lastTimestampMs: Number.isNaN(this.#lastTimestampMs) ? null : this.#lastTimestampMs,
      queueSize: this.#delivery.waiting,
      reconnectionAttempts: link?.attempt ?? 0,
      health: this.connector.getHealthStatus(),
    }
  }

  /** What `/metrics.json` shows; and how many events were dropped, or could not be read. */
  connectorMetrics(): ConnectorMetrics & {
    readonly droppedCount: number
    readonly tradeParseErrors: number
    readonly depthParseErrors: number
  } {
    const nowMs = this.#core.runtime.clock.monotonicMs()
    return {
      tradesPerMinute: this.#symbols.tradeCounter.perMinute(nowMs),
      depthPerMinute: this.#symbols.depthCounter.perMinute(nowMs),
      queueSize: this.#delivery.waiting,
      droppedCount: this.#delivery.droppedCount,
      tradeParseErrors: this.#parseErrors.trade,
      depthParseErrors: this.#parseErrors.depth,
    }
  }

  // --- life cycle -------------------------------------------------------------------------------------------

  #createLink(): ConnectorLink {
    return new ConnectorLink({
      connector: this.connector,
      clock: this.#core.runtime.clock,
      symbols: this.#symbols.names(),
      pollIntervalMs: this.#options.pollIntervalMs ?? 100,
      onConnected: () => this.#onConnected(),
      onLost: (reason) => this.#onLost(reason),
      onError: (error, attempt) => {
        this.#core.countError()
        this.#log.connectionError(error, attempt)
      },
      onEvent: (event) => this.#onEvent(event),
      room: () => this.#delivery.room(),
      onFailed: (error) => this.#fail(LogEventName.FEED_FAILED, error),
    })
  }

  #onConnected(): void {
    this.#openedAtMs = this.#core.runtime.clock.monotonicMs()
    for (const symbol of this.#symbols.names()) this.#log.connected(symbol)
    this.#core.audit.write(LogEventName.CONNECTION_ESTABLISHED, 'INFO', `connection ${CONNECTION_ID} is open`, {
      connectionId: CONNECTION_ID,
    })
    this.#symbols.onConnected(this.#openedAtMs)
    this.#core.health.request()
  }

  #onLost(reason: string): void {
    this.#core.countError()
    this.#core.audit.write(LogEventName.CONNECTION_DISCONNECTED, 'WARNING', `connection ${CONNECTION_ID}: ${reason}`, {
      connectionId: CONNECTION_ID,
      code: null,
      reason,
    })
    this.#symbols.onLost()
    this.#core.health.request()
  }

  #onCheck(): void {
    this.#symbols.scan(this.#core.runtime.clock.monotonicMs())
    this.#core.health.now()
  }

  #fail(event: LogEventName, error: ConnectorError): void {
    void this.#release(error)
    this.#core.enter(FeedManagerState.FAILED, event, 'ERROR', `: ${error.message}`, { code: error.code })
  }

  /** Ends the link and the timer; resolves when the connector has disconnected. Never rejects. */
  async #release(reason: unknown): Promise<void> {
    const { clock, logger } = this.#core.runtime
    this.#link?.end(reason)
    if (this.#timer !== null) clock.clearTimer(this.#timer)
    this.#timer = null
    this.#symbols.stop()
    this.#delivery.release()
    try {
      await this.connector.disconnect()
    } catch (error) {
      logger.error(`${this.name}: the connector did not disconnect cleanly`, { error: String(error) })
    }
  }

  // --- events -----------------------------------------------------------------------------------------------

  #onEvent(event: ConnectorEvent): void {
    const receiveTimeMs = this.#core.runtime.clock.wallMs()
    const [fallback = ''] = this.#symbols.names()
    if (event['type'] === 'trade') {
      const value = this.#accepted(parseTradeEvent(event, fallback), true)
      if (value !== null) this.#enqueue({ kind: 'trade', value, receiveTimeMs })
    } else if (event['type'] === 'depth') {
      const value = this.#accepted(parseDepthEvent(event, fallback), false)
      if (value !== null) this.#enqueue({ kind: 'depth', value, receiveTimeMs })
    } else {
      this.#accepted({ problem: `type is ${String(event['type'])}, not 'trade' or 'depth'` }, true)
    }
  }

  #accepted<T>(parsed: Parsed<T>, isTrade: boolean): T | null {
    if ('value' in parsed) return parsed.value
    this.#core.countError()
    const count = isTrade ? ++this.#parseErrors.trade : ++this.#parseErrors.depth
    this.#log.parseError(isTrade, parsed.problem, count)
    return null
  }

  #enqueue(parcel: Parcel): void {
    const symbol = this.#symbols.of(parcel.value.symbol)
    if (symbol === undefined) {
      this.#accepted({ problem: `symbol ${parcel.value.symbol} was not subscribed` }, parcel.kind === 'trade')
      return
    }
    const { clock } = this.#core.runtime
    const { timestampMs } = parcel.value
    this.#lastTimestampMs = timestampMs
    this.#symbols.count(symbol, parcel.kind, clock.monotonicMs(), parcel.receiveTimeMs, timestampMs)
    this.#delivery.push(parcel)
    this.#logEvent(parcel)
    this.#delivery.flush()
  }

  #logEvent({ kind, value, receiveTimeMs }: Parcel): void {
    const lagMs = receiveTimeMs - value.timestampMs
    // Before it is taken from the queue an event counts itself; waiting are those before it.
    const waiting = this.#delivery.waiting - 1
    if (kind === 'trade') {
      if (this.#log.wants(LogEventName.CONNECTOR_TRADE))
        this.#log.trade(value.price, value.qty, value.side, lagMs, waiting)
    } else if (this.#log.wants(LogEventName.CONNECTOR_DEPTH)) {
      this.#log.depth(lagMs, waiting, value.bids.length, value.asks.length)
    }
  }

  #picture(): ReturnType<StreamSymbols['picture']> {
    const nowMs = this.#core.runtime.clock.monotonicMs()
    const link = this.#link
    return this.#symbols.picture(nowMs, {
      id: CONNECTION_ID,
      state: link?.state ?? ConnectionState.IDLE,
      generation: link?.generation ?? 0,
      attempt: link?.attempt ?? 0,
      openedAtMs: this.#openedAtMs,
    })
  }
}

function writeToStderr(line: string): void {
  process.stderr.write(`${line}\n`)
}
