/**
 * Where a frame stands in its stream, as a redundant pair compares the copies of two sockets: which comes first,
 * and whether anything is missing before it.
 *
 * Called for every frame of a pair, so the few numbers that decide are searched for in the bytes; a frame in which
 * that fails is read as JSON. Ids by kind as in `frame-position.ts`; besides them the event time, because a copy
 * is never newer than the original, while a venue that starts its ids again goes on in time.
 */
import { StreamType } from '../../types/stream.js'
import type { StreamSpec } from '../config/stream-spec.js'

export interface PairPosition {
  /** Of the first thing in the frame; `NaN` where a hole cannot be seen from ids. */
  readonly first: number
  readonly major: number
  /** Decides among equal `major`; 0 where the kind needs none. */
  readonly minor: number
  /** Event time where it is not the position itself; `NaN` where there is none. */
  readonly timeMs: number
}

/** Negative when `a` stands before `b`, 0 for the same place. */
export function comparePairPositions(a: PairPosition, b: PairPosition): number {
  return a.major - b.major || a.minor - b.minor
}

/** Whether nothing is missing between `last` and `next`; `false` also where ids cannot tell. */
export function isNextTo(last: PairPosition, next: PairPosition): boolean {
  return next.first <= last.major + 1
}

/** `null` when the frame has no position that we know or is not complete. */
export function pairPosition(spec: StreamSpec, bytes: Uint8Array, start: number, end: number): PairPosition | null {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start)
  // A truncated frame must not count as the first copy: the other one may be whole.
  if (frame.length < 2 || frame[frame.length - 1] !== BRACE || frame[frame.length - 2] !== BRACE) return null
  return positionOf(spec, (key) => integerAt(frame, key))
}

type Integer = (key: Key) => number

interface Key {
  readonly name: string
  readonly bytes: Buffer
}

const BRACE = 0x7d
const key = (name: string): Key => ({ name, bytes: Buffer.from(`"${name}":`) })
const AGG_ID = key('a')
const EVENT_TIME = key('E')
const FIRST_ID = key('U')
const LAST_ID = key('u')
const OPEN_TIME = key('t')
const PREVIOUS_ID = key('pu')
const SNAPSHOT_ID = key('lastUpdateId')
/** Not a number: whether these bytes are there. */
const CLOSED: Key = { name: 'x', bytes: Buffer.from('"x":true') }

function positionOf(spec: StreamSpec, integer: Integer): PairPosition | null {
  switch (spec.type) {
    case StreamType.TRADE:
      return numbered(integer(OPEN_TIME), integer(OPEN_TIME), integer(EVENT_TIME))
    case StreamType.AGG_TRADE:
      return numbered(integer(AGG_ID), integer(AGG_ID), integer(EVENT_TIME))
    case StreamType.DEPTH:
      return spec.depthLevels === null ? diffPosition(spec, integer) : partialPosition(integer)
    case StreamType.BOOK_TICKER:
      return numbered(Number.NaN, integer(LAST_ID), integer(EVENT_TIME))
    case StreamType.KLINE: {
      // Of two frames with one event time the one that closes the candle is the later.
      const minor = 2 * integer(EVENT_TIME) + integer(CLOSED)
      const major = integer(OPEN_TIME)
      return Number.isNaN(major + minor) ? null : { first: Number.NaN, major, minor, timeMs: Number.NaN }
    }
    case StreamType.MARK_PRICE:
    case StreamType.TICKER:
    case StreamType.MINI_TICKER:
    case StreamType.LIQUIDATION:
      return numbered(Number.NaN, integer(EVENT_TIME), Number.NaN)
  }
}

/** Futures ids are shared by all symbols: there the id of the update before says what the first one would. */
function diffPosition(spec: StreamSpec, integer: Integer): PairPosition | null {
  const first = spec.route === '' ? integer(FIRST_ID) : integer(PREVIOUS_ID) + 1
  return numbered(first, integer(LAST_ID), integer(EVENT_TIME))
}

function partialPosition(integer: Integer): PairPosition | null {
  const id = integer(SNAPSHOT_ID)
  return numbered(Number.NaN, Number.isNaN(id) ? integer(LAST_ID) : id, integer(EVENT_TIME))
}

function numbered(first: number, major: number, timeMs: number): PairPosition | null {
  return Number.isSafeInteger(major) ? { first, major, minor: 0, timeMs } : null
}

/** `NaN` when the frame has no such number. */
function integerAt(frame: Buffer, { name, bytes }: Key): number {
  if (bytes === CLOSED.bytes) return frame.includes(bytes) ? 1 : 0
  const at = frame.indexOf(bytes)
  // With blanks after the colon, or no such field: rare enough to read the whole.
  if (at < 0) return frame.includes(`"${name}"`) ? readJson(frame, name) : Number.NaN
  let value = 0
  let digits = 0
  for (let index = at + bytes.length; index < frame.length; index++, digits++) {
    const digit = (frame[index] as number) - 0x30
    if (digit < 0 || digit > 9) break
    value = 10 * value + digit
  }
  return digits === 0 ? readJson(frame, name) : value
}

function readJson(frame: Buffer, name: string): number {
  try {
    const data = (JSON.parse(frame.toString()) as { data?: Record<string, unknown> } | null)?.data
    const candle = data?.['k'] as Record<string, unknown> | undefined
    const value = data?.[name] ?? candle?.[name]
    return typeof value === 'number' && Number.isSafeInteger(value) ? value : Number.NaN
  } catch {
    return Number.NaN
  }
}
