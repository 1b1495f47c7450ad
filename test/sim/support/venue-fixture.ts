/** Starts venues with a fake market and ends them, with their clients, after each test. */
import { afterEach } from 'vitest'
import { VirtualClock } from '../../../src/runtime/index.js'
import { SimVenue, type SimVenueOptions } from '../../../src/sim/index.js'
import type { MarketKind } from '../../../src/types/venue.js'
import { FakeMarket } from './fake-market.js'
import { SocketClient } from './socket-client.js'

export interface VenueFixture {
  readonly venue: SimVenue
  readonly market: FakeMarket
  readonly clock: VirtualClock
}

export interface VenueTools {
  start(options?: Omit<SimVenueOptions, 'clock'> & { markets?: readonly MarketKind[] }): Promise<VenueFixture>
  connect(url: string, options?: ConstructorParameters<typeof SocketClient>[1]): Promise<SocketClient>
  /** Without waiting for it to open. */
  client(url: string, options?: ConstructorParameters<typeof SocketClient>[1]): SocketClient
}

export function useVenues(): VenueTools {
  const venues: SimVenue[] = []
  const clients: SocketClient[] = []
  afterEach(async () => {
    for (const client of clients.splice(0)) client.ws.terminate()
    for (const venue of venues.splice(0)) await venue.stop()
  })
  const client: VenueTools['client'] = (url, options) => {
    const made = new SocketClient(url, options)
    clients.push(made)
    return made
  }
  return {
    start: async ({ markets, ...options } = {}) => {
      const clock = new VirtualClock(options.startWallMs === undefined ? {} : { startWallMs: options.startWallMs })
      const market = new FakeMarket(clock, markets === undefined ? {} : { markets })
      const venue = await SimVenue.start({ lateAckChance: 0, ...options, clock, source: market })
      venues.push(venue)
      return { venue, market, clock }
    },
    connect: (url, options) => client(url, options).opened(),
    client,
  }
}
