/**
 * A limit order book with price-time priority. Pure: no clock, no randomness, no input or output. The simulated
 * market feeds it, and anything that wants fills against a book can.
 *
 * An incoming order meets the best opposite price first and, at one price, the oldest order first; it trades at the
 * resting order's price. Reducing an order keeps its place in the queue.
 */
import { BookOrder, BookSide, type Level } from './book-side.js'
import {
  type BookListener,
  type NewOrder,
  oppositeSide,
  type RestingOrder,
  SelfTradePrevention,
  Side,
  type SubmitResult,
  SubmitStatus,
  TimeInForce,
} from './order.js'

const SILENT: BookListener = { onLevel() {}, onTrade() {}, onRemoved() {} }

export class MatchingBook {
  readonly #sides: readonly [BookSide, BookSide] = [new BookSide(Side.BUY), new BookSide(Side.SELL)]
  readonly #orders = new Map<number, BookOrder>()
  readonly #listener: BookListener
  #nextOrderId = 1
  // Outcome of the matching loop of the operation in progress.
  #filledValue = 0
  #lastFilledLots = 0
  #takerExpired = false

  constructor(listener: BookListener = SILENT) {
    this.#listener = listener
  }

  get openOrderCount(): number {
    return this.#orders.size
  }

  /** Best price in ticks, or `null` when the side is empty. */
  bestPrice(side: Side): number | null {
    return this.#sides[side].best?.price ?? null
  }

  /** Lots at the best price, 0 when the side is empty. */
  bestLots(side: Side): number {
    return this.#sides[side].best?.lots ?? 0
  }

  levelCount(side: Side): number {
    return this.#sides[side].levels.length
  }

  /** Total lots at a price, 0 if there is no such level. */
  lotsAt(side: Side, price: number): number {
    return this.#sides[side].at(price)?.lots ?? 0
  }

  /** Calls `visit` for up to `limit` levels, best first. */
  forEachLevel(side: Side, limit: number, visit: (price: number, lots: number) => void): void {
    const { levels } = this.#sides[side]
    const end = Math.max(0, levels.length - limit)
    for (let index = levels.length - 1; index >= end; index--) visit(levels[index]!.price, levels[index]!.lots)
  }

  order(orderId: number): RestingOrder | null {
    return this.#orders.get(orderId) ?? null
  }

  /** The oldest order at the best price. */
  bestOrder(side: Side): RestingOrder | null {
    return this.#sides[side].best?.head ?? null
  }

  /** Lots that an order with this limit could take now; `null` means any price. */
  availableLots(takerSide: Side, price: number | null): number {
    const { levels } = this.#sides[oppositeSide(takerSide)]
    let lots = 0
    for (let index = levels.length - 1; index >= 0 && accepts(takerSide, price, levels[index]!.price); index--) {
      lots += levels[index]!.lots
    }
    return lots
  }

  /** Matches what can be matched and lets the rest stay or go by its time in force. Throws on impossible numbers. */
  submit(input: NewOrder): SubmitResult {
    const { side, price, lots } = input
    if (!Number.isSafeInteger(lots) || lots < 1) throw new RangeError(`order lots must be a whole number >= 1: ${lots}`)
    if (price !== null && !(Number.isSafeInteger(price) && price > 0)) {
      throw new RangeError(`order price must be a whole number of ticks > 0, or null: ${price}`)
    }
    const orderId = this.#nextOrderId++
    const timeInForce = price === null ? TimeInForce.IOC : (input.timeInForce ?? TimeInForce.GTC)
    const best = this.#sides[oppositeSide(side)].best
    const matches = best !== null && accepts(side, price, best.price)
    if (timeInForce === TimeInForce.GTX && matches) return refused(orderId, SubmitStatus.REJECTED)
    if (timeInForce === TimeInForce.FOK && this.availableLots(side, price) < lots) {
      return refused(orderId, SubmitStatus.EXPIRED)
    }

    this.#filledValue = 0
    this.#lastFilledLots = 0
    this.#takerExpired = false
    const remaining = matches ? this.#match(input, side, price, lots) : lots
    const rests = remaining > 0 && timeInForce !== TimeInForce.IOC && !this.#takerExpired && price !== null
    const resting =
      rests && timeInForce !== TimeInForce.FOK ? this.#rest(orderId, side, price, remaining, input.owner ?? 0) : null
    return {
      orderId,
      status: statusOf(lots, remaining, resting !== null),
      filledLots: lots - remaining,
      filledValue: this.#filledValue,
      lastFilledLots: this.#lastFilledLots,
      resting,
    }
  }

  /** `false` if the order does not rest (any more). */
  cancel(orderId: number): boolean {
    const order = this.#orders.get(orderId)
    if (order === undefined) return false
    const level = order.level as Level
    const oldLots = level.lots
    this.#drop(order, level)
    this.#settle(level, order.side, oldLots)
    return true
  }

  /** Lowers the remaining lots and keeps the place in the queue; to 0 or less cancels. `false` if it does not rest. */
  reduce(orderId: number, toLots: number): boolean {
    const order = this.#orders.get(orderId)
    if (order === undefined || toLots > order.lots || !Number.isSafeInteger(toLots)) return false
    if (toLots <= 0) return this.cancel(orderId)
    const level = order.level as Level
    const oldLots = level.lots
    level.lots -= order.lots - toLots
    order.lots = toLots
    if (level.lots !== oldLots) this.#listener.onLevel(order.side, level.price, oldLots, level.lots)
    return true
  }

  #match(input: NewOrder, side: Side, price: number | null, lots: number): number {
    const makerSide = oppositeSide(side)
    const book = this.#sides[makerSide]
    let remaining = lots
    for (
      let level = book.best;
      remaining > 0 && level !== null && accepts(side, price, level.price) && !this.#takerExpired;
      level = book.best
    ) {
      const oldLots = level.lots
      for (let maker = level.head; remaining > 0 && maker !== null; maker = level.head) {
        if (this.#preventsSelfTrade(input, maker)) {
          const mode = input.selfTradePrevention
          if (mode !== SelfTradePrevention.EXPIRE_TAKER) this.#drop(maker, level)
          if (mode === SelfTradePrevention.EXPIRE_MAKER) continue
          this.#takerExpired = true
          break
        }
        const fill = Math.min(remaining, maker.lots)
        remaining -= fill
        maker.lots -= fill
        level.lots -= fill
        this.#filledValue += level.price * fill
        this.#lastFilledLots = fill
        this.#listener.onTrade(maker, side, level.price, fill)
        if (maker.lots === 0) this.#drop(maker, level)
      }
      this.#settle(level, makerSide, oldLots)
    }
    return remaining
  }

  #preventsSelfTrade(input: NewOrder, maker: BookOrder): boolean {
    const mode = input.selfTradePrevention
    return (
      mode !== undefined && mode !== SelfTradePrevention.NONE && maker.owner !== 0 && maker.owner === (input.owner ?? 0)
    )
  }

  #rest(orderId: number, side: Side, price: number, lots: number, owner: number): RestingOrder {
    const order = new BookOrder(orderId, side, price, lots, owner)
    const level = this.#sides[side].open(price)
    const oldLots = level.lots
    level.append(order)
    this.#orders.set(orderId, order)
    this.#listener.onLevel(side, price, oldLots, level.lots)
    return order
  }

  #drop(order: BookOrder, level: Level): void {
    level.remove(order)
    this.#orders.delete(order.id)
    this.#listener.onRemoved(order)
  }

  /** Closes an emptied level and reports the change of one level. */
  #settle(level: Level, side: Side, oldLots: number): void {
    if (level.head === null) this.#sides[side].close(level)
    if (level.lots !== oldLots) this.#listener.onLevel(side, level.price, oldLots, level.lots)
  }
}

function accepts(takerSide: Side, limit: number | null, price: number): boolean {
  return limit === null || (takerSide === Side.BUY ? price <= limit : price >= limit)
}

function refused(orderId: number, status: SubmitStatus): SubmitResult {
  return { orderId, status, filledLots: 0, filledValue: 0, lastFilledLots: 0, resting: null }
}

function statusOf(lots: number, remaining: number, rests: boolean): SubmitStatus {
  if (remaining === 0) return SubmitStatus.FILLED
  if (!rests) return SubmitStatus.EXPIRED
  return remaining === lots ? SubmitStatus.RESTING : SubmitStatus.PARTIALLY_FILLED
}
