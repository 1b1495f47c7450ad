/**
 * The sentence on top: is it alive, since when, what was lost, which stream is slow. Everything a person on call
 * asks first, in words, the worst first.
 */
import type { ConnectionView, FeedView, GapView, ManagerView } from '../../protocol.js'
import { duration, latency, plural, streamLabel, uptime } from './format.js'
import { downConnections } from './grid.js'
import type { PageState } from './state.js'
import type { Tone } from './tones.js'

export interface Verdict {
  readonly tone: Extract<Tone, 'ok' | 'warn' | 'bad' | 'idle'>
  readonly headline: string
  /** What is wrong beyond the headline, worst first. */
  readonly problems: readonly string[]
}

export interface Tile {
  readonly label: string
  readonly value: string
  readonly detail: string
  readonly tone: Tone
}

/** Problems said one by one; the rest is counted. */
const SAID_MAX = 3
/** A stream that should speak is given this long after the start. */
const FIRST_MESSAGE_MS = 15_000
/** An event loop later than this makes ages and latencies doubtful. */
const LATE_LOOP_MS = 250

interface Problem {
  readonly tone: 'warn' | 'bad'
  readonly text: string
}

export function verdictOf(state: PageState): Verdict {
  const { managers, serverMs } = state
  if (managers.length === 0)
    return { tone: 'idle', headline: 'Waiting for a feed: none has reported yet.', problems: [] }
  if (managers.every((manager) => manager.state === 'STOPPED')) {
    const headline = managers.length === 1 ? 'The feed is stopped.' : 'All feeds are stopped.'
    return { tone: 'idle', headline, problems: [] }
  }
  const problems = [
    ...managers.flatMap((manager) => managerProblems(manager, serverMs)),
    ...managers.flatMap((manager) => manager.connections.flatMap((each) => connectionProblems(manager, each))),
    ...silentFeeds(state),
    ...rebuiltBooks(managers),
    ...voicelessFeeds(state),
    ...openGaps(state),
    ...processProblems(state),
  ].sort((a, b) => Number(b.tone === 'bad') - Number(a.tone === 'bad'))
  const worst = problems[0]
  const summary = [runningText(managers, serverMs), gapText(state)].filter((text) => text !== '').join(' ')
  if (worst === undefined) return { tone: 'ok', headline: `${deliveryText(state)} ${summary}`.trim(), problems: [] }
  const others = problems.slice(1).map(({ text }) => text)
  return { tone: worst.tone, headline: `${worst.text} ${deliveryText(state)}`, problems: [...others, summary] }
}

function managerProblems(manager: ManagerView, nowMs: number): Problem[] {
  const { name, state } = manager
  if (state === 'FAILED') return [{ tone: 'bad', text: `${name} has failed and does not try any more.` }]
  if (state === 'STOPPED') return [{ tone: 'warn', text: `${name} is stopped.` }]
  if (state === 'STARTING' || state === 'STOPPING')
    return [{ tone: 'warn', text: `${name} is ${state.toLowerCase()}.` }]
  const silentMs = nowMs - manager.timeMs
  if (silentMs > healthLimitMs(manager)) {
    return [{ tone: 'bad', text: `${name} has not reported its health for ${duration(silentMs)}.` }]
  }
  return []
}

/** Longer than this without health from a manager is not normal. */
export function healthLimitMs(manager: ManagerView): number {
  return Math.max(12_000, 3 * (manager.healthPeriodMs ?? 0))
}

function connectionProblems(manager: ManagerView, connection: ConnectionView): Problem[] {
  const { id, state, streamCount, reconnectAttempt } = connection
  if (manager.state !== 'RUNNING') return []
  const waiting = `${plural(streamCount, 'stream waits', 'streams wait')} for it`
  const what = `Connection ${id} of ${manager.name}`
  switch (state) {
    case 'OPEN':
    case 'REFRESHING':
      return pathProblems(what, connection)
    case 'CLOSED':
      return []
    case 'FAILED':
      return [{ tone: 'bad', text: `${what} has failed; ${waiting}.` }]
    default: {
      const attempt = reconnectAttempt > 0 ? `, attempt ${reconnectAttempt}` : ''
      return [{ tone: 'bad', text: `${what} is down and reconnecting${attempt}; ${waiting}.` }]
    }
  }
}

/** One socket of a redundant pair is down: nothing is lost, and nothing stands behind the other one. */
function pathProblems(what: string, { paths }: ConnectionView): Problem[] {
  const down = paths.filter(({ state }) => state !== 'OPEN' && state !== 'REFRESHING').map(({ path }) => path)
  if (down.length === 0) return []
  return [{ tone: 'warn', text: `${what} runs without path ${down.join(', ')}: all arrives, over one socket only.` }]
}

function silentFeeds(state: PageState): Problem[] {
  const silent = state.feeds.filter((feed) => feed.state === 'STALE')
  const said = silent
    .map((feed) => ({ feed, silentMs: silenceMs(state, feed) }))
    .sort((a, b) => b.silentMs - a.silentMs)
    .slice(0, SAID_MAX)
    .map(
      ({ feed, silentMs }): Problem => ({
        tone: 'bad',
        text: `${feed.stream}${sourceText(state, feed)} silent for ${duration(silentMs)}.`,
      }),
    )
  if (silent.length > SAID_MAX) {
    said.push({
      tone: 'bad',
      text: `${plural(silent.length - SAID_MAX, 'more stream is', 'more streams are')} silent.`,
    })
  }
  return said
}

/** How long a stream has been silent now; health told it some moments ago. */
export function silenceMs(state: PageState, feed: FeedView): number {
  const manager = state.manager(feed.source)
  return (feed.ageMs ?? 0) + (manager === undefined ? 0 : Math.max(0, state.serverMs - manager.timeMs))
}

/** Which manager, where there are several. */
function sourceText(state: PageState, feed: FeedView): string {
  return state.managers.length > 1 ? ` (${feed.source})` : ''
}

function rebuiltBooks(managers: readonly ManagerView[]): Problem[] {
  const rebuilt = managers.flatMap((manager) =>
    manager.state === 'RUNNING'
      ? manager.books.filter(({ state }) => state === 'RESYNCING').map((book) => book.symbol)
      : [],
  )
  if (rebuilt.length === 0) return []
  const named = rebuilt.slice(0, SAID_MAX).join(', ')
  const more = rebuilt.length > SAID_MAX ? ` and ${rebuilt.length - SAID_MAX} more` : ''
  return [
    {
      tone: 'warn',
      text: `${rebuilt.length === 1 ? 'The book' : 'The books'} of ${named}${more} ${rebuilt.length === 1 ? 'is' : 'are'} being rebuilt.`,
    },
  ]
}

function voicelessFeeds(state: PageState): Problem[] {
  const voiceless = state.feeds.filter((feed) => {
    const manager = state.manager(feed.source)
    // Liquidations may not come for days.
    return (
      feed.state === 'NEVER_RECEIVED' &&
      feed.streamType !== 'LIQUIDATION' &&
      manager?.state === 'RUNNING' &&
      manager.uptimeMs > FIRST_MESSAGE_MS
    )
  })
  const [first] = voiceless
  if (first === undefined) return []
  const text =
    voiceless.length === 1
      ? `${first.stream}${sourceText(state, first)} has not sent anything yet.`
      : `${voiceless.length} streams have not sent anything yet.`
  return [{ tone: 'warn', text }]
}

function openGaps({ gapTotals }: PageState): Problem[] {
  if (gapTotals.open === 0) return []
  return [{ tone: 'warn', text: `${plural(gapTotals.open, 'gap is', 'gaps are')} open, being filled.` }]
}

function processProblems({ process }: PageState): Problem[] {
  if (process === null) return []
  const problems: Problem[] = []
  const lateMs = process.eventLoopDelayP99Ms ?? 0
  if (lateMs > LATE_LOOP_MS) {
    problems.push({ tone: 'warn', text: `This process is overloaded: its event loop is ${latency(lateMs)} late.` })
  }
  if (process.heapUsedBytes > process.heapLimitBytes * 0.9) {
    problems.push({ tone: 'warn', text: 'This process is nearly out of memory.' })
  }
  return problems
}

function deliveryText(state: PageState): string {
  const { feeds } = state
  const delivering = deliveringCount(state)
  if (feeds.length === 0) return 'No stream is subscribed.'
  if (delivering === feeds.length)
    return feeds.length === 1 ? 'The stream delivers.' : `All ${feeds.length} streams deliver.`
  const quiet = feeds.filter((feed) => feed.state === 'NEVER_RECEIVED').length
  if (delivering + quiet === feeds.length && delivering > 0) {
    return `${delivering} of ${feeds.length} streams deliver, ${quiet} had nothing to say yet.`
  }
  return `${delivering} of ${feeds.length} streams deliver.`
}

/** Streams that speak, over a connection that is up. */
function deliveringCount({ feeds, managers }: PageState): number {
  const down = new Map(managers.map((manager) => [manager.name, downConnections(manager)]))
  return feeds.filter(({ state, source, connectionId }) => state === 'OK' && !down.get(source)?.has(connectionId))
    .length
}

/** Since the last manager came up: the time for which all of it was there. */
export function runningMs(managers: readonly ManagerView[], nowMs: number): number | null {
  const running = managers.filter(({ state }) => state === 'RUNNING')
  if (running.length === 0) return null
  return Math.min(...running.map(({ uptimeMs, timeMs }) => uptimeMs + Math.max(0, nowMs - timeMs)))
}

function runningText(managers: readonly ManagerView[], nowMs: number): string {
  const ms = runningMs(managers, nowMs)
  return ms === null ? '' : `Running ${uptime(ms)}.`
}

function gapText({ gapTotals: { open, filled, unfillable } }: PageState): string {
  const total = open + filled + unfillable
  if (total === 0) return 'Nothing lost.'
  if (total === filled) return total === 1 ? '1 gap, filled.' : `${total} gaps, all filled.`
  const parts = [`${filled} filled`]
  if (open > 0) parts.push(`${open} open`)
  if (unfillable > 0) parts.push(`${unfillable} lost for good`)
  return `${plural(total, 'gap')}: ${parts.join(', ')}.`
}

/** The same answers as numbers. */
export function tilesOf(state: PageState): Tile[] {
  const { feeds, managers, process, serverMs } = state
  const delivering = deliveringCount(state)
  const silent = feeds.filter((feed) => feed.state === 'STALE').length
  const upMs = runningMs(managers, serverMs)
  const reconnects = managers.reduce(
    (sum, manager) => sum + manager.connections.reduce((each, { reconnectCount }) => each + reconnectCount, 0),
    0,
  )
  const messages = managers.reduce((sum, { messageCount }) => sum + messageCount, 0)
  return [
    {
      label: 'Streams that deliver',
      value: `${delivering} of ${feeds.length}`,
      detail:
        silent > 0
          ? `${silent} silent`
          : delivering === feeds.length
            ? 'none silent'
            : `${feeds.length - delivering} waiting`,
      tone: delivering === feeds.length ? 'ok' : silent > 0 || delivering === 0 ? 'bad' : 'warn',
    },
    {
      label: 'Running for',
      value: upMs === null ? 'not running' : uptime(upMs),
      detail: reconnects === 0 ? 'no reconnect' : plural(reconnects, 'reconnect'),
      tone: upMs === null ? 'warn' : 'ok',
    },
    lostTile(state),
    slowestTile(state),
    {
      label: 'Messages',
      value: `${compact(feeds.reduce((sum, { ratePerSecond }) => sum + ratePerSecond, 0))}/s`,
      detail: `${compact(messages)} so far${process !== null && process.dropped > 0 ? `, ${compact(process.dropped)} dropped on the bus` : ''}`,
      tone: 'ok',
    },
  ]
}

function lostTile({ gapTotals: { open, filled, unfillable }, gaps }: PageState): Tile {
  const label = 'Lost'
  const total = open + filled + unfillable
  if (total === 0) return { label, value: 'Nothing', detail: 'no gap so far', tone: 'ok' }
  if (unfillable > 0) {
    const detail = `${filled} filled, ${open} open${lostMessages(gaps)}`
    return { label, value: plural(unfillable, 'gap'), detail, tone: 'bad' }
  }
  if (open > 0) return { label, value: `${plural(open, 'gap')} open`, detail: `${filled} filled`, tone: 'warn' }
  return {
    label,
    value: 'Nothing',
    detail: `${plural(filled, 'gap')}, ${filled === 1 ? '' : 'all '}filled`,
    tone: 'ok',
  }
}

function lostMessages(gaps: ReadonlyMap<string, GapView>): string {
  let missing = 0
  for (const gap of gaps.values()) if (gap.state === 'unfillable') missing += gap.missing ?? 0
  return missing === 0 ? '' : `; ${plural(missing, 'message')} missing`
}

/** The stream whose messages take longest from the venue to here. */
export function slowestFeed(feeds: readonly FeedView[]): FeedView | null {
  let slowest: FeedView | null = null
  for (const feed of feeds) {
    if (feed.p99 !== null && feed.state !== 'NEVER_RECEIVED' && feed.p99 > (slowest?.p99 ?? Number.NEGATIVE_INFINITY)) {
      slowest = feed
    }
  }
  return slowest
}

function slowestTile(state: PageState): Tile {
  const slowest = slowestFeed(state.feeds)
  const label = 'Slowest stream'
  if (slowest === null) return { label, value: '–', detail: 'no latency measured yet', tone: 'idle' }
  const name = `${slowest.symbol} ${streamLabel(slowest.streamType, slowest.detail)}${sourceText(state, slowest)}`
  return {
    label,
    value: latency(slowest.p99),
    detail: `p99 of ${name}`,
    tone: (slowest.p99 ?? 0) > 1_000 ? 'warn' : 'ok',
  }
}

/** Four digits are enough for a headline number. */
function compact(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(2)} G`
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`
  if (value >= 1e4) return `${(value / 1e3).toFixed(1)} k`
  return value >= 10 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, '')
}
