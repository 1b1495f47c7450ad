/**
 * A client around a live bot: market data from bounded queues, orders with answers, health with callbacks.
 *
 * Submit and query from anywhere; read each queue from one place. Owns the life cycle; the loop over the bot is
 * FeedPump's, orders are OrderDesk's, staleness is HealthMonitor's.
 *
 *   stopped --start--> running --stop--> stopped --close--> closed (final)
 */
import { BoundedEvents } from './bounded-events.js'
import { type ClientSettings, clientSettings, type LiveClientOptions, type LossReason } from './client-options.js'
import { ReturnCode, returnCodeText } from './codes.js'
import { callbackFailure, LiveClientError } from './errors.js'
import { FeedPump } from './feed-pump.js'
import { HealthMonitor } from './health-monitor.js'
import type { LiveBot } from './live-bot.js'
import type { BookUpdate, ClientOrder, ConnectionHealth, DepthSnapshot, OrderResponse, Trade } from './models.js'
import { type CancelOrderOptions, OrderDesk, type SubmitOrderOptions } from './order-desk.js'

/** A bot that has to be opened before use. */
interface Openable {
  open(): Promise<void>
}

/** Events lost because a queue was full, exactly. */
export interface DroppedEvents {
  readonly trades: number
  readonly books: number
  readonly snapshots: number
}

const DROP_LOG_PERIOD_MS = 1_000

export class LiveClient implements AsyncDisposable {
  readonly #bot: LiveBot & Partial<Openable>
  readonly #settings: ClientSettings
  readonly #trades: BoundedEvents<Trade>
  readonly #books: BoundedEvents<BookUpdate>
  readonly #snapshots: BoundedEvents<DepthSnapshot>
  readonly #desk: OrderDesk
  readonly #monitor: HealthMonitor
  readonly #warnedReaders = new Set<string>()

  /** Set while running. */
  #abort: AbortController | null = null
  #pumping: Promise<void> = Promise.resolve()
  #hasDataEnded = false
  #isClosed = false
  #closing: Promise<void> | null = null

  #lastFeedTime: bigint | null = null
  #lastOrderTime: bigint | null = null
  #feedAsset = 0
  #lastDropLogMs = Number.NEGATIVE_INFINITY

  /** Throws `LIVE_OPTION_INVALID` naming the option. */
  constructor(bot: LiveBot, options: LiveClientOptions = {}) {
    this.#bot = bot
    this.#settings = clientSettings(options)
    const { clock, tradeQueueSize, bookQueueSize, snapshotQueueSize } = this.#settings
    const reports = (queue: string) => ({
      onDrop: () => this.#logDrops(),
      onSecondReader: () => this.#warnSecondReader(queue),
    })
    this.#trades = new BoundedEvents(clock, tradeQueueSize, reports('trades'))
    this.#books = new BoundedEvents(clock, bookQueueSize, reports('book updates'))
    this.#snapshots = new BoundedEvents(clock, snapshotQueueSize, reports('snapshots'))
    this.#desk = new OrderDesk(bot, this.#settings.random, (response) => this.#onOrderResponse(response))
    this.#monitor = new HealthMonitor(clock, Number(this.#settings.feedTimeoutNs) / 1e6, {
      onLost: (reason) => this.#onLost(reason),
      onCheck: () => this.#guard('clearing orders', () => this.#desk.forgetEnded()),
    })
  }

  /** Opens the bot and begins to read it. Rejects with `LIVE_CLIENT_RUNNING` when it runs already. */
  async start(): Promise<void> {
    if (this.#isClosed) throw new LiveClientError('LIVE_CLIENT_CLOSED', 'the client is closed', { isTerminal: true })
    if (this.#abort !== null) throw new LiveClientError('LIVE_CLIENT_RUNNING', 'the client is already running')
    const abort = new AbortController()
    this.#abort = abort
    try {
      await this.#bot.open?.()
    } catch (error) {
      if (this.#abort === abort) this.#abort = null
      throw error
    }
    if (abort.signal.aborted) return
    const { clock, feedTimeoutNs, snapshotIntervalMs, snapshotLevels, healthCheckIntervalMs } = this.#settings
    this.#hasDataEnded = false
    this.#monitor.start(healthCheckIntervalMs)
    const snapshotIntervalNs = BigInt(Math.round(snapshotIntervalMs * 1e6))
    const pump = new FeedPump(this.#bot, this.#sink(), { clock, feedTimeoutNs, snapshotIntervalNs, snapshotLevels })
    this.#pumping = pump.run(abort.signal)
  }

  /** Ends reading and every waiting `get…`. What is queued stays readable. Idempotent. */
  async stop(): Promise<void> {
    const abort = this.#abort
    this.#abort = null
    abort?.abort()
    this.#monitor.stop()
    for (const queue of [this.#trades, this.#books, this.#snapshots]) queue.release()
    await this.#pumping
  }

  /** Stops, then closes the bot. Idempotent; what goes wrong with the bot is logged and reported, not thrown. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get isRunning(): boolean {
    return this.#abort !== null
  }

  /** Sends an order. Rejects for impossible arguments; what bot or venue refuse is an answer with `error`. */
  submitOrder(order: SubmitOrderOptions): Promise<OrderResponse> {
    return this.#desk.submit(order)
  }

  /**
   * Asks to cancel. Without `wait` the answer `submitted` says that the request was accepted; with it, `cancelled`
   * that the venue confirmed, or `error` with what the order is instead.
   */
  cancelOrder(orderId: bigint, options: CancelOrderOptions = {}): Promise<OrderResponse> {
    return this.#desk.cancel(orderId, options)
  }

  /** What is known of an order now; `null` for one that never was or ended long ago. */
  getOrderResponse(orderId: bigint, assetNo = 0): OrderResponse | null {
    return this.#desk.response(orderId, assetNo)
  }

  /** The oldest unread trade, or `null`. */
  getTradeNowait(): Trade | null {
    return this.#trades.takeNow()
  }

  getBookUpdateNowait(): BookUpdate | null {
    return this.#books.takeNow()
  }

  getSnapshotNowait(): DepthSnapshot | null {
    return this.#snapshots.takeNow()
  }

  /** The oldest unread trade, waiting for one at most `timeoutMs`; `null` then, and when the client stops or data ends. */
  getTrade(timeoutMs: number = Number.POSITIVE_INFINITY): Promise<Trade | null> {
    return this.#trades.take(this.#readTimeout(timeoutMs))
  }

  getBookUpdate(timeoutMs: number = Number.POSITIVE_INFINITY): Promise<BookUpdate | null> {
    return this.#books.take(this.#readTimeout(timeoutMs))
  }

  getSnapshot(timeoutMs: number = Number.POSITIVE_INFINITY): Promise<DepthSnapshot | null> {
    return this.#snapshots.take(this.#readTimeout(timeoutMs))
  }

  /** Net position in base units. Throws when it cannot be known: an error must not look flat. */
  getPosition(assetNo = 0): number {
    return this.#bot.position(assetNo)
  }

  /** Orders that can still be filled, by id. */
  getOrders(assetNo = 0): Map<bigint, ClientOrder> {
    return this.#desk.active(assetNo)
  }

  get health(): ConnectionHealth {
    const feed = this.#bot.feedLatency(this.#feedAsset)
    let orderLatencyNs: bigint | null = null
    for (let assetNo = 0; assetNo < this.#bot.numAssets; assetNo++) {
      const latency = this.#bot.orderLatency(assetNo)
      if (latency !== null) orderLatencyNs = latency.resp - latency.req
    }
    return {
      connected: this.#monitor.isConnected,
      feedLatencyNs: feed === null ? null : feed.local - feed.exch,
      orderLatencyNs,
      lastFeedTime: this.#lastFeedTime,
      lastOrderTime: this.#lastOrderTime,
    }
  }

  /** Events lost at the bounds of the queues since the client was made. */
  get dropped(): DroppedEvents {
    return { trades: this.#trades.dropped, books: this.#books.dropped, snapshots: this.#snapshots.dropped }
  }

  /** Nanoseconds since the epoch, by the bot. */
  get currentTimestamp(): bigint {
    return this.#bot.currentTimestamp
  }

  get numAssets(): number {
    return this.#bot.numAssets
  }

  async #close(): Promise<void> {
    this.#isClosed = true
    await this.stop()
    try {
      const code = await this.#bot.close()
      if (code !== ReturnCode.OK)
        this.#settings.logger.warn('bot did not close cleanly', { code, text: returnCodeText(code) })
    } catch (error) {
      this.#onError(callbackFailure('closing the bot', error))
    }
  }

  /** Nothing arrives any more once the client stopped or the data ended, so nothing is worth waiting for. */
  #readTimeout(timeoutMs: number): number {
    return this.#abort === null || this.#hasDataEnded ? 0 : timeoutMs
  }

  #sink(): ConstructorParameters<typeof FeedPump>[1] {
    return {
      onTrade: (trade) => {
        this.#feedAsset = trade.assetNo
        this.#trades.push(trade)
      },
      onBookUpdate: (update) => {
        this.#feedAsset = update.assetNo
        this.#books.push(update)
      },
      onSnapshot: (snapshot) => this.#snapshots.push(snapshot),
      onFeed: () => {
        this.#lastFeedTime = this.#bot.currentTimestamp
        this.#monitor.feed()
      },
      onOrderReplies: () => {
        this.#lastOrderTime = this.#bot.currentTimestamp
        this.#desk.sync()
      },
      onSilence: () => this.#monitor.lose('STALE'),
      onEndOfData: () => {
        this.#hasDataEnded = true
        this.#monitor.lose('END_OF_DATA')
        for (const queue of [this.#trades, this.#books, this.#snapshots]) queue.release()
      },
      onPeerLost: () => this.#monitor.lose('PEER_LOST'),
      onError: (error) => this.#onError(error),
    }
  }

  #onOrderResponse(response: OrderResponse): void {
    this.#lastOrderTime = response.timestamp
    this.#guard('onOrderResponse', () => this.#settings.onOrderResponse?.(response))
  }

  #onLost(reason: LossReason): void {
    this.#settings.logger.warn('live data lost', { reason })
    this.#guard('onConnectionLost', () => this.#settings.onConnectionLost?.(this.health, reason))
  }

  /** Runs a function that may throw; what it throws goes to `onError`. */
  #guard(what: string, action: () => void): void {
    try {
      action()
    } catch (error) {
      this.#onError(callbackFailure(what, error))
    }
  }

  #onError(error: LiveClientError): void {
    const { logger, onError } = this.#settings
    if (onError === null) {
      logger.error(error.message, { code: error.code })
      return
    }
    try {
      onError(error)
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown)
      logger.error(`onError threw: ${reason}`, { code: error.code })
    }
  }

  #logDrops(): void {
    const now = this.#settings.clock.monotonicMs()
    if (now - this.#lastDropLogMs < DROP_LOG_PERIOD_MS) return
    this.#lastDropLogMs = now
    this.#settings.logger.warn('a queue is full: its oldest events are dropped', { ...this.dropped })
  }

  #warnSecondReader(queue: string): void {
    if (this.#warnedReaders.has(queue)) return
    this.#warnedReaders.add(queue)
    this.#settings.logger.warn(`two readers wait for ${queue}: each event reaches only one of them`, { queue })
  }
}
