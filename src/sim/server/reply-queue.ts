/** Replies to control messages: each may be delayed, all keep their order. */
import type { Clock, TimerHandle } from '../../runtime/index.js'

export class ReplyQueue {
  readonly #clock: Clock
  readonly #send: (text: string) => void
  readonly #waiting: { readonly text: string; readonly timer: TimerHandle }[] = []
  #lastDueMs = 0

  constructor(clock: Clock, send: (text: string) => void) {
    this.#clock = clock
    this.#send = send
  }

  /** Sends after `delayMs`, and not before any earlier reply. */
  send(text: string, delayMs = 0): void {
    if (delayMs === 0 && this.#waiting.length === 0) {
      this.#send(text)
      return
    }
    const nowMs = this.#clock.monotonicMs()
    this.#lastDueMs = Math.max(this.#lastDueMs, nowMs + delayMs)
    const timer = this.#clock.setTimer(() => {
      const due = this.#waiting.shift()
      if (due !== undefined) this.#send(due.text)
    }, this.#lastDueMs - nowMs)
    this.#waiting.push({ text, timer })
  }

  /** Sends everything that waits, now. */
  flush(): void {
    for (const text of this.discard()) this.#send(text)
  }

  /** Forgets everything that waits and returns it. */
  discard(): readonly string[] {
    const waiting = this.#waiting.splice(0)
    for (const { timer } of waiting) this.#clock.clearTimer(timer)
    return waiting.map(({ text }) => text)
  }
}
