/**
 * The log lines of a connector stream: on `log.event`, and as JSON lines for whoever collects standard error.
 *
 *   {"timestamp":"2024-01-15T12:34:56.812456+00:00","event":"connector_trade","price":100.5,"qty":0.25,"side":"buy","lag_ms":10.2,"queue_size":0,"connector":"hft"}
 *
 * A line costs microseconds, so those of single events are sampled by default; counters are always exact.
 */
import type { AuditLog } from '../../live/audit-log.js'
import type { Clock } from '../../runtime/clock.js'
import { LogEventName, type LogLevel } from '../../types/log-event.js'
import { isoMicros } from './iso-time.js'

/** Lines of single events: none, at most ten per second and kind, or every one. */
export type EventLogMode = 'off' | 'sampled' | 'all'

const SAMPLED_PER_SECOND = 10
/** What all lines of connector feeds carry. */
const CONNECTOR = 'hft'

interface Budget {
  second: number
  written: number
}

export class ConnectorLog {
  readonly #audit: AuditLog
  readonly #clock: Clock
  readonly #mode: EventLogMode
  readonly #line: ((line: string) => void) | null
  readonly #budgets = new Map<LogEventName, Budget>()

  constructor(options: {
    readonly audit: AuditLog
    readonly clock: Clock
    readonly mode: EventLogMode
    readonly line: ((line: string) => void) | null
  }) {
    this.#audit = options.audit
    this.#clock = options.clock
    this.#mode = options.mode
    this.#line = options.line
  }

  connected(symbol: string): void {
    this.#write(LogEventName.CONNECTOR_CONNECTED, 'INFO', `connected, ${symbol} subscribed`, { symbol })
  }

  connectionError(error: unknown, attempt: number): void {
    const text = error instanceof Error ? error.message : String(error)
    this.#write(LogEventName.CONNECTOR_CONNECTION_ERROR, 'ERROR', text, { error: text, attempt })
  }

  /** Whether a line of this event would be written now; ask before building one. */
  wants(event: LogEventName): boolean {
    if (this.#mode === 'off') return false
    return this.#mode === 'all' || this.#take(event)
  }

  trade(price: number, qty: number, side: string, lagMs: number, queueSize: number): void {
    this.#write(LogEventName.CONNECTOR_TRADE, 'DEBUG', `${side} ${qty} at ${price}`, {
      price,
      qty,
      side,
      lag_ms: rounded(lagMs),
      queue_size: queueSize,
    })
  }

  depth(lagMs: number, queueSize: number, bids: number, asks: number): void {
    const data = { lag_ms: rounded(lagMs), queue_size: queueSize, bids, asks }
    this.#write(LogEventName.CONNECTOR_DEPTH, 'DEBUG', `${bids} bids, ${asks} asks`, data)
  }

  /** `count`: bad events of this kind so far. At most ten lines a second. */
  parseError(isTrade: boolean, error: string, count: number): void {
    const event = isTrade ? LogEventName.CONNECTOR_TRADE_PARSE_ERROR : LogEventName.CONNECTOR_DEPTH_PARSE_ERROR
    if (this.#take(event)) this.#write(event, 'WARNING', error, { error, count })
  }

  #take(event: LogEventName): boolean {
    const second = Math.floor(this.#clock.monotonicMs() / 1_000)
    let budget = this.#budgets.get(event)
    if (budget === undefined) {
      budget = { second, written: 0 }
      this.#budgets.set(event, budget)
    }
    if (budget.second !== second) {
      budget.second = second
      budget.written = 0
    }
    if (budget.written >= SAMPLED_PER_SECOND) return false
    budget.written++
    return true
  }

  #write(event: LogEventName, level: LogLevel, message: string, data: Readonly<Record<string, unknown>>): void {
    const fields = { ...data, connector: CONNECTOR }
    this.#audit.write(event, level, message, fields)
    this.#line?.(JSON.stringify({ timestamp: isoMicros(this.#clock.wallMs()), event, ...fields }))
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000
}
