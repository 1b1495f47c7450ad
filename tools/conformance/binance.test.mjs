/** The npm package `binance`: REST clients and the multiplexing WebSocket client, spot and futures. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { MainClient, USDMClient, WebsocketClient } from 'binance'
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

const QUIET = { trace() {}, info() {}, error() {} }
const name = SYMBOL.toLowerCase()

let venue
before(async () => {
  venue = await startVenue()
})
after(async () => {
  await venue.stop()
})

describe('binance MainClient', () => {
  const rest = () => new MainClient({ baseUrl: venue.restUrl, disableTimeSync: true })

  it('reads time, rules, book, candles, trades and tickers', async () => {
    const client = rest()
    // Not getServerTime(): in 3.6.5 that one call asks the real host whatever baseUrl says.
    assertNow((await client.get('api/v3/time')).serverTime)
    await client.testConnectivity()
    const info = await client.getExchangeInfo()
    const rules = info.symbols.find(({ symbol }) => symbol === SYMBOL)
    assert.equal(rules.status, 'TRADING')
    assert.ok(rules.filters.some(({ filterType }) => filterType === 'PRICE_FILTER'))
    const book = await client.getOrderBook({ symbol: SYMBOL, limit: 20 })
    assertBook(book.bids, book.asks, 20)
    assertKlines(await client.getKlines({ symbol: SYMBOL, interval: '1m', limit: 50 }), 50, 60_000)
    assertContiguous(await client.getRecentTrades({ symbol: SYMBOL, limit: 20 }), 'id')
    assertContiguous(await client.getAggregateTrades({ symbol: SYMBOL, limit: 20 }), 'a')
    const ticker = await client.get24hrChangeStatistics({ symbol: SYMBOL })
    assert.equal(ticker.symbol, SYMBOL)
    assertDecimals(ticker, ['lastPrice', 'highPrice', 'lowPrice', 'volume'])
    const [price, bbo] = [
      await client.getSymbolPriceTicker({ symbol: SYMBOL }),
      await client.getSymbolOrderBookTicker({ symbol: SYMBOL }),
    ]
    assert.equal(price.symbol, SYMBOL)
    assert.ok(Number(bbo.bidPrice) < Number(bbo.askPrice))
  })

  it('meets the refusals of the venue in their shape', async () => {
    const failure = await rest()
      .getOrderBook({ symbol: 'NOSUCH' })
      .catch((error) => error)
    assert.equal(failure.code, -1121)
  })
})

describe('binance USDMClient', () => {
  it('reads time, rules, book, candles, tickers, mark price and funding', async () => {
    const client = new USDMClient({ baseUrl: venue.restUrl, disableTimeSync: true })
    assertNow(await client.getServerTime())
    const info = await client.getExchangeInfo()
    assert.equal(info.symbols.find(({ symbol }) => symbol === SYMBOL).contractType, 'PERPETUAL')
    const book = await client.getOrderBook({ symbol: SYMBOL, limit: 20 })
    assertBook(book.bids, book.asks, 20)
    assertKlines(await client.getKlines({ symbol: SYMBOL, interval: '1m', limit: 50 }), 50, 60_000)
    assertContiguous(await client.getAggregateTrades({ symbol: SYMBOL, limit: 20 }), 'a')
    const ticker = await client.get24hrChangeStatistics({ symbol: SYMBOL })
    assert.equal(ticker.symbol, SYMBOL)
    const mark = await client.getMarkPrice({ symbol: SYMBOL })
    assertDecimals(mark, ['markPrice', 'indexPrice', 'lastFundingRate'])
    assert.ok(Array.isArray(await client.getFundingRateHistory({ symbol: SYMBOL })))
    assertDecimals(await client.getOpenInterest({ symbol: SYMBOL }), ['openInterest'])
  })
})

describe('binance WebsocketClient', () => {
  /** Runs `body` with a connected client; its messages are filed by stream name. */
  async function withClient(body) {
    const client = new WebsocketClient({ wsUrl: venue.wsUrl, beautify: false }, QUIET)
    const messages = new Collector()
    const errors = []
    client.on('message', (message) => messages.add(message.streamName, message))
    client.on('exception', (error) => errors.push(error))
    try {
      await body(client, messages)
    } finally {
      client.closeAll(true)
    }
    assert.deepEqual(errors, [])
  }

  /** Topics of one market with the check each message has to pass. */
  const topics = (market) => ({
    [`${name}@kline_1m`]: STREAM_CHECKS.kline,
    [`${name}@depth@100ms`]: STREAM_CHECKS.diffDepth,
    [`${name}@depth20@100ms`]: STREAM_CHECKS.partialDepth,
    [`${name}@bookTicker`]: STREAM_CHECKS.bookTicker,
    [`${name}@aggTrade`]: STREAM_CHECKS.aggTrade,
    [`${name}@ticker`]: STREAM_CHECKS.ticker,
    [`${name}@miniTicker`]: STREAM_CHECKS.miniTicker,
    ...(market === 'spot'
      ? { [`${name}@trade`]: STREAM_CHECKS.trade }
      : { [`${name}@markPrice@1s`]: STREAM_CHECKS.markPrice }),
  })

  for (const [market, wsKey] of [
    ['spot', 'main'],
    ['futures', 'usdm'],
  ]) {
    it(`receives every ${market} stream, each message whole and in order`, async () => {
      await withClient(async (client, messages) => {
        const wanted = topics(market)
        await client.subscribe(Object.keys(wanted), wsKey)
        await messages.reaches(Object.fromEntries(Object.keys(wanted).map((topic) => [topic, 3])))
        for (const [topic, check] of Object.entries(wanted)) for (const message of messages.of(topic)) check(message)
        assertContiguous(messages.of(`${name}@aggTrade`), 'a')
        assertDiffChain(messages.of(`${name}@depth@100ms`), market)
        if (market === 'spot') assertContiguous(messages.of(`${name}@trade`), 't')
      })
    })
  }

  it('opens the futures routes that carry the streams', async () => {
    const paths = new Set(venue.oracle.connections().map(({ path }) => path.split('?')[0]))
    for (const path of ['/stream', '/public/stream', '/market/stream']) assert.ok(paths.has(path), [...paths].join(' '))
  })

  it('adds a stream and drops one while running', async () => {
    await withClient(async (client, messages) => {
      await client.subscribe([`${name}@bookTicker`], 'main')
      await messages.reaches({ [`${name}@bookTicker`]: 1 })
      await client.subscribe(['ethusdt@bookTicker'], 'main')
      await messages.reaches({ 'ethusdt@bookTicker': 3 })
      await client.unsubscribe([`${name}@bookTicker`], 'main')
      await fallsSilent(messages, `${name}@bookTicker`, 'ethusdt@bookTicker')
    })
  })

  it('reconnects by itself after the venue cut the connection', async () => {
    const client = new WebsocketClient({ wsUrl: venue.wsUrl, beautify: false, reconnectTimeout: 100 }, QUIET)
    const messages = new Collector()
    let reconnected = 0
    client.on('message', (message) => messages.add(message.streamName, message))
    client.on('reconnected', () => reconnected++)
    client.on('exception', () => {})
    try {
      await client.subscribe([`${name}@trade`], 'main')
      await messages.reaches({ [`${name}@trade`]: 1 })
      assert.equal(venue.cut({ stream: `${name}@trade` }), 1)
      await waitUntil(() => reconnected > 0, 'the client to reconnect')
      const count = messages.count(`${name}@trade`)
      await messages.reaches({ [`${name}@trade`]: count + 3 })
    } finally {
      client.closeAll(true)
    }
  })
})

it('binance tried no other host and broke no rule', () => assertCleanRun(venue))
