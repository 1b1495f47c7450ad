/**
 * What happened during a session, collected from the bus alone: messages per topic, outages, gaps, worst
 * age. The closing summary and the views read it.
 */
import type { Bus, Subscription } from '../bus/index.js'
import type { FeedSystemHealth, GapEvent, LogEvent } from '../types/index.js'
import { T_LIVE_GAP, T_LIVE_HEALTH, T_LOG_EVENT } from '../types/index.js'

export interface Outage {
  readonly source: string
  readonly connectionId: string
  readonly startTimeMs: number
  /** `null` while it lasts. */
  endTimeMs: number | null
  readonly code: number | null
  readonly reason: string
}

/** Log lines kept for the views. */
const LOG_TAIL = 50
/** Outages kept one by one: a venue that is down for a day refuses every few seconds. */
const OUTAGES_MAX = 500

export class SessionRecord {
  /** The newest ones, oldest first. */
  readonly outages: Outage[] = []
  /** Over by now and no longer in `outages`. */
  outagesForgotten = 0
  /** The longest that is over. */
  longestOutageMs = 0
  readonly logTail: LogEvent[] = []
  /** Per event name. */
  readonly logCounts: Map<string, number> = new Map()
  readonly lastHealth: Map<string, FeedSystemHealth> = new Map()
  gapsOpened = 0
  gapsFilled = 0
  gapsUnfillable = 0
  worstAgeMs = 0
  worstAgeFeed = ''
  readonly #subscriptions: Subscription[]

  constructor(bus: Bus, onLog?: (event: LogEvent, source: string) => void) {
    this.#subscriptions = [
      bus.subscribe(T_LIVE_HEALTH, ({ payload }) => this.#onHealth(payload)),
      bus.subscribe(T_LIVE_GAP, ({ payload }) => this.#onGap(payload)),
      bus.subscribe(T_LOG_EVENT, ({ payload, source }) => {
        this.#onLog(payload, source)
        onLog?.(payload, source)
      }),
    ]
  }

  count(event: string): number {
    return this.logCounts.get(event) ?? 0
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe()
  }

  #onHealth(health: FeedSystemHealth): void {
    this.lastHealth.set(health.name, health)
    for (const feed of health.feeds) {
      if (feed.lastMessageAgeMs !== null && feed.lastMessageAgeMs > this.worstAgeMs) {
        this.worstAgeMs = feed.lastMessageAgeMs
        this.worstAgeFeed = feed.stream
      }
    }
  }

  #onGap(gap: GapEvent): void {
    if (gap.kind === 'opened') this.gapsOpened++
    else if (gap.kind === 'filled') this.gapsFilled++
    else this.gapsUnfillable++
  }

  #onLog(event: LogEvent, source: string): void {
    this.logCounts.set(event.event, this.count(event.event) + 1)
    // A connector traces every message: in a tail they would leave no room for anything else.
    if (event.level !== 'DEBUG') this.logTail.push(event)
    if (this.logTail.length > LOG_TAIL) this.logTail.shift()
    const connectionId = textOf(event.data['connectionId'])
    if (event.event === 'CONNECTION_DISCONNECTED') {
      const open = this.#openOutage(source, connectionId)
      if (open !== undefined) return
      const code = event.data['code']
      this.outages.push({
        source,
        connectionId,
        startTimeMs: event.timeMs,
        endTimeMs: null,
        code: typeof code === 'number' ? code : null,
        reason: withoutCode(textOf(event.data['reason'])),
      })
      this.#forgetOutages()
    } else if (event.event === 'CONNECTION_ESTABLISHED') {
      const open = this.#openOutage(source, connectionId)
      if (open === undefined) return
      open.endTimeMs = event.timeMs
      this.longestOutageMs = Math.max(this.longestOutageMs, event.timeMs - open.startTimeMs)
    }
  }

  /** The oldest that is over goes; of those that last there are as many as connections. */
  #forgetOutages(): void {
    if (this.outages.length <= OUTAGES_MAX) return
    const index = this.outages.findIndex(({ endTimeMs }) => endTimeMs !== null)
    if (index < 0) return
    this.outages.splice(index, 1)
    this.outagesForgotten++
  }

  #openOutage(source: string, connectionId: string): Outage | undefined {
    return this.outages.findLast(
      (outage) => outage.source === source && outage.connectionId === connectionId && outage.endTimeMs === null,
    )
  }
}

/**
 * What a reason says beyond the code, which is reported beside it: without the address and the code again.
 * `connection to ws://… closed with code 1006: read ECONNRESET` leaves `read ECONNRESET`.
 */
function withoutCode(reason: string): string {
  return reason.replace(/^connection to \S+ closed with code \d+(?:: )?/, '')
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
