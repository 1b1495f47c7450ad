/** Executions of an instrument by id or time, across the warm-up and the live log. */
import type { Instrument } from './instrument.js'
import { MINUTE_MS } from './intervals.js'
import type { TradeRecord } from './trade-log.js'

const MINUTE_US = MINUTE_MS * 1000

/** First id that can still be told. */
export function firstKnownTradeId(instrument: Instrument): number {
  const { trades, firstTradeId } = instrument
  return trades.beginId === firstTradeId ? instrument.warm().firstTradeId : trades.beginId
}

/** Executions with ids in `[fromId, toId]` as far as they are known, at most `limit`, oldest first. */
export function tradesById(instrument: Instrument, fromId: number, toId: number, limit: number): TradeRecord[] {
  const { trades, firstTradeId } = instrument
  const found: TradeRecord[] = []
  let id = Math.max(fromId, firstKnownTradeId(instrument))
  const lastId = Math.min(toId, trades.endId - 1)
  while (id <= lastId && id < firstTradeId && found.length < limit) {
    const warm = instrument.warm()
    const minute = warm.minuteOf(id)
    if (minute === null) break
    for (const trade of warm.trades(minute)) {
      if (trade.id >= id && trade.id <= lastId && found.length < limit) found.push(trade)
    }
    id = (found.at(-1)?.id ?? id) + 1
  }
  for (; id <= lastId && found.length < limit; id++) found.push(trades.record(id))
  return found
}

/**
 * Executions with `fromUs <= time < toUs`, at most `limit`, oldest first; `null` if some of them are no longer
 * known. Times before the warm-up hold none.
 */
export function tradesBetween(
  instrument: Instrument,
  fromUs: number,
  toUs: number,
  limit: number = Number.POSITIVE_INFINITY,
): TradeRecord[] | null {
  const { trades, firstTradeId, startUs } = instrument
  const found: TradeRecord[] = []
  if (fromUs < startUs) {
    const warm = instrument.warm()
    const last = Math.floor((Math.min(toUs, startUs) - 1) / MINUTE_US)
    const first = Math.max(Math.floor(fromUs / MINUTE_US), warm.firstMinute)
    for (let minute = first; minute <= last && found.length < limit; minute++) {
      for (const trade of warm.trades(minute)) {
        if (trade.timeUs >= fromUs && trade.timeUs < toUs && found.length < limit) found.push(trade)
      }
    }
    if (toUs <= startUs) return found
  }
  const isCut = trades.beginId > firstTradeId
  if (isCut && fromUs <= (trades.beginId < trades.endId ? trades.timeUs(trades.beginId) : toUs)) return null
  for (let id = trades.firstIdAtOrAfter(fromUs); id < trades.endId && found.length < limit; id++) {
    if (trades.timeUs(id) >= toUs) break
    found.push(trades.record(id))
  }
  return found
}

/** Price in ticks of the last execution before `timeUs`, or the price at the beginning of all history. */
export function priceBefore(instrument: Instrument, timeUs: number): number {
  const { trades, startUs, bars } = instrument
  for (let id = trades.firstIdAtOrAfter(timeUs) - 1; id >= trades.beginId; id--) {
    if (trades.aggregateId(id) >= 0) return trades.price(id)
  }
  bars.warm()
  const minute = Math.floor(Math.min(timeUs, startUs) / MINUTE_US)
  const sameMinute = tradesBetween(instrument, minute * MINUTE_US, Math.min(timeUs, startUs)) ?? []
  return sameMinute.at(-1)?.price ?? bars.closeBefore(minute)
}
