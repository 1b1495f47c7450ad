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

let saved = 0
bus.subscribe(
  'mkt.bbo',
  async () => {
    await pause(100) // pretends to write to a database
    saved++
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
const { published = 0, dropped = 0 } = bus.stats().topics['mkt.bbo'] ?? {}
console.log(`published ${published}, saved by the slow handler ${saved}, dropped by policy ${dropped}`)
bus.close()
await watcher
console.log(`newest sequence the conflating reader saw: ${latest}`)
await venue.stop()
