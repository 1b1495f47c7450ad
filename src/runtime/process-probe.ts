/** What this process costs: event-loop delay, memory, CPU. The one place where Node is asked for them. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'

export interface ProcessSample {
  /** How late the event loop was, over the time since the last sample; `null` when nothing was measured. */
  readonly eventLoopDelayMs: { readonly p50: number; readonly p99: number; readonly max: number } | null
  readonly heapUsedBytes: number
  /** V8 ends the process there. */
  readonly heapLimitBytes: number
  readonly rssBytes: number
  /** User and system time since the process began. */
  readonly cpuMs: number
}

export interface ProcessProbe {
  /** Starts measuring the event loop; idempotent. Keeps nothing alive. */
  start(): void
  stop(): void
  sample(): ProcessSample
}

/** Between two looks at the event loop. A delay shorter than this is seen in part only. */
const RESOLUTION_MS = 10

export class NodeProcessProbe implements ProcessProbe {
  #histogram: ReturnType<typeof monitorEventLoopDelay> | null = null

  start(): void {
    if (this.#histogram !== null) return
    this.#histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
    this.#histogram.enable()
  }

  stop(): void {
    this.#histogram?.disable()
    this.#histogram = null
  }

  sample(): ProcessSample {
    const memory = process.memoryUsage()
    const cpu = process.cpuUsage()
    const delay = this.#delay()
    return {
      eventLoopDelayMs: delay,
      heapUsedBytes: memory.heapUsed,
      heapLimitBytes: getHeapStatistics().heap_size_limit,
      rssBytes: memory.rss,
      cpuMs: (cpu.user + cpu.system) / 1_000,
    }
  }

  #delay(): ProcessSample['eventLoopDelayMs'] {
    const histogram = this.#histogram
    if (histogram === null || histogram.count === 0) return null
    // Node counts the sampling period itself as delay.
    const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS)
    const delay = {
      p50: late(histogram.percentile(50)),
      p99: late(histogram.percentile(99)),
      max: late(histogram.max),
    }
    histogram.reset()
    return delay
  }
}
