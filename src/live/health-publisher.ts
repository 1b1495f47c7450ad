/**
 * Decides when `live.health` goes out: at once when something changed, but several changes within a moment
 * (fifty connections lost together) as one message.
 */
import type { Clock, TimerHandle } from '../runtime/clock.js'

const COALESCE_MS = 50

export class HealthPublisher {
  readonly #clock: Clock
  readonly #publish: () => void
  #timer: TimerHandle | null = null
  #isWanted = false

  constructor(clock: Clock, publish: () => void) {
    this.#clock = clock
    this.#publish = publish
  }

  /** Something changed: publishes now, or at the end of the moment when one was published just before. */
  request(): void {
    if (this.#timer !== null) this.#isWanted = true
    else this.now()
  }

  /** Publishes in any case, and includes what was waiting. */
  now(): void {
    this.stop()
    this.#timer = this.#clock.setTimer(() => this.#onMomentOver(), COALESCE_MS, { unref: true })
    this.#publish()
  }

  /** Ends the timer; what was waiting is not published. */
  stop(): void {
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer)
    this.#timer = null
    this.#isWanted = false
  }

  #onMomentOver(): void {
    this.#timer = null
    if (this.#isWanted) this.now()
  }
}
