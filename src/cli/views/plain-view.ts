/** Plain lines, for pipes and files: one status line every few seconds, each log event as it comes. */
import type { TimerHandle } from '../../runtime/index.js'
import type { LogEvent } from '../../types/index.js'
import type { OutputStream } from '../emit.js'
import { formatAge, formatClock, formatCount, formatRate, formatTimeOfDay } from '../format.js'
import { type SessionSummary, summaryLines } from '../summary.js'
import type { SessionContext, SessionView } from './view.js'

const STATUS_PERIOD_MS = 5_000

export class PlainView implements SessionView {
  readonly #out: OutputStream
  readonly #log: OutputStream
  #context: SessionContext | null = null
  #timer: TimerHandle | null = null

  /** Status and summary go to `out`, log events and notes to `log`. */
  constructor(out: OutputStream, log: OutputStream) {
    this.#out = out
    this.#log = log
  }

  start(context: SessionContext): void {
    this.#context = context
    this.#line(`feedbus  ${context.title}`)
    // A line of its own, with its name: what a person looks for in a log is the address to open.
    if (context.httpUrl !== null) this.#line(`dashboard  ${context.httpUrl}/`)
    this.#timer = context.clock.setRepeating(() => this.#status(context), STATUS_PERIOD_MS, { unref: true })
  }

  log(event: LogEvent, source: string): void {
    // Traces of every message; `--json` and `--emit log.event` have them.
    if (event.level === 'DEBUG') return
    this.#log.write(
      `${formatTimeOfDay(event.timeMs)} ${event.level.padEnd(7)} ${event.event} ${source}: ${event.message}\n`,
    )
  }

  note(text: string): void {
    this.#log.write(`${text}\n`)
  }

  finish(summary: SessionSummary): void {
    if (this.#timer !== null) this.#context?.clock.clearTimer(this.#timer)
    for (const line of summaryLines(summary)) this.#line(line)
  }

  #status(context: SessionContext): void {
    for (const source of context.sources) {
      const health = source.getHealth()
      const stale = health.feeds.filter((feed) => feed.isStale).length
      const rate = health.feeds.reduce((sum, feed) => sum + feed.ratePerSecond, 0)
      const age = Math.max(0, ...health.feeds.map((feed) => feed.lastMessageAgeMs ?? 0))
      const reconnects = health.connections.reduce((sum, connection) => sum + connection.reconnectCount, 0)
      this.#line(
        `${formatClock(context.clock.monotonicMs() - context.startedMonotonicMs)}  ${health.name}  ${health.state}  ` +
          `${formatCount(health.totalMessageCount)} messages  ${formatRate(rate)}/s  oldest ${formatAge(age)}  ` +
          `stale ${stale}/${health.feeds.length}  reconnects ${reconnects}  errors ${health.totalErrorCount}`,
      )
    }
  }

  #line(text: string): void {
    this.#out.write(`${text}\n`)
  }
}
