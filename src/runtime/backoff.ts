/** How long to wait before the next attempt. */

export interface BackoffOptions {
  readonly baseDelayMs: number
  readonly delayMsMax: number
  /** 0.3 spreads the delay by plus or minus 30 %. */
  readonly jitterRatio: number
}

/**
 * Time to wait before the next connection attempt, in milliseconds.
 *
 * Grows by doubling from `baseDelayMs` up to `delayMsMax`; jitter spreads it by plus or minus
 * `jitterRatio` and still applies at the cap, so that many feeds do not return in step.
 * Pure: the caller passes `random` in [0, 1) and counts `attempt` from 1.
 */
export function backoffDelayMs(attempt: number, options: BackoffOptions, random: number): number {
  const doublings = Math.min(Math.max(attempt, 1) - 1, 52)
  const delayMs = Math.min(options.baseDelayMs * 2 ** doublings, options.delayMsMax)
  return delayMs * (1 + options.jitterRatio * (2 * random - 1))
}
