/**
 * What follows from what the health monitor notices: who is told, and which part of the run acts. Decides nothing
 * itself; leaves when to notice to `HealthMonitor`, and words to `FeedLog`.
 */
import type { Clock } from '../runtime/clock.js'
import type { Logger } from '../runtime/logger.js'
import type { AuditLog } from './audit-log.js'
import type { LiveFeedConfig } from './config/index.js'
import { FeedLog } from './feed-log.js'
import { HealthMonitor } from './health/index.js'
import type { HealthPublisher } from './health-publisher.js'
import { type Run, replaceConnectionOf, resubscribe } from './run.js'

export interface RunMonitorOptions {
  /** Of the feed. */
  readonly name: string
  readonly config: LiveFeedConfig['health']
  readonly clock: Clock
  readonly logger: Logger
  readonly audit: AuditLog
  readonly healthPublisher: HealthPublisher
}

/** `current` is asked when something was noticed: the run is being built when its monitor is made. */
export function createMonitor(current: () => Run, options: RunMonitorOptions): HealthMonitor {
  const { name, config, clock, logger, audit, healthPublisher } = options
  const feedLog = new FeedLog(audit)
  return new HealthMonitor({
    clock,
    config,
    feeds: () => current().router.feeds(),
    connections: () => current().connection.connections(),
    onOverdue: (feed) => {
      current().integrity.onStale(feed)
      healthPublisher.request()
    },
    onStale: (feed, ageMs, limitMs, step) => {
      feedLog.stale(feed, ageMs, limitMs, step)
      healthPublisher.request()
    },
    onRecovered: (feed, silentMs) => {
      feedLog.recovered(feed, silentMs)
      healthPublisher.request()
    },
    onSilent: (feed, silentMs, attempt) => feedLog.silent(feed, silentMs, attempt),
    onResubscribe: (streams) => resubscribe(current(), streams, name, logger),
    onHandOver: (feed) => replaceConnectionOf(current(), feed, name, logger),
    onWatchdog: (silentMs) => {
      current().watchdogRestarts++
      feedLog.watchdog(silentMs)
      current().connection.restart(`watchdog: no message for ${Math.round(silentMs)} ms`)
    },
    onConnectionSilent: (connectionId, silentMs) => {
      current().watchdogRestarts++
      feedLog.connectionSilent(connectionId, silentMs)
      current().connection.restart(`watchdog: no message for ${Math.round(silentMs)} ms`, connectionId)
    },
    onClockJump: (jumpMs) => {
      logger.warn(`${name}: the wall clock moved by ${Math.round(jumpMs)} ms`, { jumpMs })
    },
    onPaused: (pausedMs) => current().integrity.gaps.onPaused(pausedMs),
    onCheck: () => {
      current().rejections.flush()
      healthPublisher.now()
    },
  })
}
