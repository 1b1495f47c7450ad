/**
 * What a REST `klines` reply says, checked as strictly as a frame of the stream. One impossible row refuses the
 * whole reply: what else is in it would be a guess.
 */
import { closeTimeMs } from '../../market/candle-interval.js'
import type { Candle } from '../../types/candle.js'
import { LiveFeedError } from '../../types/errors.js'
import type { CandleInterval } from '../../types/stream.js'
import type { Venue } from '../../types/venue.js'

/**
 * `[openTime, o, h, l, c, base volume, closeTime, quote volume, trades, taker base, taker quote, ignored]`; the
 * times and the count are numbers, the rest decimals as text. Oldest first. The last row is the candle that is
 * still forming (spot and futures REST documentation, checked 2026-11-20).
 */
const ROW_LENGTH_MIN = 11
const DECIMAL = /^\d+(\.\d+)?$/

export interface KlineSource {
  readonly venue: Venue
  readonly symbol: string
  readonly interval: CandleInterval
}

/** Candles of a reply, oldest first, whether over or not. Throws `MESSAGE_INVALID` naming row and field. */
export function parseKlineRows(body: string, source: KlineSource, receiveTimeMs: number): Candle[] {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch (cause) {
    throw invalid(source, 'the reply is no JSON', cause)
  }
  if (!Array.isArray(value)) throw invalid(source, 'the reply is no array')
  let previous = -1
  return value.map((row: unknown, index) => {
    const candle = candleOf(row, index, source, receiveTimeMs)
    if (candle.openTimeMs <= previous) throw invalid(source, `row ${index}: open times do not rise`)
    previous = candle.openTimeMs
    return candle
  })
}

function candleOf(row: unknown, index: number, source: KlineSource, receiveTimeMs: number): Candle {
  if (!Array.isArray(row) || row.length < ROW_LENGTH_MIN) throw invalid(source, `row ${index}: no candle`)
  const fail = (field: string): never => {
    throw invalid(source, `row ${index}: impossible ${field}`)
  }
  const decimal = (at: number, field: string): number => {
    const text: unknown = row[at]
    const number = typeof text === 'string' && DECIMAL.test(text) ? Number(text) : Number.NaN
    return Number.isFinite(number) ? number : fail(field)
  }
  const integer = (at: number, field: string): number => {
    const number: unknown = row[at]
    return Number.isSafeInteger(number) && (number as number) >= 0 ? (number as number) : fail(field)
  }
  const openTimeMs = integer(0, 'open time')
  const endMs = integer(6, 'close time')
  if (endMs !== closeTimeMs(openTimeMs, source.interval)) fail('close time')
  const open = decimal(1, 'open')
  const high = decimal(2, 'high')
  const low = decimal(3, 'low')
  const close = decimal(4, 'close')
  if (!(low <= open && open <= high && low <= close && close <= high)) fail('prices')
  return {
    venue: source.venue,
    symbol: source.symbol,
    interval: source.interval,
    openTimeMs,
    closeTimeMs: endMs,
    open,
    high,
    low,
    close,
    volume: decimal(5, 'volume'),
    quoteVolume: decimal(7, 'quote volume'),
    tradeCount: integer(8, 'trade count'),
    takerBuyVolume: decimal(9, 'taker volume'),
    takerBuyQuoteVolume: decimal(10, 'taker quote volume'),
    isFinalized: true,
    origin: 'backfill',
    venueTimeMs: endMs,
    receiveTimeMs,
  }
}

function invalid(source: KlineSource, what: string, cause?: unknown): LiveFeedError {
  return new LiveFeedError('MESSAGE_INVALID', `klines of ${source.symbol} ${source.interval}: ${what}`, { cause })
}
