import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LiveFeedConfig, loadConfigFile } from '../../../src/live/config/index.js'
import { jsonFaultOffset } from '../../../src/live/config/json-fault.js'
import { issuesOf, onlyIssueOf } from './support.js'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'feedbus-config-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function write(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** `line path: message` of each issue, in order; line `-` when only the file is named. */
function faultsOf(name: string, text: string): string[] {
  const path = write(name, text)
  return issuesOf(() => loadConfigFile(path)).map(({ location, path: field, message }) => {
    expect(location?.startsWith(path)).toBe(true)
    return `${location?.slice(path.length + 1) || '-'} ${field}: ${message}`
  })
}

describe('a YAML file', () => {
  it('becomes a configuration', () => {
    const path = write(
      'good.yaml',
      `# comment
venue: BINANCE_FUTURES
symbols: [BTCUSDT, 币安人生USDT, 1000SATSUSDT]
subscribeOrderbook: true
orderbookDepth: full
connection:
  maxReconnectAttempts: .inf
  connectTimeoutMs: 1e4
health: { stalenessThresholdMs: 5000 }
`,
    )
    const config = loadConfigFile(path)
    expect(config).toBeInstanceOf(LiveFeedConfig)
    expect(config.symbols).toEqual(['BTCUSDT', '币安人生USDT', '1000SATSUSDT'])
    expect(config.orderbookDepth).toBe('full')
    expect(config.connection).toMatchObject({
      maxReconnectAttempts: Number.POSITIVE_INFINITY,
      connectTimeoutMs: 10_000,
    })
    expect(config.health.stalenessThresholdMs).toBe(5_000)
  })

  it('with mistakes hears of all of them, from top to bottom, each with its line', () => {
    const faults = faultsOf(
      'bad.yaml',
      `# a feed
venue: BINANCE_FUTURES
symbols:
  - BTCUSDT
  - ethusdt
default_kline_interval: 1m

connection:
  pingTimeoutMs: 30s
  ping_interval_s: 20
streams:
  - symbol: BTCUSDT
    type: KLINE
  - symbol: BTCUSDT
    type: DEPTH
    depthLevels: 20
    updateSpeed: 1000ms
  - { type: TRADE }
health:
  watchdogTimeoutMs: 0
`,
    )
    expect(faults).toEqual([
      '5 symbols[1]: symbol "ethusdt" must be upper case; did you mean ETHUSDT?',
      '6 default_kline_interval: unknown field. Did you mean defaultKlineInterval?',
      '9 connection.pingTimeoutMs: "30s" is not a whole number of milliseconds from 1 to 2147483647: durations are numbers of milliseconds; write 30000',
      '10 connection.ping_interval_s: unknown field. Did you mean pingIntervalMs? It is in milliseconds: 20 s is 20000.',
      '12 streams[0].interval: is required for KLINE, e.g. 1m',
      '17 streams[1].updateSpeed: "1000ms" is not an update speed of partial depth on BINANCE_FUTURES; allowed: 250ms (default), 500ms, 100ms',
      '18 streams[2].symbol: is required',
      '20 health.watchdogTimeoutMs: 0 is not a whole number of milliseconds from 1 to 2147483647',
    ])
  })

  it('names the file alone for what is missing at the top', () => {
    expect(faultsOf('empty-feed.yaml', 'emitPartialCandles: true\n')).toEqual([
      '- venue: is required: one of BINANCE_SPOT, BINANCE_FUTURES, BINANCE_SPOT_TESTNET, BINANCE_FUTURES_TESTNET, BINANCE_SPOT_DEMO, SIM_SPOT, SIM_FUTURES',
      '- : neither symbols nor streams are given; at least one of them is needed',
    ])
  })

  it('begins with what is missing, then goes by line', () => {
    const faults = faultsOf('no-venue.yaml', 'venus: SIM_SPOT\nsymbols: [X]\norderbookDepth: 7\n')
    expect(faults.map((fault) => fault.split(':')[0])).toEqual(['- venue', '1 venus', '3 orderbookDepth'])
  })

  it('formats the error as path, line, field and message', () => {
    const path = write('typo.yaml', 'symbols: [BTCUSDT]\nvenue: BINANCE_SPTO\n')
    expect(() => loadConfigFile(path)).toThrow(
      `CONFIG_INVALID ${path}:2 venue: "BINANCE_SPTO" is not one of BINANCE_SPOT, `,
    )
  })

  it('follows anchors to the line where the value is written', () => {
    const text = `venue: SIM_SPOT
streams:
  - &first { symbol: BTCUSDT, type: KLINE, interval: 1m }
  - &second
    symbol: ETHUSDT
    type: TRADES
  - *second
`
    expect(faultsOf('anchors.yaml', text).map((fault) => fault.split(':')[0])).toEqual([
      '6 streams[1].type',
      '6 streams[2].type',
    ])
    expect(loadConfigFile(write('anchors-ok.yml', text.replace('TRADES', 'TRADE'))).streamSpecs()).toHaveLength(2)
  })

  it.each([
    ['bad indentation', 'venue: SIM_SPOT\n symbols: [X]\n', /^1 : Nested mappings/],
    ['an open bracket', 'venue: SIM_SPOT\nsymbols: [X\n', /^[23] : Flow sequence/],
    [
      'a field given twice',
      'venue: SIM_SPOT\nsymbols: [X]\nvenue: SIM_FUTURES\n',
      /^3 : the same field is given twice$/,
    ],
    ['an unknown tag', 'symbols: [X]\nvenue: !secret SIM_SPOT\n', /^2 : Unresolved tag: !secret/],
    ['nothing', '', /^- : null is not a configuration: an object with at least venue is needed$/],
    ['a list', '- venue: SIM_SPOT\n', /^- : \[.*\] is not a configuration/],
    [
      'an empty section',
      'venue: SIM_SPOT\nsymbols: [X]\nhealth:\n',
      /^3 health: is empty: remove it, or give it fields/,
    ],
    ['a stream list as text', 'venue: SIM_SPOT\nstreams: kline:1m\n', /^2 streams: "kline:1m" is not a list$/],
  ])('refuses %s', (_, text, expected) => {
    const faults = faultsOf('broken.yaml', text)
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatch(expected)
  })

  it('may begin with a byte order mark', () => {
    expect(loadConfigFile(write('bom.yaml', '\uFEFFvenue: SIM_SPOT\nsymbols: [X]\n')).venue).toBe('SIM_SPOT')
  })
})

describe('a JSON file', () => {
  it('becomes a configuration, also with tabs', () => {
    const path = write(
      'good.json',
      '{\n\t"$schema": "./feed.schema.json",\n\t"venue": "SIM_SPOT",\n\t"symbols": ["BTCUSDT"],\n\t"connection": { "maxReconnectAttempts": "Infinity" }\n}\n',
    )
    expect(loadConfigFile(path).connection.maxReconnectAttempts).toBe(Number.POSITIVE_INFINITY)
  })

  it('hears of mistakes with their lines', () => {
    const text = `{
  "venue": "SIM_FUTURES",
  "symbols": ["BTCUSDT"],
  "connection": {
    "maxReconnectAttempts": "never",
    "reconnectJitter": 2
  }
}`
    expect(faultsOf('bad.json', text)).toEqual([
      '5 connection.maxReconnectAttempts: "never" is not a whole number, 0 or more, or Infinity',
      '6 connection.reconnectJitter: 2 is not a number from 0 to 1',
    ])
  })

  it.each([
    ['a trailing comma', '{\n  "venue": "SIM_SPOT",\n  "symbols": ["X"],\n}', 4],
    ['a comment', '{\n  "venue": "SIM_SPOT",\n  // all of them\n  "symbols": ["X"]\n}', 3],
    ['a bare word', '{\n  "venue": "SIM_SPOT",\n  "symbols": ["X"],\n  "emitPartialCandles": yes\n}', 4],
    ['single quotes', "{\n  'venue': 'SIM_SPOT'\n}", 2],
    ['a missing comma', '{\n  "venue": "SIM_SPOT"\n  "symbols": ["X"]\n}', 3],
    ['an early end', '{\n  "venue": "SIM_SPOT",\n  "symbols": ["X"]\n\n', 3],
    ['Infinity as a word', '{\n  "connection": {\n    "maxReconnectAttempts": Infinity\n  }\n}', 3],
    ['nothing', '', 1],
  ])('with %s is refused, with the line', (_, text, line) => {
    const faults = faultsOf('broken.json', text)
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatch(new RegExp(`^${line} : is not valid JSON: .+`))
    expect(faults[0]).not.toMatch(/at position|\.\.\./)
  })

  it('may not give a field twice, although JSON readers take the last', () => {
    expect(
      faultsOf('twice.json', '{\n  "venue": "SIM_SPOT",\n  "symbols": ["X"],\n  "venue": "BINANCE_SPOT"\n}'),
    ).toEqual(['4 : the same field is given twice'])
  })
})

describe('the place of a JSON fault', () => {
  const damaged = fc
    .tuple(
      fc.json({ maxDepth: 3 }),
      fc.nat(200),
      fc.constantFrom('', ',', '}', ']', '"', ':', ' ', 'x', '\\', '0', '-', '\n', '/'),
    )
    .map(
      ([text, at, piece]) =>
        `${text.slice(0, at % (text.length + 1))}${piece}${text.slice((at % (text.length + 1)) + (at % 2))}`,
    )

  it('exists exactly when JSON.parse refuses the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), damaged), (text) => {
        let isValid = true
        try {
          JSON.parse(text)
        } catch {
          isValid = false
        }
        const offset = jsonFaultOffset(text)
        expect(offset === undefined).toBe(isValid)
        if (offset !== undefined) expect(offset).toBeLessThanOrEqual(text.length)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('reading a file', () => {
  it('says why it cannot', () => {
    const missing = join(folder, 'missing.yaml')
    expect(onlyIssueOf(() => loadConfigFile(missing))).toBe(`: cannot be read: no such file @${missing}`)
    mkdirSync(join(folder, 'folder.yaml'))
    expect(onlyIssueOf(() => loadConfigFile(join(folder, 'folder.yaml')))).toContain(
      'cannot be read: it is a directory',
    )
  })

  it.each(['feed.toml', 'feed', 'feed.yaml.bak'])('refuses the name %s', (name) => {
    expect(onlyIssueOf(() => loadConfigFile(write(name, 'venue: SIM_SPOT')))).toContain(
      ': is not a configuration file: its name must end with .yaml, .yml or .json',
    )
  })
})

describe('the example files', () => {
  const examples = fileURLToPath(new URL('../../../examples/config/', import.meta.url))

  it('are all valid', () => {
    const found = readdirSync(examples).sort()
    expect(found).toEqual(['explicit-streams.json', 'futures.yaml', 'order-book.yaml', 'spot.yaml'])
    const streams = Object.fromEntries(
      found.map((name) => [
        name,
        loadConfigFile(join(examples, name))
          .streamSpecs()
          .map((spec) => spec.name),
      ]),
    )
    expect(streams).toEqual({
      'spot.yaml': ['btcusdt@kline_1m', 'btcusdt@depth5', 'ethusdt@kline_1m', 'ethusdt@depth5'],
      'futures.yaml': ['btcusdt', 'ethusdt'].flatMap((symbol) =>
        ['kline_5m', 'markPrice', 'bookTicker', 'forceOrder'].map((kind) => `${symbol}@${kind}`),
      ),
      'order-book.yaml': ['btcusdt@depth@100ms', 'ethusdt@depth@100ms', 'solusdt@depth20', 'btcusdt@bookTicker'],
      'explicit-streams.json': [
        'btcusdt@kline_1m',
        'btcusdt@kline_5m',
        'btcusdt@depth10@100ms',
        'btcusdt@aggTrade',
        'ethusdt@ticker',
      ],
    })
  })
})
