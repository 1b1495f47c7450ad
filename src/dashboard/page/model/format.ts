/** Numbers and times as a person reads them. Times are UTC everywhere on the page. */

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

/** `0.2 s`, `14 s`, `3 min 12 s`, `2 h 5 min`, `3 d 4 h`: two units at most. */
export function duration(ms: number): string {
  const positive = Math.max(0, ms)
  if (positive < 9_950) return `${(positive / 1_000).toFixed(1)} s`
  if (positive < MINUTE_MS) return `${Math.round(positive / 1_000)} s`
  if (positive < HOUR_MS) return twoUnits(positive, MINUTE_MS, 'min', 1_000, 's')
  if (positive < DAY_MS) return twoUnits(positive, HOUR_MS, 'h', MINUTE_MS, 'min')
  return twoUnits(positive, DAY_MS, 'd', HOUR_MS, 'h')
}

/** Like `duration`, without fractions: for something that simply goes on. */
export function uptime(ms: number): string {
  return ms < MINUTE_MS ? `${Math.floor(Math.max(0, ms) / 1_000)} s` : duration(ms)
}

function twoUnits(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const count = Math.floor(ms / large)
  const rest = Math.floor((ms - count * large) / small)
  return rest === 0 ? `${count} ${largeName}` : `${count} ${largeName} ${rest} ${smallName}`
}

/** Narrow, for table cells: `0.2s`, `14s`, `3m`, `2h`. */
export function age(ms: number | null): string {
  if (ms === null) return '–'
  const positive = Math.max(0, ms)
  if (positive < 9_950) return `${(positive / 1_000).toFixed(1)}s`
  if (positive < MINUTE_MS) return `${Math.round(positive / 1_000)}s`
  if (positive < HOUR_MS) return `${Math.floor(positive / MINUTE_MS)}m`
  return positive < DAY_MS ? `${Math.floor(positive / HOUR_MS)}h` : `${Math.floor(positive / DAY_MS)}d`
}

/** `03:12:44`, for something that is waited for. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${two(Math.floor(seconds / 3_600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
}

/** `0.21 ms`, `12.4 ms`, `1.20 s`. */
export function latency(ms: number | null): string {
  if (ms === null) return '–'
  const size = Math.abs(ms)
  if (size >= 1_000) return `${(ms / 1_000).toFixed(2)} s`
  return `${ms.toFixed(size < 10 ? 2 : size < 100 ? 1 : 0)} ms`
}

/** `4.0/s`, `1 240/s`, `0.2/s`. */
export function rate(perSecond: number): string {
  return `${perSecond < 10 ? perSecond.toFixed(1) : count(Math.round(perSecond))}/s`
}

/** Groups of three. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(?:\d{3})+$)/g, ' ')
}

/** `1 gap`, `2 gaps`. */
export function plural(value: number, one: string, many: string = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}

export function bytes(value: number): string {
  return value < 1e9 ? `${Math.round(value / 1e6)} MB` : `${(value / 1e9).toFixed(1)} GB`
}

export function percent(share: number, digits: number = 0): string {
  return `${(share * 100).toFixed(digits)} %`
}

/** `12:00:31` UTC. */
export function timeOfDay(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(11, 19)
}

/** `12:00:31.204` UTC. */
export function timeOfDayMs(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(11, 23)
}

/** `2026-11-20 12:00` UTC. */
export function dateTime(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 16).replace('T', ' ')
}

/** A price with the digits it has, eight at most. */
export function price(value: number | null, digits: number = digitsOf(value)): string {
  return value === null ? '–' : value.toFixed(digits)
}

/** Decimal places that a number needs, eight at most. */
export function digitsOf(value: number | null): number {
  if (value === null || !Number.isFinite(value)) return 0
  const text = value.toFixed(8).replace(/0+$/, '')
  return text.length - 1 - text.indexOf('.')
}

/** Decimal places that fit all of the values. */
export function commonDigits(values: readonly number[]): number {
  return values.reduce((digits, value) => Math.max(digits, digitsOf(value)), 0)
}

/** Basis points with the digits they need: `1.25`, `0.02`, `0.0016`. */
export function basisPoints(value: number): string {
  const size = Math.abs(value)
  return size === 0 || size >= 0.01 ? value.toFixed(2) : value.toPrecision(2)
}

/** A quantity in at most six characters or so. */
export function quantity(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)}M`
  if (value >= 1e4) return `${(value / 1e3).toFixed(1)}k`
  return value >= 100 ? value.toFixed(1) : value.toFixed(value >= 1 ? 3 : 5)
}

const STREAM_NAMES: Readonly<Record<string, string>> = {
  KLINE: 'kline',
  DEPTH: 'depth',
  BOOK_TICKER: 'bookTicker',
  MARK_PRICE: 'markPrice',
  AGG_TRADE: 'aggTrade',
  TRADE: 'trade',
  TICKER: 'ticker',
  MINI_TICKER: 'miniTicker',
  LIQUIDATION: 'liquidation',
}

/** `kline 1m`, `depth 20`; kinds of other sources as they are. */
export function streamLabel(streamType: string, detail: string): string {
  return `${STREAM_NAMES[streamType] ?? streamType.toLowerCase()}${detail === '' ? '' : ` ${detail}`}`
}
