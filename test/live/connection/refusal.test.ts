/**
 * A venue that refuses everybody for five seconds and then accepts again, over real sockets: how soon every stream
 * speaks, and how often the door was knocked at meanwhile.
 *
 * FEEDBUS_REFUSALS=<count> measures that many recoveries, twenty feeds at a time.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Bus } from '../../../src/bus/index.js'
import { LiveDataFeedManager, streamConfig } from '../../../src/live/index.js'
import { ProcessShared, SeededRandom } from '../../../src/runtime/index.js'
import { SimVenue } from '../../../src/sim/index.js'
import { percentile, reportFigures } from '../../support/figures.js'
import { waitFor } from '../../support/wait-for.js'

const RECOVERIES = Number(process.env['FEEDBUS_REFUSALS'] ?? 10)
const AT_ONCE = 20
const REFUSED_MS = 5_000
const SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'BNBUSDT', 'XRPUSDT']

let venue: SimVenue
beforeAll(async () => {
  venue = await SimVenue.start({
    symbols: SYMBOLS,
    market: 'spot',
    seed: 5,
    extras: false,
    limits: { connectAttempts: 1_000_000 },
  })
})
afterAll(() => venue.stop())

interface Fed {
  readonly manager: LiveDataFeedManager
  /** Streams heard since the last `forget`, with the time the last of them was first heard. */
  readonly heard: Map<string, number>
}

async function feed(seed: number): Promise<Fed> {
  const bus = new Bus()
  const heard = new Map<string, number>()
  bus.subscribe('mkt.orderbook', ({ payload }) => {
    if (!heard.has(payload.symbol)) heard.set(payload.symbol, performance.now())
  })
  const manager = new LiveDataFeedManager(
    {
      venue: 'SIM_SPOT',
      streams: SYMBOLS.map((symbol) => streamConfig(symbol, 'DEPTH', { depthLevels: 5, updateSpeed: '100ms' })),
      connection: {
        baseUrl: venue.wsUrl,
        restUrl: venue.restUrl,
        baseReconnectDelayMs: 600,
        reconnectDelayMsMax: 1_200,
        reconnectJitter: 0.1,
      },
    },
    bus,
    // Feeds of one process take turns at the venue's door; these stand for processes of their own.
    { name: `feed${seed}`, runtime: { random: new SeededRandom(seed), shared: new ProcessShared() } },
  )
  await manager.start()
  await waitFor(() => heard.size === SYMBOLS.length, { what: 'the first messages' })
  return { manager, heard }
}

describe('a venue that refuses for five seconds', () => {
  it(`has every stream of every feed back within 1.5 s of accepting again (${RECOVERIES} recoveries)`, {
    timeout: 60_000 + Math.ceil(RECOVERIES / AT_ONCE) * 30_000,
  }, async () => {
    const feeds = await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, RECOVERIES) }, (_, index) => feed(index + 1)),
    )
    const recoveries: number[] = []
    const attempts: number[] = []
    try {
      while (recoveries.length < RECOVERIES) {
        const before = feeds.map(({ manager }) => manager.getStats().connection?.connectsAttempted ?? 0)
        venue.inject({ fault: 'httpStatus', status: 503, for: REFUSED_MS })
        venue.cut()
        const acceptsAt = performance.now() + REFUSED_MS
        await waitFor(() => feeds.every(({ manager }) => manager.getHealth().connections[0]?.state === 'BACKOFF'), {
          what: 'every feed to lose its connection',
        })
        for (const { heard } of feeds) heard.clear()
        await waitFor(() => feeds.every(({ heard }) => heard.size === SYMBOLS.length), {
          timeoutMs: 25_000,
          what: 'every stream to speak again',
        })
        feeds.forEach(({ manager, heard }, index) => {
          recoveries.push(Math.max(...heard.values()) - acceptsAt)
          attempts.push((manager.getStats().connection?.connectsAttempted ?? 0) - (before[index] ?? 0))
        })
      }
    } finally {
      await Promise.all(feeds.map(({ manager }) => manager.stop()))
    }
    reportFigures('refusal', {
      runs: recoveries.length,
      p50Ms: percentile(recoveries, 0.5),
      p99Ms: percentile(recoveries, 0.99),
      attemptsMax: Math.max(...attempts),
    })
    // The next attempt after the door opens comes within one delay; what a busy machine adds is not ours.
    expect(percentile(recoveries, 0.5)).toBeLessThan(1_500)
    expect(Math.max(...attempts)).toBeLessThanOrEqual(7)
  })
})
