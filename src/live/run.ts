/** One run of a manager: everything that exists only between a `start()` and its `stop()`. */
import type { ConnectionManager } from './connection/index.js'
import type { HealthMonitor } from './health/index.js'
import type { Integrity } from './integrity.js'
import type { RejectionLog } from './rejection-log.js'
import type { MessageRouter } from './router/index.js'
import type { Scope } from './scope.js'
import type { LiveSignals, Signals } from './signals.js'
import type { ErrorCounts } from './stats.js'
import type { StreamSet } from './stream-set.js'

export interface Run {
  readonly scope: Scope
  readonly signals: Signals<LiveSignals>
  readonly router: MessageRouter
  readonly connection: ConnectionManager
  readonly streams: StreamSet
  readonly monitor: HealthMonitor
  readonly integrity: Integrity
  readonly rejections: RejectionLog
  readonly errors: ErrorCounts
  watchdogRestarts: number
  resubscriptions: number
  /** Monotonic time when RUNNING was reached; NaN before. */
  runningSinceMs: number
  teardown: Promise<void> | null
}
