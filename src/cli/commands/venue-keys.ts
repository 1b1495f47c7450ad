/** Keys that break the simulated venue, so that a person can watch the feed heal. */
import type { SimVenue } from '../../sim/index.js'
import type { KeyBinding } from '../keys.js'

const STALL_MS = 35_000

export function venueKeys(venue: SimVenue): KeyBinding[] {
  return [
    { key: 'c', help: 'c cut the connections', action: () => void venue.cut() },
    { key: 's', help: 's stall a stream', action: () => void venue.stall({ streamIndex: 0 }, STALL_MS) },
  ]
}
