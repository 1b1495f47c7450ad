/** Metrics of connections, of the sockets of redundant pairs, and of frames. */
import { ConnectionState } from '../../types/health.js'
import { type MetricDefinition, ofConnectionStats, ofConnections, ofManagers, ofPaths, ofStats } from './definition.js'

export const CONNECTION_METRICS: readonly MetricDefinition[] = [
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
  ofConnections(
    'connection_generation',
    'gauge',
    'Sockets opened for this connection; 0 before the first.',
    [],
    (connection, labels, sample) => sample(labels, connection.generation),
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
      // Held frames are counted by what becomes of them.
      const { held: _held, ...kinds } = source.stats?.connection?.frames ?? { held: 0 }
      for (const [kind, count] of Object.entries(kinds)) sample({ ...source.labels, kind }, count)
    },
  ),
  ofConnectionStats(
    'frames_held',
    'gauge',
    'Frames that wait while a hand-over or a redundant pair finds out what the other socket delivered.',
    (stats) => stats.frames.held,
  ),
  ofStats('frames_unusual_total', 'counter', 'Frames that took the slow way through JSON.parse.', ({ router }) =>
    router === null ? null : router.fallback,
  ),
  ofStats('stream_resets_total', 'counter', 'Streams whose ids the venue began again.', ({ router }) =>
    router === null ? null : router.resets,
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
    'refresh_failures_total',
    'counter',
    'Planned hand-overs that did not come about; the old socket went on.',
    (stats) => stats.refreshFailures,
  ),
  ofConnectionStats(
    'subscriptions_refused_total',
    'counter',
    'Subscriptions the venue refused.',
    (stats) => stats.subscriptionsRefused,
  ),
  ofConnectionStats(
    'ack_timeouts_total',
    'counter',
    'Control messages the venue did not answer in time.',
    (stats) => stats.ackTimeouts,
  ),
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
]

export const PATH_METRICS: readonly MetricDefinition[] = [
  ofPaths('path_open', 'gauge', '1 while the socket is open, else 0.', [], (path, labels, sample) =>
    sample(labels, path.state === ConnectionState.OPEN ? 1 : 0),
  ),
  ofPaths('path_generation', 'gauge', 'Sockets opened for this path.', [], (path, labels, sample) =>
    sample(labels, path.generation),
  ),
  ofPaths(
    'path_rtt_seconds',
    'gauge',
    'Last ping-pong round trip; absent before the first.',
    [],
    (path, labels, sample) => {
      if (path.rttMs !== null) sample(labels, path.rttMs / 1_000)
    },
  ),
  ofPaths(
    'path_first_total',
    'counter',
    'Messages the socket delivered before the other did.',
    [],
    (path, labels, sample) => sample(labels, path.firstCount),
  ),
  ofPaths(
    'path_late_total',
    'counter',
    'Messages that the other socket had delivered already.',
    [],
    (path, labels, sample) => sample(labels, path.lateCount),
  ),
  ofPaths(
    'path_late_seconds',
    'gauge',
    'How far behind the other socket a late message came; absent without samples.',
    ['quantile'],
    (path, labels, sample) => {
      if (path.lateMs === null) return
      sample({ ...labels, quantile: '0.5' }, path.lateMs.p50 / 1_000)
      sample({ ...labels, quantile: '0.99' }, path.lateMs.p99 / 1_000)
    },
  ),
]
