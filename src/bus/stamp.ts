/**
 * Publish times. Reading the system clock costs ten times a whole publish, so publishes of one synchronous
 * piece of work may share a reading, within a budget: every publish spends what its topic's delivery takes
 * in microseconds (measured by sampling), and when the budget is spent the clock is read again. It is read
 * again in any case when the current job is over. See docs/adr/0009-bus-publish-time.md.
 *
 * An injected clock (virtual, replay) is read for every publish: it is cheap, and it may be moved by hand.
 */
import type { Clock } from '../runtime/clock.js'
import { SystemClock } from '../runtime/system-clock.js'

/** Delivery work in microseconds after which a shared reading is too old. */
const SHARED_AGE_US_MAX = 100

/** A reading in units that publishes spend; whole numbers, because they are counted per message. */
const BUDGET = 256

/** Units that a publish spends when its delivery takes `deliveryUs`; at least one, so a reading serves 255 more. */
export function stampCost(deliveryUs: number): number {
  return Math.min(BUDGET, Math.max(1, Math.ceil((deliveryUs * BUDGET) / SHARED_AGE_US_MAX)))
}

const SETTLED: Promise<void> = Promise.resolve()

export class PublishStamp {
  /** Left of the current reading; below zero the clock must be read again. */
  budget = 0
  timeMs = 0

  readonly #clock: Clock
  readonly #isShared: boolean
  #expiryScheduled = false
  readonly #expire = (): void => {
    this.budget = 0
    this.#expiryScheduled = false
  }

  constructor(clock: Clock, exact: boolean) {
    this.#clock = clock
    this.#isShared = !exact && clock instanceof SystemClock
  }

  /** Reads the clock and starts a new budget. */
  read(): number {
    this.timeMs = this.#clock.wallMs()
    if (this.#isShared) {
      this.budget = BUDGET
      if (!this.#expiryScheduled) {
        this.#expiryScheduled = true
        // A microtask runs when the current job's stack is empty: before any other job could publish.
        void SETTLED.then(this.#expire)
      }
    }
    return this.timeMs
  }
}
