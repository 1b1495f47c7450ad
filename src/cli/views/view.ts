/** What a view of a running session gets to see, and what it must offer. Views read the bus and health, nothing else. */
import type { Bus } from '../../bus/index.js'
import type { Clock } from '../../runtime/index.js'
import type { FeedSource, LogEvent } from '../../types/index.js'
import type { KeyBinding } from '../keys.js'
import type { SessionRecord } from '../session-record.js'
import type { SessionSummary } from '../summary.js'

export interface SessionContext {
  /** E.g. `SIM_SPOT + SIM_FUTURES (seed 7, faults gentle)`. */
  readonly title: string
  readonly bus: Bus
  readonly clock: Clock
  readonly sources: readonly FeedSource[]
  readonly record: SessionRecord
  readonly startedMonotonicMs: number
  /** `null` without `--http`. */
  readonly httpUrl: string | null
  /** Keys that do something now, for the footer. */
  readonly keyHelp: readonly string[]
}

export interface SessionView {
  /** Keys of the view itself. */
  readonly keys?: readonly KeyBinding[]
  start(context: SessionContext): void
  log(event: LogEvent, source: string): void
  /** A line for the user that is no log event, e.g. what a key did. */
  note(text: string): void
  /** Last picture, then the summary. */
  finish(summary: SessionSummary): void
}
