/**
 * A feed in a process of its own, for `kill.test.ts`: every candle it is handed goes to a file before anything else
 * happens. Arguments: stream address, REST address, state folder, output file, number of this process, and
 * after how many candles it kills itself inside the subscriber (0: never).
 */
import { openSync, writeSync } from 'node:fs'
import { Bus } from '../../../src/bus/index.js'
import { LiveDataFeedManager, streamConfig } from '../../../src/live/index.js'

const [, , baseUrl = '', restUrl = '', stateDir = '', output = '', processNumber = '', killAfter = '0'] = process.argv

const file = openSync(output, 'a')
const bus = new Bus()
let count = 0
bus.subscribe('mkt.candles', ({ payload }) => {
  writeSync(file, `${processNumber} ${payload.symbol} ${payload.openTimeMs} ${payload.origin}\n`)
  // Between the delivery and the saving of the position: the only moment that may repeat a candle.
  if (++count === Number(killAfter)) process.kill(process.pid, 'SIGKILL')
})
const manager = new LiveDataFeedManager(
  {
    venue: 'SIM_SPOT',
    streams: ['BTCUSDT', 'ETHUSDT'].map((symbol) => streamConfig(symbol, 'KLINE', { interval: '1s' })),
    connection: { baseUrl, restUrl, baseReconnectDelayMs: 200 },
    candles: { stateDir, closeGraceMs: 2_500 },
  },
  bus,
  { name: 'killed' },
)
process.on('SIGTERM', () => void manager.stop())
await manager.start()
