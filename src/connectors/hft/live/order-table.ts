/**
 * Our orders of one instrument: what was asked, what was answered, how much was executed at which average price.
 *
 * A reply older than the state is ignored, and so is every reply after the end of an order: REST answer and user
 * stream report the same order in either order. What was executed is the growth of quantity minus leaves, so a
 * report seen twice counts once.
 */
import { isFinalStatus, OrderStatus, type OrderType, type Side, type TimeInForce } from './codes.js'
import type { LiveOrder, LiveOrderDict, LiveOrderValues, OrderLatency } from './live-bot.js'

export interface OrderReply {
  readonly leavesQty: number
  readonly execQty: number
  readonly execPriceTick: number
  readonly exchTimestamp: bigint
  readonly status: OrderStatus
  readonly maker: boolean
}

export interface OrderInit {
  readonly orderId: bigint
  readonly side: Side
  readonly priceTick: number
  readonly tickSize: number
  readonly qty: number
  readonly orderType: OrderType
  readonly timeInForce: TimeInForce
  readonly localTimestamp: bigint
}

/** Quantities are decimal fractions in doubles; less than this share of a lot is rounding. */
const QTY_EPSILON = 1e-9

export class TrackedOrder implements LiveOrder {
  readonly orderId: bigint
  readonly side: Side
  readonly priceTick: number
  readonly tickSize: number
  readonly price: number
  readonly qty: number
  readonly orderType: OrderType
  readonly timeInForce: TimeInForce
  leavesQty: number
  execQty = 0
  execPriceTick = 0
  filledQty = 0
  exchTimestamp = 0n
  localTimestamp: bigint
  maker = false
  status: OrderStatus = OrderStatus.NEW
  req: OrderStatus = OrderStatus.NEW
  /** Replies taken in. */
  replyCount = 0
  #executedNotional = 0

  constructor(init: OrderInit) {
    this.orderId = init.orderId
    this.side = init.side
    this.priceTick = init.priceTick
    this.tickSize = init.tickSize
    this.price = priceOf(init.priceTick, init.tickSize)
    this.qty = init.qty
    this.leavesQty = init.qty
    this.orderType = init.orderType
    this.timeInForce = init.timeInForce
    this.localTimestamp = init.localTimestamp
  }

  get execPrice(): number {
    return priceOf(this.execPriceTick, this.tickSize)
  }

  get avgPrice(): number {
    return this.filledQty === 0 ? 0 : this.#executedNotional / this.filledQty
  }

  get cancellable(): boolean {
    const isResting = this.status === OrderStatus.NEW || this.status === OrderStatus.PARTIALLY_FILLED
    return isResting && this.req === OrderStatus.NONE
  }

  get isFinal(): boolean {
    return isFinalStatus(this.status)
  }

  /** Takes a reply in; `false` when it was ignored. */
  apply(reply: OrderReply): boolean {
    if (this.isFinal || reply.exchTimestamp < this.exchTimestamp) return false
    this.req = OrderStatus.NONE
    this.replyCount++
    // The answer to a cancel that came too late has no status: the end of the order is told by another message,
    // which may be older and still has to count.
    if (reply.status === OrderStatus.NONE) return true
    this.exchTimestamp = reply.exchTimestamp
    this.status = reply.status
    this.maker = reply.maker
    this.execQty = reply.execQty
    this.execPriceTick = reply.execPriceTick
    const leavesQty = reply.status === OrderStatus.FILLED ? 0 : Math.min(reply.leavesQty, this.leavesQty)
    const growth = this.leavesQty - leavesQty
    if (reply.status === OrderStatus.FILLED || reply.status === OrderStatus.PARTIALLY_FILLED || reply.execQty > 0) {
      this.leavesQty = leavesQty
      if (growth > QTY_EPSILON) {
        this.filledQty += growth
        this.#executedNotional += growth * (reply.execPriceTick === 0 ? this.price : this.execPrice)
      }
    }
    return true
  }
}

export class OrderTable implements LiveOrderDict {
  readonly #orders = new Map<bigint, TrackedOrder>()
  latency: OrderLatency | null = null

  get size(): number {
    return this.#orders.size
  }

  get(orderId: bigint): TrackedOrder | null {
    return this.#orders.get(orderId) ?? null
  }

  contains(orderId: bigint): boolean {
    return this.#orders.has(orderId)
  }

  values(): LiveOrderValues {
    return new OrderValues([...this.#orders.values()])
  }

  add(order: TrackedOrder): void {
    this.#orders.set(order.orderId, order)
  }

  remove(orderId: bigint): void {
    this.#orders.delete(orderId)
  }

  clearInactive(): void {
    for (const [orderId, order] of this.#orders) if (order.isFinal) this.#orders.delete(orderId)
  }
}

class OrderValues implements LiveOrderValues {
  readonly #orders: readonly LiveOrder[]
  #at = 0

  constructor(orders: readonly LiveOrder[]) {
    this.#orders = orders
  }

  hasNext(): boolean {
    return this.#at < this.#orders.length
  }

  get(): LiveOrder | null {
    return this.#orders[this.#at++] ?? null
  }

  next(): IteratorResult<LiveOrder> {
    const order = this.get()
    return order === null ? { done: true, value: undefined } : { done: false, value: order }
  }

  [Symbol.iterator](): this {
    return this
  }
}

/** A price without the noise of `tick * size`: 640005 * 0.1 reads 64000.5. */
export function priceOf(tick: number, tickSize: number): number {
  const digits = Math.min(12, Math.max(0, Math.ceil(-Math.log10(tickSize)) + 3))
  return Number((tick * tickSize).toFixed(digits))
}
