/** The first line of a report: can this session's data be relied on, and if not, why. Pure. */
import { formatAge, formatCount } from '../format.js'
import type { SessionSummary } from '../summary.js'

export interface Verdict {
  readonly level: 'good' | 'healed' | 'incomplete' | 'failed'
  readonly title: string
  /** What it rests on, most important first. */
  readonly reasons: readonly string[]
}

export interface VerdictFacts {
  readonly summary: SessionSummary
  /** What made the session end early; `null` when nothing did. */
  readonly failure: string | null
  readonly candlesLost: number
  readonly gapsOpen: number
}

export function verdictOf({ summary, failure, candlesLost, gapsOpen }: VerdictFacts): Verdict {
  const { managers, gaps, messages, reconnects, worstAgeMs, worstAgeFeed } = summary
  const outageCount = summary.outages.length + summary.outagesForgotten
  const stale = managers.reduce((sum, manager) => sum + manager.stale, 0)
  const silent = managers.reduce((sum, manager) => sum + manager.neverReceived, 0)
  const missing = [
    ...(candlesLost > 0 ? [`${plural(candlesLost, 'finalized candle')} will never be published`] : []),
    ...(gaps.unfillable > 0 ? [`${plural(gaps.unfillable, 'hole')} in streams could not be filled`] : []),
    ...(gapsOpen > 0 ? [`${plural(gapsOpen, 'hole')} still open at the end`] : []),
    ...(stale > 0 ? [`${plural(stale, 'stream')} stale at the end`] : []),
    ...(silent > 0 ? [`${plural(silent, 'stream')} never spoke`] : []),
    ...(summary.busDropped > 0 ? [`${plural(summary.busDropped, 'message')} dropped by slow consumers`] : []),
    ...(summary.handlerErrors > 0 ? [`${plural(summary.handlerErrors, 'call')} of subscribers failed`] : []),
  ]
  const healed = [
    ...(reconnects > 0 ? [plural(reconnects, 'unplanned reconnect')] : []),
    ...(gaps.filled > 0 ? [`${plural(gaps.filled, 'hole')} filled`] : []),
    ...(outageCount > 0 && reconnects === 0 ? [plural(outageCount, 'outage')] : []),
  ]
  const received = `${formatCount(messages)} messages received`
  const oldest = worstAgeFeed === '' ? [] : [`longest silence ${formatAge(worstAgeMs)} (${worstAgeFeed})`]
  if (failure !== null) {
    return { level: 'failed', title: 'The session failed', reasons: [failure, ...missing, ...healed, received] }
  }
  if (messages === 0) return { level: 'failed', title: 'Nothing was received', reasons: [...missing, ...healed] }
  if (missing.length > 0) {
    return { level: 'incomplete', title: 'Data is missing', reasons: [...missing, ...healed, received, ...oldest] }
  }
  if (healed.length > 0) {
    return {
      level: 'healed',
      title: 'Interrupted, and whole again',
      reasons: [...healed, 'nothing is missing', received, ...oldest],
    }
  }
  return { level: 'good', title: 'Whole, without interruption', reasons: [received, ...oldest] }
}

function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}
