/**
 * Keeps connection attempts inside the venue's limit, for all connections to a venue together, of
 * whatever manager.
 *
 * The venue allows 300 attempts per 5 minutes and address (stream documentation, checked 2026-11-20) and bans
 * addresses that ignore it. A tenth is left for other programs behind the same address. Attempts are also
 * spaced, so that many shards dropped together do not return in one burst.
 */
import type { Clock, TimerHandle } from '../../runtime/clock.js'

export interface ConnectLimiterOptions {
  /** Attempts allowed in any window. */
  readonly attemptsMax: number
  readonly windowMs: number
  /** Least time between two attempts. */
  readonly spacingMs: number
}

export class ConnectLimiter {
  readonly #clock: Clock
  readonly #options: ConnectLimiterOptions
  /** First come, first served. */
  readonly #waiting = new Set<() => void>()
  /** Monotonic times of attempts inside the window, oldest first. */
  readonly #attempts: number[] = []
  #pausedUntilMs = 0
  #timer: TimerHandle | null = null

  constructor(clock: Clock, options: ConnectLimiterOptions) {
    this.#clock = clock
    this.#options = options
  }

  get waitingCount(): number {
    return this.#waiting.size
  }

  /** Calls `attempt` when it may be made, at once if possible. The returned function withdraws the wish. */
  request(attempt: () => void): () => void {
    // Its own closure, so that the same function may wait twice.
    const turn = (): void => attempt()
    this.#waiting.add(turn)
    this.#pump()
    return () => {
      this.#waiting.delete(turn)
      if (this.#waiting.size === 0) this.#clearTimer()
    }
  }

  /** No attempt by anybody for this long: the venue answered 429 or 418, which concerns the whole address. */
  pauseFor(durationMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#clock.monotonicMs() + durationMs)
    this.#clearTimer()
    this.#pump()
  }

  #pump(): void {
    for (const turn of this.#waiting) {
      const waitMs = this.#waitMs()
      if (waitMs > 0) {
        this.#timer ??= this.#clock.setTimer(() => {
          this.#timer = null
          this.#pump()
        }, waitMs)
        return
      }
      this.#waiting.delete(turn)
      this.#attempts.push(this.#clock.monotonicMs())
      turn()
    }
  }

  /** Time until the next attempt is allowed. */
  #waitMs(): number {
    const nowMs = this.#clock.monotonicMs()
    const { attemptsMax, windowMs, spacingMs } = this.#options
    const attempts = this.#attempts
    while (attempts[0] !== undefined && attempts[0] <= nowMs - windowMs) attempts.shift()
    const last = attempts.at(-1)
    const oldest = attempts[0]
    let freeAtMs = this.#pausedUntilMs
    if (last !== undefined) freeAtMs = Math.max(freeAtMs, last + spacingMs)
    if (oldest !== undefined && attempts.length >= attemptsMax) freeAtMs = Math.max(freeAtMs, oldest + windowMs)
    return freeAtMs - nowMs
  }

  #clearTimer(): void {
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer)
    this.#timer = null
  }
}
