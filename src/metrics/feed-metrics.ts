/**
 * Prometheus export. The feed counts with plain numbers; a scrape copies them into `prom-client`, so that
 * nothing is paid per message. The one folder that knows `prom-client`.
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { BusStats } from '../bus/index.js'
import { METRIC_DEFINITIONS, type MetricDefinition } from './definitions.js'
import { type MetricsSource, type Scrape, scrape } from './scrape.js'

export interface FeedMetricsOptions {
  readonly bus?: { stats(): BusStats }
  readonly sources?: readonly MetricsSource[]
  /** Also export the default metrics of the Node.js process: event loop delay, heap, CPU. Default `true`. */
  readonly processMetrics?: boolean
}

export class FeedMetrics {
  /** Own registry; nothing is registered globally. */
  readonly registry: Registry = new Registry()
  readonly #bus: { stats(): BusStats } | null
  readonly #sources: Set<MetricsSource>
  #current: Scrape | null = null

  constructor(options: FeedMetricsOptions = {}) {
    this.#bus = options.bus ?? null
    this.#sources = new Set(options.sources)
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

  /** All metrics in Prometheus text format. */
  text(): Promise<string> {
    return this.registry.metrics()
  }

  /** Forgets sources and metrics. */
  close(): void {
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
          read(this.#scrape(), (labels, value) => counter.inc(labels, value))
        },
      })
    }
  }

  /** The registry collects all metrics in one turn: they share one picture, which ends with the turn. */
  #scrape(): Scrape {
    if (this.#current === null) {
      this.#current = scrape(this.#sources, this.#bus)
      queueMicrotask(() => {
        this.#current = null
      })
    }
    return this.#current
  }
}
