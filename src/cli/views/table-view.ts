/**
 * The live table on a terminal: redrawn three times a second, because twelve rows at 8 Hz already cost a
 * tenth of a core. Cut to the terminal's size; meaning never depends on colour alone.
 */
import { createLogUpdate } from 'log-update'
import pc from 'picocolors'
import type { TimerHandle } from '../../runtime/index.js'
import type { ConnectionHealth, FeedHealth, FeedSystemHealth, LogEvent } from '../../types/index.js'
import { formatAge, formatClock, formatLatency, formatRate, formatTimeOfDay } from '../format.js'
import { type SessionSummary, summaryLines } from '../summary.js'
import { LastValues } from './last-values.js'
import type { SessionContext, SessionView } from './view.js'

const REDRAW_PERIOD_MS = 333
const LOG_LINES = 5

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
  }

  finish(summary: SessionSummary): void {
    // The last picture stays as it was: drawn now, it would show the feeds after their end.
    if (this.#timer !== null) this.#context?.clock.clearTimer(this.#timer)
    this.#values?.close()
    this.#update.done()
    this.#out.write(`${summaryLines(summary).join('\n')}\n`)
  }

  #draw(context: SessionContext): void {
    const columns = this.#out.columns || 80
    const rows = this.#out.rows || 24
    const healths = context.sources.map((source) => source.getHealth())
    const nowMs = context.clock.wallMs()
    const upMs = context.clock.monotonicMs() - context.startedMonotonicMs
    const head = [
      pc.bold(`feedbus  ${context.title}`) +
        `   ${formatClock(upMs)}${context.httpUrl === null ? '' : `   ${context.httpUrl}`}`,
    ]
    for (const health of healths) {
      head.push(`${pc.bold(health.name)}  ${paintState(health.state)}`)
      for (const connection of health.connections) head.push(connectionLine(connection))
    }
    const foot = [...this.#busLines(healths), ...this.#logLines(context), keyLine(context, this.#note)]
    const roomForFeeds = Math.max(3, rows - head.length - foot.length - 2)
    const body = this.#feedLines(healths, nowMs, roomForFeeds)
    this.#update([...head, ...body, ...foot].map((line) => cut(line, columns - 1)).join('\n'))
  }

  #feedLines(healths: readonly FeedSystemHealth[], nowMs: number, room: number): string[] {
    const feeds = healths.flatMap((health) => health.feeds.map((feed) => ({ health, feed })))
    // What needs attention must not be below the edge of a small terminal.
    const ordered = feeds.length > room ? [...feeds].sort((a, b) => urgency(b.feed) - urgency(a.feed)) : feeds
    const nameOf = (feed: FeedHealth): string => `${feed.symbol} ${feed.stream.split('@').slice(1).join('@')}`
    const shown = ordered.slice(0, feeds.length > room ? room - 1 : room)
    const width = Math.max(12, ...shown.map(({ feed }) => nameOf(feed).length))
    const lines = [
      pc.dim(
        `${'feed'.padEnd(width)}  ${'state'.padEnd(14)} ${'msg/s'.padStart(7)} ${'age'.padStart(6)} ${'p50'.padStart(8)} ${'p99'.padStart(8)}  last`,
      ),
    ]
    for (const { health, feed } of shown) {
      const latency = feed.latencyMs
      lines.push(
        `${nameOf(feed).padEnd(width)}  ${paintFeed(feed.state.padEnd(14))} ${formatRate(feed.ratePerSecond).padStart(7)} ` +
          `${formatAge(feed.lastMessageAgeMs).padStart(6)} ${(latency === null ? '-' : formatLatency(latency.p50)).padStart(8)} ` +
          `${(latency === null ? '-' : formatLatency(latency.p99)).padStart(8)}  ` +
          (this.#values?.text(health.venue, feed, nowMs) ?? ''),
      )
    }
    if (shown.length < feeds.length) lines.push(pc.dim(`… ${feeds.length - shown.length} more feeds`))
    return lines
  }

  #busLines(healths: readonly FeedSystemHealth[]): string[] {
    const bus = healths[0]?.bus
    if (bus === undefined) return []
    return [
      pc.dim(
        `bus   published ${bus.published}  delivered ${bus.delivered}  dropped ${bus.dropped}  ` +
          `handler errors ${bus.handlerErrors}  queued ${bus.queueDepth}`,
      ),
    ]
  }

  #logLines(context: SessionContext): string[] {
    return context.record.logTail.slice(-LOG_LINES).map((event) => {
      const text = `log   ${formatTimeOfDay(event.timeMs)} ${event.level} ${event.event} ${event.message}`
      return event.level === 'ERROR' ? pc.red(text) : event.level === 'WARNING' ? pc.yellow(text) : pc.dim(text)
    })
  }
}

function connectionLine(connection: ConnectionHealth): string {
  const rtt = connection.rttMs === null ? '-' : formatLatency(connection.rttMs)
  const refresh = connection.nextRefreshInMs === null ? '-' : formatClock(connection.nextRefreshInMs)
  return (
    `conn  ${connection.id}#${connection.generation} ${paintState(connection.state)} ${formatClock(connection.uptimeMs)}  ` +
    `streams ${connection.streamCount}  rtt ${rtt}  refresh in ${refresh}  reconnects ${connection.reconnectCount}`
  )
}

function keyLine(context: SessionContext, note: string): string {
  const keys = context.keyHelp.length === 0 ? '' : pc.dim(`keys  ${context.keyHelp.join('  ')}`)
  return note === '' ? keys : `${keys}   ${pc.cyan(note)}`
}

function urgency(feed: FeedHealth): number {
  return { STALE: 3, RESYNCING: 2, NEVER_RECEIVED: 1, OK: 0 }[feed.state]
}

function paintFeed(text: string): string {
  if (text.startsWith('OK')) return pc.green(text)
  return text.startsWith('STALE') ? pc.red(text) : pc.yellow(text)
}

function paintState(state: string): string {
  if (state === 'RUNNING' || state === 'OPEN') return pc.green(state)
  return state === 'FAILED' ? pc.red(state) : pc.yellow(state)
}

/** Cuts to `width` visible columns, leaving colour codes whole. */
function cut(line: string, width: number): string {
  let visible = 0
  let index = 0
  while (index < line.length) {
    if (line[index] === '\u001b') {
      index = line.indexOf('m', index) + 1
      continue
    }
    if (visible === width) return `${line.slice(0, index)}\u001b[0m`
    visible++
    index++
  }
  return line
}
