/**
 * The order of one candle stream: which candle was published last, which may be next, and what becomes of the ones
 * between.
 *
 *   next in line          --> published, and the held ones whose turn that makes it
 *   further on            --> held; what is missing before it is announced
 *   published already     --> dropped
 *   missing and given up  --> lost: the line goes on behind it
 *
 * Owns the position (from the state file, once a live candle has confirmed that it belongs to this venue), the held
 * candles, publication and the announced holes. Leaves to `CandleBackfill` what is fetched and when. Nothing is ever
 * published behind a later candle.
 */
import { closeTimeMs } from '../../market/candle-interval.js'
import type { Candle } from '../../types/candle.js'
import type { GapCause } from '../../types/gap.js'
import type { Feed } from '../feed.js'
import { AnnouncedGaps, isOnGrid } from './announced-gaps.js'
import type { CandleGapPort } from './candle-gap-port.js'
import type { CandleKey, CandlePositions } from './candle-positions.js'
import type { CandleTimetable } from './candle-timetable.js'
import type { HeldCandles } from './held-candles.js'

/** Counters of all lines of one run. */
export interface CandleCounts {
  /** Published, pushed by the stream. */
  stream: number
  /** Published, fetched over REST. */
  backfilled: number
  /** Delivered by the stream although published already: late, twice or corrected. */
  repeatsDropped: number
  /** Never to be published. */
  lost: number
  /** Delivered by the stream and not published: it ended while they waited for missing ones before them. */
  discarded: number
  /** REST requests that gave no usable reply. */
  requestsFailed: number
}

export interface CandleOrderOptions {
  readonly key: CandleKey
  readonly feed: Feed
  readonly gaps: CandleGapPort
  readonly positions: CandlePositions
  readonly counts: CandleCounts
  /** Sends one candle to its subscribers; everything before it was sent. May throw. */
  readonly deliver: (candle: Candle) => void
  readonly onFailure: (message: string, error: unknown) => void
}

/** What became of a live candle. */
export type LiveOutcome = 'PUBLISHED' | 'HELD' | 'REPEATED'

/** Held candles that end the hold at once: more would be memory without bound. */
const HELD_MAX = 5_000
/** A saved position this far in the venue's future is of another time line. */
const FUTURE_MS_MAX = 60_000

export class CandleOrder {
  readonly #options: CandleOrderOptions
  readonly #timetable: CandleTimetable
  readonly #held: HeldCandles
  readonly #gaps: AnnouncedGaps
  #last: number | null = null
  /** Open time of the last candle of an earlier run that is not resumed; only repeats are told by it. */
  #floor = -1
  /** `#last` comes from the state file and no live candle has confirmed it. */
  #isUnproven = false
  /** What is missing went missing with a socket. */
  #isDisconnected = false
  #isStopped = false

  constructor(options: CandleOrderOptions, timetable: CandleTimetable, held: HeldCandles) {
    const { key, feed, gaps, positions } = options
    this.#options = options
    this.#timetable = timetable
    this.#held = held
    this.#gaps = new AnnouncedGaps(gaps, feed, key.interval)
    const saved = positions.get(key)
    if (saved === null) return
    if (positions.isDurable) {
      this.#last = saved
      this.#isUnproven = true
    } else this.#floor = saved
  }

  get openGapCount(): number {
    return this.#gaps.openCount
  }

  /** Open time of the last candle published or given up; `null` before the first candle ever. */
  get last(): number | null {
    return this.#last
  }

  /** Open time of the candle that may be published next; `null` before the first candle ever, which may be any. */
  get next(): number | null {
    return this.#last === null ? null : this.#timetable.next(this.#last)
  }

  /** Until a candle comes, what is missing is missing for want of a socket. */
  onDisconnected(): void {
    this.#isDisconnected = true
  }

  /** Nothing is published afterwards; open gaps stay open. */
  stop(): void {
    this.#isStopped = true
    this.#options.counts.discarded += this.#held.clear()
  }

  /** After `stop`: what is missing now stays missing. */
  abandon(): void {
    if (this.next !== null) this.#gaps.abandon(this.next)
  }

  // --- candles that come --------------------------------------------------------------------------------------

  takeLive(candle: Candle): LiveOutcome {
    this.#proveSavedPosition(candle)
    const { openTimeMs } = candle
    if (openTimeMs <= (this.#last ?? this.#floor) || this.#held.has(openTimeMs)) {
      this.#options.counts.repeatsDropped++
      return 'REPEATED'
    }
    if (this.#last === null || openTimeMs === this.next) {
      this.#isDisconnected = false
      this.#publish(candle)
      this.#drain()
      return 'PUBLISHED'
    }
    this.#held.add(candle)
    this.#announceBeforeHeld()
    this.#isDisconnected = false
    if (this.#held.count > HELD_MAX) this.giveUpBeforeHeld('OVERFLOW')
    return 'HELD'
  }

  /** A fetched candle that is over, and next in line. */
  takeFetched(candle: Candle): void {
    if (this.#isStopped) return
    this.#publish(candle)
    this.#drain()
  }

  #publish(candle: Candle): void {
    const { counts, positions, key, deliver } = this.#options
    const isBackfill = candle.origin === 'backfill'
    // Before anybody runs: a subscriber may call back.
    this.#last = candle.openTimeMs
    if (isBackfill) counts.backfilled++
    else counts.stream++
    deliver(candle)
    // After the delivery: a process killed between the two repeats the candle instead of losing it.
    positions.set(key, candle.openTimeMs)
    this.#gaps.published(candle.openTimeMs, isBackfill)
  }

  /** Held candles whose turn it is. */
  #drain(): void {
    for (let first = this.#held.first; first !== undefined && !this.#isStopped; first = this.#held.first) {
      if (this.next !== null && first.openTimeMs > this.next) break
      this.#held.takeFirst()
      if (this.#last === null || first.openTimeMs > this.#last) this.#publish(first)
      else this.#options.counts.repeatsDropped++
    }
  }

  /** A saved position that lies in the venue's future, or between its candles, belongs to another venue. */
  #proveSavedPosition(candle: Candle): void {
    if (!this.#isUnproven || this.#last === null) return
    this.#isUnproven = false
    const { key, positions } = this.#options
    const isFuture = closeTimeMs(this.#last, key.interval) > candle.venueTimeMs + FUTURE_MS_MAX
    if (!isFuture && isOnGrid(this.#last, candle.openTimeMs, key.interval)) return
    this.#options.onFailure(
      `the saved position of ${key.symbol} ${key.interval} does not fit the venue and is forgotten`,
      new RangeError(`saved open time ${this.#last}, live candle ${candle.openTimeMs}`),
    )
    this.#last = null
    positions.forget(key)
  }

  // --- candles that are missing -------------------------------------------------------------------------------

  /** What is missing before the first held candle is declared lost, and the line goes on behind it. */
  giveUpBeforeHeld(cause: GapCause): void {
    const { first } = this.#held
    if (first === undefined || this.#isStopped) return
    this.loseUpTo(first.openTimeMs, cause)
    this.#drain()
  }

  /** What is missing before `endOpenTimeMs` never will be published; the line stands before that candle. */
  loseUpTo(endOpenTimeMs: number, cause: GapCause): void {
    const from = this.next
    if (from === null || from >= endOpenTimeMs) return
    const to = this.#timetable.before(endOpenTimeMs)
    this.#options.counts.lost += this.#timetable.count(from, endOpenTimeMs)
    this.#last = to
    this.#gaps.lost(from, to, this.#isDisconnected ? 'DISCONNECT' : cause)
  }

  /** Everything before `end` that is not here, however much of it was announced before. */
  announceMissing(end: number): void {
    if (this.next === null) return
    this.#announceBeforeHeld()
    if (this.#held.count === 0) this.#announce(this.next, end, 'SILENT')
  }

  /** The venue's own history goes on at `end` with none of the candles before it. */
  announceHole(end: number): void {
    if (this.next !== null) this.#announce(this.next, end, 'SEQUENCE')
  }

  /** Holes that live candles prove, in front of each of the held ones. */
  #announceBeforeHeld(): void {
    let from = this.next
    if (from === null) return
    for (const openTimeMs of this.#held.openTimesMs()) {
      this.#announce(from, openTimeMs, 'SEQUENCE')
      from = this.#timetable.next(openTimeMs)
    }
  }

  #announce(from: number, end: number, cause: GapCause): void {
    if (from >= end) return
    this.#gaps.announce(from, this.#timetable.before(end), this.#isDisconnected ? 'DISCONNECT' : cause)
  }
}
