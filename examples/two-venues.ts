/**
 * Two managers on one bus: spot and futures side by side, told apart by `source` and `venue`.
 *
 *   npm run example two-venues
 */
import { Bus, LiveDataFeedManager, Venue } from 'feedbus'
import { SimVenue } from 'feedbus/sim'

const venue = await SimVenue.start({ symbols: ['BTCUSDT'], market: 'both', seed: 13 })
const connection = { baseUrl: venue.wsUrl, restUrl: venue.restUrl }
const bus = new Bus()
const spot = new LiveDataFeedManager(
  { venue: Venue.SIM_SPOT, symbols: ['BTCUSDT'], subscribeBookTicker: true, connection },
  bus,
  { name: 'spot' },
)
const futures = new LiveDataFeedManager(
  { venue: Venue.SIM_FUTURES, symbols: ['BTCUSDT'], subscribeBookTicker: true, connection },
  bus,
  { name: 'futures' },
)

const mid = new Map<string, number>()
bus.subscribe('mkt.bbo', ({ payload, source }) => {
  mid.set(source, (payload.bid + payload.ask) / 2)
})

await Promise.all([spot.start(), futures.start()])
for (let second = 0; second < 5; second++) {
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  const [spotMid = Number.NaN, futuresMid = Number.NaN] = [mid.get('spot'), mid.get('futures')]
  const basis = futuresMid - spotMid
  console.log(`spot ${spotMid.toFixed(2)}  futures ${futuresMid.toFixed(2)}  basis ${basis.toFixed(2)}`)
}
await Promise.all([spot.stop(), futures.stop()])
await venue.stop()
