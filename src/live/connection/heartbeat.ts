/**
 * Finds a half-open socket: one that stays open while nothing answers any more.
 *
 *     WAITING --interval--> ping sent --sign of life in time--> WAITING
 *                                     --none by the deadline--> port.onSilent()
 *
 * Any frame, ping or pong received counts as life of the socket (never of a stream). A half-open socket is
 * found within interval + timeout. Client pings count as incoming messages at the venue, so the interval
 * should not fall below 15 s on a live venue.
 */
import type { Clock, TimerHandle } from '../../runtime/clock.js'

export interface HeartbeatOptions {
  readonly pingIntervalMs: number
  readonly pingTimeoutMs: number
}

/** What the heartbeat needs of a connection, and nothing more. */
export interface HeartbeatPort {
  /** Sends a ping; `false` when the socket cannot, then no answer is awaited. */
  sendPing(): boolean
  /** Anything received so far; only changes of it matter. */
  lifeCount(): number
  onSilent(): void
}

/**
 * A deadline that fires this late means that the event loop was blocked (a slow handler, a suspended
 * machine): the answer may wait unread in the socket, so reading gets its chance before the verdict.
 */
const LATE_MS = 200
const READ_GRACE_MS = 1_000

export class Heartbeat {
  readonly #clock: Clock
  readonly #options: HeartbeatOptions
  readonly #port: HeartbeatPort
  #timer: TimerHandle | null = null
  #pingSentAtMs = 0
  #lifeAtPing = 0
  #isAwaitingPong = false
  #rttMs: number | null = null

  constructor(clock: Clock, options: HeartbeatOptions, port: HeartbeatPort) {
    this.#clock = clock
    this.#options = options
    this.#port = port
  }

  /** Round trip of the last answered ping; `null` before. */
  get rttMs(): number | null {
    return this.#rttMs
  }

  start(): void {
    this.#wait(this.#options.pingIntervalMs)
  }

  stop(): void {
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer)
    this.#timer = null
    this.#isAwaitingPong = false
  }

  /** Unsolicited pongs are life too, but measure nothing. */
  onPong(): void {
    if (!this.#isAwaitingPong) return
    this.#isAwaitingPong = false
    this.#rttMs = this.#clock.monotonicMs() - this.#pingSentAtMs
  }

  #wait(delayMs: number): void {
    this.#timer = this.#clock.setTimer(() => this.#ping(), delayMs)
  }

  #ping(): void {
    this.#lifeAtPing = this.#port.lifeCount()
    this.#pingSentAtMs = this.#clock.monotonicMs()
    this.#isAwaitingPong = true
    if (this.#port.sendPing()) this.#expectLife(this.#options.pingTimeoutMs, true)
    else this.#wait(this.#options.pingIntervalMs)
  }

  #expectLife(withinMs: number, mayExtend: boolean): void {
    const dueMs = this.#clock.monotonicMs() + withinMs
    this.#timer = this.#clock.setTimer(() => {
      this.#timer = null
      if (this.#port.lifeCount() !== this.#lifeAtPing) {
        const elapsedMs = this.#clock.monotonicMs() - this.#pingSentAtMs
        this.#wait(Math.max(0, this.#options.pingIntervalMs - elapsedMs))
      } else if (mayExtend && this.#clock.monotonicMs() - dueMs > LATE_MS) {
        this.#expectLife(READ_GRACE_MS, false)
      } else {
        this.#port.onSilent()
      }
    }, withinMs)
  }
}
