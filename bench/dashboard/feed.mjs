/**
 * A saturated feed whose dashboard comes and goes: the parent names a mode per line on standard input, the answer is
 * one JSON line with what was measured in it.
 *
 * Usage: feed.mjs GENERATOR_PORT WARMUP_MS MEASURE_MS
 */
import { createInterface } from 'node:readline'
import { Dashboard } from '../../dist/dashboard/index.js'
import { HttpServer } from '../../dist/http/index.js'
import { Bus, LiveDataFeedManager } from '../../dist/index.js'
import { parseStreamList } from '../../dist/live/index.js'
import { sayLine } from '../lib/json-lines.mjs'

const [portText, warmupText, measureText] = process.argv.slice(2)
const url = `127.0.0.1:${Number(portText)}`
const bus = new Bus()
let consumed = 0
// A strategy on every topic, so that a message costs what it costs a user.
for (const topic of ['mkt.trades', 'mkt.bbo', 'mkt.candles.partial', 'mkt.orderbook', 'mkt.ticker']) {
  bus.subscribe(topic, () => {
    consumed++
  })
}
const manager = new LiveDataFeedManager(
  {
    venue: 'BINANCE_SPOT',
    streams: parseStreamList('bookTicker,aggTrade,depth:full@100ms,kline:1m,trade,depth:20@100ms,ticker', ['BTCUSDT']),
    emitPartialCandles: true,
    connection: { baseUrl: `ws://${url}`, restUrl: `http://${url}` },
    health: { healthCheckIntervalMs: 1_000 },
  },
  bus,
  { name: 'bench' },
)
await manager.start()

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

let dashboard = null
let server = null
for await (const mode of createInterface({ input: process.stdin })) {
  if (mode === 'close') {
    await dashboard?.close()
    await server?.stop()
    dashboard = null
    server = null
    sayLine({ closed: true })
  } else if (mode === 'open') {
    dashboard = new Dashboard({ bus })
    server = await HttpServer.start({ sources: [manager], routes: dashboard.routes, upgrades: dashboard.upgrades })
    sayLine({ url: server.url })
  } else {
    await wait(Number(warmupText))
    const count = () => manager.getStats().router.published
    const cpu = process.cpuUsage()
    const startMs = performance.now()
    const before = count()
    await wait(Number(measureText))
    const used = process.cpuUsage(cpu)
    const messages = count() - before
    sayLine({
      messages,
      perSecond: messages / ((performance.now() - startMs) / 1_000),
      cpuUsPerMessage: (used.user + used.system) / messages,
      viewers: dashboard?.viewerCount ?? 0,
      consumed,
    })
  }
}
await manager.stop()
