/**
 * The stub's market: a random walk on the instrument's ticks that makes trades and book changes, one feed at a
 * time, from a seed. It knows no time and no orders; whoever asks for a feed says when it is.
 *
 * The first feed shows the book around `basePrice`; the price walks only with the book changes after it.
 */
import type { Random } from '../../../runtime/random.js'
import { EventFlag, EventKind } from '../native/types.js'
import type { LiveInstrument } from './live-instrument.js'
import { priceOf } from './order-table.js'

export interface StubMarketOptions {
  readonly basePrice: number
  /** Standard deviation of the relative step with each book change. */
  readonly volatility: number
  /** Mean spread in price; each change draws 0.5 to 1.5 times of it. */
  readonly spread: number
  readonly tradeProb: number
  readonly depthProb: number
}

/** `[ev, price, qty]`: an event without its times. */
export type StubEvent = readonly [ev: number, px: number, qty: number]

/** What one feed brings, in order. */
export interface StubFeed {
  readonly assetNo: number
  readonly events: readonly StubEvent[]
}

/** Gives the feeds of a run one after the other; `null` when there are no more. */
export interface StubFeedSource {
  next(feedNo: number): StubFeed | null
}

const FROM_VENUE = EventFlag.EXCH + EventFlag.LOCAL
const LEVELS = 5

export class StubMarket implements StubFeedSource {
  readonly #assets: AssetMarket[]

  constructor(instruments: readonly LiveInstrument[], options: StubMarketOptions, random: Random) {
    this.#assets = instruments.map((instrument, index) => {
      return new AssetMarket(index, instrument, options, random.split(`market-${index}`))
    })
  }

  /** Assets take turns. */
  next(feedNo: number): StubFeed {
    return this.#assets[feedNo % this.#assets.length]!.next()
  }
}

class AssetMarket {
  readonly #assetNo: number
  readonly #instrument: LiveInstrument
  readonly #options: StubMarketOptions
  readonly #random: Random
  #mid: number
  /** Quantities by tick, as the venue holds them. */
  #bids = new Map<number, number>()
  #asks = new Map<number, number>()
  #bestBid = Number.NaN
  #bestAsk = Number.NaN

  constructor(assetNo: number, instrument: LiveInstrument, options: StubMarketOptions, random: Random) {
    this.#assetNo = assetNo
    this.#instrument = instrument
    this.#options = options
    this.#random = random
    this.#mid = options.basePrice
  }

  next(): StubFeed {
    const events: StubEvent[] = []
    if (this.#bids.size === 0) this.#moveBook(EventKind.DEPTH_SNAPSHOT, events)
    if (this.#random.chance(this.#options.tradeProb)) events.push(this.#trade())
    if (this.#random.chance(this.#options.depthProb)) this.#changeBook(events)
    else this.#changeDeepLevel(events)
    return { assetNo: this.#assetNo, events }
  }

  #trade(): StubEvent {
    const isBuy = this.#random.chance(0.5)
    const ev = FROM_VENUE + (isBuy ? EventFlag.BUY : EventFlag.SELL) + EventKind.TRADE
    return [ev, this.#price(isBuy ? this.#bestAsk : this.#bestBid), this.#qty()]
  }

  #changeBook(events: StubEvent[]): void {
    const floor = this.#options.spread + 2 * LEVELS * this.#instrument.tickSize
    this.#mid = Math.max(floor, this.#mid * (1 + this.#options.volatility * this.#random.normal()))
    this.#moveBook(EventKind.DEPTH, events)
  }

  /** A new top and the levels behind it; levels that are no more are taken away first, so that nothing crosses. */
  #moveBook(kind: number, events: StubEvent[]): void {
    const tickSize = this.#instrument.tickSize
    const half = (this.#options.spread * (0.5 + this.#random.next())) / 2
    this.#bestBid = Math.floor((this.#mid - half) / tickSize)
    this.#bestAsk = Math.max(this.#bestBid + 1, Math.ceil((this.#mid + half) / tickSize))
    const step = Math.max(1, Math.round(this.#options.spread / tickSize / 2))
    const bids = this.#ladder(this.#bestBid, -step)
    const asks = this.#ladder(this.#bestAsk, step)
    this.#remove(EventFlag.BUY, this.#bids, bids, events)
    this.#remove(EventFlag.SELL, this.#asks, asks, events)
    for (const [tick, qty] of bids) events.push([FROM_VENUE + EventFlag.BUY + kind, this.#price(tick), qty])
    for (const [tick, qty] of asks) events.push([FROM_VENUE + EventFlag.SELL + kind, this.#price(tick), qty])
    this.#bids = bids
    this.#asks = asks
  }

  #changeDeepLevel(events: StubEvent[]): void {
    const isBid = this.#random.chance(0.5)
    const side = isBid ? this.#bids : this.#asks
    const tick = [...side.keys()].at(-1)!
    const qty = this.#qty()
    side.set(tick, qty)
    const ev = FROM_VENUE + (isBid ? EventFlag.BUY : EventFlag.SELL) + EventKind.DEPTH
    events.push([ev, this.#price(tick), qty])
  }

  #ladder(best: number, step: number): Map<number, number> {
    const levels = new Map<number, number>()
    for (let level = 0; level < LEVELS; level++) levels.set(best + level * step, this.#qty())
    return levels
  }

  #remove(
    side: number,
    old: ReadonlyMap<number, number>,
    kept: ReadonlyMap<number, number>,
    events: StubEvent[],
  ): void {
    for (const tick of old.keys()) {
      if (!kept.has(tick)) events.push([FROM_VENUE + side + EventKind.DEPTH, this.#price(tick), 0])
    }
  }

  #qty(): number {
    return priceOf(this.#random.int(1, 1000), this.#instrument.lotSize)
  }

  #price(tick: number): number {
    return priceOf(tick, this.#instrument.tickSize)
  }
}
