/**
 * A queue of events with a bound: at the bound the oldest goes and is counted. Read at once or by waiting; every
 * event reaches exactly one reader, and each arrival wakes one.
 */
import type { Clock, TimerHandle } from '../../../runtime/clock.js'

interface Reader<T> {
  resolve(event: T | null): void
  timer: TimerHandle | null
}

export class BoundedEvents<T> {
  readonly #clock: Clock
  readonly #capacity: number
  readonly #onDrop: () => void
  readonly #onSecondReader: () => void
  /** Events from `#first` on; the read part is cut off now and then. */
  #events: T[] = []
  #first = 0
  readonly #readers: Reader<T>[] = []
  #dropped = 0

  constructor(
    clock: Clock,
    capacity: number,
    reports: { readonly onDrop: () => void; readonly onSecondReader: () => void },
  ) {
    this.#clock = clock
    this.#capacity = capacity
    this.#onDrop = reports.onDrop
    this.#onSecondReader = reports.onSecondReader
  }

  get size(): number {
    return this.#events.length - this.#first
  }

  /** Events lost at the bound, exactly. */
  get dropped(): number {
    return this.#dropped
  }

  push(event: T): void {
    const reader = this.#readers.shift()
    if (reader !== undefined) {
      this.#finish(reader, event)
      return
    }
    this.#events.push(event)
    if (this.size <= this.#capacity) return
    this.#shift()
    this.#dropped++
    this.#onDrop()
  }

  /** The oldest event, or `null` when there is none. */
  takeNow(): T | null {
    return this.size === 0 ? null : this.#shift()
  }

  /** The oldest event as soon as there is one; `null` after `timeoutMs`, or when the queue is released. */
  take(timeoutMs: number): Promise<T | null> {
    if (this.size > 0) return Promise.resolve(this.#shift())
    if (timeoutMs <= 0) return Promise.resolve(null)
    if (this.#readers.length > 0) this.#onSecondReader()
    return new Promise((resolve) => {
      const reader: Reader<T> = { resolve, timer: null }
      this.#readers.push(reader)
      if (timeoutMs === Number.POSITIVE_INFINITY) return
      reader.timer = this.#clock.setTimer(() => {
        this.#readers.splice(this.#readers.indexOf(reader), 1)
        this.#finish(reader, null)
      }, timeoutMs)
    })
  }

  /** Ends every waiting read with `null`; events stay readable. */
  release(): void {
    for (const reader of this.#readers.splice(0)) this.#finish(reader, null)
  }

  #finish(reader: Reader<T>, event: T | null): void {
    if (reader.timer !== null) this.#clock.clearTimer(reader.timer)
    reader.resolve(event)
  }

  #shift(): T {
    const event = this.#events[this.#first++]!
    if (this.#first > 64 && this.#first * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#first)
      this.#first = 0
    }
    return event
  }
}
