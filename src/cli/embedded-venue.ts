/**
 * The simulated venue inside the command's own process: started when a `SIM_*` venue is asked for without
 * an address, reached over real loopback sockets like any other venue.
 */
import type { Clock } from '../runtime/index.js'
import { SimVenue } from '../sim/index.js'
import type { MarketKind, Venue } from '../types/index.js'

export interface EmbeddedVenueOptions {
  readonly venues: readonly Venue[]
  readonly symbols: readonly string[]
  readonly seed: number
  readonly faults: string
  readonly speed: number
  readonly clock: Clock
}

export function isSimulated(venue: Venue): boolean {
  return venue === 'SIM_SPOT' || venue === 'SIM_FUTURES'
}

export function startEmbeddedVenue(options: EmbeddedVenueOptions): Promise<SimVenue> {
  const spot = options.venues.includes('SIM_SPOT')
  const futures = options.venues.includes('SIM_FUTURES')
  const market: MarketKind | 'both' = spot && futures ? 'both' : futures ? 'futures' : 'spot'
  return SimVenue.start({
    port: 0,
    symbols: options.symbols,
    market,
    seed: options.seed,
    faults: options.faults,
    speed: options.speed,
    clock: options.clock,
  })
}
