/** What this process costs: event-loop delay, memory, CPU. The one place where Node is asked for them. */
import { getHeapStatistics } from 'node:v8'
import type { Clock } from './clock.js'
import { type EventLoopDelay, type EventLoopMonitor, NodeEventLoopMonitor } from './event-loop.js'

export interface ProcessSample {
  /** How late the event loop was, over the last seconds; `null` when nothing was measured. */
  readonly eventLoopDelay: EventLoopDelay | null
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

/** What the event-loop delay looks back on: short, because a person looks at it now. */
const WINDOW_MS = 10_000

export class NodeProcessProbe implements ProcessProbe {
  readonly #clock: Clock | undefined
  #monitor: EventLoopMonitor | null = null

  constructor(clock?: Clock) {
    this.#clock = clock
  }

  start(): void {
    const clock = this.#clock
    this.#monitor ??= new NodeEventLoopMonitor({ windowMs: WINDOW_MS, ...(clock === undefined ? {} : { clock }) })
  }

  stop(): void {
    this.#monitor?.close()
    this.#monitor = null
  }

  sample(): ProcessSample {
    const memory = process.memoryUsage()
    const cpu = process.cpuUsage()
    return {
      eventLoopDelay: this.#monitor?.delay() ?? null,
      heapUsedBytes: memory.heapUsed,
      heapLimitBytes: getHeapStatistics().heap_size_limit,
      rssBytes: memory.rss,
      cpuMs: (cpu.user + cpu.system) / 1_000,
    }
  }
}
