/**
 * Every metric of feedbus: name, help, labels and where its value comes from. The table is the registry and
 * the documentation in one; `docs/metrics.md` is checked against it.
 *
 * Labels are bounded: configured names (manager, venue, symbol, stream type, detail), topics, connection ids,
 * and closed sets (state, code, event, kind, quantile). Nothing free enters a label. Durations are seconds, as
 * Prometheus expects.
 */
import { ConnectionState, FeedManagerState } from '../types/health.js'
import { BookState } from '../types/order-book.js'
import type { Scrape, SourceScrape } from './scrape.js'

export type Labels = Readonly<Record<string, string>>
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

export const METRIC_DEFINITIONS: readonly MetricDefinition[] = [
  // Manager
  ofManagers(
    'manager_state',
    'gauge',
    '1 for the state the manager is in, 0 for the others.',
    ['state'],
    (source, sample) => {
      for (const state of Object.values(FeedManagerState)) {
        sample({ ...source.labels, state }, source.health.state === state ? 1 : 0)
      }
    },
  ),
  ofManagers(
    'manager_uptime_seconds',
    'gauge',
    'Time since the manager reached RUNNING; 0 when it is not.',
    [],
    (source, sample) => sample(source.labels, source.health.uptimeMs / 1_000),
  ),
  ofManagers('messages_received_total', 'counter', 'Data frames placed on a stream.', [], (source, sample) =>
    sample(source.labels, source.health.totalMessageCount),
  ),
  ofStats('messages_published_total', 'Messages that reached the bus.', (stats) => stats.messagesPublished),
  ofStats(
    'messages_ignored_total',
    'Valid messages that were not asked for, such as partial candles.',
    (stats) => stats.messagesIgnored,
  ),
  ofStats(
    'messages_duplicate_total',
    'Messages dropped because they were seen before.',
    (stats) => stats.duplicatesDropped,
  ),
  ofStats(
    'messages_rejected_total',
    'Payloads of known streams that were unreadable or impossible.',
    (stats) => stats.messagesRejected,
  ),
  ofManagers(
    'errors_total',
    'counter',
    'Everything that went wrong, by error code (docs/errors.md).',
    ['code'],
    (source, sample) => {
      for (const [code, count] of Object.entries(source.stats?.errorsByCode ?? {}))
        sample({ ...source.labels, code }, count)
    },
  ),
  ofManagers('log_events_total', 'counter', 'Events written to log.event, by name.', ['event'], (source, sample) => {
    for (const [event, count] of Object.entries(source.stats?.logEvents ?? {}))
      sample({ ...source.labels, event }, count)
  }),
  ofStats('gaps_opened_total', 'Holes in streams reported on live.gap.', (stats) => stats.gapsOpened),
  ofStats('gaps_filled_total', 'Holes that were filled.', (stats) => stats.gaps.filled),
  ofStats('gaps_unfillable_total', 'Holes that stay.', (stats) => stats.gaps.unfillable),
  ofManagers('gaps_open', 'gauge', 'Holes that are neither filled nor given up.', [], ({ labels, stats }, sample) => {
    if (stats !== null) sample(labels, stats.gaps.open)
  }),
  ofStats(
    'watchdog_restarts_total',
    'Times the watchdog restarted all connections, or one that was silent alone.',
    (stats) => stats.watchdogRestarts,
  ),
  ofStats(
    'resubscriptions_total',
    'Streams subscribed again because they were silent.',
    (stats) => stats.resubscriptions,
  ),

  // Connections
  ofConnections(
    'connection_state',
    'gauge',
    '1 for the state the connection is in, 0 for the others.',
    ['state'],
    (connection, labels, sample) => {
      for (const state of Object.values(ConnectionState))
        sample({ ...labels, state }, connection.state === state ? 1 : 0)
    },
  ),
  ofConnections(
    'connection_uptime_seconds',
    'gauge',
    'Age of the current socket; 0 when none is open.',
    [],
    (connection, labels, sample) => sample(labels, connection.uptimeMs / 1_000),
  ),
  ofConnections('connection_streams', 'gauge', 'Streams the connection carries.', [], (connection, labels, sample) =>
    sample(labels, connection.streamCount),
  ),
  ofConnections('connection_reconnects_total', 'counter', 'Unplanned reconnects.', [], (connection, labels, sample) =>
    sample(labels, connection.reconnectCount),
  ),
  ofConnections(
    'connection_reconnect_attempt',
    'gauge',
    'Consecutive failures since the last healthy data.',
    [],
    (connection, labels, sample) => sample(labels, connection.reconnectAttempt),
  ),
  ofConnections(
    'connection_last_message_age_seconds',
    'gauge',
    'Time since the last frame; absent before the first.',
    [],
    (connection, labels, sample) => {
      if (connection.lastMessageAgeMs !== null) sample(labels, connection.lastMessageAgeMs / 1_000)
    },
  ),
  ofConnections(
    'connection_rtt_seconds',
    'gauge',
    'Last ping-pong round trip; absent before the first.',
    [],
    (connection, labels, sample) => {
      if (connection.rttMs !== null) sample(labels, connection.rttMs / 1_000)
    },
  ),
  ofConnections(
    'connection_next_refresh_seconds',
    'gauge',
    'Time until the planned refresh; absent without a socket.',
    [],
    (connection, labels, sample) => {
      if (connection.nextRefreshInMs !== null) sample(labels, connection.nextRefreshInMs / 1_000)
    },
  ),
  ofManagers(
    'frames_total',
    'counter',
    'Frames received, by what they turned out to be.',
    ['kind'],
    (source, sample) => {
      for (const [kind, count] of Object.entries(source.stats?.connection?.frames ?? {}))
        sample({ ...source.labels, kind }, count)
    },
  ),
  ofConnectionStats('received_bytes_total', 'counter', 'Bytes of all frames received.', (stats) => stats.bytesReceived),
  ofConnectionStats(
    'control_messages_sent_total',
    'counter',
    'Control messages sent to the venue.',
    (stats) => stats.controlMessagesSent,
  ),
  ofConnectionStats(
    'connects_attempted_total',
    'counter',
    'Sockets that were tried.',
    (stats) => stats.connectsAttempted,
  ),
  ofConnectionStats('connects_opened_total', 'counter', 'Sockets that opened.', (stats) => stats.connectsOpened),
  ofConnectionStats('refreshes_total', 'counter', 'Planned hand-overs to a new socket.', (stats) => stats.refreshes),
  ofConnectionStats(
    'ping_timeouts_total',
    'counter',
    'Sockets given up because a pong was missing.',
    (stats) => stats.pingTimeouts,
  ),
  ofConnectionStats('sockets', 'gauge', 'Sockets that exist now, in any state.', (stats) => stats.socketCount),
  ofManagers(
    'closes_total',
    'counter',
    'Closed sockets, by close code (1006 where none was received).',
    ['code'],
    (source, sample) => {
      for (const [code, count] of Object.entries(source.stats?.connection?.closesByCode ?? {})) {
        sample({ ...source.labels, code }, count)
      }
    },
  ),

  // Feeds
  ofFeeds('feed_messages_total', 'counter', 'Data frames of the stream.', [], (feed, labels, sample) =>
    sample(labels, feed.messageCount),
  ),
  ofFeeds('feed_rejected_total', 'counter', 'Payloads of the stream that were rejected.', [], (feed, labels, sample) =>
    sample(labels, feed.errorCount),
  ),
  ofFeeds('feed_gaps_total', 'counter', 'Holes found in the stream.', [], (feed, labels, sample) =>
    sample(labels, feed.gapCount),
  ),
  ofFeeds(
    'feed_stale',
    'gauge',
    '1 while the stream is stale: it had messages and stopped.',
    [],
    (feed, labels, sample) => sample(labels, feed.isStale ? 1 : 0),
  ),
  ofFeeds(
    'feed_received',
    'gauge',
    '1 once the stream had a message, 0 before (NEVER_RECEIVED).',
    [],
    (feed, labels, sample) => sample(labels, feed.lastMessageAgeMs === null ? 0 : 1),
  ),
  ofFeeds('feed_message_rate', 'gauge', 'Messages per second over the last ten seconds.', [], (feed, labels, sample) =>
    sample(labels, feed.ratePerSecond),
  ),
  ofFeeds(
    'feed_last_message_age_seconds',
    'gauge',
    'Time since the last message; absent before the first.',
    [],
    (feed, labels, sample) => {
      if (feed.lastMessageAgeMs !== null) sample(labels, feed.lastMessageAgeMs / 1_000)
    },
  ),
  ofFeeds(
    'feed_latency_seconds',
    'gauge',
    'Receive time minus venue time over the last minute, negative when clocks differ; absent where the venue sends no time.',
    ['quantile'],
    (feed, labels, sample) => {
      if (feed.latencyMs === null) return
      sample({ ...labels, quantile: '0.5' }, feed.latencyMs.p50 / 1_000)
      sample({ ...labels, quantile: '0.99' }, feed.latencyMs.p99 / 1_000)
    },
  ),

  // Books
  ofBooks(
    'book_state',
    'gauge',
    '1 for the state the book is in, 0 for the others.',
    ['state'],
    (book, labels, sample) => {
      for (const state of Object.values(BookState)) sample({ ...labels, state }, book.state === state ? 1 : 0)
    },
  ),
  ofBooks('book_resyncs_total', 'counter', 'Times the book was rebuilt after a break.', [], (book, labels, sample) =>
    sample(labels, book.resyncCount),
  ),
  ofBooks('book_updates_total', 'counter', 'Updates that changed the book.', [], (book, labels, sample) =>
    sample(labels, book.appliedCount),
  ),
  ofBooks('book_buffered', 'gauge', 'Updates kept while a snapshot is awaited.', [], (book, labels, sample) =>
    sample(labels, book.bufferedCount),
  ),
  ofBooks('book_snapshots_total', 'counter', 'Snapshots asked for.', [], (book, labels, sample) =>
    sample(labels, book.snapshotCount),
  ),

  // REST
  ofRest('rest_requests_total', 'counter', 'Requests sent.', (rest) => rest.sent),
  ofRest('rest_failed_total', 'counter', 'Requests that were given up.', (rest) => rest.failed),
  ofRest('rest_limited_total', 'counter', 'Answers 429: the venue asks to slow down.', (rest) => rest.limited429),
  ofRest('rest_banned_total', 'counter', 'Answers 418: the address is banned for a time.', (rest) => rest.banned418),
  ofRest('rest_used_weight', 'gauge', 'Request weight used in the current minute.', (rest) => rest.usedWeight),
  ofRest(
    'rest_weight_limit',
    'gauge',
    'Request weight this process allows itself per minute.',
    (rest) => rest.weightPerMinute,
  ),
  ofRest('rest_queued', 'gauge', 'Requests that wait.', (rest) => rest.queued),

  // Bus
  ofTopics('bus_published_total', 'counter', 'Messages published.', (topic) => topic.published),
  ofTopics('bus_delivered_total', 'counter', 'Calls of handlers and reads from streams.', (topic) => topic.delivered),
  ofTopics('bus_dropped_total', 'counter', 'Messages lost to overflow policies.', (topic) => topic.dropped),
  ofTopics('bus_handler_errors_total', 'counter', 'Handlers that threw or rejected.', (topic) => topic.handlerErrors),
  ofTopics('bus_subscriptions', 'gauge', 'Subscriptions the next message goes to.', (topic) => topic.subscriptions),
  ofTopics('bus_slowest_handler_seconds', 'gauge', 'Slowest sampled handler call; absent before the first.', (topic) =>
    topic.slowestHandler === null ? null : topic.slowestHandler.durationMs / 1_000,
  ),
  {
    name: 'feedbus_bus_queue_depth',
    type: 'gauge',
    help: 'Messages waiting in the queues of all subscriptions.',
    labels: [],
    read: ({ bus }, sample) => {
      if (bus !== null) sample({}, bus.totals.queueDepth)
    },
  },
]

type Connection = SourceScrape['health']['connections'][number]
type Book = SourceScrape['health']['books'][number]
type Feed = SourceScrape['health']['feeds'][number]
type ManagerStats = NonNullable<SourceScrape['stats']>
type Topic = NonNullable<Scrape['bus']>['topics'][string]

function ofManagers(
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

function ofStats(name: string, help: string, value: (stats: ManagerStats) => number): MetricDefinition {
  return ofManagers(name, 'counter', help, [], ({ labels, stats }, sample) => {
    if (stats !== null) sample(labels, value(stats))
  })
}

function ofConnectionStats(
  name: string,
  type: MetricDefinition['type'],
  help: string,
  value: (stats: NonNullable<ManagerStats['connection']>) => number,
): MetricDefinition {
  return ofManagers(name, type, help, [], ({ labels, stats }, sample) => {
    if (stats !== null && stats.connection !== null) sample(labels, value(stats.connection))
  })
}

function ofConnections(
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

function ofBooks(
  name: string,
  type: MetricDefinition['type'],
  help: string,
  labels: readonly string[],
  read: (book: Book, labels: Labels, sample: Sample) => void,
): MetricDefinition {
  const definition = ofManagers(name, type, help, [], (source, sample) => {
    for (const book of source.health.books) read(book, { ...source.labels, symbol: book.symbol }, sample)
  })
  return { ...definition, labels: [...BOOK, ...labels] }
}

function ofRest(
  name: string,
  type: MetricDefinition['type'],
  help: string,
  value: (rest: NonNullable<ManagerStats['rest']>) => number,
): MetricDefinition {
  return ofManagers(name, type, help, [], ({ labels, stats }, sample) => {
    if (stats !== null && stats.rest !== null) sample(labels, value(stats.rest))
  })
}

function ofFeeds(
  name: string,
  type: MetricDefinition['type'],
  help: string,
  labels: readonly string[],
  read: (feed: Feed, labels: Labels, sample: Sample) => void,
): MetricDefinition {
  const definition = ofManagers(name, type, help, [], (source, sample) => {
    for (const feed of source.health.feeds) {
      const { symbol, streamType, detail } = feed
      read(feed, { ...source.labels, symbol, stream_type: streamType, detail }, sample)
    }
  })
  return { ...definition, labels: [...FEED, ...labels] }
}

function ofTopics(
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
