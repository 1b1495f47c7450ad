/**
 * One contestant in its own process: connects, warms up, measures, prints one JSON line.
 * Usage: contestant.mjs NAME PORT WORKLOAD WARMUP_MS MEASURE_MS
 */
import { connect } from 'node:net'
import { sayLine } from '../lib/json-lines.mjs'
import { streamName, streamPaths, WORKLOADS } from './corpus.mjs'

const [name, portText, workload, warmupText, measureText] = process.argv.slice(2)
const port = Number(portText)
const { market, types } = WORKLOADS[workload]
const subscribe = JSON.stringify({ method: 'SUBSCRIBE', params: ['btcusdt@trade'], id: 1 })

let messages = 0
let consumed = 0
let counted = () => messages
let sample = null
let finish = () => ({})

/** Counts frames in place, without a WebSocket library. */
function walkFrames(path) {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  )
  let upgraded = false
  let rest = Buffer.alloc(0)
  socket.on('data', (data) => {
    const bytes = rest.length === 0 ? data : Buffer.concat([rest, data])
    let offset = 0
    if (!upgraded) {
      const end = bytes.indexOf('\r\n\r\n')
      if (end < 0) {
        rest = bytes
        return
      }
      upgraded = true
      offset = end + 4
      const payload = Buffer.from(subscribe)
      socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]))
    }
    for (;;) {
      if (bytes.length - offset < 4) break
      let length = bytes[offset + 1]
      let header = 2
      if (length === 126) {
        length = (bytes[offset + 2] << 8) | bytes[offset + 3]
        header = 4
      }
      if (bytes.length - offset < header + length) break
      offset += header + length
      messages++
    }
    rest = bytes.subarray(offset)
  })
}

const contestants = {
  /** Walks WebSocket frames in place: what the kernel and Node's socket allow. */
  floor0() {
    for (const path of streamPaths(workload)) walkFrames(path)
  },

  /** `ws` with a callback that does nothing. */
  async floor1() {
    const { default: WebSocket } = await import('ws')
    for (const path of streamPaths(workload)) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { perMessageDeflate: false })
      socket.on('open', () => socket.send(subscribe))
      socket.on('message', (data) => {
        messages++
        sample ??= data.length > 60 ? data.toString().slice(0, 120) : null
      })
    }
  },

  /** `ws` and JSON.parse: what every ordinary client pays before it has done anything useful. */
  async floor2() {
    const { default: WebSocket } = await import('ws')
    for (const path of streamPaths(workload)) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { perMessageDeflate: false })
      socket.on('open', () => socket.send(subscribe))
      socket.on('message', (data) => {
        const message = JSON.parse(data.toString())
        if (message.stream !== undefined) {
          messages++
          sample ??= message.stream
        }
      })
    }
  },

  /** The whole product: manager, transport, router, handlers, health, bus, one subscriber per topic. */
  async feedbus() {
    // Another build of the package when two are compared.
    const dist = process.env.FEEDBUS_BENCH_DIST ?? new URL('../../dist', import.meta.url).href
    const { Bus, LiveDataFeedManager } = await import(`${dist}/index.js`)
    const { parseStreamList } = await import(`${dist}/live/index.js`)
    const bus = new Bus()
    const list = {
      trade: 'trade',
      aggTrade: 'aggTrade',
      bookTicker: 'bookTicker',
      kline: 'kline:1m',
      depth20: 'depth:20@100ms',
      diffDepth: 'depth:full@100ms',
      ticker: 'ticker',
      markPrice: 'markPrice@1s',
    }
    const streams = parseStreamList(
      Object.keys(types)
        .map((type) => list[type])
        .join(','),
      ['BTCUSDT'],
    )
    const topics = [
      'mkt.trades',
      'mkt.bbo',
      'mkt.candles.partial',
      'mkt.orderbook',
      'mkt.orderbook.delta',
      'mkt.ticker',
      'mkt.funding',
    ]
    for (const topic of topics) {
      bus.subscribe(topic, (envelope) => {
        consumed++
        sample ??= JSON.stringify(envelope).slice(0, 200)
      })
    }
    const url = `ws://127.0.0.1:${port}`
    const manager = new LiveDataFeedManager(
      {
        venue: market === 'spot' ? 'BINANCE_SPOT' : 'BINANCE_FUTURES',
        streams,
        emitPartialCandles: true,
        book: { emitDeltas: true },
        connection: { baseUrl: url, restUrl: `http://127.0.0.1:${port}` },
      },
      bus,
      { name: 'bench' },
    )
    await manager.start()
    // A maintained book publishes its top beside the update it came from: count what was decoded, once each.
    counted = () => manager.getStats().router.published
    finish = () => {
      const feeds = manager.getHealth().feeds
      const stats = manager.getStats()
      return {
        feeds: feeds.length,
        expected: streams.map((stream) => streamName(stream.type)).length,
        errors: feeds.reduce((sum, feed) => sum + feed.errorCount, 0),
        fallbacks: stats.router.fallback,
        duplicates: stats.router.duplicate,
        gaps: stats.gapsOpened,
        books: manager.getHealth().books.map((book) => book.state),
        consumed,
      }
    }
  },
}

await contestants[name]()
setTimeout(() => {
  const cpu = process.cpuUsage()
  const start = process.hrtime.bigint()
  const before = counted()
  setTimeout(() => {
    const elapsedUs = Number(process.hrtime.bigint() - start) / 1000
    const used = process.cpuUsage(cpu)
    const count = counted() - before
    const result = {
      name,
      messages: count,
      perSecond: (count / elapsedUs) * 1e6,
      cpuUsPerMessage: (used.user + used.system) / count,
      rssMb: process.memoryUsage.rss() / 2 ** 20,
      sample,
      ...finish(),
    }
    sayLine(result, () => process.exit(0))
  }, Number(measureText))
}, Number(warmupText))
