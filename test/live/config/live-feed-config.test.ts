import { describe, expect, it } from 'vitest'
import {
  LiveFeedConfig,
  type LiveFeedConfigInput,
  requireEndpoints,
  streamConfig,
  VENUE_NAMES,
} from '../../../src/live/config/index.js'
import { StreamType, Venue } from '../../../src/types/index.js'
import { isDeeplyFrozen, onlyIssueOf } from './support.js'

const names = (input: LiveFeedConfigInput): string[] => new LiveFeedConfig(input).streamSpecs().map((spec) => spec.name)

describe('defaults', () => {
  it('are those of the documentation', () => {
    const config = new LiveFeedConfig({ venue: Venue.BINANCE_SPOT, symbols: ['BTCUSDT'] })
    expect({ ...config }).toEqual({
      venue: 'BINANCE_SPOT',
      symbols: ['BTCUSDT'],
      defaultKlineInterval: '1m',
      subscribeOrderbook: false,
      orderbookDepth: 5,
      subscribeFunding: false,
      subscribeTicker: false,
      subscribeTrades: false,
      subscribeBookTicker: false,
      subscribeLiquidations: false,
      streams: [],
      emitPartialCandles: false,
      book: { publishLevels: 20, publishIntervalMs: 0, emitDeltas: false, snapshotLevels: 1000 },
      candles: { closeGraceMs: 3000, holdMsMax: 30_000, backfillCountMax: 10_000, stateDir: null },
      trades: { backfillTrades: false, tradeHoldMsMax: 5_000, tradeBackfillCountMax: 10_000 },
      connection: {
        baseUrl: 'wss://stream.binance.com:9443',
        restUrl: 'https://api.binance.com',
        connectTimeoutMs: 30_000,
        pingIntervalMs: 30_000,
        pingTimeoutMs: 10_000,
        maxReconnectAttempts: Number.POSITIVE_INFINITY,
        firstReconnectDelayMs: 50,
        baseReconnectDelayMs: 1_000,
        reconnectDelayMsMax: 60_000,
        reconnectJitter: 0.3,
        connectionAgeMsMax: 82_800_000,
        refreshWindow: null,
        streamsPerConnectionMax: 200,
        redundant: [],
      },
      health: {
        stalenessThresholdMs: 30_000,
        healthCheckIntervalMs: 5_000,
        watchdogTimeoutMs: 60_000,
        clockCheckIntervalMs: 60_000,
      },
    })
  })

  it('fill up what a section leaves out', () => {
    const config = new LiveFeedConfig({
      venue: 'BINANCE_FUTURES',
      symbols: ['BTCUSDT'],
      connection: { maxReconnectAttempts: 10, refreshWindow: { fromHour: 22, toHour: 4 } },
      health: { watchdogTimeoutMs: 90_000 },
    })
    expect(config.connection).toMatchObject({
      baseUrl: 'wss://fstream.binance.com',
      maxReconnectAttempts: 10,
      pingIntervalMs: 30_000,
      refreshWindow: { fromHour: 22, toHour: 4 },
    })
    expect(config.health).toEqual({
      stalenessThresholdMs: 30_000,
      healthCheckIntervalMs: 5_000,
      watchdogTimeoutMs: 90_000,
      clockCheckIntervalMs: 60_000,
    })
  })
})

describe('the simple form', () => {
  it('asks for one kline stream per symbol', () => {
    expect(names({ venue: 'BINANCE_SPOT', symbols: ['BTCUSDT', 'ETHUSDT'], defaultKlineInterval: '5m' })).toEqual([
      'btcusdt@kline_5m',
      'ethusdt@kline_5m',
    ])
  })

  it.each([
    [5, 'btcusdt@depth5'],
    [10, 'btcusdt@depth10'],
    [20, 'btcusdt@depth20'],
    ['full', 'btcusdt@depth'],
  ] as const)('adds an order book of depth %s as %s', (orderbookDepth, name) => {
    const input = { venue: 'BINANCE_SPOT', symbols: ['BTCUSDT'], subscribeOrderbook: true, orderbookDepth } as const
    expect(names(input)).toEqual(['btcusdt@kline_1m', name])
  })

  it('asks on futures for all that the subscribe fields name, symbol by symbol', () => {
    const config = new LiveFeedConfig({
      venue: 'BINANCE_FUTURES',
      symbols: ['BTCUSDT', '币安人生USDT'],
      subscribeOrderbook: true,
      subscribeFunding: true,
      subscribeTicker: true,
      subscribeTrades: true,
      subscribeBookTicker: true,
      subscribeLiquidations: true,
    })
    const kinds = ['kline_1m', 'depth5', 'markPrice', 'ticker', 'aggTrade', 'bookTicker', 'forceOrder']
    const routes = ['market', 'public', 'market', 'market', 'market', 'public', 'market']
    const expected = ['btcusdt', '币安人生usdt'].flatMap((symbol) => kinds.map((kind) => `${symbol}@${kind}`))
    expect(config.streamSpecs().map((spec) => spec.name)).toEqual(expected)
    expect(config.streamSpecs().map((spec) => spec.route)).toEqual([...routes, ...routes])
    expect(config.getAllSymbols()).toEqual(['BTCUSDT', '币安人生USDT'])
  })

  it('counts a repeated symbol once', () => {
    const config = new LiveFeedConfig({ venue: 'BINANCE_SPOT', symbols: ['BTCUSDT', 'ETHUSDT', 'BTCUSDT'] })
    expect(config.symbols).toEqual(['BTCUSDT', 'ETHUSDT'])
    expect(config.streamSpecs()).toHaveLength(2)
  })
})

describe('explicit streams', () => {
  it('stand alone, as in the example of the original documentation', () => {
    const config = new LiveFeedConfig({
      venue: Venue.BINANCE_SPOT,
      streams: [
        streamConfig('BTCUSDT', StreamType.KLINE, { interval: '1m' }),
        streamConfig('BTCUSDT', StreamType.KLINE, { interval: '5m' }),
        streamConfig('BTCUSDT', StreamType.DEPTH, { depthLevels: 10, updateSpeed: '100ms' }),
        streamConfig('ETHUSDT', StreamType.TICKER),
      ],
    })
    expect(config.streamSpecs().map((spec) => spec.name)).toEqual([
      'btcusdt@kline_1m',
      'btcusdt@kline_5m',
      'btcusdt@depth10@100ms',
      'ethusdt@ticker',
    ])
    expect(config.getAllSymbols()).toEqual(['BTCUSDT', 'ETHUSDT'])
  })

  it('join the simple form without doubling what both ask for', () => {
    const config = new LiveFeedConfig({
      venue: 'BINANCE_SPOT',
      symbols: ['BTCUSDT'],
      subscribeOrderbook: true,
      streams: [
        { symbol: 'BTCUSDT', type: 'KLINE', interval: '1m' },
        { symbol: 'BTCUSDT', type: 'DEPTH', depthLevels: 5, updateSpeed: '1000ms' },
        { symbol: 'SOLUSDT', type: 'TRADE' },
      ],
    })
    expect(config.streamSpecs().map((spec) => spec.name)).toEqual([
      'btcusdt@kline_1m',
      'btcusdt@depth5',
      'solusdt@trade',
    ])
    expect(config.getAllSymbols()).toEqual(['BTCUSDT', 'SOLUSDT'])
  })
})

describe('the value', () => {
  const input: LiveFeedConfigInput = {
    venue: 'BINANCE_FUTURES',
    symbols: ['BTCUSDT'],
    subscribeFunding: true,
    streams: [{ symbol: 'ETHUSDT', type: 'DEPTH', depthLevels: 20 }],
    connection: { refreshWindow: { fromHour: 2, toHour: 4 } },
  }

  it('is frozen to the last leaf, also in what it hands out', () => {
    const config = new LiveFeedConfig(input)
    expect(isDeeplyFrozen(config)).toBe(true)
    expect(isDeeplyFrozen(config.streamSpecs())).toBe(true)
    expect(config.streamSpecs()).toBe(config.streamSpecs())
    expect(() => (config.symbols as string[]).push('X')).toThrow(TypeError)
    config.getAllSymbols().push('X')
    expect(config.getAllSymbols()).toEqual(['BTCUSDT', 'ETHUSDT'])
  })

  it('does not follow later changes of the input, nor change it', () => {
    const symbols = ['BTCUSDT']
    const streams = [{ symbol: 'ETHUSDT', type: 'TRADE' as const }]
    const config = new LiveFeedConfig({ venue: 'BINANCE_SPOT', symbols, streams })
    symbols.push('SOLUSDT')
    streams[0]!.symbol = 'XRPUSDT'
    expect(config.symbols).toEqual(['BTCUSDT'])
    expect(config.streams).toEqual([{ symbol: 'ETHUSDT', type: 'TRADE' }])
    expect(Object.isFrozen(symbols)).toBe(false)
  })

  it('comes back equal from its JSON', () => {
    const config = new LiveFeedConfig(input)
    const again = LiveFeedConfig.parse(JSON.parse(JSON.stringify(config)))
    expect(again).toEqual(config)
    expect(again.streamSpecs()).toEqual(config.streamSpecs())
    expect(again.connection.maxReconnectAttempts).toBe(Number.POSITIVE_INFINITY)
  })

  it('leaves addresses that follow from the venue out of its JSON, so that another venue may be put in', () => {
    const json = new LiveFeedConfig(input).toJSON()
    expect(json.connection).not.toHaveProperty('baseUrl')
    const testnet = LiveFeedConfig.parse({ ...json, venue: 'BINANCE_FUTURES_TESTNET' })
    expect(testnet.connection.baseUrl).toBe('wss://fstream.binancefuture.com')
  })

  it('is taken as it is by parse and by the constructor', () => {
    const config = new LiveFeedConfig(input)
    expect(LiveFeedConfig.parse(config)).toBe(config)
    expect(new LiveFeedConfig(config as LiveFeedConfigInput)).toEqual(config)
  })

  it.each([Number.POSITIVE_INFINITY, 'Infinity'] as const)(
    'accepts %s as the number of reconnect attempts',
    (maxReconnectAttempts) => {
      const config = new LiveFeedConfig({ venue: 'SIM_SPOT', symbols: ['X'], connection: { maxReconnectAttempts } })
      expect(config.connection.maxReconnectAttempts).toBe(Number.POSITIVE_INFINITY)
    },
  )

  it('may be made for every venue', () => {
    for (const venue of VENUE_NAMES) expect(new LiveFeedConfig({ venue, symbols: ['BTCUSDT'] }).venue).toBe(venue)
  })
})

describe('addresses', () => {
  const connectionOf = (venue: Venue, connection: LiveFeedConfigInput['connection']) =>
    new LiveFeedConfig({ venue, symbols: ['BTCUSDT'], connection }).connection

  it('of a simulated venue are unknown until somebody gives them', () => {
    const config = new LiveFeedConfig({ venue: 'SIM_FUTURES', symbols: ['BTCUSDT'] })
    expect(config.connection).toMatchObject({ baseUrl: '', restUrl: '' })
    const text = onlyIssueOf(() => requireEndpoints(config))
    expect(text).toContain('connection.baseUrl: is required for SIM_FUTURES')
    expect(text).toContain('feedbus sim')
    const local = config.withEndpoints({ baseUrl: 'ws://127.0.0.1:9080' })
    expect(requireEndpoints(local)).toEqual({ baseUrl: 'ws://127.0.0.1:9080', restUrl: 'http://127.0.0.1:9080' })
    expect(local.streamSpecs()).toEqual(config.streamSpecs())
  })

  it('can be put in for any venue, REST separately', () => {
    const config = new LiveFeedConfig({ venue: 'BINANCE_SPOT', symbols: ['BTCUSDT'] })
    const local = config.withEndpoints({ baseUrl: 'ws://127.0.0.1:1', restUrl: 'http://127.0.0.1:2' })
    expect(local.connection).toMatchObject({ baseUrl: 'ws://127.0.0.1:1', restUrl: 'http://127.0.0.1:2' })
    expect(local.withEndpoints({ baseUrl: 'ws://127.0.0.1:3' }).connection.restUrl).toBe('http://127.0.0.1:3')
  })

  it('of REST follow a foreign stream address, so that no book is spliced from two venues', () => {
    expect(connectionOf('BINANCE_SPOT', { baseUrl: 'ws://localhost:9080/' })).toMatchObject({
      baseUrl: 'ws://localhost:9080',
      restUrl: 'http://localhost:9080',
    })
    expect(connectionOf('BINANCE_SPOT', { baseUrl: 'wss://stream.binance.us:9443' }).restUrl).toBe(
      'https://stream.binance.us:9443',
    )
    expect(connectionOf('SIM_SPOT', { baseUrl: 'ws://10.0.0.2:80/sim' }).restUrl).toBe('http://10.0.0.2:80/sim')
  })

  it("of REST stay the venue's beside another of its stream addresses", () => {
    for (const baseUrl of ['wss://stream.binance.com:443', 'wss://data-stream.binance.vision']) {
      expect(connectionOf('BINANCE_SPOT', { baseUrl }).restUrl).toBe('https://api.binance.com')
    }
    expect(connectionOf('BINANCE_FUTURES_TESTNET', { baseUrl: 'wss://demo-fstream.binance.com' }).restUrl).toBe(
      'https://demo-fapi.binance.com',
    )
  })

  it('given explicitly win', () => {
    expect(connectionOf('BINANCE_SPOT', { restUrl: 'https://data-api.binance.vision/' })).toMatchObject({
      baseUrl: 'wss://stream.binance.com:9443',
      restUrl: 'https://data-api.binance.vision',
    })
  })
})
