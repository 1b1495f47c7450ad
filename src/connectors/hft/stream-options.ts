/** What a user of a connector stream may choose. */
import type { Runtime } from '../../runtime/runtime.js'
import type { EventLogMode } from './connector-log.js'
import type { QueueOverflow } from './event-queue.js'
import type { TradeTick } from './parse.js'

/** Gets every trade once, in order. The next trade waits for a promise it returns; what it throws is reported. */
export interface TradeHook {
  ingestTrade(tick: TradeTick): void | Promise<void>
}

export interface HftConnectorStreamOptions {
  /** Source of all envelopes. Default `hft`. */
  readonly name?: string
  /** Upper case. Default `BTCUSDT`. */
  readonly symbols?: readonly string[]
  /** Pause after the connector had no event. Default 100. */
  readonly pollIntervalMs?: number
  /** Events that may wait for slow hooks. Default 1 000. */
  readonly maxQueue?: number
  /** What goes when they are more. Default `dropOldest`. */
  readonly overflow?: QueueOverflow
  readonly strategyEngine?: TradeHook
  readonly contextService?: TradeHook
  /** Log lines of single events. Default `sampled`. */
  readonly eventLog?: EventLogMode
  /** Where JSON log lines go, `null` for nowhere. Default: standard error. */
  readonly logLine?: ((line: string) => void) | null
  /** Default 30 000. */
  readonly stalenessThresholdMs?: number
  /** Default 5 000. */
  readonly healthCheckIntervalMs?: number
  readonly runtime?: Partial<Runtime>
}
