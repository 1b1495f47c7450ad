/**
 * Where a payload stands in its stream: what two sockets that carry the same stream are compared by. Used only
 * while two sockets overlap; the handlers have their own, faster way.
 *
 * Ids by kind (stream documentation, checked 2026-11-20): trades `t`, aggregated trades `a`, depth and best bid
 * and offer `u` (spot partial depth `lastUpdateId`), the timed kinds their event time `E`. A candle stream is
 * ordered by open time first: the last frame of one candle and the first of the next may carry the same `E`.
 */

export interface FramePosition {
  readonly major: number
  /** Decides among equal `major`; 0 where the kind needs none. */
  readonly minor: number
}

/** Negative when `a` stands before `b`, 0 for the same place. */
export function comparePositions(a: FramePosition, b: FramePosition): number {
  return a.major - b.major || a.minor - b.minor
}

/** Position of a combined frame's payload; `null` when it has none that we know or cannot be read. */
export function framePosition(bytes: Uint8Array, start: number, end: number): FramePosition | null {
  try {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString()
    const data = (JSON.parse(text) as Fields | null)?.['data']
    return isFields(data) ? payloadPosition(data) : null
  } catch {
    return null
  }
}

type Fields = Readonly<Record<string, unknown>>

const ID_KEYS: ReadonlyMap<unknown, string> = new Map([
  ['trade', 't'],
  ['aggTrade', 'a'],
  ['depthUpdate', 'u'],
  ['bookTicker', 'u'],
  ['markPriceUpdate', 'E'],
  ['24hrTicker', 'E'],
  ['24hrMiniTicker', 'E'],
  ['forceOrder', 'E'],
])

function payloadPosition(data: Fields): FramePosition | null {
  const event = data['e']
  // Spot sends partial depth and best bid and offer without a type.
  if (event === undefined) return position(data['lastUpdateId'] ?? data['u'])
  if (event === 'kline') return candlePosition(data['E'], data['k'])
  const key = ID_KEYS.get(event)
  return key === undefined ? null : position(data[key])
}

function candlePosition(eventTimeMs: unknown, candle: unknown): FramePosition | null {
  if (!isFields(candle) || !isId(eventTimeMs)) return null
  const openTimeMs = candle['t']
  if (!isId(openTimeMs)) return null
  // Of two frames with one event time the one that closes the candle is the later.
  return { major: openTimeMs, minor: 2 * eventTimeMs + (candle['x'] === true ? 1 : 0) }
}

function position(id: unknown): FramePosition | null {
  return isId(id) ? { major: id, minor: 0 } : null
}

function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value)
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}
