/**
 * Candle intervals and their boundaries in UTC: weeks begin on Monday, months on the first, all others on multiples
 * of their length since the epoch. Variants for another time zone shift the boundaries, not the clock.
 */
import { CANDLE_INTERVALS, type CandleInterval } from '../../types/stream.js'
import type { MarketKind } from '../../types/venue.js'

export const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const WEEK_MS = 7 * DAY_MS
/** 1970-01-01 was a Thursday; the first Monday came four days later. */
const FIRST_MONDAY_MS = 4 * DAY_MS

const LENGTH_MS: Readonly<Record<Exclude<CandleInterval, '1M'>, number>> = {
  '1s': 1000,
  '1m': MINUTE_MS,
  '3m': 3 * MINUTE_MS,
  '5m': 5 * MINUTE_MS,
  '15m': 15 * MINUTE_MS,
  '30m': 30 * MINUTE_MS,
  '1h': 60 * MINUTE_MS,
  '2h': 120 * MINUTE_MS,
  '4h': 240 * MINUTE_MS,
  '6h': 360 * MINUTE_MS,
  '8h': 480 * MINUTE_MS,
  '12h': 720 * MINUTE_MS,
  '1d': DAY_MS,
  '3d': 3 * DAY_MS,
  '1w': WEEK_MS,
}

/** The interval if the market has it: `1s` exists on spot only. */
export function parseInterval(text: string, market: MarketKind): CandleInterval | null {
  if (text === '1s' && market === 'futures') return null
  return (CANDLE_INTERVALS as readonly string[]).includes(text) ? (text as CandleInterval) : null
}

/** Start of the interval that holds `timeMs`. */
export function intervalOpen(interval: CandleInterval, timeMs: number, zoneMs = 0): number {
  const local = timeMs + zoneMs
  if (interval === '1M') {
    const date = new Date(local)
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth()) - zoneMs
  }
  const length = LENGTH_MS[interval]
  const origin = interval === '1w' ? FIRST_MONDAY_MS : 0
  return Math.floor((local - origin) / length) * length + origin - zoneMs
}

/** Start of the interval after the one that starts at `openMs`. */
export function nextIntervalOpen(interval: CandleInterval, openMs: number, zoneMs = 0): number {
  if (interval !== '1M') return openMs + LENGTH_MS[interval]
  const date = new Date(openMs + zoneMs)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1) - zoneMs
}

/** `+08:00`, `8`, `-1:30` as ms east of UTC; `null` outside -12:00 … +14:00 or when unreadable. */
export function parseTimeZone(text: string): number | null {
  const match = /^([+-]?)(\d{1,2})(?::(\d{2}))?$/.exec(text)
  if (match === null) return null
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0)
  const zoneMs = (match[1] === '-' ? -minutes : minutes) * MINUTE_MS
  return zoneMs < -12 * 60 * MINUTE_MS || zoneMs > 14 * 60 * MINUTE_MS ? null : zoneMs
}
