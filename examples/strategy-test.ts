/**
 * Test a strategy against the simulated venue: ten minutes of market in a moment, every connection cut in the
 * middle of it, and no finalized candle missing or different from what really happened.
 *
 *   npm run example strategy-test
 */
import assert from 'node:assert/strict'
import { Bus, type Candle, LiveDataFeedManager, Venue } from 'feedbus'
import { VirtualClock } from 'feedbus/runtime'
import { SimHttpClient, SimTransport, SimVenue } from 'feedbus/sim'

const clock = new VirtualClock()
const venue = await SimVenue.start({ clock, seed: 7, market: 'spot', symbols: ['BTCUSDT'], listen: false })
const bus = new Bus({ clock })
const candles: Candle[] = []
bus.subscribe('mkt.candles', ({ payload }) => candles.push(payload)) // your strategy goes here

const connection = { baseUrl: 'ws://sim', restUrl: 'http://sim' }
const manager = new LiveDataFeedManager({ venue: Venue.SIM_SPOT, symbols: ['BTCUSDT'], connection }, bus, {
  runtime: { clock, http: new SimHttpClient(venue) },
  transport: new SimTransport(venue),
})
const started = manager.start()
await venue.advance(1_000)
await started
await venue.advance(170_000)
assert.equal(venue.cut(), 1)
await venue.advance(430_000)

const bar = (open: number, close: number): string => `${open} ${close}`
const fromMs = candles[0]?.openTimeMs ?? 0
const truth = venue.oracle.candles('BTCUSDT', '1m', { fromMs })
assert.deepEqual(
  candles.map((candle) => bar(candle.openTimeMs, candle.close)),
  truth.slice(0, candles.length).map((candle) => bar(candle.openTime, Number(candle.close))),
)
assert.ok(candles.length >= 9, `only ${candles.length} candles`)
console.log(`${candles.length} candles, none missing, after ${venue.oracle.faults().length} fault`)

await Promise.all([manager.stop(), venue.advance(2_000)]) // closing takes a moment of virtual time, too
await venue.stop()
