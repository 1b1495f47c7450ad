/**
 * The live table on a terminal: redrawn three times a second, because twelve rows at 8 Hz already cost a
 * tenth of a core. What it shows is decided in `table-lines`.
 */
import { createLogUpdate } from 'log-update'
import type { TimerHandle } from '../../runtime/index.js'
import type { LogEvent } from '../../types/index.js'
import type { KeyBinding } from '../keys.js'
import { type SessionSummary, summaryLines } from '../summary.js'
import { type BusPicture, BusRates } from './bus-rates.js'
import { FeedPlace } from './feed-page.js'
import { LastValues } from './last-values.js'
import { tableLines } from './table-lines.js'
import type { SessionContext, SessionView } from './view.js'

const REDRAW_PERIOD_MS = 333
/** What a key did has been read by then. */
const NOTE_MS = 10_000
/** Erases the screen and goes to its beginning. */
const CLEAR_SCREEN = '\u001b[2J\u001b[H'
const PAGE_UP = '\u001b[5~'
const PAGE_DOWN = '\u001b[6~'

const NO_BUS: BusPicture = { topics: [], slowest: null, queued: 0, dropped: 0, handlerErrors: 0 }

export class TableView implements SessionView {
  readonly #out: NodeJS.WriteStream
  readonly #update: ReturnType<typeof createLogUpdate>
  #context: SessionContext | null = null
  #values: LastValues | null = null
  #timer: TimerHandle | null = null
  #rates: BusRates | null = null
  #note = ''
  #noteUntilMs = 0
  readonly #place = new FeedPlace()
  readonly #onResize = (): void => {
    if (this.#context === null) return
    // A terminal folds lines that became too long: where they are now is unknown, so all begins anew.
    this.#out.write(CLEAR_SCREEN)
    this.#update.clear()
    this.#draw(this.#context)
  }

  readonly keys: readonly KeyBinding[] = [
    { key: 'n', also: [PAGE_DOWN, ' '], help: 'n/p page', action: () => this.#turn(() => this.#place.next()) },
    { key: 'p', also: [PAGE_UP], help: '', action: () => this.#turn(() => this.#place.previous()) },
    { key: 'f', help: 'f filter', action: () => this.#filter() },
  ]

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
    this.#update = createLogUpdate(out)
  }

  start(context: SessionContext): void {
    this.#context = context
    this.#values = new LastValues(context.bus)
    this.#rates = new BusRates(context.bus, context.clock)
    this.#out.on('resize', this.#onResize)
    this.#timer = context.clock.setRepeating(() => this.#draw(context), REDRAW_PERIOD_MS, { unref: true })
    this.#draw(context)
  }

  log(_event: LogEvent, _source: string): void {
    // The table shows the tail of the session record with the next redraw.
  }

  note(text: string): void {
    this.#note = text
    this.#noteUntilMs = (this.#context?.clock.monotonicMs() ?? 0) + NOTE_MS
    // An answer to a key is expected at once.
    if (this.#timer !== null && this.#context !== null) this.#draw(this.#context)
  }

  finish(summary: SessionSummary): void {
    // The last picture stays as it was: drawn now, it would show the feeds after their end.
    if (this.#timer !== null) this.#context?.clock.clearTimer(this.#timer)
    this.#timer = null
    this.#out.off('resize', this.#onResize)
    this.#values?.close()
    this.#update.done()
    this.#out.write(`${summaryLines(summary).join('\n')}\n`)
  }

  #turn(move: () => void): null {
    move()
    if (this.#timer !== null && this.#context !== null) this.#draw(this.#context)
    return null
  }

  #filter(): string {
    const sources = this.#context?.sources ?? []
    return `showing ${this.#place.nextFilter(sources.map(({ name }) => name))}`
  }

  #draw(context: SessionContext): void {
    const { title, httpUrl, record, keyHelp, clock } = context
    const nowMs = clock.wallMs()
    if (clock.monotonicMs() > this.#noteUntilMs) this.#note = ''
    const size = { columns: this.#out.columns || 80, rows: this.#out.rows || 24 }
    const healths = context.sources.map((source) => source.getHealth())
    const lines = tableLines(
      {
        title,
        upMs: clock.monotonicMs() - context.startedMonotonicMs,
        httpUrl,
        healths,
        record,
        bus: this.#rates?.picture() ?? NO_BUS,
        filter: this.#place.filter,
        page: this.#place.page,
        keyHelp,
        note: this.#note,
        lastValue: (health, feed) => this.#values?.text(health.venue, feed, nowMs) ?? '',
      },
      size,
    )
    this.#update(lines.join('\n'))
  }
}
