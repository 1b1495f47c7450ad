/**
 * Live candles of one line that came before their turn, and how long they wait.
 *
 * Owns their order and the one timer. Leaves what is given up when the time is over to whoever made it. REST that goes
 * on bringing candles moves the end: a long backfill is no reason to give up.
 */
import type { Clock, TimerHandle } from '../../runtime/clock.js'
import type { Candle } from '../../types/candle.js'

interface Held {
  readonly candle: Candle
  /** Monotonic time of arrival. */
  readonly atMs: number
}

export class HeldCandles {
  readonly #clock: Clock
  readonly #holdMsMax: number
  readonly #onOver: () => void
  /** By rising open time. */
  readonly #held: Held[] = []
  /** Monotonic time at which REST last brought a candle. */
  #progressAtMs = Number.NEGATIVE_INFINITY
  #timer: TimerHandle | null = null

  /** `onOver` when the first has waited for `holdMsMax`; it must take that one away, or it is asked again. */
  constructor(clock: Clock, holdMsMax: number, onOver: () => void) {
    this.#clock = clock
    this.#holdMsMax = holdMsMax
    this.#onOver = onOver
  }

  get count(): number {
    return this.#held.length
  }

  /** The one with the lowest open time. */
  get first(): Candle | undefined {
    return this.#held[0]?.candle
  }

  has(openTimeMs: number): boolean {
    return this.#held.some(({ candle }) => candle.openTimeMs === openTimeMs)
  }

  /** By rising open time. */
  openTimesMs(): number[] {
    return this.#held.map(({ candle }) => candle.openTimeMs)
  }

  /** Does not start the waiting time yet: `arm` does, when what follows from it was said. */
  add(candle: Candle): void {
    const at = this.#held.findIndex((held) => held.candle.openTimeMs > candle.openTimeMs)
    this.#held.splice(at < 0 ? this.#held.length : at, 0, { candle, atMs: this.#clock.monotonicMs() })
  }

  takeFirst(): Candle | undefined {
    const first = this.#held.shift()
    if (this.#held.length === 0) this.#disarm()
    return first?.candle
  }

  /** REST has brought a candle. */
  noteProgress(): void {
    this.#progressAtMs = this.#clock.monotonicMs()
  }

  /** Starts the waiting time of the first one, unless it runs already. */
  arm(): void {
    const first = this.#held[0]
    if (this.#timer !== null || first === undefined) return
    const action = (): void => {
      this.#timer = null
      if (this.#held[0] === first && this.#endsMs(first) <= this.#clock.monotonicMs()) this.#onOver()
      this.arm()
    }
    this.#timer = this.#clock.setTimer(action, Math.max(0, this.#endsMs(first) - this.#clock.monotonicMs()))
  }

  /** Forgets all; how many there were. */
  clear(): number {
    this.#disarm()
    return this.#held.splice(0).length
  }

  #endsMs({ atMs }: Held): number {
    return Math.max(atMs, this.#progressAtMs) + this.#holdMsMax
  }

  #disarm(): void {
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer)
    this.#timer = null
  }
}
