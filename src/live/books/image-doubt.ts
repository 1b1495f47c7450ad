/**
 * Whether a snapshot can be believed although the stream has not reached it.
 *
 * A snapshot is usually a little ahead of the updates that wait for it, by what happened while it was on its way, and a
 * book built on it is right at once. One that is far ahead may be that too (a burst, a socket that is behind), or it was
 * cached before the venue began its ids again: then its id is of another count, every update would look old beside it,
 * and the book would be LIVE with levels of the past. Updates tell the two apart: they reach the one and never the other.
 *
 * How far is far depends on the symbol, so it is measured in ids of one update. A snapshot that carries a time (futures)
 * cannot hold an update that was sent after it.
 */
import type { OrderBookDelta } from '../../types/order-book.js'

/** Snapshots on their way for this many updates are believed: three seconds of the usual speed. */
const LEAD_UPDATES_MAX = 30
/** Clocks of the servers that send updates and snapshots may differ by this much. */
const CLOCK_TOLERANCE_MS = 2_000

/** What is judged of a snapshot. */
export interface DatedImage {
  readonly sequence: number
  /** Epoch ms; absent where the venue sends none (spot). */
  readonly venueTimeMs?: number
}

/** `updates` are those that wait, by rising id; `previousEnd` is the last id before one that may be its symbol's. */
export function isInDoubt(
  image: DatedImage,
  updates: readonly OrderBookDelta[],
  previousEnd: (update: OrderBookDelta) => number,
): boolean {
  const newest = updates.at(-1)
  if (newest === undefined || image.sequence < newest.sequence) return false
  const { venueTimeMs } = image
  if (venueTimeMs !== undefined && venueTimeMs < newest.venueTimeMs - CLOCK_TOLERANCE_MS) return true
  let idsPerUpdate = 1
  for (const update of updates) idsPerUpdate = Math.max(idsPerUpdate, update.sequence - previousEnd(update))
  return image.sequence - newest.sequence > LEAD_UPDATES_MAX * idsPerUpdate
}
