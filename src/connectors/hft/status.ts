/**
 * `/ws/health` and `/metrics.json`: the shapes that tools of connector feeds read. Renders only; a source that is a
 * connector says these things itself, for any other they follow from its health.
 */
import { ConnectionState, type FeedHealth, type FeedSystemHealth } from '../../types/health.js'
import { StreamType } from '../../types/stream.js'
import type { ConnectorHealthStatus } from './connector-wrapper.js'
import { isoMicros } from './iso-time.js'

export interface ConnectorStatus {
  readonly connected: boolean
  /** Time of the newest event, epoch ms; `null` before the first. */
  readonly lastTimestampMs: number | null
  readonly queueSize: number
  /** Since it was last connected. */
  readonly reconnectionAttempts: number
  readonly health: ConnectorHealthStatus
}

export interface ConnectorMetrics {
  readonly tradesPerMinute: number
  readonly depthPerMinute: number
  readonly queueSize: number
}

/** A source that knows these things better than its health does. */
export interface ConnectorStatusSource {
  connectorStatus(): ConnectorStatus
  connectorMetrics(): ConnectorMetrics
}

export interface StatusSource {
  getHealth(): FeedSystemHealth
}

/** `GET` routes for the one HTTP server. The first connector among the sources speaks, else the first source. */
export function statusRoutes(sources: readonly StatusSource[]): StatusRoute[] {
  const speaker = sources.find(isConnector) ?? sources[0]
  return [
    {
      path: '/ws/health',
      help: 'connection of the source as JSON',
      answer: () => json({ connector: speaker === undefined ? null : connectorJson(statusOf(speaker)) }),
    },
    {
      path: '/metrics.json',
      help: 'rates of trades and depth as JSON',
      answer: () => json(metricsJson(speaker === undefined ? NO_METRICS : metricsOf(speaker))),
    },
  ]
}

export interface StatusRoute {
  readonly path: string
  readonly help: string
  readonly answer: () => { readonly status: number; readonly contentType: string; readonly body: string }
}

const NO_METRICS: ConnectorMetrics = { tradesPerMinute: 0, depthPerMinute: 0, queueSize: 0 }
const TRADE_TYPES: readonly StreamType[] = [StreamType.TRADE, StreamType.AGG_TRADE]

function isConnector(source: object): source is ConnectorStatusSource & StatusSource {
  return 'connectorStatus' in source && 'connectorMetrics' in source
}

function connectorJson({
  connected,
  lastTimestampMs,
  queueSize,
  reconnectionAttempts,
  health,
}: ConnectorStatus): object {
  return {
    connected,
    last_ts: lastTimestampMs === null ? null : isoMicros(lastTimestampMs),
    queue_size: queueSize,
    reconnection_attempts: reconnectionAttempts,
    connector_health: {
      connected: health.connected,
      subscribed_trades: health.subscribedTrades,
      subscribed_depth: health.subscribedDepth,
      event_counter: health.eventCounter,
    },
  }
}

function metricsJson({ tradesPerMinute, depthPerMinute, queueSize }: ConnectorMetrics): object {
  const part = (perMinute: number): object => ({
    per_minute_count: perMinute,
    per_second_rate: Math.round((perMinute / 60) * 1_000) / 1_000,
    queue_size: queueSize,
  })
  return { trades: part(tradesPerMinute), depth: part(depthPerMinute) }
}

function statusOf(source: StatusSource): ConnectorStatus {
  if (isConnector(source)) return source.connectorStatus()
  const { connections, feeds, timeMs, totalMessageCount, bus } = source.getHealth()
  const connected = connections.length > 0 && connections.every(isUp)
  const ages = feeds.flatMap(({ lastMessageAgeMs }) => (lastMessageAgeMs === null ? [] : [lastMessageAgeMs]))
  return {
    connected,
    lastTimestampMs: ages.length === 0 ? null : timeMs - Math.min(...ages),
    queueSize: bus.queueDepth,
    reconnectionAttempts: connections.reduce((sum, { reconnectAttempt }) => sum + reconnectAttempt, 0),
    health: {
      connected,
      subscribedTrades: feeds.some(isTrades),
      subscribedDepth: feeds.some(isDepth),
      eventCounter: totalMessageCount,
    },
  }
}

/** From the rates of health, which look back a few seconds. */
function metricsOf(source: StatusSource): ConnectorMetrics {
  if (isConnector(source)) return source.connectorMetrics()
  const { feeds, bus } = source.getHealth()
  const perMinute = (belongs: (feed: FeedHealth) => boolean): number =>
    Math.round(60 * feeds.filter(belongs).reduce((sum, { ratePerSecond }) => sum + ratePerSecond, 0))
  return { tradesPerMinute: perMinute(isTrades), depthPerMinute: perMinute(isDepth), queueSize: bus.queueDepth }
}

function isUp({ state }: { readonly state: ConnectionState }): boolean {
  return state === ConnectionState.OPEN || state === ConnectionState.REFRESHING
}

function isTrades({ streamType }: FeedHealth): boolean {
  return TRADE_TYPES.includes(streamType)
}

function isDepth({ streamType }: FeedHealth): boolean {
  return streamType === StreamType.DEPTH
}

function json(value: object): ReturnType<StatusRoute['answer']> {
  return { status: 200, contentType: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n` }
}
