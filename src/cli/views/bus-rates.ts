/** What flows over the bus now: messages per second of each topic over the last seconds, and who holds it up. */
import type { Bus, SlowestHandler } from '../../bus/index.js'
import type { Clock } from '../../runtime/index.js'

export interface BusPicture {
  /** Busiest first; topics without messages are left out. */
  readonly topics: readonly { readonly topic: string; readonly perSecond: number }[]
  /** Slowest call of a handler seen so far. */
  readonly slowest: (SlowestHandler & { readonly topic: string }) | null
  readonly queued: number
  readonly dropped: number
  readonly handlerErrors: number
}

/** Rates over a shorter time would flicker. */
const WINDOW_MS = 2_000

interface Counted {
  readonly atMs: number
  readonly published: ReadonlyMap<string, number>
}

export class BusRates {
  readonly #bus: Bus
  readonly #clock: Clock
  /** Oldest first; the first is what rates are measured against. */
  #counted: Counted[] = []

  constructor(bus: Bus, clock: Clock) {
    this.#bus = bus
    this.#clock = clock
  }

  picture(): BusPicture {
    const { topics, totals } = this.#bus.stats()
    const all = Object.values(topics)
    const nowMs = this.#clock.monotonicMs()
    const now: Counted = { atMs: nowMs, published: new Map(all.map(({ topic, published }) => [topic, published])) }
    this.#counted.push(now)
    while (this.#counted.length > 2 && nowMs - (this.#counted[1]?.atMs ?? nowMs) >= WINDOW_MS) this.#counted.shift()
    const before = this.#counted[0] ?? now
    const seconds = (nowMs - before.atMs) / 1_000
    let slowest: BusPicture['slowest'] = null
    for (const { topic, slowestHandler } of all) {
      if (slowestHandler !== null && slowestHandler.durationMs > (slowest?.durationMs ?? 0)) {
        slowest = { ...slowestHandler, topic }
      }
    }
    return {
      topics: all
        .map(({ topic, published }) => ({
          topic,
          perSecond: seconds > 0 ? (published - (before.published.get(topic) ?? 0)) / seconds : 0,
        }))
        .filter(({ topic }) => (now.published.get(topic) ?? 0) > 0)
        .sort((a, b) => b.perSecond - a.perSecond),
      slowest,
      queued: totals.queueDepth,
      dropped: totals.dropped,
      handlerErrors: totals.handlerErrors,
    }
  }
}
