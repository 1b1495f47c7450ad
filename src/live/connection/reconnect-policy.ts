/**
 * What the end of a connection says about the next attempt. Pure.
 *
 * Close and status codes as the venue uses them (stream documentation and observation, checked 2026-11-20):
 * 1008 "Too many requests" after control messages in too quick succession; 1008 "Invalid request" after a
 * malformed request or too many streams; HTTP 429 and 418 (ban) with Retry-After for the whole address; 403
 * from the firewall; 451 where the service is not offered.
 */
import { type BackoffOptions, backoffDelayMs } from '../../runtime/backoff.js'
import type { ConnectionConfig } from '../config/types.js'

/** The part of a connection's end that decides. */
export interface EndReason {
  readonly code: number
  readonly reason: string
  readonly httpStatus: number | undefined
  readonly retryAfterMs: number | undefined
}

export interface ReconnectDecision {
  readonly delayMs: number
  /** The delay is the quick one. */
  readonly isQuick: boolean
  /** No connect by any connection of this manager for this long; 0 for none. */
  readonly pauseAllMs: number
  /** The venue complained about the rate of control messages. */
  readonly slowControl: boolean
}

const POLICY_VIOLATION = 1008

/** The growing delays a user configured: for reconnects, and for hand-overs that failed. */
export function backoffOf(config: ConnectionConfig): BackoffOptions {
  const { baseReconnectDelayMs: baseDelayMs, reconnectDelayMsMax: delayMsMax, reconnectJitter: jitterRatio } = config
  return { baseDelayMs, delayMsMax, jitterRatio }
}

/**
 * `attempt` counts from 1; `random` in [0, 1). `quickMs` replaces the usual delay: the first attempt after a
 * healthy connection, whose loss says nothing about the venue. It does not when the venue gave a reason to wait.
 */
export function decideReconnect(
  end: EndReason,
  attempt: number,
  backoff: BackoffOptions,
  random: number,
  quickMs: number | null = null,
): ReconnectDecision {
  const isPolicy = end.code === POLICY_VIOLATION
  const slowControl = isPolicy && /too many requests/i.test(end.reason)
  // Our defect, or a door that stays closed: trying again soon changes nothing.
  const isHopeless =
    (isPolicy && /invalid request/i.test(end.reason)) || end.httpStatus === 403 || end.httpStatus === 451
  const isBanned = end.httpStatus === 429 || end.httpStatus === 418
  const capMs = backoffDelayMs(Number.MAX_SAFE_INTEGER, backoff, random)
  const isQuick = quickMs !== null && !isPolicy && end.httpStatus === undefined
  const step = isQuick ? { ...backoff, baseDelayMs: Math.min(quickMs, backoff.baseDelayMs) } : backoff
  const usualMs = isHopeless ? capMs : backoffDelayMs(isQuick ? 1 : attempt, step, random)
  const askedMs = end.retryAfterMs ?? (isBanned ? capMs : 0)
  return { delayMs: Math.max(usualMs, askedMs), isQuick, pauseAllMs: isBanned ? askedMs : 0, slowControl }
}
