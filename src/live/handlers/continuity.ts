/**
 * The place where continuity is judged. Handlers know ids, not what a hole in them means; whoever keeps the
 * gap ledger or a maintained book plugs in here and sees every new id before its message is published.
 */
import type { Feed } from '../feed.js'

export interface ContinuityCheck {
  /**
   * A message with ids `first … last` is new and about to be taken. `feed.lastId` is still the id before it
   * (-1 when there is none), so `first > feed.lastId + 1` is a hole where ids have none by nature. Called for
   * depth updates (update ids), trades (trade or aggregate id, also of trades that are not published) and
   * finalized candles (open time), never for duplicates.
   *
   * `previous` is the id that the venue names as the one before (`pu` of futures depth), else `null`.
   * Must not throw.
   */
  observe(feed: Feed, first: number, last: number, previous: number | null, receiveTimeMs: number): void
}
