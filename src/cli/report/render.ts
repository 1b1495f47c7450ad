/**
 * A session as one page of HTML that stands alone: no script to read it, nothing fetched, every value escaped. The
 * numbers are in the page a second time as JSON, for programs.
 */
import type { FeedHealth, FeedSystemHealth } from '../../types/index.js'
import { formatAge, formatClock, formatCount, formatLatency, formatRate } from '../format.js'
import type { SessionSummary } from '../summary.js'
import { candleChart, connectionChart, dateTime, rateChart, type TimeSpan } from './charts.js'
import { escapeHtml, html, jsonMarkup, type Markup } from './html.js'
import type { CandleSeries, ReportRecord, SourcedGap, SourcedLog } from './report-record.js'
import { REPORT_STYLE } from './style.js'
import type { Verdict } from './verdict.js'

export interface ReportData {
  readonly title: string
  /** Of feedbus, Node and the system, each as `name version`. */
  readonly versions: readonly string[]
  readonly startedMs: number
  readonly endedMs: number
  /** Why it ended, in words. */
  readonly ended: string
  readonly verdict: Verdict
  readonly summary: SessionSummary
  /** Of all sources, as they were before they were stopped. */
  readonly healths: readonly FeedSystemHealth[]
  /** By code, of all sources that count them. */
  readonly errorsByCode: Readonly<Record<string, number>>
  readonly record: ReportRecord
}

const CHARTS_MAX = 6
const CONNECTIONS_MAX = 40
const STREAMS_MAX = 1_000
const GAPS_SHOWN = 200
const OUTAGES_SHOWN = 200

export function renderReport(data: ReportData): string {
  const { title, startedMs, endedMs, summary, record } = data
  const span: TimeSpan = { startMs: startedMs, endMs: endedMs }
  const body = html`<main>
<header><h1>feedbus session report</h1><p class="soft">${title} · ${dateTime(startedMs)} to ${dateTime(endedMs)} UTC · ${formatClock(summary.durationMs)}</p></header>
${verdictSection(data.verdict)}
${tiles(data)}
<h2>What ran</h2>${ranTable(data)}
<h2>Messages over time</h2>${rateSection(record, span)}
<h2>Connections</h2>${connectionSection(data, span)}
<h2>Streams</h2>${streamSection(data.healths)}
<h2>Holes in streams</h2>${gapSection(record.gaps(), record.gapsForgotten, summary)}
<h2>Candles</h2>${candleSection([...record.candles.values()])}
<h2>Errors by code</h2>${errorSection(data.errorsByCode)}
<h2>Log</h2>${logSection(record.logExcerpt(), record.logCount)}
<footer>${data.versions.join(' · ')} · all times UTC · latency is receive time minus venue time, negative when clocks differ</footer>
</main>`
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>feedbus: ${escapeHtml(title)}</title><style>${REPORT_STYLE}</style></head>
<body>${body.text}
<script type="application/json" id="feedbus-report">${jsonMarkup(facts(data)).text}</script></body></html>
`
}

/** What stands at the place of the report until the session ends. */
export function renderRunning(title: string, startedMs: number): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>feedbus: session is running</title><style>${REPORT_STYLE}</style></head>
<body><main><h1>This session has not ended</h1><p>${escapeHtml(title)}, started ${dateTime(startedMs)} UTC. The report takes the place of this page
when the session ends. If the session is gone, it never began or was killed before it could write one.</p></main></body></html>
`
}

function facts({
  title,
  versions,
  startedMs,
  endedMs,
  ended,
  verdict,
  summary,
  healths,
  errorsByCode,
}: ReportData): object {
  const streams = healths.flatMap(({ name, feeds }) => feeds.map((feed) => ({ source: name, ...feed })))
  return { title, versions, startedMs, endedMs, ended, verdict, summary, errorsByCode, streams }
}

function verdictSection({ level, title, reasons }: Verdict): Markup {
  return html`<section class="verdict ${level}"><strong>${title}</strong><ul>${reasons.map((reason) => html`<li>${reason}</li>`)}</ul></section>`
}

function tiles({ summary, healths, record }: ReportData): Markup {
  const { gaps } = summary
  const candles = [...record.candles.values()].reduce((sum, series) => sum + series.count, 0)
  const entries: [string, string][] = [
    [formatCount(summary.messages), 'messages'],
    [formatRate((summary.messages * 1_000) / Math.max(1, summary.durationMs)), 'messages per second'],
    [formatCount(healths.reduce((sum, { feeds }) => sum + feeds.length, 0)), 'streams'],
    [formatCount(candles), 'finalized candles'],
    [formatCount(summary.reconnects), 'reconnects'],
    [formatCount(gaps.opened), 'holes opened'],
    [formatCount(gaps.filled), 'holes filled'],
    [formatCount(gaps.unfillable), 'holes that stay'],
    [formatAge(summary.worstAgeMs), 'longest silence'],
    [formatCount(summary.errors), 'errors'],
  ]
  return html`<div class="tiles">${entries.map(([value, name]) => html`<div class="tile"><b>${value}</b><span>${name}</span></div>`)}</div>`
}

function ranTable({ healths, summary, ended }: ReportData): Markup {
  const rows = healths.map((health) => {
    const own = summary.managers.find(({ name }) => name === health.name)
    const urls = [...new Set(health.connections.map(({ url }) => url))].join(' ')
    const { clock } = health
    const offset = clock === null ? '-' : `${formatLatency(clock.offsetMs)} ± ${formatLatency(clock.uncertaintyMs)}`
    return html`<tr><td>${health.name}</td><td>${health.venue}</td><td><code>${urls}</code></td><td class="n">${health.feeds.length}</td><td class="n">${formatCount(own?.messages ?? 0)}</td><td class="n">${offset}</td><td>${stateTag(health.state, health.state === 'RUNNING')}</td></tr>`
  })
  return html`<div class="wide"><table><thead><tr><th>manager</th><th>venue</th><th>address</th><th class="n">streams</th><th class="n">messages</th><th class="n">venue clock − ours</th><th>at the end</th></tr></thead><tbody>${rows}</tbody></table></div><p class="soft">Ended: ${ended}.</p>`
}

function rateSection(record: ReportRecord, span: TimeSpan): Markup {
  const lines = [...record.counts].map(([name, series]) => ({ name, points: series.rates() }))
  if (lines.every(({ points }) => points.length === 0)) return html`<p class="soft">Too short to draw.</p>`
  return rateChart(lines, span)
}

function connectionSection({ healths, record, summary }: ReportData, span: TimeSpan): Markup {
  const lives = record.connections.list().filter(({ segments }) => segments.length > 0)
  const chart =
    lives.length === 0
      ? html`<p class="soft">No connection was made.</p>`
      : html`${connectionChart(lives.slice(0, CONNECTIONS_MAX), span)}<p class="legend"><span>one bar per socket</span><span>│ lost</span><span>ʌ handed over</span>${lives.length > CONNECTIONS_MAX ? html`<span>${lives.length - CONNECTIONS_MAX} more connections not drawn</span>` : null}</p>`
  const rows = healths.flatMap(({ name, connections }) =>
    connections.map(
      (connection) =>
        html`<tr><td>${name}</td><td>${connection.id}</td><td class="n">${connection.generation}</td><td class="n">${connection.reconnectCount}</td><td class="n">${connection.streamCount}</td><td class="n">${connection.rttMs === null ? '-' : formatLatency(connection.rttMs)}</td><td>${stateTag(connection.state, connection.state === 'OPEN')}</td></tr>`,
    ),
  )
  const outages = summary.outages
    .slice(-OUTAGES_SHOWN)
    .map(({ source, connectionId, startTimeMs, endTimeMs, code, reason }) => {
      const length = endTimeMs === null ? 'not healed' : `${((endTimeMs - startTimeMs) / 1_000).toFixed(2)}s`
      return html`<tr><td>${dateTime(startTimeMs)}</td><td>${source}</td><td>${connectionId}</td><td class="n">${length}</td><td>${code === null ? '-' : String(code)} ${reason}</td></tr>`
    })
  return html`${chart}<div class="wide"><table><thead><tr><th>manager</th><th>connection</th><th class="n">sockets</th><th class="n">reconnects</th><th class="n">streams</th><th class="n">round trip</th><th>at the end</th></tr></thead><tbody>${rows}</tbody></table></div>${
    outages.length === 0
      ? null
      : fold(
          outageTitle(summary.outages.length + summary.outagesForgotten),
          html`<table><thead><tr><th>began</th><th>manager</th><th>connection</th><th class="n">lasted</th><th>close code and reason</th></tr></thead><tbody>${outages}</tbody></table>`,
          outages.length <= 20,
        )
  }`
}

function outageTitle(count: number): string {
  if (count > OUTAGES_SHOWN) return `the newest ${OUTAGES_SHOWN} of ${formatCount(count)} outages`
  return count === 1 ? '1 outage' : `${count} outages`
}

function streamSection(healths: readonly FeedSystemHealth[]): Markup {
  const streams = healths.flatMap(({ name, feeds }) => feeds.map((feed) => ({ name, feed })))
  const slowest = Math.max(1e-9, ...streams.map(({ feed }) => feed.latencyMs?.p99 ?? 0))
  const trouble = ({ state, gapCount, errorCount }: FeedHealth): number =>
    (state === 'OK' ? 0 : 1e9) + gapCount + errorCount
  const ordered = [...streams].sort((a, b) => trouble(b.feed) - trouble(a.feed))
  const rows = ordered.slice(0, STREAMS_MAX).map(({ name, feed }) => {
    const { latencyMs } = feed
    const share = latencyMs === null ? 0 : Math.max(0, Math.round((latencyMs.p99 / slowest) * 100))
    const latency =
      latencyMs === null
        ? html`<td class="n">-</td><td class="n">-</td><td></td>`
        : html`<td class="n">${formatLatency(latencyMs.p50)}</td><td class="n">${formatLatency(latencyMs.p99)}</td><td><span class="meter"><i style="width:${share}%"></i></span></td>`
    return html`<tr><td>${name}</td><td>${feed.symbol}</td><td>${feed.streamType} ${feed.detail}</td><td>${stateTag(feed.state, feed.state === 'OK')}</td><td class="n">${formatCount(feed.messageCount)}</td><td class="n">${formatRate(feed.ratePerSecond)}</td>${latency}<td class="n">${feed.gapCount}</td><td class="n">${feed.errorCount}</td></tr>`
  })
  const more = ordered.length - rows.length
  const table = html`<table><thead><tr><th>manager</th><th>symbol</th><th>stream</th><th>at the end</th><th class="n">messages</th><th class="n">per second</th><th class="n">p50</th><th class="n">p99</th><th></th><th class="n">holes</th><th class="n">refused</th></tr></thead><tbody>${rows}</tbody></table>`
  return html`<p class="soft">Those in trouble first. Rates are of the last ten seconds, latencies of the last minute.</p>${rows.length <= 60 ? html`<div class="wide">${table}</div>` : fold(`${rows.length} streams`, table, false)}${more > 0 ? html`<p class="soft">${more} more streams.</p>` : null}`
}

function gapSection(gaps: readonly SourcedGap[], forgotten: number, { gaps: counts }: SessionSummary): Markup {
  if (counts.opened === 0) return html`<p>None.</p>`
  // What is missing for good is what a reader looks for.
  const weight = { unfillable: 0, opened: 1, filled: 2 } as const
  const ordered = [...gaps].sort((a, b) => weight[a.gap.kind] - weight[b.gap.kind])
  const rows = ordered.slice(0, GAPS_SHOWN).map(({ source, gap }) => {
    const bounds =
      gap.unit === 'time' || gap.unit === 'openTime'
        ? [dateTime(gap.from).slice(5), dateTime(gap.to).slice(5)]
        : [gap.from, gap.to]
    const end = gap.kind === 'opened' ? 'open' : `${gap.kind}${gap.by === undefined ? '' : ` by ${gap.by}`}`
    const tag = gap.kind === 'filled' ? 'ok' : gap.kind === 'opened' ? 'warn' : 'bad'
    return html`<tr><td class="t">${dateTime(gap.openedTimeMs).slice(5)}</td><td>${source}</td><td>${gap.symbol} ${gap.streamType} ${gap.detail}</td><td>${gap.unit}</td><td class="n">${String(bounds[0])}</td><td class="n">${String(bounds[1])}</td><td class="n">${gap.missing === null ? '?' : formatCount(gap.missing)}</td><td>${gap.cause}</td><td><span class="tag ${tag}">${end}</span></td><td class="n">${gap.kind === 'opened' ? '-' : formatAge(gap.timeMs - gap.openedTimeMs)}</td></tr>`
  })
  const rest = gaps.length - rows.length + forgotten
  const table = html`<table><thead><tr><th>found</th><th>manager</th><th>stream</th><th>unit</th><th class="n">from</th><th class="n">to</th><th class="n">missing</th><th>cause</th><th>end</th><th class="n">after</th></tr></thead><tbody>${rows}</tbody></table>`
  return html`<p>${formatCount(counts.opened)} opened, ${formatCount(counts.filled)} filled, ${formatCount(counts.unfillable)} stay. Bounds are inclusive.</p>${fold(`${rows.length} holes`, table, rows.length <= 25)}${rest > 0 ? html`<p class="soft">${formatCount(rest)} more not listed.</p>` : null}`
}

function candleSection(all: readonly CandleSeries[]): Markup {
  if (all.length === 0) return html`<p class="soft">No finalized candle.</p>`
  const ordered = [...all].sort((a, b) => b.candles.length - a.candles.length)
  const charts = ordered
    .slice(0, CHARTS_MAX)
    .map(
      (series) =>
        html`<h3>${series.source} ${series.symbol} ${series.interval}: ${formatCount(series.count)} candles, ${formatCount(series.backfilled)} fetched over REST${series.count > series.candles.length ? `, the last ${series.candles.length} drawn` : ''}</h3>${candleChart(series)}`,
    )
  const rest = ordered.slice(CHARTS_MAX)
  const rows = rest.map(
    ({ source, symbol, interval, count, backfilled, candles }) =>
      html`<tr><td>${source}</td><td>${symbol}</td><td>${interval}</td><td class="n">${formatCount(count)}</td><td class="n">${formatCount(backfilled)}</td><td class="n">${String(candles.at(-1)?.close ?? '')}</td></tr>`,
  )
  return html`${charts}<p class="legend"><span>hollow: fetched over REST because the stream did not deliver it</span></p>${
    rest.length === 0
      ? null
      : fold(
          `${rest.length} more`,
          html`<table><thead><tr><th>manager</th><th>symbol</th><th>interval</th><th class="n">candles</th><th class="n">fetched</th><th class="n">last close</th></tr></thead><tbody>${rows}</tbody></table>`,
          false,
        )
  }`
}

function errorSection(errorsByCode: Readonly<Record<string, number>>): Markup {
  const entries = Object.entries(errorsByCode).sort((a, b) => b[1] - a[1])
  if (entries.length === 0) return html`<p>None.</p>`
  return html`<table><thead><tr><th>code</th><th class="n">times</th></tr></thead><tbody>${entries.map(([code, count]) => html`<tr><td><code>${code}</code></td><td class="n">${formatCount(count)}</td></tr>`)}</tbody></table><p class="soft">docs/errors.md says of each what it means and what to do.</p>`
}

function logSection(entries: readonly SourcedLog[], count: number): Markup {
  const rows = entries.map(({ source, event }) => {
    const tag = event.level === 'ERROR' ? 'bad' : event.level === 'WARNING' ? 'warn' : 'ok'
    return html`<tr><td>${dateTime(event.timeMs).slice(5)}</td><td><span class="tag ${tag}">${event.event}</span></td><td>${source}: ${event.message}</td></tr>`
  })
  const table = html`<table class="log"><tbody>${rows}</tbody></table>`
  return html`<p class="soft">${formatCount(rows.length)} of ${formatCount(count)} events: the newest, warnings and errors further back.</p>${fold(`${rows.length} events`, table, rows.length <= 40)}`
}

/** The state in words; colour only underlines it. */
function stateTag(state: string, isGood: boolean): Markup {
  const tag = isGood ? 'ok' : state === 'STALE' || state === 'FAILED' ? 'bad' : 'warn'
  return html`<span class="tag ${tag}">${state}</span>`
}

function fold(title: string, content: Markup, isOpen: boolean): Markup {
  return isOpen
    ? html`<details open><summary>${title}</summary><div class="wide">${content}</div></details>`
    : html`<details><summary>${title}</summary><div class="wide">${content}</div></details>`
}
