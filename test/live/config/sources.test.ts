import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  configFields,
  configFromEnv,
  type EffectiveValue,
  explainConfig,
  loadConfig,
  loadConfigFile,
} from '../../../src/live/config/index.js'
import { issuesOf, issueText, onlyIssueOf } from './support.js'

const BASE = { FEEDBUS_VENUE: 'BINANCE_FUTURES', FEEDBUS_SYMBOLS: 'BTCUSDT' }

let folder = ''
let file = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'feedbus-sources-'))
  file = join(folder, 'feed.yaml')
  writeFileSync(
    file,
    `venue: BINANCE_SPOT
symbols:
  - BTCUSDT
  - ETHUSDT
subscribeTicker: true
connection:
  pingIntervalMs: 20000
  pingTimeoutMs: 8000
`,
  )
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the environment', () => {
  it('can say everything that a file can', () => {
    const config = configFromEnv({
      ...BASE,
      FEEDBUS_SYMBOLS: ' BTCUSDT, ETHUSDT ,',
      FEEDBUS_DEFAULT_KLINE_INTERVAL: '5m',
      FEEDBUS_SUBSCRIBE_ORDERBOOK: 'true',
      FEEDBUS_ORDERBOOK_DEPTH: 'full',
      FEEDBUS_SUBSCRIBE_FUNDING: '1',
      FEEDBUS_SUBSCRIBE_TICKER: 'on',
      FEEDBUS_SUBSCRIBE_TRADES: 'Yes',
      FEEDBUS_SUBSCRIBE_BOOK_TICKER: 'TRUE',
      FEEDBUS_SUBSCRIBE_LIQUIDATIONS: 'false',
      FEEDBUS_EMIT_PARTIAL_CANDLES: '1',
      FEEDBUS_BOOK__PUBLISH_LEVELS: '50',
      FEEDBUS_BOOK__PUBLISH_INTERVAL_MS: '250',
      FEEDBUS_BOOK__EMIT_DELTAS: 'true',
      FEEDBUS_BOOK__SNAPSHOT_LEVELS: '500',
      FEEDBUS_CONNECTION__BASE_URL: 'ws://127.0.0.1:9080',
      FEEDBUS_CONNECTION__REST_URL: 'http://127.0.0.1:9081',
      FEEDBUS_CONNECTION__CONNECT_TIMEOUT_MS: '1000',
      FEEDBUS_CONNECTION__PING_INTERVAL_MS: '2000',
      FEEDBUS_CONNECTION__PING_TIMEOUT_MS: '1500',
      FEEDBUS_CANDLES__CLOSE_GRACE_MS: '2000',
      FEEDBUS_CANDLES__HOLD_MS_MAX: '20000',
      FEEDBUS_CANDLES__BACKFILL_COUNT_MAX: '500',
      FEEDBUS_CANDLES__STATE_DIR: 'state',
      FEEDBUS_CONNECTION__MAX_RECONNECT_ATTEMPTS: 'Infinity',
      FEEDBUS_CONNECTION__FIRST_RECONNECT_DELAY_MS: '70',
      FEEDBUS_CONNECTION__BASE_RECONNECT_DELAY_MS: '100',
      FEEDBUS_CONNECTION__RECONNECT_DELAY_MS_MAX: '5000',
      FEEDBUS_CONNECTION__RECONNECT_JITTER: '0.5',
      FEEDBUS_CONNECTION__CONNECTION_AGE_MS_MAX: '3600000',
      FEEDBUS_CONNECTION__REFRESH_WINDOW: '22-4',
      FEEDBUS_CONNECTION__STREAMS_PER_CONNECTION_MAX: '50',
      FEEDBUS_CONNECTION__REDUNDANT: 'depth, aggTrade',
      FEEDBUS_HEALTH__STALENESS_THRESHOLD_MS: '7000',
      FEEDBUS_HEALTH__HEALTH_CHECK_INTERVAL_MS: '1000',
      FEEDBUS_HEALTH__WATCHDOG_TIMEOUT_MS: '20000',
      FEEDBUS_HEALTH__CLOCK_CHECK_INTERVAL_MS: '0',
      FEEDBUS_TRADES__BACKFILL_TRADES: 'true',
      FEEDBUS_TRADES__TRADE_HOLD_MS_MAX: '900',
      FEEDBUS_TRADES__TRADE_BACKFILL_COUNT_MAX: '77',
    })
    expect({ ...config }).toEqual({
      venue: 'BINANCE_FUTURES',
      symbols: ['BTCUSDT', 'ETHUSDT'],
      defaultKlineInterval: '5m',
      subscribeOrderbook: true,
      orderbookDepth: 'full',
      subscribeFunding: true,
      subscribeTicker: true,
      subscribeTrades: true,
      subscribeBookTicker: true,
      subscribeLiquidations: false,
      streams: [],
      emitPartialCandles: true,
      book: { publishLevels: 50, publishIntervalMs: 250, emitDeltas: true, snapshotLevels: 500 },
      candles: { closeGraceMs: 2000, holdMsMax: 20_000, backfillCountMax: 500, stateDir: 'state' },
      trades: { backfillTrades: true, tradeHoldMsMax: 900, tradeBackfillCountMax: 77 },
      connection: {
        baseUrl: 'ws://127.0.0.1:9080',
        restUrl: 'http://127.0.0.1:9081',
        connectTimeoutMs: 1_000,
        pingIntervalMs: 2_000,
        pingTimeoutMs: 1_500,
        maxReconnectAttempts: Number.POSITIVE_INFINITY,
        firstReconnectDelayMs: 70,
        baseReconnectDelayMs: 100,
        reconnectDelayMsMax: 5_000,
        reconnectJitter: 0.5,
        connectionAgeMsMax: 3_600_000,
        refreshWindow: { fromHour: 22, toHour: 4 },
        streamsPerConnectionMax: 50,
        redundant: ['DEPTH', 'AGG_TRADE'],
      },
      health: {
        stalenessThresholdMs: 7_000,
        healthCheckIntervalMs: 1_000,
        watchdogTimeoutMs: 20_000,
        clockCheckIntervalMs: 0,
      },
    })
  })

  it('has a name for every field, and no two fields share one', () => {
    const fields = configFields()
    for (const names of [
      fields.map((each) => each.env),
      fields.map((each) => each.flag),
      fields.map((each) => each.key),
    ]) {
      expect(new Set(names).size).toBe(fields.length)
    }
    expect(fields).toHaveLength(41)
    for (const { env } of fields) expect(env).toMatch(/^FEEDBUS_([A-Z]+_{1,2})*[A-Z]+$/)
  })

  it('gives numbers for orderbook depth and attempts where they are numbers', () => {
    const env = { ...BASE, FEEDBUS_ORDERBOOK_DEPTH: '20', FEEDBUS_CONNECTION__MAX_RECONNECT_ATTEMPTS: '7' }
    expect(configFromEnv(env)).toMatchObject({ orderbookDepth: 20, connection: { maxReconnectAttempts: 7 } })
  })

  it('takes streams as a short list for its symbols, or as JSON', () => {
    const list = configFromEnv({ ...BASE, FEEDBUS_STREAMS: 'kline:5m,depth:full,markPrice@1s' })
    expect(list.streamSpecs().map((spec) => spec.name)).toEqual([
      'btcusdt@kline_5m',
      'btcusdt@depth',
      'btcusdt@markPrice@1s',
    ])
    expect(list.symbols).toEqual([])
    const json = configFromEnv({ ...BASE, FEEDBUS_STREAMS: '[{"symbol":"ETHUSDT","type":"TRADE"}]' })
    expect(json.streamSpecs().map((spec) => spec.name)).toEqual(['btcusdt@kline_1m', 'ethusdt@trade'])
  })

  it('treats an empty variable as not set', () => {
    expect(configFromEnv({ ...BASE, FEEDBUS_ORDERBOOK_DEPTH: '', FEEDBUS_CONNECTION__BASE_URL: undefined })).toEqual(
      configFromEnv(BASE),
    )
  })

  it('names the variable of each problem', () => {
    const issues = issuesOf(() =>
      configFromEnv({
        FEEDBUS_VENUE: 'BINANCE_FUTURE',
        FEEDBUS_SYMBOLS: 'BTCUSDT,ethusdt',
        FEEDBUS_SUBSCRIBE_TICKER: 'maybe',
        FEEDBUS_HEALTH__STALENESS_THRESHOLD_MS: '30s',
        FEEDBUS_CONNECTION__REFRESH_WINDOW: 'night',
      }),
    ).map(issueText)
    expect(issues).toEqual([
      expect.stringMatching(/^venue: .* Did you mean BINANCE_FUTURES\? @env FEEDBUS_VENUE$/),
      'symbols[1]: symbol "ethusdt" must be upper case; did you mean ETHUSDT? @env FEEDBUS_SYMBOLS',
      'subscribeTicker: "maybe" is not true or false @env FEEDBUS_SUBSCRIBE_TICKER',
      expect.stringMatching(/^connection\.refreshWindow: "night" is not .* @env FEEDBUS_CONNECTION__REFRESH_WINDOW$/),
      expect.stringMatching(
        /^health\.stalenessThresholdMs: "30s" .* write 30000 @env FEEDBUS_HEALTH__STALENESS_THRESHOLD_MS$/,
      ),
    ])
  })

  it.each([
    ['FEEDBUS_CONNECTION_PING_INTERVAL_MS', '. Did you mean FEEDBUS_CONNECTION__PING_INTERVAL_MS?'],
    ['FEEDBUS_SYMBOL', '. Did you mean FEEDBUS_SYMBOLS?'],
    ['FEEDBUS_HEALTH__COLOUR', '; see docs/configuration.md for the names'],
  ])('refuses %s, which would be silently ignored', (name, hint) => {
    expect(onlyIssueOf(() => configFromEnv({ ...BASE, [name]: '5' }))).toBe(`: unknown variable${hint} @env ${name}`)
  })

  it('leaves other variables alone', () => {
    const env = { ...BASE, FEEDBUS_REQUIRE_DATA: '1', FEEDBUS_HTTP: '127.0.0.1:9464', PATH: '/bin', FEEDBUS: 'x' }
    expect(configFromEnv(env)).toEqual(configFromEnv(BASE))
  })
})

describe('precedence', () => {
  const pingIntervalMs = (sources: Parameters<typeof loadConfig>[0]): number =>
    loadConfig(sources).connection.pingIntervalMs
  const env = { FEEDBUS_CONNECTION__PING_INTERVAL_MS: '25000' }

  it('is flags over environment over file over defaults', () => {
    const flags = { pingIntervalMs: '28000' }
    expect(pingIntervalMs({ env: BASE })).toBe(30_000)
    expect(pingIntervalMs({ file })).toBe(20_000)
    expect(pingIntervalMs({ file, env })).toBe(25_000)
    expect(pingIntervalMs({ file, env, flags })).toBe(28_000)
    expect(loadConfigFile(file, { env }).connection.pingIntervalMs).toBe(25_000)
    expect(loadConfigFile(file).connection.pingIntervalMs).toBe(20_000)
  })

  it('is decided value by value inside a section, and for a list as a whole', () => {
    const config = loadConfig({ file, env, flags: { symbols: ['SOLUSDT'] } })
    expect(config.connection).toMatchObject({ pingIntervalMs: 25_000, pingTimeoutMs: 8_000 })
    expect(config.symbols).toEqual(['SOLUSDT'])
    expect(config.subscribeTicker).toBe(true)
  })

  it('accepts flags as text or already of their type, and ignores those of the command', () => {
    const flags = {
      venue: 'SIM_SPOT',
      symbols: 'BTCUSDT',
      baseUrl: 'ws://127.0.0.1:1',
      http: 'x',
      duration: '60s',
      subscribeTrades: true,
    }
    const config = loadConfig({ flags })
    expect(config).toMatchObject({
      venue: 'SIM_SPOT',
      subscribeTrades: true,
      connection: { restUrl: 'http://127.0.0.1:1' },
    })
  })

  it('does not let a value from above hide a broken section of the file', () => {
    const broken = join(folder, 'broken.yaml')
    writeFileSync(broken, 'venue: SIM_SPOT\nsymbols: [X]\nconnection: fast\n')
    expect(onlyIssueOf(() => loadConfig({ file: broken, env }))).toMatch(
      new RegExp(`^connection: "fast" is not an object .* @${broken}:3$`),
    )
  })

  it('points each problem to the source it came from', () => {
    const issues = issuesOf(() =>
      loadConfig({
        file,
        env: { FEEDBUS_ORDERBOOK_DEPTH: '7' },
        flags: { pingTimeoutMs: '9s', defaultKlineInterval: '1x' },
      }),
    ).map((issue) => `${issue.path} ${issue.location}`)
    expect(issues).toEqual([
      'defaultKlineInterval flag --default-kline-interval',
      'orderbookDepth env FEEDBUS_ORDERBOOK_DEPTH',
      'connection.pingTimeoutMs flag --ping-timeout-ms',
    ])
  })
})

describe('a stream list', () => {
  const listed = (sources: Parameters<typeof loadConfig>[0]): string[] =>
    loadConfig(sources)
      .streamSpecs()
      .map((spec) => spec.name)

  it('takes the place of what lower sources ask for, with their symbols', () => {
    expect(listed({ file, flags: { streams: 'depth:20' } })).toEqual(['btcusdt@depth20', 'ethusdt@depth20'])
    expect(listed({ file, flags: { streams: 'depth:20', symbols: 'SOLUSDT' } })).toEqual(['solusdt@depth20'])
    expect(listed({ file, env: { FEEDBUS_STREAMS: 'trade' }, flags: { symbols: 'SOLUSDT' } })).toEqual([
      'solusdt@trade',
    ])
  })

  it('cannot be joined by a subscribe field of the same source', () => {
    const flags = { streams: 'trade', symbols: 'BTCUSDT', subscribeBookTicker: true }
    expect(onlyIssueOf(() => loadConfig({ file, flags }))).toBe(
      'subscribeBookTicker: cannot be combined with a stream list; name the stream in the list instead @flag --subscribe-book-ticker',
    )
  })

  it('reports bad entries and bad symbols once each, at their own flags', () => {
    const flags = { venue: 'SIM_SPOT', symbols: 'BTCUSDT,ethusdt', streams: 'kline:1m,trade,dept:5,markPrice' }
    const issues = issuesOf(() => loadConfig({ flags })).map(issueText)
    expect(issues).toEqual([
      expect.stringMatching(/^streams: "dept" is not one of kline, depth, .*Did you mean depth\? @flag --streams$/),
      'symbols[1]: symbol "ethusdt" must be upper case; did you mean ETHUSDT? @flag --symbols',
      'streams[2].type: MARK_PRICE is a futures stream; SIM_SPOT does not have it @flag --streams',
    ])
  })

  it('needs symbols from somewhere', () => {
    expect(onlyIssueOf(() => loadConfig({ flags: { venue: 'SIM_SPOT', streams: 'trade' } }))).toBe(
      'streams: a stream list ("trade") needs symbols, e.g. --symbols BTCUSDT,ETHUSDT @flag --streams',
    )
  })
})

describe('explaining', () => {
  const byPath = (values: readonly EffectiveValue[]): Record<string, string> =>
    Object.fromEntries(values.map(({ path, value, origin }) => [path, `${JSON.stringify(value)} ${origin}`]))

  it('gives every field with its value in force and where it was written', () => {
    const { config, values } = explainConfig({
      file,
      env: { FEEDBUS_CONNECTION__PING_INTERVAL_MS: '25000' },
      flags: { venue: 'BINANCE_SPOT_TESTNET' },
    })
    expect(values.map((each) => each.path)).toEqual(configFields().map((field) => field.pathText))
    expect(byPath(values)).toMatchObject({
      venue: '"BINANCE_SPOT_TESTNET" flag --venue',
      symbols: `["BTCUSDT","ETHUSDT"] file ${file}:2`,
      subscribeTicker: `true file ${file}:5`,
      defaultKlineInterval: '"1m" default',
      'connection.pingIntervalMs': '25000 env FEEDBUS_CONNECTION__PING_INTERVAL_MS',
      'connection.pingTimeoutMs': `8000 file ${file}:8`,
      'connection.baseUrl': '"wss://stream.testnet.binance.vision" default of BINANCE_SPOT_TESTNET',
      'connection.restUrl': '"https://testnet.binance.vision" default of BINANCE_SPOT_TESTNET',
      'connection.refreshWindow': 'null default',
      'health.watchdogTimeoutMs': '60000 default',
    })
    expect(values.map((each) => each.kind)).toContain('env')
    expect(config.venue).toBe('BINANCE_SPOT_TESTNET')
  })

  it('says of a stream list what it did with the symbols', () => {
    const values = byPath(explainConfig({ file, flags: { streams: 'trade' } }).values)
    expect(values['symbols']).toBe(`[] file ${file}:2, used by flag --streams`)
    expect(values['streams']).toBe(
      '[{"symbol":"BTCUSDT","type":"TRADE"},{"symbol":"ETHUSDT","type":"TRADE"}] flag --streams',
    )
    expect(values['subscribeTicker']).toBe('false default')
  })

  it('says where an address comes from that was not given', () => {
    const of = (flags: Record<string, string>): Record<string, string> =>
      byPath(explainConfig({ flags: { symbols: 'X', ...flags } }).values)
    expect(of({ venue: 'SIM_SPOT' })).toMatchObject({
      'connection.baseUrl': '"" not set',
      'connection.restUrl': '"" not set',
    })
    expect(of({ venue: 'SIM_SPOT', baseUrl: 'ws://127.0.0.1:1' })).toMatchObject({
      'connection.baseUrl': '"ws://127.0.0.1:1" flag --base-url',
      'connection.restUrl': '"http://127.0.0.1:1" beside connection.baseUrl',
    })
  })

  it('fails as loading does when the configuration is wrong', () => {
    expect(onlyIssueOf(() => explainConfig({ flags: { venue: 'SIM_SPOT' } }))).toBe(
      ': neither symbols nor streams are given; at least one of them is needed',
    )
    expect(issuesOf(() => explainConfig({}))).toHaveLength(2)
  })
})
