/** Metrics of a manager as a whole: its life, its messages, what went wrong, holes and candles, the venue's clock. */
import type { GapCause, GapEvent } from '../../types/gap.js'
import { FeedManagerState } from '../../types/health.js'
import { LogEventName } from '../../types/log-event.js'
import { type MetricDefinition, ofCandles, ofClock, ofManagers, ofStats, ofTrades } from './definition.js'

/** All of them are exported from the start: `increase` sees only what grows, not what appears. */
const GAP_CAUSES: readonly GapCause[] = ['DISCONNECT', 'SEQUENCE', 'SILENT', 'REJECTED', 'RESET', 'OVERFLOW']
const GAP_KINDS: readonly GapEvent['kind'][] = ['opened', 'filled', 'unfillable']

export const MANAGER_METRICS: readonly MetricDefinition[] = [
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
  ofStats(
    'messages_published_total',
    'counter',
    'Messages of the streams that reached the bus; updates of a maintained book when the book has them.',
    (stats) => stats.messagesPublished,
  ),
  ofStats(
    'messages_ignored_total',
    'counter',
    'Valid messages that were not asked for, such as partial candles.',
    (stats) => stats.messagesIgnored,
  ),
  ofStats(
    'messages_duplicate_total',
    'counter',
    'Messages dropped because they were seen before.',
    (stats) => stats.duplicatesDropped,
  ),
  ofStats(
    'messages_rejected_total',
    'counter',
    'Payloads of known streams that were unreadable or impossible.',
    (stats) => stats.messagesRejected,
  ),
  ofStats(
    'messages_held',
    'gauge',
    'Messages that wait: for missing ones before them, or for the next ones to tell whether they repeat.',
    (stats) => stats.messagesHeld,
  ),
  ofManagers(
    'errors_total',
    'counter',
    'Everything that went wrong, by error code (docs/errors.md); a code appears with its first error.',
    ['code'],
    (source, sample) => {
      for (const [code, count] of Object.entries(source.stats?.errorsByCode ?? {}))
        sample({ ...source.labels, code }, count)
    },
  ),
  ofManagers('log_events_total', 'counter', 'Events written to log.event, by name.', ['event'], (source, sample) => {
    if (source.stats === null) return
    for (const event of Object.values(LogEventName))
      sample({ ...source.labels, event }, source.stats.logEvents[event] ?? 0)
  }),
  ofManagers(
    'gap_events_total',
    'counter',
    'Holes in streams as reported on live.gap, by what tore them and what became of them.',
    ['cause', 'kind'],
    ({ labels, stats }, sample) => {
      if (stats === null) return
      for (const cause of GAP_CAUSES) {
        for (const kind of GAP_KINDS) sample({ ...labels, cause, kind }, stats.gaps.byCause[cause]?.[kind] ?? 0)
      }
    },
  ),
  ofStats('gaps_open', 'gauge', 'Holes that are neither filled nor given up.', (stats) => stats.gaps.open),
  ofStats(
    'watchdog_restarts_total',
    'counter',
    'Times the watchdog restarted all connections, or one that was silent alone.',
    (stats) => stats.watchdogRestarts,
  ),
  ofStats(
    'resubscriptions_total',
    'counter',
    'Streams subscribed again because they were silent.',
    (stats) => stats.resubscriptions,
  ),
]

export const CANDLE_METRICS: readonly MetricDefinition[] = [
  ofManagers(
    'candles_published_total',
    'counter',
    'Finalized candles published, pushed by the stream or fetched over REST.',
    ['origin'],
    ({ labels, stats }, sample) => {
      const candles = stats?.candles ?? null
      if (candles === null) return
      sample({ ...labels, origin: 'stream' }, candles.stream)
      sample({ ...labels, origin: 'backfill' }, candles.backfilled)
    },
  ),
  ofCandles(
    'candles_repeats_dropped_total',
    'counter',
    'Finalized candles the stream delivered although they were published: late, twice or corrected.',
    (candles) => candles.repeatsDropped,
  ),
  ofCandles('candles_lost_total', 'counter', 'Finalized candles that will never be published.', ({ lost }) => lost),
  ofCandles(
    'candle_requests_failed_total',
    'counter',
    'Requests for candles that gave no usable reply.',
    (candles) => candles.requestsFailed,
  ),
  ofCandles('candles_held', 'gauge', 'Candles that wait for missing ones before them.', (candles) => candles.held),
  ofCandles(
    'candle_gaps_open',
    'gauge',
    'Holes in candle streams that are neither filled nor given up.',
    (candles) => candles.openGaps,
  ),
]

export const TRADE_METRICS: readonly MetricDefinition[] = [
  ofTrades(
    'trades_backfilled_total',
    'counter',
    'Aggregated trades fetched over REST and published in their place.',
    (trades) => trades.backfilled,
  ),
  ofTrades(
    'trades_lost_total',
    'counter',
    'Ids of aggregated trades that REST did not give either.',
    (trades) => trades.lost,
  ),
  ofTrades(
    'trade_requests_failed_total',
    'counter',
    'Requests for trades that gave no usable reply.',
    (trades) => trades.requestsFailed,
  ),
  ofTrades('trades_held', 'gauge', 'Trades that wait for missing ones before them.', (trades) => trades.held),
]

export const CLOCK_METRICS: readonly MetricDefinition[] = [
  ofClock(
    'venue_clock_offset_seconds',
    'Venue time minus our time; a latency is receive time plus offset minus venue time.',
    (clock) => clock.offsetMs / 1_000,
  ),
  ofClock(
    'venue_clock_uncertainty_seconds',
    'The offset is right within plus or minus this.',
    (clock) => clock.uncertaintyMs / 1_000,
  ),
  ofClock('venue_clock_age_seconds', 'Time since the sample the offset rests on.', (clock) => clock.ageMs / 1_000),
]
