/**
 * The venue's own time on top of an injected clock: it starts where it is told, runs `speed` times as fast,
 * and its wall clock can be off or drift. Everything in the venue that waits or stamps uses this clock.
 */
import type { Clock, TimerHandle, TimerOptions } from '../../runtime/index.js'

export class VenueClock implements Clock {
  readonly #base: Clock
  readonly #speed: number
  readonly #originMs: number
  readonly #startWallMs: number
  #skewMs = 0
  #driftPpm = 0
  #driftFromMs = 0

  constructor(base: Clock, options: { readonly speed?: number; readonly startWallMs?: number } = {}) {
    this.#base = base
    this.#speed = options.speed ?? 1
    this.#originMs = base.monotonicMs()
    this.#startWallMs = options.startWallMs ?? base.wallMs()
  }

  wallMs(): number {
    return this.#startWallMs + this.monotonicMs() + this.errorMs
  }

  /** How far the wall clock is off: steps and drift so far. */
  get errorMs(): number {
    return this.#skewMs + (this.monotonicMs() - this.#driftFromMs) * (this.#driftPpm / 1e6)
  }

  monotonicMs(): number {
    return (this.#base.monotonicMs() - this.#originMs) * this.#speed
  }

  setTimer(action: () => void, delayMs: number, options?: TimerOptions): TimerHandle {
    return this.#base.setTimer(action, delayMs / this.#speed, options)
  }

  setRepeating(action: () => void, periodMs: number, options?: TimerOptions): TimerHandle {
    return this.#base.setRepeating(action, periodMs / this.#speed, options)
  }

  clearTimer(timer: TimerHandle): void {
    this.#base.clearTimer(timer)
  }

  /** Steps the wall clock; timers do not notice. */
  step(byMs: number): void {
    this.#skewMs += byMs
  }

  /** Parts per million; what drifted away so far stays. */
  drift(ppm: number): void {
    const elapsedMs = this.monotonicMs()
    this.#skewMs += (elapsedMs - this.#driftFromMs) * (this.#driftPpm / 1e6)
    this.#driftFromMs = elapsedMs
    this.#driftPpm = ppm
  }
}
