/**
 * `--report FILE`: one HTML page about the session, written when it ends, whatever ended it. A page that says so stands
 * there from the beginning: a path that cannot be written is found out then, and not after a day.
 */
import type { Bus } from '../../bus/index.js'
import type { MetricsSource } from '../../metrics/index.js'
import type { Clock, FileStore } from '../../runtime/index.js'
import type { FeedSystemHealth } from '../../types/index.js'
import { UsageError } from '../exit.js'
import type { SessionSummary } from '../summary.js'
import { renderReport, renderRunning } from './render.js'
import { ReportRecord } from './report-record.js'
import { verdictOf } from './verdict.js'

export interface SessionReportOptions {
  readonly path: string
  readonly title: string
  readonly bus: Bus
  readonly clock: Clock
  readonly files: FileStore
  readonly sources: readonly MetricsSource[]
  readonly versions: readonly string[]
}

export interface SessionEnding {
  readonly summary: SessionSummary
  /** E.g. `duration reached`. */
  readonly ended: string
  /** What made it fail; `null` when nothing did. */
  readonly failure: string | null
}

export class SessionReport {
  readonly #options: SessionReportOptions
  readonly #record: ReportRecord
  readonly #startedMs: number
  #healths: readonly FeedSystemHealth[] = []
  readonly #errorsByCode: Record<string, number> = {}
  #candlesLost = 0

  /** Throws `UsageError` when the file cannot be written. */
  constructor(options: SessionReportOptions) {
    this.#options = options
    this.#startedMs = options.clock.wallMs()
    try {
      options.files.replace(options.path, renderRunning(options.title, this.#startedMs))
    } catch (error) {
      throw new UsageError(`--report cannot be written: ${error instanceof Error ? error.message : String(error)}`)
    }
    this.#record = new ReportRecord(options.bus)
  }

  /** Takes what the sources know of themselves. Before they are stopped: afterwards every feed is rightly idle. */
  collect(): void {
    const { sources } = this.#options
    this.#healths = sources.map((source) => source.getHealth())
    for (const source of sources) {
      const stats = source.getStats?.()
      for (const [code, count] of Object.entries(stats?.errorsByCode ?? {})) {
        this.#errorsByCode[code] = (this.#errorsByCode[code] ?? 0) + count
      }
      this.#candlesLost += stats?.candles?.lost ?? 0
    }
  }

  /** Writes the page in the place of the first one, whole or not at all. Throws when the system refuses. */
  finish({ summary, ended, failure }: SessionEnding): void {
    const { title, versions, clock, files, path } = this.#options
    this.#record.close()
    const { opened, filled, unfillable } = summary.gaps
    files.replace(
      path,
      renderReport({
        title,
        versions,
        startedMs: this.#startedMs,
        endedMs: clock.wallMs(),
        ended,
        verdict: verdictOf({
          summary,
          failure,
          candlesLost: this.#candlesLost,
          gapsOpen: opened - filled - unfillable,
        }),
        summary,
        healths: this.#healths,
        errorsByCode: this.#errorsByCode,
        record: this.#record,
      }),
    )
  }
}
