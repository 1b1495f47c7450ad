/**
 * Days of a feed on a virtual clock in a process of its own, so that its memory is its own. Run with --expose-gc;
 * argument: hours of virtual time. Prints one JSON line per hour and one at the end.
 *
 * Every ten minutes the connection is lost in turn by a reset, a planned refresh and a change of subscriptions.
 */
import { Bus } from '../../../src/bus/index.js'
import { LiveDataFeedManager, streamConfig } from '../../../src/live/index.js'
import { SeededRandom, VirtualClock } from '../../../src/runtime/index.js'
import { EndlessVenue } from './endless-venue.js'

const hours = Number(process.argv[2] ?? 24)
const collect = globalThis.gc
if (collect === undefined) throw new Error('run with --expose-gc')

const SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'BNBUSDT']
const TRADES_PER_TICK = 7
const RECONNECT_MS = 600_000

const clock = new VirtualClock()
const venue = new EndlessVenue(clock, SYMBOLS, TRADES_PER_TICK)
const bus = new Bus({ clock })
let consumed = 0
bus.subscribe('>', () => consumed++)
const streams = SYMBOLS.flatMap((symbol) => [
  streamConfig(symbol, 'TRADE'),
  streamConfig(symbol, 'BOOK_TICKER'),
  streamConfig(symbol, 'DEPTH', { updateSpeed: '100ms' }),
  streamConfig(symbol, 'KLINE', { interval: '1m' }),
])
const manager = new LiveDataFeedManager(
  {
    venue: 'SIM_SPOT',
    streams,
    connection: { baseUrl: 'ws://venue', restUrl: 'http://venue', pingIntervalMs: 30_000 },
  },
  bus,
  { name: 'endless', runtime: { clock, random: new SeededRandom(1), http: venue }, transport: venue },
)
const extra = SYMBOLS.map((symbol) => streamConfig(symbol, 'DEPTH', { depthLevels: 5 }))

venue.start()
const started = manager.start()
await clock.advance(2_000)
await started

let reconnects = 0
const settle = async (action: Promise<unknown>): Promise<void> => {
  let isSettled = false
  const done = (): void => {
    isSettled = true
  }
  action.then(done, done)
  await clock.runUntil(() => isSettled, 60_000)
  await action
}
for (let hour = 1; hour <= hours; hour++) {
  for (let part = 0; part < 6; part++) {
    await clock.advance(RECONNECT_MS - 10_000)
    const kind = reconnects++ % 3
    if (kind === 0) venue.reset()
    else if (kind === 1) await settle(manager.refresh())
    else {
      venue.reset()
      await settle(manager.subscribe(extra))
      await settle(manager.unsubscribe(extra))
    }
    await clock.advance(10_000)
  }
  collect()
  collect()
  const { heapUsed, rss, arrayBuffers } = process.memoryUsage()
  const { connections, books } = manager.getHealth()
  const line = {
    hour,
    heapUsed,
    rss,
    arrayBuffers,
    timers: clock.pendingTimerCount,
    sockets: venue.sockets.size,
    frames: venue.frames,
    reconnects,
    live: books.filter(({ state }) => state === 'LIVE').length,
    open: connections.filter(({ state }) => state === 'OPEN').length,
  }
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
const stats = manager.getStats()
venue.stop()
await settle(manager.stop())
await clock.advance(60_000)
process.stdout.write(
  `${JSON.stringify({
    end: true,
    frames: venue.frames,
    received: stats.messagesReceived,
    // Of a stream that was just taken off, or of a socket whose successor has taken over.
    leftOver: (stats.connection?.frames.unplaced ?? 0) + (stats.connection?.frames.late ?? 0),
    published: stats.messagesPublished,
    rejected: stats.messagesRejected,
    consumed,
    timers: clock.pendingTimerCount,
    sockets: venue.sockets.size,
    repeats: stats.candles?.repeatsDropped,
    lostCandles: stats.candles?.lost,
    openGaps: stats.gaps.open,
  })}\n`,
)
