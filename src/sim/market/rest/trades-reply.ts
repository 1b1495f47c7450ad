/** REST executions, single and aggregated. */
import type { RestReply } from '../../market-source.js'
import { WideSum } from '../decimal.js'
import type { Instrument } from '../instrument.js'
import { tradeValue } from '../instrument-text.js'
import type { Stamps } from '../payload/stamps.js'
import { type AggregateTrade, aggregate } from '../payload/trade-payloads.js'
import { firstKnownTradeId, tradesBetween, tradesById } from '../trade-history.js'
import { TradeKind, type TradeRecord } from '../trade-log.js'
import { RestError, type RestRequest, reply } from './rest-request.js'

const LIMIT_MAX = 1000
const FUTURES_AGGREGATES_US = 48 * 3_600_000_000

export function tradesReply(request: RestRequest, isHistorical: boolean): RestReply {
  const weight = request.isSpot ? 25 : isHistorical ? 20 : 5
  const instrument = request.instrument()
  const limit = request.limit(500, LIMIT_MAX)
  const fromId = isHistorical ? request.integer('fromId') : null
  const { endId } = instrument.trades
  const from = fromId === null ? null : instrument.numbers.tradeFrom(fromId)
  const first = from ?? endId - limit
  const last = from === null ? endId - 1 : from + limit - 1
  const rows = tradesById(instrument, first, last, limit)
    // Futures lists executions from the book only.
    .filter(({ kind }) => kind === TradeKind.MARKET)
    .map((trade) => tradeRow(instrument, request.stamps, trade))
  return reply(`[${rows.join(',')}]`, weight)
}

export function aggTradesReply(request: RestRequest): RestReply {
  const weight = request.isSpot ? 4 : 20
  const instrument = request.instrument()
  const limit = request.limit(500, LIMIT_MAX)
  const fromId = request.integer('fromId')
  const startUs = request.timeUs('startTime')
  const endUs = request.timeUs('endTime')
  const { nowUs } = request.view
  if (!request.isSpot && startUs !== null && nowUs - startUs > FUTURES_AGGREGATES_US) {
    throw new RestError(-4166, 'Search window is restricted to recent 2 days only.', 400, weight)
  }
  let found: readonly AggregateTrade[]
  if (fromId !== null) found = aggregatesFrom(instrument, instrument.numbers.aggregateFrom(fromId), limit, nowUs)
  else if (startUs !== null || endUs !== null) {
    // Whole aggregates only: those whose last execution lies in the range.
    const fromUs = startUs ?? 0
    const toUs = endUs === null ? nowUs : endUs + 999
    const trades = tradesBetween(instrument, Math.max(0, fromUs - 200_000), toUs + 200_000) ?? knownTrades(instrument)
    const all = complete(instrument, aggregate(trades), nowUs).filter(
      ({ timeUs }) => timeUs >= fromUs && timeUs <= toUs,
    )
    found = startUs === null ? all.slice(-limit) : all.slice(0, limit)
  } else found = latestAggregates(instrument, limit, nowUs)
  return reply(`[${found.map((trade) => aggregateRow(instrument, request.stamps, trade)).join(',')}]`, weight)
}

function knownTrades(instrument: Instrument): TradeRecord[] {
  const { beginId, endId } = instrument.trades
  return tradesById(instrument, beginId, endId - 1, endId - beginId)
}

/** Futures publishes an aggregate when its 100 ms are over; a younger one does not exist yet. */
function complete(
  instrument: Instrument,
  aggregates: readonly AggregateTrade[],
  nowUs: number,
): readonly AggregateTrade[] {
  if (instrument.spec.market === 'spot') return aggregates
  const openBucket = instrument.aggregationBucket(nowUs)
  return aggregates.filter(({ timeUs }) => instrument.aggregationBucket(timeUs) < openBucket)
}

function latestAggregates(instrument: Instrument, limit: number, nowUs: number): readonly AggregateTrade[] {
  const { endId } = instrument.trades
  const knownId = firstKnownTradeId(instrument)
  for (let span = limit * 2; ; span *= 2) {
    const from = Math.max(knownId, endId - span)
    const all = complete(instrument, aggregate(tradesById(instrument, from, endId - 1, span)), nowUs)
    // The first one may be cut in half unless it is the first of all.
    const whole = from === knownId ? all : all.slice(1)
    if (whole.length >= limit || from === knownId) return whole.slice(-limit)
  }
}

function aggregatesFrom(
  instrument: Instrument,
  aggregateId: number,
  limit: number,
  nowUs: number,
): readonly AggregateTrade[] {
  const { trades, firstTradeId, firstAggregateId } = instrument
  const knownId = firstKnownTradeId(instrument)
  const from =
    aggregateId < firstAggregateId
      ? // Before the start every execution is an aggregate of its own.
        Math.max(knownId, firstTradeId - (firstAggregateId - aggregateId))
      : firstOfAggregate(instrument, aggregateId)
  for (let span = limit * 2; ; span *= 2) {
    const list = aggregate(tradesById(instrument, from, from + span - 1, span))
    const isEnd = from + span >= trades.endId
    const whole = complete(instrument, isEnd ? list : list.slice(0, -1), nowUs).filter(({ id }) => id >= aggregateId)
    if (whole.length >= limit || isEnd) return whole.slice(0, limit)
  }
}

/** First live trade whose aggregate is at or after `aggregateId`. */
function firstOfAggregate({ trades }: Instrument, aggregateId: number): number {
  let low = trades.beginId
  let high = trades.endId
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    // Executions without an aggregate take the place of the next one that has.
    let probe = middle
    while (probe < high && trades.aggregateId(probe) < 0) probe++
    if (probe < high && trades.aggregateId(probe) < aggregateId) low = probe + 1
    else high = middle
  }
  return low
}

function tradeRow(instrument: Instrument, stamps: Stamps, trade: TradeRecord): string {
  const { spec, text } = instrument
  const value = new WideSum()
  value.set(tradeValue(spec, trade.price, trade.lots))
  const tail = spec.market === 'spot' ? '"isBestMatch":true' : '"isRPITrade":false'
  const quoteQty = spec.market === 'spot' ? text.value(value) : text.tickerValue(value)
  return `{"id":${instrument.numbers.trade(trade.id)},"price":"${text.price(trade.price)}","qty":"${text.qty(trade.lots)}","quoteQty":"${quoteQty}","time":${stamps.time(trade.timeUs)},"isBuyerMaker":${trade.isBuyerMaker},${tail}}`
}

function aggregateRow(instrument: Instrument, stamps: Stamps, trade: AggregateTrade): string {
  const { spec, text, numbers } = instrument
  const qty = text.qty(trade.lots)
  const head = `"a":${numbers.aggregate(trade.id)},"p":"${text.price(trade.price)}","q":"${qty}"`
  const range = `"f":${numbers.trade(trade.firstId)},"l":${numbers.trade(trade.lastId)},"T":${stamps.time(trade.timeUs)},"m":${trade.isBuyerMaker}`
  return spec.market === 'spot' ? `{${head},${range},"M":true}` : `{${head},"nq":"${qty}",${range}}`
}
