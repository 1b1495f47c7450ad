/**
 * Keeps the age of the last frame true when the wall clock jumps: receive times are wall times, and an age is
 * now minus then. A difference between wall and monotonic time that changes at once is a jump.
 */
import type { Clock } from '../../runtime/clock.js'

/** What holds a receive time. */
export interface ReceiveTimes {
  readonly lastReceiveTimeMs: number | null
  shiftReceiveTimes(byMs: number): void
}

/** Above what an NTP slew changes between two looks, below what would make a live feed look stale. */
const JUMP_MS = 500

export class WallJumpDetector {
  readonly #clock: Clock
  #offsetMs: number
  #lookedAtMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#lookedAtMs = clock.monotonicMs()
    this.#offsetMs = clock.wallMs() - this.#lookedAtMs
  }

  /** To be called before ages are read, at least as often as health looks. */
  apply(holders: readonly ReceiveTimes[]): void {
    const wallMs = this.#clock.wallMs()
    const nowMs = this.#clock.monotonicMs()
    const sinceLookMs = nowMs - this.#lookedAtMs
    const jumpMs = wallMs - nowMs - this.#offsetMs
    this.#lookedAtMs = nowMs
    this.#offsetMs = wallMs - nowMs
    if (Math.abs(jumpMs) < JUMP_MS) return
    for (const holder of holders) {
      const receivedMs = holder.lastReceiveTimeMs
      if (receivedMs === null) continue
      // Stamped after the jump already: its age fits into the time since the last look.
      const ageMs = wallMs - receivedMs
      if (ageMs >= -JUMP_MS && ageMs <= sinceLookMs) continue
      holder.shiftReceiveTimes(jumpMs)
    }
  }
}
