/**
 * What a metric is, and the few ways to read one from a scrape: per manager, connection, feed, book, topic. The
 * tables beside this file are made of these.
 *
 * Labels are bounded: configured names (manager, venue, symbol, stream type, detail), topics, connection ids,
 * and closed sets (state, code, event, kind, cause, quantile). Nothing free enters a label. Durations are
 * seconds, as Prometheus expects.
 */
import type { Labels, Scrape, SourceScrape } from '../scrape.js'

export type Sample = (labels: Labels, value: number) => void

export interface MetricDefinition {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly labels: readonly string[]
  readonly read: (scrape: Scrape, sample: Sample) => void
}

const MANAGER = ['manager', 'venue'] as const
const CONNECTION = [...MANAGER, 'connection', 'route'] as const
const BOOK = [...MANAGER, 'symbol'] as const
const FEED = [...MANAGER, 'symbol', 'stream_type', 'detail'] as const

export type Connection = SourceScrape['health']['connections'][number]
export type Path = Connection['paths'][number]
export type VenueClock = NonNullable<SourceScrape['health']['clock']>
export type Book = SourceScrape['health']['books'][number]
export type Feed = SourceScrape['health']['feeds'][number]
export type ManagerStats = NonNullable<SourceScrape['stats']>
export type Topic = NonNullable<Scrape['bus']>['topics'][string]

export function ofManagers(
  name: string,
  type: MetricDefinition['type'],
  help: string,
  labels: readonly string[],
  read: (source: SourceScrape, sample: Sample) => void,
): MetricDefinition {
  return {
    name: `feedbus_${name}`,
    type,
    help,
    labels: [...MANAGER, ...labels],
    read: ({ sources }, sample) => {
      for (const source of sources) read(source, sample)
    },
  }
}

/** Of sources that keep counters; `null` leaves the metric out. */
export function ofStats(
  name: string,
  type: MetricDefinition['type'],
  help: string,
  value: (stats: ManagerStats) => number | null,
): MetricDefinition {
  return ofManagers(name, type, help, [], ({ labels, stats }, sample) => {
    const read = stats === null ? null : value(stats)
    if (read !== null) sample(labels, read)
  })
}

export function ofConnectionStats(
  name: string,
  type: MetricDefinition['type'],
  help: string,
  value: (stats: NonNullable<ManagerStats['connection']>) => number,
): MetricDefinition {
  return ofStats(name, type, help, ({ connection }) => (connection === null ? null : value(connection)))
}

export function ofConnections(
  name: string,
  type: MetricDefinition['type'],
  help: string,
  labels: readonly string[],
  read: (connection: Connection, labels: Labels, sample: Sample) => void,
): MetricDefinition {
  const definition = ofManagers(name, type, help, [], (source, sample) => {
    for (const connection of source.health.connections) {
      read(connection, { ...source.labels, connection: connection.id, route: connection.route }, sample)
    }
  })
  return { ...definition, labels: [...CONNECTION, ...labels] }
}

/** Sockets of redundant pairs. */
export function ofPaths(
  name: string,
  type: MetricDefinition['type'],
  help: string,
  labels: readonly string[],
  read: (path: Path, labels: Labels, sample: Sample) => void,
): MetricDefinition {
  return ofConnections(name, type, help, ['path', ...labels], (connection, own, sample) => {
    for (const path of connection.paths) read(path, { ...own, path: path.path }, sample)
  })
}

export function ofBooks(
  name: string,
  type: MetricDefinition['type'],
  help: string,
  labels: readonly string[],
  read: (book: Book, labels: Labels, sample: Sample) => void,
): MetricDefinition {
  const definition = ofManagers(name, type, help, [], (source, sample) => {
    for (const [index, book] of source.health.books.entries()) read(book, source.bookLabels[index] ?? {}, sample)
  })
  return { ...definition, labels: [...BOOK, ...labels] }
}

export function ofRest(
  name: string,
  type: MetricDefinition['type'],
  help: string,
  value: (rest: NonNullable<ManagerStats['rest']>) => number,
): MetricDefinition {
  return ofStats(name, type, help, ({ rest }) => (rest === null ? null : value(rest)))
}

export function ofCandles(
  name: string,
  type: MetricDefinition['type'],
  help: string,
  value: (candles: NonNullable<ManagerStats['candles']>) => number,
): MetricDefinition {
  return ofStats(name, type, help, ({ candles }) => (candles === null ? null : value(candles)))
}

/** Only where trades are fetched at all. */
export function ofTrades(
  name: string,
  type: MetricDefinition['type'],
  help: string,
  value: (trades: NonNullable<ManagerStats['trades']>) => number,
): MetricDefinition {
  return ofStats(name, type, help, ({ trades }) => (trades === null ? null : value(trades)))
}

/** The venue's clock; absent before the first estimate and where a source has none. */
export function ofClock(name: string, help: string, value: (clock: VenueClock) => number): MetricDefinition {
  return ofManagers(name, 'gauge', help, [], ({ labels, health }, sample) => {
    if (health.clock !== null) sample(labels, value(health.clock))
  })
}

export function ofFeeds(
  name: string,
  type: MetricDefinition['type'],
  help: string,
  labels: readonly string[],
  read: (feed: Feed, labels: Labels, sample: Sample) => void,
): MetricDefinition {
  const definition = ofManagers(name, type, help, [], (source, sample) => {
    for (const [index, feed] of source.health.feeds.entries()) read(feed, source.feedLabels[index] ?? {}, sample)
  })
  return { ...definition, labels: [...FEED, ...labels] }
}

export function ofTopics(
  name: string,
  type: MetricDefinition['type'],
  help: string,
  value: (topic: Topic) => number | null,
): MetricDefinition {
  return {
    name: `feedbus_${name}`,
    type,
    help,
    labels: ['topic'],
    read: ({ bus }, sample) => {
      for (const topic of Object.values(bus?.topics ?? {})) {
        const read = value(topic)
        if (read !== null) sample({ topic: topic.topic }, read)
      }
    },
  }
}
