/**
 * When one shard connects again after a loss, and what losses have cost it so far.
 *
 * Owns the count of consecutive failures, the timer of the next attempt, and since when an open connection has been
 * missing. Leaves what an end means to `decideReconnect`, the connect itself and its turn among others to
 * `ShardSockets`, the twin for planned replacements to `RefreshTimer`.
 *
 * Rules: failures are forgotten when data has flowed for a while (docs/adr/0006-what-counts-as-healthy.md); the quick
 * attempt after a healthy connection does not make the delays after it longer.
 */
import type { BackoffOptions } from '../../runtime/backoff.js'
import type { Clock, TimerHandle } from '../../runtime/clock.js'
import type { Random } from '../../runtime/random.js'
import type { ConnectionConfig } from '../config/types.js'
import { backoffOf, decideReconnect, type EndReason, type ReconnectDecision } from './reconnect-policy.js'

export class ReconnectTimer {
  readonly #clock: Clock
  readonly #random: Random
  readonly #config: ConnectionConfig
  readonly #backoff: BackoffOptions
  readonly #connect: () => void
  #timer: TimerHandle | null = null
  #attempt = 0
  /** Among the attempts counted is the quick one. */
  #isQuickUsed = false
  #reconnectCount = 0
  /** Monotonic time at which an open connection was lost; `null` while none is missing. */
  #lostAtMs: number | null = null

  constructor(clock: Clock, random: Random, config: ConnectionConfig, connect: () => void) {
    this.#clock = clock
    this.#random = random
    this.#config = config
    this.#backoff = backoffOf(config)
    this.#connect = connect
  }

  /** Attempts since data last flowed well; 0 for a first connect. */
  get attempt(): number {
    return this.#attempt
  }

  /** Losses that ended in an open connection again. */
  get reconnectCount(): number {
    return this.#reconnectCount
  }

  get isExhausted(): boolean {
    return this.#attempt >= this.#config.maxReconnectAttempts
  }

  /** What the end of a socket asks for; to be called once for each, since it draws a random number. */
  decide(end: EndReason, wasHealthy: boolean): ReconnectDecision {
    const quickMs = this.#attempt === 0 && wasHealthy ? this.#config.firstReconnectDelayMs : null
    const attempt = this.#attempt + (this.#isQuickUsed ? 0 : 1)
    return decideReconnect(end, attempt, this.#backoff, this.#random.next(), quickMs)
  }

  /** Counts one more attempt, which begins after the delay; the number it has. */
  retry({ delayMs, isQuick }: ReconnectDecision): number {
    this.#attempt++
    if (isQuick) this.#isQuickUsed = true
    this.clear()
    this.#timer = this.#clock.setTimer(() => {
      this.#timer = null
      this.#connect()
    }, delayMs)
    return this.#attempt
  }

  /** Data has flowed for the healthy time. */
  forgetAttempts(): void {
    this.#attempt = 0
    this.#isQuickUsed = false
  }

  /** An open connection is missing from now on. */
  noteLoss(): void {
    this.#lostAtMs = this.#clock.monotonicMs()
  }

  /** The connection is open (again). How long one was missing, in ms; `null` when none was. */
  noteEstablished(): number | null {
    const downMs = this.#lostAtMs === null ? null : this.#clock.monotonicMs() - this.#lostAtMs
    if (downMs !== null) this.#reconnectCount++
    this.#lostAtMs = null
    return downMs
  }

  /** The loss was none: another socket was open already. */
  forgetLoss(): void {
    this.#lostAtMs = null
  }

  clear(): void {
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer)
    this.#timer = null
  }
}
