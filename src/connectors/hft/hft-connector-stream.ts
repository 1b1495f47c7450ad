/**
 * Any connector as a source: its events, checked and in order, on the bus and to the hooks of a strategy engine and a
 * context service. `connector-link.ts` keeps it connected; this file knows what an event becomes and what is said
 * about it.
 *
 *   connector ─▶ parse ─▶ bounded queue ─▶ bus, contextService, strategyEngine
 *
 * The queue fills only while a hook's promise is pending; synchronous hooks get every event in the turn it came.
 */
import type { Bus } from '../../bus/index.js'
import { LifecycleError } from '../../live/errors.js'
import { settlesWithin } from '../../live/scope.js'
import { BookSnapshot } from '../../market/book-snapshot.js'
import { PackedPriceLevels } from '../../market/price-levels.js'
import type { TimerHandle } from '../../runtime/clock.js'
import type { FeedSource } from '../../types/feed-source.js'
import type { GapEvent } from '../../types/gap.js'
import { ConnectionState, FeedManagerState, type FeedSystemHealth } from '../../types/health.js'
import { LogEventName } from '../../types/log-event.js'
import { BookState } from '../../types/order-book.js'
import { ConnectorLink } from './connector-link.js'
import { ConnectorLog } from './connector-log.js'
import type { ConnectorEvent, ConnectorWrapper } from './connector-wrapper.js'
import { ConnectorError } from './errors.js'
import { EventQueue } from './event-queue.js'
import { type DepthUpdate, type Parsed, parseDepthEvent, parseTradeEvent, type TradeTick } from './parse.js'
import { SourceCore } from './source-core.js'
import type { ConnectorMetrics, ConnectorStatus, ConnectorStatusSource } from './status.js'
import type { HftConnectorStreamOptions } from './stream-options.js'
import { StreamSymbols, type SymbolState } from './stream-symbols.js'

const STOP_MS_MAX = 1_500
const CONNECTION_ID = 'connector-0'

type Parcel =
  | { readonly kind: 'trade'; readonly value: TradeTick; readonly receiveTimeMs: number }
  | { readonly kind: 'depth'; readonly value: DepthUpdate; readonly receiveTimeMs: number }

export class HftConnectorStream implements FeedSource, ConnectorStatusSource {
  readonly name: string
  readonly connector: ConnectorWrapper
  readonly #options: HftConnectorStreamOptions
  readonly #core: SourceCore
  readonly #log: ConnectorLog
  readonly #queue: EventQueue<Parcel>
  readonly #symbols: StreamSymbols
  #link: ConnectorLink | null = null
  #timer: TimerHandle | null = null
  #stopping: Promise<void> | null = null
  #isDispatching = false
  #onRoom: (() => void) | null = null
  #lastTimestampMs = Number.NaN
  #openedAtMs = Number.NaN
  #parseErrors = { trade: 0, depth: 0 }
  #overloadLoggedAtMs = Number.NEGATIVE_INFINITY

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
    this.#queue = new EventQueue(maxQueue, options.overflow ?? 'dropOldest')
    this.#symbols = new StreamSymbols(symbols, this.#core, options.stalenessThresholdMs ?? 30_000)
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
    this.#queue.clear()
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
    if (this.#stopping !== null) return this.#stopping
    if (this.state === FeedManagerState.STOPPED) return Promise.resolve()
    this.#stopping = this.#stop().finally(() => {
      this.#stopping = null
    })
    return this.#stopping
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
      queueSize: this.#queue.length,
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
      queueSize: this.#queue.length,
      droppedCount: this.#queue.droppedCount,
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
      room: () => this.#room(),
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

  async #stop(): Promise<void> {
    const { clock, logger } = this.#core.runtime
    this.#core.enter(FeedManagerState.STOPPING, LogEventName.FEED_STOPPING, 'INFO', ' stops')
    const closing = this.#release(
      new LifecycleError('STOPPED_DURING_START', `${this.name} was stopped while it was starting`),
    )
    if (!(await settlesWithin(closing, STOP_MS_MAX, clock))) {
      logger.error(`${this.name}: the connector did not disconnect within ${STOP_MS_MAX} ms; abandoned`)
    }
    this.#core.enter(FeedManagerState.STOPPED, LogEventName.FEED_STOPPED, 'INFO', ' stopped')
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
    this.#onRoom?.()
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
    const dropped = this.#queue.push(parcel)
    if (dropped !== undefined) this.#onDropped(dropped)
    this.#logEvent(parcel)
    if (!this.#isDispatching) this.#dispatch()
  }

  #logEvent({ kind, value, receiveTimeMs }: Parcel): void {
    const lagMs = receiveTimeMs - value.timestampMs
    // Before it is taken from the queue an event counts itself; waiting are those before it.
    const waiting = this.#queue.length - 1
    if (kind === 'trade') {
      if (this.#log.wants(LogEventName.CONNECTOR_TRADE))
        this.#log.trade(value.price, value.qty, value.side, lagMs, waiting)
    } else if (this.#log.wants(LogEventName.CONNECTOR_DEPTH)) {
      this.#log.depth(lagMs, waiting, value.bids.length, value.asks.length)
    }
  }

  #onDropped({ kind, value }: Parcel): void {
    const { clock } = this.#core.runtime
    this.#symbols.onDropped(value.symbol, kind, value.timestampMs)
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#overloadLoggedAtMs < 1_000) return
    this.#overloadLoggedAtMs = nowMs
    const { droppedCount, capacity, overflow } = this.#queue
    this.#core.audit.write(
      LogEventName.BUS_OVERLOAD,
      'WARNING',
      `${this.name}: ${droppedCount} events dropped so far, ${capacity} wait for their consumers`,
      { droppedCount, capacity, overflow },
    )
  }

  /** Hands on what waits, in order, one at a time; goes on by itself after a hook's promise. */
  #dispatch(): void {
    this.#isDispatching = true
    for (let parcel = this.#queue.shift(); parcel !== undefined; parcel = this.#queue.shift()) {
      const pending = this.#deliver(parcel)
      this.#onRoom?.()
      if (pending === null) continue
      void pending.then(() => this.#dispatch())
      return
    }
    this.#isDispatching = false
    this.#symbols.onQueueEmpty()
  }

  #room(): Promise<void> | null {
    if (this.#queue.overflow !== 'block' || !this.#queue.isFull) return null
    return new Promise((resolve) => {
      this.#onRoom = () => {
        this.#onRoom = null
        resolve()
      }
    })
  }

  /** `null` when everybody was synchronous; else resolves, never rejects, when the last hook is done. */
  #deliver(parcel: Parcel): Promise<void> | null {
    const symbol = this.#symbols.of(parcel.value.symbol)
    if (symbol === undefined) return null
    if (parcel.kind === 'depth') {
      this.#publishBook(symbol, parcel.value, parcel.receiveTimeMs)
      return null
    }
    const { value: tick, receiveTimeMs } = parcel
    const { id, price, qty, isBuyerMaker, timestampMs } = tick
    this.#core.trades.publish({
      venue: this.#core.venue,
      symbol: tick.symbol,
      kind: 'single',
      id,
      firstTradeId: id,
      lastTradeId: id,
      price,
      qty,
      takerSide: tick.side === 'buy' ? 'BUY' : 'SELL',
      isBuyerMaker,
      tradeTimeMs: timestampMs,
      venueTimeMs: timestampMs,
      receiveTimeMs,
    })
    const { contextService, strategyEngine } = this.#options
    const hooks = [contextService, strategyEngine].flatMap((hook) => (hook === undefined ? [] : [hook]))
    const pending = hooks.flatMap((hook) => {
      try {
        const result = hook.ingestTrade(tick)
        return result instanceof Promise ? [result.catch((error: unknown) => this.#onHookError(error, tick))] : []
      } catch (error) {
        this.#onHookError(error, tick)
        return []
      }
    })
    return pending.length === 0 ? null : Promise.all(pending).then(() => {})
  }

  #onHookError(error: unknown, tick: TradeTick): void {
    this.#core.countError()
    this.#core.audit.write(LogEventName.HANDLER_ERROR, 'ERROR', `a hook failed on trade ${tick.id}: ${String(error)}`, {
      code: 'HANDLER_FAILED',
      error: String(error),
    })
  }

  #publishBook(symbol: SymbolState, update: DepthUpdate, receiveTimeMs: number): void {
    const { venue } = this.#core
    const { bids, asks, lastUpdateId: sequence, timestampMs: venueTimeMs } = update
    const numbers = [...bids.flat(), ...asks.flat()]
    const picture = new BookSnapshot(
      venue,
      update.symbol,
      new PackedPriceLevels(numbers, 0, bids.length),
      new PackedPriceLevels(numbers, 2 * bids.length, asks.length),
      sequence,
      BookState.LIVE,
      venueTimeMs,
      receiveTimeMs,
    )
    this.#symbols.onBook(symbol, picture)
    this.#core.books.publish(picture)
    const [bid] = bids
    const [ask] = asks
    if (bid === undefined || ask === undefined || !symbol.isNewTop(bid, ask)) return
    this.#core.bbo.publish({
      venue,
      symbol: update.symbol,
      bid: bid[0],
      bidQty: bid[1],
      ask: ask[0],
      askQty: ask[1],
      sequence,
      venueTimeMs,
      receiveTimeMs,
    })
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
