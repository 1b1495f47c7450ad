/**
 * Trading before the start: minutes and executions that lead up exactly to the first live price and the first live
 * trade id.
 *
 * A minute is a handful of segments, each with one price, one taker side, a number of executions and their lots.
 * Its candle is summed from the segments, its executions are split out of them when somebody asks; both come from
 * the same numbers, so they agree, and 25 hours cost about a millisecond.
 */
import type { Random } from '../../runtime/random.js'
import { BAR_COLUMNS, Bar } from './bar.js'
import { MINUTE_MS } from './intervals.js'
import type { WarmRows } from './minute-bars.js'
import { TradeKind, type TradeRecord } from './trade-log.js'

const MINUTE_US = MINUTE_MS * 1000
const SEGMENTS_MAX = 8

export interface WarmHistoryOptions {
  readonly random: Random
  /** Shared by all markets on the same underlying, so that their prices moved together. */
  readonly walkRandom: Random
  readonly startUs: number
  readonly startPrice: number
  /** Minutes before the one of the start. */
  readonly minutes: number
  readonly tradesPerMinute: number
  readonly medianLots: number
  /** Standard deviation of the price over a minute, as a fraction. */
  readonly volatilityPerMinute: number
  /** The first live trade and aggregate follow these. */
  readonly endTradeId: number
  readonly endAggregateId: number
  readonly valueOf: (price: number, lots: number) => number
}

interface Segment {
  price: number
  lots: number
  count: number
  takerBought: boolean
}

export class WarmHistory {
  readonly #options: WarmHistoryOptions
  /** Closing price, number of executions and first id per minute; the last entry is the minute of the start. */
  readonly #closes: Float64Array
  readonly #counts: Uint32Array
  readonly #firstIds: Float64Array
  readonly #firstMinute: number
  #lastMinute = -1
  #lastTrades: readonly TradeRecord[] = []

  constructor(options: WarmHistoryOptions) {
    this.#options = options
    const size = options.minutes + 1
    this.#closes = new Float64Array(size)
    this.#counts = new Uint32Array(size)
    this.#firstIds = new Float64Array(size)
    this.#firstMinute = Math.floor(options.startUs / MINUTE_US) - options.minutes
    this.#walkBack()
  }

  get firstMinute(): number {
    return this.#firstMinute
  }

  get firstTradeId(): number {
    return this.#firstIds[0]!
  }

  rows(): WarmRows {
    const count = this.#closes.length
    const rows = new Float64Array(count * BAR_COLUMNS)
    const bar = new Bar()
    for (let index = 0; index < count; index++) {
      bar.reset(this.#openOf(index))
      let id = this.#firstIds[index]!
      for (const segment of this.#segments(index)) {
        const { price, lots, takerBought } = segment
        bar.addTrade(id, price, lots, this.#options.valueOf(price, lots), takerBought)
        id += segment.count
      }
      // A segment counts as one addition; its executions are many.
      bar.count = this.#counts[index]!
      if (bar.count > 0) bar.lastId = id - 1
      bar.writeRow(rows, index * BAR_COLUMNS)
    }
    return { rows, count }
  }

  /** All executions of a minute, or none if it is not part of the warm-up. */
  trades(minute: number): readonly TradeRecord[] {
    // Neighbouring requests mostly ask for the same minute.
    if (minute !== this.#lastMinute) {
      this.#lastTrades = this.#makeTrades(minute)
      this.#lastMinute = minute
    }
    return this.#lastTrades
  }

  #makeTrades(minute: number): TradeRecord[] {
    const index = minute - this.#firstMinute
    const total = this.#counts[index] ?? 0
    if (total === 0) return []
    const { startUs, endTradeId, endAggregateId } = this.#options
    const segments = this.#segments(index)
    const random = this.#options.random.split(`trades/${minute}`)
    const beginUs = minute * MINUTE_US
    const spanUs = Math.min(MINUTE_US, startUs - beginUs)
    const trades: TradeRecord[] = []
    const firstId = this.#firstIds[index]!
    for (const segment of segments) {
      let left = segment.lots
      for (let part = 0; part < segment.count; part++) {
        const others = segment.count - part - 1
        const lots =
          others === 0 ? left : 1 + Math.floor(random.next() * Math.min(left - others - 1, (2 * left) / (others + 1)))
        left -= lots
        const position = trades.length
        const id = firstId + position
        trades.push({
          id,
          price: segment.price,
          lots,
          timeUs: beginUs + Math.min(spanUs - 1, Math.floor(((position + random.next()) / total) * spanUs)),
          isBuyerMaker: !segment.takerBought,
          aggregateId: endAggregateId - (endTradeId - id),
          kind: TradeKind.MARKET,
        })
      }
    }
    return trades
  }

  /** Minute that holds this trade id; `null` outside the warm-up. */
  minuteOf(tradeId: number): number | null {
    if (tradeId < this.#firstIds[0]! || tradeId >= this.#options.endTradeId) return null
    let low = 0
    let high = this.#firstIds.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (this.#firstIds[middle]! <= tradeId) low = middle
      else high = middle - 1
    }
    return this.#firstMinute + low
  }

  #walkBack(): void {
    const { random, walkRandom, startUs, startPrice, tradesPerMinute, volatilityPerMinute, endTradeId } = this.#options
    const counts = random.split('counts')
    const walk = walkRandom.split('walk')
    const last = this.#closes.length - 1
    let close = startPrice
    let endId = endTradeId
    for (let index = last; index >= 0; index--) {
      const share = index === last ? (startUs % MINUTE_US) / MINUTE_US : 1
      // Between a third and five thirds of the mean; a mean below one makes most minutes empty.
      const count = Math.floor(tradesPerMinute * share * (1 / 3 + (4 / 3) * counts.next()) + counts.next() * 0.999)
      const step = walk.normal()
      this.#closes[index] = close
      this.#counts[index] = share === 0 ? 0 : count
      endId -= this.#counts[index]!
      this.#firstIds[index] = endId
      // A minute without executions cannot move the price.
      if (this.#counts[index]! > 0) {
        close = Math.max(1, Math.round(close * Math.exp(-step * volatilityPerMinute * Math.sqrt(share))))
      }
    }
    this.#openBefore = close
  }

  #openBefore = 0

  #openOf(index: number): number {
    return index === 0 ? this.#openBefore : this.#closes[index - 1]!
  }

  #segments(index: number): Segment[] {
    const total = this.#counts[index]!
    if (total === 0) return []
    const { random, medianLots, volatilityPerMinute } = this.#options
    const own = random.split(`minute/${this.#firstMinute + index}`)
    const open = this.#openOf(index)
    const close = this.#closes[index]!
    const size = Math.min(total, SEGMENTS_MAX)
    const wobble = open * volatilityPerMinute * 0.5
    const segments: Segment[] = []
    let left = total - size
    for (let part = 0; part < size; part++) {
      const isLast = part === size - 1
      const along = (part + 1) / size
      const price = isLast ? close : Math.max(1, Math.round(open + (close - open) * along + wobble * own.normal()))
      const extra = isLast ? left : Math.min(left, Math.floor((own.next() * 2 * (total - size)) / size))
      left -= extra
      const count = 1 + extra
      const lots = Math.max(count, Math.round(medianLots * count * Math.exp(0.8 * own.normal())))
      segments.push({ price, lots, count, takerBought: own.chance(price >= open ? 0.55 : 0.45) })
    }
    return segments
  }
}
