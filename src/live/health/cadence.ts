/**
 * How often a stream speaks, and what silence of it means.
 *
 * - `timer`: the venue sends by its own timer (mark price, tickers, partial depth, spot candles). Silence of
 *   three periods is a fault.
 * - `activity`: the venue sends when something happens (trades, best bid and offer, diff depth, futures
 *   candles). Silence of a liquid symbol is a fault, of an illiquid one normal; its own pace decides.
 * - `event`: nothing may come for days (liquidations). Silence means nothing.
 *
 * Periods: venue stream table, checked 2026-11-20.
 */
import { StreamType } from '../../types/stream.js'
import type { StreamSpec } from '../config/stream-spec.js'

export interface Cadence {
  readonly kind: 'timer' | 'activity' | 'event'
  /** Between two messages; 0 unless `timer`. */
  readonly periodMs: number
}

const ACTIVITY: Cadence = { kind: 'activity', periodMs: 0 }
const EVENT: Cadence = { kind: 'event', periodMs: 0 }

export function cadenceOf(spec: StreamSpec): Cadence {
  const isSpot = spec.route === ''
  switch (spec.type) {
    case StreamType.MARK_PRICE:
      return timer(speedMs(spec.updateSpeed) ?? 3_000)
    case StreamType.TICKER:
    case StreamType.MINI_TICKER:
      return timer(isSpot ? 1_000 : 2_000)
    case StreamType.KLINE:
      if (!isSpot) return ACTIVITY
      return timer(spec.interval === '1s' ? 1_000 : 2_000)
    case StreamType.DEPTH:
      if (spec.depthLevels === null) return ACTIVITY
      return timer(speedMs(spec.updateSpeed) ?? (isSpot ? 1_000 : 250))
    case StreamType.LIQUIDATION:
      return EVENT
    case StreamType.BOOK_TICKER:
    case StreamType.AGG_TRADE:
    case StreamType.TRADE:
      return ACTIVITY
  }
}

/** Periods of a timer without a message that are still normal. */
const PERIODS_MISSED_MAX = 3
/** Of exponentially spaced messages one in 22 000 is later than ten mean intervals. */
const QUIET_INTERVALS_MAX = 10
/** A resubscription sooner than this would race ordinary network delay. */
const FIRST_DATA_MS_MIN = 3_000

/**
 * Silence after which a stream counts as stale: the configured threshold, or longer for a stream whose own
 * pace (`meanIntervalMs`, 0 when not known yet) makes such silence normal. Infinity for `event`.
 */
export function staleAfterMs(cadence: Cadence, stalenessThresholdMs: number, meanIntervalMs: number): number {
  switch (cadence.kind) {
    case 'event':
      return Number.POSITIVE_INFINITY
    case 'timer':
      return Math.max(stalenessThresholdMs, PERIODS_MISSED_MAX * Math.max(cadence.periodMs, meanIntervalMs))
    case 'activity':
      return Math.max(stalenessThresholdMs, QUIET_INTERVALS_MAX * meanIntervalMs)
  }
}

/**
 * Silence that is worth a resubscription of a stream that has spoken: three periods where the venue keeps a timer,
 * else twenty of the stream's own mean intervals and at least the threshold, because trading comes in bursts and a
 * resubscription costs what is sent meanwhile. A stream of a timer that does not keep it (only changes are sent
 * for an illiquid symbol) is judged by its pace like the others. Infinity for `event`.
 */
export function suspectAfterMs(cadence: Cadence, stalenessThresholdMs: number, meanIntervalMs: number): number {
  const { kind, periodMs } = cadence
  if (kind === 'event') return Number.POSITIVE_INFINITY
  if (meanIntervalMs === 0) return staleAfterMs(cadence, stalenessThresholdMs, 0)
  if (kind === 'timer' && meanIntervalMs <= 2 * periodMs) return firstDataWithinMs(cadence, stalenessThresholdMs)
  return Math.max(stalenessThresholdMs, 2 * QUIET_INTERVALS_MAX * meanIntervalMs)
}

/** How long a subscribed stream may take to its first message; Infinity for `event`. */
export function firstDataWithinMs(cadence: Cadence, stalenessThresholdMs: number): number {
  if (cadence.kind === 'event') return Number.POSITIVE_INFINITY
  if (cadence.kind === 'activity') return stalenessThresholdMs
  return Math.max(PERIODS_MISSED_MAX * cadence.periodMs, Math.min(FIRST_DATA_MS_MIN, stalenessThresholdMs))
}

/** Lag between two sockets of one venue that is still ordinary. */
const SOCKET_LAG_MS = 500
/** For streams that speak when something happens: a quiet one has nothing on the way after this long. */
const QUIET_HAND_OVER_MS = 5_000

/**
 * How long a hand-over waits for a stream to arrive on both sockets, from the acknowledgement on the new one:
 * two periods of a stream with a timer, else long enough to see that it is quiet.
 */
export function handOverWaitMs(spec: StreamSpec): number {
  const { kind, periodMs } = cadenceOf(spec)
  return kind === 'timer' ? 2 * periodMs + SOCKET_LAG_MS : QUIET_HAND_OVER_MS
}

function timer(periodMs: number): Cadence {
  return { kind: 'timer', periodMs }
}

/** `100ms` is 100, `1s` is 1000; `null` for anything else. */
function speedMs(speed: string | null): number | null {
  const match = speed === null ? null : /^(\d+)(ms|s)$/.exec(speed)
  return match === null ? null : Number(match[1]) * (match[2] === 's' ? 1_000 : 1)
}
