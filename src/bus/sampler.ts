/**
 * Decides which message is timed. Every one while they are rare; the step doubles while samples come
 * closer than 10 ms to each other and halves when they are a second apart, so that a topic is sampled
 * often enough to be known and rarely enough to cost nothing.
 */
const SAMPLE_GAP_MS_MIN = 10
const SAMPLE_GAP_MS_MAX = 1_000
const STEP_MAX = 4_096

export class Sampler {
  /** Count from which on the next message is to be timed. */
  next = 1
  #step = 1
  #lastMs = Number.NEGATIVE_INFINITY

  sampled(count: number, nowMs: number): void {
    const gapMs = nowMs - this.#lastMs
    this.#lastMs = nowMs
    if (gapMs < SAMPLE_GAP_MS_MIN) this.#step = Math.min(this.#step * 2, STEP_MAX)
    else if (gapMs > SAMPLE_GAP_MS_MAX) this.#step = Math.max(this.#step >> 1, 1)
    this.next = count + this.#step
  }
}
