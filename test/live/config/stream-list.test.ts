import { describe, expect, it } from 'vitest'
import { parseStreamList } from '../../../src/live/config/index.js'
import { issuesOf } from './support.js'

describe('a stream list', () => {
  it('names every kind of stream', () => {
    const text = 'kline:1m,depth:20,depth:full,bookTicker,markPrice,aggTrade,trade,ticker,miniTicker,liquidation'
    expect(parseStreamList(text, ['BTCUSDT'])).toEqual([
      { symbol: 'BTCUSDT', type: 'KLINE', interval: '1m' },
      { symbol: 'BTCUSDT', type: 'DEPTH', depthLevels: 20 },
      { symbol: 'BTCUSDT', type: 'DEPTH' },
      { symbol: 'BTCUSDT', type: 'BOOK_TICKER' },
      { symbol: 'BTCUSDT', type: 'MARK_PRICE' },
      { symbol: 'BTCUSDT', type: 'AGG_TRADE' },
      { symbol: 'BTCUSDT', type: 'TRADE' },
      { symbol: 'BTCUSDT', type: 'TICKER' },
      { symbol: 'BTCUSDT', type: 'MINI_TICKER' },
      { symbol: 'BTCUSDT', type: 'LIQUIDATION' },
    ])
  })

  it('carries update speeds, blanks around entries, and goes symbol by symbol', () => {
    expect(parseStreamList(' depth:5@100ms , depth:full@0ms,markPrice@1s', ['BTCUSDT', '币安人生USDT'])).toEqual(
      ['BTCUSDT', '币安人生USDT'].flatMap((symbol) => [
        { symbol, type: 'DEPTH', depthLevels: 5, updateSpeed: '100ms' },
        { symbol, type: 'DEPTH', updateSpeed: '0ms' },
        { symbol, type: 'MARK_PRICE', updateSpeed: '1s' },
      ]),
    )
  })

  const NAMES = 'kline, depth, bookTicker, markPrice, aggTrade, trade, ticker, miniTicker, liquidation'
  it.each([
    ['kline', '"kline" needs an interval, e.g. kline:1m'],
    ['kline:2m', '"kline:2m": "2m" is not one of 1s, 1m, 3m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 8h, 12h, 1d, 3d, 1w, 1M'],
    ['kline:1m@1s', '"kline:1m@1s": kline has no update speed'],
    ['depth', '"depth" needs levels: depth:5, depth:10, depth:20 or depth:full'],
    ['depth:15', '"depth:15": levels must be depth:5, depth:10, depth:20 or depth:full'],
    ['depth:ful', '"depth:ful": levels must be depth:5, depth:10, depth:20 or depth:full. Did you mean full?'],
    ['depth:constructor', '"depth:constructor": levels must be depth:5, depth:10, depth:20 or depth:full'],
    ['markPrice:1s', '"markPrice:1s": markPrice takes a speed, e.g. markPrice@1s'],
    ['trade:1', '"trade:1": trade takes nothing after its name'],
    ['ticker@1s', '"ticker@1s": ticker takes nothing after its name'],
    ['bookticker', `"bookticker" is not one of ${NAMES}. Did you mean bookTicker?`],
    ['BOOK_TICKER', `"BOOK_TICKER" is not one of ${NAMES}. Did you mean bookTicker?`],
    ['klines:1m', `"klines" is not one of ${NAMES}. Did you mean kline?`],
    ['candles:1m', `"candles" is not one of ${NAMES}. Did you mean kline?`],
    ['funding', `"funding" is not one of ${NAMES}. Did you mean markPrice?`],
    ['forceOrder', `"forceOrder" is not one of ${NAMES}. Did you mean liquidation?`],
    ['toString', `"toString" is not one of ${NAMES}`],
    ['', 'an entry of the stream list is empty; write names separated by single commas'],
    ['depth:5:5', '"depth:5:5" is not of the form name, name:argument or name:argument@speed'],
    ['depth:5@', '"depth:5@" is not of the form name, name:argument or name:argument@speed'],
    ['depth:', '"depth:" is not of the form name, name:argument or name:argument@speed'],
    ['markPrice@1s@2s', '"markPrice@1s@2s" is not of the form name, name:argument or name:argument@speed'],
  ])('refuses %j', (text, message) => {
    expect(issuesOf(() => parseStreamList(text, ['BTCUSDT']))).toEqual([{ path: 'streams', message }])
  })

  it('reports every bad entry, and missing symbols', () => {
    const messages = issuesOf(() => parseStreamList('kline,ticker,,depth', [])).map((issue) => issue.message)
    expect(messages).toHaveLength(4)
    expect(messages.at(-1)).toBe('a stream list ("kline,ticker,,depth") needs symbols, e.g. --symbols BTCUSDT,ETHUSDT')
  })
})
