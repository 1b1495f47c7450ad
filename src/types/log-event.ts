/** Names of the audit trail on `log.event`; meaning of each in `docs/topics.md`. */
export const LogEventName = {
  FEED_STARTED: 'FEED_STARTED',
  FEED_STOPPING: 'FEED_STOPPING',
  FEED_STOPPED: 'FEED_STOPPED',
  FEED_START_FAILED: 'FEED_START_FAILED',
  FEED_FAILED: 'FEED_FAILED',
  CONNECTION_ESTABLISHED: 'CONNECTION_ESTABLISHED',
  CONNECTION_RECONNECTING: 'CONNECTION_RECONNECTING',
  CONNECTION_DISCONNECTED: 'CONNECTION_DISCONNECTED',
  CONNECTION_ERROR: 'CONNECTION_ERROR',
  CONNECTION_REFRESHED: 'CONNECTION_REFRESHED',
  FEED_STALE: 'FEED_STALE',
  FEED_RECOVERED: 'FEED_RECOVERED',
  WATCHDOG_TRIGGERED: 'WATCHDOG_TRIGGERED',
  SUBSCRIPTION_SILENT: 'SUBSCRIPTION_SILENT',
  MESSAGE_REJECTED: 'MESSAGE_REJECTED',
  BOOK_RESYNC: 'BOOK_RESYNC',
  BOOK_RECOVERED: 'BOOK_RECOVERED',
  BOOK_SNAPSHOT_FAILED: 'BOOK_SNAPSHOT_FAILED',
  GAP_OPENED: 'GAP_OPENED',
  GAP_FILLED: 'GAP_FILLED',
  GAP_UNFILLABLE: 'GAP_UNFILLABLE',
  BUS_OVERLOAD: 'BUS_OVERLOAD',
  HANDLER_ERROR: 'HANDLER_ERROR',
  // Connector streams; lower case, because their JSON lines are read by these names.
  CONNECTOR_CONNECTED: 'connector_connected',
  CONNECTOR_TRADE: 'connector_trade',
  CONNECTOR_DEPTH: 'connector_depth',
  CONNECTOR_CONNECTION_ERROR: 'connector_connection_error',
  CONNECTOR_TRADE_PARSE_ERROR: 'connector_trade_parse_error',
  CONNECTOR_DEPTH_PARSE_ERROR: 'connector_depth_parse_error',
} as const

export type LogEventName = (typeof LogEventName)[keyof typeof LogEventName]

export type LogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR'

/** One line of the audit trail of infrastructure events. Never carries secrets. */
export interface LogEvent {
  readonly event: LogEventName
  readonly level: LogLevel
  readonly message: string
  /** Epoch ms. */
  readonly timeMs: number
  /** Plain JSON values only. */
  readonly data: Readonly<Record<string, unknown>>
}
