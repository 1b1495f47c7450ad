/** Texts of candle streams. */
import type { CandleInterval } from '../../../types/stream.js'
import type { Bar } from '../bar.js'
import type { Instrument } from '../instrument.js'
import type { Stamps } from './stamps.js'

export interface CandleFrame {
  readonly interval: CandleInterval
  readonly openMs: number
  /** First ms after the interval. */
  readonly endMs: number
  readonly isClosed: boolean
}

export function klinePayload(
  instrument: Instrument,
  stamps: Stamps,
  eventUs: number,
  frame: CandleFrame,
  bar: Bar,
): string {
  const { numbers } = instrument
  const symbol = instrument.text.symbolJson
  return `{"e":"kline","E":${stamps.event(eventUs)},"s":${symbol},"k":{"t":${stamps.boundary(frame.openMs)},"T":${stamps.lastBefore(frame.endMs)},"s":${symbol},${body(instrument, frame, bar, numbers.trade(bar.firstId), numbers.trade(bar.lastId))}}}`
}

/** As `kline`, by pair and contract type; first and last are update ids here. */
export function continuousKlinePayload(
  instrument: Instrument,
  stamps: Stamps,
  eventUs: number,
  frame: CandleFrame,
  bar: Bar,
  ids: { readonly first: number; readonly last: number },
): string {
  return `{"e":"continuous_kline","E":${stamps.event(eventUs)},"ps":${instrument.text.pairJson},"ct":"${instrument.spec.contractType}","k":{"t":${stamps.boundary(frame.openMs)},"T":${stamps.lastBefore(frame.endMs)},${body(instrument, frame, bar, ids.first, ids.last)}}}`
}

function body(instrument: Instrument, frame: CandleFrame, bar: Bar, first: number, last: number): string {
  const { text } = instrument
  return `"i":"${frame.interval}","f":${first},"L":${last},"o":"${text.price(bar.open)}","c":"${text.price(bar.close)}","h":"${text.price(bar.high)}","l":"${text.price(bar.low)}","v":"${text.qty(bar.lots)}","n":${bar.count},"x":${frame.isClosed},"q":"${text.value(bar.value)}","V":"${text.qty(bar.buyLots)}","Q":"${text.value(bar.buyValue)}","B":"0"`
}

/** A REST row: twelve elements. */
export function klineRow(instrument: Instrument, stamps: Stamps, openMs: number, endMs: number, bar: Bar): string {
  const { text } = instrument
  return `[${stamps.boundary(openMs)},"${text.price(bar.open)}","${text.price(bar.high)}","${text.price(bar.low)}","${text.price(bar.close)}","${text.qty(bar.lots)}",${stamps.lastBefore(endMs)},"${text.value(bar.value)}",${bar.count},"${text.qty(bar.buyLots)}","${text.value(bar.buyValue)}","0"]`
}
