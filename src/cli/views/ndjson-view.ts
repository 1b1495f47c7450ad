/** `--json`: every line one JSON object with a `kind`, for programs that watch the command. */
import type { TimerHandle } from '../../runtime/index.js'
import type { LogEvent } from '../../types/index.js'
import type { OutputStream } from '../emit.js'
import type { SessionSummary } from '../summary.js'
import type { SessionContext, SessionView } from './view.js'

const STATUS_PERIOD_MS = 5_000

export class NdjsonView implements SessionView {
  readonly #out: OutputStream
  #context: SessionContext | null = null
  #timer: TimerHandle | null = null

  constructor(out: OutputStream) {
    this.#out = out
  }

  start(context: SessionContext): void {
    this.#context = context
    this.#line({ kind: 'started', title: context.title, httpUrl: context.httpUrl })
    this.#timer = context.clock.setRepeating(() => this.#status(context), STATUS_PERIOD_MS, { unref: true })
  }

  log(event: LogEvent, source: string): void {
    this.#line({ kind: 'log', source, ...event })
  }

  note(text: string): void {
    this.#line({ kind: 'note', text })
  }

  finish(summary: SessionSummary): void {
    if (this.#timer !== null) this.#context?.clock.clearTimer(this.#timer)
    this.#line({ kind: 'summary', ...summary })
  }

  #status(context: SessionContext): void {
    for (const source of context.sources) this.#line({ kind: 'health', ...source.getHealth() })
  }

  #line(value: object): void {
    this.#out.write(`${JSON.stringify(value)}\n`)
  }
}
