/** One direction of an in-memory network: delivers actions after a seeded latency, in the order they were pushed. */
import type { Clock, Random, TimerHandle } from '../../runtime/index.js'

export interface LatencyRange {
  readonly minMs: number
  readonly maxMs: number
}

interface Parcel {
  readonly dueMs: number
  readonly bytes: number
  readonly action: () => void
}

/** A delivered prefix of the queue is cut off once it is this long. */
const COMPACT_AT = 1024

export class DelayLane {
  readonly #clock: Clock
  readonly #random: Random
  readonly #latency: LatencyRange
  #queue: Parcel[] = []
  #head = 0
  #timer: TimerHandle | null = null
  #lastDueMs = 0
  #bytes = 0
  #isHeld = false

  constructor(clock: Clock, random: Random, latency: LatencyRange) {
    this.#clock = clock
    this.#random = random
    this.#latency = latency
  }

  /** Bytes under way. */
  get queuedBytes(): number {
    return this.#bytes
  }

  push(action: () => void, bytes = 0): void {
    const { minMs, maxMs } = this.#latency
    const latencyMs = minMs === maxMs ? minMs : minMs + (maxMs - minMs) * this.#random.next()
    this.#lastDueMs = Math.max(this.#lastDueMs, this.#clock.monotonicMs() + latencyMs)
    this.#queue.push({ dueMs: this.#lastDueMs, bytes, action })
    this.#bytes += bytes
    this.#arm()
  }

  /** Nothing is delivered until `release`; what is pushed meanwhile waits. */
  hold(): void {
    this.#isHeld = true
    this.#disarm()
  }

  release(): void {
    this.#isHeld = false
    this.#arm()
  }

  clear(): void {
    this.#disarm()
    this.#queue = []
    this.#head = 0
    this.#bytes = 0
  }

  #arm(): void {
    const next = this.#queue[this.#head]
    if (this.#timer !== null || this.#isHeld || next === undefined) return
    this.#timer = this.#clock.setTimer(() => this.#deliver(), next.dueMs - this.#clock.monotonicMs())
  }

  #deliver(): void {
    this.#timer = null
    // Timers of a real clock may fire a little early.
    const dueMs = this.#clock.monotonicMs() + 0.01
    for (let parcel = this.#queue[this.#head]; parcel !== undefined; parcel = this.#queue[this.#head]) {
      if (parcel.dueMs > dueMs || this.#isHeld) break
      this.#head++
      this.#bytes -= parcel.bytes
      parcel.action()
    }
    if (this.#head >= COMPACT_AT || this.#head === this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head)
      this.#head = 0
    }
    this.#arm()
  }

  #disarm(): void {
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer)
    this.#timer = null
  }
}
