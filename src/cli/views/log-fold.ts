/**
 * The newest log events with bursts of one kind folded into one line: one cut makes a dozen events, and the one
 * that says it healed must not be pushed out by the others. Pure.
 */
import type { LogEvent } from '../../types/index.js'

export interface FoldedEvent {
  /** The newest of its kind. */
  readonly event: LogEvent
  readonly count: number
}

/** Events of one kind within this time of its newest count as one burst. */
const BURST_MS = 5_000

/** At most `max`, oldest first, each by the time of its newest event. */
export function foldLog(tail: readonly LogEvent[], max: number): FoldedEvent[] {
  const folded: { event: LogEvent; count: number }[] = []
  for (const event of [...tail].reverse()) {
    const burst = folded.find((line) => line.event.event === event.event)
    // A burst that is over is not shown again as an older line: the newest of each kind says it.
    if (burst === undefined) folded.push({ event, count: 1 })
    else if (burst.event.timeMs - event.timeMs <= BURST_MS) burst.count++
  }
  return folded.slice(0, max).reverse()
}
