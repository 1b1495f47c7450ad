/**
 * Is the data of a client alive. Lost means: no feed for the feed timeout on the client's clock, the bot's own word
 * that a whole timeout passed, its connector gone, or its data ended. Told once per loss, armed again by a feed.
 */
import type { Clock, TimerHandle } from '../../../runtime/clock.js'
import type { LossReason } from './client-options.js'

export class HealthMonitor {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #onLost: (reason: LossReason) => void
  readonly #onCheck: () => void
  #timer: TimerHandle | null = null
  /** Monotonic ms of the latest feed, or of the start. */
  #aliveMs = 0
  #loss: LossReason | null = null
  /** Health checks made, for tests and statistics. */
  checkCount = 0

  constructor(
    clock: Clock,
    timeoutMs: number,
    reports: { readonly onLost: (reason: LossReason) => void; readonly onCheck: () => void },
  ) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#onLost = reports.onLost
    this.#onCheck = reports.onCheck
  }

  get isRunning(): boolean {
    return this.#timer !== null
  }

  get isConnected(): boolean {
    return this.isRunning && this.#loss === null && !this.#isSilent
  }

  start(intervalMs: number): void {
    this.#aliveMs = this.#clock.monotonicMs()
    this.#loss = null
    this.#timer = this.#clock.setRepeating(() => this.#check(), intervalMs, { unref: true })
  }

  stop(): void {
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer)
    this.#timer = null
  }

  feed(): void {
    this.#aliveMs = this.#clock.monotonicMs()
    this.#loss = null
  }

  lose(reason: LossReason): void {
    if (this.#loss !== null || !this.isRunning) return
    this.#loss = reason
    this.#onLost(reason)
  }

  get #isSilent(): boolean {
    return this.#clock.monotonicMs() - this.#aliveMs >= this.#timeoutMs
  }

  #check(): void {
    this.checkCount++
    if (this.#isSilent) this.lose('STALE')
    this.#onCheck()
  }
}
