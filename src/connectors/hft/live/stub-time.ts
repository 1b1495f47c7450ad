/**
 * The stub's time. On its own, a wait runs the queue until its condition holds: no time passes outside. With a
 * clock, the queue follows that clock and a wait really waits, for as long as the next action is away.
 */
import type { Clock, TimerHandle } from '../../../runtime/clock.js'
import { VirtualClock } from '../../../runtime/virtual-clock.js'
import { ReturnCode } from './codes.js'
import type { EventGate, GateCheck } from './event-gate.js'
import { VirtualQueue } from './virtual-queue.js'

export class StubTime {
  readonly queue: VirtualQueue
  /** For the gate; it never moves when the stub has no clock to follow, and then no wait reaches it. */
  readonly clock: Clock
  readonly #pace: Clock | null
  readonly #startNs: bigint
  readonly #startMs: number
  #gate: EventGate | null = null
  #timer: TimerHandle | null = null
  #isClosed = false

  constructor(startNs: bigint, pace: Clock | null) {
    this.queue = new VirtualQueue(startNs)
    this.#pace = pace
    this.clock = pace ?? new VirtualClock()
    this.#startNs = startNs
    this.#startMs = pace?.monotonicMs() ?? 0
  }

  get nowNs(): bigint {
    this.#catchUp()
    return this.queue.nowNs
  }

  add(atNs: bigint, run: () => void): void {
    if (this.#isClosed) return
    this.queue.add(atNs, run)
    this.#schedule()
  }

  wait(gate: EventGate, check: GateCheck, timeoutNs: bigint, signal?: AbortSignal): Promise<ReturnCode> {
    if (this.#pace === null) return this.#run(check, timeoutNs, signal)
    this.#gate = gate
    this.#catchUp()
    const waiting = gate.wait(check, timeoutNs, signal)
    this.#schedule()
    return waiting.finally(() => {
      if (gate.waiterCount === 0) this.#unschedule()
    })
  }

  close(): void {
    this.#isClosed = true
    this.#unschedule()
    this.queue.clear()
  }

  async #run(check: GateCheck, timeoutNs: bigint, signal?: AbortSignal): Promise<ReturnCode> {
    const deadlineNs = this.queue.nowNs + (timeoutNs > 0n ? timeoutNs : 0n)
    for (;;) {
      if (signal?.aborted) return ReturnCode.INTERRUPTED
      const code = check()
      if (code !== null) return code
      if (this.queue.runNext(deadlineNs)) continue
      this.queue.advance(deadlineNs)
      return ReturnCode.OK
    }
  }

  /** Runs what is due by the clock; what nobody waits for happens when somebody looks. */
  #catchUp(): void {
    if (this.#pace === null || this.#isClosed) return
    const elapsedMs = this.#pace.monotonicMs() - this.#startMs
    this.queue.advance(this.#startNs + BigInt(Math.round(elapsedMs * 1e6)))
  }

  /** One timer for the next action, only while somebody waits. */
  #schedule(): void {
    const nextNs = this.queue.nextNs
    if (this.#pace === null || this.#isClosed || nextNs === null || (this.#gate?.waiterCount ?? 0) === 0) return
    this.#unschedule()
    const dueMs = this.#startMs + Number(nextNs - this.#startNs) / 1e6
    this.#timer = this.#pace.setTimer(
      () => {
        this.#timer = null
        this.#catchUp()
        this.#gate?.wake()
        this.#schedule()
      },
      Math.max(0, dueMs - this.#pace.monotonicMs()),
    )
  }

  #unschedule(): void {
    if (this.#timer !== null) this.#pace?.clearTimer(this.#timer)
    this.#timer = null
  }
}
