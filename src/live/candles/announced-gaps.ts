/**
 * Holes of one candle stream that were announced and are not closed yet. Turns "this much is published" and
 * "this range is given up" into one ending per announcement.
 */
import { candlesBetween, nextOpenTimeMs, previousOpenTimeMs } from '../../market/candle-interval.js'
import type { GapCause } from '../../types/gap.js'
import type { CandleInterval } from '../../types/stream.js'
import type { Feed } from '../feed.js'
import type { CandleGap, CandleGapPort } from './candle-gap-port.js'

interface Announced {
  readonly gap: CandleGap
  readonly from: number
  readonly to: number
  isBackfilled: boolean
}

export class AnnouncedGaps {
  readonly #port: CandleGapPort
  readonly #feed: Feed
  readonly #interval: CandleInterval
  /** In order, without overlap. */
  #open: Announced[] = []

  constructor(port: CandleGapPort, feed: Feed, interval: CandleInterval) {
    this.#port = port
    this.#feed = feed
    this.#interval = interval
  }

  get openCount(): number {
    return this.#open.length
  }

  /** Announces what of `from … to` is not announced yet: everything after the last announced hole. */
  announce(from: number, to: number, cause: GapCause): void {
    const last = this.#open.at(-1)
    const start = last === undefined ? from : Math.max(from, nextOpenTimeMs(last.to, this.#interval))
    if (start > to) return
    const gap = this.#port.opened(this.#feed, this.#range(start, to), cause)
    this.#open.push({ gap, from: start, to, isBackfilled: false })
  }

  /** The candle that opens at `openTimeMs` was published, and with it everything before. */
  published(openTimeMs: number, isBackfill: boolean): void {
    for (let first = this.#open[0]; first !== undefined && first.from <= openTimeMs; first = this.#open[0]) {
      if (isBackfill) first.isBackfilled = true
      if (first.to > openTimeMs) return
      this.#open.shift()
      first.gap.filled(first.isBackfilled ? 'backfill' : 'overlap')
    }
  }

  /** Candles `from … to`, the next ones to be published, never will be. What was not announced is announced now. */
  lost(from: number, to: number, cause: GapCause): void {
    this.announce(from, to, cause)
    while (this.#open[0] !== undefined && this.#open[0].from <= to) {
      const first = this.#open.shift() as Announced
      first.gap.unfillable(this.#range(Math.max(from, first.from), Math.min(to, first.to)))
      if (first.to > to) {
        // Its rest is missing still, but not lost: a hole of its own, in the place of the old one.
        const rest = nextOpenTimeMs(to, this.#interval)
        const gap = this.#port.opened(this.#feed, this.#range(rest, first.to), cause)
        this.#open.unshift({ gap, from: rest, to: first.to, isBackfilled: false })
        return
      }
    }
  }

  /** Nobody will fill what is open; candles before `nextOpenTimeMs` were published. */
  abandon(nextOpenTimeMs: number): void {
    for (const { gap, from, to } of this.#open.splice(0))
      gap.unfillable(this.#range(Math.max(from, nextOpenTimeMs), to))
  }

  #range(from: number, to: number): { fromOpenTimeMs: number; toOpenTimeMs: number; missing: number } {
    const missing = candlesBetween(from, nextOpenTimeMs(to, this.#interval), this.#interval)
    return { fromOpenTimeMs: from, toOpenTimeMs: to, missing }
  }
}

/** Whole number of intervals from `from` to `to`? Steps of the calendar for `1M`. */
export function isOnGrid(from: number, to: number, interval: CandleInterval): boolean {
  if (interval === '1M') return previousOpenTimeMs(nextOpenTimeMs(to, interval), interval) === to
  return (to - from) % (nextOpenTimeMs(from, interval) - from) === 0
}
