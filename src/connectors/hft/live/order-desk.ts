/**
 * The client's orders: ids, requests, and answers made of what the bot's orders really say. A request that the bot
 * took is `submitted`; `cancelled` is said after the venue confirmed, never before.
 */
import type { Random } from '../../../runtime/random.js'
import {
  isFailure,
  isFinalStatus,
  OrderStatus,
  OrderType,
  orderStatusName,
  ReturnCode,
  returnCodeText,
  Side,
  TimeInForce,
} from './codes.js'
import type { ExplainsFailure, LiveBot, LiveOrder } from './live-bot.js'
import type { ClientOrder, OrderResponse } from './models.js'

export interface SubmitOrderOptions {
  readonly side: Side
  /** Ignored by market orders. */
  readonly price: number
  readonly qty: number
  /** Default 0. */
  readonly assetNo?: number
  /** Unique per symbol over all bots of a connector. Default: random upper half, counting lower half. */
  readonly orderId?: bigint
  /** Default `TimeInForce.GTC`. */
  readonly timeInForce?: TimeInForce
  /** Default `OrderType.LIMIT`. */
  readonly orderType?: OrderType
  /** Wait for the first reply. Default `false`. */
  readonly wait?: boolean
}

export interface CancelOrderOptions {
  /** Default 0. */
  readonly assetNo?: number
  /** Wait for the reply. Default `false`: the answer then says only that the request was accepted. */
  readonly wait?: boolean
}

/** How long a cancel waits for the answer to a submit that is still on its way. */
const SUBMIT_REPLY_TIMEOUT_NS = 60_000_000_000n
/** Ended orders whose last answer is kept. */
const ENDED_MAX = 1000

export class OrderDesk {
  readonly #bot: LiveBot & Partial<ExplainsFailure>
  readonly #onResponse: (response: OrderResponse) => void
  readonly #idPrefix: bigint
  #lastId = 0n
  /** What was told last, by asset and order; a change is told once. */
  readonly #told = new Map<string, string>()
  readonly #ended = new Map<string, OrderResponse>()

  constructor(bot: LiveBot, random: Random, onResponse: (response: OrderResponse) => void) {
    this.#bot = bot
    this.#onResponse = onResponse
    this.#idPrefix = BigInt(random.int(0, 2 ** 32 - 1)) << 32n
  }

  async submit(options: SubmitOrderOptions): Promise<OrderResponse> {
    const { side, price, qty, assetNo = 0, wait = false } = options
    // Taken before anything waits, so that ids of calls made at the same time differ and rise.
    const orderId = options.orderId ?? this.#nextId()
    const timeInForce = options.timeInForce ?? TimeInForce.GTC
    const orderType = options.orderType ?? OrderType.LIMIT
    const code =
      side === Side.BUY
        ? await this.#bot.submitBuyOrder(assetNo, orderId, price, qty, timeInForce, orderType, wait)
        : await this.#bot.submitSellOrder(assetNo, orderId, price, qty, timeInForce, orderType, wait)
    this.sync()
    if (isFailure(code)) return this.#failure(orderId, assetNo, code)
    return this.response(orderId, assetNo) ?? this.#failure(orderId, assetNo, ReturnCode.ORDER_NOT_FOUND)
  }

  async cancel(orderId: bigint, options: CancelOrderOptions): Promise<OrderResponse> {
    const { assetNo = 0, wait = false } = options
    const known = this.response(orderId, assetNo)
    if (this.#isSubmitting(orderId, assetNo)) {
      // A bot refuses to cancel what the venue has not answered yet.
      await this.#bot.waitOrderResponse(assetNo, orderId, SUBMIT_REPLY_TIMEOUT_NS)
    }
    const code = await this.#bot.cancel(assetNo, orderId, wait)
    this.sync()
    if (isFailure(code)) {
      const isForgotten = code === ReturnCode.ORDER_NOT_FOUND && known !== null
      return this.#failure(orderId, assetNo, isForgotten ? ReturnCode.INVALID_ORDER_STATUS : code)
    }
    const response = this.response(orderId, assetNo) ?? this.#failure(orderId, assetNo, ReturnCode.ORDER_NOT_FOUND)
    if (!wait || response.status !== 'submitted') return response
    const order = this.#bot.orders(assetNo).get(orderId)
    const state = order === null ? 'unknown' : orderStatusName(order.status)
    return { ...response, status: 'error', error: `not cancelled: the order is ${state}` }
  }

  /** The latest answer to an order; `null` when it is not known (any more). */
  response(orderId: bigint, assetNo: number): OrderResponse | null {
    const order = this.#bot.orders(assetNo).get(orderId)
    if (order !== null) return responseOf(order, assetNo, this.#bot.currentTimestamp)
    return this.#ended.get(keyOf(orderId, assetNo)) ?? null
  }

  active(assetNo: number): Map<bigint, ClientOrder> {
    const active = new Map<bigint, ClientOrder>()
    for (const { orderId, side, price, qty, leavesQty, status } of this.#bot.orders(assetNo).values()) {
      if (!isFinalStatus(status)) active.set(orderId, { orderId, side, price, qty, leavesQty, status })
    }
    return active
  }

  /** Tells every change since the last time. */
  sync(): void {
    for (let assetNo = 0; assetNo < this.#bot.numAssets; assetNo++) {
      for (const order of this.#bot.orders(assetNo).values()) this.#tell(order, assetNo)
    }
  }

  /** Lets the bot forget what ended; the last answers stay readable here for a while. */
  forgetEnded(): void {
    this.sync()
    for (let assetNo = 0; assetNo < this.#bot.numAssets; assetNo++) {
      for (const order of this.#bot.orders(assetNo).values()) {
        if (!isFinalStatus(order.status)) continue
        const key = keyOf(order.orderId, assetNo)
        this.#ended.set(key, responseOf(order, assetNo, this.#bot.currentTimestamp))
        this.#told.delete(key)
      }
    }
    for (const key of this.#ended.keys()) {
      if (this.#ended.size <= ENDED_MAX) break
      this.#ended.delete(key)
    }
    this.#bot.clearInactiveOrders()
  }

  #tell(order: LiveOrder, assetNo: number): void {
    // Before the venue's first word there is nothing to tell.
    if (order.req === OrderStatus.NEW) return
    const key = keyOf(order.orderId, assetNo)
    const state = `${order.status} ${order.filledQty}`
    if (this.#told.get(key) === state) return
    this.#told.set(key, state)
    this.#onResponse(responseOf(order, assetNo, this.#bot.currentTimestamp))
  }

  #isSubmitting(orderId: bigint, assetNo: number): boolean {
    return this.#bot.orders(assetNo).get(orderId)?.req === OrderStatus.NEW
  }

  #nextId(): bigint {
    this.#lastId++
    return this.#idPrefix + this.#lastId
  }

  #failure(orderId: bigint, assetNo: number, code: ReturnCode): OrderResponse {
    const reason = this.#bot.takeError?.()?.message
    const text = reason === undefined ? returnCodeText(code) : `${returnCodeText(code)}: ${reason}`
    const order = assetNo < this.#bot.numAssets ? this.#bot.orders(assetNo).get(orderId) : null
    return {
      orderId,
      status: 'error',
      filledQty: order?.filledQty ?? 0,
      avgPrice: order?.avgPrice ?? 0,
      timestamp: this.#bot.currentTimestamp,
      assetNo,
      error: `${text} (${code})`,
    }
  }
}

function keyOf(orderId: bigint, assetNo: number): string {
  return `${assetNo}/${orderId}`
}

function responseOf(order: LiveOrder, assetNo: number, timestamp: bigint): OrderResponse {
  const { orderId, filledQty, avgPrice, status: state } = order
  const base = { orderId, filledQty, avgPrice, timestamp, assetNo }
  if (state === OrderStatus.CANCELED) return { ...base, status: 'cancelled', error: null }
  const isRefused = state === OrderStatus.REJECTED || state === OrderStatus.EXPIRED || state === OrderStatus.UNSUPPORTED
  if (isRefused) return { ...base, status: 'error', error: `the venue says the order is ${orderStatusName(state)}` }
  return { ...base, status: 'submitted', error: null }
}
