/** REST candles: executions, and on futures also mark and index price. */
import type { CandleInterval } from '../../../types/stream.js'
import type { RestReply } from '../../market-source.js'
import { Bar } from '../bar.js'
import { candleAt } from '../candle-series.js'
import type { Instrument } from '../instrument.js'
import { intervalOpen, MINUTE_MS, nextIntervalOpen, parseInterval, parseTimeZone } from '../intervals.js'
import { klineRow } from '../payload/candle-payloads.js'
import { referenceText } from '../payload/futures-payloads.js'
import { RestError, type RestRequest, reply } from './rest-request.js'

const SPOT_LIMIT_MAX = 1000
const FUTURES_LIMIT_MAX = 1500

interface KlineQuery {
  readonly interval: CandleInterval
  readonly zoneMs: number
  readonly limit: number
  readonly weight: number
}

export function klinesReply(request: RestRequest): RestReply {
  const { weight, limit } = kindOfLimit(request)
  return refusedAtWeight(weight, () => {
    const instrument = request.instrument()
    const query = { ...interval(request), limit, weight }
    return reply(`[${rows(request, instrument, query).join(',')}]`, weight)
  })
}

/** By pair and contract type. */
export function continuousKlinesReply(request: RestRequest): RestReply {
  const { weight, limit } = kindOfLimit(request)
  return refusedAtWeight(weight, () => {
    const pair = request.mandatory('pair').toUpperCase()
    const contractType = request.mandatory('contractType')
    const instrument = request.view.listed.find(({ spec }) => spec.pair === pair && spec.contractType === contractType)
    if (instrument === undefined) throw new RestError(-1121, 'Invalid symbol.')
    const query = { ...interval(request), limit, weight }
    return reply(`[${rows(request, instrument, query).join(',')}]`, weight)
  })
}

/** Mark or index price; before the start both follow the executions. */
export function referenceKlinesReply(request: RestRequest, kind: 'mark' | 'index'): RestReply {
  const { weight, limit } = kindOfLimit(request)
  return refusedAtWeight(weight, () => {
    const name = kind === 'mark' ? request.mandatory('symbol') : request.mandatory('pair')
    const instrument = request.find(name)
    const query = { ...interval(request), limit, weight }
    const list = opens(request, instrument, query).map((openMs) => referenceRow(instrument, kind, query, openMs))
    return reply(`[${list.filter((row) => row !== null).join(',')}]`, weight)
  })
}

function refusedAtWeight(weight: number, answer: () => RestReply): RestReply {
  try {
    return answer()
  } catch (error) {
    if (error instanceof RestError) throw new RestError(error.code, error.message, error.status, weight)
    throw error
  }
}

function kindOfLimit(request: RestRequest): { limit: number; weight: number } {
  if (request.isSpot) return { limit: request.limit(500, SPOT_LIMIT_MAX), weight: 2 }
  const asked = request.integer('limit')
  const limit = request.limit(500, FUTURES_LIMIT_MAX)
  if (asked === null) return { limit, weight: 5 }
  return { limit, weight: limit <= 100 ? 1 : limit <= 500 ? 2 : limit <= 1000 ? 5 : 10 }
}

function interval(request: RestRequest): { interval: CandleInterval; zoneMs: number } {
  const parsed = parseInterval(request.mandatory('interval'), request.view.market)
  if (parsed === null) throw new RestError(-1120, 'Invalid interval.')
  const zone = request.isSpot ? request.text('timeZone') : null
  const zoneMs = zone === null ? 0 : parseTimeZone(zone)
  if (zoneMs === null) throw new RestError(-1130, "Data sent for parameter 'timeZone' is not valid.")
  return { interval: parsed, zoneMs }
}

function rows(request: RestRequest, instrument: Instrument, query: KlineQuery): string[] {
  const { stamps, view } = request
  const bar = new Bar()
  return opens(request, instrument, query).map((openMs) => {
    candleAt(instrument, query.interval, openMs, view.nowUs, bar, query.zoneMs)
    return klineRow(instrument, stamps, openMs, nextIntervalOpen(query.interval, openMs, query.zoneMs), bar)
  })
}

/** Open times of the rows, oldest first; times of the query are on open times, both ends included. */
function opens(request: RestRequest, instrument: Instrument, query: KlineQuery): number[] {
  const { interval: of, zoneMs, limit } = query
  const nowMs = request.view.nowUs / 1000
  const { bars } = instrument
  bars.warm()
  const firstMs = intervalOpen(of, bars.firstMinute * MINUTE_MS, zoneMs)
  const startUs = request.timeUs('startTime')
  const endUs = request.timeUs('endTime')
  const lastMs = Math.min(nowMs, endUs === null ? Number.POSITIVE_INFINITY : endUs / 1000)
  const list: number[] = []
  if (startUs !== null) {
    const startMs = Math.max(startUs / 1000, firstMs)
    let openMs = intervalOpen(of, startMs, zoneMs)
    if (openMs < startMs) openMs = nextIntervalOpen(of, openMs, zoneMs)
    for (; openMs <= lastMs && list.length < limit; openMs = nextIntervalOpen(of, openMs, zoneMs)) list.push(openMs)
    return list
  }
  for (
    let openMs = intervalOpen(of, lastMs, zoneMs);
    openMs >= firstMs && list.length < limit;
    openMs = intervalOpen(of, openMs - 1, zoneMs)
  ) {
    list.push(openMs)
  }
  return list.reverse()
}

function referenceRow(
  instrument: Instrument,
  kind: 'mark' | 'index',
  query: KlineQuery,
  openMs: number,
): string | null {
  const endMs = nextIntervalOpen(query.interval, openMs, query.zoneMs)
  const { markBars, indexBars } = instrument.futures!
  const { bars } = kind === 'mark' ? markBars : indexBars
  const inside = bars.filter(({ minute }) => minute * MINUTE_MS >= openMs && minute * MINUTE_MS < endMs)
  const startMinute = Math.floor(instrument.startUs / 1000 / MINUTE_MS)
  const before = new Bar().reset(instrument.bars.closeBefore(openMs / MINUTE_MS))
  instrument.bars.fold(before, openMs / MINUTE_MS, Math.min(endMs / MINUTE_MS, startMinute))
  const { tickUnits, priceScale } = instrument.spec
  const units = (ticks: number): number => Math.round((ticks * tickUnits * 1e8) / 10 ** priceScale)
  const parts = [
    ...(openMs / MINUTE_MS < startMinute
      ? [
          {
            open: units(before.open),
            high: units(before.high),
            low: units(before.low),
            close: units(before.close),
            count: 60 * (Math.min(endMs / MINUTE_MS, startMinute) - openMs / MINUTE_MS),
          },
        ]
      : []),
    ...inside,
  ]
  const first = parts[0]
  const last = parts[parts.length - 1]
  if (first === undefined || last === undefined) return null
  const high = Math.max(...parts.map((part) => part.high))
  const low = Math.min(...parts.map((part) => part.low))
  const count = parts.reduce((sum, part) => sum + part.count, 0)
  const prices = [first.open, high, low, last.close].map((price) => `"${referenceText(price)}"`).join(',')
  return `[${openMs},${prices},"0",${endMs - 1},"0",${count},"0","0","0"]`
}
