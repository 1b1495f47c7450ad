/**
 * Time as the scans of the monitor see it: the monotonic clock, less what this process did not run, and the steps of
 * the wall clock beside it.
 *
 * A scan much later than its period means that the process was stopped or its event loop blocked. Such a pause is not
 * held against the venue, since the scan after it comes before the waiting frames are read; it is left out of the
 * running time, on which silence is measured.
 */
import type { Clock } from '../../runtime/clock.js'

/** Differences below this are slewing and rounding, not steps. */
const CLOCK_JUMP_MS_MIN = 20
/** A scan later than its period plus this means that the process did not run. */
const LATE_SCAN_MS_MIN = 500

export class ScanTime {
  readonly #clock: Clock
  readonly #scanIntervalMs: number
  /** Monotonic, of the scan under way or the last one. */
  nowMs: number
  /** Epoch ms, likewise. */
  wallMs: number
  /** Monotonic, of the scan that has ended last. */
  lastScanMs: number
  /** Lost to pauses of the process since the start. */
  pausedMs = 0
  /** The part of it between the last two scans. */
  newlyPausedMs = 0
  /** Wall minus monotonic time at the last scan. */
  #wallOffsetMs: number

  constructor(clock: Clock, scanIntervalMs: number) {
    this.#clock = clock
    this.#scanIntervalMs = scanIntervalMs
    this.nowMs = clock.monotonicMs()
    this.wallMs = clock.wallMs()
    this.lastScanMs = this.nowMs
    this.#wallOffsetMs = this.wallMs - this.nowMs
  }

  /** Monotonic time without pauses: what silences are compared with. */
  get runningMs(): number {
    return this.nowMs - this.pausedMs
  }

  /** Scanning begins (again): the time before counts neither as a pause nor as a step. */
  restart(): void {
    this.nowMs = this.#clock.monotonicMs()
    this.wallMs = this.#clock.wallMs()
    this.lastScanMs = this.nowMs
    this.#wallOffsetMs = this.wallMs - this.nowMs
  }

  beginScan(): void {
    this.nowMs = this.#clock.monotonicMs()
    this.wallMs = this.#clock.wallMs()
    const elapsedMs = this.nowMs - this.lastScanMs
    const isLate = elapsedMs > 2 * this.#scanIntervalMs + LATE_SCAN_MS_MIN
    this.newlyPausedMs = isLate ? elapsedMs - this.#scanIntervalMs : 0
    this.pausedMs += this.newlyPausedMs
  }

  /** What arrived until now was taken note of. */
  endScan(): void {
    this.lastScanMs = this.nowMs
  }

  /** How far the wall clock moved against the monotonic one since the last call; 0 for what is no step. */
  takeWallJump(): number {
    const jumpMs = this.wallMs - this.nowMs - this.#wallOffsetMs
    if (Math.abs(jumpMs) < CLOCK_JUMP_MS_MIN) return 0
    this.#wallOffsetMs += jumpMs
    return jumpMs
  }
}
