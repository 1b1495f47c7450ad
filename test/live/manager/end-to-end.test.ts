/**
 * The whole way over real sockets: simulated venue, connections, router, handlers, bus, health, metrics, HTTP.
 * Timings are short so that the test is; nothing asserts how fast the machine is.
 */
import { afterEach, describe, expect, it } from 'vitest'
import { Bus } from '../../../src/bus/index.js'
import { HttpServer } from '../../../src/http/index.js'
import {
  LiveDataFeedManager,
  type LiveFeedConfigInput,
  type StreamConfig,
  streamConfig,
} from '../../../src/live/index.js'
import { FeedMetrics } from '../../../src/metrics/index.js'
import { SimVenue } from '../../../src/sim/index.js'
import { FeedManagerState } from '../../../src/types/health.js'
import type { LogEvent } from '../../../src/types/log-event.js'
import { waitFor } from '../../support/wait-for.js'

const SYMBOLS = ['BTCUSDT', 'ETHUSDT']
const TIMEOUT_MS = 60_000

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function startVenue(port = 0): Promise<SimVenue> {
  const venue = await SimVenue.start({ port, symbols: SYMBOLS, market: 'both', seed: 7 })
  cleanups.push(() => venue.stop())
  return venue
}

const SPOT_STREAMS: readonly StreamConfig[] = SYMBOLS.flatMap((symbol) => [
  streamConfig(symbol, 'KLINE', { interval: '1s' }),
  streamConfig(symbol, 'DEPTH', { depthLevels: 5, updateSpeed: '100ms' }),
  streamConfig(symbol, 'BOOK_TICKER'),
  streamConfig(symbol, 'AGG_TRADE'),
  streamConfig(symbol, 'TICKER'),
])
const FUTURES_STREAMS: readonly StreamConfig[] = SYMBOLS.flatMap((symbol) => [
  streamConfig(symbol, 'DEPTH', { updateSpeed: '100ms' }),
  streamConfig(symbol, 'MARK_PRICE', { updateSpeed: '1s' }),
  streamConfig(symbol, 'AGG_TRADE'),
  streamConfig(symbol, 'LIQUIDATION'),
])

function feed(
  venue: SimVenue,
  bus: Bus,
  input: Partial<LiveFeedConfigInput> = {},
  name = input.venue === 'SIM_FUTURES' ? 'futures' : 'spot',
): LiveDataFeedManager {
  const manager = new LiveDataFeedManager(
    {
      venue: 'SIM_SPOT',
      streams: SPOT_STREAMS,
      health: { stalenessThresholdMs: 1_500, healthCheckIntervalMs: 100, watchdogTimeoutMs: 20_000 },
      ...input,
      connection: {
        baseUrl: venue.wsUrl,
        restUrl: venue.restUrl,
        baseReconnectDelayMs: 50,
        reconnectDelayMsMax: 300,
        ...input.connection,
      },
    },
    bus,
    { name },
  )
  cleanups.push(() => manager.stop())
  return manager
}

/** Counts by `source topic`. */
function countMessages(bus: Bus): Map<string, number> {
  const counts = new Map<string, number>()
  bus.subscribe('mkt.>', ({ source, topic }) => {
    counts.set(`${source} ${topic}`, (counts.get(`${source} ${topic}`) ?? 0) + 1)
  })
  return counts
}

function collectLog(bus: Bus): LogEvent[] {
  const log: LogEvent[] = []
  bus.subscribe('log.event', ({ payload }) => log.push(payload))
  return log
}

describe('over real sockets', () => {
  it('delivers every topic of spot and futures on one bus, under the name of each manager', async () => {
    const venue = await startVenue()
    const bus = new Bus()
    const counts = countMessages(bus)
    const log = collectLog(bus)
    const spot = feed(venue, bus)
    const futures = feed(venue, bus, { venue: 'SIM_FUTURES', streams: FUTURES_STREAMS, book: { emitDeltas: true } })
    await Promise.all([spot.start(), futures.start()])
    const wanted = [
      'spot mkt.candles',
      'spot mkt.orderbook',
      'spot mkt.bbo',
      'spot mkt.trades',
      'spot mkt.ticker',
      'futures mkt.orderbook',
      'futures mkt.orderbook.delta',
      'futures mkt.funding',
      'futures mkt.trades',
    ]
    await waitFor(() => wanted.every((key) => (counts.get(key) ?? 0) >= 2), {
      timeoutMs: TIMEOUT_MS,
      what: () =>
        `messages on all of ${wanted.join(', ')}; got ${[...counts].map((entry) => entry.join(': ')).join(', ')}`,
    })
    expect(futures.getHealth().connections.map(({ id, route, state }) => ({ id, route, state }))).toEqual(
      expect.arrayContaining([
        { id: 'public-0', route: 'public', state: 'OPEN' },
        { id: 'market-0', route: 'market', state: 'OPEN' },
      ]),
    )
    for (const manager of [spot, futures]) {
      const stats = manager.getStats()
      expect(stats.errorsByCode).toEqual({})
      expect(stats.messagesRejected).toBe(0)
      expect(stats.gapsOpened).toBe(0)
      expect(stats.router?.fallback).toBe(0)
    }
    expect(log.filter((event) => event.level === 'ERROR')).toEqual([])
    await Promise.all([spot.stop(), futures.stop()])
    const { published } = bus.health()
    await waitFor(() => venue.stats().connectionsOpen === 0, { what: 'the venue to see every socket closed' })
    expect(bus.health().published).toBe(published)
  })

  it('comes back after a cut: red while it lasts on /health, then green, with the cut in metrics and log', async () => {
    const venue = await startVenue()
    const bus = new Bus()
    const log = collectLog(bus)
    const manager = feed(venue, bus)
    const metrics = new FeedMetrics({ bus, sources: [manager] })
    const http = await HttpServer.start({ sources: [manager], metrics })
    cleanups.push(() => http.stop())
    const status = async (): Promise<number> => (await fetch(`${http.url}/health`)).status
    expect(await status()).toBe(503)
    await manager.start()
    await waitFor(async () => (await status()) === 200, { timeoutMs: TIMEOUT_MS, what: 'green health' })

    // A hole in trades is known by its ids once there is one to count from, and one that comes after.
    const hasTrade = (): boolean =>
      manager.getHealth().feeds.some((one) => one.stream.endsWith('@aggTrade') && one.messageCount > 0)
    await waitFor(hasTrade, { timeoutMs: TIMEOUT_MS, what: 'a first trade' })

    // The venue takes no new connections until a feed is stale, and drops the present ones.
    const closedDoor = venue.inject({ fault: 'connectFail' })
    expect(venue.cut()).toBe(1)
    await waitFor(async () => (await status()) === 503, { timeoutMs: TIMEOUT_MS, what: 'red health' })
    expect(manager.state).toBe(FeedManagerState.RUNNING)
    expect((await fetch(`${http.url}/ready`)).status).toBe(200)
    // Health is red as soon as the connection is down; the feeds become stale later, and some recover later than others.
    const logged = (event: string): boolean => log.some((entry) => entry.event === event)
    await waitFor(() => logged('FEED_STALE'), { timeoutMs: TIMEOUT_MS, what: 'a stale feed' })
    closedDoor.end()
    await waitFor(async () => (await status()) === 200, { timeoutMs: TIMEOUT_MS, what: 'green health again' })
    const hasUnit = (unit: string): boolean =>
      log.some(({ event, data }) => event === 'GAP_OPENED' && data['unit'] === unit)
    await waitFor(() => logged('FEED_RECOVERED') && hasUnit('tradeId') && hasUnit('time'), {
      timeoutMs: TIMEOUT_MS,
      what: 'a feed that recovered, the gap in the trades and one of a latest-value stream',
    })

    for (const event of ['CONNECTION_DISCONNECTED', 'CONNECTION_RECONNECTING']) expect(logged(event)).toBe(true)
    const opened = log.filter((event) => event.event === 'GAP_OPENED')
    expect(opened.map(({ data }) => data['cause'])).toEqual(opened.map(() => 'DISCONNECT'))
    const text = await (await fetch(`${http.url}/metrics`)).text()
    expect(text).toMatch(/^feedbus_connection_reconnects_total\{.*connection="spot-0".*\} 1$/m)
    expect(text).toMatch(/^feedbus_log_events_total\{.*event="FEED_STALE"\} \d+$/m)
    metrics.close()
  })

  it('reconnects when the server itself was gone for a while', async () => {
    let venue = await startVenue()
    const { port } = venue
    const bus = new Bus()
    const counts = countMessages(bus)
    const manager = feed(venue, bus)
    await manager.start()
    await waitFor(() => (counts.get('spot mkt.trades') ?? 0) > 0, { timeoutMs: TIMEOUT_MS, what: 'trades' })
    await venue.stop()
    await waitFor(() => (manager.getHealth().connections[0]?.reconnectAttempt ?? 0) >= 3, {
      timeoutMs: TIMEOUT_MS,
      what: 'several attempts in vain',
    })
    venue = await startVenue(port)
    await waitFor(() => manager.getHealth().connections[0]?.state === 'OPEN', {
      timeoutMs: TIMEOUT_MS,
      what: 'a new connection',
    })
    const before = counts.get('spot mkt.bbo') ?? 0
    await waitFor(() => (counts.get('spot mkt.bbo') ?? 0) > before, { timeoutMs: TIMEOUT_MS, what: 'data again' })
    expect(manager.getHealth().connections[0]?.reconnectCount).toBe(1)
    expect(manager.state).toBe(FeedManagerState.RUNNING)
  })

  it('notices one stalled stream while its neighbours deliver, and tries to cure it', async () => {
    const venue = await startVenue()
    const bus = new Bus()
    const log = collectLog(bus)
    const manager = feed(venue, bus)
    await manager.start()
    const stalled = 'btcusdt@bookTicker'
    const health = () => manager.getHealth().feeds.find((one) => one.stream === stalled)
    await waitFor(() => (health()?.messageCount ?? 0) > 20, { timeoutMs: TIMEOUT_MS, what: 'data on the stream' })
    const stall = venue.inject({ fault: 'silentStream', on: { stream: stalled } })
    await waitFor(() => health()?.isStale, { timeoutMs: TIMEOUT_MS, what: 'the stream to be stale' })
    expect(
      manager
        .getHealth()
        .feeds.filter((one) => one.isStale)
        .map((one) => one.stream),
    ).toEqual([stalled])
    // Told only when the cures were in vain.
    await waitFor(() => log.some((event) => event.event === 'FEED_STALE'), {
      timeoutMs: TIMEOUT_MS,
      what: 'the report',
    })
    stall.end()
    await waitFor(() => health()?.isStale === false, { timeoutMs: TIMEOUT_MS, what: 'the stream to recover' })
    expect(manager.getStats().resubscriptions).toBeGreaterThan(0)
    const told = log.filter((event) => event.event === 'FEED_STALE' || event.event === 'FEED_RECOVERED')
    expect(told.map((event) => event.event)).toEqual(['FEED_STALE', 'FEED_RECOVERED'])
  })

  it('hands over by refresh without losing or repeating a trade', async () => {
    const venue = await startVenue()
    const bus = new Bus()
    const log = collectLog(bus)
    const manager = feed(venue, bus)
    const lastId = new Map<string, number>()
    const jumps: string[] = []
    bus.subscribe('mkt.trades', ({ payload }) => {
      const last = lastId.get(payload.symbol)
      if (last !== undefined && payload.id !== last + 1) jumps.push(`${payload.symbol} ${last} -> ${payload.id}`)
      lastId.set(payload.symbol, payload.id)
    })
    await manager.start()
    await waitFor(() => lastId.size === SYMBOLS.length, { timeoutMs: TIMEOUT_MS, what: 'trades of both symbols' })
    await manager.refresh()
    await manager.refresh()
    const before = [...lastId.values()]
    await waitFor(() => [...lastId.values()].every((id, index) => id > before[index]!), {
      timeoutMs: TIMEOUT_MS,
      what: 'trades after the hand-over',
    })
    expect(jumps).toEqual([])
    expect(log.filter((event) => event.event === 'CONNECTION_REFRESHED')).toHaveLength(2)
    expect(manager.getHealth().connections[0]).toMatchObject({ generation: 3, reconnectCount: 0 })
  })

  it('adds and removes streams while the others go on', async () => {
    const venue = await startVenue()
    const bus = new Bus()
    const counts = countMessages(bus)
    const manager = feed(venue, bus, { streams: [streamConfig('BTCUSDT', 'AGG_TRADE')] })
    await manager.start()
    const added = streamConfig('ETHUSDT', 'BOOK_TICKER')
    await manager.subscribe([added])
    await waitFor(() => (counts.get('spot mkt.bbo') ?? 0) > 0, { timeoutMs: TIMEOUT_MS, what: 'the added stream' })
    await manager.unsubscribe([added])
    const after = counts.get('spot mkt.bbo')
    const trades = counts.get('spot mkt.trades') ?? 0
    await waitFor(() => (counts.get('spot mkt.trades') ?? 0) > trades, {
      timeoutMs: TIMEOUT_MS,
      what: 'the other stream',
    })
    expect(counts.get('spot mkt.bbo')).toBe(after)
  })
})
