import { InvalidArgumentError } from 'commander'
import { describe, expect, it } from 'vitest'
import { parseEmitPatterns } from '../../src/cli/emit-patterns.js'
import {
  parseDurationMs,
  parseHostPort,
  parseList,
  parsePort,
  parseSeed,
  parseSpeed,
  parseSymbols,
} from '../../src/cli/option-values.js'

describe('a duration', () => {
  it.each([
    ['500ms', 500],
    ['20s', 20_000],
    ['5m', 300_000],
    ['1.5h', 5_400_000],
    ['2d', 172_800_000],
    [' 3s ', 3_000],
  ])('%j is %d milliseconds', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms)
  })

  it.each(['20', '', 's', '-1s', '1 s', '1e3s', '5 minutes', '1s2'])('%j is refused with an example', (text) => {
    expect(() => parseDurationMs(text)).toThrow(InvalidArgumentError)
    expect(() => parseDurationMs(text)).toThrow(/20s/)
  })
})

describe('an address', () => {
  it.each([
    ['127.0.0.1:9464', '127.0.0.1', 9464],
    ['0.0.0.0:80', '0.0.0.0', 80],
    ['localhost:0', 'localhost', 0],
    ['[::1]:9464', '::1', 9464],
    [':9464', '127.0.0.1', 9464],
    ['9464', '127.0.0.1', 9464],
  ])('%j is host %s, port %d', (text, host, port) => {
    expect(parseHostPort(text)).toEqual({ host, port })
  })

  it.each(['', 'localhost', '127.0.0.1:', '127.0.0.1:65536', '::1:80', 'a:b'])('%j is refused', (text) => {
    expect(() => parseHostPort(text)).toThrow(/HOST:PORT/)
  })
})

describe('a list', () => {
  it('is split at commas, without blanks and empty items', () => {
    expect(parseList(' BTCUSDT, ETHUSDT ,,')).toEqual(['BTCUSDT', 'ETHUSDT'])
  })

  it.each(['', ' ', ',,'])('%j is refused as empty', (text) => {
    expect(() => parseList(text)).toThrow(/empty/)
  })
})

describe('symbols of a simulated venue', () => {
  it('are kept once each, in order', () => {
    // A symbol given twice ended the command with a stack.
    expect(parseSymbols('ETHUSDT,BTCUSDT, ETHUSDT')).toEqual(['ETHUSDT', 'BTCUSDT'])
  })

  it('are refused with what was meant', () => {
    expect(() => parseSymbols('btcusdt')).toThrow(/"btcusdt" must be upper case; did you mean BTCUSDT\?/)
    expect(() => parseSymbols('BTC-USDT')).toThrow(/holds '-'.*did you mean BTCUSDT\?/)
  })
})

describe('a number', () => {
  it('is a port from 0 to 65535', () => {
    expect(parsePort('65535')).toBe(65_535)
    for (const text of ['65536', '-1', '1.5', '0x10', '']) expect(() => parsePort(text)).toThrow(/whole number/)
  })

  it('is a seed that a number holds exactly', () => {
    expect(parseSeed('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER)
    expect(() => parseSeed('9007199254740992')).toThrow(/whole number/)
  })

  it('is a speed above zero, or max', () => {
    expect(parseSpeed('max')).toBe('max')
    expect(parseSpeed('0.5')).toBe(0.5)
    for (const text of ['0', '-1', 'fast', 'Infinity']) expect(() => parseSpeed(text)).toThrow(/not a speed/)
  })
})

describe('patterns of --emit', () => {
  it('are topics and wildcards that match at least one topic', () => {
    expect(parseEmitPatterns('mkt.*, live.gap,>')).toEqual(['mkt.*', 'live.gap', '>'])
  })

  it('are refused with all topics when nothing could ever match', () => {
    expect(() => parseEmitPatterns('mkt.candles,mkt.candle')).toThrow(/"mkt\.candle" matches no topic.*mkt\.candles/)
  })

  it('are refused when malformed, saying what is wrong', () => {
    expect(() => parseEmitPatterns('mkt.>.x')).toThrow(InvalidArgumentError)
    expect(() => parseEmitPatterns('mkt.can*')).toThrow(/wildcard/)
  })
})
