/**
 * A program of its own, for `process-exit.test.ts`: brings a manager into the named state, stops it, says so, and
 * must then end by itself. Arguments: state, stream address, REST address.
 */
import { Bus } from '../../../src/bus/index.js'
import { HttpServer } from '../../../src/http/index.js'
import { LiveDataFeedManager } from '../../../src/live/index.js'
import { FeedMetrics } from '../../../src/metrics/index.js'

const [, , state = '', baseUrl = '', restUrl = ''] = process.argv

const bus = new Bus()
const manager = new LiveDataFeedManager(
  {
    venue: 'SIM_SPOT',
    symbols: ['BTCUSDT'],
    subscribeTrades: true,
    subscribeBookTicker: true,
    // Long waits on purpose: whatever is left behind keeps the process for ten minutes.
    connection: { baseUrl, restUrl, baseReconnectDelayMs: 600_000, reconnectDelayMsMax: 600_000, reconnectJitter: 0 },
  },
  bus,
)
const metrics = new FeedMetrics({ bus, sources: [manager] })
const http = await HttpServer.start({ sources: [manager], metrics })
await metrics.text()

function firstMessage(): Promise<void> {
  return new Promise((resolve) => {
    const subscription = bus.subscribe('mkt.>', () => {
      subscription.unsubscribe()
      resolve()
    })
  })
}

function connectionIn(wanted: string): Promise<void> {
  return new Promise((resolve) => {
    const subscription = bus.subscribe('live.health', ({ payload }) => {
      if (payload.connections[0]?.state !== wanted) return
      subscription.unsubscribe()
      resolve()
    })
  })
}

switch (state) {
  case 'STOPPED':
    break
  case 'STARTING':
    manager.start().catch(() => {})
    break
  case 'RUNNING':
    await Promise.all([manager.start(), firstMessage()])
    break
  case 'RECONNECTING':
    await Promise.all([manager.start(), firstMessage()])
    process.stdout.write('running\n')
    await connectionIn('BACKOFF')
    break
  case 'REFRESHING':
    await Promise.all([manager.start(), firstMessage()])
    manager.refresh().catch(() => {})
    break
  case 'STOPPING':
    await Promise.all([manager.start(), firstMessage()])
    void manager.stop()
    break
  case 'FAILED':
    await manager.start().catch(() => {})
    break
  default:
    throw new Error(`unknown state ${state}`)
}
process.stdout.write(`state ${manager.state}\n`)
await manager.stop()
await http.stop()
process.stdout.write('stopped\n')
