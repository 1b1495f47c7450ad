/**
 * A feed in a process of its own, for `sleep.test.ts`: writes what it hears as JSON lines. Arguments: stream address,
 * REST address, output file.
 */
import { openSync, writeSync } from 'node:fs'
import { Bus } from '../../../src/bus/index.js'
import { LiveDataFeedManager, streamConfig } from '../../../src/live/index.js'

const [, , baseUrl = '', restUrl = '', output = ''] = process.argv

const file = openSync(output, 'a')
const write = (kind: string, value: object): void => {
  writeSync(file, `${JSON.stringify({ kind, at: Date.now(), ...value })}\n`)
}
const bus = new Bus()
bus.subscribe('mkt.candles', ({ payload: { openTimeMs, origin } }) => write('candle', { openTimeMs, origin }))
bus.subscribe('mkt.trades', ({ payload: { id } }) => write('trade', { id }))
bus.subscribe('live.gap', ({ payload }) => write('gap', { gap: payload }))
bus.subscribe('log.event', ({ payload }) => write('log', { event: payload.event, message: payload.message }))
bus.subscribe('live.health', ({ payload: { state, feeds, books } }) =>
  write('health', {
    state,
    books: books.map((book) => book.state),
    feeds: feeds.map((feed) => [feed.stream, feed.state, feed.lastMessageAgeMs, feed.latencyMs?.p99 ?? null]),
  }),
)
const manager = new LiveDataFeedManager(
  {
    venue: 'SIM_SPOT',
    streams: [
      streamConfig('BTCUSDT', 'KLINE', { interval: '1s' }),
      streamConfig('BTCUSDT', 'TRADE'),
      streamConfig('BTCUSDT', 'BOOK_TICKER'),
      streamConfig('BTCUSDT', 'DEPTH', { updateSpeed: '100ms' }),
    ],
    connection: { baseUrl, restUrl, pingIntervalMs: 1_000, pingTimeoutMs: 1_000, baseReconnectDelayMs: 200 },
    health: { stalenessThresholdMs: 3_000, healthCheckIntervalMs: 500, watchdogTimeoutMs: 5_000 },
    candles: { closeGraceMs: 2_500 },
  },
  bus,
  { name: 'sleeper' },
)
process.on('SIGTERM', () => void manager.stop())
await manager.start()
