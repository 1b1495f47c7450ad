/** A link that may be narrow: passes bytes straight on, or frame by frame at a given rate, in order. */
import type { Clock, TimerHandle } from '../../runtime/index.js'

export class LinkShaper {
  readonly #clock: Clock
  readonly #send: (bytes: Uint8Array) => void
  readonly #queue: Uint8Array[] = []
  #bytesPerSecond: number | null = null
  #timer: TimerHandle | null = null
  #queuedBytes = 0

  constructor(clock: Clock, send: (bytes: Uint8Array) => void) {
    this.#clock = clock
    this.#send = send
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  /** What is sent now does not leave at once. */
  get isBusy(): boolean {
    return this.#bytesPerSecond !== null || this.#queue.length > 0
  }

  send(bytes: Uint8Array): void {
    if (!this.isBusy) {
      this.#send(bytes)
      return
    }
    this.#queue.push(bytes)
    this.#queuedBytes += bytes.length
    this.#arm()
  }

  /** `null` lifts the limit and lets everything waiting go at once. */
  limit(bytesPerSecond: number | null): void {
    this.#bytesPerSecond = bytesPerSecond
    if (bytesPerSecond === null) this.flush()
  }

  /** Lets everything waiting go at once. */
  flush(): void {
    const waiting = this.#queue.splice(0)
    this.discard()
    for (const bytes of waiting) this.#send(bytes)
  }

  /** Forgets everything waiting. */
  discard(): void {
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer)
    this.#timer = null
    this.#queue.length = 0
    this.#queuedBytes = 0
  }

  /** The head of the queue leaves once it would have been transferred at the rate. */
  #arm(): void {
    const head = this.#queue[0]
    if (this.#timer !== null || head === undefined || this.#bytesPerSecond === null) return
    this.#timer = this.#clock.setTimer(
      () => {
        this.#timer = null
        this.#queue.shift()
        this.#queuedBytes -= head.length
        this.#send(head)
        this.#arm()
      },
      (head.length / this.#bytesPerSecond) * 1000,
    )
  }
}
