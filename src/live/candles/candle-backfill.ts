/**
 * Fetches what a candle stream does not deliver: decides when the venue is asked, for which candles, and what of the
 * reply is believed.
 *
 * Owns the one request under way, the pauses between requests that bring nothing, and the venue's clock as the frames
 * of the stream show it. Leaves the order to `CandleOrder`, which is given each row that is over and next in line.
 *
 * A fetched row is believed to be over when a later candle is known to exist or the venue's own clock says so; our
 * clock only decides when to ask. While the venue's REST side is down the missing range is announced and asked for
 * again and again.
 */
import { type BackoffOptions, backoffDelayMs } from '../../runtime/backoff.js'
import type { Clock, TimerHandle } from '../../runtime/clock.js'
import type { Random } from '../../runtime/random.js'
import type { Candle } from '../../types/candle.js'
import type { Feed } from '../feed.js'
import { RestPriority } from '../rest/request-governor.js'
import type { CandleCounts, CandleOrder } from './candle-order.js'
import type { CandleKey } from './candle-positions.js'
import type { CandleTimetable } from './candle-timetable.js'
import type { HeldCandles } from './held-candles.js'
import type { KlineRequests } from './kline-requests.js'
import { VenueTime } from './venue-time.js'

export interface CandleBackfillOptions {
  readonly key: CandleKey
  readonly feed: Feed
  readonly clock: Clock
  readonly random: Random
  readonly requests: KlineRequests
  readonly closeGraceMs: number
  readonly backfillCountMax: number
  readonly counts: CandleCounts
  readonly onFailure: (message: string, error: unknown) => void
}

/** A request that takes longer is treated as an outage, though its reply is still welcome. */
const SLOW_REQUEST_MS = 5_000
const RETRY: BackoffOptions = { baseDelayMs: 1_000, delayMsMax: 30_000, jitterRatio: 0.3 }
/** Nothing sleeps longer: the wall clock may be set meanwhile, and a month is more than a timer can count. */
const SLEEP_MS_MAX = 60_000
/** Replies that agree that the venue itself has no such candle, before it is given up. */
const ABSENT_REPLIES = 3

export class CandleBackfill {
  readonly #options: CandleBackfillOptions
  readonly #order: CandleOrder
  readonly #held: HeldCandles
  readonly #timetable: CandleTimetable
  readonly #venueTime: VenueTime
  /** The stream is carried, or has delivered. */
  #isActive = false
  #isStopped = false
  #isFetching = false
  /** Requests in a row that brought no usable reply. */
  #failures = 0
  /** Replies in a row that brought nothing new. */
  #dryReplies = 0
  /** Monotonic time before which REST is left alone. */
  #pausedUntilMs = Number.NEGATIVE_INFINITY
  #timer: TimerHandle | null = null

  constructor(options: CandleBackfillOptions, order: CandleOrder, held: HeldCandles, timetable: CandleTimetable) {
    this.#options = options
    this.#order = order
    this.#held = held
    this.#timetable = timetable
    this.#venueTime = new VenueTime(options.clock)
    // From every frame and not from accepted candles alone: a venue that sets its clock back would otherwise be
    // believed ahead for ever, because each candle fetched too early makes a repetition of the one that comes.
    options.feed.venueTimeSink = (venueTimeMs) => {
      if (this.#venueTime.isKnown) this.#venueTime.note(venueTimeMs)
    }
  }

  /** A candle of the stream, with the venue's time. */
  noteLive(venueTimeMs: number): void {
    this.#isActive = true
    this.#venueTime.note(venueTimeMs)
  }

  /** The stream is carried (again). */
  noteConnected(): void {
    this.#isActive = true
    this.resume()
  }

  /** The line moved on, or there is reason to believe that REST answers again. */
  resume(): void {
    this.#failures = 0
    this.#dryReplies = 0
    this.#pausedUntilMs = Number.NEGATIVE_INFINITY
  }

  /** Nothing is asked any more; a reply on the way is dropped. */
  stop(): void {
    this.#isStopped = true
    this.#clearTimer()
  }

  // --- when to ask --------------------------------------------------------------------------------------------

  /** Fetches what is missing now, or sleeps until the next candle is overdue. */
  check(): void {
    const from = this.#order.next
    if (this.#isStopped || !this.#isActive || this.#isFetching || from === null) return
    const end = this.#wantedEnd(from)
    const pauseMs = this.#pausedUntilMs - this.#options.clock.monotonicMs()
    if (end <= from || pauseMs > 0) {
      // While REST is left alone, what becomes overdue is still announced in time.
      if (this.#failures > 0) this.guarded(() => this.#announceMissing())
      const dueInMs = Math.max(this.#timetable.dueMs(Math.max(from, end)) - this.#venueTime.guessMs(), 1)
      if (this.#held.count > 0) this.#sleep(pauseMs)
      else this.#sleep(pauseMs > 0 ? Math.min(pauseMs, dueInMs) : dueInMs)
      return
    }
    const { backfillCountMax } = this.#options
    const count = this.#timetable.count(from, end)
    if (count > backfillCountMax) {
      if (this.#isWaitingForProof()) return
      this.guarded(() => this.#order.loseUpTo(this.#timetable.before(end, backfillCountMax), 'DISCONNECT'))
      this.check()
      return
    }
    this.#clearTimer()
    void this.#fetch(from, count)
  }

  /** Open time after the last candle that must exist by now. */
  #wantedEnd(from: number): number {
    return this.#held.first?.openTimeMs ?? this.#timetable.endOfDue(from, this.#venueTime.guessMs())
  }

  /**
   * Giving up what is older than anybody wants to fetch needs better proof than our clock, which may be wrong by
   * years: the first live candle brings it.
   */
  #isWaitingForProof(): boolean {
    if (this.#held.count > 0 || this.#venueTime.atLeastMs() > 0) return false
    this.#sleep(SLEEP_MS_MAX)
    return true
  }

  // --- what to believe ----------------------------------------------------------------------------------------

  async #fetch(from: number, count: number): Promise<void> {
    const { clock, requests, key, counts, onFailure } = this.#options
    this.#isFetching = true
    const slow = clock.setTimer(() => this.guarded(() => this.#announceMissing()), SLOW_REQUEST_MS)
    const priority = this.#held.count > 0 || count === 1 ? RestPriority.URGENT : RestPriority.NORMAL
    let candles: Candle[] | null = null
    try {
      candles = await requests.page({ ...key, fromOpenTimeMs: from, count, priority })
    } catch (error) {
      if (!this.#isStopped) {
        counts.requestsFailed++
        onFailure(`candles of ${key.symbol} ${key.interval} could not be fetched`, error)
      }
    }
    clock.clearTimer(slow)
    this.#isFetching = false
    if (this.#isStopped) return
    this.guarded(() => {
      if (candles === null) this.#onNoReply()
      else this.#onReply(from, candles)
    })
    this.#held.arm()
  }

  #onNoReply(): void {
    this.#announceMissing()
    this.#pause(++this.#failures)
    this.check()
  }

  #onReply(from: number, candles: readonly Candle[]): void {
    this.#failures = 0
    const before = this.#order.next
    // A live candle that is final proves that everything before it is. By the clock alone a row is taken only
    // when its trades had time to be counted.
    const provenMs = this.#held.first?.openTimeMs ?? this.#venueTime.atLeastMs() - this.#options.closeGraceMs
    for (const [index, candle] of candles.entries()) {
      const isOver = index < candles.length - 1 || candle.closeTimeMs < provenMs
      const { last, next } = this.#order
      if (!isOver || this.#isStopped) break
      if (last === null || next === null || candle.openTimeMs <= last) continue
      if (candle.openTimeMs > next && !this.#isAbsent(candle.openTimeMs)) break
      this.#order.takeFetched(candle)
    }
    if (this.#order.next !== before) {
      this.#held.noteProgress()
      this.resume()
    } else if (before === null || before === from) {
      this.#pause(++this.#dryReplies)
    }
    this.check()
  }

  /**
   * The venue answers with a later candle and without the one that is next: its history has a hole. Believed
   * when it says so repeatedly; then the hole is lost and the line stands before `openTimeMs`.
   */
  #isAbsent(openTimeMs: number): boolean {
    this.#order.announceHole(openTimeMs)
    if (this.#dryReplies + 1 < ABSENT_REPLIES) return false
    this.#order.loseUpTo(openTimeMs, 'SEQUENCE')
    return true
  }

  /** Everything that must exist and is not here: the venue cannot be asked. */
  #announceMissing(): void {
    const { next } = this.#order
    if (next !== null) this.#order.announceMissing(this.#wantedEnd(next))
  }

  // --- pauses -------------------------------------------------------------------------------------------------

  /** REST is left alone for a while that grows with `attempt`. */
  #pause(attempt: number): void {
    const { clock, random } = this.#options
    this.#pausedUntilMs = clock.monotonicMs() + backoffDelayMs(attempt, RETRY, random.next())
  }

  #sleep(delayMs: number): void {
    this.#clearTimer()
    if (this.#isStopped) return
    const action = (): void => {
      this.#timer = null
      this.check()
    }
    this.#timer = this.#options.clock.setTimer(action, Math.min(delayMs, SLEEP_MS_MAX))
  }

  #clearTimer(): void {
    if (this.#timer !== null) this.#options.clock.clearTimer(this.#timer)
    this.#timer = null
  }

  /** For work that nobody waits for: a bus that was closed must not become an unhandled rejection. */
  guarded(action: () => void): void {
    try {
      action()
    } catch (error) {
      const { key, onFailure } = this.#options
      onFailure(`publishing candles of ${key.symbol} ${key.interval} failed`, error)
    }
  }
}
