import { describe, expect, it } from 'vitest'
import { LiveFeedConfig } from '../../../src/live/config/index.js'
import { issuesOf, issueText, onlyIssueOf } from './support.js'

const VENUES =
  'BINANCE_SPOT, BINANCE_FUTURES, BINANCE_SPOT_TESTNET, BINANCE_FUTURES_TESTNET, BINANCE_SPOT_DEMO, SIM_SPOT, SIM_FUTURES'
const MS = 'is not a whole number of milliseconds from 1 to 2147483647'

/** The problem of a configuration that is right but for `changes`. */
const problem = (changes: object): string =>
  onlyIssueOf(() => LiveFeedConfig.parse({ venue: 'BINANCE_FUTURES', symbols: ['BTCUSDT'], ...changes }))
const connectionProblem = (connection: object): string => problem({ connection })

describe('a wrong venue', () => {
  it('is told the venues, and the one that was probably meant', () => {
    expect(problem({ venue: 'BINANCE_SPTO' })).toBe(
      `venue: "BINANCE_SPTO" is not one of ${VENUES}. Did you mean BINANCE_SPOT?`,
    )
    expect(problem({ venue: 'binance_futures' })).toContain('Did you mean BINANCE_FUTURES?')
    expect(problem({ venue: 'FUTURES_BINANCE' })).toContain('Did you mean BINANCE_FUTURES?')
    expect(problem({ venue: 'KRAKEN' })).toBe(`venue: "KRAKEN" is not one of ${VENUES}`)
    // Known to connectors only.
    expect(problem({ venue: 'BYBIT' })).toBe(`venue: "BYBIT" is not one of ${VENUES}`)
    expect(problem({ venue: 7 })).toBe(`venue: 7 is not one of ${VENUES}`)
    expect(problem({ venue: undefined })).toBe(`venue: is required: one of ${VENUES}`)
  })

  it('does not hide what is wrong whatever the venue', () => {
    const issues = issuesOf(() =>
      LiveFeedConfig.parse({
        venue: 'BINANCE_SPTO',
        symbols: ['btcusdt'],
        streams: [
          { symbol: 'BTCUSDT', type: 'KLINE' },
          { symbol: 'BTCUSDT', type: 'TRADE', interval: '1m' },
        ],
        conection: {},
        connection: { pingIntervalMs: 5_000 },
      }),
    ).map(issueText)
    expect(issues).toHaveLength(6)
    expect(issues).toEqual(
      expect.arrayContaining([
        expect.stringContaining('venue: "BINANCE_SPTO"'),
        'symbols[0]: symbol "btcusdt" must be upper case; did you mean BTCUSDT?',
        'conection: unknown field. Did you mean connection?',
        'streams[0].interval: is required for KLINE, e.g. 1m',
        'streams[1].interval: TRADE has no interval; only KLINE does',
        expect.stringContaining('connection.pingIntervalMs: pingTimeoutMs (10000, the default) must not be longer'),
      ]),
    )
  })
})

describe('the error', () => {
  it('prints one line per problem, each with code and path', () => {
    let error: unknown
    try {
      LiveFeedConfig.parse({ venue: 'BINANCE_SPOT', symbols: ['btcusdt'], health: { watchdogTimeoutMs: -1 } })
    } catch (caught) {
      error = caught
    }
    expect((error as Error).message.split('\n')).toEqual([
      'CONFIG_INVALID symbols[0]: symbol "btcusdt" must be upper case; did you mean BTCUSDT?',
      `CONFIG_INVALID health.watchdogTimeoutMs: -1 ${MS}`,
    ])
    expect((error as { issues: readonly object[] }).issues.every(Object.isFrozen)).toBe(true)
  })

  it.each([[null], [undefined], [5], ['BINANCE_SPOT'], [[]], [[{ venue: 'SIM_SPOT' }]]])(
    'refuses %j as a whole',
    (input) => {
      expect(onlyIssueOf(() => LiveFeedConfig.parse(input))).toMatch(
        /^: .* is not a configuration: an object with at least venue/,
      )
    },
  )
})

describe('symbols', () => {
  it.each([
    ['btcusdt', 'symbol "btcusdt" must be upper case; did you mean BTCUSDT?'],
    ['BtcUSDT', 'symbol "BtcUSDT" must be upper case; did you mean BTCUSDT?'],
    ['btcusdt_261225', 'symbol "btcusdt_261225" must be upper case; did you mean BTCUSDT_261225?'],
    ['币安人生usdt', 'symbol "币安人生usdt" must be upper case; did you mean 币安人生USDT?'],
    ['BTC/USDT', `symbol "BTC/USDT" holds '/', but only letters, digits and _ are allowed; did you mean BTCUSDT?`],
    ['btc-usdt', `symbol "btc-usdt" holds '-', but only letters, digits and _ are allowed; did you mean BTCUSDT?`],
    [' BTCUSDT', 'symbol " BTCUSDT" holds a blank, but only letters, digits and _ are allowed; did you mean BTCUSDT?'],
    [
      'BTCUSDT\n',
      'symbol "BTCUSDT\\n" holds U+000A, but only letters, digits and _ are allowed; did you mean BTCUSDT?',
    ],
    [
      'btcusdt@trade',
      `symbol "btcusdt@trade" holds '@', but only letters, digits and _ are allowed; did you mean BTCUSDT?`,
    ],
    ['BTC\u200bUSDT', 'symbol "BTC\u200bUSDT" holds U+200B, but only letters, digits and _ are allowed'],
    ['!', `symbol "!" holds '!', but only letters, digits and _ are allowed`],
    ['\ud800', 'symbol "\\ud800" holds U+D800, but only letters, digits and _ are allowed'],
    ['', 'a symbol must not be empty'],
    ['X'.repeat(65), `symbol "${'X'.repeat(60)}…" has 65 characters; at most 64 are allowed`],
  ])('refuses %j', (symbol, message) => {
    expect(problem({ symbols: ['ETHUSDT', symbol] })).toBe(`symbols[1]: ${message}`)
    expect(problem({ streams: [{ symbol, type: 'TRADE' }] })).toBe(`streams[0].symbol: ${message}`)
  })

  it('refuses what is no text', () => {
    expect(problem({ symbols: [true] })).toBe(
      'symbols[0]: true is not a symbol: write it as text in quotes, e.g. "BTCUSDT"',
    )
    expect(problem({ symbols: 'BTCUSDT, ETHUSDT' })).toBe(
      'symbols: "BTCUSDT, ETHUSDT" is not a list; write ["BTCUSDT","ETHUSDT"]',
    )
    expect(problem({ symbols: null })).toBe('symbols: is empty: remove it, or give it a list')
  })

  it.each(['BTCUSDT', 'BTCUSDT_261225', '1000SATSUSDT', '币安人生USDT', '这是测试币456', '１２３ＵＳＤＴ', '4'])(
    'accepts %s',
    (symbol) => {
      expect(new LiveFeedConfig({ venue: 'SIM_SPOT', symbols: [symbol] }).symbols).toEqual([symbol])
    },
  )
})

describe('unknown fields', () => {
  it.each([
    [{ default_kline_interval: '1m' }, 'default_kline_interval: unknown field. Did you mean defaultKlineInterval?'],
    [{ kline_interval: '1m' }, 'kline_interval: unknown field. Did you mean defaultKlineInterval?'],
    [{ subscribe_orderbook: true }, 'subscribe_orderbook: unknown field. Did you mean subscribeOrderbook?'],
    [{ subscribeOrderBook: true }, 'subscribeOrderBook: unknown field. Did you mean subscribeOrderbook?'],
    [{ orderbook_depth: 5 }, 'orderbook_depth: unknown field. Did you mean orderbookDepth?'],
    [{ emit_partial_candles: true }, 'emit_partial_candles: unknown field. Did you mean emitPartialCandles?'],
    [{ simbols: [] }, 'simbols: unknown field. Did you mean symbols?'],
    [
      { staleness_threshold_s: 30 },
      'staleness_threshold_s: unknown field here. Did you mean health.stalenessThresholdMs? It is in milliseconds: 30 s is 30000.',
    ],
    [{ pingIntervalMs: 5 }, 'pingIntervalMs: unknown field here. Did you mean connection.pingIntervalMs?'],
  ])('%j', (changes, expected) => {
    expect(problem(changes)).toBe(expected)
  })

  it.each([
    ['connection', 'base_url', 'x', 'baseUrl', ''],
    ['connection', 'connect_timeout_s', 30.0, 'connectTimeoutMs', ' It is in milliseconds: 30 s is 30000.'],
    ['connection', 'ping_interval_s', 12.5, 'pingIntervalMs', ' It is in milliseconds: 12.5 s is 12500.'],
    ['connection', 'ping_timeout_s', 10, 'pingTimeoutMs', ' It is in milliseconds: 10 s is 10000.'],
    ['connection', 'max_reconnect_attempts', 10, 'maxReconnectAttempts', ''],
    ['connection', 'base_reconnect_delay_s', 1, 'baseReconnectDelayMs', ' It is in milliseconds: 1 s is 1000.'],
    ['connection', 'max_reconnect_delay_s', 60, 'reconnectDelayMsMax', ' It is in milliseconds: 60 s is 60000.'],
    ['connection', 'maxReconnectDelayMs', 60, 'reconnectDelayMsMax', ''],
    ['connection', 'reconnect_jitter', 0.3, 'reconnectJitter', ''],
    ['connection', 'max_connection_age_s', 82800, 'connectionAgeMsMax', ' It is in milliseconds: 82800 s is 82800000.'],
    ['connection', 'pingIntervalSec', '5', 'pingIntervalMs', ' It is in milliseconds: 30 s is 30000.'],
    ['health', 'staleness_threshold_s', 30, 'stalenessThresholdMs', ' It is in milliseconds: 30 s is 30000.'],
    ['health', 'health_check_interval_s', 5, 'healthCheckIntervalMs', ' It is in milliseconds: 5 s is 5000.'],
    ['health', 'watchdog_timeout_s', 60, 'watchdogTimeoutMs', ' It is in milliseconds: 60 s is 60000.'],
  ])('of the original documentation: %s.%s', (section, name, value, meant, hint) => {
    expect(problem({ [section]: { [name]: value } })).toBe(
      `${section}.${name}: unknown field. Did you mean ${meant}?${hint}`,
    )
  })

  it('without a near name are told what is known there', () => {
    expect(problem({ health: { colour: 'red' } })).toBe(
      'health.colour: unknown field; known here: stalenessThresholdMs, healthCheckIntervalMs, watchdogTimeoutMs, clockCheckIntervalMs',
    )
    expect(problem({ x: 1 })).toMatch(/^x: unknown field; known here: venue, symbols, /)
  })

  it('are refused even when named __proto__', () => {
    const input = JSON.parse('{"venue":"SIM_SPOT","symbols":["X"],"__proto__":{"emitPartialCandles":true}}')
    expect(onlyIssueOf(() => LiveFeedConfig.parse(input))).toContain('__proto__: unknown field')
  })

  it('may be $schema, for editors', () => {
    const config = LiveFeedConfig.parse({ $schema: './feed.schema.json', venue: 'SIM_SPOT', symbols: ['X'] })
    expect(JSON.stringify(config)).not.toContain('$schema')
  })
})

describe('single values', () => {
  it.each([
    [{ connectTimeoutMs: '30s' }, `connectTimeoutMs: "30s" ${MS}: durations are numbers of milliseconds; write 30000`],
    [
      { connectionAgeMsMax: '23h' },
      'connectionAgeMsMax: "23h" is not a whole number of milliseconds from 1 to 86400000: durations are numbers of milliseconds; write 82800000',
    ],
    [
      { connectTimeoutMs: '1.5 s' },
      `connectTimeoutMs: "1.5 s" ${MS}: durations are numbers of milliseconds; write 1500`,
    ],
    [{ connectTimeoutMs: '30000' }, `connectTimeoutMs: "30000" ${MS}: it is a text; write 30000 without quotes`],
    [{ connectTimeoutMs: '30_000' }, `connectTimeoutMs: "30_000" ${MS}: it is a text; write 30000 without quotes`],
    [{ connectTimeoutMs: 'soon' }, `connectTimeoutMs: "soon" ${MS}`],
    [{ connectTimeoutMs: 0 }, `connectTimeoutMs: 0 ${MS}`],
    [{ connectTimeoutMs: 1.5 }, `connectTimeoutMs: 1.5 ${MS}`],
    [{ connectTimeoutMs: 2 ** 31 }, `connectTimeoutMs: 2147483648 ${MS}`],
    [{ connectTimeoutMs: Number.POSITIVE_INFINITY }, `connectTimeoutMs: Infinity ${MS}`],
    [{ connectTimeoutMs: Number.NaN }, `connectTimeoutMs: NaN ${MS}`],
    [{ connectTimeoutMs: null }, `connectTimeoutMs: null ${MS}`],
    [{ maxReconnectAttempts: -1 }, 'maxReconnectAttempts: -1 is not a whole number, 0 or more, or Infinity'],
    [
      { maxReconnectAttempts: 'inf' },
      'maxReconnectAttempts: "inf" is not a whole number, 0 or more, or Infinity. Did you mean Infinity?',
    ],
    [
      { maxReconnectAttempts: '.inf' },
      'maxReconnectAttempts: ".inf" is not a whole number, 0 or more, or Infinity. Did you mean Infinity?',
    ],
    [{ reconnectJitter: 30 }, 'reconnectJitter: 30 is not a number from 0 to 1'],
    [
      { reconnectJitter: '0.3' },
      'reconnectJitter: "0.3" is not a number from 0 to 1: it is a text; write 0.3 without quotes',
    ],
    [{ streamsPerConnectionMax: 2000 }, 'streamsPerConnectionMax: 2000 is not a whole number from 1 to 1024'],
    [{ refreshWindow: { fromHour: 24, toHour: 4 } }, 'refreshWindow.fromHour: 24 is not a whole number from 0 to 23'],
    [{ refreshWindow: { fromHour: 3 } }, 'refreshWindow.toHour: is required'],
    [{ refreshWindow: '2-4' }, 'refreshWindow: "2-4" is not an object with the fields fromHour, toHour'],
  ])('connection %j', (connection, expected) => {
    expect(connectionProblem(connection)).toBe(`connection.${expected}`)
  })

  it.each([
    [{ orderbookDepth: 15 }, 'orderbookDepth: 15 is not one of 5, 10, 20, full'],
    [{ orderbookDepth: 'ful' }, 'orderbookDepth: "ful" is not one of 5, 10, 20, full. Did you mean full?'],
    [{ subscribeTicker: 'yes' }, 'subscribeTicker: "yes" is not true or false; write true without quotes'],
    [{ subscribeTicker: 'off' }, 'subscribeTicker: "off" is not true or false; write false without quotes'],
    [{ subscribeTicker: 1 }, 'subscribeTicker: 1 is not true or false'],
    [{ connection: null }, expect.stringMatching(/^connection: is empty: remove it, or give it fields \(baseUrl, /)],
    [
      { health: [] },
      'health: [] is not an object with the fields stalenessThresholdMs, healthCheckIntervalMs, watchdogTimeoutMs, clockCheckIntervalMs',
    ],
    [{ streams: { symbol: 'X' } }, 'streams: {"symbol":"X"} is not a list'],
  ])('%j', (changes, expected) => {
    expect(problem(changes)).toEqual(expected)
  })

  it.each([
    ['5min', '5m'],
    ['1H', '1h'],
    ['1hour', '1h'],
    ['60m', '1h'],
    ['1 day', '1d'],
    ['1 month', '1M'],
    ['1D', '1d'],
  ])('interval %s suggests %s', (interval, meant) => {
    expect(problem({ defaultKlineInterval: interval })).toBe(
      `defaultKlineInterval: "${interval}" is not one of 1s, 1m, 3m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 8h, 12h, 1d, 3d, 1w, 1M. Did you mean ${meant}?`,
    )
  })

  it('guesses no interval that the venue does not have', () => {
    expect(problem({ defaultKlineInterval: '7m' })).not.toContain('Did you mean')
    expect(problem({ streams: [{ symbol: 'X', type: 'KLINE', interval: 1 }] })).toMatch(
      /^streams\[0\]\.interval: 1 is not one of 1s/,
    )
  })

  it('of a stream', () => {
    const of = (stream: object): string => problem({ streams: [{ symbol: 'X', type: 'DEPTH', ...stream }] })
    expect(of({ depthLevels: 7 })).toBe('streams[0].depthLevels: 7 is not one of 5, 10, 20')
    expect(of({ depthLevels: 'full' })).toBe(
      'streams[0].depthLevels: "full" is not one of 5, 10, 20. Leave depthLevels out for the maintained full book',
    )
    expect(of({ updateSpeed: 100 })).toBe('streams[0].updateSpeed: 100 is not a text; write "100ms"')
    expect(of({ type: 'MarkPrice' })).toContain('Did you mean MARK_PRICE?')
    expect(of({ type: undefined })).toMatch(/^streams\[0\]\.type: is required: one of KLINE, DEPTH, /)
    expect(of({ symbol: undefined })).toBe('streams[0].symbol: is required')
  })
})

describe('rules between fields', () => {
  it('ask for symbols or streams', () => {
    const text = ': neither symbols nor streams are given; at least one of them is needed'
    expect(onlyIssueOf(() => LiveFeedConfig.parse({ venue: 'SIM_SPOT' }))).toBe(text)
    expect(onlyIssueOf(() => LiveFeedConfig.parse({ venue: 'SIM_SPOT', symbols: [], streams: [] }))).toBe(text)
  })

  it('refuse a subscribe field that no symbol could use', () => {
    const streams = [{ symbol: 'BTCUSDT', type: 'TRADE' }]
    expect(problem({ symbols: [], streams, subscribeTicker: true })).toBe(
      'subscribeTicker: has no effect without symbols; list symbols, or add TICKER to streams',
    )
  })

  it('do not blame a subscribe field for symbols that are wrong', () => {
    const streams = [{ symbol: 'BTCUSDT', type: 'TRADE' }]
    expect(problem({ symbols: ['ethusdt'], streams, subscribeTicker: true })).toMatch(/^symbols\[0\]: symbol "ethusdt"/)
  })

  it.each([
    ['subscribeFunding', 'MARK_PRICE'],
    ['subscribeLiquidations', 'LIQUIDATION'],
  ])('refuse %s on spot', (name, type) => {
    expect(problem({ venue: 'BINANCE_SPOT', [name]: true })).toBe(
      `${name}: ${type} is a futures stream; BINANCE_SPOT does not have it`,
    )
  })

  it('refuse one-second candles of the simple form on futures', () => {
    expect(problem({ defaultKlineInterval: '1s' })).toMatch(
      /^defaultKlineInterval: 1s exists on spot only; BINANCE_FUTURES allows 1m/,
    )
  })

  it('refuse a second maintained book of the simple form', () => {
    const streams = [{ symbol: 'BTCUSDT', type: 'DEPTH', updateSpeed: '100ms' }]
    expect(problem({ subscribeOrderbook: true, orderbookDepth: 'full', streams })).toBe(
      'streams[0]: BTCUSDT already has a maintained book from btcusdt@depth; btcusdt@depth@100ms would be a second one',
    )
  })

  it('order ping timeout below ping interval, and name the default', () => {
    const why = ': the next ping would leave before the last is judged'
    expect(connectionProblem({ pingTimeoutMs: 40_000 })).toBe(
      `connection.pingTimeoutMs: pingTimeoutMs (40000) must not be longer than pingIntervalMs (30000, the default)${why}`,
    )
    expect(connectionProblem({ pingIntervalMs: 5_000 })).toBe(
      `connection.pingIntervalMs: pingTimeoutMs (10000, the default) must not be longer than pingIntervalMs (5000)${why}`,
    )
  })

  it('ask for snapshots only at a size the venue answers', () => {
    const book = { snapshotLevels: 5000 as const }
    expect(problem({ venue: 'BINANCE_FUTURES', book })).toBe(
      'book.snapshotLevels: 5000 is not offered by BINANCE_FUTURES: one of 100, 500, 1000',
    )
    expect(new LiveFeedConfig({ venue: 'BINANCE_SPOT', symbols: ['X'], book }).book.snapshotLevels).toBe(5000)
  })

  it('order the reconnect delays', () => {
    expect(connectionProblem({ baseReconnectDelayMs: 90_000 })).toBe(
      'connection.baseReconnectDelayMs: baseReconnectDelayMs (90000) must not be longer than reconnectDelayMsMax (60000, the default)',
    )
  })

  it('refuse an empty refresh window', () => {
    expect(connectionProblem({ refreshWindow: { fromHour: 4, toHour: 4 } })).toBe(
      'connection.refreshWindow: fromHour and toHour are both 4: the window is empty; leave refreshWindow out for any hour',
    )
  })

  it('refuse times against a live venue that look like seconds', () => {
    expect(problem({ health: { stalenessThresholdMs: 30 } })).toBe(
      'health.stalenessThresholdMs: 30 ms is too short for BINANCE_FUTURES (at least 1000): healthy feeds would be called stale. Durations are milliseconds: 30 s is 30000',
    )
    expect(connectionProblem({ connectionAgeMsMax: 23 })).toContain('each refresh is a connection attempt')
  })

  it('let a local server be as fast as it likes', () => {
    const connection = { baseUrl: 'ws://127.0.0.1:9', pingIntervalMs: 20, pingTimeoutMs: 10, baseReconnectDelayMs: 1 }
    for (const venue of ['BINANCE_SPOT', 'SIM_FUTURES'] as const) {
      const config = new LiveFeedConfig({ venue, symbols: ['X'], connection, health: { stalenessThresholdMs: 5 } })
      expect(config.connection.pingIntervalMs).toBe(20)
    }
  })
})

describe('addresses', () => {
  it.each([
    [
      'stream.example.com:9443',
      '"stream.example.com:9443" is not an address starting with ws:// or wss://; did you mean wss://stream.example.com:9443?',
    ],
    [
      '127.0.0.1:9080',
      '"127.0.0.1:9080" is not an address starting with ws:// or wss://; did you mean ws://127.0.0.1:9080?',
    ],
    ['ws://', '"ws://" is not an address starting with ws:// or wss://, e.g. ws://127.0.0.1:9080'],
    ['https://example.com', '"https://example.com" must start with ws:// or wss://; did you mean wss://example.com?'],
    ['http://example.com', '"http://example.com" must start with ws:// or wss://; did you mean ws://example.com?'],
    [
      'wss://fstream.binance.com/public/ws',
      '"wss://fstream.binance.com/public/ws" must not hold /public/ws: feedbus appends route and stream path; write wss://fstream.binance.com',
    ],
    ['ws://127.0.0.1:9080/stream?token=secret', 'must not have a query or fragment'],
    ['ws://me:secret@example.com', 'must not hold a user name or password'],
    ['me:secret@example.com', 'must not hold a user name or password'],
    [
      'wss://stream.binance.com:9443',
      '"wss://stream.binance.com:9443" is an address of BINANCE_SPOT, but venue is BINANCE_FUTURES',
    ],
  ])('refuses the stream address %s', (baseUrl, message) => {
    expect(connectionProblem({ baseUrl })).toBe(`connection.baseUrl: ${message}`)
  })

  it.each([
    ['wss://x.example', '"wss://x.example" must start with http:// or https://; did you mean https://x.example?'],
    [
      'https://fapi.binance.com/fapi/v1',
      '"https://fapi.binance.com/fapi/v1" must not hold /fapi/v1: feedbus appends the path; write https://fapi.binance.com',
    ],
    [
      'https://api.binance.com',
      '"https://api.binance.com" is an address of BINANCE_SPOT, but venue is BINANCE_FUTURES',
    ],
    ['https://u:p@x.example', 'must not hold a user name or password'],
  ])('refuses the REST address %s', (restUrl, message) => {
    expect(connectionProblem({ restUrl })).toBe(`connection.restUrl: ${message}`)
  })

  it('never lets a simulated venue reach a real one', () => {
    expect(problem({ venue: 'SIM_SPOT', connection: { baseUrl: 'wss://stream.binance.com' } })).toContain(
      'is an address of BINANCE_SPOT, but venue is SIM_SPOT',
    )
  })
})
