/**
 * The complete example: explicit streams, component settings, handlers for candles, books and health, and a
 * graceful end on SIGINT, SIGTERM or after ten seconds.
 *
 *   npm run example complete
 */
import { Bus, LiveDataFeedManager, LiveFeedConfig, LiveFeedError, StreamType, streamConfig, Venue } from 'feedbus'
import { SimVenue } from 'feedbus/sim'

const simulated = await SimVenue.start({ symbols: ['BTCUSDT', 'ETHUSDT'], market: 'spot', seed: 3 })

const config = new LiveFeedConfig({
  venue: Venue.SIM_SPOT,
  streams: [
    streamConfig('BTCUSDT', StreamType.KLINE, { interval: '1s' }),
    streamConfig('BTCUSDT', StreamType.DEPTH, { depthLevels: 5, updateSpeed: '100ms' }),
    streamConfig('ETHUSDT', StreamType.KLINE, { interval: '1s' }),
    streamConfig('ETHUSDT', StreamType.TICKER),
  ],
  connection: {
    baseUrl: simulated.wsUrl,
    restUrl: simulated.restUrl,
    baseReconnectDelayMs: 1_000,
    reconnectDelayMsMax: 60_000,
    reconnectJitter: 0.3,
  },
  health: { stalenessThresholdMs: 30_000, healthCheckIntervalMs: 1_000, watchdogTimeoutMs: 60_000 },
  emitPartialCandles: false,
})

const bus = new Bus()
const manager = new LiveDataFeedManager(config, bus, { name: 'my_feed' })

bus.subscribe('mkt.candles', ({ payload: candle }) => {
  const { open, high, low, close } = candle
  console.log(`[${candle.symbol}] O:${open.toFixed(2)} H:${high.toFixed(2)} L:${low.toFixed(2)} C:${close.toFixed(2)}`)
})

let books = 0
bus.subscribe('mkt.orderbook', ({ payload: book }) => {
  if (books++ % 20 !== 0 || book.spreadBps === null) return
  console.log(`[${book.symbol}] bid ${book.bestBid} ask ${book.bestAsk} spread ${book.spreadBps.toFixed(2)} bps`)
})

bus.subscribe('live.health', ({ payload: health }) => {
  for (const feed of health.feeds) {
    if (feed.isStale) console.log(`${feed.symbol}:${feed.streamType} is STALE`)
  }
})

bus.subscribe('log.event', ({ payload: event }) => console.log(`${event.level} ${event.event}: ${event.message}`))

const shutdown = new Promise<void>((resolve) => {
  process.once('SIGINT', resolve)
  process.once('SIGTERM', resolve)
  setTimeout(resolve, 10_000).unref()
})

try {
  await manager.start()
  console.log(`Live feed started: ${config.getAllSymbols().join(', ')}`)
  await shutdown
} catch (error) {
  if (error instanceof LiveFeedError) console.error(`${error.code}: ${error.message}`)
  throw error
} finally {
  await manager.stop()
  await simulated.stop()
  console.log('Shutdown complete')
}
