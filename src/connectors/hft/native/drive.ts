/**
 * When a connection looks for records. A pumped one is told by a doorbell; a polled one looks on every turn of the
 * event loop while records keep coming, and steps down to a timer when they stop.
 */

import type { RunNextTurn } from '../../../runtime/immediate.js'
import type { Clock, TimerHandle } from '../../../runtime/index.js'

/** Looks once; the number of records found. */
export type Look = () => number

export interface Driver {
  /** Somebody listens for records (or no longer does). */
  listen(isListening: boolean): void
  stop(): void
}

/** While nobody is hot, a polled connection looks this often. */
const COLD_PERIOD_MS = 1
/** Nobody listens for records: only events and registrations need a look. */
const QUIET_PERIOD_MS = 100
/** Records of one turn before other work of the loop gets its turn. */
const LOOKS_PER_TURN = 8

export interface PollOptions {
  readonly clock: Clock
  readonly runNextTurn: RunNextTurn
  readonly hotMicros: number
  readonly spin: boolean
  readonly keepAlive: boolean
  readonly look: Look
  /** The quiet look. */
  readonly tick: () => void
}

export class PollDriver implements Driver {
  readonly #options: PollOptions
  #isListening = false
  #isStopped = false
  #hotUntilMs = 0
  #cancelTurn: (() => void) | null = null
  #timer: TimerHandle | null = null

  constructor(options: PollOptions) {
    this.#options = options
    this.#wait()
  }

  listen(isListening: boolean): void {
    if (isListening === this.#isListening || this.#isStopped) return
    this.#isListening = isListening
    this.#cancel()
    this.#wait()
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel()
  }

  #cancel(): void {
    this.#cancelTurn?.()
    this.#cancelTurn = null
    if (this.#timer !== null) this.#options.clock.clearTimer(this.#timer)
    this.#timer = null
  }

  #wait(): void {
    const { clock, spin, keepAlive, runNextTurn } = this.#options
    const unref = !keepAlive
    if (!this.#isListening) {
      this.#timer = clock.setTimer(this.#quiet, QUIET_PERIOD_MS, { unref })
    } else if (spin || clock.monotonicMs() < this.#hotUntilMs) {
      this.#cancelTurn = runNextTurn(this.#turn, { unref })
    } else {
      this.#timer = clock.setTimer(this.#turn, COLD_PERIOD_MS, { unref })
    }
  }

  readonly #quiet = (): void => {
    this.#timer = null
    this.#options.tick()
    if (!this.#isStopped && this.#timer === null) this.#wait()
  }

  readonly #turn = (): void => {
    this.#cancelTurn = null
    this.#timer = null
    let found = 0
    for (let looks = 0; looks < LOOKS_PER_TURN && this.#isListening && !this.#isStopped; looks++) {
      const count = this.#options.look()
      found += count
      if (count === 0) break
    }
    if (found > 0) this.#hotUntilMs = this.#options.clock.monotonicMs() + this.#options.hotMicros / 1000
    // A handler may have stopped listening, or begun again, meanwhile.
    if (!this.#isStopped && this.#timer === null && this.#cancelTurn === null) this.#wait()
  }
}

export interface PumpOptions {
  readonly runNextTurn: RunNextTurn
  readonly look: Look
  /** Takes events without records and lets the next record or event ring. */
  readonly rearm: () => void
}

export class PumpDriver implements Driver {
  readonly #options: PumpOptions
  #isListening = false
  #isStopped = false
  #cancelTurn: (() => void) | null = null

  constructor(options: PumpOptions) {
    this.#options = options
  }

  listen(isListening: boolean): void {
    if (isListening === this.#isListening) return
    this.#isListening = isListening
    if (isListening) this.#next()
  }

  stop(): void {
    this.#isStopped = true
    this.#cancelTurn?.()
    this.#cancelTurn = null
  }

  /** The doorbell rang. */
  readonly ring = (): void => {
    if (this.#isStopped || this.#cancelTurn !== null) return
    if (this.#isListening) this.#turn()
    else this.#options.rearm()
  }

  readonly #turn = (): void => {
    this.#cancelTurn = null
    for (let looks = 0; looks < LOOKS_PER_TURN; looks++) {
      if (this.#isStopped || !this.#isListening) return
      // Nothing found has armed the doorbell.
      if (this.#options.look() === 0) return
    }
    this.#next()
  }

  #next(): void {
    if (!this.#isStopped && this.#cancelTurn === null) this.#cancelTurn = this.#options.runNextTurn(this.#turn)
  }
}
