/**
 * Slow consumers never slow the feed: one handler awaits, one stream conflates, and the statistics tell
 * exactly what each policy dropped.
 *
 *   npm run example slow-consumers
 */
import { Bus, LiveDataFeedManager, Venue } from 'feedbus'
import { SimVenue } from 'feedbus/sim'

const venue = await SimVenue.start({ symbols: ['BTCUSDT', 'ETHUSDT'], market: 'spot', seed: 11 })
const bus = new Bus()
const manager = new LiveDataFeedManager(
  {
    venue: Venue.SIM_SPOT,
    symbols: ['BTCUSDT', 'ETHUSDT'],
    subscribeBookTicker: true,
    connection: { baseUrl: venue.wsUrl, restUrl: venue.restUrl },
  },
  bus,
)
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const slow = bus.subscribe(
  'mkt.bbo',
  async () => {
    await pause(100) // pretends to write to a database
  },
  { capacity: 16, overflow: 'dropOldest' },
)

let latest = 0
const watcher = (async () => {
  for await (const { payload } of bus.stream('mkt.bbo', { capacity: 16, overflow: 'conflate' })) {
    await pause(250) // always sees the newest of each symbol, never the backlog
    latest = payload.sequence
  }
})()

await manager.start()
await pause(5_000)
await manager.stop()
const { offered, delivered, dropped, queued } = slow.stats()
console.log(`slow handler: offered ${offered} = saved ${delivered} + dropped ${dropped} + waiting ${queued}`)
bus.close()
await watcher
console.log(`conflating reader: never behind, last saw sequence ${latest}`)
await venue.stop()
