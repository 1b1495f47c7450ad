/**
 * How long the queued calls of one subscription may follow each other. They do so in microtasks, and sockets are not
 * read meanwhile; after some milliseconds of that the subscription pauses until a timer fires, which it does when the
 * event loop has had its turn.
 */
import type { Clock, TimerHandle } from '../runtime/clock.js'

/** Calls made before the clock is asked. */
const CALLS_PER_CHECK = 8
const TURN_MS_MAX = 5

export class TurnBudget {
  /** Until `resume` is called. */
  isPaused = false

  readonly #clock: Clock
  readonly #resume: () => void
  #calls = 0
  #startMs = 0
  #timer: TimerHandle | null = null

  /** `resume` is called in the turn after a pause began. */
  constructor(clock: Clock, resume: () => void) {
    this.#clock = clock
    this.#resume = resume
  }

  /** Asked before each queued call: whether it has to wait for the next turn. */
  isUsedUp(): boolean {
    this.#calls += 1
    if (this.#calls % CALLS_PER_CHECK !== 0) return false
    const nowMs = this.#clock.monotonicMs()
    if (this.#timer === null) {
      this.#startMs = nowMs
      this.#timer = this.#clock.setTimer(() => this.#onTurn(), 0)
      return false
    }
    this.isPaused = nowMs - this.#startMs > TURN_MS_MAX
    return this.isPaused
  }

  stop(): void {
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer)
    this.#timer = null
  }

  #onTurn(): void {
    this.#timer = null
    this.#calls = 0
    if (!this.isPaused) return
    this.isPaused = false
    this.#resume()
  }
}
