/**
 * Candle arithmetic: when candles open and close. Everything is UTC, as at the venue; only `1M` needs a
 * calendar, every other interval has a fixed length.
 */
import type { CandleInterval } from '../types/stream.js'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const WEEK_MS = 7 * DAY_MS

/** The epoch began on a Thursday; weekly candles open on Monday. */
const FIRST_MONDAY_MS = 4 * DAY_MS

const FIXED_LENGTH_MS: Readonly<Record<Exclude<CandleInterval, '1M'>, number>> = {
  '1s': SECOND_MS,
  '1m': MINUTE_MS,
  '3m': 3 * MINUTE_MS,
  '5m': 5 * MINUTE_MS,
  '15m': 15 * MINUTE_MS,
  '30m': 30 * MINUTE_MS,
  '1h': HOUR_MS,
  '2h': 2 * HOUR_MS,
  '4h': 4 * HOUR_MS,
  '6h': 6 * HOUR_MS,
  '8h': 8 * HOUR_MS,
  '12h': 12 * HOUR_MS,
  '1d': DAY_MS,
  '3d': 3 * DAY_MS,
  '1w': WEEK_MS,
}

/** Length in milliseconds; `null` for `1M`, whose length depends on the month. */
export function fixedIntervalMs(interval: CandleInterval): number | null {
  return interval === '1M' ? null : FIXED_LENGTH_MS[interval]
}

/** Greatest length a candle of this interval can have: a timeout for "the next one must have come". */
export function intervalMsMax(interval: CandleInterval): number {
  return interval === '1M' ? 31 * DAY_MS : FIXED_LENGTH_MS[interval]
}

/** Open time of the candle after the one that opens at `openTimeMs`. */
export function nextOpenTimeMs(openTimeMs: number, interval: CandleInterval): number {
  return interval === '1M' ? monthStartMs(openTimeMs, 1) : openTimeMs + FIXED_LENGTH_MS[interval]
}

/** Open time of the candle before the one that opens at `openTimeMs`. */
export function previousOpenTimeMs(openTimeMs: number, interval: CandleInterval): number {
  return interval === '1M' ? monthStartMs(openTimeMs, -1) : openTimeMs - FIXED_LENGTH_MS[interval]
}

/** Last millisecond of the candle that opens at `openTimeMs`, as the venue writes it. */
export function closeTimeMs(openTimeMs: number, interval: CandleInterval): number {
  return nextOpenTimeMs(openTimeMs, interval) - 1
}

/**
 * Open time of the candle that contains `timeMs`. Weeks open on Monday, months on the first, days at
 * midnight UTC. For `3d` whole multiples of three days since the epoch are assumed; derive the grid from a
 * candle of the venue where it matters.
 */
export function openTimeAtMs(timeMs: number, interval: CandleInterval): number {
  if (interval === '1M') return monthStartMs(timeMs, 0)
  const lengthMs = FIXED_LENGTH_MS[interval]
  const originMs = interval === '1w' ? FIRST_MONDAY_MS : 0
  return Math.floor((timeMs - originMs) / lengthMs) * lengthMs + originMs
}

/** How many candles open at or after `fromOpenTimeMs` and before `toOpenTimeMs`; both are open times. */
export function candlesBetween(fromOpenTimeMs: number, toOpenTimeMs: number, interval: CandleInterval): number {
  if (toOpenTimeMs <= fromOpenTimeMs) return 0
  if (interval !== '1M') return Math.round((toOpenTimeMs - fromOpenTimeMs) / FIXED_LENGTH_MS[interval])
  const from = new Date(fromOpenTimeMs)
  const to = new Date(toOpenTimeMs)
  return (to.getUTCFullYear() - from.getUTCFullYear()) * 12 + to.getUTCMonth() - from.getUTCMonth()
}

/** Start of the month that lies `months` after the one containing `timeMs`. */
function monthStartMs(timeMs: number, months: number): number {
  const date = new Date(timeMs)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1)
}
