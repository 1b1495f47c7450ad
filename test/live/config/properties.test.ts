/** What holds for any configuration. Failures print the seed and the shrunken input. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { textLayer } from '../../../src/live/config/file.js'
import {
  ConfigError,
  configFields,
  configFromEnv,
  LiveFeedConfig,
  type LiveFeedConfigInput,
  loadConfig,
  type StreamConfig,
  venueInfo,
} from '../../../src/live/config/index.js'
import { CANDLE_INTERVALS, Venue } from '../../../src/types/index.js'
import { isDeeplyFrozen } from './support.js'

const symbol = fc.oneof(
  fc.constantFrom('BTCUSDT', 'ETHUSDT', 'BTCUSDT_261225', '1000SATSUSDT', '币安人生USDT', '这是测试币456', 'ＡＢＣ１'),
  fc.stringMatching(/^[A-Z0-9_]{1,20}$/),
  fc.string({
    unit: fc.constantFrom('A', 'Z', '9', '_', '币', 'É', 'é', 'Ａ', 'ａ', 'ß'),
    minLength: 1,
    maxLength: 20,
  }),
)

/** A stream that the market offers, with the name it must have, built here from scratch. */
function stream(isFutures: boolean): fc.Arbitrary<{ config: StreamConfig; kind: string; route: string }> {
  const of = (config: Omit<StreamConfig, 'symbol'>, kind: string, route: string) =>
    symbol.map((name) => ({ config: { symbol: name, ...config }, kind, route }))
  const speeds = isFutures ? ['100ms', '500ms'] : ['100ms']
  const bare = isFutures ? '250ms' : '1000ms'
  const interval = fc.constantFrom(...CANDLE_INTERVALS.filter((each) => !isFutures || each !== '1s'))
  const speed = fc.constantFrom(undefined, bare, ...speeds)
  const suffix = (given: string | undefined): string => (given === undefined || given === bare ? '' : `@${given}`)
  const given = (updateSpeed: string | undefined) => (updateSpeed === undefined ? {} : { updateSpeed })
  return fc.oneof(
    interval.chain((each) => of({ type: 'KLINE', interval: each }, `kline_${each}`, 'market')),
    fc
      .tuple(fc.constantFrom(5 as const, 10 as const, 20 as const), speed)
      .chain(([depthLevels, each]) =>
        of({ type: 'DEPTH', depthLevels, ...given(each) }, `depth${depthLevels}${suffix(each)}`, 'public'),
      ),
    // One speed for all: a symbol has one maintained book.
    of({ type: 'DEPTH', updateSpeed: '100ms' }, 'depth@100ms', 'public'),
    of({ type: 'BOOK_TICKER' }, 'bookTicker', 'public'),
    of({ type: 'TRADE' }, 'trade', 'public'),
    of({ type: 'AGG_TRADE' }, 'aggTrade', 'market'),
    of({ type: 'TICKER' }, 'ticker', 'market'),
    of({ type: 'MINI_TICKER' }, 'miniTicker', 'market'),
    ...(isFutures
      ? [
          of({ type: 'MARK_PRICE' }, 'markPrice', 'market'),
          of({ type: 'MARK_PRICE', updateSpeed: '1s' }, 'markPrice@1s', 'market'),
          of({ type: 'LIQUIDATION' }, 'forceOrder', 'market'),
        ]
      : []),
  )
}

const hours = fc
  .record({ fromHour: fc.integer({ min: 0, max: 23 }), toHour: fc.integer({ min: 1, max: 24 }) })
  .filter(({ fromHour, toHour }) => fromHour !== toHour)

const connection = fc.record(
  {
    connectTimeoutMs: fc.integer({ min: 250, max: 2 ** 31 - 1 }),
    pingIntervalMs: fc.integer({ min: 10_000, max: 1e6 }),
    pingTimeoutMs: fc.integer({ min: 250, max: 10_000 }),
    maxReconnectAttempts: fc.oneof(fc.nat(), fc.constantFrom('Infinity' as const, Number.POSITIVE_INFINITY)),
    firstReconnectDelayMs: fc.integer({ min: 1, max: 100 }),
    baseReconnectDelayMs: fc.integer({ min: 100, max: 10_000 }),
    reconnectDelayMsMax: fc.integer({ min: 10_000, max: 1e6 }),
    reconnectJitter: fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0),
    connectionAgeMsMax: fc.integer({ min: 60_000, max: 86_400_000 }),
    refreshWindow: hours,
    streamsPerConnectionMax: fc.integer({ min: 1, max: 1024 }),
    redundant: fc.uniqueArray(fc.constantFrom('DEPTH' as const, 'TRADE' as const, 'KLINE' as const)),
    baseUrl: fc.constantFrom('ws://127.0.0.1:9080', 'ws://localhost:1/sim/', 'wss://venue.example'),
    restUrl: fc.constantFrom('http://127.0.0.1:9081', 'https://venue.example/'),
  },
  { requiredKeys: [] },
)

const health = fc.record(
  {
    stalenessThresholdMs: fc.integer({ min: 1_000, max: 1e7 }),
    healthCheckIntervalMs: fc.integer({ min: 100, max: 1e7 }),
    watchdogTimeoutMs: fc.integer({ min: 1_000, max: 1e7 }),
  },
  { requiredKeys: [] },
)

interface Case {
  readonly input: LiveFeedConfigInput
  /** Wire names of the explicit streams, in order, with repetitions. */
  readonly names: readonly { readonly name: string; readonly route: string }[]
}

/** `a-z` from `A-Z`, written differently from the code under test. */
function lower(text: string): string {
  const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
  return [...text].map((each) => 'abcdefghijklmnopqrstuvwxyz'[upper.indexOf(each)] ?? each).join('')
}

const validCase: fc.Arbitrary<Case> = fc.constantFrom(...Object.values(Venue)).chain((venue) => {
  const isFutures = venue.includes('FUTURES')
  const optional = {
    defaultKlineInterval: fc.constantFrom('1m' as const, '1h' as const, '1M' as const),
    orderbookDepth: fc.constantFrom(5 as const, 10 as const, 20 as const),
    subscribeOrderbook: fc.boolean(),
    subscribeTicker: fc.boolean(),
    subscribeTrades: fc.boolean(),
    subscribeBookTicker: fc.boolean(),
    ...(isFutures ? { subscribeFunding: fc.boolean(), subscribeLiquidations: fc.boolean() } : {}),
    emitPartialCandles: fc.boolean(),
    book: fc.record(
      {
        publishLevels: fc.integer({ min: 1, max: 1000 }),
        publishIntervalMs: fc.integer({ min: 0, max: 60_000 }),
        emitDeltas: fc.boolean(),
        snapshotLevels: fc.constantFrom(100 as const, 500 as const, 1000 as const),
      },
      { requiredKeys: [] },
    ),
    candles: fc.record(
      {
        closeGraceMs: fc.integer({ min: 1, max: 60_000 }),
        holdMsMax: fc.integer({ min: 1, max: 600_000 }),
        backfillCountMax: fc.integer({ min: 1, max: 100_000 }),
        stateDir: fc.constantFrom('state', '/var/lib/feed bus'),
      },
      { requiredKeys: [] },
    ),
    trades: fc.record(
      {
        backfillTrades: fc.boolean(),
        tradeHoldMsMax: fc.integer({ min: 1, max: 60_000 }),
        tradeBackfillCountMax: fc.integer({ min: 1, max: 100_000 }),
      },
      { requiredKeys: [] },
    ),
    connection,
    health,
  }
  return fc
    .record({
      symbols: fc.array(symbol, { minLength: 1, maxLength: 5 }),
      streams: fc.array(stream(isFutures), { maxLength: 8 }),
      rest: fc.record(optional, { requiredKeys: [] }),
    })
    .map(({ symbols, streams, rest }) => ({
      input: { venue, symbols, streams: streams.map((each) => each.config), ...rest } as LiveFeedConfigInput,
      names: streams.map(({ config, kind, route }) => ({
        name: `${lower(config.symbol)}@${kind}`,
        route: isFutures ? route : '',
      })),
    }))
})

describe('any valid configuration', () => {
  it('comes back equal from its JSON text and from YAML', () => {
    fc.assert(
      fc.property(validCase, ({ input }) => {
        const config = new LiveFeedConfig(input)
        const text = JSON.stringify(config)
        const again = LiveFeedConfig.parse(JSON.parse(text))
        expect(again).toEqual(config)
        expect(again.streamSpecs()).toEqual(config.streamSpecs())
        expect(JSON.stringify(again)).toBe(text)
        expect(LiveFeedConfig.parse(textLayer('x.yaml', stringify(config.toJSON()), false).value)).toEqual(config)
      }),
      { numRuns: 100 },
    )
  })

  it('is frozen to the last leaf', () => {
    fc.assert(
      fc.property(validCase, ({ input }) => {
        const config = new LiveFeedConfig(input)
        expect(isDeeplyFrozen(config) && isDeeplyFrozen(config.streamSpecs())).toBe(true)
      }),
      { numRuns: 100 },
    )
  })

  it('has each stream once, under the name and on the route the venue expects', () => {
    fc.assert(
      fc.property(validCase, ({ input, names }) => {
        const config = new LiveFeedConfig(input)
        const specs = config.streamSpecs()
        const routes = new Map(specs.map((spec) => [spec.name, spec.route]))
        expect(routes.size).toBe(specs.length)
        for (const { name, route } of names) expect(routes.get(name)).toBe(route)
        for (const { name } of specs) expect(name).not.toMatch(/^[^@]*[A-Z]/)

        const { market } = venueInfo(config.venue)
        const simple = [
          'subscribeOrderbook',
          'subscribeFunding',
          'subscribeTicker',
          'subscribeTrades',
          'subscribeBookTicker',
          'subscribeLiquidations',
        ] as const
        const perSymbol = 1 + simple.filter((flag) => input[flag] === true).length
        const distinct = new Set(input.symbols).size
        expect(specs.length).toBeGreaterThanOrEqual(distinct * perSymbol)
        expect(specs.length).toBeLessThanOrEqual(distinct * perSymbol + names.length)
        expect(specs.every((spec) => (spec.route === '') === (market === 'spot'))).toBe(true)
        expect(new Set(config.getAllSymbols())).toEqual(
          new Set([...input.symbols!, ...input.streams!.map((each) => each.symbol)]),
        )
      }),
      { numRuns: 150 },
    )
  })

  it('can be said by the environment as well', () => {
    fc.assert(
      fc.property(validCase, ({ input }) => {
        const config = new LiveFeedConfig(input)
        const json = config.toJSON()
        const env: Record<string, string> = {}
        for (const { path, env: name, kind } of configFields()) {
          const value = path.reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], json)
          if (value === undefined) continue
          if (kind === 'symbols') env[name] = (value as string[]).join(',')
          else if (kind === 'streams') env[name] = JSON.stringify(value)
          else if (kind === 'hours') env[name] = Object.values(value as object).join('-')
          else env[name] = String(value)
        }
        expect(configFromEnv(env)).toEqual(config)
        expect(loadConfig({ env })).toEqual(config)
      }),
      { numRuns: 100 },
    )
  })
})

describe('any input at all', () => {
  it('makes a configuration or a ConfigError with paths and texts, and nothing else', () => {
    const field = fc.constantFrom(
      'venue',
      'symbols',
      'streams',
      'connection',
      'health',
      'orderbookDepth',
      'subscribeTicker',
      'x',
    )
    const record = fc.dictionary(
      field,
      fc.oneof(fc.anything({ maxDepth: 3 }), fc.constantFrom('BINANCE_SPOT', [{ symbol: 'X', type: 'DEPTH' }])),
    )
    fc.assert(
      fc.property(fc.oneof(record, fc.anything()), (input) => {
        try {
          expect(LiveFeedConfig.parse(input)).toBeInstanceOf(LiveFeedConfig)
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError)
          for (const issue of (error as ConfigError).issues) {
            expect(typeof issue.path).toBe('string')
            expect(issue.message).not.toMatch(/undefined|\[object/)
          }
        }
      }),
      { numRuns: 400 },
    )
  })

  it('in a damaged stream is refused at that stream', () => {
    const damage = fc.constantFrom<[string, unknown]>(
      ['symbol', 'lower'],
      ['symbol', undefined],
      ['type', 'CANDLE'],
      ['interval', '2m'],
      ['depthLevels', 50],
      ['updateSpeed', '1ms'],
      ['extra', 1],
    )
    fc.assert(
      fc.property(validCase, damage, fc.nat(), ({ input }, [name, value], at) => {
        const streams = input.streams ?? []
        fc.pre(streams.length > 0)
        const index = at % streams.length
        const damaged = streams.map((each, position) => (position === index ? { ...each, [name]: value } : each))
        let issues: readonly { path: string }[] = []
        try {
          LiveFeedConfig.parse({ ...input, streams: damaged })
        } catch (error) {
          issues = (error as ConfigError).issues
        }
        expect(issues.length).toBeGreaterThan(0)
        for (const issue of issues) expect(issue.path.startsWith(`streams[${index}]`)).toBe(true)
      }),
      { numRuns: 150 },
    )
  })
})
