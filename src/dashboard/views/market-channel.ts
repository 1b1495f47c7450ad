/**
 * One symbol of one source: candles, book, best prices, funding. Reads the last messages that the bus keeps anyway
 * when it is time to push, so looking at a busy market costs its messages nothing.
 */
import type { Bus } from '../../bus/index.js'
import type { Envelope } from '../../types/envelope.js'
import type { OrderBookSnapshot, PriceLevels } from '../../types/order-book.js'
import { type CandleHistory, candleRow } from '../board/candle-history.js'
import type { BboView, CandleRow, FundingView, LadderView, MarketKey, MarketUpdate, ViewUpdates } from '../protocol.js'
import type { Channel } from './channel.js'

const LEVELS_MAX = 20

export interface MarketChannelOptions {
  readonly bus: Bus
  readonly candles: CandleHistory
  readonly key: MarketKey
  /** Intervals the source has streams of, shortest first. */
  readonly intervals: () => readonly string[]
}

interface Last {
  readonly partial: Envelope<unknown> | undefined
  readonly book: Envelope<unknown> | undefined
  readonly bbo: Envelope<unknown> | undefined
  readonly funding: Envelope<unknown> | undefined
  readonly candleCount: number
  readonly intervals: string
}

export class MarketChannel implements Channel {
  readonly #options: MarketChannelOptions
  #sent: Last

  constructor(options: MarketChannelOptions) {
    this.#options = options
    this.#sent = this.#look()
  }

  full(): ViewUpdates {
    const { key, candles, intervals } = this.#options
    return {
      market: {
        key,
        intervals: intervals(),
        candles: candles.read(key.source, key.symbol, this.#interval(), 0),
        forming: this.#forming(),
        book: this.#book(),
        bbo: this.#bbo(),
        funding: this.#funding(),
      },
    }
  }

  takeUpdate(): ViewUpdates | null {
    const sent = this.#sent
    const now = this.#look()
    this.#sent = now
    const { key, candles } = this.#options
    const market: { -readonly [Field in keyof MarketUpdate]: MarketUpdate[Field] } = { key }
    if (now.intervals !== sent.intervals) {
      // Another interval may have become the first one.
      return this.full()
    }
    if (now.candleCount !== sent.candleCount) {
      market.newCandles = candles.read(key.source, key.symbol, this.#interval(), sent.candleCount)
    }
    if (now.partial !== sent.partial || now.candleCount !== sent.candleCount) market.forming = this.#forming()
    if (now.book !== sent.book) market.book = this.#book()
    if (now.bbo !== sent.bbo) market.bbo = this.#bbo()
    if (now.funding !== sent.funding) market.funding = this.#funding()
    return Object.keys(market).length > 1 ? { market } : null
  }

  close(): void {}

  #look(): Last {
    const { bus, candles, key, intervals } = this.#options
    const { source, symbol } = key
    const interval = this.#interval()
    return {
      partial: bus.last('mkt.candles.partial', `${symbol} ${interval}`, source),
      book: bus.last('mkt.orderbook', symbol, source),
      bbo: bus.last('mkt.bbo', symbol, source),
      funding: bus.last('mkt.funding', symbol, source),
      candleCount: candles.count(source, symbol, interval),
      intervals: intervals().join(),
    }
  }

  #interval(): string {
    const { key, intervals } = this.#options
    return key.interval === '' ? (intervals()[0] ?? '') : key.interval
  }

  #forming(): CandleRow | null {
    const { bus, key } = this.#options
    const partial = bus.last('mkt.candles.partial', `${key.symbol} ${this.#interval()}`, key.source)?.payload
    if (partial === undefined) return null
    const final = bus.last('mkt.candles', `${key.symbol} ${this.#interval()}`, key.source)?.payload
    // The finalized candle of an interval comes after its last forming one and replaces it.
    return final !== undefined && final.openTimeMs >= partial.openTimeMs ? null : candleRow(partial)
  }

  #book(): LadderView | null {
    const { bus, key } = this.#options
    const book = bus.last('mkt.orderbook', key.symbol, key.source)?.payload
    return book === undefined ? null : ladderOf(book)
  }

  #bbo(): BboView | null {
    const { bus, key } = this.#options
    const bbo = bus.last('mkt.bbo', key.symbol, key.source)?.payload
    if (bbo === undefined) return null
    const { bid, bidQty, ask, askQty, receiveTimeMs } = bbo
    return { bid, bidQty, ask, askQty, receiveTimeMs }
  }

  #funding(): FundingView | null {
    const { bus, key } = this.#options
    const funding = bus.last('mkt.funding', key.symbol, key.source)?.payload
    if (funding === undefined) return null
    const { markPrice, indexPrice, fundingRate, nextFundingTimeMs, receiveTimeMs } = funding
    return { markPrice, indexPrice: indexPrice ?? null, fundingRate, nextFundingTimeMs, receiveTimeMs }
  }
}

function ladderOf(book: OrderBookSnapshot): LadderView {
  const { state, sequence, mid, spread, spreadBps, isCrossed, receiveTimeMs } = book
  return {
    state,
    sequence,
    bids: levelsOf(book.bids),
    asks: levelsOf(book.asks),
    mid,
    spread,
    spreadBps,
    isCrossed,
    receiveTimeMs,
  }
}

function levelsOf(levels: PriceLevels): (readonly [number, number])[] {
  const count = Math.min(levels.length, LEVELS_MAX)
  return Array.from({ length: count }, (_, index) => [levels.price(index), levels.qty(index)] as const)
}
