/**
 * Live bots over a connector's shared memory: `HashMapMarketDepthLiveBot` keeps every price, and
 * `ROIVectorMarketDepthLiveBot` one range as arrays. Owns the bot interface; taking records in is RecordIntake's.
 *
 * Opening is asynchronous: `open()`, or the first call that waits. Before that the bot reads as empty.
 */
import type { Clock } from '../../../runtime/clock.js'
import { SystemClock } from '../../../runtime/system-clock.js'
import type { HftConnection, HftConnectionOptions, HftOrderRequest } from '../native/types.js'
import { openHftConnection } from '../open-connection.js'
import { AssetState, assetAt, assetsOf } from './asset-state.js'
import { OrderStatus, OrderType, ReturnCode, Side, type TimeInForce } from './codes.js'
import { byConnector, checkPlatform, connectorAbsent, type OpenConnection } from './connection-ports.js'
import { LiveClientError } from './errors.js'
import { EventGate, type GateCheck } from './event-gate.js'
import type { BotEvent, ExplainsFailure, FeedLatency, LiveBot, OrderLatency, StateValues } from './live-bot.js'
import type { LiveInstrument } from './live-instrument.js'
import { checkOrderArguments, stateValuesOf } from './order-arguments.js'
import { type OrderTable, priceOf, TrackedOrder } from './order-table.js'
import { RecordIntake } from './record-intake.js'
import { RoiTickDepth, TickDepth, type WritableDepth } from './tick-depth.js'

export interface NativeLiveBotOptions {
  /** How long `open` waits for each connector. Default 10 000. */
  readonly waitForConnectorMs?: number
  /** How long a submit or cancel with `wait` waits for its reply. Default 60 000. */
  readonly orderTimeoutMs?: number
  /** Passed to the connection: `mode`, `ringRecords`, `hotMicros`, `node` … */
  readonly connection?: Partial<Omit<HftConnectionOptions, 'connector' | 'kind' | 'waitForConnectorMs'>>
  /** Where connections come from. Default: the native addon. */
  readonly openConnection?: OpenConnection
  readonly clock?: Clock
}

/** Requests carry names where the bot interface has numbers. */
const TIME_IN_FORCE_NAMES: readonly HftOrderRequest['timeInForce'][] = ['GTC', 'GTX', 'FOK', 'IOC']

export abstract class NativeLiveBot<D extends WritableDepth> implements LiveBot, ExplainsFailure {
  readonly #options: NativeLiveBotOptions
  readonly #clock: Clock
  readonly #assets: AssetState<D>[]
  readonly #gate: EventGate
  /** By connector name. */
  readonly #intakes = new Map<string, RecordIntake>()
  #opening: Promise<void> | null = null
  #isClosed = false
  #lastError: Error | null = null
  /** Losses and errors to tell, each once. */
  readonly #news: ReturnCode[] = []

  /** Throws `LIVE_OPTION_INVALID`; nothing native is touched. */
  constructor(
    instruments: readonly LiveInstrument[],
    makeDepth: (instrument: LiveInstrument) => D,
    options: NativeLiveBotOptions,
  ) {
    if (instruments.length === 0) throw new LiveClientError('LIVE_OPTION_INVALID', 'a bot needs an instrument')
    byConnector(instruments)
    this.#options = options
    this.#clock = options.clock ?? new SystemClock()
    this.#assets = instruments.map((each) => new AssetState(each, makeDepth(each)))
    this.#gate = new EventGate(this.#clock)
  }

  /** Connects and registers every instrument. Idempotent; rejects with `LIVE_CONNECTOR_ABSENT` and its kin. */
  open(): Promise<void> {
    if (this.#isClosed) return Promise.reject(new LiveClientError('LIVE_CLIENT_CLOSED', 'the bot is closed'))
    this.#opening ??= this.#open().catch((error: unknown) => {
      // So that a later call can try again.
      this.#opening = null
      throw error
    })
    return this.#opening
  }

  get currentTimestamp(): bigint {
    const wallMs = this.#clock.wallMs()
    const wholeMs = Math.floor(wallMs)
    return BigInt(wholeMs) * 1_000_000n + BigInt(Math.round((wallMs - wholeMs) * 1e6))
  }

  get numAssets(): number {
    return this.#assets.length
  }

  depth(assetNo: number): D {
    return assetAt(this.#assets, assetNo, 'depth').depth
  }

  position(assetNo: number): number {
    const asset = assetAt(this.#assets, assetNo, 'position')
    const intake = this.#intakes.get(asset.instrument.connector)
    if (intake === undefined || intake.isPeerLost || this.#isClosed) {
      const why = this.#isClosed
        ? 'the bot is closed'
        : intake === undefined
          ? 'the bot is not open'
          : 'its connector is gone'
      const message = `the position of ${asset.instrument.symbol} is not known: ${why}`
      throw new LiveClientError('LIVE_POSITION_UNKNOWN', message)
    }
    return asset.position
  }

  stateValues(assetNo: number): StateValues {
    return stateValuesOf(this.position(assetNo))
  }

  lastTrades(assetNo: number): readonly BotEvent[] {
    return assetAt(this.#assets, assetNo, 'lastTrades').trades
  }

  clearLastTrades(assetNo?: number): void {
    for (const asset of assetsOf(this.#assets, assetNo, 'clearLastTrades')) asset.trades.length = 0
  }

  orders(assetNo: number): OrderTable {
    return assetAt(this.#assets, assetNo, 'orders').orders
  }

  submitBuyOrder(
    assetNo: number,
    orderId: bigint,
    price: number,
    qty: number,
    timeInForce: TimeInForce,
    orderType: OrderType,
    wait: boolean,
  ): Promise<ReturnCode> {
    return this.#submit(Side.BUY, assetNo, orderId, price, qty, timeInForce, orderType, wait)
  }

  submitSellOrder(
    assetNo: number,
    orderId: bigint,
    price: number,
    qty: number,
    timeInForce: TimeInForce,
    orderType: OrderType,
    wait: boolean,
  ): Promise<ReturnCode> {
    return this.#submit(Side.SELL, assetNo, orderId, price, qty, timeInForce, orderType, wait)
  }

  modify(): Promise<ReturnCode> {
    return Promise.reject(new LiveClientError('LIVE_UNSUPPORTED', 'modify does not exist live: cancel and submit'))
  }

  async cancel(assetNo: number, orderId: bigint, wait: boolean): Promise<ReturnCode> {
    if (this.#isClosed) return ReturnCode.INTERRUPTED
    const asset = this.#assets[assetNo]
    if (asset === undefined) return ReturnCode.INSTRUMENT_NOT_FOUND
    const order = asset.orders.get(orderId)
    if (order === null) return ReturnCode.ORDER_NOT_FOUND
    if (!order.cancellable) return ReturnCode.INVALID_ORDER_STATUS
    const before = order.localTimestamp
    order.req = OrderStatus.CANCELED
    order.localTimestamp = this.currentTimestamp
    try {
      this.#connectionOf(asset).cancel(asset.instrument.symbol, orderId)
    } catch (error) {
      order.req = OrderStatus.NONE
      order.localTimestamp = before
      return this.#failed(error)
    }
    return wait ? this.#awaitReply(assetNo, orderId) : ReturnCode.OK
  }

  clearInactiveOrders(assetNo?: number): void {
    for (const asset of assetsOf(this.#assets, assetNo, 'clearInactiveOrders')) asset.orders.clearInactive()
  }

  async waitOrderResponse(
    assetNo: number,
    orderId: bigint,
    timeoutNs: bigint,
    signal?: AbortSignal,
  ): Promise<ReturnCode> {
    const asset = this.#assets[assetNo]
    if (asset === undefined) return ReturnCode.INSTRUMENT_NOT_FOUND
    const order = asset.orders.get(orderId)
    if (order === null) return ReturnCode.ORDER_NOT_FOUND
    const replies = order.replyCount
    const check: GateCheck = () => {
      if (order.replyCount > replies || order.req === OrderStatus.NONE) return ReturnCode.ORDER_RESPONSE
      const isAlone = this.#intakes.get(asset.instrument.connector)?.isPeerLost ?? true
      return this.#isClosed || isAlone ? ReturnCode.INTERRUPTED : null
    }
    return await this.#gate.wait(check, timeoutNs, signal)
  }

  async waitNextFeed(includeOrderResp: boolean, timeoutNs: bigint, signal?: AbortSignal): Promise<ReturnCode> {
    if (this.#isClosed) return ReturnCode.INTERRUPTED
    await this.open()
    const check: GateCheck = () => {
      if (this.#isClosed) return ReturnCode.INTERRUPTED
      return this.#news.shift() ?? this.#gate.takeNext(includeOrderResp)
    }
    return await this.#gate.wait(check, timeoutNs, signal)
  }

  async elapse(durationNs: bigint, signal?: AbortSignal): Promise<ReturnCode> {
    if (this.#isClosed) return ReturnCode.INTERRUPTED
    await this.open()
    return await this.#gate.wait(() => (this.#isClosed ? ReturnCode.INTERRUPTED : null), durationNs, signal)
  }

  elapseBt(durationNs: bigint, signal?: AbortSignal): Promise<ReturnCode> {
    return this.elapse(durationNs, signal)
  }

  /** 19 when a connection did not close cleanly; see {@link takeError}. */
  async close(): Promise<ReturnCode> {
    if (this.#isClosed) return ReturnCode.OK
    this.#isClosed = true
    this.#gate.wake()
    await this.#opening?.catch(() => {})
    const ends = await Promise.allSettled([...this.#intakes.values()].map((intake) => intake.close()))
    const failure = ends.find((end) => end.status === 'rejected')
    return failure === undefined ? ReturnCode.OK : this.#failed(failure.reason)
  }

  feedLatency(assetNo: number): FeedLatency | null {
    return assetAt(this.#assets, assetNo, 'feedLatency').feedLatency
  }

  orderLatency(assetNo: number): OrderLatency | null {
    return assetAt(this.#assets, assetNo, 'orderLatency').orders.latency
  }

  gotoEnd(): Promise<ReturnCode> {
    return Promise.resolve(ReturnCode.OK)
  }

  takeError(): Error | null {
    const error = this.#lastError
    this.#lastError = null
    return error
  }

  async #open(): Promise<void> {
    const { openConnection = openHftConnection, waitForConnectorMs = 10_000, connection = {} } = this.#options
    // A connection of the caller's own making needs no shared memory.
    if (this.#options.openConnection === undefined) checkPlatform()
    for (const [connector, instruments] of byConnector(this.#assets.map((asset) => asset.instrument))) {
      if (this.#intakes.has(connector)) continue
      const kind = instruments[0]!.kind
      let opened: HftConnection
      try {
        opened = await openConnection({ ...connection, connector, kind, waitForConnectorMs })
      } catch (error) {
        const isAbsent = (error as { code?: unknown }).code === 'IPC_SERVICE_NOT_FOUND'
        throw isAbsent ? connectorAbsent(connector, instruments, waitForConnectorMs, error) : error
      }
      this.#take(connector, opened)
    }
  }

  #take(connector: string, connection: HftConnection): void {
    const assets = this.#assets.filter((asset) => asset.instrument.connector === connector)
    const intake = new RecordIntake(connection, assets, this.#clock, {
      onFeed: () => this.#gate.countFeed(),
      onReply: () => this.#gate.countReply(),
      onError: (error) => {
        this.#lastError = error
        this.#news.push(ReturnCode.CUSTOM)
      },
      onPeerLost: () => this.#news.push(ReturnCode.INTERRUPTED),
      onChange: () => this.#gate.wake(),
    })
    this.#intakes.set(connector, intake)
    intake.start()
  }

  async #submit(
    side: Side,
    assetNo: number,
    orderId: bigint,
    price: number,
    qty: number,
    timeInForce: TimeInForce,
    orderType: OrderType,
    wait: boolean,
  ): Promise<ReturnCode> {
    checkOrderArguments(orderId, price, qty, timeInForce, orderType)
    if (this.#isClosed) return ReturnCode.INTERRUPTED
    const asset = this.#assets[assetNo]
    if (asset === undefined) return ReturnCode.INSTRUMENT_NOT_FOUND
    if (asset.orders.contains(orderId)) return ReturnCode.ORDER_ID_EXIST
    await this.open()
    const { symbol, tickSize } = asset.instrument
    const priceTick = Math.round(price / tickSize)
    const localTimestamp = this.currentTimestamp
    // Known before it leaves: the reply of a fast connector must find its order.
    asset.orders.add(
      new TrackedOrder({ orderId, side, priceTick, tickSize, qty, orderType, timeInForce, localTimestamp }),
    )
    try {
      this.#connectionOf(asset).submit({
        symbol,
        side: side === Side.BUY ? 'BUY' : 'SELL',
        price: priceOf(priceTick, tickSize),
        qty,
        timeInForce: TIME_IN_FORCE_NAMES[timeInForce]!,
        type: orderType === OrderType.MARKET ? 'MARKET' : 'LIMIT',
        orderId,
      })
    } catch (error) {
      asset.orders.remove(orderId)
      return this.#failed(error)
    }
    return wait ? this.#awaitReply(assetNo, orderId) : ReturnCode.OK
  }

  async #awaitReply(assetNo: number, orderId: bigint): Promise<ReturnCode> {
    const timeoutMs = this.#options.orderTimeoutMs ?? 60_000
    const code = await this.waitOrderResponse(assetNo, orderId, BigInt(Math.round(timeoutMs * 1e6)))
    if (code === ReturnCode.ORDER_RESPONSE) return ReturnCode.OK
    return code === ReturnCode.OK ? ReturnCode.TIMEOUT : code
  }

  #connectionOf(asset: AssetState<D>): HftConnection {
    const intake = this.#intakes.get(asset.instrument.connector)
    if (intake === undefined) throw new LiveClientError('LIVE_CLIENT_CLOSED', 'the bot is not open')
    return intake.connection
  }

  #failed(error: unknown): ReturnCode {
    this.#lastError = error instanceof Error ? error : new Error(String(error))
    return ReturnCode.CUSTOM
  }
}

/** Keeps every price the connector sends. */
export class HashMapMarketDepthLiveBot extends NativeLiveBot<TickDepth> {
  constructor(instruments: readonly LiveInstrument[], options: NativeLiveBotOptions = {}) {
    super(instruments, (instrument) => new TickDepth(instrument), options)
  }
}

/** Keeps the prices from `roiLb` to `roiUb` of each instrument, as arrays by tick. */
export class ROIVectorMarketDepthLiveBot extends NativeLiveBot<RoiTickDepth> {
  constructor(instruments: readonly LiveInstrument[], options: NativeLiveBotOptions = {}) {
    super(instruments, (instrument) => new RoiTickDepth(instrument), options)
  }
}
