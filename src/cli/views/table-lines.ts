/**
 * The live table as lines of text for a terminal of a given size. Pure: what to show where, what to leave out
 * when there is no room. Meaning never depends on colour alone, and trouble is never below the edge.
 */
import pc from 'picocolors'
import type { ConnectionHealth, FeedHealth, FeedSystemHealth, LogEvent } from '../../types/index.js'
import { formatAge, formatClock, formatCount, formatLatency, formatRate, formatTimeOfDay } from '../format.js'
import type { SessionRecord } from '../session-record.js'
import { foldLog } from './log-fold.js'

export interface TerminalSize {
  readonly columns: number
  readonly rows: number
}

export interface TablePicture {
  readonly title: string
  readonly upMs: number
  /** `null` without HTTP. */
  readonly httpUrl: string | null
  readonly healths: readonly FeedSystemHealth[]
  readonly record: Pick<SessionRecord, 'outages' | 'logTail' | 'gapsOpened' | 'gapsFilled' | 'gapsUnfillable'>
  readonly keyHelp: readonly string[]
  /** What the last key did; empty when none was pressed. */
  readonly note: string
  /** The newest payload of a feed in words. */
  readonly lastValue: (health: FeedSystemHealth, feed: FeedHealth) => string
}

/** Below this width the latency columns give way to the values. */
const WIDE_COLUMNS = 100
/** Below this height there are fewer log lines, so that more feeds fit. */
const TALL_ROWS = 32
const CONNECTIONS_MAX = 6
const FEED_ROWS_MIN = 3

/** At most `rows - 1` lines, none longer than `columns - 1`: a full terminal would scroll. */
export function tableLines(picture: TablePicture, size: TerminalSize): string[] {
  const { healths, note, keyHelp } = picture
  const head = [headLine(picture), ...connectionLines(healths)]
  const foot = [
    totalsLine(picture),
    ...logLines(picture.record.logTail, size),
    ...(note === '' ? [] : [pc.cyan(note)]),
    ...(keyHelp.length === 0 ? [] : [pc.dim(`keys  ${keyHelp.join('  ')}`)]),
  ]
  const room = Math.max(FEED_ROWS_MIN, size.rows - 1 - head.length - foot.length - 1)
  const lines = [...head, ...feedLines(picture, size, room), ...foot]
  return lines.slice(0, Math.max(1, size.rows - 1)).map((line) => cut(line, size.columns - 1))
}

function headLine({ title, upMs, httpUrl }: TablePicture): string {
  // The title comes last, because it says the least once one knows it.
  return `${pc.bold('feedbus')}  ${formatClock(upMs)}  ${httpUrl === null ? '' : `${httpUrl}  `}${pc.bold(title)}`
}

function connectionLines(healths: readonly FeedSystemHealth[]): string[] {
  const nameWidth = Math.max(0, ...healths.map(({ name }) => name.length))
  const all = healths.flatMap((health) => health.connections.map((connection) => ({ health, connection })))
  // With many connections only those that need attention are worth a line each.
  const isShort = all.length > CONNECTIONS_MAX
  const ordered = isShort ? [...all].sort((a, b) => unrest(b.connection) - unrest(a.connection)) : all
  const shown = new Set(ordered.slice(0, CONNECTIONS_MAX).map(({ connection }) => connection))
  const idWidth = Math.max(0, ...[...shown].map((connection) => idOf(connection).length))
  const lines: string[] = []
  for (const health of healths) {
    const label = `${pc.bold(health.name.padEnd(nameWidth))}  ${paintState(health.state)}`
    const visible = health.connections.filter((connection) => shown.has(connection))
    if (visible.length === 0) lines.push(label)
    for (const [index, connection] of visible.entries()) {
      const start = index === 0 ? label : ' '.repeat(nameWidth + 2 + health.state.length)
      lines.push(`${start}  ${connectionText(connection, idWidth)}`)
    }
  }
  if (isShort) {
    const rest = ordered.slice(CONNECTIONS_MAX)
    const open = rest.filter(({ connection }) => connection.state === 'OPEN').length
    lines.push(pc.dim(`… ${rest.length} more connections, ${open} of them OPEN`))
  }
  return lines
}

function idOf(connection: ConnectionHealth): string {
  return `${connection.id}#${connection.generation}`
}

function connectionText(connection: ConnectionHealth, idWidth: number): string {
  const rtt = connection.rttMs === null ? '-' : formatLatency(connection.rttMs)
  const refresh = connection.nextRefreshInMs === null ? '-' : formatClock(connection.nextRefreshInMs)
  return (
    `${idOf(connection).padEnd(idWidth)} ${paintState(connection.state)} ${formatClock(connection.uptimeMs)}  ` +
    `reconnects ${connection.reconnectCount}  streams ${connection.streamCount}  rtt ${rtt}  refresh in ${refresh}`
  )
}

interface FeedRow {
  readonly health: FeedSystemHealth
  readonly feed: FeedHealth
  /** Position among the feeds of its manager. */
  readonly index: number
}

function feedLines(picture: TablePicture, { columns }: TerminalSize, room: number): string[] {
  const { healths, lastValue } = picture
  const rows: FeedRow[] = healths.flatMap((health) => health.feeds.map((feed, index) => ({ health, feed, index })))
  const shown = rows.length > room ? mostTelling(rows, room - 1) : rows
  const nameOf = ({ health, feed }: FeedRow): string =>
    `${healths.length > 1 ? `${health.name} ` : ''}${feed.symbol} ${feed.stream.split('@').slice(1).join('@')}`
  const nameWidth = Math.max(4, ...shown.map((row) => nameOf(row).length))
  const stateWidth = Math.max(5, ...shown.map(({ feed }) => feed.state.length))
  const isWide = columns >= WIDE_COLUMNS
  const latencyOf = (feed: FeedHealth): string => {
    if (!isWide) return ''
    const text = (value: number | undefined): string => (value === undefined ? '-' : formatLatency(value)).padStart(8)
    return ` ${text(feed.latencyMs?.p50)} ${text(feed.latencyMs?.p99)}`
  }
  const lines = [
    pc.dim(
      `${'feed'.padEnd(nameWidth)}  ${'state'.padEnd(stateWidth)}  msg/s    age` +
        `${isWide ? '      p50      p99' : ''}  last`,
    ),
  ]
  for (const row of shown) {
    const { health, feed } = row
    lines.push(
      `${nameOf(row).padEnd(nameWidth)}  ${paintFeed(feed.state, stateWidth)} ` +
        `${formatRate(feed.ratePerSecond).padStart(6)} ${formatAge(feed.lastMessageAgeMs).padStart(6)}` +
        `${latencyOf(feed)}  ${lastValue(health, feed)}`,
    )
  }
  if (shown.length < rows.length) lines.push(pc.dim(`… ${rows.length - shown.length} more feeds`))
  return lines
}

/** Trouble first, then a fair share of every manager; in the order of the whole list again. */
function mostTelling(rows: readonly FeedRow[], count: number): FeedRow[] {
  const chosen = new Set(
    [...rows].sort((a, b) => urgency(b.feed) - urgency(a.feed) || a.index - b.index).slice(0, Math.max(1, count)),
  )
  return rows.filter((row) => chosen.has(row))
}

function totalsLine({ healths, record }: TablePicture): string {
  const total = (field: 'totalMessageCount' | 'totalErrorCount'): number =>
    healths.reduce((sum, health) => sum + health[field], 0)
  const healed = record.outages.filter(({ endTimeMs }) => endTimeMs !== null)
  const longestMs = Math.max(0, ...healed.map(({ startTimeMs, endTimeMs }) => (endTimeMs ?? 0) - startTimeMs))
  const feeds = healths.flatMap((health) => health.feeds)
  const stale = feeds.filter((feed) => feed.isStale).length
  const bus = healths[0]?.bus
  const outages =
    record.outages.length === 0
      ? 'outages 0'
      : `outages ${record.outages.length} healed ${healed.length}${healed.length === 0 ? '' : ` (${formatAge(longestMs)})`}`
  const text = [
    `messages ${formatCount(total('totalMessageCount'))}`,
    `errors ${total('totalErrorCount')}`,
    `stale ${stale}/${feeds.length}`,
    outages,
    `gaps ${record.gapsOpened}`,
    ...(bus === undefined ? [] : [`dropped ${bus.dropped}`, `handler errors ${bus.handlerErrors}`]),
    ...(bus === undefined ? [] : [`published ${formatCount(bus.published)}`, `queued ${bus.queueDepth}`]),
  ].join('  ')
  const isRed = stale > 0 || healed.length < record.outages.length
  return isRed ? pc.red(text) : pc.dim(text)
}

function logLines(tail: readonly LogEvent[], { columns, rows }: TerminalSize): string[] {
  return foldLog(tail, rows >= TALL_ROWS ? 5 : 3).map(({ event, count }) => {
    const { level } = event
    const text =
      `${formatTimeOfDay(event.timeMs)} ${columns >= WIDE_COLUMNS ? `${level.padEnd(7)} ` : ''}` +
      `${event.event}${count > 1 ? ` ×${count}` : ''} ${event.message}`
    return level === 'ERROR' ? pc.red(text) : level === 'WARNING' ? pc.yellow(text) : pc.dim(text)
  })
}

function unrest(connection: ConnectionHealth): number {
  return connection.state === 'OPEN' ? 0 : 1
}

function urgency(feed: FeedHealth): number {
  return { STALE: 3, RESYNCING: 2, NEVER_RECEIVED: 1, OK: 0 }[feed.state]
}

function paintFeed(state: FeedHealth['state'], width: number): string {
  const text = state.padEnd(width)
  if (state === 'OK') return pc.green(text)
  return state === 'STALE' ? pc.red(text) : pc.yellow(text)
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
    if (visible === width) return pc.isColorSupported ? `${line.slice(0, index)}\u001b[0m` : line.slice(0, index)
    visible++
    index++
  }
  return line
}
