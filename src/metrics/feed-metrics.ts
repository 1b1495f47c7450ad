/**
 * Prometheus export. The feed counts with plain numbers; a scrape copies them into `prom-client`, so that
 * nothing is paid per message. The one folder that knows `prom-client`.
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { BusStats } from '../bus/index.js'
import { type Clock, delay, type EventLoopMonitor, NodeEventLoopMonitor, SystemClock } from '../runtime/index.js'
import { METRIC_DEFINITIONS, type MetricDefinition } from './definitions.js'
import { exposition } from './exposition.js'
import { type MetricsSource, type Scrape, scrape } from './scrape.js'

/** Work of a scrape between two turns of the event loop. */
const TURN_MS_MAX = 5

export interface FeedMetricsOptions {
  readonly bus?: { stats(): BusStats }
  readonly sources?: readonly MetricsSource[]
  readonly clock?: Clock
  /** Also export the default metrics of the Node.js process (heap, CPU, garbage collection). Default `true`. */
  readonly processMetrics?: boolean
  /** Where event loop delay comes from. Default: measured here, unless `processMetrics` is `false`. */
  readonly eventLoop?: EventLoopMonitor
}

export class FeedMetrics {
  /** Own registry; nothing is registered globally. */
  readonly registry: Registry = new Registry()
  readonly #bus: { stats(): BusStats } | null
  readonly #sources: Set<MetricsSource>
  readonly #clock: Clock
  readonly #eventLoop: EventLoopMonitor | null
  /** Ours to close. */
  readonly #ownEventLoop: EventLoopMonitor | null
  readonly #definitions: ReadonlyMap<string, MetricDefinition> = new Map(
    METRIC_DEFINITIONS.map((definition) => [definition.name, definition]),
  )
  #current: Scrape | null = null

  constructor(options: FeedMetricsOptions = {}) {
    this.#bus = options.bus ?? null
    this.#sources = new Set(options.sources)
    this.#clock = options.clock ?? new SystemClock()
    const isOwn = options.eventLoop === undefined && (options.processMetrics ?? true)
    this.#ownEventLoop = isOwn ? new NodeEventLoopMonitor({ clock: this.#clock }) : null
    this.#eventLoop = options.eventLoop ?? this.#ownEventLoop
    for (const definition of METRIC_DEFINITIONS) this.#register(definition)
    if (options.processMetrics ?? true) collectDefaultMetrics({ register: this.registry })
  }

  /** For the `Content-Type` header of `text()`. */
  get contentType(): string {
    return this.registry.contentType
  }

  add(source: MetricsSource): void {
    this.#sources.add(source)
  }

  remove(source: MetricsSource): void {
    this.#sources.delete(source)
  }

  /**
   * All metrics in Prometheus text format, of one moment. Written metric by metric, and market data comes through
   * in between: the series of hundreds of symbols take some tens of milliseconds.
   */
  async text(): Promise<string> {
    const picture = scrape(this.#sources, this.#bus, this.#eventLoop)
    const parts: string[] = []
    let turnStartMs = this.#clock.monotonicMs()
    for (const { name } of this.registry.getMetricsAsArray()) {
      const definition = this.#definitions.get(name)
      parts.push(
        definition === undefined ? await this.registry.getSingleMetricAsString(name) : exposition(definition, picture),
      )
      if (this.#clock.monotonicMs() - turnStartMs < TURN_MS_MAX) continue
      await delay(this.#clock, 0)
      turnStartMs = this.#clock.monotonicMs()
    }
    return `${parts.join('\n\n')}\n`
  }

  /** Forgets sources and metrics, and ends the measurement of the event loop that was begun here. */
  close(): void {
    this.#ownEventLoop?.close()
    this.#sources.clear()
    this.registry.clear()
  }

  #register(definition: MetricDefinition): void {
    const { name, help, labels: labelNames, read } = definition
    const configuration = { name, help, labelNames, registers: [this.registry] }
    if (definition.type === 'gauge') {
      const gauge = new Gauge({
        ...configuration,
        collect: () => {
          gauge.reset()
          // A gauge without labels resets to 0; removing leaves it out until it has a value.
          if (labelNames.length === 0) gauge.remove()
          read(this.#scrape(), (labels, value) => gauge.set(labels, value))
        },
      })
    } else {
      const counter = new Counter({
        ...configuration,
        collect: () => {
          counter.reset()
          if (labelNames.length === 0) counter.remove()
          read(this.#scrape(), (labels, value) => counter.inc(labels, value))
        },
      })
    }
  }

  /** For who scrapes the registry itself: it collects all metrics in one turn, and the picture ends with the turn. */
  #scrape(): Scrape {
    if (this.#current !== null) return this.#current
    const picture = scrape(this.#sources, this.#bus, this.#eventLoop)
    this.#current = picture
    queueMicrotask(() => {
      if (this.#current === picture) this.#current = null
    })
    return picture
  }
}
