/**
 * The smallest complete program: finalized candles of two symbols for five seconds.
 *
 *   npm run example quick-start
 *
 * It runs on a simulated venue inside the process. For the real one, drop the venue and say
 * `venue: Venue.BINANCE_SPOT` without `connection`.
 */
import { Bus, LiveDataFeedManager, Venue } from 'feedbus'
import { SimVenue } from 'feedbus/sim'

const venue = await SimVenue.start({ symbols: ['BTCUSDT', 'ETHUSDT'], market: 'spot', seed: 1 })

const bus = new Bus()
const manager = new LiveDataFeedManager(
  {
    venue: Venue.SIM_SPOT,
    symbols: ['BTCUSDT', 'ETHUSDT'],
    defaultKlineInterval: '1s',
    connection: { baseUrl: venue.wsUrl, restUrl: venue.restUrl },
  },
  bus,
)

bus.subscribe('mkt.candles', ({ payload: candle }) => {
  console.log(`${candle.symbol}: ${candle.close}  volume ${candle.volume}`)
})

await manager.start()
await new Promise((resolve) => setTimeout(resolve, 5_000))
await manager.stop()
await venue.stop()
