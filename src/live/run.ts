/** One run of a manager: everything that exists only between a `start()` and its `stop()`. */
import type { Logger } from '../runtime/logger.js'
import type { ConnectionManager } from './connection/index.js'
import { LiveFeedError } from './errors.js'
import type { Feed } from './feed.js'
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

/** Replaces the socket of a stream that stayed silent; the other streams on it lose nothing. Failures as below. */
export function replaceConnectionOf(run: Run, feed: Feed, name: string, logger: Logger): void {
  const { connectionId, spec } = feed
  run.connection.refreshConnection(connectionId, `${spec.name} is silent`).catch((error: unknown) => {
    if (run.scope.isEnded) return
    if (error instanceof LiveFeedError) run.errors.add(error.code)
    logger.warn(`${name}: replacing ${connectionId} failed`, { stream: spec.name, error: String(error) })
  })
}

/** Subscribes silent streams again. A failure is counted and logged: the stream stays stale, and is seen as such. */
export function resubscribe(run: Run, streams: readonly string[], name: string, logger: Logger): void {
  run.resubscriptions += streams.length
  run.connection.resubscribe(streams).catch((error: unknown) => {
    if (run.scope.isEnded) return
    if (error instanceof LiveFeedError) run.errors.add(error.code)
    logger.warn(`${name}: subscribing again failed`, { streams, error: String(error) })
  })
}
