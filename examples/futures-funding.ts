/**
 * Futures: mark price, funding rate and the best bid and offer, which the venue serves on two routes.
 *
 *   npm run example futures-funding
 */
import { Bus, LiveDataFeedManager, Venue } from 'feedbus'
import { SimVenue } from 'feedbus/sim'

const venue = await SimVenue.start({ symbols: ['BTCUSDT'], market: 'futures', seed: 5 })
const bus = new Bus()
const manager = new LiveDataFeedManager(
  {
    venue: Venue.SIM_FUTURES,
    symbols: ['BTCUSDT'],
    subscribeFunding: true,
    subscribeBookTicker: true,
    connection: { baseUrl: venue.wsUrl, restUrl: venue.restUrl },
  },
  bus,
)

bus.subscribe('mkt.funding', ({ payload: funding }) => {
  const rate = funding.fundingRate === null ? 'none' : `${(funding.fundingRate * 100).toFixed(4)}%`
  console.log(`${funding.symbol} mark ${funding.markPrice} index ${funding.indexPrice} funding ${rate}`)
})

await manager.start()
for (const connection of manager.getHealth().connections) {
  console.log(`${connection.id}: ${connection.state}, ${connection.streamCount} streams, ${connection.url}`)
}
await new Promise((resolve) => setTimeout(resolve, 7_000))
const bbo = bus.last('mkt.bbo', 'BTCUSDT')
console.log(`last best bid and offer: ${bbo?.payload.bid} / ${bbo?.payload.ask}`)
await manager.stop()
await venue.stop()
