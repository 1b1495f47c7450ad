/**
 * The live table as lines of text for a terminal of a given size. Pure: what to show where, what to leave out
 * when there is no room. Meaning never depends on colour alone, and trouble is never below the edge.
 */
import pc from 'picocolors'
import type { ConnectionHealth, FeedHealth, FeedSystemHealth, LogEvent } from '../../types/index.js'
import { formatAge, formatClock, formatCount, formatLatency, formatRate, formatTimeOfDay } from '../format.js'
import type { SessionRecord } from '../session-record.js'
import type { BusPicture } from './bus-rates.js'
import { type FeedFilter, type FeedRow, feedPage, filterName } from './feed-page.js'
import { foldLog } from './log-fold.js'
import { cutTo, padTo, plain, textWidth } from './text-width.js'

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
  readonly record: Pick<
    SessionRecord,
    'outages' | 'outagesForgotten' | 'longestOutageMs' | 'logTail' | 'gapsOpened' | 'gapsFilled' | 'gapsUnfillable'
  >
  readonly bus: BusPicture
  /** Which streams, and which page of them. */
  readonly filter: FeedFilter
  readonly page: number
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
/** Below this height what the bus carries gives way to feeds. */
const BUS_ROWS = 16
const CONNECTIONS_MAX = 6
const FEED_ROWS_MIN = 3

/** At most `rows - 1` lines, none longer than `columns - 1`: a full terminal would scroll. */
export function tableLines(picture: TablePicture, size: TerminalSize): string[] {
  const { healths } = picture
  const head = [headLine(picture), ...connectionLines(healths)]
  const foot = footLines(picture, size, size.rows - 1 - head.length - FEED_ROWS_MIN - 1)
  const room = Math.max(FEED_ROWS_MIN, size.rows - 1 - head.length - foot.length - 1)
  const lines = [...head, ...feedLines(picture, size, room), ...foot]
  return lines.slice(0, Math.max(1, size.rows - 1)).map((line) => cutTo(line, size.columns - 1))
}

/** What does not fit into `room` is left out, the least telling first; what stays is in its usual order. */
function footLines(picture: TablePicture, size: TerminalSize, room: number): string[] {
  const { note, keyHelp, record, bus } = picture
  const totals = [totalsLine(picture)]
  const notes = note === '' ? [] : [pc.cyan(plain(note))]
  const keys = keyHelp.length === 0 ? [] : [pc.dim(`keys  ${keyHelp.join('  ')}`)]
  const integrity = [integrityLine(picture)]
  const flow = size.rows >= BUS_ROWS ? [busLine(bus)] : []
  const needed = totals.length + notes.length + keys.length + integrity.length + flow.length
  const logCount = Math.min(size.rows >= TALL_ROWS ? 5 : 3, Math.max(0, room - needed))
  const log = logLines(record.logTail, size, logCount)
  const inOrder = [...totals, ...integrity, ...flow, ...log, ...notes, ...keys]
  const byWorth = [...notes, ...totals, ...keys, ...integrity, ...flow, ...log]
  const kept = new Set(byWorth.slice(0, Math.max(1, room)))
  return inOrder.filter((line) => kept.has(line))
}

function headLine({ title, upMs, httpUrl }: TablePicture): string {
  // The title comes last, because it says the least once one knows it.
  return `${pc.bold('feedbus')}  ${formatClock(upMs)}  ${httpUrl === null ? '' : `dashboard ${httpUrl}/  `}${pc.bold(plain(title))}`
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
    `${pathsText(connection)}reconnects ${connection.reconnectCount}  streams ${connection.streamCount}  rtt ${rtt}  ` +
    `refresh in ${refresh}`
  )
}

/** The sockets of a redundant pair: with one of them down everything still arrives, and the next fault will hurt. */
function pathsText({ paths }: ConnectionHealth): string {
  return paths.map(({ path, state }) => `${path} ${paintState(state)}  `).join('')
}

function feedLines(picture: TablePicture, { columns }: TerminalSize, room: number): string[] {
  const { healths, lastValue, filter } = picture
  const { rows, count, page, pageCount } = feedPage(healths, filter, picture.page, room)
  const nameOf = ({ health, feed }: FeedRow): string =>
    plain(`${healths.length > 1 ? `${health.name} ` : ''}${feed.symbol} ${streamName(feed)}`)
  const nameWidth = Math.max(4, ...rows.map((row) => textWidth(nameOf(row))))
  const stateWidth = Math.max(5, ...rows.map(({ feed }) => feed.state.length))
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
  for (const row of rows) {
    const { health, feed } = row
    lines.push(
      `${padTo(nameOf(row), nameWidth)}  ${paintFeed(feed.state, stateWidth)} ` +
        `${formatRate(feed.ratePerSecond).padStart(6)} ${formatAge(feed.lastMessageAgeMs).padStart(6)}` +
        `${latencyOf(feed)}  ${plain(lastValue(health, feed))}`,
    )
  }
  const which = filter === 'all' ? '' : ` (${filterName(filter)})`
  if (pageCount > 1) {
    const place = page === 0 ? '' : `, page ${page + 1} of ${pageCount}`
    lines.push(pc.dim(`… ${count - rows.length} more feeds${which}${place}`))
  } else if (filter !== 'all') {
    lines.push(pc.dim(count === 0 ? `no feed${which}` : `all ${count}${which}`))
  }
  return lines
}

/** `depth20@100ms` of `btcusdt@depth20@100ms`; sources without wire names say their kind. */
function streamName(feed: FeedHealth): string {
  const [, ...rest] = feed.stream.split('@')
  return rest.length > 0 ? rest.join('@') : `${feed.streamType} ${feed.detail}`.trimEnd()
}

function totalsLine({ healths, record }: TablePicture): string {
  const total = (field: 'totalMessageCount' | 'totalErrorCount'): number =>
    healths.reduce((sum, health) => sum + health[field], 0)
  const lasting = record.outages.filter(({ endTimeMs }) => endTimeMs === null).length
  const outageCount = record.outages.length + record.outagesForgotten
  const healed = outageCount - lasting
  const feeds = healths.flatMap((health) => health.feeds)
  const stale = feeds.filter((feed) => feed.isStale).length
  const outages =
    outageCount === 0
      ? 'outages 0'
      : `outages ${formatCount(outageCount)} healed ${formatCount(healed)}` +
        (healed === 0 ? '' : ` (${formatAge(record.longestOutageMs)})`)
  const text = [
    `messages ${formatCount(total('totalMessageCount'))}`,
    `errors ${total('totalErrorCount')}`,
    `stale ${stale}/${feeds.length}`,
    outages,
  ].join('  ')
  const isRed = stale > 0 || lasting > 0
  return isRed ? pc.red(text) : pc.dim(text)
}

/** What was lost, and what could make it look so: holes, books, clocks. */
function integrityLine({ healths, record }: TablePicture): string {
  const { gapsOpened, gapsFilled, gapsUnfillable } = record
  const open = gapsOpened - gapsFilled - gapsUnfillable
  const books = healths.flatMap((health) => health.books)
  const live = books.filter(({ state }) => state === 'LIVE').length
  const clocks = healths.flatMap(({ name, clock }) =>
    clock === null ? [] : [`clock ${name} ${formatLatency(clock.offsetMs)} ±${formatLatency(clock.uncertaintyMs)}`],
  )
  const text = [
    `gaps ${gapsOpened}  open ${open}  filled ${gapsFilled}  unfillable ${gapsUnfillable}`,
    ...(books.length === 0 ? [] : [`books LIVE ${live}/${books.length}`]),
    ...clocks,
  ].join('  ')
  if (gapsUnfillable > 0) return pc.red(text)
  return open > 0 || live < books.length ? pc.yellow(text) : pc.dim(text)
}

function busLine({ topics, slowest, queued, dropped, handlerErrors }: BusPicture): string {
  const text = [
    `bus  queued ${queued}  dropped ${dropped}  handler errors ${handlerErrors}`,
    ...(slowest === null
      ? []
      : [`slowest ${plain(slowest.subscription)} ${formatLatency(slowest.durationMs)} on ${slowest.topic}`]),
    ...topics.map(({ topic, perSecond }) => `${topic} ${formatRate(perSecond)}/s`),
  ].join('  ')
  return handlerErrors > 0 || dropped > 0 ? pc.yellow(text) : pc.dim(text)
}

function logLines(tail: readonly LogEvent[], { columns }: TerminalSize, count: number): string[] {
  return foldLog(tail, count).map(({ event, count }) => {
    const { level } = event
    const text =
      `${formatTimeOfDay(event.timeMs)} ${columns >= WIDE_COLUMNS ? `${level.padEnd(7)} ` : ''}` +
      `${event.event}${count > 1 ? ` ×${count}` : ''} ${plain(event.message)}`
    return level === 'ERROR' ? pc.red(text) : level === 'WARNING' ? pc.yellow(text) : pc.dim(text)
  })
}

function unrest(connection: ConnectionHealth): number {
  return connection.state === 'OPEN' ? 0 : 1
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
