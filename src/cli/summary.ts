/** The closing summary of a session: what was received, what broke, what healed. */
import type { BusStats } from '../bus/index.js'
import type { FeedSystemHealth } from '../types/index.js'
import { formatAge, formatClock, formatCount, formatCounted, formatTimeOfDay } from './format.js'
import type { Outage, SessionRecord } from './session-record.js'

/** A summary is read on one screen; `--json` and the report have more. */
const OUTAGE_LINES_MAX = 20

export interface SessionSummary {
  readonly durationMs: number
  readonly managers: readonly {
    readonly name: string
    readonly venue: string
    readonly state: string
    readonly messages: number
    readonly errors: number
    readonly reconnects: number
    readonly feeds: number
    readonly stale: number
    readonly neverReceived: number
  }[]
  /** Messages published per topic. */
  readonly topics: Readonly<Record<string, number>>
  readonly messages: number
  readonly errors: number
  readonly reconnects: number
  /** The newest ones, oldest first. */
  readonly outages: readonly Outage[]
  /** Earlier ones, all over, of which only the number is known. */
  readonly outagesForgotten: number
  readonly gaps: { readonly opened: number; readonly filled: number; readonly unfillable: number }
  readonly worstAgeMs: number
  readonly worstAgeFeed: string
  readonly busDropped: number
  readonly handlerErrors: number
}

export function summarize(
  durationMs: number,
  healths: readonly FeedSystemHealth[],
  stats: BusStats,
  record: SessionRecord,
): SessionSummary {
  const managers = healths.map((health) => ({
    name: health.name,
    venue: health.venue,
    state: health.state,
    messages: health.totalMessageCount,
    errors: health.totalErrorCount,
    reconnects: health.connections.reduce((sum, connection) => sum + connection.reconnectCount, 0),
    feeds: health.feeds.length,
    stale: health.feeds.filter((feed) => feed.isStale).length,
    neverReceived: health.feeds.filter((feed) => feed.state === 'NEVER_RECEIVED').length,
  }))
  const topics: Record<string, number> = {}
  let busDropped = 0
  let handlerErrors = 0
  for (const [topic, topicStats] of Object.entries(stats.topics)) {
    topics[topic] = topicStats.published
    busDropped += topicStats.dropped
    handlerErrors += topicStats.handlerErrors
  }
  const total = (field: 'messages' | 'errors' | 'reconnects'): number =>
    managers.reduce((sum, manager) => sum + manager[field], 0)
  return {
    durationMs,
    managers,
    topics,
    messages: total('messages'),
    errors: total('errors'),
    reconnects: total('reconnects'),
    outages: record.outages,
    outagesForgotten: record.outagesForgotten,
    gaps: { opened: record.gapsOpened, filled: record.gapsFilled, unfillable: record.gapsUnfillable },
    worstAgeMs: record.worstAgeMs,
    worstAgeFeed: record.worstAgeFeed,
    busDropped,
    handlerErrors,
  }
}

export function summaryLines(summary: SessionSummary): string[] {
  const lines = [`summary after ${formatClock(summary.durationMs)}`]
  for (const manager of summary.managers) {
    lines.push(
      `  ${manager.name}  ${manager.venue} ${manager.state}  ${formatCounted(manager.messages, 'message')} on ` +
        `${formatCounted(manager.feeds, 'feed')}, ${formatCounted(manager.errors, 'error')}, ` +
        formatCounted(manager.reconnects, 'reconnect') +
        (manager.stale > 0 ? `, ${manager.stale} stale` : '') +
        (manager.neverReceived > 0 ? `, ${manager.neverReceived} never received` : ''),
    )
  }
  const topics = Object.entries(summary.topics).filter(([, count]) => count > 0)
  const width = Math.max(0, ...topics.map(([topic]) => topic.length))
  for (const [topic, count] of topics) lines.push(`  ${topic.padEnd(width)}  ${formatCount(count)}`)
  const { outages } = summary
  const earlier = summary.outagesForgotten + Math.max(0, outages.length - OUTAGE_LINES_MAX)
  if (earlier > 0) lines.push(`  outages  ${formatCount(earlier)} before the following ones`)
  for (const outage of outages.slice(-OUTAGE_LINES_MAX)) lines.push(`  outage  ${outageText(outage)}`)
  const { gaps, worstAgeFeed } = summary
  lines.push(
    `  messages ${formatCount(summary.messages)}, errors ${summary.errors}, reconnects ${summary.reconnects}`,
    `  gaps opened ${gaps.opened} filled ${gaps.filled} unfillable ${gaps.unfillable}, ` +
      `worst age ${formatAge(summary.worstAgeMs)}${worstAgeFeed === '' ? '' : ` (${worstAgeFeed})`}`,
    `  dropped by slow consumers ${summary.busDropped}, handler errors ${summary.handlerErrors}`,
  )
  return lines
}

function outageText(outage: Outage): string {
  const why = `code ${outage.code ?? 'none'}${outage.reason === '' ? '' : ` "${outage.reason}"`}`
  const length =
    outage.endTimeMs === null
      ? 'not healed'
      : `healed after ${((outage.endTimeMs - outage.startTimeMs) / 1000).toFixed(1)}s`
  return `${outage.source} ${outage.connectionId} at ${formatTimeOfDay(outage.startTimeMs)} UTC, ${why}, ${length}`
}
