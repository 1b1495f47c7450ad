/** The official client `@binance/derivatives-trading-usds-futures`: REST and streams over all three routes at once. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { WebsocketCommon } from '@binance/common'
import { DerivativesTradingUsdsFutures } from '@binance/derivatives-trading-usds-futures'
import {
  assertBook,
  assertCleanRun,
  assertContiguous,
  assertDecimals,
  assertDiffChain,
  assertKlines,
  assertNow,
  Collector,
  fallsSilent,
  STREAM_CHECKS,
  SYMBOL,
  startVenue,
  waitUntil,
} from './support.mjs'

let venue
before(async () => {
  venue = await startVenue()
})
after(async () => {
  await venue.stop()
})

const client = () =>
  new DerivativesTradingUsdsFutures({
    configurationRestAPI: { apiKey: 'none', basePath: venue.restUrl },
    configurationWebsocketStreams: { wsURL: venue.wsUrl },
  })

describe('@binance/derivatives-trading-usds-futures REST', () => {
  it('reads time, rules, book, candles, trades, tickers, mark price and funding', async () => {
    const { restAPI } = client()
    assertNow((await (await restAPI.checkServerTime()).data()).serverTime)
    const info = await (await restAPI.exchangeInformation()).data()
    assert.equal(info.symbols.find(({ symbol }) => symbol === SYMBOL).contractType, 'PERPETUAL')
    const book = await (await restAPI.orderBook({ symbol: SYMBOL, limit: 20 })).data()
    assertBook(book.bids, book.asks, 20)
    const klines = await (await restAPI.klineCandlestickData({ symbol: SYMBOL, interval: '1m', limit: 50 })).data()
    assertKlines(klines, 50, 60_000)
    assertContiguous(await (await restAPI.compressedAggregateTradesList({ symbol: SYMBOL, limit: 20 })).data(), 'a')
    assert.equal((await (await restAPI.ticker24hrPriceChangeStatistics({ symbol: SYMBOL })).data()).symbol, SYMBOL)
    assert.equal((await (await restAPI.symbolPriceTicker({ symbol: SYMBOL })).data()).symbol, SYMBOL)
    assert.equal((await (await restAPI.symbolOrderBookTicker({ symbol: SYMBOL })).data()).symbol, SYMBOL)
    const mark = await (await restAPI.markPrice({ symbol: SYMBOL })).data()
    assertDecimals(mark, ['markPrice', 'indexPrice', 'lastFundingRate'])
    assert.ok(Array.isArray(await (await restAPI.getFundingRateHistory({ symbol: SYMBOL })).data()))
    assertDecimals(await (await restAPI.openInterest({ symbol: SYMBOL })).data(), ['openInterest'])
  })
})

/** Streams of the market route, and of the public one. */
const marketStreams = (connection) => ({
  kline: connection.klineCandlestickStreams({ symbol: SYMBOL, interval: '1m' }),
  aggTrade: connection.aggregateTradeStreams({ symbol: SYMBOL }),
  ticker: connection.individualSymbolTickerStreams({ symbol: SYMBOL }),
  miniTicker: connection.individualSymbolMiniTickerStream({ symbol: SYMBOL }),
  markPrice: connection.markPriceStream({ symbol: SYMBOL, updateSpeed: '1s' }),
})
const publicStreams = (connection) => ({
  diffDepth: connection.diffBookDepthStreams({ symbol: SYMBOL, updateSpeed: '100ms' }),
  partialDepth: connection.partialBookDepthStreams({ symbol: SYMBOL, levels: '20', updateSpeed: '100ms' }),
  bookTicker: connection.individualSymbolBookTickerStreams({ symbol: SYMBOL }),
})

describe('@binance/derivatives-trading-usds-futures streams', () => {
  it('opens all routes at once and receives every stream of each, whole and in order', async () => {
    const connection = await client().websocketStreams.connect()
    const messages = new Collector()
    try {
      const paths = new Set(venue.oracle.connections().map(({ path }) => path.split('?')[0]))
      for (const route of ['public', 'market', 'private'])
        assert.ok(paths.has(`/${route}/stream`), [...paths].join(' '))

      const streams = { ...marketStreams(connection), ...publicStreams(connection) }
      for (const [kind, stream] of Object.entries(streams)) stream.on('message', messages.take(kind))
      await messages.reaches(Object.fromEntries(Object.keys(streams).map((kind) => [kind, 3])))
      for (const kind of Object.keys(streams)) messages.of(kind).forEach(STREAM_CHECKS[kind])
      assertContiguous(messages.of('aggTrade'), 'a')
      assertDiffChain(messages.of('diffDepth'), 'futures')
    } finally {
      await connection.disconnect()
    }
  })

  it('receives the arrays over all symbols', async () => {
    const connection = await client().websocketStreams.connect()
    const messages = new Collector()
    try {
      connection.markPriceStreamForAllMarket({ updateSpeed: '1s' }).on('message', messages.take('marks'))
      connection.allMarketMiniTickersStream().on('message', messages.take('tickers'))
      await messages.reaches({ marks: 2, tickers: 2 })
      const symbols = (kind) => new Set(messages.of(kind).flatMap((rows) => rows.map(({ s }) => s)))
      for (const kind of ['marks', 'tickers']) assert.ok(symbols(kind).has(SYMBOL), [...symbols(kind)].join(' '))
    } finally {
      await connection.disconnect()
    }
  })

  it('adds a stream and drops one while running', async () => {
    const connection = await client().websocketStreams.connect()
    const messages = new Collector()
    try {
      const first = connection.individualSymbolBookTickerStreams({ symbol: SYMBOL })
      first.on('message', messages.take('first'))
      await messages.reaches({ first: 1 })
      connection.individualSymbolBookTickerStreams({ symbol: 'ETHUSDT' }).on('message', messages.take('second'))
      await messages.reaches({ second: 3 })
      first.unsubscribe()
      await fallsSilent(messages, 'first', 'second')
    } finally {
      await connection.disconnect()
    }
  })

  it('renews the connections of all routes without losing an aggregate trade', async () => {
    const ageMax = WebsocketCommon.MAX_CONNECTION_DURATION
    WebsocketCommon.MAX_CONNECTION_DURATION = 3_000
    const opened = () => venue.oracle.connections().filter(({ event }) => event === 'opened')
    const before = opened().length
    const connection = await client().websocketStreams.connect()
    const messages = new Collector()
    try {
      for (const [kind, stream] of Object.entries({ ...marketStreams(connection), ...publicStreams(connection) })) {
        stream.on('message', messages.take(kind))
      }
      // Its own queue renews one connection per second.
      await waitUntil(() => opened().length >= before + 6, 'three routes to be renewed')
      WebsocketCommon.MAX_CONNECTION_DURATION = ageMax
      const kinds = ['kline', 'aggTrade', 'diffDepth', 'bookTicker']
      await messages.reaches(Object.fromEntries(kinds.map((kind) => [kind, messages.count(kind) + 3])))
      const ids = [...new Set(messages.of('aggTrade').map(({ a }) => Number(a)))].sort((a, b) => a - b)
      assert.equal(ids.length, ids.at(-1) - ids[0] + 1, 'an aggregate trade is missing across the renewal')
    } finally {
      WebsocketCommon.MAX_CONNECTION_DURATION = ageMax
      await connection.disconnect()
    }
  })
})

it('@binance/derivatives-trading-usds-futures tried no other host and broke no rule', () => assertCleanRun(venue))
