/**
 * What a scrape costs with many symbols: series, bytes, and for how long it keeps the event loop from the market
 * data. The source is made up of health and counters alone, four streams and one book per symbol. Needs a build.
 *
 *   node bench/scrape.mjs [--symbols 500] [--rounds 30]
 *
 * Time is wall time of one scrape; a blocked turn is what a 1 ms timer was late at most. Medians over the rounds,
 * after three rounds of warm-up.
 */
import { parseArgs } from 'node:util'
import { Bus } from '../dist/bus/index.js'
import { FeedMetrics } from '../dist/metrics/index.js'
import { load, median } from './lib/figures.mjs'

const { values } = parseArgs({
  options: {
    symbols: { type: 'string', default: '500' },
    rounds: { type: 'string', default: '30' },
    smoke: { type: 'boolean', default: false },
  },
})
const symbolCount = values.smoke ? 20 : Number(values.symbols)
const rounds = values.smoke ? 3 : Number(values.rounds)
const STREAMS = [
  ['KLINE', '1m'],
  ['DEPTH', ''],
  ['AGG_TRADE', ''],
  ['BOOK_TICKER', ''],
]

const symbols = Array.from({ length: symbolCount }, (_, index) => `SYMBOL${index}USDT`)
let scrapes = 0

function health() {
  scrapes++
  return {
    name: 'spot',
    venue: 'BINANCE_SPOT',
    state: 'RUNNING',
    timeMs: 0,
    uptimeMs: 1_000 * scrapes,
    totalMessageCount: 10_000 * scrapes,
    totalErrorCount: 0,
    connections: Array.from({ length: Math.ceil((symbolCount * STREAMS.length) / 200) }, (_, index) => ({
      id: `spot-${index}`,
      route: '',
      generation: 1,
      state: 'OPEN',
      url: '',
      uptimeMs: 1_000,
      reconnectCount: 0,
      reconnectAttempt: 0,
      lastMessageAgeMs: 3,
      rttMs: 12.5,
      nextRefreshInMs: 1_000,
      streamCount: 200,
      paths: [],
    })),
    feeds: symbols.flatMap((symbol, index) =>
      STREAMS.map(([streamType, detail]) => ({
        symbol,
        streamType,
        detail,
        stream: '',
        connectionId: 'spot-0',
        state: 'OK',
        isStale: false,
        messageCount: scrapes * index,
        errorCount: 0,
        ratePerSecond: 4.2,
        lastMessageAgeMs: 120.25,
        latencyMs: { p50: 12.25, p99: 31.5 },
        gapCount: 0,
      })),
    ),
    books: symbols.map((symbol) => ({
      symbol,
      state: 'LIVE',
      sequence: scrapes,
      resyncCount: 0,
      appliedCount: scrapes,
      bufferedCount: 0,
      snapshotCount: 1,
      snapshotFailureCount: 0,
      bidLevels: 1_000,
      askLevels: 1_000,
    })),
    clock: { offsetMs: 1.2, uncertaintyMs: 2.1, ageMs: 4_000, sampleCount: 8 },
    bus: { published: 0, delivered: 0, dropped: 0, handlerErrors: 0, queueDepth: 0 },
  }
}

const bus = new Bus()
const metrics = new FeedMetrics({ bus, sources: [{ name: 'spot', state: 'RUNNING', getHealth: health }] })
const tookMs = []
const blockedMs = []
let text = ''
for (let round = -3; round < rounds; round++) {
  let last = performance.now()
  let longest = 0
  const timer = setInterval(() => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
  }, 1)
  await new Promise((resolve) => setTimeout(resolve, 5))
  const start = performance.now()
  text = await metrics.text()
  const took = performance.now() - start
  await new Promise((resolve) => setTimeout(resolve, 5))
  clearInterval(timer)
  if (round >= 0) {
    tookMs.push(took)
    blockedMs.push(longest)
  }
}
metrics.close()
const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length
const feeds = symbolCount * STREAMS.length
console.log(`node ${process.version}, load ${load()}, ${rounds} rounds`)
console.log(`${symbolCount} symbols, ${feeds} feeds, ${symbolCount} books: ${series} series, ${text.length} bytes`)
console.log(`scrape ${median(tookMs).toFixed(0)} ms (longest ${Math.max(...tookMs).toFixed(0)} ms)`)
console.log(`longest blocked turn ${median(blockedMs).toFixed(0)} ms (worst ${Math.max(...blockedMs).toFixed(0)} ms)`)
if (series < feeds * 8) throw new Error('feeds are missing in the scrape')
