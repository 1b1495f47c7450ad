/** What the handlers keep in mind between messages: finality, duplicates, continuity, venue resets. */
import { describe, expect, it } from 'vitest'
import type { Feed } from '../../../src/live/feed.js'
import type { FrameOrigin } from '../../../src/live/frame.js'
import type { Candle } from '../../../src/types/candle.js'
import { DecodingBench, RECEIVE_TIME_MS } from '../../support/decoding.js'
import { frameOf, STREAMS } from './examples.js'

const OPEN_MS = 1_794_999_960_000

function kline(openTimeMs: number, isFinalized: boolean, eventTimeMs: number, close = '2'): string {
  return frameOf(
    { spec: STREAMS.kline },
    JSON.stringify({
      e: 'kline',
      E: eventTimeMs,
      s: 'BTCUSDT',
      k: {
        t: openTimeMs,
        T: openTimeMs + 59_999,
        s: 'BTCUSDT',
        i: '1m',
        f: 1,
        L: 2,
        o: '2',
        c: close,
        h: '3',
        l: '1',
        v: '1',
        n: 2,
        x: isFinalized,
        q: '2',
        V: '1',
        Q: '2',
        B: '0',
      },
    }),
  )
}

function trade(id: number, orderType?: string): string {
  const time = 1_795_000_000_000
  return orderType === undefined
    ? frameOf(
        { spec: STREAMS.trade },
        `{"e":"trade","E":${time},"s":"BTCUSDT","t":${id},"p":"1.5","q":"2","T":${time},"m":true,"M":true}`,
      )
    : frameOf(
        { spec: STREAMS.trade },
        `{"e":"trade","E":${time},"T":${time},"s":"BTCUSDT","t":${id},"p":"1.5","q":"2","X":"${orderType}","m":true}`,
      )
}

describe('candles', () => {
  it('are published once per open time, the first closing frame counts', () => {
    const bench = new DecodingBench()
    const feed = bench.router.add(STREAMS.kline)
    bench.feed(kline(OPEN_MS, false, OPEN_MS + 1_000))
    bench.feed(kline(OPEN_MS, true, OPEN_MS + 60_005, '2'))
    bench.feed(kline(OPEN_MS, true, OPEN_MS + 60_900, '2.5'))
    bench.feed(kline(OPEN_MS, false, OPEN_MS + 61_000))
    bench.feed(kline(OPEN_MS - 60_000, true, OPEN_MS + 61_500))
    bench.feed(kline(OPEN_MS + 60_000, true, OPEN_MS + 120_005))
    expect(
      bench.published.map(({ topic, payload }) => [topic, (payload as Candle).openTimeMs, (payload as Candle).close]),
    ).toEqual([
      ['candles', OPEN_MS, 2],
      ['candles', OPEN_MS + 60_000, 2],
    ])
    expect(feed).toMatchObject({ messageCount: 6, publishedCount: 2, ignoredCount: 1, duplicateCount: 3 })
    expect(feed.lastId).toBe(OPEN_MS + 60_000)
  })

  it('still forming go to their own topic when asked for, each once', () => {
    const bench = new DecodingBench({ emitPartialCandles: true })
    const feed = bench.router.add(STREAMS.kline)
    bench.feed(kline(OPEN_MS, false, OPEN_MS + 1_000))
    bench.feed(kline(OPEN_MS, false, OPEN_MS + 1_000))
    bench.feed(kline(OPEN_MS, false, OPEN_MS + 500))
    bench.feed(kline(OPEN_MS, false, OPEN_MS + 3_000))
    bench.feed(kline(OPEN_MS, true, OPEN_MS + 60_005))
    expect(bench.published.map(({ topic, payload }) => [topic, (payload as Candle).isFinalized])).toEqual([
      ['partialCandles', false],
      ['partialCandles', false],
      ['candles', true],
    ])
    expect(feed.duplicateCount).toBe(2)
  })

  it('filled in by somebody else are not published again from the stream', () => {
    const bench = new DecodingBench()
    const feed = bench.router.add(STREAMS.kline)
    feed.lastId = OPEN_MS
    bench.feed(kline(OPEN_MS, true, OPEN_MS + 60_005))
    expect(bench.published).toEqual([])
    expect(feed.duplicateCount).toBe(1)
  })

  it('of a month end when the month does', () => {
    const bench = new DecodingBench()
    const spec = { ...STREAMS.kline, interval: '1M' as const, name: 'btcusdt@kline_1M' }
    bench.router.add(spec)
    const open = Date.UTC(2024, 1, 1)
    const payload = kline(open, true, Date.UTC(2024, 2, 1) + 5)
      .replace('kline_1m', 'kline_1M')
      .replace('"i":"1m"', '"i":"1M"')
    bench.feed(payload)
    expect(bench.rejections[0]?.error.message).toMatch(/a 1M candle from .* cannot end at/)
    bench.feed(payload.replace(`"T":${open + 59_999}`, `"T":${Date.UTC(2024, 2, 1) - 1}`))
    expect(bench.published).toHaveLength(1)
  })
})

describe('futures trades', () => {
  it.each(['INSURANCE_FUND', 'ADL', 'NA'])('of type %s are not published but use up their id', (orderType) => {
    const bench = new DecodingBench({ market: 'futures' })
    const feed = bench.router.add(STREAMS.trade)
    bench.feed(trade(10, 'MARKET'))
    bench.feed(trade(11, orderType))
    expect(feed.lastId).toBe(11)
    bench.feed(trade(11, 'MARKET'))
    bench.feed(trade(12, 'MARKET'))
    expect(bench.published.map(({ payload }) => (payload as { id: number }).id)).toEqual([10, 12])
    expect(feed).toMatchObject({ publishedCount: 2, ignoredCount: 1, duplicateCount: 1, fallbackCount: 0 })
  })
})

describe('partial depth', () => {
  it('of a book that never had an order is ignored, not refused', () => {
    const bench = new DecodingBench()
    const feed = bench.router.add(STREAMS.depth5)
    bench.feed(frameOf({ spec: STREAMS.depth5 }, '{"lastUpdateId":-1,"bids":[],"asks":[]}'))
    expect(bench.rejections).toEqual([])
    expect(feed).toMatchObject({ ignoredCount: 1, rejectedCount: 0 })
  })

  it('keeps its levels when the next frame is read into the same slots', () => {
    const bench = new DecodingBench()
    bench.router.add(STREAMS.depth5)
    const frame = (id: number, bid: string): string =>
      frameOf({ spec: STREAMS.depth5 }, `{"lastUpdateId":${id},"bids":[["${bid}","1.5"]],"asks":[["200","2"]]}`)
    bench.feed(frame(1, '100.5'))
    bench.feed(frame(2, '101.5'))
    expect(bench.published.map(({ payload }) => (payload as { bestBid: number }).bestBid)).toEqual([100.5, 101.5])
  })

  it('may be much deeper than the slots kept ready', () => {
    const bench = new DecodingBench()
    bench.router.add(STREAMS.diff)
    const rows = Array.from({ length: 5_000 }, (_, index) => [`${index + 1}.25`, `${index}`])
    bench.feed(
      frameOf(
        { spec: STREAMS.diff },
        JSON.stringify({ e: 'depthUpdate', E: 5, s: 'BTCUSDT', U: 1, u: 2, b: rows, a: rows }),
      ),
    )
    const delta = bench.published[0]?.payload as { bids: Iterable<unknown>; asks: Iterable<unknown> }
    const expected = rows.map(([price, qty]) => ({ price: Number(price), qty: Number(qty) }))
    expect([...delta.bids]).toEqual(expected)
    expect([...delta.asks]).toEqual(expected)
    expect(bench.router.stats().fallback).toBe(0)
  })
})

describe('the continuity check', () => {
  it('sees every new id before its message, with the one before in the feed', () => {
    const seen: unknown[] = []
    const bench = new DecodingBench({
      market: 'futures',
      onPublish: (topic) => seen.push(topic),
      continuity: {
        observe: (feed: Feed, first, last, previous, receiveTimeMs) =>
          seen.push([feed.spec.name, feed.lastId, first, last, previous, receiveTimeMs]),
      },
    })
    for (const spec of [STREAMS.trade, STREAMS.diff, STREAMS.kline, STREAMS.aggTrade]) bench.router.add(spec)
    const diff = (U: number, u: number, pu: number): string =>
      frameOf(
        { spec: STREAMS.diff },
        `{"e":"depthUpdate","E":5,"T":5,"s":"BTCUSDT","U":${U},"u":${u},"pu":${pu},"b":[],"a":[]}`,
      )
    bench.feed(trade(10, 'MARKET'))
    bench.feed(trade(11, 'ADL'))
    bench.feed(trade(11, 'MARKET'))
    bench.feed(diff(5, 8, 4))
    bench.feed(diff(5, 8, 4))
    bench.feed(diff(9, 12, 8))
    bench.feed(kline(OPEN_MS, false, OPEN_MS + 5))
    bench.feed(kline(OPEN_MS, true, OPEN_MS + 60_005))
    bench.feed(
      frameOf(
        { spec: STREAMS.aggTrade },
        '{"e":"aggTrade","E":9,"a":77,"s":"BTCUSDT","p":"1","q":"1","f":1,"l":2,"T":8,"m":true}',
      ),
    )
    expect(seen).toEqual([
      [STREAMS.trade.name, -1, 10, 10, null, RECEIVE_TIME_MS],
      'trades',
      [STREAMS.trade.name, 10, 11, 11, null, RECEIVE_TIME_MS],
      [STREAMS.diff.name, -1, 5, 8, 4, RECEIVE_TIME_MS],
      'orderbookDelta',
      [STREAMS.diff.name, 8, 9, 12, 8, RECEIVE_TIME_MS],
      'orderbookDelta',
      [STREAMS.kline.name, -1, OPEN_MS, OPEN_MS, null, RECEIVE_TIME_MS],
      'candles',
      [STREAMS.aggTrade.name, -1, 77, 77, null, RECEIVE_TIME_MS],
      'trades',
    ])
  })
})

describe('liquidations', () => {
  const order = (timeMs: number, qty: string): string =>
    frameOf(
      { spec: STREAMS.liquidation },
      `{"e":"forceOrder","E":${timeMs},"o":{"s":"ETHUSDT","S":"SELL","o":"LIMIT","f":"IOC","q":"${qty}","p":"3011.20","ap":"3014.85","X":"FILLED","l":"2.100","z":"${qty}","T":${timeMs - 4}}}`,
    )

  it('of one event time are told apart by their content, also when two sockets deliver them', () => {
    // Of two orders with one event time the second was dropped as a repetition.
    const bench = new DecodingBench({ market: 'futures' })
    const feed = bench.router.add(STREAMS.liquidation)
    const frames = [order(1_000, '1'), order(2_000, '2'), order(2_000, '3'), order(3_000, '3')]
    for (const frame of frames) {
      bench.feed(frame)
      bench.feed(frame, RECEIVE_TIME_MS, { connectionId: 'market-0', generation: 2 })
    }
    // The copies of a socket that is further behind.
    for (const frame of frames) bench.feed(frame, RECEIVE_TIME_MS, { connectionId: 'market-0', generation: 2 })
    expect(bench.published.map(({ payload }) => (payload as { qty: number }).qty)).toEqual([1, 2, 3, 3])
    expect(feed).toMatchObject({ duplicateCount: 8, publishedCount: 4 })
  })
})

describe('ids that go back', () => {
  const OLD: FrameOrigin = { connectionId: 'market-0', generation: 1 }
  const NEW: FrameOrigin = { connectionId: 'market-0', generation: 2 }

  /** Trades 1001 … 1010 on the old socket, then `ids` from `origin`, one per 500 ms. */
  function afterRestart(origin: FrameOrigin, count: number, stepMs = 500): { bench: DecodingBench; feed: Feed } {
    const bench = new DecodingBench()
    const feed = bench.router.add(STREAMS.trade)
    for (let id = 1001; id <= 1010; id++) bench.feed(trade(id), RECEIVE_TIME_MS, OLD)
    for (let index = 0; index < count; index++) {
      bench.feed(trade(1 + index), RECEIVE_TIME_MS + 1_000 + stepMs * index, origin)
    }
    return { bench, feed }
  }

  it.each([
    ['a newer socket', NEW],
    ['the same socket', OLD],
    ['another connection', { connectionId: 'market-1', generation: 1 }],
  ])('on %s for two seconds are a venue that started again', (_, origin) => {
    const { bench, feed } = afterRestart(origin, 8)
    const ids = bench.published.map(({ payload }) => (payload as { id: number }).id)
    expect(ids.slice(10)).toEqual([5, 6, 7, 8])
    expect(bench.router.stats().resets).toBe(1)
    expect(feed).toMatchObject({ lastId: 8, resetCount: 1, duplicateCount: 4, messageCount: 18 })
  })

  const timed = (id: number, timeMs: number): string =>
    frameOf(
      { spec: STREAMS.trade },
      `{"e":"trade","E":${Math.trunc(timeMs)},"T":${Math.trunc(timeMs)},"s":"BTCUSDT","t":${id},"p":"1","q":"1","X":"MARKET","m":true}`,
    )

  it('with old times are the copies of a socket that is seconds behind', () => {
    // A slow socket became the only one: four seconds of copies were taken for a venue that had started again.
    const bench = new DecodingBench()
    const feed = bench.router.add(STREAMS.trade)
    for (let id = 1001; id <= 1040; id++)
      bench.feed(timed(id, RECEIVE_TIME_MS + 100 * id), RECEIVE_TIME_MS + 100 * id, OLD)
    for (let id = 1001; id <= 1060; id++) {
      bench.feed(timed(id, RECEIVE_TIME_MS + 100 * id), RECEIVE_TIME_MS + 100 * id + 4_000, NEW)
    }
    expect(bench.router.stats().resets).toBe(0)
    expect(bench.published.map(({ payload }) => (payload as { id: number }).id)).toEqual(
      Array.from({ length: 60 }, (_, index) => 1001 + index),
    )
    expect(feed.duplicateCount).toBe(40)
  })

  it('with new times are a venue that started again, after the third, and none of them is lost', () => {
    const bench = new DecodingBench()
    bench.router.add(STREAMS.trade)
    for (let id = 1001; id <= 1010; id++) bench.feed(timed(id, RECEIVE_TIME_MS + id), RECEIVE_TIME_MS + id + 5, OLD)
    for (let id = 1; id <= 10; id++)
      bench.feed(timed(id, RECEIVE_TIME_MS + 2_000 + id), RECEIVE_TIME_MS + 2_005 + id, NEW)
    expect(bench.published.slice(10).map(({ payload }) => (payload as { id: number }).id)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ])
    expect(bench.router.stats().resets).toBe(1)
  })

  it('without times on another socket are a venue that started again only after longer than a socket lags', () => {
    const bench = new DecodingBench({ market: 'spot' })
    bench.router.add(STREAMS.bookTicker)
    const bbo = (id: number): string =>
      frameOf({ spec: STREAMS.bookTicker }, `{"u":${id},"s":"BTCUSDT","b":"1","B":"1","a":"2","A":"1"}`)
    for (let id = 1001; id <= 1040; id++) bench.feed(bbo(id), RECEIVE_TIME_MS + 100 * id, OLD)
    for (let id = 1001; id <= 1060; id++) bench.feed(bbo(id), RECEIVE_TIME_MS + 100 * id + 4_000, NEW)
    expect(bench.router.stats().resets).toBe(0)
    for (let id = 1; id <= 120; id++)
      bench.feed(bbo(id), RECEIVE_TIME_MS + 200_000 + 100 * id, { ...NEW, generation: 3 })
    expect(bench.router.stats().resets).toBe(1)
    expect(bench.published).toHaveLength(60 + 20)
  })

  it('are duplicates at first, however many come at once', () => {
    const { bench, feed } = afterRestart(NEW, 500, 1)
    expect(bench.router.stats().resets).toBe(0)
    expect(feed).toMatchObject({ lastId: 1010, duplicateCount: 500 })
  })

  it('on an older socket that is still draining are only duplicates', () => {
    const bench = new DecodingBench()
    const feed = bench.router.add(STREAMS.trade)
    bench.feed(trade(1010), RECEIVE_TIME_MS, NEW)
    for (let index = 0; index < 20; index++) bench.feed(trade(900 + index), RECEIVE_TIME_MS + 500 * index, OLD)
    expect(bench.router.stats().resets).toBe(0)
    expect(feed.lastId).toBe(1010)
  })

  it('of a newer socket that lags are duplicates as long as the older one delivers', () => {
    const bench = new DecodingBench()
    bench.router.add(STREAMS.trade)
    for (let index = 0; index < 100; index++) {
      bench.feed(trade(1_000 + index), RECEIVE_TIME_MS + 100 * index, OLD)
      bench.feed(trade(990 + index), RECEIVE_TIME_MS + 100 * index + 50, NEW)
    }
    expect(bench.published).toHaveLength(100)
    expect(bench.router.stats().resets).toBe(0)
  })

  it('never reopen candles that were final', () => {
    const bench = new DecodingBench()
    const feed = bench.router.add(STREAMS.kline)
    bench.feed(kline(OPEN_MS, true, OPEN_MS + 60_005), RECEIVE_TIME_MS, OLD)
    for (let index = 0; index < 50; index++) {
      bench.feed(kline(OPEN_MS - 60_000, true, OPEN_MS + 60_005), RECEIVE_TIME_MS + 1_000 * index, NEW)
    }
    expect(bench.published).toHaveLength(1)
    expect(feed.lastId).toBe(OPEN_MS)
  })

  it('are taken at once after somebody who knows said so, forming candles too', () => {
    const bench = new DecodingBench({ emitPartialCandles: true })
    const feed = bench.router.add(STREAMS.kline)
    bench.feed(kline(OPEN_MS, false, OPEN_MS + 9_000))
    feed.resetContinuity()
    bench.feed(kline(OPEN_MS - 60_000, false, OPEN_MS - 9_000))
    expect(bench.published).toHaveLength(2)
    expect(feed.duplicateCount).toBe(0)
  })
})
