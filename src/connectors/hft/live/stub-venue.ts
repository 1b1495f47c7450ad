/**
 * The stub's side of the order path: a book as the venue sees it, and our orders in it.
 *
 * An order that can trade at once does, against the levels it crosses. A resting order fills when the market trades
 * through its price; when the market only touches it, with probability `fillProb`, for nobody knows the queue.
 */
import type { Random } from '../../../runtime/random.js'
import { EventFlag, EventKind } from '../native/types.js'
import { OrderStatus, OrderType, Side, TimeInForce } from './codes.js'
import type { LiveInstrument } from './live-instrument.js'
import type { OrderInit, OrderReply } from './order-table.js'
import type { StubEvent } from './stub-market.js'
import { TickDepth } from './tick-depth.js'

/** What the venue reports about one order. */
export interface StubReply {
  readonly orderId: bigint
  readonly reply: OrderReply
}

export interface StubVenueStats {
  /** Times the market touched the price of a resting order without trading through it. */
  touches: number
  /** Touches that filled. */
  touchFills: number
}

interface RestingOrder {
  readonly init: OrderInit
  leavesQty: number
}

const QTY_EPSILON = 1e-9

export class StubVenue {
  readonly stats: StubVenueStats = { touches: 0, touchFills: 0 }
  readonly #depth: TickDepth
  readonly #lotDigits: number
  readonly #fillProb: number
  readonly #random: Random
  readonly #resting = new Map<bigint, RestingOrder>()

  constructor(instrument: LiveInstrument, fillProb: number, random: Random) {
    this.#depth = new TickDepth(instrument)
    this.#lotDigits = Math.min(12, Math.max(0, Math.ceil(-Math.log10(instrument.lotSize)) + 2))
    this.#fillProb = fillProb
    this.#random = random
  }

  /** Takes one market event in and says what it did to our orders. */
  onEvent(event: StubEvent, exchTs: bigint): StubReply[] {
    const [ev, px, qty] = event
    const isBuy = (ev & EventFlag.BUY) !== 0
    const tick = Math.round(px / this.#depth.tickSize)
    const kind = ev & 0xff
    if (kind === EventKind.TRADE) return this.#onTrade(isBuy, tick, qty, exchTs)
    if (kind !== EventKind.DEPTH && kind !== EventKind.DEPTH_SNAPSHOT) return []
    this.#depth.set(isBuy, tick, qty)
    return []
  }

  /** After the last event of a feed: what the new top trades through. */
  onBook(exchTs: bigint): StubReply[] {
    const replies: StubReply[] = []
    for (const order of [...this.#resting.values()]) {
      const isCrossed =
        order.init.side === Side.BUY
          ? this.#depth.bestAskTick <= order.init.priceTick
          : this.#depth.bestBidTick >= order.init.priceTick
      if (isCrossed) replies.push(this.#fill(order, order.leavesQty, order.init.priceTick, true, exchTs))
    }
    return replies
  }

  submit(init: OrderInit, exchTs: bigint): StubReply[] {
    const isMarket = init.orderType === OrderType.MARKET
    const matches = this.#matches(init, isMarket)
    const available = matches.reduce((sum, [, qty]) => sum + qty, 0)
    if (init.timeInForce === TimeInForce.GTX && matches.length > 0) return [this.#end(init, 'EXPIRED', 0, exchTs)]
    if (init.timeInForce === TimeInForce.FOK && available < init.qty - QTY_EPSILON) {
      return [this.#end(init, 'EXPIRED', 0, exchTs)]
    }
    const order: RestingOrder = { init, leavesQty: init.qty }
    const replies: StubReply[] = []
    this.#resting.set(init.orderId, order)
    if (matches.length === 0) replies.push(this.#reply(order, OrderStatus.NEW, 0, 0, false, exchTs))
    for (const [tick, qty] of matches) {
      if (order.leavesQty <= QTY_EPSILON) break
      replies.push(this.#fill(order, Math.min(qty, order.leavesQty), tick, false, exchTs))
    }
    const rests = !isMarket && (init.timeInForce === TimeInForce.GTC || init.timeInForce === TimeInForce.GTX)
    if (order.leavesQty > QTY_EPSILON && !rests) replies.push(this.#end(init, 'EXPIRED', order.leavesQty, exchTs))
    return replies
  }

  /** `null` when there is no such order here any more: its end was reported before. */
  cancel(orderId: bigint, exchTs: bigint): StubReply | null {
    const order = this.#resting.get(orderId)
    return order === undefined ? null : this.#end(order.init, 'CANCELED', order.leavesQty, exchTs)
  }

  /** A taker at this price: orders better than it are traded through, orders at it are touched. */
  #onTrade(isBuy: boolean, tick: number, qty: number, exchTs: bigint): StubReply[] {
    const replies: StubReply[] = []
    for (const order of [...this.#resting.values()]) {
      if ((order.init.side === Side.SELL) !== isBuy) continue
      const beyond = isBuy ? tick - order.init.priceTick : order.init.priceTick - tick
      if (beyond < 0) continue
      if (beyond === 0) {
        this.stats.touches++
        if (!this.#random.chance(this.#fillProb)) continue
        this.stats.touchFills++
      }
      replies.push(this.#fill(order, Math.min(qty, order.leavesQty), order.init.priceTick, true, exchTs))
    }
    return replies
  }

  /** Levels of the other side the order may take, best first, as tick and quantity. */
  #matches(init: OrderInit, isMarket: boolean): [number, number][] {
    const book = this.#depth.snapshot()
    const levels = init.side === Side.BUY ? book.asks : book.bids
    return levels
      .map(({ price, qty }): [number, number] => [Math.round(price / this.#depth.tickSize), qty])
      .filter(([tick]) => isMarket || (init.side === Side.BUY ? tick <= init.priceTick : tick >= init.priceTick))
  }

  #fill(order: RestingOrder, qty: number, tick: number, maker: boolean, exchTs: bigint): StubReply {
    order.leavesQty = Number((order.leavesQty - qty).toFixed(this.#lotDigits))
    const isFilled = order.leavesQty <= QTY_EPSILON
    if (isFilled) this.#resting.delete(order.init.orderId)
    return this.#reply(order, isFilled ? OrderStatus.FILLED : OrderStatus.PARTIALLY_FILLED, qty, tick, maker, exchTs)
  }

  #end(init: OrderInit, status: 'EXPIRED' | 'CANCELED', leavesQty: number, exchTs: bigint): StubReply {
    this.#resting.delete(init.orderId)
    const order = { init, leavesQty: leavesQty === 0 ? init.qty : leavesQty }
    return this.#reply(order, OrderStatus[status], 0, 0, false, exchTs)
  }

  #reply(
    order: RestingOrder,
    status: OrderStatus,
    execQty: number,
    execPriceTick: number,
    maker: boolean,
    exchTimestamp: bigint,
  ): StubReply {
    const reply = { leavesQty: order.leavesQty, execQty, execPriceTick, exchTimestamp, status, maker }
    return { orderId: order.init.orderId, reply }
  }
}
