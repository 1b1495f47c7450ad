/**
 * Break the feed and watch it heal: the venue cuts every connection after three seconds; the audit trail and
 * the health topic say what happens.
 *
 *   npm run example watch-it-heal
 */
import { Bus, LiveDataFeedManager, Venue } from 'feedbus'
import { SimVenue } from 'feedbus/sim'

const venue = await SimVenue.start({ symbols: ['BTCUSDT'], market: 'spot', seed: 9 })
const bus = new Bus()
const manager = new LiveDataFeedManager(
  {
    venue: Venue.SIM_SPOT,
    symbols: ['BTCUSDT'],
    subscribeBookTicker: true,
    connection: { baseUrl: venue.wsUrl, restUrl: venue.restUrl, baseReconnectDelayMs: 500 },
  },
  bus,
)

bus.subscribe('log.event', ({ payload: event }) => console.log(`${event.event}: ${event.message}`))
bus.subscribe('live.health', ({ payload: health }) => {
  const connections = health.connections.map(
    (connection) => `${connection.id}#${connection.generation} ${connection.state}`,
  )
  console.log(`health: ${health.state}, ${connections.join(', ')}, ${health.totalMessageCount} messages`)
})

await manager.start()
await new Promise((resolve) => setTimeout(resolve, 3_000))
venue.cut()
await new Promise((resolve) => setTimeout(resolve, 4_000))
const reconnects = manager.getHealth().connections.reduce((sum, connection) => sum + connection.reconnectCount, 0)
console.log(`reconnects: ${reconnects}`)
await manager.stop()
await venue.stop()
if (reconnects === 0) process.exitCode = 1
