/** Turns what health found into the audit trail. */
import { LogEventName } from '../types/log-event.js'
import type { AuditLog } from './audit-log.js'
import type { Feed } from './feed.js'
import { SilenceStep } from './health/index.js'

export class FeedLog {
  readonly #audit: AuditLog

  constructor(audit: AuditLog) {
    this.#audit = audit
  }

  stale(feed: Feed, ageMs: number, limitMs: number, step: SilenceStep): void {
    this.#audit.write(
      LogEventName.FEED_STALE,
      'WARNING',
      `${feed.spec.name}: no message for ${seconds(ageMs)}${route(feed)}, allowed ${seconds(limitMs)}; ${TRIED[step]}`,
      { ...identity(feed), ageMs, limitMs, isResubscribed: step >= 1, isHandedOver: step >= 2 },
    )
  }

  recovered(feed: Feed, silentMs: number): void {
    this.#audit.write(
      LogEventName.FEED_RECOVERED,
      'INFO',
      `${feed.spec.name}: messages again after ${seconds(silentMs)}`,
      { ...identity(feed), silentMs },
    )
  }

  silent(feed: Feed, silentMs: number, attempt: 1 | 2 | 3): void {
    this.#audit.write(
      LogEventName.SUBSCRIPTION_SILENT,
      attempt === 1 ? 'WARNING' : 'ERROR',
      `${feed.spec.name}: acknowledged${route(feed)}, but nothing received for ${seconds(silentMs)}; ${SILENT_NEXT[attempt]}`,
      { ...identity(feed), silentMs, attempt },
    )
  }

  watchdog(silentMs: number): void {
    this.#audit.write(
      LogEventName.WATCHDOG_TRIGGERED,
      'ERROR',
      `no message on any stream for ${seconds(silentMs)} although connected; restarting all connections`,
      { silentMs },
    )
  }

  connectionSilent(connectionId: string, silentMs: number): void {
    this.#audit.write(
      LogEventName.WATCHDOG_TRIGGERED,
      'ERROR',
      `no message on connection ${connectionId} for ${seconds(silentMs)} although it is open; restarting it`,
      { connectionId, silentMs },
    )
  }
}

const TRIED: Readonly<Record<SilenceStep, string>> = {
  [SilenceStep.LISTENING]: 'nothing tried yet',
  [SilenceStep.RESUBSCRIBED]: 'subscribed again',
  [SilenceStep.HANDED_OVER]: 'subscribed again and moved to another connection, in vain',
}

const SILENT_NEXT: Readonly<Record<1 | 2 | 3, string>> = {
  1: 'subscribing it again',
  2: 'subscribing it again did not help',
  3: 'neither subscribing it again nor another connection helped',
}

function route(feed: Feed): string {
  return feed.spec.route === '' ? '' : ` on route /${feed.spec.route}`
}

function identity(feed: Feed): Record<string, unknown> {
  const { symbol, type, detail, name, route } = feed.spec
  return { symbol, streamType: type, detail, stream: name, route, connectionId: feed.connectionId }
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`
}
