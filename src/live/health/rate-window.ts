/** Messages per second over the last few samples of a counter. */

/** Ten steps of the monitor's scan: ten seconds with the default settings. */
const SAMPLES = 11

export class RateWindow {
  readonly #timesMs: Float64Array = new Float64Array(SAMPLES)
  readonly #counts: Float64Array = new Float64Array(SAMPLES)
  #next = 1
  #length = 1

  constructor(nowMs: number, count: number) {
    this.#timesMs[0] = nowMs
    this.#counts[0] = count
  }

  sample(nowMs: number, count: number): void {
    this.#timesMs[this.#next] = nowMs
    this.#counts[this.#next] = count
    this.#next = (this.#next + 1) % SAMPLES
    if (this.#length < SAMPLES) this.#length++
  }

  /** Rate between the oldest sample and now; 0 before any time has passed. */
  perSecond(nowMs: number, count: number): number {
    const oldest = this.#length < SAMPLES ? 0 : this.#next
    const elapsedMs = nowMs - this.#timesMs[oldest]!
    return elapsedMs > 0 ? ((count - this.#counts[oldest]!) * 1000) / elapsedMs : 0
  }
}
