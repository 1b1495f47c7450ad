/**
 * From what a connector hands over to typed values. Strict: a field of the wrong type or an impossible value is a
 * problem, told in words and counted by the caller; nothing is guessed and nothing throws.
 */
import type { ConnectorEvent } from './connector-wrapper.js'

/** A trade as strategies and context services get it. */
export interface TradeTick {
  readonly symbol: string
  /** Epoch ms, with the fraction the connector gave. */
  readonly timestampMs: number
  readonly price: number
  readonly qty: number
  /** Side of the taker. */
  readonly side: 'buy' | 'sell'
  readonly isBuyerMaker: boolean
  readonly id: number
}

/** A whole book as the connector sees it; levels are price, qty pairs, best first. */
export interface DepthUpdate {
  readonly symbol: string
  readonly timestampMs: number
  readonly bids: readonly (readonly [price: number, qty: number])[]
  readonly asks: readonly (readonly [price: number, qty: number])[]
  readonly lastUpdateId: number
}

export type Parsed<T> = { readonly value: T } | { readonly problem: string }

/** Below it a number of milliseconds is before 1973: somebody wrote seconds. */
const TIMESTAMP_MS_MIN = 1e11
/** Above it, after 5138: somebody wrote microseconds. */
const TIMESTAMP_MS_MAX = 1e14

/** `symbol` is taken where the event names none. */
export function parseTradeEvent(event: ConnectorEvent, symbol: string): Parsed<TradeTick> {
  const timestampMs = parseTimestamp(event['timestamp'])
  if (typeof timestampMs === 'string') return { problem: timestampMs }
  const price = event['price']
  if (!isPositive(price)) return problem('price', price, 'a number above 0')
  const qty = event['qty']
  if (!isPositive(qty)) return problem('qty', qty, 'a number above 0')
  const side = event['side']
  if (side !== 'buy' && side !== 'sell') return problem('side', side, "'buy' or 'sell'")
  const isBuyerMaker = either(event, 'isBuyerMaker', 'is_buyer_maker')
  if (typeof isBuyerMaker !== 'boolean') return problem('isBuyerMaker', isBuyerMaker, 'a boolean')
  if (isBuyerMaker === (side === 'buy')) {
    return { problem: `side ${side} and isBuyerMaker ${isBuyerMaker} contradict each other: side is the taker's` }
  }
  const id = event['id']
  if (!isId(id)) return problem('id', id, 'a whole number from 0')
  const named = symbolOf(event, symbol)
  if (named === null) return problem('symbol', event['symbol'], 'text')
  return { value: { symbol: named, timestampMs, price, qty, side, isBuyerMaker, id } }
}

export function parseDepthEvent(event: ConnectorEvent, symbol: string): Parsed<DepthUpdate> {
  const timestampMs = parseTimestamp(event['timestamp'])
  if (typeof timestampMs === 'string') return { problem: timestampMs }
  const bids = parseLevels(event['bids'], 'bids')
  if (typeof bids === 'string') return { problem: bids }
  const asks = parseLevels(event['asks'], 'asks')
  if (typeof asks === 'string') return { problem: asks }
  const lastUpdateId = either(event, 'lastUpdateId', 'last_update_id')
  if (!isId(lastUpdateId)) return problem('lastUpdateId', lastUpdateId, 'a whole number from 0')
  const named = symbolOf(event, symbol)
  if (named === null) return problem('symbol', event['symbol'], 'text')
  bids.sort((a, b) => b[0] - a[0])
  asks.sort((a, b) => a[0] - b[0])
  const bestBid = bids[0]?.[0]
  const bestAsk = asks[0]?.[0]
  if (bestBid !== undefined && bestAsk !== undefined && bestBid >= bestAsk) {
    return { problem: `the book is crossed: best bid ${bestBid}, best ask ${bestAsk}` }
  }
  return { value: { symbol: named, timestampMs, bids, asks, lastUpdateId } }
}

/** Epoch ms, or what is wrong. ISO text without a zone is UTC; a fraction finer than milliseconds is kept. */
export function parseTimestamp(value: unknown): number | string {
  if (value instanceof Date) return inRange(value.getTime(), value)
  if (typeof value === 'number') return inRange(value, value)
  if (typeof value !== 'string') return complaint('timestamp', value, 'a Date, ISO text or epoch milliseconds')
  const match = /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?$/i.exec(value)
  if (match === null) return complaint('timestamp', value, 'ISO text such as 2024-01-15T12:34:56.789123+00:00')
  const [, seconds = '', fraction = '', zone = 'Z'] = match
  const wholeMs = Date.parse(`${seconds.replace(' ', 'T')}${zone.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2').toUpperCase()}`)
  return inRange(wholeMs + Number(`0.${fraction || '0'}`) * 1_000, value)
}

function inRange(ms: number, shown: unknown): number | string {
  if (ms >= TIMESTAMP_MS_MIN && ms < TIMESTAMP_MS_MAX) return ms
  return complaint('timestamp', shown, 'a time in epoch milliseconds')
}

/** Levels with a quantity, in any order; or what is wrong with them. */
function parseLevels(value: unknown, name: string): [number, number][] | string {
  if (!Array.isArray(value)) return complaint(name, value, 'a list of [price, qty] or {price, qty}')
  const levels: [number, number][] = []
  for (const [index, level] of value.entries()) {
    const { price, qty } = Array.isArray(level) ? { price: level[0], qty: level[1] } : ((level ?? {}) as PriceQty)
    if (!isPositive(price) || typeof qty !== 'number' || !(qty >= 0) || qty === Number.POSITIVE_INFINITY) {
      return complaint(`${name}[${index}]`, level, 'a price above 0 with a quantity')
    }
    if (qty > 0) levels.push([price, qty])
  }
  return levels
}

interface PriceQty {
  readonly price?: unknown
  readonly qty?: unknown
}

function either(event: ConnectorEvent, camel: string, snake: string): unknown {
  return event[camel] ?? event[snake]
}

function symbolOf(event: ConnectorEvent, fallback: string): string | null {
  const symbol = event['symbol']
  if (symbol === undefined) return fallback
  return typeof symbol === 'string' && symbol !== '' ? symbol.toUpperCase() : null
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value < Number.POSITIVE_INFINITY
}

function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function problem(field: string, value: unknown, allowed: string): { readonly problem: string } {
  return { problem: complaint(field, value, allowed) }
}

function complaint(field: string, value: unknown, allowed: string): string {
  let shown: string | undefined
  try {
    shown = typeof value === 'bigint' ? `${value}n` : JSON.stringify(value)
  } catch {
    shown = 'an object'
  }
  return `${field} is ${(shown ?? String(value)).slice(0, 60)}, not ${allowed}`
}
