/** Charts of a report as inline SVG: message rate, life of connections, candles. Pure; colours come from the style. */
import { formatClock, formatNumber, formatRate, formatTimeOfDay } from '../format.js'
import { html, type Markup } from './html.js'
import type { CandleSeries } from './report-record.js'
import type { ConnectionLife, RatePoint } from './series.js'

export interface TimeSpan {
  readonly startMs: number
  readonly endMs: number
}

const WIDTH = 960
const LEFT = 64
const RIGHT = 12
const PLOT = WIDTH - LEFT - RIGHT

/** Colours of lines, by index; the legend names them too. */
const LINE_CLASSES = ['l0', 'l1', 'l2', 'l3']

export interface RateLine {
  readonly name: string
  readonly points: readonly RatePoint[]
}

/** Messages per second of each source; time in which a stream was stale is shaded. */
export function rateChart(lines: readonly RateLine[], span: TimeSpan): Markup {
  const height = 220
  const bottom = height - 24
  const top = 12
  const max = Math.max(1e-9, ...lines.flatMap(({ points }) => points.map((point) => point.perSecond)))
  const ceiling = niceCeiling(max)
  const x = timeScale(span)
  const y = (value: number): number => bottom - (value / ceiling) * (bottom - top)
  const stale = lines.flatMap(({ name, points }) =>
    points
      .filter((point) => point.stale > 0)
      .map(
        (point) =>
          html`<rect class="stale" x="${px(x(point.fromMs))}" y="${top}" width="${px(Math.max(1, x(point.toMs) - x(point.fromMs)))}" height="${bottom - top}"><title>${name}: ${point.stale} stale</title></rect>`,
      ),
  )
  const paths = lines.slice(0, LINE_CLASSES.length).map(({ points }, index) => {
    const path = points
      .map((point, at) => `${at === 0 ? 'M' : 'L'}${px(x((point.fromMs + point.toMs) / 2))} ${px(y(point.perSecond))}`)
      .join('')
    return html`<path class="line ${LINE_CLASSES[index] ?? ''}" d="${path}"/>`
  })
  const grid = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const value = ceiling * part
    return html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${px(y(value))}" y2="${px(y(value))}"/><text class="tick" x="${LEFT - 8}" y="${px(y(value) + 4)}" text-anchor="end">${formatRate(value)}</text>`
  })
  return html`<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="messages per second over time">${grid}${stale}${paths}${timeAxis(span, bottom)}</svg>${legend(
    lines.slice(0, LINE_CLASSES.length).map(({ name }, index) => ({ name, className: LINE_CLASSES[index] ?? '' })),
  )}`
}

/** One row per connection, one bar per socket; a hole between bars is time without one. */
export function connectionChart(lives: readonly ConnectionLife[], span: TimeSpan): Markup {
  const row = 26
  const height = lives.length * row + 30
  const left = 170
  const x = timeScale(span, left)
  const rows = lives.map(({ source, connectionId, segments }, index) => {
    const y = index * row + 6
    const bars = segments.map((segment, at) => {
      const endMs = segment.endMs ?? span.endMs
      const width = Math.max(1.5, x(endMs) - x(segment.startMs))
      const name =
        segment.fromGeneration === segment.toGeneration
          ? `#${segment.toGeneration}`
          : `#${segment.fromGeneration}-${segment.toGeneration}`
      const ending = segment.end === null ? 'open at the end' : `${segment.end}, ${segment.why}`
      const label =
        width > 30 ? html`<text class="inbar" x="${px(x(segment.startMs) + 5)}" y="${y + 13}">${name}</text>` : null
      const mark =
        segment.end === 'lost'
          ? html`<path class="lost" d="M${px(x(endMs))} ${y - 2}v22"/>`
          : segment.end === 'handed over'
            ? html`<path class="handover" d="M${px(x(endMs) - 5)} ${y + 18}l5 -5l5 5"/>`
            : null
      return html`<g><title>${connectionId}${name}: ${formatClock(endMs - segment.startMs)}, ${ending}</title><rect class="bar ${at % 2 === 0 ? 'even' : 'odd'}" x="${px(x(segment.startMs))}" y="${y}" width="${px(width)}" height="18" rx="3"/>${label}${mark}</g>`
    })
    return html`<text class="tick" x="${left - 10}" y="${y + 13}" text-anchor="end">${source} ${connectionId}</text>${bars}`
  })
  return html`<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="sockets of each connection over time">${rows}${timeAxis(span, height - 24, left)}</svg>`
}

/** Newest candles of one symbol; a fetched one is hollow, a missing one is an empty place. */
export function candleChart({ candles }: CandleSeries): Markup {
  const height = 240
  const volumeTop = 186
  const bottom = height - 24
  const places: (CandleSeries['candles'][number] | null)[] = []
  for (const [index, candle] of candles.entries()) {
    const before = candles[index - 1]
    if (before !== undefined && candle.openTimeMs !== before.closeTimeMs + 1) places.push(null)
    places.push(candle)
  }
  const low = Math.min(...candles.map((candle) => candle.low))
  const high = Math.max(...candles.map((candle) => candle.high))
  const room = (high - low || high || 1) * 0.05
  const volumeMax = Math.max(1e-12, ...candles.map((candle) => candle.volume))
  // Few candles must not become planks.
  const step = Math.min(24, PLOT / Math.max(1, places.length))
  const y = (price: number): number => 170 - ((price - low + room) / (high - low + 2 * room)) * 158
  const bars = places.map((candle, index) => {
    const middle = LEFT + step * (index + 0.5)
    if (candle === null) {
      return html`<rect class="missing" x="${px(middle - step / 2)}" y="12" width="${px(step)}" height="158"><title>missing</title></rect>`
    }
    const width = Math.max(1, step * 0.66)
    const direction = candle.close >= candle.open ? 'up' : 'down'
    const origin = candle.origin === 'backfill' ? ' backfill' : ''
    const top = y(Math.max(candle.open, candle.close))
    const size = Math.max(1, y(Math.min(candle.open, candle.close)) - top)
    const volume = (candle.volume / volumeMax) * (bottom - volumeTop)
    const title = `${dateTime(candle.openTimeMs)}  open ${formatNumber(candle.open)}  high ${formatNumber(candle.high)}  low ${formatNumber(candle.low)}  close ${formatNumber(candle.close)}  volume ${formatNumber(candle.volume)}${origin === '' ? '' : '  fetched over REST'}`
    return html`<g class="candle ${direction}${origin}"><title>${title}</title><path d="M${px(middle)} ${px(y(candle.high))}V${px(y(candle.low))}"/><rect x="${px(middle - width / 2)}" y="${px(top)}" width="${px(width)}" height="${px(size)}"/><rect class="volume" x="${px(middle - width / 2)}" y="${px(bottom - volume)}" width="${px(width)}" height="${px(volume)}"/></g>`
  })
  const grid = [0, 0.5, 1].map((part) => {
    const price = low + (high - low) * part
    return html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${px(y(price))}" y2="${px(y(price))}"/><text class="tick" x="${LEFT - 8}" y="${px(y(price) + 4)}" text-anchor="end">${tickPrice(price, high - low)}</text>`
  })
  const first = candles[0]
  const last = candles.at(-1)
  const times =
    first === undefined || last === undefined
      ? null
      : html`<text class="tick" x="${LEFT}" y="${height - 6}">${dateTime(first.openTimeMs)}</text><text class="tick" x="${px(LEFT + step * places.length)}" y="${height - 6}" text-anchor="end">${candles.length > 5 ? dateTime(last.closeTimeMs + 1) : ''}</text>`
  return html`<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="candles">${grid}${bars}${times}</svg>`
}

export function dateTime(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 19).replace('T', ' ')
}

function legend(entries: readonly { name: string; className: string }[]): Markup {
  return html`<p class="legend">${entries.map(({ name, className }) => html`<span><i class="${className}"></i>${name}</span>`)}<span><i class="stale"></i>a stream was stale</span></p>`
}

function timeScale({ startMs, endMs }: TimeSpan, left: number = LEFT): (timeMs: number) => number {
  const width = WIDTH - RIGHT - left
  const lengthMs = Math.max(1, endMs - startMs)
  return (timeMs) => left + (Math.min(endMs, Math.max(startMs, timeMs)) - startMs) * (width / lengthMs)
}

function timeAxis(span: TimeSpan, y: number, left: number = LEFT): Markup {
  const x = timeScale(span, left)
  const parts = [0, 0.25, 0.5, 0.75, 1].map((part) => span.startMs + (span.endMs - span.startMs) * part)
  const ticks = parts.map((timeMs, index) => {
    const anchor = index === 0 ? 'start' : index === 4 ? 'end' : 'middle'
    return html`<text class="tick" x="${px(x(timeMs))}" y="${y + 18}" text-anchor="${anchor}">${formatTimeOfDay(timeMs)}</text>`
  })
  return html`<line class="axis" x1="${left}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}"/>${ticks}`
}

/** 1, 2 or 5 times a power of ten, at least `value`. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  return [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= value) ?? value
}

/** As many digits as tell the grid lines apart. */
function tickPrice(price: number, range: number): string {
  const digits = range <= 0 ? 2 : Math.max(0, Math.min(8, 2 - Math.floor(Math.log10(range))))
  return price.toFixed(digits)
}

function px(value: number): string {
  return String(Math.round(value * 10) / 10)
}
