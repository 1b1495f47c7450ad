/**
 * What a WebSocket request path asks for. Pure: a request target in, a description out.
 *
 * The rules are the venue's (Binance spot and USD-M documentation, checked 2026-11-20): the mode segment
 * `ws` or `stream` decides raw or wrapped frames, a futures route may stand in front of it, anything in front
 * of those is accepted, and a digits-only segment behind `ws` is a client's connection suffix, not a stream.
 */

export type FuturesRoute = 'public' | 'market' | 'private'

export interface WsTarget {
  readonly kind: 'ws'
  /** Wrapped frames (`/stream`) or raw payloads (`/ws`). */
  readonly combined: boolean
  /** Futures route in front of the mode segment, or `null`. */
  readonly route: FuturesRoute | null
  /** Stream names as the client wrote them, percent-decoded, in order, without repeats. */
  readonly streams: readonly string[]
  readonly timeUnit: 'ms' | 'us'
}

/** Why an upgrade on this path is refused, as an HTTP status. */
export interface RefusedTarget {
  readonly kind: 'refused'
  readonly status: 400 | 404 | 414 | 501
}

const ROUTES: ReadonlySet<string> = new Set(['public', 'market', 'private'])
/** Request-response APIs over WebSocket: they belong to the trading stage. */
const TRADING_SEGMENTS: ReadonlySet<string> = new Set(['ws-api', 'ws-fapi'])
const DIGITS = /^\d+$/

/** Reads the target of an upgrade request, e.g. `/market/stream?streams=btcusdt@kline_1m`. */
export function parseWsTarget(target: string, urlCharsMax: number): WsTarget | RefusedTarget {
  if (target.length > urlCharsMax) return { kind: 'refused', status: 414 }
  const { path, query } = splitTarget(target)
  const segments = path.split('/').filter((segment) => segment !== '')
  const modeIndex = segments.findIndex((segment) => segment === 'ws' || segment === 'stream')
  if (modeIndex < 0) {
    return { kind: 'refused', status: segments.some((segment) => TRADING_SEGMENTS.has(segment)) ? 501 : 404 }
  }
  const combined = segments[modeIndex] === 'stream'
  const before = segments[modeIndex - 1]
  const tail = segments.slice(modeIndex + 1)
  // `/stream/<name>` has no meaning on the venue: streams of a combined connection come in the query.
  if (combined && tail.length > 0) return { kind: 'refused', status: 404 }

  const written = combined ? queryStreams(query) : tail.filter((segment) => !DIGITS.test(segment))
  const streams = new Set<string>()
  for (const name of written) {
    const decoded = decodePercent(name)
    if (decoded === null) return { kind: 'refused', status: 400 }
    streams.add(decoded)
  }
  return {
    kind: 'ws',
    combined,
    route: before !== undefined && ROUTES.has(before) ? (before as FuturesRoute) : null,
    streams: [...streams],
    timeUnit: queryValue(query, 'timeUnit')?.toLowerCase() === 'microsecond' ? 'us' : 'ms',
  }
}

/** True when a plain HTTP request went to a WebSocket path, which the venue answers with 400. */
export function isWsPath(target: string): boolean {
  const { path } = splitTarget(target)
  return path.split('/').some((segment) => segment === 'ws' || segment === 'stream')
}

/** Splits at the first `?` and drops a fragment. */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const hash = target.indexOf('#')
  const whole = hash < 0 ? target : target.slice(0, hash)
  const mark = whole.indexOf('?')
  return mark < 0 ? { path: whole, query: '' } : { path: whole.slice(0, mark), query: whole.slice(mark + 1) }
}

function queryStreams(query: string): string[] {
  const value = queryValue(query, 'streams')
  if (value === null) return []
  // `%2F` separates names as well: some clients encode the whole value.
  return value
    .replace(/%2f/gi, '/')
    .split('/')
    .filter((name) => name !== '')
}

/** The raw value of the first parameter of that name; `+` stays `+`, because `@+08:00` is part of a stream name. */
function queryValue(query: string, name: string): string | null {
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=')
    const key = equals < 0 ? pair : pair.slice(0, equals)
    if (key === name) return equals < 0 ? '' : pair.slice(equals + 1)
  }
  return null
}

function decodePercent(text: string): string | null {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}
