/** How many events came in the last minute: sixty buckets of a second on the monotonic clock. */
const SECONDS = 60

export class MinuteCounter {
  readonly #counts = new Float64Array(SECONDS)
  readonly #seconds = new Float64Array(SECONDS).fill(-1)

  add(nowMs: number): void {
    const second = Math.floor(nowMs / 1_000)
    const bucket = second % SECONDS
    if (this.#seconds[bucket] !== second) {
      this.#seconds[bucket] = second
      this.#counts[bucket] = 0
    }
    this.#counts[bucket]! += 1
  }

  /** Events of the present second and the 59 before it. */
  perMinute(nowMs: number): number {
    const second = Math.floor(nowMs / 1_000)
    let sum = 0
    for (let bucket = 0; bucket < SECONDS; bucket++) {
      if (second - this.#seconds[bucket]! < SECONDS && this.#seconds[bucket]! >= 0) sum += this.#counts[bucket]!
    }
    return sum
  }
}
