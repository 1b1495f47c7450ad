/**
 * One stream of a redundant pair: how far it was handed on, and what each of the two sockets has said of it.
 *
 * A socket delivers a stream in order and without holes from where it began, so one whose frames connect to what
 * was handed on may go first whenever it is first. One that begins (again) ahead of the other, or whose ids skip
 * some, waits until the other socket has come that far: handed on early, its frame would make the ones before it
 * look like repetitions, and they would be lost. That is also how a hole on one socket is filled from the other.
 *
 * Owns order; leaves counting, waiting times and handing on to `PairMerge`.
 */
import type { FrameOrigin } from '../frame.js'
import { comparePairPositions, isNextTo, type PairPosition } from './pair-position.js'

/** Position in the pair: 0 is path `a`, 1 is path `b`. */
export type PathIndex = 0 | 1

export interface HeldFrame {
  readonly bytes: Uint8Array
  readonly receiveTimeMs: number
  readonly origin: FrameOrigin
  readonly position: PairPosition
  /** Whether it connects to the frame before it is not known: the socket had just begun. */
  readonly isBreak: boolean
}

/** One socket's side of a lane. */
export class LanePath {
  /** The socket that is there now has delivered on this stream. */
  isLive = false
  /** What it delivers connects to what was handed on. For streams in which ids cannot tell. */
  isJoined = false
  readonly held: HeldFrame[] = []
  heldBytes = 0
}

/** First copies remembered for the lateness of the second. */
const RECENT = 64
/** Frames with old ids but a new time that make a restart of the venue's ids. */
const RESTART_FRAMES_MIN = 5
/** The same where there is no time to tell by: longer than two sockets of one venue are apart. */
const RESTART_SPAN_MS_MIN = 10_000

export class PairLane {
  readonly paths: readonly [LanePath, LanePath] = [new LanePath(), new LanePath()]
  /** Monotonic time at which what is held is handed on in any case; `NaN` while nothing is. */
  holdUntilMs: number = Number.NaN
  last: PairPosition | null = null
  #lastTimeMs = Number.NEGATIVE_INFINITY
  /** Frames before it are of ids that the venue has given up. */
  #epochTimeMs = Number.NEGATIVE_INFINITY
  /** Late frames since the last new one, and when the first of them came. */
  #lateRun = 0
  #lateFromMs = 0
  /** Late frames that are newer than the last new one, and the event time of the first of them. */
  #newerRun = 0
  #newerTimeMs = 0
  /** Ring of first copies: place, receive time, path. */
  readonly #recentMajor = new Float64Array(RECENT).fill(Number.NaN)
  readonly #recentMinor = new Float64Array(RECENT)
  readonly #recentTimeMs = new Float64Array(RECENT)
  readonly #recentPath = new Uint8Array(RECENT)
  #recentAt = 0

  /** Sent before the venue started its ids again. */
  isOfOldEpoch(position: PairPosition): boolean {
    return position.timeMs < this.#epochTimeMs
  }

  isLate(position: PairPosition): boolean {
    return this.last !== null && comparePairPositions(position, this.last) <= 0
  }

  /** Sent after everything that was handed on, as far as times tell. */
  isNewer(position: PairPosition): boolean {
    return position.timeMs > this.#lastTimeMs
  }

  /** Whether a new frame of a path that holds nothing may be handed on without asking for the other path. */
  connects(position: PairPosition, path: LanePath): boolean {
    const { last } = this
    if (last === null) return true
    return Number.isNaN(position.first) ? path.isJoined : isNextTo(last, position)
  }

  /** The same for the first of the frames a path holds. */
  heldConnects({ position, isBreak }: HeldFrame): boolean {
    if (this.last === null || this.isLate(position)) return true
    return Number.isNaN(position.first) ? !isBreak : isNextTo(this.last, position)
  }

  accept(index: PathIndex, position: PairPosition, receiveTimeMs: number): void {
    this.last = position
    if (position.timeMs > this.#lastTimeMs) this.#lastTimeMs = position.timeMs
    this.#lateRun = 0
    this.#newerRun = 0
    this.paths[index].isJoined = true
    const at = this.#recentAt
    this.#recentAt = (at + 1) % RECENT
    this.#recentMajor[at] = position.major
    this.#recentMinor[at] = position.minor
    this.#recentTimeMs[at] = receiveTimeMs
    this.#recentPath[at] = index
  }

  /**
   * How far behind the other path's copy a late frame came, in ms: `null` when the first copy was this path's own
   * (a repetition), `NaN` when it is not remembered.
   */
  lateMs(index: PathIndex, { major, minor }: PairPosition, receiveTimeMs: number): number | null {
    for (let back = 1; back <= RECENT; back++) {
      const at = (this.#recentAt - back + RECENT) % RECENT
      if (this.#recentMajor[at] !== major || this.#recentMinor[at] !== minor) continue
      return this.#recentPath[at] === index ? null : Math.max(0, receiveTimeMs - (this.#recentTimeMs[at] as number))
    }
    return Number.NaN
  }

  /**
   * Whether a late frame is surely a copy: it is no newer than what was handed on, and something new came not long
   * ago. Otherwise the venue may have started its ids again; the router is to judge, as without a pair, and this
   * lane follows when it goes on.
   */
  isSurelyCopy(position: PairPosition, isCalendar: boolean, receiveTimeMs: number): boolean {
    if (isCalendar) return true
    if (this.isNewer(position)) {
      if (this.#newerRun === 0) this.#newerTimeMs = position.timeMs
      this.#newerRun += 1
      if (this.#newerRun >= RESTART_FRAMES_MIN) this.#beginEpoch(position, this.#newerTimeMs)
      return false
    }
    if (this.#lateRun === 0) this.#lateFromMs = receiveTimeMs
    this.#lateRun += 1
    const isLong = receiveTimeMs - this.#lateFromMs >= RESTART_SPAN_MS_MIN
    const isCopy = position.timeMs <= this.#lastTimeMs && !isLong
    if (this.#lateRun >= RESTART_FRAMES_MIN && isLong) this.#beginEpoch(position, Number.NEGATIVE_INFINITY)
    return isCopy
  }

  #beginEpoch(position: PairPosition, sinceTimeMs: number): void {
    this.last = position
    this.#lateRun = 0
    this.#newerRun = 0
    this.#epochTimeMs = sinceTimeMs
    if (!Number.isNaN(position.timeMs)) this.#lastTimeMs = position.timeMs
    this.#recentMajor.fill(Number.NaN)
  }
}
