/** The process and the bus in numbers, once a second while somebody looks. */
import type { Bus } from '../../bus/index.js'
import type { Clock } from '../../runtime/clock.js'
import type { ProcessProbe } from '../../runtime/process-probe.js'
import { TOPIC_CATALOG } from '../../types/topic-catalog.js'
import { type ProcessView, QUEUES_SHOWN_MAX, type TopicView } from '../protocol.js'

export interface MeterReading {
  readonly process: ProcessView
  readonly topics: readonly TopicView[]
}

export class ProcessMeter {
  readonly #bus: Bus
  readonly #clock: Clock
  readonly #probe: ProcessProbe
  #before: { readonly timeMs: number; readonly cpuMs: number; readonly published: ReadonlyMap<string, number> } | null =
    null

  constructor(bus: Bus, clock: Clock, probe: ProcessProbe) {
    this.#bus = bus
    this.#clock = clock
    this.#probe = probe
  }

  start(): void {
    this.#probe.start()
  }

  stop(): void {
    this.#probe.stop()
    this.#before = null
  }

  read(viewerCount: number): MeterReading {
    const sample = this.#probe.sample()
    const stats = this.#bus.stats()
    const timeMs = this.#clock.monotonicMs()
    const before = this.#before
    const seconds = before === null ? 0 : (timeMs - before.timeMs) / 1_000
    const published = new Map(Object.values(stats.topics).map((topic) => [topic.topic, topic.published]))
    const perSecond = (topic: string): number | null =>
      before === null || seconds <= 0
        ? null
        : Math.round(((published.get(topic) ?? 0) - (before.published.get(topic) ?? 0)) / seconds)
    const names = new Set([...Object.keys(TOPIC_CATALOG), ...published.keys()])
    const topics = [...names].map((topic) => ({
      topic,
      published: published.get(topic) ?? 0,
      perSecond: perSecond(topic),
    }))
    this.#before = { timeMs, cpuMs: sample.cpuMs, published }
    const queues = stats.subscriptions
      .filter(({ delivery }) => delivery !== 'direct')
      .map(({ name, topic, queued, capacity, dropped }) => ({ name, topic, queued, capacity, dropped }))
      .sort((a, b) => b.queued - a.queued || b.dropped - a.dropped)
      .slice(0, QUEUES_SHOWN_MAX)
    const delay = sample.eventLoopDelay
    return {
      topics,
      process: {
        eventLoopDelayP50Ms: delay?.p50Ms ?? null,
        eventLoopDelayP99Ms: delay?.p99Ms ?? null,
        eventLoopDelayMaxMs: delay?.maxMs ?? null,
        heapUsedBytes: sample.heapUsedBytes,
        heapLimitBytes: sample.heapLimitBytes,
        rssBytes: sample.rssBytes,
        cpuShare: before === null || seconds <= 0 ? null : (sample.cpuMs - before.cpuMs) / 1_000 / seconds,
        published: stats.totals.published,
        publishedPerSecond: before === null ? null : topics.reduce((sum, each) => sum + (each.perSecond ?? 0), 0),
        delivered: stats.totals.delivered,
        dropped: stats.totals.dropped,
        handlerErrors: stats.totals.handlerErrors,
        queueDepth: stats.totals.queueDepth,
        queues,
        subscriptionCount: stats.subscriptions.length,
        viewerCount,
      },
    }
  }
}
