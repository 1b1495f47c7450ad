/**
 * The venue's side of the heartbeat: a ping at each interval, and a deadline for its pong. Only a pong with the
 * payload of a ping counts; one nobody asked for is no sign of life (Binance spot documentation, 2026-11-20).
 */
import type { Clock, TimerHandle } from '../../runtime/index.js'

export interface ServerPingerOptions {
  readonly intervalMs: number
  readonly timeoutMs: number
  /** Payload of the next ping. */
  readonly payload: () => string
  readonly send: (payload: string) => void
  readonly onTimeout: () => void
}

export class ServerPinger {
  readonly #clock: Clock
  readonly #options: ServerPingerOptions
  /** Pings that wait for their pong, oldest first. */
  #awaited: { readonly payload: string; readonly sentMs: number }[] = []
  #interval: TimerHandle | null = null
  #deadline: TimerHandle | null = null

  constructor(clock: Clock, options: ServerPingerOptions) {
    this.#clock = clock
    this.#options = options
  }

  start(): void {
    this.#interval = this.#clock.setRepeating(() => this.#ping(), this.#options.intervalMs)
  }

  stop(): void {
    if (this.#interval !== null) this.#clock.clearTimer(this.#interval)
    if (this.#deadline !== null) this.#clock.clearTimer(this.#deadline)
    this.#interval = null
    this.#deadline = null
    this.#awaited = []
  }

  /** Answers the ping with this payload and all before it. */
  onPong(payload: string): void {
    const position = this.#awaited.findIndex((ping) => ping.payload === payload)
    if (position < 0) return
    this.#awaited = this.#awaited.slice(position + 1)
    this.#armDeadline()
  }

  #ping(): void {
    const payload = this.#options.payload()
    this.#awaited.push({ payload, sentMs: this.#clock.monotonicMs() })
    if (this.#awaited.length === 1) this.#armDeadline()
    this.#options.send(payload)
  }

  /** The deadline belongs to the oldest ping without its pong. */
  #armDeadline(): void {
    if (this.#deadline !== null) this.#clock.clearTimer(this.#deadline)
    this.#deadline = null
    const oldest = this.#awaited[0]
    if (oldest === undefined) return
    const leftMs = oldest.sentMs + this.#options.timeoutMs - this.#clock.monotonicMs()
    this.#deadline = this.#clock.setTimer(() => this.#options.onTimeout(), leftMs)
  }
}
