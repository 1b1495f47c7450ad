/**
 * What every live bot does the same way, wherever its records come from: what is read per asset, the checks before a
 * request leaves, and what the bot interface offers for back-tests only.
 *
 * Leaves to the bots time and waiting, what makes a position known, how a request leaves, and how an end looks.
 */
import { type AssetState, assetAt, assetsOf } from './asset-state.js'
import { type OrderType, ReturnCode, Side, type TimeInForce } from './codes.js'
import { LiveClientError } from './errors.js'
import type { BotEvent, FeedLatency, LiveBot, OrderLatency, StateValues } from './live-bot.js'
import { checkOrderArguments, type OrderArguments, stateValuesOf } from './order-arguments.js'
import type { OrderTable, TrackedOrder } from './order-table.js'
import type { WritableDepth } from './tick-depth.js'

export abstract class BotBase<D extends WritableDepth> implements LiveBot {
  /** By asset number. */
  protected readonly assets: readonly AssetState<D>[]
  protected isClosed = false

  constructor(assets: readonly AssetState<D>[]) {
    this.assets = assets
  }

  abstract get currentTimestamp(): bigint
  abstract position(assetNo: number): number
  abstract cancel(assetNo: number, orderId: bigint, wait: boolean): Promise<ReturnCode>
  abstract waitOrderResponse(
    assetNo: number,
    orderId: bigint,
    timeoutNs: bigint,
    signal?: AbortSignal,
  ): Promise<ReturnCode>
  abstract waitNextFeed(includeOrderResp: boolean, timeoutNs: bigint, signal?: AbortSignal): Promise<ReturnCode>
  abstract elapse(durationNs: bigint, signal?: AbortSignal): Promise<ReturnCode>
  abstract close(): Promise<ReturnCode>
  /** Begins with {@link assetFor}. */
  protected abstract submit(order: OrderArguments): Promise<ReturnCode>

  get numAssets(): number {
    return this.assets.length
  }

  depth(assetNo: number): D {
    return assetAt(this.assets, assetNo, 'depth').depth
  }

  stateValues(assetNo: number): StateValues {
    return stateValuesOf(this.position(assetNo))
  }

  lastTrades(assetNo: number): readonly BotEvent[] {
    return assetAt(this.assets, assetNo, 'lastTrades').trades
  }

  clearLastTrades(assetNo?: number): void {
    for (const asset of assetsOf(this.assets, assetNo, 'clearLastTrades')) asset.trades.length = 0
  }

  orders(assetNo: number): OrderTable {
    return assetAt(this.assets, assetNo, 'orders').orders
  }

  clearInactiveOrders(assetNo?: number): void {
    for (const asset of assetsOf(this.assets, assetNo, 'clearInactiveOrders')) asset.orders.clearInactive()
  }

  feedLatency(assetNo: number): FeedLatency | null {
    return assetAt(this.assets, assetNo, 'feedLatency').feedLatency
  }

  orderLatency(assetNo: number): OrderLatency | null {
    return assetAt(this.assets, assetNo, 'orderLatency').orders.latency
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
    return this.submit({ side: Side.BUY, assetNo, orderId, price, qty, timeInForce, orderType, wait })
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
    return this.submit({ side: Side.SELL, assetNo, orderId, price, qty, timeInForce, orderType, wait })
  }

  modify(): Promise<ReturnCode> {
    return Promise.reject(new LiveClientError('LIVE_UNSUPPORTED', 'modify does not exist live: cancel and submit'))
  }

  elapseBt(durationNs: bigint, signal?: AbortSignal): Promise<ReturnCode> {
    return this.elapse(durationNs, signal)
  }

  gotoEnd(): Promise<ReturnCode> {
    return Promise.resolve(ReturnCode.OK)
  }

  /** The asset a new order is for, or why none may leave. Throws `LIVE_OPTION_INVALID` for a wrong argument. */
  protected assetFor(order: OrderArguments): AssetState<D> | ReturnCode {
    checkOrderArguments(order)
    if (this.isClosed) return ReturnCode.INTERRUPTED
    const asset = this.assets[order.assetNo]
    if (asset === undefined) return ReturnCode.INSTRUMENT_NOT_FOUND
    return asset.orders.contains(order.orderId) ? ReturnCode.ORDER_ID_EXIST : asset
  }

  /** The order, or the code that says what is missing. */
  protected orderAt(assetNo: number, orderId: bigint): TrackedOrder | ReturnCode {
    const asset = this.assets[assetNo]
    if (asset === undefined) return ReturnCode.INSTRUMENT_NOT_FOUND
    return asset.orders.get(orderId) ?? ReturnCode.ORDER_NOT_FOUND
  }

  /** The order, or why no cancel may leave. */
  protected cancellableAt(assetNo: number, orderId: bigint): TrackedOrder | ReturnCode {
    if (this.isClosed) return ReturnCode.INTERRUPTED
    const order = this.orderAt(assetNo, orderId)
    if (typeof order === 'number' || order.cancellable) return order
    return ReturnCode.INVALID_ORDER_STATUS
  }

  /** What a call with `wait` answers: 0 after the first reply, 17 when none came. */
  protected async awaitReply(assetNo: number, orderId: bigint, timeoutNs: bigint): Promise<ReturnCode> {
    const code = await this.waitOrderResponse(assetNo, orderId, timeoutNs)
    if (code === ReturnCode.ORDER_RESPONSE) return ReturnCode.OK
    return code === ReturnCode.OK ? ReturnCode.TIMEOUT : code
  }
}
