/** The truth about a simulated market, for tests to compare with. */
import type { MarketKind } from '../../types/venue.js'
import type {
  MarketOracle,
  OracleBook,
  OracleCandle,
  OracleFunding,
  OracleTicker,
  OracleTrade,
} from '../market-source.js'
import { Side } from '../match/index.js'
import { Bar } from './bar.js'
import { candleAt } from './candle-series.js'
import type { LevelKey } from './change-journal.js'
import { levelKey } from './change-journal.js'
import type { Instrument } from './instrument.js'
import { intervalOpen, MINUTE_MS, nextIntervalOpen, parseInterval } from './intervals.js'
import { rateText, referenceText } from './payload/futures-payloads.js'
import { windowText } from './payload/ticker-payloads.js'
import { sortedPrices } from './rest/depth-reply.js'
import { dayWindow } from './stream/ticker-streams.js'
import { tradesById } from './trade-history.js'
import { TRADE_KIND_NAMES } from './trade-log.js'

export interface OracleView {
  readonly nowUs: number
  /** In listing order, all markets. */
  readonly instruments: readonly Instrument[]
  find(symbol: string, market: MarketKind): Instrument | null
}

export class SimOracle implements MarketOracle {
  readonly #view: OracleView

  constructor(view: OracleView) {
    this.#view = view
  }

  symbols(market: MarketKind): readonly string[] {
    return this.#view.instruments
      .filter(({ spec }) => spec.market === market && !spec.isExtra)
      .map(({ spec }) => spec.symbol)
  }

  book(symbol: string, market: MarketKind): OracleBook | null {
    return this.bookAt(symbol, Number.POSITIVE_INFINITY, market)
  }

  bookAt(symbol: string, updateId: number, market: MarketKind): OracleBook | null {
    const instrument = this.#view.find(symbol, market)
    const levels = instrument?.journal.booksAt(instrument.book, updateId) ?? null
    if (instrument === null || levels === null) return null
    return {
      symbol,
      market,
      updateId: instrument.journal.isOfEarlierEpoch(updateId) ? updateId : Math.min(updateId, instrument.lastUpdateId),
      bids: sideText(instrument, levels, Side.BUY),
      asks: sideText(instrument, levels, Side.SELL),
    }
  }

  candles(
    symbol: string,
    interval: string,
    market: MarketKind,
    fromMs: number = 0,
    toMs: number = Number.POSITIVE_INFINITY,
  ): readonly OracleCandle[] {
    const instrument = this.#view.find(symbol, market)
    const parsed = parseInterval(interval, market)
    if (instrument === null || parsed === null) return []
    const { nowUs } = this.#view
    instrument.bars.warm()
    const firstMs = Math.max(instrument.bars.firstMinute * MINUTE_MS, fromMs)
    let openMs = intervalOpen(parsed, firstMs)
    if (openMs < firstMs) openMs = nextIntervalOpen(parsed, openMs)
    const candles: OracleCandle[] = []
    const bar = new Bar()
    for (let endMs = nextIntervalOpen(parsed, openMs); openMs <= toMs && endMs * 1000 <= nowUs; ) {
      candles.push(candleText(instrument, openMs, endMs, candleAt(instrument, parsed, openMs, nowUs, bar)))
      openMs = endMs
      endMs = nextIntervalOpen(parsed, openMs)
    }
    return candles
  }

  trades(symbol: string, fromId: number, toId: number, market: MarketKind): readonly OracleTrade[] {
    const instrument = this.#view.find(symbol, market)
    if (instrument === null) return []
    const { numbers } = instrument
    const found = numbers
      .tradeRanges(fromId, toId)
      .flatMap(([from, to]) => tradesById(instrument, from, to, Number.POSITIVE_INFINITY))
    return found.map((trade) => ({
      id: numbers.trade(trade.id),
      price: instrument.text.price(trade.price),
      qty: instrument.text.qty(trade.lots),
      timeMs: trade.timeUs / 1000,
      isBuyerMaker: trade.isBuyerMaker,
      aggregateId: numbers.aggregate(trade.aggregateId),
      kind: TRADE_KIND_NAMES[trade.kind],
    }))
  }

  ticker(symbol: string, market: MarketKind): OracleTicker | null {
    const instrument = this.#view.find(symbol, market)
    if (instrument === null) return null
    const { bar, openTimeMs, closeTimeMs } = dayWindow(instrument).at(this.#view.nowUs)
    const { open, high, low, last, volume, quoteVolume } = windowText(instrument, bar)
    return {
      openTime: openTimeMs,
      closeTime: closeTimeMs,
      open,
      high,
      low,
      last,
      volume,
      quoteVolume,
      firstTradeId: instrument.numbers.trade(bar.firstId),
      lastTradeId: instrument.numbers.trade(bar.lastId),
      tradeCount: bar.count,
    }
  }

  funding(symbol: string): OracleFunding | null {
    const instrument = this.#view.find(symbol, 'futures')
    const futures = instrument?.futures ?? null
    if (instrument === null || futures === null) return null
    return {
      timeMs: (futures.nextSampleUs - 1_000_000) / 1000,
      markPrice: referenceText(futures.markUnits),
      indexPrice: referenceText(futures.indexUnits),
      fundingRate: rateText(instrument),
      nextFundingTimeMs: futures.nextFundingMs,
      settled: futures.settlements().map(({ timeMs, rateUnits }) => ({
        fundingTimeMs: timeMs,
        fundingRate: referenceText(rateUnits),
      })),
    }
  }

  historyHash(): string {
    let high = 0x811c9dc5
    let low = 0x9e3779b9
    for (const { digest } of this.#view.instruments) {
      const hex = digest.hex()
      high = Math.imul(high ^ Number.parseInt(hex.slice(0, 8), 16), 0x01000193)
      low = Math.imul(low ^ Number.parseInt(hex.slice(8), 16), 0x27d4eb2f)
    }
    return (high >>> 0).toString(16).padStart(8, '0') + (low >>> 0).toString(16).padStart(8, '0')
  }

  eventCount(): number {
    return this.#view.instruments.reduce((sum, { digest }) => sum + digest.count, 0)
  }
}

function sideText(
  instrument: Instrument,
  levels: ReadonlyMap<LevelKey, number>,
  side: Side,
): (readonly [string, string])[] {
  const { text } = instrument
  return sortedPrices(levels, side).map((price) => [text.price(price), text.qty(levels.get(levelKey(side, price))!)])
}

function candleText(instrument: Instrument, openMs: number, endMs: number, bar: Bar): OracleCandle {
  const { text } = instrument
  return {
    openTime: openMs,
    closeTime: endMs - 1,
    open: text.price(bar.open),
    high: text.price(bar.high),
    low: text.price(bar.low),
    close: text.price(bar.close),
    volume: text.qty(bar.lots),
    quoteVolume: text.value(bar.value),
    tradeCount: bar.count,
    takerBuyVolume: text.qty(bar.buyLots),
    takerBuyQuoteVolume: text.value(bar.buyValue),
    firstTradeId: instrument.numbers.trade(bar.firstId),
    lastTradeId: instrument.numbers.trade(bar.lastId),
  }
}
