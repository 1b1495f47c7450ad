/**
 * A lower bound of the venue's clock. The venue had written `E` into a frame before that frame arrived, so since
 * then its clock shows at least `E` plus the time passed here. Never too late, and behind by the latency: on
 * the safe side for the question whether a candle is over. Our wall clock may jump meanwhile; only the
 * monotonic one is used.
 */
import type { Clock } from '../../runtime/clock.js'

export class VenueTime {
  readonly #clock: Clock
  #venueTimeMs = Number.NaN
  #atMonotonicMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isKnown(): boolean {
    return !Number.isNaN(this.#venueTimeMs)
  }

  /** A frame that carries this event time has just arrived. */
  note(venueTimeMs: number): void {
    this.#venueTimeMs = venueTimeMs
    this.#atMonotonicMs = this.#clock.monotonicMs()
  }

  /** Surely passed at the venue; -Infinity before the first frame. */
  atLeastMs(): number {
    if (!this.isKnown) return Number.NEGATIVE_INFINITY
    return this.#venueTimeMs + this.#clock.monotonicMs() - this.#atMonotonicMs
  }

  /** Best guess of now at the venue: decides when to ask, never what to believe. */
  guessMs(): number {
    const atLeastMs = this.atLeastMs()
    return atLeastMs === Number.NEGATIVE_INFINITY ? this.#clock.wallMs() : atLeastMs
  }
}
