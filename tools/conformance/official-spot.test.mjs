/** The official client `@binance/spot`: REST, streams by SUBSCRIBE with text ids, and its planned renewal. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { WebsocketCommon } from '@binance/common'
import { Spot } from '@binance/spot'
import {
  assertBook,
  assertCleanRun,
  assertContiguous,
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

const name = SYMBOL.toLowerCase()

let venue
before(async () => {
  venue = await startVenue()
})
after(async () => {
  await venue.stop()
})

const client = () =>
  new Spot({
    configurationRestAPI: { apiKey: 'none', basePath: venue.restUrl },
    configurationWebsocketStreams: { wsURL: venue.wsUrl },
  })

describe('@binance/spot REST', () => {
  it('reads time, rules, book, candles, trades and tickers', async () => {
    const { restAPI } = client()
    assertNow((await (await restAPI.time()).data()).serverTime)
    const info = await (await restAPI.exchangeInfo({ symbol: SYMBOL })).data()
    assert.deepEqual(
      info.symbols.map(({ symbol, status }) => [symbol, status]),
      [[SYMBOL, 'TRADING']],
    )
    const book = await (await restAPI.depth({ symbol: SYMBOL, limit: 20 })).data()
    assertBook(book.bids, book.asks, 20)
    const klines = await (await restAPI.klines({ symbol: SYMBOL, interval: '1m', limit: 50 })).data()
    assertKlines(klines, 50, 60_000)
    assertContiguous(await (await restAPI.aggTrades({ symbol: SYMBOL, limit: 20 })).data(), 'a')
    assertContiguous(await (await restAPI.getTrades({ symbol: SYMBOL, limit: 20 })).data(), 'id')
    const ticker = await (await restAPI.ticker24hr({ symbol: SYMBOL })).data()
    assert.equal(ticker.symbol, SYMBOL)
    assert.equal((await (await restAPI.tickerPrice({ symbol: SYMBOL })).data()).symbol, SYMBOL)
    assert.equal((await (await restAPI.tickerBookTicker({ symbol: SYMBOL })).data()).symbol, SYMBOL)
    assert.ok(Number((await (await restAPI.avgPrice({ symbol: SYMBOL })).data()).price) > 0)
  })

  it('reads the used weight from the headers of a reply', async () => {
    const reply = await client().restAPI.depth({ symbol: SYMBOL, limit: 5000 })
    const weight = reply.rateLimits.find(({ interval, intervalNum }) => interval === 'MINUTE' && intervalNum === 1)
    assert.ok(weight.count >= 250, `used weight ${weight.count}`)
  })

  it('meets the refusals of the venue in their shape', async () => {
    const failure = await client()
      .restAPI.depth({ symbol: 'NOSUCH' })
      .catch((error) => error)
    assert.match(failure.message, /Invalid symbol/)
  })
})

describe('@binance/spot streams', () => {
  it('receives every stream, each message whole and in order', async () => {
    const connection = await client().websocketStreams.connect()
    const messages = new Collector()
    try {
      const streams = {
        kline: connection.kline({ symbol: SYMBOL, interval: '1m' }),
        diffDepth: connection.diffBookDepth({ symbol: SYMBOL, updateSpeed: '100ms' }),
        partialDepth: connection.partialBookDepth({ symbol: SYMBOL, levels: '20', updateSpeed: '100ms' }),
        bookTicker: connection.bookTicker({ symbol: SYMBOL }),
        aggTrade: connection.aggTrade({ symbol: SYMBOL }),
        trade: connection.trade({ symbol: SYMBOL }),
        ticker: connection.ticker({ symbol: SYMBOL }),
        miniTicker: connection.miniTicker({ symbol: SYMBOL }),
      }
      for (const [kind, stream] of Object.entries(streams)) stream.on('message', messages.take(kind))
      await messages.reaches(Object.fromEntries(Object.keys(streams).map((kind) => [kind, 3])))
      for (const kind of Object.keys(streams)) messages.of(kind).forEach(STREAM_CHECKS[kind])
      assertContiguous(messages.of('trade'), 't')
      assertContiguous(messages.of('aggTrade'), 'a')
      assertDiffChain(messages.of('diffDepth'), 'spot')
    } finally {
      await connection.disconnect()
    }
  })

  it('adds a stream and drops one while running', async () => {
    const connection = await client().websocketStreams.connect()
    const messages = new Collector()
    try {
      const first = connection.bookTicker({ symbol: SYMBOL })
      first.on('message', messages.take('first'))
      await messages.reaches({ first: 1 })
      connection.bookTicker({ symbol: 'ETHUSDT' }).on('message', messages.take('second'))
      await messages.reaches({ second: 3 })
      first.unsubscribe()
      assert.equal(connection.isSubscribed(`${name}@bookTicker`), false)
      await fallsSilent(messages, 'first', 'second')
    } finally {
      await connection.disconnect()
    }
  })

  it('gets microseconds when it asks for them', async () => {
    const precise = new Spot({ configurationWebsocketStreams: { wsURL: venue.wsUrl, timeUnit: 'MICROSECOND' } })
    const connection = await precise.websocketStreams.connect()
    const messages = new Collector()
    try {
      connection.trade({ symbol: SYMBOL }).on('message', messages.take('trade'))
      await messages.reaches({ trade: 1 })
      assertNow(Number(messages.of('trade')[0].T) / 1000)
    } finally {
      await connection.disconnect()
    }
  })

  it('renews its connection without losing a trade', async () => {
    const ageMax = WebsocketCommon.MAX_CONNECTION_DURATION
    WebsocketCommon.MAX_CONNECTION_DURATION = 3_000
    const opened = () => venue.oracle.connections().filter(({ event }) => event === 'opened')
    const before = opened().length
    const connection = await client().websocketStreams.connect()
    const messages = new Collector()
    try {
      connection.trade({ symbol: SYMBOL }).on('message', messages.take('trade'))
      await waitUntil(() => opened().length >= before + 2, 'the renewed connection to open')
      // The new connection must not be renewed in its turn while the test looks.
      WebsocketCommon.MAX_CONNECTION_DURATION = ageMax
      const renewed = opened().at(-1)
      assert.ok(renewed.path.includes(`streams=${name}@trade`), `renewed on ${renewed.path}`)
      await waitUntil(
        () =>
          venue.oracle
            .connections()
            .some(({ event, connection }) => event === 'closed' && connection !== renewed.connection),
        'the old connection to be closed',
      )
      const count = messages.count('trade')
      await messages.reaches({ trade: count + 5 })
      // Both sockets deliver for a moment: repeats are the client's own, a hole would be the venue's.
      const ids = [...new Set(messages.of('trade').map(({ t }) => Number(t)))].sort((a, b) => a - b)
      assert.equal(ids.length, ids.at(-1) - ids[0] + 1, 'a trade is missing across the renewal')
    } finally {
      WebsocketCommon.MAX_CONNECTION_DURATION = ageMax
      await connection.disconnect()
    }
  })
})

it('@binance/spot tried no other host and broke no rule', () => assertCleanRun(venue))
