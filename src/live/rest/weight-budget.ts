/**
 * Request weight spent in the current UTC clock minute, as the venue counts it, and how long the venue wants none.
 * Shared by all that ask the same venue from one process.
 *
 * The venue's window is the clock minute, not a sliding one, and is counted per address over all programs on it
 * (REST documentation "IP limits", checked 2026-11-20). So our own sum is a lower bound; the used-weight header
 * of every reply is the truth and may raise it.
 */
import type { Clock } from '../../runtime/clock.js'
import type { Runtime } from '../../runtime/runtime.js'

const MINUTE_MS = 60_000
/** Of the venue's limit that this process uses; the rest is for other programs and clock skew. */
export const BUDGET_SHARE = 0.8

/** The budget of all feeds of a process that ask the venue at this address. */
export function sharedBudget({ clock, shared }: Runtime, restUrl: string, weightPerMinute: number): WeightBudget {
  const budget = Math.floor(weightPerMinute * BUDGET_SHARE)
  return shared.get('request-weight', new URL(restUrl).host, () => new WeightBudget(clock, budget))
}

export class WeightBudget {
  readonly #clock: Clock
  /** Weight we allow ourselves per minute: the venue's limit less the headroom for others and for clock skew. */
  readonly weightPerMinute: number
  #minute = -1
  #used = 0
  /** Sent in this minute or before, not answered yet; may still be counted in the new minute. */
  #inFlight = 0

  #blockedUntilMs = 0

  constructor(clock: Clock, weightPerMinute: number) {
    this.#clock = clock
    this.weightPerMinute = weightPerMinute
  }

  /** Monotonic time before which nothing may be sent: the venue said so, to the whole address. */
  get blockedUntilMs(): number {
    return this.#blockedUntilMs
  }

  block(untilMs: number): void {
    this.#blockedUntilMs = Math.max(this.#blockedUntilMs, untilMs)
  }

  get used(): number {
    this.#roll()
    return this.#used
  }

  fits(weight: number): boolean {
    this.#roll()
    // A request heavier than the whole budget may run alone, or it would wait for ever.
    return this.#used + weight <= this.weightPerMinute || (this.#used === 0 && this.#inFlight === 0)
  }

  spend(weight: number): void {
    this.#roll()
    this.#used += weight
    this.#inFlight += weight
  }

  /** The reply came, or none will. `headerWeight` is the venue's own figure when it sent one. */
  settle(weight: number, headerWeight: number | null): void {
    this.#roll()
    this.#inFlight -= weight
    if (headerWeight !== null && headerWeight > this.#used) this.#used = headerWeight
  }

  /** Milliseconds until the next minute begins, with a margin for a venue clock that runs behind ours. */
  msToNextMinute(marginMs: number): number {
    return MINUTE_MS - (this.#clock.wallMs() % MINUTE_MS) + marginMs
  }

  #roll(): void {
    const minute = Math.floor(this.#clock.wallMs() / MINUTE_MS)
    if (minute === this.#minute) return
    this.#minute = minute
    this.#used = this.#inFlight
  }
}
