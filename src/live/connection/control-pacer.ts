/**
 * Keeps control messages inside the venue's rate: at most one per interval on each connection.
 *
 * Spot takes 5 incoming messages per second (pings and pongs count) and was seen to close with 1008 "Too many
 * requests" at one request every 250 ms while one every 500 ms held; futures takes 10 (stream documentation
 * and observation, checked 2026-11-20). The interval comes from the venue table.
 */
import type { Clock, TimerHandle } from '../../runtime/clock.js'

const SLOWDOWN_MAX = 8
/** Half of a slow-down is forgiven after this long without another. */
const FORGIVE_AFTER_MS = 10 * 60_000

/** The interval all connections of a manager use; grows when the venue complains and recovers by itself. */
export class ControlPace {
  readonly #clock: Clock
  readonly #baseIntervalMs: number
  #factor = 1
  #slowedAtMs = 0

  constructor(clock: Clock, intervalMs: number) {
    this.#clock = clock
    this.#baseIntervalMs = intervalMs
  }

  get intervalMs(): number {
    if (this.#factor === 1) return this.#baseIntervalMs
    const forgiven = Math.floor((this.#clock.monotonicMs() - this.#slowedAtMs) / FORGIVE_AFTER_MS)
    return this.#baseIntervalMs * Math.max(1, this.#factor / 2 ** forgiven)
  }

  /** The venue closed with "Too many requests": twice the interval, at most eight times the base. */
  slowDown(): void {
    this.#factor = Math.min(SLOWDOWN_MAX, (this.intervalMs / this.#baseIntervalMs) * 2)
    this.#slowedAtMs = this.#clock.monotonicMs()
  }
}

/** One connection's turn-taking. `sendNext` sends one message and says whether there was one. */
export class ControlPacer {
  readonly #clock: Clock
  readonly #pace: ControlPace
  readonly #sendNext: () => boolean
  #timer: TimerHandle | null = null
  #isStopped = false

  constructor(clock: Clock, pace: ControlPace, sendNext: () => boolean) {
    this.#clock = clock
    this.#pace = pace
    this.#sendNext = sendNext
  }

  /** There may be something to send: now if the interval has passed, else when it has. */
  wake(): void {
    if (this.#isStopped || this.#timer !== null) return
    // The timer runs before the call, so that a `wake` from inside `sendNext` cannot send twice.
    const timer = this.#clock.setTimer(() => {
      this.#timer = null
      this.wake()
    }, this.#pace.intervalMs)
    this.#timer = timer
    if (!this.#sendNext() && this.#timer === timer) {
      this.#clock.clearTimer(timer)
      this.#timer = null
    }
  }

  stop(): void {
    this.#isStopped = true
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer)
    this.#timer = null
  }
}
