/**
 * Tells a venue that started its ids again from ordinary repetition.
 *
 * Handlers drop every message at or below the last id. That is right for repeated frames and while two
 * sockets overlap, and would be silence for ever after a venue restart with smaller ids. The difference:
 *
 * - A copy is as old as its original, however far behind its socket is: its event time is not above that of the
 *   last message taken. An old id with a newer event time is a new message under ids that began again.
 * - Where a message has no time, or the time is its id (spot best bid and offer and partial depth; mark price,
 *   tickers, liquidations): after a restart nothing is new any more, for as long as one looks. On the socket that
 *   delivered last that is soon plain; on another one, copies may go on for as long as it is behind.
 *
 * So a stream is reset after `NEWER_FRAMES_MIN` such newer messages in a row, of which none is lost: the router holds
 * them until it is plain what they are. Else when duplicates came in a row, at
 * least `FRAMES_MIN` of them, not all of them the same, over a span that is longer where they may be copies of a
 * socket behind (a venue may come back with its clock behind as well). Sockets older than the one that delivered
 * last do not count. Finalized candles are never reset: their open time is the calendar's, and
 * exactly once outweighs.
 */
import { StreamType } from '../../types/stream.js'
import type { FrameOrigin } from '../frame.js'
import type { Route } from './route-table.js'

const NEWER_FRAMES_MIN = 3
const FRAMES_MIN = 5
const SPAN_MS_MIN = 2_000
/** Longer than two sockets of one venue are apart, also when one of them is slow. */
const LAG_SPAN_MS_MIN = 10_000
/** Rounding of a venue time that was computed back from a latency. */
const ROUNDING_MS = 0.5

/** A message was new. */
export function noteAccepted(route: Route, origin: FrameOrigin, receiveTimeMs: number): void {
  route.acceptedFrom = origin
  route.acceptedAtMs = receiveTimeMs
  route.duplicateRun = 0
  route.newerRun = 0
}

/** What a message with an id at or below the last one is. */
export const Repetition = {
  /** Seen before. */
  COPY: 0,
  /** Newer than what came last, as no copy is: the next ones will tell. */
  IN_DOUBT: 1,
  /** Under ids that began again, as are those in doubt before it. */
  RESET: 2,
} as const
export type Repetition = (typeof Repetition)[keyof typeof Repetition]

/** Judges the duplicate in `bytes[start … end)`. */
export function judgeDuplicate(
  route: Route,
  origin: FrameOrigin,
  receiveTimeMs: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): Repetition {
  const { feed } = route
  if (feed.spec.type === StreamType.KLINE || isOlder(origin, route.acceptedFrom)) return Repetition.COPY
  const newerMs = isTimeItsId(feed.spec.type) ? Number.NaN : newerBy(route, bytes, start, end)
  // A wall clock that went back would make the span negative for long: begin again.
  if (route.duplicateRun === 0 || receiveTimeMs < route.duplicateRunFromMs) {
    route.duplicateRun = 0
    route.duplicateRunFromMs = receiveTimeMs
    route.duplicateRunMayLag = false
  }
  route.duplicateRun += 1
  if (newerMs > ROUNDING_MS) {
    route.newerRun += 1
    return route.newerRun >= NEWER_FRAMES_MIN ? Repetition.RESET : Repetition.IN_DOUBT
  }
  // The second of a row, so that the single repetitions of an overlap cost nothing.
  if (route.duplicateRun === 2) route.duplicateRunHash = hashOf(bytes, start, end)
  if (newerMs < -ROUNDING_MS || (Number.isNaN(newerMs) && origin !== route.acceptedFrom))
    route.duplicateRunMayLag = true
  const spanMs = route.duplicateRunMayLag ? LAG_SPAN_MS_MIN : SPAN_MS_MIN
  if (route.duplicateRun < FRAMES_MIN || receiveTimeMs - route.duplicateRunFromMs < spanMs) return Repetition.COPY
  return route.duplicateRunHash === hashOf(bytes, start, end) ? Repetition.COPY : Repetition.RESET
}

function isTimeItsId(type: StreamType): boolean {
  switch (type) {
    case StreamType.MARK_PRICE:
    case StreamType.TICKER:
    case StreamType.MINI_TICKER:
    case StreamType.LIQUIDATION:
      return true
    default:
      return false
  }
}

/** How much newer than the last message taken this one says it is, in ms; `NaN` when one of them has no time. */
function newerBy({ feed, acceptedAtMs }: Route, bytes: Uint8Array, start: number, end: number): number {
  return eventTimeOf(bytes, start, end) - (acceptedAtMs - feed.lastLatencyMs)
}

const EVENT_TIME = Buffer.from('"E":')

function eventTimeOf(bytes: Uint8Array, start: number, end: number): number {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start)
  let at = frame.indexOf(EVENT_TIME)
  if (at < 0) return Number.NaN
  at += EVENT_TIME.length
  // Some relatives of the venue write blanks.
  while (at < frame.length && (frame[at] as number) <= 0x20) at++
  let value = 0
  let digits = 0
  for (; at < frame.length; at++, digits++) {
    const digit = (frame[at] as number) - 0x30
    if (digit < 0 || digit > 9) break
    value = 10 * value + digit
  }
  return digits === 0 ? Number.NaN : value
}

/** FNV-1a. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193)
  return hash
}

/** An earlier socket of the same connection. A stream that moved to another connection counts as newer. */
function isOlder(origin: FrameOrigin, than: FrameOrigin | null): boolean {
  return than !== null && origin.connectionId === than.connectionId && origin.generation < than.generation
}
