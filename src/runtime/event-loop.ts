/**
 * The door to what Node knows of its own event loop: how late timers fire, and how much of the time it was busy.
 * A process that does not get round to its sockets makes every latency measured in it untrue.
 */
import { type IntervalHistogram, monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Clock, TimerHandle } from './clock.js'
import { SystemClock } from './system-clock.js'

/** How late the event loop came round, in ms, over the last half to whole window. */
export interface EventLoopDelay {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

export interface EventLoopMonitor {
  /** `null` before the first sample. */
  delay(): EventLoopDelay | null
  /** Time the loop was busy since the process began, in ms; its growth over time passed is the utilization. */
  activeMs(): number
  /** Ends the measurement. Idempotent. */
  close(): void
}

export interface NodeEventLoopMonitorOptions {
  readonly clock?: Clock
  /** What `delay` looks back on at most. Default 60 000. */
  readonly windowMs?: number
}

/** Time between two samples. A finer one costs wake-ups and finds nothing that matters to a feed. */
const RESOLUTION_MS = 20
const WINDOW_MS = 60_000
const NS_PER_MS = 1e6

/**
 * Measured by libuv, so a blocked loop is seen in full as soon as it runs again. Two histograms begin half a
 * window apart and the older one answers: several readers see the same, and none resets another's numbers.
 */
export class NodeEventLoopMonitor implements EventLoopMonitor {
  readonly #clock: Clock
  readonly #timer: TimerHandle
  #older: IntervalHistogram = startHistogram()
  #younger: IntervalHistogram = startHistogram()

  constructor(options: NodeEventLoopMonitorOptions = {}) {
    this.#clock = options.clock ?? new SystemClock()
    const halfMs = (options.windowMs ?? WINDOW_MS) / 2
    this.#timer = this.#clock.setRepeating(() => this.#rotate(), halfMs, { unref: true })
  }

  delay(): EventLoopDelay | null {
    // Read right after a rotation, the older one is half a window old; before the first it is as old as we are.
    if (this.#older.count === 0) return null
    return {
      p50Ms: lateMs(this.#older.percentile(50)),
      p99Ms: lateMs(this.#older.percentile(99)),
      maxMs: lateMs(this.#older.max),
    }
  }

  activeMs(): number {
    return performance.eventLoopUtilization().active
  }

  close(): void {
    this.#clock.clearTimer(this.#timer)
    this.#older.disable()
    this.#younger.disable()
  }

  #rotate(): void {
    const emptied = this.#older
    emptied.reset()
    this.#older = this.#younger
    this.#younger = emptied
  }
}

function startHistogram(): IntervalHistogram {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  histogram.enable()
  return histogram
}

/** What is recorded is the whole time between two samples; late is what exceeds the time between them. */
function lateMs(recordedNs: number): number {
  return Math.max(0, recordedNs / NS_PER_MS - RESOLUTION_MS)
}
