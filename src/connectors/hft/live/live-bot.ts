/**
 * The interface of a live bot, the same for the stub and for both native ones. It is the interface of the hftbacktest
 * bots with camelCase names: calls answer with a {@link ReturnCode}, calls that wait return promises.
 *
 * Limits of every live bot: `modify` is not supported by connectors; of `stateValues` only the position is known;
 * `lastTrades` grows until it is cleared and never holds depth; there is no single-order (L3) feed.
 */
import type { OrderStatus, OrderType, ReturnCode, Side, TimeInForce } from './codes.js'
import type { BookLevel } from './models.js'

/** A trade as the bot keeps it. Kind is the low byte of `ev`; compare it as an enumeration. */
export interface BotEvent {
  readonly ev: number
  readonly exchTs: bigint
  readonly localTs: bigint
  readonly px: number
  readonly qty: number
}

/** Book of one instrument. An empty side has tick and price `NaN` and quantity 0. Changes in place. */
export interface LiveDepth {
  readonly bestBidTick: number
  readonly bestAskTick: number
  readonly bestBid: number
  readonly bestAsk: number
  readonly bestBidQty: number
  readonly bestAskQty: number
  readonly tickSize: number
  readonly lotSize: number
  bidQtyAtTick(tick: number): number
  askQtyAtTick(tick: number): number
  /** A copy of the best levels of both sides, all without `levels`. */
  snapshot(levels?: number): { readonly bids: readonly BookLevel[]; readonly asks: readonly BookLevel[] }
}

/** Book that keeps prices of one range only, as arrays by tick. */
export interface RoiDepth extends LiveDepth {
  /** Tick of index 0. */
  readonly roiLbTick: number
  /** Last tick inside, inclusive. */
  readonly roiUbTick: number
  /** Quantity by tick minus `roiLbTick`. The live array: read, do not keep or write. */
  readonly bidDepth: Readonly<Float64Array>
  readonly askDepth: Readonly<Float64Array>
}

/** One of our orders. Changes in place as replies arrive. */
export interface LiveOrder {
  readonly orderId: bigint
  readonly side: Side
  readonly price: number
  readonly priceTick: number
  readonly tickSize: number
  readonly qty: number
  readonly leavesQty: number
  /** Of the latest execution. */
  readonly execQty: number
  readonly execPriceTick: number
  readonly execPrice: number
  /** Executed so far and its average price, over all replies; 0 before the first fill. */
  readonly filledQty: number
  readonly avgPrice: number
  readonly exchTimestamp: bigint
  /** When our last request left. */
  readonly localTimestamp: bigint
  readonly orderType: OrderType
  readonly timeInForce: TimeInForce
  readonly maker: boolean
  readonly status: OrderStatus
  /** What was asked and not answered: `NEW`, `CANCELED`, or `NONE`. */
  readonly req: OrderStatus
  /** Resting, with nothing asked that is not answered. */
  readonly cancellable: boolean
}

/** Walks over orders as they were when the walk began. */
export interface LiveOrderValues extends IterableIterator<LiveOrder> {
  hasNext(): boolean
  /** The current order; `null` past the end. Moves on. */
  get(): LiveOrder | null
}

export interface LiveOrderDict {
  readonly size: number
  get(orderId: bigint): LiveOrder | null
  contains(orderId: bigint): boolean
  values(): LiveOrderValues
}

export interface StateValues {
  readonly position: number
  /** The rest is kept by back-tests only and reads 0 live. */
  readonly balance: number
  readonly fee: number
  readonly numTrades: number
  readonly tradingVolume: number
  readonly tradingValue: number
}

/** Of the latest feed, ns. */
export interface FeedLatency {
  readonly exch: bigint
  readonly local: bigint
}

/** Of the latest answered request, ns. */
export interface OrderLatency {
  readonly req: bigint
  readonly exch: bigint
  readonly resp: bigint
}

/** Asset numbers count the instruments from 0. Reading calls throw `LIVE_BOT_FAILED` (16) for an unknown number. */
export interface LiveBot {
  /** Nanoseconds since the epoch: the clock of the machine, or the stub's own. */
  readonly currentTimestamp: bigint
  readonly numAssets: number
  depth(assetNo: number): LiveDepth
  /** Throws `LIVE_POSITION_UNKNOWN` while it cannot be known; never 0 for want of an answer. */
  position(assetNo: number): number
  stateValues(assetNo: number): StateValues
  /** Trades since the last `clearLastTrades`. Depth events never appear here. */
  lastTrades(assetNo: number): readonly BotEvent[]
  /** Without a number: of every asset. */
  clearLastTrades(assetNo?: number): void
  orders(assetNo: number): LiveOrderDict
  /** `wait`: resolves after the first reply; 17 when none came within the bot's order timeout. */
  submitBuyOrder(
    assetNo: number,
    orderId: bigint,
    price: number,
    qty: number,
    timeInForce: TimeInForce,
    orderType: OrderType,
    wait: boolean,
  ): Promise<ReturnCode>
  submitSellOrder(
    assetNo: number,
    orderId: bigint,
    price: number,
    qty: number,
    timeInForce: TimeInForce,
    orderType: OrderType,
    wait: boolean,
  ): Promise<ReturnCode>
  /** Rejects with `LIVE_UNSUPPORTED`: no connector implements it. */
  modify(assetNo: number, orderId: bigint, price: number, qty: number, wait: boolean): Promise<ReturnCode>
  cancel(assetNo: number, orderId: bigint, wait: boolean): Promise<ReturnCode>
  /** Forgets orders that ended. Without a number: of every asset. */
  clearInactiveOrders(assetNo?: number): void
  /**
   * 3 when a reply to this order came, or at once when nothing asked of it is unanswered; 0 at the timeout, 18 when
   * interrupted or the connector is gone.
   */
  waitOrderResponse(assetNo: number, orderId: bigint, timeoutNs: bigint, signal?: AbortSignal): Promise<ReturnCode>
  /** 2 for a feed, 3 for an order reply (when asked for), 0 at the timeout, 1 at the end of data, 18, 19. */
  waitNextFeed(includeOrderResp: boolean, timeoutNs: bigint, signal?: AbortSignal): Promise<ReturnCode>
  /** Lets time pass; feeds and replies are taken in meanwhile. */
  elapse(durationNs: bigint, signal?: AbortSignal): Promise<ReturnCode>
  /** In a back-test time without live waiting; live the same as {@link elapse}. */
  elapseBt(durationNs: bigint, signal?: AbortSignal): Promise<ReturnCode>
  /** Idempotent; pending waits end with 18. */
  close(): Promise<ReturnCode>
  feedLatency(assetNo: number): FeedLatency | null
  orderLatency(assetNo: number): OrderLatency | null
  /** Of back-tests; no effect live. */
  gotoEnd(): Promise<ReturnCode>
}

/** A table over the interface: a member that is missing here, or too many, does not compile. */
const MEMBERS: Readonly<Record<keyof LiveBot, true>> = {
  currentTimestamp: true,
  numAssets: true,
  depth: true,
  position: true,
  stateValues: true,
  lastTrades: true,
  clearLastTrades: true,
  orders: true,
  submitBuyOrder: true,
  submitSellOrder: true,
  modify: true,
  cancel: true,
  clearInactiveOrders: true,
  waitOrderResponse: true,
  waitNextFeed: true,
  elapse: true,
  elapseBt: true,
  close: true,
  feedLatency: true,
  orderLatency: true,
  gotoEnd: true,
}

/** Every member of {@link LiveBot}, in the order of the interface. */
export const LIVE_BOT_MEMBERS: readonly (keyof LiveBot)[] = Object.freeze(Object.keys(MEMBERS) as (keyof LiveBot)[])

/** What a bot may offer besides: the reason behind a 19. */
export interface ExplainsFailure {
  /** The latest error of the connector, once. */
  takeError(): Error | null
}
