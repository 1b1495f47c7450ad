/**
 * A clock that only moves when told: an ordered queue of (time, sequence, action). Takes one action, lets
 * all microtasks settle, then advances; so a day of feed time runs in seconds and the same way each time.
 */
import type { Clock, TimerHandle, TimerOptions } from './clock.js'

interface VirtualTimer {
  dueMs: number
  sequence: number
  action: () => void
  /** 0 for one-shot timers. */
  periodMs: number
  index: number
}

/** Rounds of the microtask queue that one action may need; a chain of promises is rarely deeper. */
const SETTLE_ROUNDS = 8

export class VirtualClock implements Clock {
  /** Binary heap by (dueMs, sequence). */
  readonly #heap: VirtualTimer[] = []
  #nowMs = 0
  #sequence = 0
  #wallOffsetMs: number

  constructor(options: { readonly startWallMs?: number } = {}) {
    this.#wallOffsetMs = options.startWallMs ?? 1_795_000_000_000
  }

  wallMs(): number {
    return this.#wallOffsetMs + this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  /** Steps the wall clock as an NTP correction would; timers and the monotonic clock do not notice. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs
  }

  get pendingTimerCount(): number {
    return this.#heap.length
  }

  /** Due time of the next timer on the monotonic clock, or `null`. */
  get nextDueMs(): number | null {
    return this.#heap[0]?.dueMs ?? null
  }

  setTimer(action: () => void, delayMs: number, _options?: TimerOptions): TimerHandle {
    return this.#add(action, Math.max(0, delayMs), 0)
  }

  setRepeating(action: () => void, periodMs: number, _options?: TimerOptions): TimerHandle {
    return this.#add(action, Math.max(periodMs, 1e-3), Math.max(periodMs, 1e-3))
  }

  clearTimer(timer: TimerHandle): void {
    const virtual = timer as VirtualTimer
    if (virtual.index >= 0) this.#remove(virtual)
    virtual.periodMs = 0
  }

  /** Runs every action due within `byMs`, in order, settling promises after each; ends exactly `byMs` later. */
  async advance(byMs: number): Promise<void> {
    const targetMs = this.#nowMs + byMs
    await settle()
    for (let next = this.#heap[0]; next !== undefined && next.dueMs <= targetMs; next = this.#heap[0]) {
      this.#run(next)
      await settle()
    }
    this.#nowMs = Math.max(this.#nowMs, targetMs)
  }

  /** Like `advance`, without settling promises between actions: for code that only uses timers. */
  advanceSync(byMs: number): void {
    const targetMs = this.#nowMs + byMs
    for (let next = this.#heap[0]; next !== undefined && next.dueMs <= targetMs; next = this.#heap[0]) this.#run(next)
    this.#nowMs = Math.max(this.#nowMs, targetMs)
  }

  /**
   * Advances action by action until `condition` holds; throws when `limitMs` passed first or nothing is
   * left to run.
   */
  async runUntil(condition: () => boolean, limitMs: number): Promise<void> {
    const limit = this.#nowMs + limitMs
    await settle()
    while (!condition()) {
      const next = this.#heap[0]
      if (next === undefined || next.dueMs > limit) {
        throw new Error(`condition not met within ${limitMs} ms of virtual time (${this.#heap.length} timers pending)`)
      }
      this.#run(next)
      await settle()
    }
  }

  #run(timer: VirtualTimer): void {
    this.#remove(timer)
    this.#nowMs = Math.max(this.#nowMs, timer.dueMs)
    if (timer.periodMs > 0) {
      timer.dueMs += timer.periodMs
      timer.sequence = this.#sequence++
      this.#push(timer)
    }
    timer.action()
  }

  #add(action: () => void, delayMs: number, periodMs: number): VirtualTimer {
    const timer = { dueMs: this.#nowMs + delayMs, sequence: this.#sequence++, action, periodMs, index: -1 }
    this.#push(timer)
    return timer
  }

  #push(timer: VirtualTimer): void {
    timer.index = this.#heap.length
    this.#heap.push(timer)
    this.#siftUp(timer.index)
  }

  #remove(timer: VirtualTimer): void {
    const heap = this.#heap
    const index = timer.index
    const last = heap.pop() as VirtualTimer
    timer.index = -1
    if (last === timer) return
    heap[index] = last
    last.index = index
    this.#siftUp(index)
    this.#siftDown(last.index)
  }

  #siftUp(from: number): void {
    const heap = this.#heap
    let index = from
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!before(heap[index]!, heap[parent]!)) return
      this.#swap(index, parent)
      index = parent
    }
  }

  #siftDown(from: number): void {
    const heap = this.#heap
    let index = from
    for (;;) {
      const left = 2 * index + 1
      const right = left + 1
      let first = index
      if (left < heap.length && before(heap[left]!, heap[first]!)) first = left
      if (right < heap.length && before(heap[right]!, heap[first]!)) first = right
      if (first === index) return
      this.#swap(index, first)
      index = first
    }
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap
    const timerA = heap[a]!
    const timerB = heap[b]!
    heap[a] = timerB
    heap[b] = timerA
    timerA.index = b
    timerB.index = a
  }
}

function before(a: VirtualTimer, b: VirtualTimer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence)
}

async function settle(): Promise<void> {
  for (let round = 0; round < SETTLE_ROUNDS; round++) await Promise.resolve()
}
