/**
 * Books of a bot, by tick: every price (`TickDepth`) or one range of prices as arrays (`RoiTickDepth`). They hold
 * what they are told and judge nothing; when a book may be read is the bot's to decide.
 */
import { BookSide } from '../../../market/book/book-side.js'
import { LiveClientError } from './errors.js'
import type { LiveDepth, RoiDepth } from './live-bot.js'
import type { LiveInstrument } from './live-instrument.js'
import type { BookLevel } from './models.js'
import { priceOf } from './order-table.js'

/** A book that can be written. */
export interface WritableDepth extends LiveDepth {
  /** Quantity at a tick; 0 removes the level, which may be unknown. */
  set(isBid: boolean, tick: number, qty: number): void
  clear(isBid: boolean): void
}

export class TickDepth implements WritableDepth {
  readonly tickSize: number
  readonly lotSize: number
  // The sides keep ticks as their prices: whole numbers, so no level is missed for a rounding error.
  readonly #bids: BookSide = new BookSide(true)
  readonly #asks: BookSide = new BookSide(false)

  constructor(instrument: Pick<LiveInstrument, 'tickSize' | 'lotSize'>) {
    this.tickSize = instrument.tickSize
    this.lotSize = instrument.lotSize
  }

  get bestBidTick(): number {
    return this.#bids.bestPrice
  }

  get bestAskTick(): number {
    return this.#asks.bestPrice
  }

  get bestBid(): number {
    return priceOf(this.#bids.bestPrice, this.tickSize)
  }

  get bestAsk(): number {
    return priceOf(this.#asks.bestPrice, this.tickSize)
  }

  get bestBidQty(): number {
    return this.#bids.levelCount === 0 ? 0 : this.#bids.bestQty
  }

  get bestAskQty(): number {
    return this.#asks.levelCount === 0 ? 0 : this.#asks.bestQty
  }

  bidQtyAtTick(tick: number): number {
    return this.#bids.qtyAt(tick)
  }

  askQtyAtTick(tick: number): number {
    return this.#asks.qtyAt(tick)
  }

  snapshot(levels: number = Number.POSITIVE_INFINITY): { bids: readonly BookLevel[]; asks: readonly BookLevel[] } {
    return { bids: this.#top(this.#bids, levels), asks: this.#top(this.#asks, levels) }
  }

  set(isBid: boolean, tick: number, qty: number): void {
    ;(isBid ? this.#bids : this.#asks).set(tick, qty)
  }

  clear(isBid: boolean): void {
    ;(isBid ? this.#bids : this.#asks).reset([])
  }

  #top(side: BookSide, levels: number): BookLevel[] {
    const flat: number[] = []
    const count = side.writeTop(Math.min(levels, side.levelCount), flat, 0)
    return Array.from({ length: count }, (_, index) => ({
      price: priceOf(flat[2 * index]!, this.tickSize),
      qty: flat[2 * index + 1]!,
    }))
  }
}

/** Ticks an ROI book may span; 2^24 doubles are 128 MiB a side. */
const ROI_TICKS_MAX = 2 ** 24

export class RoiTickDepth implements WritableDepth, RoiDepth {
  readonly tickSize: number
  readonly lotSize: number
  readonly roiLbTick: number
  readonly roiUbTick: number
  readonly bidDepth: Float64Array
  readonly askDepth: Float64Array
  /** Index of the best level, -1 for an empty side. */
  #bestBid = -1
  #bestAsk = -1

  /** Throws `LIVE_OPTION_INVALID` without a range, or for one of more than 2^24 ticks. */
  constructor(instrument: LiveInstrument) {
    if (instrument.roiLb === null || instrument.roiUb === null) {
      throw new LiveClientError('LIVE_OPTION_INVALID', `${instrument.symbol}: an ROI book needs roiLb and roiUb`)
    }
    this.tickSize = instrument.tickSize
    this.lotSize = instrument.lotSize
    this.roiLbTick = Math.round(instrument.roiLb / instrument.tickSize)
    this.roiUbTick = Math.round(instrument.roiUb / instrument.tickSize)
    const size = this.roiUbTick - this.roiLbTick + 1
    if (size > ROI_TICKS_MAX) {
      throw new LiveClientError('LIVE_OPTION_INVALID', `${instrument.symbol}: roiLb to roiUb spans ${size} ticks`)
    }
    this.bidDepth = new Float64Array(size)
    this.askDepth = new Float64Array(size)
  }

  get bestBidTick(): number {
    return this.#bestBid < 0 ? Number.NaN : this.roiLbTick + this.#bestBid
  }

  get bestAskTick(): number {
    return this.#bestAsk < 0 ? Number.NaN : this.roiLbTick + this.#bestAsk
  }

  get bestBid(): number {
    return priceOf(this.bestBidTick, this.tickSize)
  }

  get bestAsk(): number {
    return priceOf(this.bestAskTick, this.tickSize)
  }

  get bestBidQty(): number {
    return this.bidDepth[this.#bestBid] ?? 0
  }

  get bestAskQty(): number {
    return this.askDepth[this.#bestAsk] ?? 0
  }

  bidQtyAtTick(tick: number): number {
    return this.bidDepth[tick - this.roiLbTick] ?? 0
  }

  askQtyAtTick(tick: number): number {
    return this.askDepth[tick - this.roiLbTick] ?? 0
  }

  snapshot(levels: number = Number.POSITIVE_INFINITY): { bids: readonly BookLevel[]; asks: readonly BookLevel[] } {
    return {
      bids: this.#collect(this.bidDepth, this.#bestBid, -1, levels),
      asks: this.#collect(this.askDepth, this.#bestAsk, 1, levels),
    }
  }

  /** Prices outside the range are ignored. */
  set(isBid: boolean, tick: number, qty: number): void {
    const at = tick - this.roiLbTick
    if (!(at >= 0 && at < this.bidDepth.length)) return
    if (isBid) {
      this.bidDepth[at] = qty
      if (qty > 0) this.#bestBid = Math.max(this.#bestBid, at)
      else if (at === this.#bestBid) this.#bestBid = nextLevel(this.bidDepth, at, -1)
    } else {
      this.askDepth[at] = qty
      if (qty > 0) this.#bestAsk = this.#bestAsk < 0 ? at : Math.min(this.#bestAsk, at)
      else if (at === this.#bestAsk) this.#bestAsk = nextLevel(this.askDepth, at, 1)
    }
  }

  clear(isBid: boolean): void {
    if (isBid) this.#bestBid = -1
    else this.#bestAsk = -1
    ;(isBid ? this.bidDepth : this.askDepth).fill(0)
  }

  #collect(side: Float64Array, best: number, step: 1 | -1, levels: number): BookLevel[] {
    const found: BookLevel[] = []
    for (let at = best; at >= 0 && found.length < levels; at = nextLevel(side, at, step)) {
      found.push({ price: priceOf(this.roiLbTick + at, this.tickSize), qty: side[at]! })
    }
    return found
  }
}

function nextLevel(side: Float64Array, from: number, step: 1 | -1): number {
  for (let at = from + step; at >= 0 && at < side.length; at += step) if (side[at]! > 0) return at
  return -1
}
