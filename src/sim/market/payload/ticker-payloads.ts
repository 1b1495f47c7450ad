/** Texts of window statistics: 24 h ticker, mini ticker, shorter windows, average price. */
import { Side } from '../../match/index.js'
import type { Bar } from '../bar.js'
import { formatRatio } from '../decimal.js'
import type { Instrument } from '../instrument.js'
import type { WindowStats } from '../rolling-window.js'
import { bestText } from './book-payloads.js'
import type { Stamps } from './stamps.js'

/** The figures of a window, as text. */
export interface WindowText {
  readonly change: string
  readonly changePercent: string
  readonly average: string
  readonly open: string
  readonly high: string
  readonly low: string
  readonly last: string
  readonly volume: string
  readonly quoteVolume: string
}

export function windowText(instrument: Instrument, bar: Bar): WindowText {
  const { text } = instrument
  const change = bar.close - bar.open
  return {
    change: change < 0 ? `-${text.price(-change)}` : text.price(change),
    changePercent: formatRatio(BigInt(change) * 100n, BigInt(Math.max(1, bar.open)), 3),
    average: bar.lots === 0 ? text.price(bar.close) : text.averagePrice(bar.value, bar.lots),
    open: text.price(bar.open),
    high: text.price(bar.high),
    low: text.price(bar.low),
    last: text.price(bar.close),
    volume: text.qty(bar.lots),
    quoteVolume: text.tickerValue(bar.value),
  }
}

/** Quantity of the last execution as text. */
export function lastQtyText(instrument: Instrument): string {
  return instrument.text.qty(instrument.lastTrade()?.lots ?? 0)
}

export function tickerPayload(instrument: Instrument, stamps: Stamps, eventUs: number, stats: WindowStats): string {
  const { spec, text } = instrument
  const { bar } = stats
  const w = windowText(instrument, bar)
  const head = `"e":"24hrTicker","E":${stamps.event(eventUs)},"s":${text.symbolJson}`
  const tail = `"o":"${w.open}","h":"${w.high}","l":"${w.low}","v":"${w.volume}","q":"${w.quoteVolume}","O":${stamps.boundary(stats.openTimeMs)},"C":${stamps.boundary(stats.closeTimeMs)},"F":${instrument.numbers.trade(bar.firstId)},"L":${instrument.numbers.trade(bar.lastId)},"n":${bar.count}`
  const change = `"p":"${w.change}","P":"${w.changePercent}","w":"${w.average}"`
  if (spec.market === 'futures') {
    return `{${head},"ps":${text.pairJson},${change},"c":"${w.last}","Q":"${lastQtyText(instrument)}",${tail},"st":${spec.contractClass}}`
  }
  const [bid, bidQty] = bestText(instrument, Side.BUY)
  const [ask, askQty] = bestText(instrument, Side.SELL)
  return `{${head},${change},"x":"${text.price(stats.previousClose)}","c":"${w.last}","Q":"${lastQtyText(instrument)}","b":"${bid}","B":"${bidQty}","a":"${ask}","A":"${askQty}",${tail}}`
}

export function miniTickerPayload(instrument: Instrument, stamps: Stamps, eventUs: number, stats: WindowStats): string {
  const { spec, text } = instrument
  const w = windowText(instrument, stats.bar)
  const figures = `"c":"${w.last}","o":"${w.open}","h":"${w.high}","l":"${w.low}","v":"${w.volume}","q":"${w.quoteVolume}"`
  const head = `"e":"24hrMiniTicker","E":${stamps.event(eventUs)},"s":${text.symbolJson}`
  return spec.market === 'futures'
    ? `{${head},"ps":${text.pairJson},${figures},"st":${spec.contractClass}}`
    : `{${head},${figures}}`
}

/** Spot, windows of 1 h, 4 h and 1 d. */
export function windowTickerPayload(
  instrument: Instrument,
  stamps: Stamps,
  eventUs: number,
  stats: WindowStats,
  label: string,
): string {
  const { text } = instrument
  const { bar } = stats
  const w = windowText(instrument, bar)
  return `{"e":"${label}Ticker","E":${stamps.event(eventUs)},"s":${text.symbolJson},"p":"${w.change}","P":"${w.changePercent}","o":"${w.open}","h":"${w.high}","l":"${w.low}","c":"${w.last}","w":"${w.average}","v":"${w.volume}","q":"${w.quoteVolume}","O":${stamps.boundary(stats.openTimeMs)},"C":${stamps.boundary(stats.closeTimeMs)},"F":${instrument.numbers.trade(bar.firstId)},"L":${instrument.numbers.trade(bar.lastId)},"n":${bar.count}}`
}

export function avgPricePayload(instrument: Instrument, stamps: Stamps, eventUs: number, bar: Bar): string {
  const { text } = instrument
  const average = bar.lots === 0 ? text.price(bar.close) : text.averagePrice(bar.value, bar.lots)
  const lastUs = instrument.lastTrade()?.timeUs ?? instrument.startUs
  return `{"e":"avgPrice","E":${stamps.event(eventUs)},"s":${text.symbolJson},"i":"5m","w":"${average}","T":${stamps.time(lastUs)}}`
}
