/**
 * The live table on a terminal: redrawn three times a second, because twelve rows at 8 Hz already cost a
 * tenth of a core. What it shows is decided in `table-lines`.
 */
import { createLogUpdate } from 'log-update'
import type { TimerHandle } from '../../runtime/index.js'
import type { LogEvent } from '../../types/index.js'
import { type SessionSummary, summaryLines } from '../summary.js'
import { LastValues } from './last-values.js'
import { tableLines } from './table-lines.js'
import type { SessionContext, SessionView } from './view.js'

const REDRAW_PERIOD_MS = 333

export class TableView implements SessionView {
  readonly #out: NodeJS.WriteStream
  readonly #update: ReturnType<typeof createLogUpdate>
  #context: SessionContext | null = null
  #values: LastValues | null = null
  #timer: TimerHandle | null = null
  #note = ''

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
    this.#update = createLogUpdate(out)
  }

  start(context: SessionContext): void {
    this.#context = context
    this.#values = new LastValues(context.bus)
    this.#timer = context.clock.setRepeating(() => this.#draw(context), REDRAW_PERIOD_MS, { unref: true })
    this.#draw(context)
  }

  log(_event: LogEvent, _source: string): void {
    // The table shows the tail of the session record with the next redraw.
  }

  note(text: string): void {
    this.#note = text
    // An answer to a key is expected at once.
    if (this.#timer !== null && this.#context !== null) this.#draw(this.#context)
  }

  finish(summary: SessionSummary): void {
    // The last picture stays as it was: drawn now, it would show the feeds after their end.
    if (this.#timer !== null) this.#context?.clock.clearTimer(this.#timer)
    this.#timer = null
    this.#values?.close()
    this.#update.done()
    this.#out.write(`${summaryLines(summary).join('\n')}\n`)
  }

  #draw(context: SessionContext): void {
    const { title, httpUrl, record, keyHelp, clock } = context
    const nowMs = clock.wallMs()
    const lines = tableLines(
      {
        title,
        upMs: clock.monotonicMs() - context.startedMonotonicMs,
        httpUrl,
        healths: context.sources.map((source) => source.getHealth()),
        record,
        keyHelp,
        note: this.#note,
        lastValue: (health, feed) => this.#values?.text(health.venue, feed, nowMs) ?? '',
      },
      { columns: this.#out.columns || 80, rows: this.#out.rows || 24 },
    )
    this.#update(lines.join('\n'))
  }
}
