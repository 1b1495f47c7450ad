/**
 * Seeded order flow for one book: makers quoting around the fair price, takers in bursts, cancels, sweeps, and now
 * and then a side that empties.
 *
 * One operation is one order or cancel (or one withdrawal of a whole side); operations arrive as a self-exciting
 * random process. Nothing here knows time beyond the stamp of the next operation.
 */
import type { Random } from '../../runtime/random.js'
import type { MatchingBook, NewOrder, RestingOrder } from '../match/index.js'
import { oppositeSide, Side, TimeInForce } from '../match/index.js'
import type { FlowParameters } from './presets.js'

export interface OrderFlowOptions {
  readonly book: MatchingBook
  readonly random: Random
  readonly flow: FlowParameters
  readonly activity: number
  readonly emptySidesPerHour: number
  /** Median size of a maker order near the price. */
  readonly makerLots: number
  readonly takerLots: number
  readonly startUs: number
  /** Fair price in (fractional) ticks at a time that never goes back. */
  readonly fairTicks: (timeUs: number) => number
  /** Volatility regime: above 1 means more operations. */
  readonly activityFactor: () => number
}

/** Half of the spread that makers aim for, as a fraction of the price, for a symbol with activity 1. */
const HALF_SPREAD = 1e-6
/** Mean distance of quotes near the price, as a fraction. */
const NEAR = 5e-5
/** Makers do not quote further away than this fraction. */
const FAR_MAX = 0.05
const EXCITATION_PER_TAKER = 0.25
const EXCITATION_MAX = 4
/** Mean operations (at the base rate) after which the excitement of one taker has faded: 0.1 x 0.25 x 12 < 1 settles. */
const EXCITATION_MEMORY = 12
/** A taker pays at most this fraction beyond the best price. */
const COLLAR = 3e-3
const SILENCE_US_MAX = 3_600_000_000

export class OrderFlow {
  readonly #options: OrderFlowOptions
  readonly #book: MatchingBook
  readonly #random: Random
  readonly #perUs: number
  readonly #targetPerSide: number
  readonly #emptyChance: number
  readonly #spreadFactor: number
  /** All resting orders per side, in no order; an order's `tag` is its index. */
  readonly #pools: readonly [RestingOrder[], RestingOrder[]] = [[], []]
  #excitation = 0
  #nextUs: number

  constructor(options: OrderFlowOptions) {
    const { flow, activity } = options
    this.#options = options
    this.#book = options.book
    this.#random = options.random
    const perSecond = Math.max(flow.operationsPerSecond * activity, 1e-3)
    this.#perUs = perSecond / 1e6
    this.#targetPerSide = Math.max(12, Math.round(flow.ordersPerSide * Math.min(1, activity ** 0.35)))
    this.#emptyChance = options.emptySidesPerHour / 3600 / perSecond
    this.#spreadFactor = Math.max(activity, 1e-4) ** -0.7
    this.#nextUs = options.startUs + this.#wait()
  }

  /** When the next operation is due. */
  get nextUs(): number {
    return this.#nextUs
  }

  /** Starts again after a halt: the next operation comes later than `timeUs`. */
  resumeAt(timeUs: number): void {
    this.#excitation = 0
    this.#nextUs = timeUs + this.#wait()
  }

  /** Builds the first book: quotes on both sides that do not match each other. */
  seed(timeUs: number): void {
    const fair = this.#options.fairTicks(timeUs)
    for (let count = 0; count < this.#targetPerSide; count++) {
      this.#quote(Side.BUY, fair)
      this.#quote(Side.SELL, fair)
    }
  }

  /** The book removed an order for whatever reason. */
  forget(order: RestingOrder): void {
    const pool = this.#pools[order.side]
    const last = pool.pop()
    if (last === undefined || last === order) return
    pool[order.tag] = last
    last.tag = order.tag
  }

  /** Carries out the operation that is due and decides when the next one comes. */
  step(): void {
    const timeUs = this.#nextUs
    this.#operate(this.#options.fairTicks(timeUs))
    this.#nextUs = timeUs + this.#wait()
  }

  #operate(fair: number): void {
    const random = this.#random
    if (this.#emptyChance > 0 && random.chance(this.#emptyChance)) {
      this.#withdraw(random.chance(0.5) ? Side.BUY : Side.SELL)
      return
    }
    if (this.#correct(fair)) return
    const { takerShare } = this.#options.flow
    if (random.chance(takerShare)) {
      this.#take(fair)
      return
    }
    const side = random.chance(this.#buyShareOfQuotes()) ? Side.BUY : Side.SELL
    const target = this.#targetPerSide
    const surplus = (this.#pools[side].length - target) / target
    if (random.chance(Math.min(0.95, Math.max(0.05, 0.5 - surplus)))) this.#quote(side, fair)
    else this.#withdrawOne(side, fair)
  }

  /** Quotes the fair price has left behind are hit or pulled; returns whether something was done. */
  #correct(fair: number): boolean {
    const bid = this.#book.bestPrice(Side.BUY)
    const ask = this.#book.bestPrice(Side.SELL)
    const side = ask !== null && fair > ask + 0.5 ? Side.SELL : bid !== null && fair < bid - 0.5 ? Side.BUY : null
    if (side === null || !this.#random.chance(0.75)) return false
    if (this.#random.chance(0.6)) {
      const stale = this.#book.bestOrder(side)
      if (stale !== null) this.#book.cancel(stale.id)
      return true
    }
    const price = Math.max(1, side === Side.SELL ? Math.floor(fair) : Math.ceil(fair))
    const available = this.#book.availableLots(oppositeSide(side), price)
    const lots = Math.max(1, Math.min(available, Math.round(this.#options.takerLots * 3 * this.#logNormal(1))))
    this.#submit({ side: oppositeSide(side), price, lots, timeInForce: TimeInForce.IOC })
    return true
  }

  #take(fair: number): void {
    const random = this.#random
    const bid = this.#book.bestPrice(Side.BUY)
    const ask = this.#book.bestPrice(Side.SELL)
    const middle = bid !== null && ask !== null ? (bid + ask) / 2 : fair
    const half = this.#halfSpread(fair) + 1
    const pull = Math.max(-0.3, Math.min(0.3, (0.1 * (fair - middle)) / half))
    const side = random.chance(0.5 + pull) ? Side.BUY : Side.SELL
    const best = side === Side.BUY ? ask : bid
    if (best === null) return
    const collar = Math.max(20, Math.ceil(best * COLLAR))
    const price = Math.max(1, side === Side.BUY ? best + collar : best - collar)
    let lots = Math.max(1, Math.round(this.#options.takerLots * this.#logNormal(1.4)))
    if (random.chance(0.012)) lots += this.#sweepLots(oppositeSide(side))
    const rests = random.chance(0.12)
    this.#submit(
      rests
        ? { side, price: best, lots, timeInForce: TimeInForce.GTC }
        : { side, price, lots, timeInForce: TimeInForce.IOC },
    )
    this.#excite()
  }

  /** Lots of the best few levels: a sweep takes them all at once. */
  #sweepLots(side: Side): number {
    let lots = 0
    this.#book.forEachLevel(side, this.#random.int(3, 12), (_price, levelLots) => {
      lots += levelLots
    })
    return lots
  }

  #quote(side: Side, fair: number): void {
    const random = this.#random
    const away = side === Side.BUY ? -1 : 1
    const half = this.#halfSpread(fair)
    const near = Math.max(3, NEAR * fair * this.#spreadFactor ** 0.5)
    const kind = random.next()
    let distance: number
    let size = this.#options.makerLots
    if (kind < 0.4) distance = half * (0.5 + 1.5 * random.next())
    else if (kind < 0.82) distance = half - near * Math.log(1 - random.next())
    else {
      distance = Math.min(near * 10 ** (2.2 * random.next()), fair * FAR_MAX)
      size *= 3
    }
    let price = side === Side.BUY ? Math.floor(fair - distance) : Math.ceil(fair + distance)
    // People like round numbers, so far levels collect orders.
    if (kind >= 0.82 && fair > 1000) price -= price % 10
    const facing = this.#book.bestPrice(oppositeSide(side))
    if (facing !== null && (facing - price) * away >= 0) price = facing + away
    this.#submit({
      side,
      price: Math.max(1, price),
      lots: Math.max(1, Math.round(size * this.#logNormal(1))),
      timeInForce: TimeInForce.GTX,
    })
  }

  #withdrawOne(side: Side, fair: number): void {
    const pool = this.#pools[side]
    if (pool.length < 4) {
      this.#quote(side, fair)
      return
    }
    const order = pool[Math.floor(this.#random.next() * pool.length)]!
    if (order.lots > 1 && this.#random.chance(0.12)) {
      this.#book.reduce(order.id, Math.max(1, Math.floor(order.lots * this.#random.next())))
    } else this.#book.cancel(order.id)
  }

  #withdraw(side: Side): void {
    const pool = this.#pools[side]
    while (pool.length > 0) this.#book.cancel(pool[pool.length - 1]!.id)
  }

  #submit(order: NewOrder): void {
    const { resting } = this.#book.submit(order)
    if (resting === null) return
    const pool = this.#pools[resting.side]
    resting.tag = pool.length
    pool.push(resting)
  }

  #halfSpread(fair: number): number {
    return Math.max(0.6, HALF_SPREAD * fair * this.#spreadFactor * this.#options.activityFactor())
  }

  /** The thinner side gets more quotes. */
  #buyShareOfQuotes(): number {
    const buys = this.#pools[Side.BUY].length + 1
    const sells = this.#pools[Side.SELL].length + 1
    return Math.max(0.1, Math.min(0.9, sells / (buys + sells)))
  }

  #excite(): void {
    this.#excitation = Math.min(EXCITATION_MAX, this.#excitation + EXCITATION_PER_TAKER)
  }

  #logNormal(sigma: number): number {
    return Math.exp(sigma * this.#random.normal())
  }

  /** Whole microseconds until the next operation, at least one: no two operations share a stamp. */
  #wait(): number {
    const rate = this.#perUs * this.#options.activityFactor() ** 0.7 * (1 + this.#excitation)
    const waitUs = Math.min(SILENCE_US_MAX, Math.max(1, Math.ceil(-Math.log(1 - this.#random.next()) / rate)))
    this.#excitation *= Math.exp((-waitUs * this.#perUs) / EXCITATION_MEMORY)
    return waitUs
  }
}
