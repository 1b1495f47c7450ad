/**
 * What a frame is that did not come in the usual form: replies to control messages, announcements, frames
 * with blanks or another key order, raw payloads. Rules: Binance fact sheet §4.2 to §4.6.
 */
import { StreamType } from '../../types/stream.js'
import { isJsonObject, type JsonObject } from '../decode/index.js'
import type { Feed } from '../feed.js'

export type FrameClass =
  /** Reply to a control message, success or error. */
  | { readonly kind: 'control' }
  | { readonly kind: 'serverShutdown' }
  /** In an envelope with the name of a stream. */
  | { readonly kind: 'combined'; readonly stream: string; readonly data: unknown }
  /** Anything else: perhaps a payload without envelope. */
  | { readonly kind: 'raw' }

export function classifyFrame(frame: JsonObject): FrameClass {
  const { stream, data } = frame
  if (typeof stream === 'string' && data !== undefined) {
    return stream === '!serverShutdown' || isServerShutdown(data)
      ? { kind: 'serverShutdown' }
      : { kind: 'combined', stream, data }
  }
  if (frame['result'] !== undefined && frame['id'] !== undefined) return { kind: 'control' }
  // The wire nests the error, the documentation shows it flat; `id` may be missing in both.
  if (isJsonObject(frame['error'])) return { kind: 'control' }
  if (Number.isInteger(frame['code']) && typeof frame['msg'] === 'string' && frame['e'] === undefined) {
    return { kind: 'control' }
  }
  // Raw, and as the WebSocket API wraps it.
  if (isServerShutdown(frame) || isServerShutdown(frame['event'])) return { kind: 'serverShutdown' }
  return { kind: 'raw' }
}

function isServerShutdown(value: unknown): boolean {
  return isJsonObject(value) && value['e'] === 'serverShutdown'
}

/**
 * The stream a payload without envelope belongs to, or `null` when it says too little or several streams
 * would fit (a diff and a partial depth of one futures symbol look the same).
 */
export function placeRawPayload(payload: JsonObject, feeds: Iterable<Feed>): Feed | null {
  const type = rawStreamType(payload)
  if (type === null) return null
  const symbol = rawSymbol(payload)
  const kline = payload['k']
  const interval = type === StreamType.KLINE && isJsonObject(kline) ? kline['i'] : null
  let found: Feed | null = null
  for (const feed of feeds) {
    const { spec } = feed
    if (spec.type !== type || spec.interval !== interval) continue
    if (symbol === undefined ? spec.type !== StreamType.DEPTH : spec.symbol !== symbol) continue
    // Spot partial depth has no type, and only partial depth has none.
    if (type === StreamType.DEPTH && payload['e'] === undefined && spec.depthLevels === null) continue
    if (found !== null) return null
    found = feed
  }
  return found
}

const TYPE_OF_EVENT: ReadonlyMap<unknown, StreamType> = new Map<unknown, StreamType>([
  ['kline', StreamType.KLINE],
  ['depthUpdate', StreamType.DEPTH],
  ['bookTicker', StreamType.BOOK_TICKER],
  ['markPriceUpdate', StreamType.MARK_PRICE],
  ['aggTrade', StreamType.AGG_TRADE],
  ['trade', StreamType.TRADE],
  ['24hrTicker', StreamType.TICKER],
  ['24hrMiniTicker', StreamType.MINI_TICKER],
  ['forceOrder', StreamType.LIQUIDATION],
])

const BOOK_TICKER_KEYS = ['u', 's', 'b', 'B', 'a', 'A'] as const
const PARTIAL_DEPTH_KEYS = ['lastUpdateId', 'bids', 'asks'] as const

function rawStreamType(payload: JsonObject): StreamType | null {
  if (payload['e'] !== undefined) return TYPE_OF_EVENT.get(payload['e']) ?? null
  // Spot sends these two without a type.
  if (PARTIAL_DEPTH_KEYS.every((key) => payload[key] !== undefined)) return StreamType.DEPTH
  if (BOOK_TICKER_KEYS.every((key) => payload[key] !== undefined)) return StreamType.BOOK_TICKER
  return null
}

function rawSymbol(payload: JsonObject): unknown {
  const order = payload['o']
  return payload['e'] === 'forceOrder' && isJsonObject(order) ? order['s'] : payload['s']
}
