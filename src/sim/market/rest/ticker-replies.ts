/** REST statistics and prices: 24 h ticker, last price, best bid and offer, average price. */
import type { RestReply } from '../../market-source.js'
import { Side } from '../../match/index.js'
import type { Instrument } from '../instrument.js'
import { bestText } from '../payload/book-payloads.js'
import type { Stamps } from '../payload/stamps.js'
import { lastQtyText, windowText } from '../payload/ticker-payloads.js'
import { averageBar, type WindowStats } from '../rolling-window.js'
import { dayWindow } from '../stream/ticker-streams.js'
import { RestError, type RestRequest, reply } from './rest-request.js'

type Row = (instrument: Instrument) => string

function answer(request: RestRequest, one: number, many: (count: number) => number, all: number, row: Row): RestReply {
  const weightOfRefusal = request.text('symbol') !== null ? one : all
  try {
    const selection = request.selection()
    if (selection === null) return reply(`[${request.view.listed.map(row).join(',')}]`, all)
    const { instruments, isOne } = selection
    return isOne
      ? reply(row(instruments[0]!), one)
      : reply(`[${instruments.map(row).join(',')}]`, many(instruments.length))
  } catch (error) {
    if (error instanceof RestError) throw new RestError(error.code, error.message, error.status, weightOfRefusal)
    throw error
  }
}

export function dayTickerReply(request: RestRequest): RestReply {
  const { view, stamps } = request
  const isMini = request.isSpot && request.text('type') === 'MINI'
  const row: Row = (instrument) => {
    const stats = dayWindow(instrument).at(view.nowUs)
    return isMini ? miniRow(instrument, stamps, stats) : dayRow(instrument, stamps, stats)
  }
  return request.isSpot
    ? answer(request, 2, (count) => (count <= 20 ? 2 : count <= 100 ? 40 : 80), 80, row)
    : answer(request, 1, () => 40, 40, row)
}

export function priceReply(request: RestRequest): RestReply {
  const { view, stamps } = request
  const row: Row = (instrument) => {
    instrument.bars.rollTo(view.nowUs)
    const head = `"symbol":${instrument.text.symbolJson},"price":"${instrument.text.price(instrument.lastPrice)}"`
    return request.isSpot ? `{${head}}` : `{${head},"time":${stamps.time(lastTradeUs(instrument))}}`
  }
  return request.isSpot ? answer(request, 2, () => 4, 4, row) : answer(request, 1, () => 2, 2, row)
}

export function bookTickerReply(request: RestRequest): RestReply {
  const { stamps } = request
  const row: Row = (instrument) => {
    const [bid, bidQty] = bestText(instrument, Side.BUY)
    const [ask, askQty] = bestText(instrument, Side.SELL)
    const head = `"symbol":${instrument.text.symbolJson},"bidPrice":"${bid}","bidQty":"${bidQty}","askPrice":"${ask}","askQty":"${askQty}"`
    if (request.isSpot) return `{${head}}`
    return `{${head},"time":${stamps.time(instrument.lastChangeUs)},"lastUpdateId":${instrument.lastUpdateId}}`
  }
  return request.isSpot ? answer(request, 2, () => 4, 4, row) : answer(request, 2, () => 5, 5, row)
}

export function avgPriceReply(request: RestRequest): RestReply {
  const instrument = request.instrument()
  const bar = averageBar(instrument, 5, request.view.nowUs)
  const { text } = instrument
  const price = bar.lots === 0 ? text.price(bar.close) : text.averagePrice(bar.value, bar.lots)
  return reply(`{"mins":5,"price":"${price}","closeTime":${request.stamps.time(lastTradeUs(instrument))}}`, 2)
}

function lastTradeUs(instrument: Instrument): number {
  return instrument.lastTrade()?.timeUs ?? instrument.startUs
}

function dayRow(instrument: Instrument, stamps: Stamps, stats: WindowStats): string {
  const { spec, text } = instrument
  const { bar } = stats
  const w = windowText(instrument, bar)
  const head = `"symbol":${text.symbolJson},"priceChange":"${w.change}","priceChangePercent":"${w.changePercent}","weightedAvgPrice":"${w.average}"`
  const last = `"lastPrice":"${w.last}","lastQty":"${lastQtyText(instrument)}"`
  const tail = `"openPrice":"${w.open}","highPrice":"${w.high}","lowPrice":"${w.low}","volume":"${w.volume}","quoteVolume":"${w.quoteVolume}","openTime":${stamps.boundary(stats.openTimeMs)},"closeTime":${stamps.boundary(stats.closeTimeMs)},"firstId":${instrument.numbers.trade(bar.firstId)},"lastId":${instrument.numbers.trade(bar.lastId)},"count":${bar.count}`
  if (spec.market === 'futures') return `{${head},${last},${tail}}`
  const [bid, bidQty] = bestText(instrument, Side.BUY)
  const [ask, askQty] = bestText(instrument, Side.SELL)
  return `{${head},"prevClosePrice":"${text.price(stats.previousClose)}",${last},"bidPrice":"${bid}","bidQty":"${bidQty}","askPrice":"${ask}","askQty":"${askQty}",${tail}}`
}

function miniRow(instrument: Instrument, stamps: Stamps, stats: WindowStats): string {
  const { bar } = stats
  const w = windowText(instrument, bar)
  return `{"symbol":${instrument.text.symbolJson},"openPrice":"${w.open}","highPrice":"${w.high}","lowPrice":"${w.low}","lastPrice":"${w.last}","volume":"${w.volume}","quoteVolume":"${w.quoteVolume}","openTime":${stamps.boundary(stats.openTimeMs)},"closeTime":${stamps.boundary(stats.closeTimeMs)},"firstId":${instrument.numbers.trade(bar.firstId)},"lastId":${instrument.numbers.trade(bar.lastId)},"count":${bar.count}}`
}
