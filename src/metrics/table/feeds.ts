/** Metrics of single streams and of the order books kept from them. These are the ones whose number grows with the symbols. */
import { BookState } from '../../types/order-book.js'
import { type MetricDefinition, ofBooks, ofFeeds } from './definition.js'

export const FEED_METRICS: readonly MetricDefinition[] = [
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
]

export const BOOK_METRICS: readonly MetricDefinition[] = [
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
  ofBooks(
    'book_snapshot_failures_total',
    'counter',
    'Requests for a snapshot that gave none.',
    [],
    (book, labels, sample) => sample(labels, book.snapshotFailureCount),
  ),
]
