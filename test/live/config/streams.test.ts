import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import {
  resolveStream,
  resolveStreams,
  type StreamConfig,
  streamConfig,
  wireSymbol,
} from '../../../src/live/config/index.js'
import { CANDLE_INTERVALS, StreamType, type Venue } from '../../../src/types/index.js'
import { describeWithData } from '../../support/shared-data.js'
import { isDeeplyFrozen, issuesOf, issueText, onlyIssueOf } from './support.js'

const nameOf = (venue: Venue, config: StreamConfig): string => resolveStream(venue, config).name

describe('wire names', () => {
  it.each([
    ['BTCUSDT', 'btcusdt'],
    ['BTCUSDT_261225', 'btcusdt_261225'],
    ['1000SATSUSDT', '1000satsusdt'],
    ['币安人生USDT', '币安人生usdt'],
    ['这是测试币456', '这是测试币456'],
    // Full-width letters and the Turkish dotted I have lower-case forms that the venue does not know.
    ['ＢＴＣ１２３', 'ＢＴＣ１２３'],
    ['İUSDT', 'İusdt'],
    ['ÄÖÜUSDT', 'ÄÖÜusdt'],
  ])('writes %s as %s: only ASCII letters are lower-cased', (symbol, wire) => {
    expect(wireSymbol(symbol)).toBe(wire)
    expect(nameOf('BINANCE_SPOT', streamConfig(symbol, 'TRADE'))).toBe(`${wire}@trade`)
  })

  it.each([
    [streamConfig('BTCUSDT', 'KLINE', { interval: '1m' }), 'btcusdt@kline_1m', '1m'],
    [streamConfig('BTCUSDT', 'KLINE', { interval: '1M' }), 'btcusdt@kline_1M', '1M'],
    [streamConfig('BTCUSDT', 'KLINE', { interval: '1s' }), 'btcusdt@kline_1s', '1s'],
    [streamConfig('BTCUSDT', 'DEPTH', { depthLevels: 5 }), 'btcusdt@depth5', '5'],
    [streamConfig('BTCUSDT', 'DEPTH', { depthLevels: 20, updateSpeed: '100ms' }), 'btcusdt@depth20@100ms', '20@100ms'],
    [streamConfig('BTCUSDT', 'DEPTH', { depthLevels: 10, updateSpeed: '1000ms' }), 'btcusdt@depth10', '10'],
    [streamConfig('BTCUSDT', 'DEPTH'), 'btcusdt@depth', 'full'],
    [streamConfig('BTCUSDT', 'DEPTH', { updateSpeed: '100ms' }), 'btcusdt@depth@100ms', 'full@100ms'],
    [streamConfig('BTCUSDT', 'BOOK_TICKER'), 'btcusdt@bookTicker', ''],
    [streamConfig('BTCUSDT', 'AGG_TRADE'), 'btcusdt@aggTrade', ''],
    [streamConfig('BTCUSDT', 'TRADE'), 'btcusdt@trade', ''],
    [streamConfig('BTCUSDT', 'TICKER'), 'btcusdt@ticker', ''],
    [streamConfig('BTCUSDT', 'MINI_TICKER'), 'btcusdt@miniTicker', ''],
  ])('spot: %o is %s', (config, name, detail) => {
    expect(resolveStream('BINANCE_SPOT', config)).toMatchObject({ name, detail, route: '', symbol: 'BTCUSDT' })
    expect(resolveStream('SIM_SPOT', config).name).toBe(name)
  })

  it.each([
    [streamConfig('BTCUSDT', 'KLINE', { interval: '1h' }), 'btcusdt@kline_1h', 'market', '1h'],
    [
      streamConfig('BTCUSDT', 'DEPTH', { depthLevels: 20, updateSpeed: '500ms' }),
      'btcusdt@depth20@500ms',
      'public',
      '20@500ms',
    ],
    // `depth20@250ms` is acknowledged by the venue and delivers nothing: the default speed is the bare name.
    [streamConfig('BTCUSDT', 'DEPTH', { depthLevels: 20, updateSpeed: '250ms' }), 'btcusdt@depth20', 'public', '20'],
    [streamConfig('BTCUSDT', 'DEPTH', { updateSpeed: '0ms' }), 'btcusdt@depth@0ms', 'public', 'full@0ms'],
    [streamConfig('BTCUSDT', 'BOOK_TICKER'), 'btcusdt@bookTicker', 'public', ''],
    [streamConfig('BTCUSDT', 'MARK_PRICE'), 'btcusdt@markPrice', 'market', ''],
    [streamConfig('BTCUSDT', 'MARK_PRICE', { updateSpeed: '3s' }), 'btcusdt@markPrice', 'market', ''],
    [streamConfig('BTCUSDT', 'MARK_PRICE', { updateSpeed: '1s' }), 'btcusdt@markPrice@1s', 'market', '1s'],
    [streamConfig('BTCUSDT', 'AGG_TRADE'), 'btcusdt@aggTrade', 'market', ''],
    [streamConfig('BTCUSDT', 'TRADE'), 'btcusdt@trade', 'public', ''],
    [streamConfig('BTCUSDT', 'TICKER'), 'btcusdt@ticker', 'market', ''],
    [streamConfig('BTCUSDT', 'MINI_TICKER'), 'btcusdt@miniTicker', 'market', ''],
    [streamConfig('BTCUSDT', 'LIQUIDATION'), 'btcusdt@forceOrder', 'market', ''],
  ])('futures: %o is %s on /%s', (config, name, route, detail) => {
    expect(resolveStream('BINANCE_FUTURES', config)).toMatchObject({ name, route, detail })
    expect(resolveStream('SIM_FUTURES', config)).toMatchObject({ name, route })
  })

  it('gives the default speed, asked for or not, the same spec', () => {
    const bare = resolveStream('BINANCE_FUTURES', streamConfig('BTCUSDT', 'DEPTH', { depthLevels: 5 }))
    const spoken = resolveStream('BINANCE_FUTURES', {
      ...streamConfig('BTCUSDT', 'DEPTH', { depthLevels: 5 }),
      updateSpeed: '250ms',
    })
    expect(spoken).toEqual(bare)
    expect(bare.updateSpeed).toBeNull()
  })

  it('fills a frozen spec', () => {
    const spec = resolveStream(
      'BINANCE_SPOT',
      streamConfig('BTCUSDT', 'DEPTH', { depthLevels: 20, updateSpeed: '100ms' }),
    )
    expect(spec).toEqual({
      symbol: 'BTCUSDT',
      type: 'DEPTH',
      interval: null,
      depthLevels: 20,
      updateSpeed: '100ms',
      name: 'btcusdt@depth20@100ms',
      route: '',
      detail: '20@100ms',
    })
    expect(isDeeplyFrozen(spec)).toBe(true)
    expect(Object.isFrozen(streamConfig('BTCUSDT', 'TRADE'))).toBe(true)
  })

  describeWithData(
    'against recorded names',
    [
      'captures/binance-spot-4sym-20211012.jsonl.gz',
      'captures/binance-usdm-4sym-20210722.jsonl.gz',
      'captures/binancetr-spot-4sym-20230410.jsonl.gz',
    ],
    (...files) => {
      it.each(files)('every stream that delivered in %s can be asked for by exactly its name', async (file) => {
        const venue = file.includes('usdm') ? 'BINANCE_FUTURES' : 'BINANCE_SPOT'
        const names = new Set<string>()
        for await (const line of createInterface({ input: createReadStream(file).pipe(createGunzip()) })) {
          const record = JSON.parse(line) as { kind: string; stream?: string }
          if (record.kind === 'ws' && record.stream !== undefined) names.add(record.stream)
        }
        expect(names.size).toBeGreaterThan(5)
        for (const name of names) {
          const [symbol = '', kind = '', updateSpeed] = name.split('@')
          const [type, interval] = kind.startsWith('kline_') ? ['KLINE', kind.slice(6)] : [WIRE_TYPES[kind], undefined]
          const config = { symbol: symbol.toUpperCase(), type, interval, updateSpeed } as StreamConfig
          expect(nameOf(venue, config)).toBe(name)
        }
      })
    },
  )
})

const WIRE_TYPES: Record<string, StreamType> = {
  depth: 'DEPTH',
  bookTicker: 'BOOK_TICKER',
  aggTrade: 'AGG_TRADE',
  trade: 'TRADE',
}

describe('what a venue offers', () => {
  it.each(['MARK_PRICE', 'LIQUIDATION'] as const)('refuses %s on spot', (type) => {
    for (const venue of ['BINANCE_SPOT', 'BINANCE_SPOT_TESTNET', 'BINANCE_SPOT_DEMO', 'SIM_SPOT'] as const) {
      expect(onlyIssueOf(() => resolveStream(venue, { symbol: 'BTCUSDT', type }))).toBe(
        `type: ${type} is a futures stream; ${venue} does not have it`,
      )
    }
  })

  it('refuses one-second candles on futures and accepts every other interval on both markets', () => {
    expect(onlyIssueOf(() => resolveStream('BINANCE_FUTURES', streamConfig('X', 'KLINE', { interval: '1s' })))).toBe(
      'interval: 1s exists on spot only; BINANCE_FUTURES allows 1m, 3m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 8h, 12h, 1d, 3d, 1w, 1M',
    )
    for (const interval of CANDLE_INTERVALS) {
      expect(nameOf('BINANCE_SPOT', streamConfig('X', 'KLINE', { interval }))).toBe(`x@kline_${interval}`)
      if (interval !== '1s')
        expect(nameOf('BINANCE_FUTURES', streamConfig('X', 'KLINE', { interval }))).toBe(`x@kline_${interval}`)
    }
  })

  it.each([
    ['BINANCE_SPOT', 'DEPTH', 20, '250ms', 'partial depth', '1000ms (default), 100ms'],
    ['BINANCE_SPOT', 'DEPTH', undefined, '0ms', 'diff depth', '1000ms (default), 100ms'],
    ['BINANCE_FUTURES', 'DEPTH', 20, '0ms', 'partial depth', '250ms (default), 500ms, 100ms'],
    ['BINANCE_FUTURES', 'DEPTH', undefined, '1000ms', 'diff depth', '250ms (default), 500ms, 100ms, 0ms'],
    ['BINANCE_FUTURES', 'MARK_PRICE', undefined, '2s', 'mark price', '3s (default), 1s'],
  ] as const)('refuses on %s a %s with levels %s at %s', (venue, type, depthLevels, updateSpeed, form, allowed) => {
    const config = { symbol: 'BTCUSDT', type, depthLevels, updateSpeed }
    expect(onlyIssueOf(() => resolveStream(venue, config))).toBe(
      `updateSpeed: "${updateSpeed}" is not an update speed of ${form} on ${venue}; allowed: ${allowed}`,
    )
  })

  it('recognises an allowed speed written in another unit', () => {
    const wrong = (venue: Venue, type: StreamType, updateSpeed: string): string =>
      onlyIssueOf(() => resolveStream(venue, { symbol: 'BTCUSDT', type, updateSpeed }))
    expect(wrong('BINANCE_SPOT', 'DEPTH', '1s')).toContain('Did you mean 1000ms?')
    expect(wrong('BINANCE_FUTURES', 'MARK_PRICE', '1000ms')).toContain('Did you mean 1s?')
    expect(wrong('BINANCE_SPOT', 'DEPTH', '100')).toContain('Did you mean 100ms?')
  })
})

describe('fields that do not belong to a stream type', () => {
  it.each(Object.values(StreamType).filter((type) => type !== 'KLINE'))('refuses an interval on %s', (type) => {
    const config = { symbol: 'BTCUSDT', type, interval: '1m' } as const
    expect(onlyIssueOf(() => resolveStream('BINANCE_FUTURES', config))).toBe(
      `interval: ${type} has no interval; only KLINE does`,
    )
  })

  it('says once that a field does not belong there, whatever its value', () => {
    const config = { symbol: 'BTCUSDT', type: 'TRADE', interval: '2m', depthLevels: 7 } as unknown as StreamConfig
    expect(issuesOf(() => resolveStream('BINANCE_SPOT', config)).map(issueText)).toEqual([
      'interval: TRADE has no interval; only KLINE does',
      'depthLevels: TRADE has no depthLevels; only DEPTH does',
    ])
  })

  it('demands an interval on KLINE', () => {
    expect(onlyIssueOf(() => resolveStream('BINANCE_SPOT', { symbol: 'BTCUSDT', type: 'KLINE' }))).toBe(
      'interval: is required for KLINE, e.g. 1m',
    )
  })

  it('refuses depthLevels and updateSpeed where they mean nothing', () => {
    const of = (config: StreamConfig): string => onlyIssueOf(() => resolveStream('BINANCE_FUTURES', config))
    expect(of({ symbol: 'X', type: 'TRADE', depthLevels: 5 })).toBe(
      'depthLevels: TRADE has no depthLevels; only DEPTH does',
    )
    expect(of({ symbol: 'X', type: 'TICKER', updateSpeed: '1s' })).toBe(
      'updateSpeed: TICKER has no updateSpeed; only DEPTH and MARK_PRICE do',
    )
  })

  it('reports all problems of a stream at once, and unknown fields with a suggestion', () => {
    const config = { symbol: 'btcusdt', type: 'DEPTH', depth_levels: 5, updateSpeed: '7ms' } as unknown as StreamConfig
    let text = ''
    try {
      resolveStream('BINANCE_SPOT', config)
    } catch (error) {
      text = (error as Error).message
    }
    expect(text).toContain('symbol: symbol "btcusdt" must be upper case; did you mean BTCUSDT?')
    expect(text).toContain('depth_levels: unknown field. Did you mean depthLevels?')
    expect(text).toContain('updateSpeed: "7ms" is not an update speed')
  })

  it('refuses what is no stream at all', () => {
    expect(onlyIssueOf(() => resolveStreams('BINANCE_SPOT', ['btcusdt@trade' as unknown as StreamConfig]))).toBe(
      'streams[0]: "btcusdt@trade" is not an object with the fields symbol, type, interval, depthLevels, updateSpeed',
    )
  })

  it.each(['btcusdt@trade', { symbol: 'BTCUSDT', type: 'TRADE' }, null, undefined])(
    'refuses %j, which is no list',
    (streams) => {
      expect(onlyIssueOf(() => resolveStreams('BINANCE_SPOT', streams as unknown as StreamConfig[]))).toMatch(
        /^streams: .+ is not a list of streams, e\.g\. \[streamConfig\(/,
      )
    },
  )
})

describe('the compiler', () => {
  // A last overload for any type accepted all of these, and they were found out at run time.
  it('asks for the interval of a candle stream, and for nothing that a type does not have', () => {
    const wrong = () => [
      // @ts-expect-error the interval is missing
      streamConfig('BTCUSDT', 'KLINE'),
      // @ts-expect-error no such interval
      streamConfig('BTCUSDT', 'KLINE', { interval: '7m' }),
      // @ts-expect-error a ticker has no levels
      streamConfig('BTCUSDT', 'TICKER', { depthLevels: 5 }),
      // @ts-expect-error a book has no interval
      streamConfig('BTCUSDT', 'DEPTH', { interval: '1m' }),
    ]
    for (const config of wrong()) {
      expect(() => resolveStream('BINANCE_SPOT', config)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
    }
  })

  it('takes a type that is known at run time only', () => {
    const types: StreamType[] = ['TRADE', 'MINI_TICKER']
    const names = types.map((type) => resolveStream('BINANCE_SPOT', streamConfig('BTCUSDT', type)).name)
    expect(names).toEqual(['btcusdt@trade', 'btcusdt@miniTicker'])
  })
})

describe('several streams', () => {
  it('are each kept once, in order of first appearance', () => {
    const specs = resolveStreams('BINANCE_SPOT', [
      streamConfig('ETHUSDT', 'TRADE'),
      streamConfig('BTCUSDT', 'DEPTH', { depthLevels: 5, updateSpeed: '1000ms' }),
      streamConfig('ETHUSDT', 'TRADE'),
      streamConfig('BTCUSDT', 'DEPTH', { depthLevels: 5 }),
    ])
    expect(specs.map((spec) => spec.name)).toEqual(['ethusdt@trade', 'btcusdt@depth5'])
    expect(isDeeplyFrozen(specs)).toBe(true)
  })

  it('may not keep two books of one symbol', () => {
    const streams = [
      streamConfig('BTCUSDT', 'DEPTH'),
      streamConfig('ETHUSDT', 'DEPTH', { updateSpeed: '100ms' }),
      streamConfig('BTCUSDT', 'DEPTH', { depthLevels: 5 }),
      streamConfig('BTCUSDT', 'DEPTH', { updateSpeed: '100ms' }),
    ]
    expect(onlyIssueOf(() => resolveStreams('BINANCE_SPOT', streams))).toBe(
      'streams[3]: BTCUSDT already has a maintained book from btcusdt@depth; btcusdt@depth@100ms would be a second one',
    )
  })
})
