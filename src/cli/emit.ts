/**
 * `--emit`: each matching envelope as one JSON line on stdout. Lines are collected and written once per
 * turn of the event loop, because a system call per message would make the printing the slow part.
 */
import type { Bus, Subscription } from '../bus/index.js'
import type { Clock, TimerHandle } from '../runtime/index.js'

/** Write early when this much is waiting, so that a burst does not pile up in memory. */
const FLUSH_CHARS = 64 * 1024

export interface OutputStream {
  write(text: string): unknown
}

export class EnvelopeEmitter {
  readonly #out: OutputStream
  readonly #clock: Clock
  readonly #subscriptions: Subscription[] = []
  #pending = ''
  #timer: TimerHandle | null = null
  #lineCount = 0

  constructor(bus: Bus, patterns: readonly string[], out: OutputStream, clock: Clock) {
    this.#out = out
    this.#clock = clock
    // One subscription for all patterns would print an envelope that matches two of them once; so do we.
    const seen = patterns.length > 1 ? new WeakSet<object>() : null
    for (const pattern of patterns) {
      const subscription = bus.subscribe(pattern as 'mkt.*', (envelope) => {
        if (seen !== null) {
          if (seen.has(envelope)) return
          seen.add(envelope)
        }
        this.#line(JSON.stringify(envelope))
      })
      this.#subscriptions.push(subscription)
    }
  }

  get lineCount(): number {
    return this.#lineCount
  }

  #line(json: string): void {
    this.#pending += `${json}\n`
    this.#lineCount++
    if (this.#pending.length >= FLUSH_CHARS) this.flush()
    else this.#timer ??= this.#clock.setTimer(() => this.flush(), 0)
  }

  flush(): void {
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer)
    this.#timer = null
    if (this.#pending === '') return
    const text = this.#pending
    this.#pending = ''
    this.#out.write(text)
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe()
    this.flush()
  }
}
