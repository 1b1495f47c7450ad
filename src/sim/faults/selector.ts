/** Whom a rule means. Pure matching; an empty selector means everybody. */
import type { MarketKind } from '../../types/venue.js'
import type { FaultSelector } from './plan.js'

export interface SelectableConnection {
  readonly index: number
  readonly market: MarketKind
  readonly route: string | null
  /** Subscribed names in the order of subscription. */
  streamNames(): readonly string[]
}

/** Route, market and number only; whether it carries a stream is `matchingStreams`. */
export function matchesConnection(on: FaultSelector, connection: SelectableConnection): boolean {
  if (on.connection !== undefined && on.connection !== connection.index) return false
  if (on.market !== undefined && on.market !== connection.market) return false
  if (on.route !== undefined && on.route !== (connection.route ?? 'public')) return false
  return true
}

/** True when the connection matches and, where the rule names streams, carries one of them. */
export function selectsConnection(on: FaultSelector, connection: SelectableConnection): boolean {
  return matchesConnection(on, connection) && (!namesStreams(on) || matchingStreams(on, connection).length > 0)
}

export function namesStreams(on: FaultSelector): boolean {
  return on.stream !== undefined || on.symbol !== undefined || on.interval !== undefined || on.streamIndex !== undefined
}

export function matchingStreams(on: FaultSelector, connection: SelectableConnection): string[] {
  const names = connection.streamNames()
  const indexed = on.streamIndex === undefined ? names : names.slice(on.streamIndex, on.streamIndex + 1)
  return indexed.filter((name) => matchesStream(on, name))
}

/** By name alone; `streamIndex` is resolved by `matchingStreams`. */
export function matchesStream(on: FaultSelector, name: string): boolean {
  if (on.stream !== undefined && !globMatches(on.stream, name)) return false
  if (on.symbol !== undefined) {
    const at = name.indexOf('@')
    if (at < 0 || asciiLower(name.slice(0, at)) !== asciiLower(on.symbol)) return false
  }
  return on.interval === undefined || name.includes(`@kline_${on.interval}`)
}

/** `*` matches every path; else the whole path or its last segments. */
export function matchesPath(pattern: string, path: string): boolean {
  return pattern === '*' || path === pattern || path.endsWith(`/${pattern.replace(/^\//, '')}`)
}

export function globMatches(pattern: string, text: string): boolean {
  if (!pattern.includes('*')) return pattern === text
  const parts = pattern.split('*')
  let from = parts[0]!.length
  if (!text.startsWith(parts[0]!)) return false
  const last = parts[parts.length - 1]!
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, from)
    if (found < 0) return false
    from = found + part.length
  }
  return text.length >= from + last.length && text.endsWith(last)
}

/** Only A-Z: a locale-aware lower-casing would alter symbols outside ASCII. */
export function asciiLower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}
