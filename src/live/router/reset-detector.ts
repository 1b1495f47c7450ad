/**
 * Tells a venue that started its ids again from ordinary repetition.
 *
 * Handlers drop every message at or below the last id. That is right for repeated frames and while two
 * sockets overlap, and would be silence for ever after a venue restart with smaller ids. The difference:
 *
 * - Overlap: the older socket goes on delivering new messages, so every few frames something is new; after
 *   it closes, the newer one needs only as long as it lagged behind.
 * - Restart: nothing is new any more, on the socket that delivered last or on a newer one, for as long as
 *   one looks.
 *
 * So a stream is reset when duplicates came in a row, at least `FRAMES_MIN` of them over at least
 * `SPAN_MS_MIN`, not all of them the same, from a socket that is not older than the one that delivered last. Two
 * sockets of one venue are less than that apart (their frames are written by the same second). Finalized candles
 * are never reset: their open time is the calendar's, and exactly once outweighs.
 */
import { StreamType } from '../../types/stream.js'
import type { FrameOrigin } from '../frame.js'
import type { Route } from './route-table.js'

const FRAMES_MIN = 5
const SPAN_MS_MIN = 2_000

/** A message was new. */
export function noteAccepted(route: Route, origin: FrameOrigin): void {
  route.acceptedFrom = origin
  route.duplicateRun = 0
}

/** The message in `bytes[start … end)` was a duplicate: whether its stream must be taken as started again. */
export function isVenueReset(
  route: Route,
  origin: FrameOrigin,
  receiveTimeMs: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (route.feed.spec.type === StreamType.KLINE || isOlder(origin, route.acceptedFrom)) return false
  // A wall clock that went back would make the span negative for long: begin again.
  if (route.duplicateRun === 0 || receiveTimeMs < route.duplicateRunFromMs) {
    route.duplicateRun = 0
    route.duplicateRunFromMs = receiveTimeMs
  }
  route.duplicateRun += 1
  // The second of a row, so that the single repetitions of an overlap cost nothing.
  if (route.duplicateRun === 2) route.duplicateRunHash = hashOf(bytes, start, end)
  if (route.duplicateRun < FRAMES_MIN || receiveTimeMs - route.duplicateRunFromMs < SPAN_MS_MIN) return false
  return route.duplicateRunHash !== hashOf(bytes, start, end)
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
