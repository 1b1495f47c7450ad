/**
 * The mean interval of a feed over its last few dozen messages: what tells an illiquid stream, quiet by
 * nature, from a broken one.
 *
 * Counted in messages, not in time, so that one long outage of a busy stream is forgotten after the next
 * few dozen messages and cannot teach the monitor to accept silence.
 */
const MESSAGES_PER_HALF = 32
const MESSAGES_MIN = 8

export class Pace {
  #olderTimeMs = Number.NaN
  #olderCount = 0
  #newerTimeMs = Number.NaN
  #newerCount = 0
  #lastTimeMs = Number.NaN
  #lastCount = 0

  /** `count` messages were seen so far, the last of them at `timeMs` (monotonic). */
  observe(timeMs: number, count: number): void {
    if (Number.isNaN(this.#olderTimeMs)) {
      this.#olderTimeMs = timeMs
      this.#newerTimeMs = timeMs
      this.#olderCount = count
      this.#newerCount = count
    } else if (count - this.#newerCount >= MESSAGES_PER_HALF) {
      this.#olderTimeMs = this.#newerTimeMs
      this.#olderCount = this.#newerCount
      this.#newerTimeMs = timeMs
      this.#newerCount = count
    }
    this.#lastTimeMs = timeMs
    this.#lastCount = count
  }

  /** 0 until enough messages were seen. */
  meanIntervalMs(): number {
    const messages = this.#lastCount - this.#olderCount
    return messages < MESSAGES_MIN ? 0 : (this.#lastTimeMs - this.#olderTimeMs) / messages
  }
}
