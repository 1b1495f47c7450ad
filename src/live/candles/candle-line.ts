/**
 * The finalized candles of one stream, in their only order: each once, each one interval after the one before.
 *
 *   live candle next in line ----------------------------------> published
 *   live candle further on --> held --> missing ones fetched --> published, then the held ones
 *                                  \--> hold time over --------> missing ones unfillable, the held ones published
 *   candle overdue (no frame by its close + grace) --> fetched -> published
 *
 * The first candle ever sets the baseline, unless a saved position says where an earlier process stopped. While
 * the venue's REST side is down the missing range is announced and asked for again and again; nothing later is
 * published over it but by the end of the hold time, and nothing is ever published behind a later candle.
 *
 * A fetched row is believed to be over when a later candle is known to exist or the venue's own clock says so;
 * our clock only decides when to ask.
 */
import { candlesBetween, closeTimeMs, nextOpenTimeMs, previousOpenTimeMs } from '../../market/candle-interval.js'
import { type BackoffOptions, backoffDelayMs } from '../../runtime/backoff.js'
import type { Clock, TimerHandle } from '../../runtime/clock.js'
import type { Random } from '../../runtime/random.js'
import type { Candle } from '../../types/candle.js'
import type { GapCause } from '../../types/gap.js'
import type { Feed } from '../feed.js'
import { RestPriority } from '../rest/request-governor.js'
import { AnnouncedGaps, isOnGrid } from './announced-gaps.js'
import type { CandleGapPort } from './candle-gap-port.js'
import type { CandleKey, CandlePositions } from './candle-positions.js'
import type { KlineRequests } from './kline-requests.js'
import { VenueTime } from './venue-time.js'

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
  /** REST requests that gave no usable reply. */
  requestsFailed: number
}

export interface CandleLineOptions {
  readonly key: CandleKey
  readonly feed: Feed
  readonly clock: Clock
  readonly random: Random
  readonly requests: KlineRequests
  readonly gaps: CandleGapPort
  readonly positions: CandlePositions
  readonly closeGraceMs: number
  readonly holdMsMax: number
  readonly backfillCountMax: number
  readonly counts: CandleCounts
  /** Sends one candle to its subscribers; everything before it was sent. May throw. */
  readonly deliver: (candle: Candle) => void
  readonly onFailure: (message: string, error: unknown) => void
}

/** A request that takes longer is treated as an outage, though its reply is still welcome. */
const SLOW_REQUEST_MS = 5_000
const RETRY: BackoffOptions = { baseDelayMs: 1_000, delayMsMax: 30_000, jitterRatio: 0.3 }
/** Nothing sleeps longer: the wall clock may be set meanwhile, and a month is more than a timer can count. */
const SLEEP_MS_MAX = 60_000
/** Held candles that end the hold at once: more would be memory without bound. */
const HELD_MAX = 5_000
/** Replies that agree that the venue itself has no such candle, before it is given up. */
const ABSENT_REPLIES = 3
/** A saved position this far in the venue's future is of another time line. */
const FUTURE_MS_MAX = 60_000

interface Held {
  readonly candle: Candle
  /** Monotonic time of arrival. */
  readonly atMs: number
}

export class CandleLine {
  readonly #options: CandleLineOptions
  readonly #gaps: AnnouncedGaps
  readonly #venueTime: VenueTime
  /** Open time of the last candle published or given up; `null` before the baseline. */
  #last: number | null = null
  /** Open time of the last candle of an earlier run that is not resumed; only repeats are told by it. */
  #floor = -1
  /** `#last` comes from the state file and no live candle has confirmed it. */
  #isUnproven = false
  #isActive = false
  #isStopped = false
  /** Live candles that must wait, by rising open time. */
  readonly #held: Held[] = []
  /** Monotonic time at which REST last brought a candle. */
  #progressAtMs = Number.NEGATIVE_INFINITY
  #isFetching = false
  #isDisconnected = false
  #failures = 0
  /** Monotonic time before which REST is left alone. */
  #pausedUntilMs = Number.NEGATIVE_INFINITY
  /** Replies in a row that brought nothing new. */
  #dryReplies = 0
  #timer: TimerHandle | null = null
  #holdTimer: TimerHandle | null = null

  constructor(options: CandleLineOptions) {
    this.#options = options
    this.#venueTime = new VenueTime(options.clock)
    // From every frame and not from accepted candles alone: a venue that sets its clock back would otherwise be
    // believed ahead for ever, because each candle fetched too early makes a repetition of the one that comes.
    options.feed.venueTimeSink = (venueTimeMs) => {
      if (this.#venueTime.isKnown) this.#venueTime.note(venueTimeMs)
    }
    this.#gaps = new AnnouncedGaps(options.gaps, options.feed, options.key.interval)
    const saved = options.positions.get(options.key)
    if (saved === null) return
    if (options.positions.isDurable) {
      this.#last = saved
      this.#isUnproven = true
    } else this.#floor = saved
  }

  get heldCount(): number {
    return this.#held.length
  }

  get openGapCount(): number {
    return this.#gaps.openCount
  }

  /** A connection carries the stream (again): what is overdue is asked for now. */
  onConnected(): void {
    this.#isActive = true
    this.#resume()
    this.#check()
  }

  onDisconnected(): void {
    this.#isDisconnected = true
  }

  onLive(candle: Candle): void {
    if (this.#isStopped) return
    this.#isActive = true
    this.#venueTime.note(candle.venueTimeMs)
    this.#proveSavedPosition(candle)
    const { openTimeMs } = candle
    const last = this.#last ?? this.#floor
    if (openTimeMs <= last || this.#held.some((held) => held.candle.openTimeMs === openTimeMs)) {
      this.#options.counts.repeatsDropped++
      return
    }
    if (this.#last === null || openTimeMs === this.#next(this.#last)) {
      this.#isDisconnected = false
      this.#publish(candle)
      this.#drain()
      this.#resume()
      this.#check()
      return
    }
    this.#hold(candle)
    this.#announceBeforeHeld()
    this.#isDisconnected = false
    if (this.#held.length > HELD_MAX) this.#giveUpBeforeHeld('OVERFLOW')
    this.#armHold()
    this.#check()
  }

  /** Nothing is published afterwards; open gaps stay open. */
  stop(): void {
    this.#isStopped = true
    this.#timer = this.#clear(this.#timer)
    this.#holdTimer = this.#clear(this.#holdTimer)
    this.#held.length = 0
  }

  /** The stream is not wanted any more: what is missing now stays missing. */
  abandon(): void {
    this.stop()
    if (this.#last !== null) this.#gaps.abandon(this.#next(this.#last))
  }

  // --- publishing ---------------------------------------------------------------------------------------------

  #publish(candle: Candle): void {
    const { counts, positions, key } = this.#options
    const isBackfill = candle.origin === 'backfill'
    // Before anybody runs: a subscriber may call back.
    this.#last = candle.openTimeMs
    if (isBackfill) counts.backfilled++
    else counts.stream++
    this.#options.deliver(candle)
    // After the delivery: a process killed between the two repeats the candle instead of losing it.
    positions.set(key, candle.openTimeMs)
    this.#gaps.published(candle.openTimeMs, isBackfill)
  }

  /** Held candles whose turn it is. */
  #drain(): void {
    while (!this.#isStopped && this.#held.length > 0) {
      const first = (this.#held[0] as Held).candle
      if (this.#last !== null && first.openTimeMs > this.#next(this.#last)) break
      this.#held.shift()
      if (this.#last === null || first.openTimeMs > this.#last) this.#publish(first)
    }
    if (this.#held.length === 0) this.#holdTimer = this.#clear(this.#holdTimer)
  }

  // --- holding ------------------------------------------------------------------------------------------------

  #hold(candle: Candle): void {
    const at = this.#held.findIndex((held) => held.candle.openTimeMs > candle.openTimeMs)
    this.#held.splice(at < 0 ? this.#held.length : at, 0, { candle, atMs: this.#options.clock.monotonicMs() })
  }

  #armHold(): void {
    const first = this.#held[0]
    if (this.#holdTimer !== null || this.#isStopped || first === undefined) return
    const { clock, holdMsMax } = this.#options
    const endsMs = (): number => Math.max(first.atMs, this.#progressAtMs) + holdMsMax
    const action = (): void => {
      this.#holdTimer = null
      // REST that goes on bringing candles moves the end: a long backfill is no reason to give up.
      if (this.#held[0] === first && endsMs() <= clock.monotonicMs()) {
        this.#guarded(() => this.#giveUpBeforeHeld('SEQUENCE'))
        this.#check()
      }
      this.#armHold()
    }
    this.#holdTimer = clock.setTimer(action, Math.max(0, endsMs() - clock.monotonicMs()))
  }

  /** What is missing before the first held candle is declared lost, and the line goes on behind it. */
  #giveUpBeforeHeld(cause: GapCause): void {
    const first = this.#held[0]
    if (first === undefined || this.#isStopped) return
    this.#loseUpTo(first.candle.openTimeMs, cause)
    this.#drain()
  }

  #loseUpTo(endOpenTimeMs: number, cause: GapCause): void {
    if (this.#last === null) return
    const { interval } = this.#options.key
    const from = this.#next(this.#last)
    if (from >= endOpenTimeMs) return
    const to = previousOpenTimeMs(endOpenTimeMs, interval)
    this.#options.counts.lost += candlesBetween(from, endOpenTimeMs, interval)
    this.#last = to
    this.#gaps.lost(from, to, this.#isDisconnected ? 'DISCONNECT' : cause)
  }

  // --- fetching -----------------------------------------------------------------------------------------------

  /** Fetches what is missing now, or sleeps until the next candle is overdue. */
  #check(): void {
    if (this.#isStopped || !this.#isActive || this.#isFetching || this.#last === null) return
    const from = this.#next(this.#last)
    const end = this.#wantedEnd(from)
    const pauseMs = this.#pausedUntilMs - this.#options.clock.monotonicMs()
    if (end <= from || pauseMs > 0) {
      // While REST is left alone, what becomes overdue is still announced in time.
      if (this.#failures > 0) this.#guarded(() => this.#announceMissing())
      const dueInMs = Math.max(this.#dueMs(Math.max(from, end)) - this.#venueTime.guessMs(), 1)
      if (this.#held.length > 0) this.#sleep(pauseMs)
      else this.#sleep(pauseMs > 0 ? Math.min(pauseMs, dueInMs) : dueInMs)
      return
    }
    const { key, backfillCountMax } = this.#options
    const count = candlesBetween(from, end, key.interval)
    if (count > backfillCountMax) {
      if (this.#isWaitingForProof()) return
      this.#guarded(() => this.#loseUpTo(this.#openTimeBefore(end, backfillCountMax), 'DISCONNECT'))
      this.#check()
      return
    }
    this.#timer = this.#clear(this.#timer)
    void this.#fetch(from, count)
  }

  /**
   * Giving up what is older than anybody wants to fetch needs better proof than our clock, which may be wrong by
   * years: the first live candle brings it.
   */
  #isWaitingForProof(): boolean {
    if (this.#held.length > 0 || this.#venueTime.atLeastMs() > 0) return false
    this.#sleep(SLEEP_MS_MAX)
    return true
  }

  /** Open time of the candle `count` before the one that opens at `openTimeMs`. */
  #openTimeBefore(openTimeMs: number, count: number): number {
    let at = openTimeMs
    for (let step = 0; step < count; step++) at = previousOpenTimeMs(at, this.#options.key.interval)
    return at
  }

  /** Open time after the last candle that must exist by now. */
  #wantedEnd(from: number): number {
    const first = this.#held[0]
    if (first !== undefined) return first.candle.openTimeMs
    const nowMs = this.#venueTime.guessMs()
    const { interval } = this.#options.key
    if (this.#dueMs(from) > nowMs) return from
    if (interval === '1M') {
      let end = from
      while (this.#dueMs(end) <= nowMs) end = this.#next(end)
      return end
    }
    const lengthMs = this.#next(from) - from
    return from + (1 + Math.floor((nowMs - this.#dueMs(from)) / lengthMs)) * lengthMs
  }

  async #fetch(from: number, count: number): Promise<void> {
    const { clock, requests, key, counts } = this.#options
    this.#isFetching = true
    const slow = clock.setTimer(() => this.#guarded(() => this.#announceMissing()), SLOW_REQUEST_MS)
    const priority = this.#held.length > 0 || count === 1 ? RestPriority.URGENT : RestPriority.NORMAL
    let candles: Candle[] | null = null
    try {
      candles = await requests.page({ ...key, fromOpenTimeMs: from, count, priority })
    } catch (error) {
      if (!this.#isStopped) {
        counts.requestsFailed++
        this.#options.onFailure(`candles of ${key.symbol} ${key.interval} could not be fetched`, error)
      }
    }
    clock.clearTimer(slow)
    this.#isFetching = false
    if (this.#isStopped) return
    this.#guarded(() => {
      if (candles === null) this.#onNoReply()
      else this.#onReply(from, candles)
    })
    this.#armHold()
  }

  #onNoReply(): void {
    this.#announceMissing()
    this.#failures++
    this.#pause(this.#failures)
    this.#check()
  }

  #onReply(from: number, candles: readonly Candle[]): void {
    this.#failures = 0
    const before = this.#last
    // A live candle that is final proves that everything before it is. By the clock alone a row is taken only
    // when its trades had time to be counted.
    const provenMs = this.#held[0]?.candle.openTimeMs ?? this.#venueTime.atLeastMs() - this.#options.closeGraceMs
    for (const [index, candle] of candles.entries()) {
      const isOver = index < candles.length - 1 || candle.closeTimeMs < provenMs
      if (!isOver || this.#isStopped) break
      if (this.#last === null || candle.openTimeMs <= this.#last) continue
      if (candle.openTimeMs > this.#next(this.#last) && !this.#isAbsent(candle.openTimeMs)) break
      this.#publish(candle)
      this.#drain()
    }
    if (this.#last !== before) {
      this.#progressAtMs = this.#options.clock.monotonicMs()
      this.#resume()
    } else if (this.#last === null || this.#next(this.#last) === from) {
      this.#pause(++this.#dryReplies)
    }
    this.#check()
  }

  /**
   * The venue answers with a later candle and without the one that is next: its history has a hole. Believed
   * when it says so repeatedly; then the hole is lost and the line stands before `openTimeMs`.
   */
  #isAbsent(openTimeMs: number): boolean {
    if (this.#last === null) return true
    this.#announce(this.#next(this.#last), openTimeMs, 'SEQUENCE')
    if (this.#dryReplies + 1 < ABSENT_REPLIES) return false
    this.#loseUpTo(openTimeMs, 'SEQUENCE')
    return true
  }

  // --- announcing ---------------------------------------------------------------------------------------------

  /** Holes that live candles prove, in front of each of the held ones. */
  #announceBeforeHeld(): void {
    if (this.#last === null) return
    let from = this.#next(this.#last)
    for (const { candle } of this.#held) {
      const { openTimeMs } = candle
      if (from < openTimeMs) this.#announce(from, openTimeMs, 'SEQUENCE')
      from = this.#next(openTimeMs)
    }
  }

  /** Everything that must exist and is not here: the venue cannot be asked. */
  #announceMissing(): void {
    if (this.#last === null) return
    this.#announceBeforeHeld()
    if (this.#held.length > 0) return
    const from = this.#next(this.#last)
    const end = this.#wantedEnd(from)
    if (end > from) this.#announce(from, end, 'SILENT')
  }

  #announce(from: number, end: number, cause: GapCause): void {
    const to = previousOpenTimeMs(end, this.#options.key.interval)
    this.#gaps.announce(from, to, this.#isDisconnected ? 'DISCONNECT' : cause)
  }

  // --- small things -------------------------------------------------------------------------------------------

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

  #next(openTimeMs: number): number {
    return nextOpenTimeMs(openTimeMs, this.#options.key.interval)
  }

  /** Venue time at which the candle must have come. */
  #dueMs(openTimeMs: number): number {
    return this.#next(openTimeMs) + this.#options.closeGraceMs
  }

  /** REST is left alone for a while that grows with `attempt`. */
  #pause(attempt: number): void {
    const delayMs = backoffDelayMs(attempt, RETRY, this.#options.random.next())
    this.#pausedUntilMs = this.#options.clock.monotonicMs() + delayMs
  }

  /** The line moved on, or there is reason to believe that REST answers again. */
  #resume(): void {
    this.#failures = 0
    this.#dryReplies = 0
    this.#pausedUntilMs = Number.NEGATIVE_INFINITY
  }

  #sleep(delayMs: number): void {
    this.#timer = this.#clear(this.#timer)
    if (this.#isStopped) return
    const action = (): void => {
      this.#timer = null
      this.#check()
    }
    this.#timer = this.#options.clock.setTimer(action, Math.min(delayMs, SLEEP_MS_MAX))
  }

  #clear(timer: TimerHandle | null): null {
    if (timer !== null) this.#options.clock.clearTimer(timer)
    return null
  }

  /** For work that nobody waits for: a bus that was closed must not become an unhandled rejection. */
  #guarded(action: () => void): void {
    try {
      action()
    } catch (error) {
      const { key } = this.#options
      this.#options.onFailure(`publishing candles of ${key.symbol} ${key.interval} failed`, error)
    }
  }
}
