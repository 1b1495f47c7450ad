/**
 * Live bots over a connector's shared memory: `HashMapMarketDepthLiveBot` keeps every price, and
 * `ROIVectorMarketDepthLiveBot` one range as arrays. Owns connecting, waiting and the way of a request; taking records
 * in is RecordIntake's, and what all bots share is BotBase's.
 *
 * Opening is asynchronous: `open()`, or the first call that waits. Before that the bot reads as empty.
 */
import type { Clock } from '../../../runtime/clock.js'
import { SystemClock } from '../../../runtime/system-clock.js'
import type { HftConnection, HftConnectionOptions, HftOrderRequest } from '../native/types.js'
import { openHftConnection } from '../open-connection.js'
import { AssetState, assetAt } from './asset-state.js'
import { BotBase } from './bot-base.js'
import { OrderStatus, OrderType, ReturnCode, Side } from './codes.js'
import { byConnector, checkPlatform, connectorAbsent, type OpenConnection } from './connection-ports.js'
import { LiveClientError } from './errors.js'
import { EventGate, type GateCheck } from './event-gate.js'
import type { ExplainsFailure } from './live-bot.js'
import type { LiveInstrument } from './live-instrument.js'
import type { OrderArguments } from './order-arguments.js'
import { priceOf, TrackedOrder } from './order-table.js'
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

export abstract class NativeLiveBot<D extends WritableDepth> extends BotBase<D> implements ExplainsFailure {
  readonly #options: NativeLiveBotOptions
  readonly #clock: Clock
  readonly #gate: EventGate
  /** By connector name. */
  readonly #intakes = new Map<string, RecordIntake>()
  #opening: Promise<void> | null = null
  #lastError: Error | null = null
  /** Losses and errors to tell, each once. */
  readonly #news: ReturnCode[] = []

  /** Throws `LIVE_OPTION_INVALID`; nothing native is touched. */
  constructor(
    instruments: readonly LiveInstrument[],
    makeDepth: (instrument: LiveInstrument) => D,
    options: NativeLiveBotOptions,
  ) {
    checkInstruments(instruments)
    super(instruments.map((each) => new AssetState(each, makeDepth(each))))
    this.#options = options
    this.#clock = options.clock ?? new SystemClock()
    this.#gate = new EventGate(this.#clock)
  }

  /** Connects and registers every instrument. Idempotent; rejects with `LIVE_CONNECTOR_ABSENT` and its kin. */
  open(): Promise<void> {
    if (this.isClosed) return Promise.reject(new LiveClientError('LIVE_CLIENT_CLOSED', 'the bot is closed'))
    this.#opening ??= this.#open().catch((error: unknown) => {
      // So that a later call can try again.
      this.#opening = null
      throw error
    })
    return this.#opening
  }

  override get currentTimestamp(): bigint {
    const wallMs = this.#clock.wallMs()
    const wholeMs = Math.floor(wallMs)
    return BigInt(wholeMs) * 1_000_000n + BigInt(Math.round((wallMs - wholeMs) * 1e6))
  }

  override position(assetNo: number): number {
    const asset = assetAt(this.assets, assetNo, 'position')
    const intake = this.#intakes.get(asset.instrument.connector)
    if (intake === undefined || intake.isPeerLost || this.isClosed) {
      const why = this.isClosed
        ? 'the bot is closed'
        : intake === undefined
          ? 'the bot is not open'
          : 'its connector is gone'
      const message = `the position of ${asset.instrument.symbol} is not known: ${why}`
      throw new LiveClientError('LIVE_POSITION_UNKNOWN', message)
    }
    return asset.position
  }

  override async cancel(assetNo: number, orderId: bigint, wait: boolean): Promise<ReturnCode> {
    const order = this.cancellableAt(assetNo, orderId)
    if (typeof order === 'number') return order
    const asset = this.assets[assetNo]!
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
    return wait ? this.#replyTo(assetNo, orderId) : ReturnCode.OK
  }

  override async waitOrderResponse(
    assetNo: number,
    orderId: bigint,
    timeoutNs: bigint,
    signal?: AbortSignal,
  ): Promise<ReturnCode> {
    const order = this.orderAt(assetNo, orderId)
    if (typeof order === 'number') return order
    const asset = this.assets[assetNo]!
    const replies = order.replyCount
    const check: GateCheck = () => {
      if (order.replyCount > replies || order.req === OrderStatus.NONE) return ReturnCode.ORDER_RESPONSE
      const isAlone = this.#intakes.get(asset.instrument.connector)?.isPeerLost ?? true
      return this.isClosed || isAlone ? ReturnCode.INTERRUPTED : null
    }
    return await this.#gate.wait(check, timeoutNs, signal)
  }

  override async waitNextFeed(includeOrderResp: boolean, timeoutNs: bigint, signal?: AbortSignal): Promise<ReturnCode> {
    if (this.isClosed) return ReturnCode.INTERRUPTED
    await this.open()
    const check: GateCheck = () => {
      if (this.isClosed) return ReturnCode.INTERRUPTED
      return this.#news.shift() ?? this.#gate.takeNext(includeOrderResp)
    }
    return await this.#gate.wait(check, timeoutNs, signal)
  }

  override async elapse(durationNs: bigint, signal?: AbortSignal): Promise<ReturnCode> {
    if (this.isClosed) return ReturnCode.INTERRUPTED
    await this.open()
    return await this.#gate.wait(() => (this.isClosed ? ReturnCode.INTERRUPTED : null), durationNs, signal)
  }

  /** 19 when a connection did not close cleanly; see {@link takeError}. */
  override async close(): Promise<ReturnCode> {
    if (this.isClosed) return ReturnCode.OK
    this.isClosed = true
    this.#gate.wake()
    await this.#opening?.catch(() => {})
    const ends = await Promise.allSettled([...this.#intakes.values()].map((intake) => intake.close()))
    const failure = ends.find((end) => end.status === 'rejected')
    return failure === undefined ? ReturnCode.OK : this.#failed(failure.reason)
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
    for (const [connector, instruments] of byConnector(this.assets.map((asset) => asset.instrument))) {
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
    const assets = this.assets.filter((asset) => asset.instrument.connector === connector)
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

  protected override async submit(order: OrderArguments): Promise<ReturnCode> {
    const asset = this.assetFor(order)
    if (typeof asset === 'number') return asset
    const { side, assetNo, orderId, price, qty, timeInForce, orderType, wait } = order
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
    return wait ? this.#replyTo(assetNo, orderId) : ReturnCode.OK
  }

  #replyTo(assetNo: number, orderId: bigint): Promise<ReturnCode> {
    const timeoutMs = this.#options.orderTimeoutMs ?? 60_000
    return this.awaitReply(assetNo, orderId, BigInt(Math.round(timeoutMs * 1e6)))
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

function checkInstruments(instruments: readonly LiveInstrument[]): void {
  if (instruments.length === 0) throw new LiveClientError('LIVE_OPTION_INVALID', 'a bot needs an instrument')
  byConnector(instruments)
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
