/**
 * When one shard's next hand-over begins: by age as planned, or sooner as a retry. Owns the timer and the count
 * of tries; leaves the hand-over to the shard.
 */
import { type BackoffOptions, backoffDelayMs } from '../../runtime/backoff.js'
import type { Clock, TimerHandle } from '../../runtime/clock.js'
import type { Random } from '../../runtime/random.js'
import type { RefreshWindow } from '../config/types.js'
import { refreshDelayMs } from './refresh-schedule.js'

export interface RefreshTimerOptions {
  readonly ageMsMax: number
  readonly lifetimeMs: number
  readonly window: RefreshWindow | null
  /** For tries that follow each other. */
  readonly backoff: BackoffOptions
}

export class RefreshTimer {
  readonly #clock: Clock
  readonly #random: Random
  readonly #options: RefreshTimerOptions
  readonly #begin: (reason: string) => void
  #timer: TimerHandle | null = null
  /** Monotonic. */
  #dueMs: number | null = null
  #tries = 0

  constructor(clock: Clock, random: Random, options: RefreshTimerOptions, begin: (reason: string) => void) {
    this.#clock = clock
    this.#random = random
    this.#options = options
    this.#begin = begin
  }

  /** Hand-overs that failed, or led to a socket announced away as well, since data last flowed well. */
  get tries(): number {
    return this.#tries
  }

  /** `null` when none is planned. */
  get dueInMs(): number | null {
    return this.#dueMs === null ? null : Math.max(0, this.#dueMs - this.#clock.monotonicMs())
  }

  /** By the age of a socket that has just become the connection. */
  plan(): void {
    const { ageMsMax, lifetimeMs, window } = this.#options
    const openedAtMs = this.#clock.wallMs()
    this.#set(refreshDelayMs({ openedAtMs, ageMsMax, lifetimeMs, window, random: this.#random.next() }), 'age')
  }

  /** Soon, each time later than the last. */
  retry(reason: string): void {
    this.#set(backoffDelayMs(this.countTry(), this.#options.backoff, this.#random.next()), reason)
  }

  countTry(): number {
    return ++this.#tries
  }

  forgetTries(): void {
    this.#tries = 0
  }

  clear(): void {
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer)
    this.#timer = null
    this.#dueMs = null
  }

  #set(delayMs: number, reason: string): void {
    this.clear()
    this.#dueMs = this.#clock.monotonicMs() + delayMs
    this.#timer = this.#clock.setTimer(() => {
      this.#timer = null
      this.#dueMs = null
      this.#begin(reason)
    }, delayMs)
  }
}
