/** Texts of executions, single and aggregated. */
import type { Instrument } from '../instrument.js'
import { TRADE_KIND_NAMES, type TradeRecord } from '../trade-log.js'
import type { Stamps } from './stamps.js'

/** Neighbouring executions that the venue reports as one. */
export interface AggregateTrade {
  readonly id: number
  readonly price: number
  readonly lots: number
  readonly firstId: number
  readonly lastId: number
  /** Time of the last execution. */
  readonly timeUs: number
  readonly isBuyerMaker: boolean
}

/** Joins executions by aggregate id; those without one are left out. */
export function aggregate(trades: readonly TradeRecord[]): AggregateTrade[] {
  const aggregates: AggregateTrade[] = []
  for (const trade of trades) {
    if (trade.aggregateId < 0) continue
    const last = aggregates[aggregates.length - 1]
    if (last?.id === trade.aggregateId) {
      aggregates[aggregates.length - 1] = {
        ...last,
        lots: last.lots + trade.lots,
        lastId: trade.id,
        timeUs: trade.timeUs,
      }
    } else {
      aggregates.push({
        id: trade.aggregateId,
        price: trade.price,
        lots: trade.lots,
        firstId: trade.id,
        lastId: trade.id,
        timeUs: trade.timeUs,
        isBuyerMaker: trade.isBuyerMaker,
      })
    }
  }
  return aggregates
}

export function tradePayload(instrument: Instrument, stamps: Stamps, trade: TradeRecord, eventUs: number): string {
  const { text } = instrument
  const time = stamps.time(trade.timeUs)
  const price = text.price(trade.price)
  const qty = text.qty(trade.lots)
  if (instrument.spec.market === 'spot') {
    return `{"e":"trade","E":${stamps.event(eventUs)},"s":${text.symbolJson},"t":${instrument.numbers.trade(trade.id)},"p":"${price}","q":"${qty}","T":${time},"m":${trade.isBuyerMaker},"M":true}`
  }
  return `{"e":"trade","E":${stamps.event(eventUs)},"T":${time},"s":${text.symbolJson},"t":${instrument.numbers.trade(trade.id)},"p":"${price}","q":"${qty}","X":"${TRADE_KIND_NAMES[trade.kind]}","m":${trade.isBuyerMaker},"st":${instrument.spec.contractClass}}`
}

export function aggTradePayload(
  instrument: Instrument,
  stamps: Stamps,
  trade: AggregateTrade,
  eventUs: number,
): string {
  const { text, numbers } = instrument
  const qty = text.qty(trade.lots)
  const range = `"f":${numbers.trade(trade.firstId)},"l":${numbers.trade(trade.lastId)},"T":${stamps.time(trade.timeUs)},"m":${trade.isBuyerMaker}`
  if (instrument.spec.market === 'spot') {
    return `{"e":"aggTrade","E":${stamps.event(eventUs)},"s":${text.symbolJson},"a":${instrument.numbers.aggregate(trade.id)},"p":"${text.price(trade.price)}","q":"${qty}",${range},"M":true}`
  }
  return `{"e":"aggTrade","E":${stamps.event(eventUs)},"a":${instrument.numbers.aggregate(trade.id)},"s":${text.symbolJson},"p":"${text.price(trade.price)}","q":"${qty}","nq":"${qty}",${range},"st":${instrument.spec.contractClass}}`
}
