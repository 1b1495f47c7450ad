/**
 * Makes one stream of frames out of the two that the sockets of a redundant pair deliver: the first copy of each
 * is handed on, the second dropped.
 *
 *     per stream and path:  connects to what was handed on --> handed on at once, unless the other was first
 *                           begins ahead, or skips ids     --> held until the other path has come that far, is
 *                                                              lost, or had its time
 *
 * So a loss on one path, whether its socket, a few frames or all of a stream, is filled from the other and seen by
 * nobody behind the merge. What both paths lack passes as it is, and is a gap like any other.
 *
 * Owns what is held, and the statistics of the paths. Leaves the order within a stream to `PairLane`; everything
 * without a place in a stream (replies, announcements, unreadable frames) passes, and so does a late frame that
 * may be the venue starting its ids again.
 */
import type { Clock, TimerHandle } from '../../runtime/clock.js'
import type { LatencySummary } from '../../types/health.js'
import { StreamType } from '../../types/stream.js'
import type { StreamSpec } from '../config/stream-spec.js'
import { FrameKind, type FrameOrigin, type FrameSink } from '../frame.js'
import { LatencyWindow } from '../health/latency-window.js'
import { frameStreamName } from './frame-stream-name.js'
import { type HeldFrame, PairLane, type PathIndex } from './pair-lane.js'
import { comparePairPositions, type PairPosition, pairPosition } from './pair-position.js'
import type { ConnectionCounters } from './stats.js'
import { HOLD_LIMITS, type HoldLimits } from './stream-overlap.js'

export interface PairMergeOptions {
  readonly clock: Clock
  readonly sink: FrameSink
  readonly counters: ConnectionCounters
  readonly specOf: (name: string) => StreamSpec | undefined
  /** How long a frame waits for the other path. */
  readonly holdMsOf: (name: string) => number
  readonly limits?: HoldLimits
}

/** What one path has done. */
export interface PathStatistics {
  readonly firstCount: number
  readonly lateCount: number
  readonly lateMs: LatencySummary | null
}

const LATE_HALF_WINDOW_MS = 30_000

class Path {
  isUp = false
  firstCount = 0
  lateCount = 0
  readonly lateMs = new LatencyWindow()
}

export class PairMerge {
  readonly #options: PairMergeOptions
  readonly #limits: HoldLimits
  readonly #lanes = new Map<string, PairLane>()
  readonly #holding = new Map<PairLane, StreamSpec>()
  readonly #paths: readonly [Path, Path] = [new Path(), new Path()]
  #heldCount = 0
  #heldBytes = 0
  #timer: TimerHandle | null = null
  #rotateAtMs: number
  #isClosed = false

  constructor(options: PairMergeOptions) {
    this.#options = options
    this.#limits = options.limits ?? HOLD_LIMITS
    this.#rotateAtMs = options.clock.monotonicMs() + LATE_HALF_WINDOW_MS
  }

  /** Frames that wait for the other path. */
  get heldCount(): number {
    return this.#heldCount
  }

  /** Where the sockets of a path deliver. */
  sinkOf(index: PathIndex): FrameSink {
    return {
      onFrame: (bytes, start, end, receiveTimeMs, origin) =>
        this.#onFrame(index, bytes, start, end, receiveTimeMs, origin),
    }
  }

  statistics(index: PathIndex): PathStatistics {
    this.#rotate()
    const { firstCount, lateCount, lateMs } = this.#paths[index]
    return { firstCount, lateCount, lateMs: lateMs.summary() }
  }

  /** The path carries its streams. */
  onPathUp(index: PathIndex): void {
    this.#paths[index].isUp = true
  }

  /** The path lost its socket: nobody waits for it. */
  onPathDown(index: PathIndex): void {
    this.#paths[index].isUp = false
    const isAlone = !this.#paths[other(index)].isUp
    for (const lane of [...this.#lanes.values()]) {
      lane.paths[index].isLive = false
      lane.paths[index].isJoined = false
      this.#release(lane, other(index), true)
      if (isAlone) this.#release(lane, index, true)
    }
  }

  /** These streams were subscribed anew on one path: what was sent meanwhile is not on it. */
  onInterrupted(index: PathIndex, names: readonly string[]): void {
    for (const name of names) {
      const path = this.#lanes.get(name)?.paths[index]
      if (path !== undefined) path.isJoined = false
    }
  }

  /** These streams are not wanted any more. */
  forget(names: readonly string[]): void {
    for (const name of names) {
      const lane = this.#lanes.get(name)
      if (lane !== undefined) this.#discard(lane)
      this.#lanes.delete(name)
    }
  }

  /** Nothing is handed on any more. */
  close(): void {
    this.#isClosed = true
    this.forget([...this.#lanes.keys()])
    if (this.#timer !== null) this.#options.clock.clearTimer(this.#timer)
    this.#timer = null
  }

  #onFrame(
    index: PathIndex,
    bytes: Uint8Array,
    start: number,
    end: number,
    receiveTimeMs: number,
    origin: FrameOrigin,
  ): FrameKind {
    const { sink } = this.#options
    const name = frameStreamName(bytes, start, end)
    const spec = name === null ? undefined : this.#options.specOf(name)
    const position = spec === undefined ? null : pairPosition(spec, bytes, start, end)
    if (spec === undefined || position === null || this.#isClosed) {
      return sink.onFrame(bytes, start, end, receiveTimeMs, origin)
    }
    const lane = this.#lane(spec)
    const own = lane.paths[index]
    own.isLive = true
    if (lane.isOfOldEpoch(position)) return FrameKind.REDUNDANT
    if (lane.isLate(position)) {
      // From at or behind what was handed on, this path goes on without a hole.
      if (own.held.length === 0) own.isJoined = true
      this.#countLate(lane, index, position, receiveTimeMs)
      // Ids that begin again: what waits has the old ones, and would look like a jump ahead of the new.
      if (lane.isNewer(position)) for (const at of [0, 1] as const) this.#releaseAll(lane, at)
      return lane.isSurelyCopy(position, spec.type === StreamType.KLINE, receiveTimeMs)
        ? FrameKind.REDUNDANT
        : sink.onFrame(bytes, start, end, receiveTimeMs, origin)
    }
    if (own.held.length > 0 || (!lane.connects(position, own) && this.#mayOtherFill(lane, index))) {
      // Not `bytes.slice`: that of a Buffer shares the memory, which the socket uses again.
      const copy = Uint8Array.prototype.slice.call(bytes, start, end)
      this.#hold(spec, lane, index, { bytes: copy, receiveTimeMs, origin, position, isBreak: !own.isJoined })
      own.isJoined = true
      return FrameKind.HELD
    }
    const { last } = lane
    this.#paths[index].firstCount++
    lane.accept(index, position, receiveTimeMs)
    const kind = sink.onFrame(bytes, start, end, receiveTimeMs, origin)
    // Garbage is no first copy: the other path's may be whole.
    if (kind === FrameKind.REJECTED && lane.last === position) lane.last = last
    this.#release(lane, other(index), false)
    return kind
  }

  #lane(spec: StreamSpec): PairLane {
    let lane = this.#lanes.get(spec.name)
    if (lane === undefined) {
      lane = new PairLane()
      this.#lanes.set(spec.name, lane)
    }
    return lane
  }

  #mayOtherFill(lane: PairLane, index: PathIndex): boolean {
    const at = other(index)
    return lane.paths[at].isLive || this.#paths[at].isUp
  }

  #countLate(lane: PairLane, index: PathIndex, position: PairPosition, receiveTimeMs: number): void {
    const lateMs = lane.lateMs(index, position, receiveTimeMs)
    if (lateMs === null) return
    const path = this.#paths[index]
    path.lateCount++
    this.#rotate()
    path.lateMs.record(lateMs)
  }

  // --- holding ---------------------------------------------------------------------------------------

  #hold(spec: StreamSpec, lane: PairLane, index: PathIndex, frame: HeldFrame): void {
    const { clock, holdMsOf } = this.#options
    const own = lane.paths[index]
    own.held.push(frame)
    own.heldBytes += frame.bytes.length
    this.#heldCount++
    this.#heldBytes += frame.bytes.length
    if (Number.isNaN(lane.holdUntilMs)) {
      lane.holdUntilMs = clock.monotonicMs() + holdMsOf(spec.name)
      this.#holding.set(lane, spec)
      this.#arm()
    }
    const theirs = lane.paths[other(index)].held[0]
    // Both wait: neither has anything before the lower of the two, so nobody has.
    if (theirs !== undefined) {
      const isOwnLower = comparePairPositions((own.held[0] as HeldFrame).position, theirs.position) <= 0
      this.#release(lane, isOwnLower ? index : other(index), true)
      return
    }
    const { framesPerStreamMax, bytesPerStreamMax, bytesMax } = this.#limits
    const isFull =
      own.held.length >= framesPerStreamMax || own.heldBytes >= bytesPerStreamMax || this.#heldBytes >= bytesMax
    if (isFull) this.#release(lane, index, true)
  }

  /**
   * Hands on what a path holds, as far as it connects or nobody can fill the hole; with `force` the first in any case. What that lets the
   * other path hand on follows.
   */
  #release(lane: PairLane, index: PathIndex, force: boolean): void {
    const { held } = lane.paths[index]
    if (held.length === 0) return
    let isForced = force
    let count = 0
    for (let frame = held[0]; frame !== undefined; frame = held[0]) {
      if (!isForced && !lane.heldConnects(frame) && this.#mayOtherFill(lane, index)) break
      isForced = false
      count++
      held.shift()
      this.#unhold(lane, index, frame)
      this.#handOn(lane, index, frame)
      if (this.#isClosed) return
    }
    this.#planHolding(lane, count > 0)
    if (count > 0) this.#release(lane, other(index), false)
  }

  /** Nobody can fill what is missing before these frames any more. */
  #releaseAll(lane: PairLane, index: PathIndex): void {
    while (lane.paths[index].held.length > 0 && !this.#isClosed) this.#release(lane, index, true)
  }

  #handOn(lane: PairLane, index: PathIndex, frame: HeldFrame): void {
    const { counters, sink } = this.#options
    const { bytes, position, receiveTimeMs, origin } = frame
    let kind: FrameKind = FrameKind.REDUNDANT
    if (!lane.isLate(position)) {
      const { last } = lane
      this.#paths[index].firstCount++
      lane.accept(index, position, receiveTimeMs)
      kind = sink.onFrame(bytes, 0, bytes.length, receiveTimeMs, origin)
      if (kind === FrameKind.REJECTED && lane.last === position) lane.last = last
    }
    counters.framesByKind[kind] = (counters.framesByKind[kind] ?? 0) + 1
  }

  #unhold(lane: PairLane, index: PathIndex, frame: HeldFrame): void {
    lane.paths[index].heldBytes -= frame.bytes.length
    this.#heldCount--
    this.#heldBytes -= frame.bytes.length
  }

  #discard(lane: PairLane): void {
    for (const index of [0, 1] as const) {
      for (const frame of lane.paths[index].held.splice(0)) {
        this.#unhold(lane, index, frame)
        this.#options.counters.framesLate++
      }
    }
    this.#planHolding(lane, false)
  }

  /** What is left after progress waits anew: it is another hole. */
  #planHolding(lane: PairLane, hasProgress: boolean): void {
    const spec = this.#holding.get(lane)
    if (spec === undefined) return
    if (lane.paths[0].held.length === 0 && lane.paths[1].held.length === 0) {
      lane.holdUntilMs = Number.NaN
      this.#holding.delete(lane)
    } else if (hasProgress) {
      lane.holdUntilMs = this.#options.clock.monotonicMs() + this.#options.holdMsOf(spec.name)
    }
    this.#arm()
  }

  /** One timer for the lane whose time is over next. */
  #arm(): void {
    const { clock } = this.#options
    if (this.#timer !== null || this.#holding.size === 0 || this.#isClosed) return
    let nextMs = Number.POSITIVE_INFINITY
    for (const { holdUntilMs } of this.#holding.keys()) nextMs = Math.min(nextMs, holdUntilMs)
    this.#timer = clock.setTimer(
      () => {
        this.#timer = null
        const nowMs = clock.monotonicMs()
        for (const lane of [...this.#holding.keys()]) {
          if (lane.holdUntilMs > nowMs) continue
          this.#release(lane, lane.paths[0].held.length > 0 ? 0 : 1, true)
        }
        this.#arm()
      },
      Math.max(0, nextMs - clock.monotonicMs()),
    )
  }

  #rotate(): void {
    const nowMs = this.#options.clock.monotonicMs()
    if (nowMs < this.#rotateAtMs) return
    // After a long silence both halves are old.
    if (nowMs >= this.#rotateAtMs + LATE_HALF_WINDOW_MS) for (const path of this.#paths) path.lateMs.rotate()
    for (const path of this.#paths) path.lateMs.rotate()
    this.#rotateAtMs = nowMs + LATE_HALF_WINDOW_MS
  }
}

function other(index: PathIndex): PathIndex {
  return index === 0 ? 1 : 0
}
