/** What each kind of frame turns out to be, and that every one is counted exactly once. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MessageParseError } from '../../../src/live/errors.js'
import { FrameKind } from '../../../src/live/frame.js'
import { PayloadOutcome } from '../../../src/live/handlers/index.js'
import { MessageRouter } from '../../../src/live/router/index.js'
import { DecodingBench, ORIGIN, RECEIVE_TIME_MS, streamSpec } from '../../support/decoding.js'
import { EXAMPLES, frameOf, STREAMS } from '../handlers/examples.js'

const ENCODER = new TextEncoder()

function spotBench(): DecodingBench {
  const bench = new DecodingBench()
  for (const spec of [STREAMS.trade, STREAMS.bookTicker, STREAMS.kline, STREAMS.diff]) bench.router.add(spec)
  return bench
}

function expectConserved(bench: DecodingBench, sent: number): void {
  const stats = bench.router.stats()
  expect(stats.received).toBe(sent)
  expect(stats.data + stats.control + stats.serverShutdown + stats.unplaced + stats.rejected).toBe(sent)
  expect(stats.published + stats.ignored + stats.duplicate + stats.payloadRejected + stats.held).toBe(stats.data)
  for (const feed of bench.router.feeds()) {
    const { publishedCount, ignoredCount, duplicateCount, rejectedCount, heldCount } = feed
    expect(publishedCount + ignoredCount + duplicateCount + rejectedCount + heldCount).toBe(feed.messageCount)
  }
  expect(bench.rejections).toHaveLength(stats.rejected + stats.payloadRejected)
}

describe('a frame', () => {
  it.each([
    ['{"result":null,"id":101}', FrameKind.CONTROL],
    ['{"result":["btcusdt@kline_1m"],"id":103}', FrameKind.CONTROL],
    ['{"id":105,"result":true}', FrameKind.CONTROL],
    ['{"error":{"code":2,"msg":"Invalid request: invalid stream"},"id":101}', FrameKind.CONTROL],
    ['{"error":{"code":2,"msg":"Invalid request: invalid stream"}}', FrameKind.CONTROL],
    ['{"code":2,"msg":"Invalid request"}', FrameKind.CONTROL],
    ['{"code":4,"msg":"Too many subscriptions","id":7}', FrameKind.CONTROL],
    ['{"e":"serverShutdown","E":1795000000000}', FrameKind.SERVER_SHUTDOWN],
    ['{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1795000000000}}', FrameKind.SERVER_SHUTDOWN],
    ['{"event":{"e":"serverShutdown","E":1795000000000}}', FrameKind.SERVER_SHUTDOWN],
    ['{"stream":"ethusdt@trade","data":{"e":"trade"}}', FrameKind.UNPLACED],
    ['{"stream":"btcusdt@trad","data":{}}', FrameKind.UNPLACED],
    ['{"stream":"btcusdt@trade2","data":{}}', FrameKind.UNPLACED],
    ['{"stream":"BTCUSDT@trade","data":{}}', FrameKind.UNPLACED],
    ['{"stream":"","data":{}}', FrameKind.UNPLACED],
    ['{"stream":"!ticker@arr","data":[]}', FrameKind.UNPLACED],
    ['{"stream":"btcusdt@trade"}', FrameKind.UNPLACED],
    ['{"e":"outboundAccountPosition","E":5}', FrameKind.UNPLACED],
    ['{}', FrameKind.UNPLACED],
    ['{"result":null}', FrameKind.UNPLACED],
    ['{"code":"2","msg":"no integer"}', FrameKind.UNPLACED],
    ['', FrameKind.REJECTED],
    ['{', FrameKind.REJECTED],
    ['{"stream":"btcusdt@trade","data":', FrameKind.REJECTED],
    ['{"stream":"btcusdt@trade","data":{}', FrameKind.REJECTED],
    ['{"stream":"btcusdt@trade","data":}', FrameKind.REJECTED],
    ['{"stream":"btcusdt@trade","data":{}}}', FrameKind.REJECTED],
    ['{"stream":"btcusdt@trade","data":{}} x', FrameKind.REJECTED],
    ['not json', FrameKind.REJECTED],
    ['"text"', FrameKind.REJECTED],
    ['17', FrameKind.REJECTED],
    ['null', FrameKind.REJECTED],
    ['[{"e":"24hrTicker"}]', FrameKind.REJECTED],
    ['\uFEFF{"result":null,"id":1}', FrameKind.REJECTED],
  ])('%s is of kind %s', (frame, kind) => {
    const bench = spotBench()
    expect(bench.feed(frame)).toBe(kind)
    expect(bench.published).toEqual([])
    expectConserved(bench, 1)
    if (kind === FrameKind.REJECTED) {
      // What broke off behind the name of a stream is missing in that stream.
      const isNamed = frame.startsWith('{"stream":"btcusdt@trade","data":')
      const feed = bench.router.feed('btcusdt@trade')
      expect(bench.rejections[0]?.feed).toBe(isNamed ? feed : null)
      expect(feed).toMatchObject({ unreadableCount: isNamed ? 1 : 0, messageCount: 0 })
      expect(bench.rejections[0]?.error).toMatchObject({
        code: 'MESSAGE_INVALID',
        stream: isNamed ? 'btcusdt@trade' : '',
      })
    }
  })

  it('that is not UTF-8 is rejected, with an excerpt that can be printed', () => {
    const bench = spotBench()
    const bytes = ENCODER.encode('{"stream":"btcusdt@trade","data":{"e":"trade","note":"xx"}}')
    bytes[bytes.indexOf(0x78)] = 0xff
    expect(bench.feed(bytes)).toBe(FrameKind.REJECTED)
    expect(bench.rejections[0]?.error.message).toBe('btcusdt@trade rejected: not valid UTF-8')
    expect(bench.rejections[0]?.error.excerpt).toContain('\uFFFDx')
  })

  it('of sixteen mebibytes of garbage costs an excerpt, not a crash', () => {
    const bench = spotBench()
    for (const byte of [0x5b, 0x7b, 0x39, 0x22, 0x20]) {
      expect(bench.feed(new Uint8Array(16 * 1024 * 1024).fill(byte))).toBe(FrameKind.REJECTED)
    }
    expect(bench.rejections.every(({ error }) => error.excerpt.length === 200)).toBe(true)
  })

  it('nested deeper than any stack is counted', () => {
    const bench = spotBench()
    const depth = 100_000
    bench.feed(`{"stream":"btcusdt@trade", "data":{"a":${'['.repeat(depth)}${']'.repeat(depth)}}}`)
    expectConserved(bench, 1)
    expect(bench.published).toEqual([])
  })
})

describe('payloads without envelope', () => {
  const payloadOf = (title: string): string => EXAMPLES.find((example) => example.title === title)!.payload

  it.each([
    ['spot', STREAMS.trade, 'spot trade'],
    ['spot', STREAMS.aggTrade, 'spot aggregated trade'],
    ['spot', STREAMS.bookTicker, 'spot best bid and offer'],
    ['spot', STREAMS.depth5, 'spot partial depth'],
    ['spot', STREAMS.diff, 'spot depth update'],
    ['spot', STREAMS.kline, 'spot candle'],
    ['spot', STREAMS.ticker, 'spot ticker'],
    ['spot', STREAMS.miniTicker, 'spot mini ticker'],
    ['futures', STREAMS.markPrice, 'mark price of 2026'],
    ['futures', STREAMS.liquidation, 'forced order'],
    ['futures', STREAMS.depth5, 'futures partial depth'],
  ] as const)('of %s are placed by what they say: %s', (market, spec, title) => {
    const bench = new DecodingBench({ market })
    const feed = bench.router.add(spec)
    bench.router.add(streamSpec('XRPUSDT', spec.type, 'xrpusdt@other', { interval: '5m' }))
    expect(bench.feed(payloadOf(title))).toBe(FrameKind.DATA)
    expect(bench.published).toHaveLength(1)
    expect(feed.publishedCount).toBe(1)
  })

  it('stay unplaced when two streams would fit', () => {
    const futures = new DecodingBench({ market: 'futures' })
    futures.router.add(STREAMS.diff)
    futures.router.add(STREAMS.depth5)
    expect(futures.feed(payloadOf('futures depth update'))).toBe(FrameKind.UNPLACED)
    const spot = new DecodingBench()
    spot.router.add(STREAMS.depth5)
    spot.router.add(streamSpec('ETHUSDT', 'DEPTH', 'ethusdt@depth5', { depthLevels: 5 }))
    expect(spot.feed(payloadOf('spot partial depth'))).toBe(FrameKind.UNPLACED)
  })

  it('of a candle go to the stream of their interval', () => {
    const bench = new DecodingBench()
    const other = bench.router.add({ ...STREAMS.kline, interval: '5m', name: 'btcusdt@kline_5m' })
    const feed = bench.router.add(STREAMS.kline)
    bench.feed(payloadOf('spot candle'))
    expect(feed.publishedCount).toBe(1)
    expect(other.messageCount).toBe(0)
  })
})

describe('frames in memory', () => {
  it('are read at any offset, up to the last byte of their buffer, and nothing behind them is', () => {
    for (const example of EXAMPLES) {
      const frame = ENCODER.encode(frameOf(example, example.payload))
      for (const [before, after] of [
        [0, 0],
        [1, 0],
        [3, 1],
        [7, 15],
        [0, 63],
        [13, 64],
        [5, 4096],
      ] as const) {
        const outer = new Uint8Array(before + frame.length + after)
        // Behind the frame stands what would go on well, if it were read.
        outer.fill(0x7d)
        outer.set(frame, before)
        outer.set(frame.subarray(0, Math.min(after, frame.length)), before + frame.length)
        for (const bytes of [outer, Buffer.from(outer.buffer), outer.subarray(before)]) {
          const bench = new DecodingBench({ market: example.market })
          bench.router.add(example.spec)
          const start = bytes.length === outer.length ? before : 0
          bench.router.onFrame(bytes, start, start + frame.length, RECEIVE_TIME_MS, ORIGIN)
          expect(bench.published).toHaveLength(1)
          expect(bench.router.stats().fallback).toBe(0)
        }
      }
    }
  })

  it('cut short anywhere are rejected, although the rest stands behind them', () => {
    for (const example of EXAMPLES) {
      const frame = ENCODER.encode(frameOf(example, example.payload))
      const bench = new DecodingBench({ market: example.market })
      bench.router.add(example.spec)
      for (let length = 0; length < frame.length; length++) {
        expect(bench.router.onFrame(frame, 0, length, RECEIVE_TIME_MS, ORIGIN)).toBe(FrameKind.REJECTED)
      }
      expect(bench.published).toEqual([])
    }
  })

  it('may be overwritten after the call: messages own their values', () => {
    const bench = new DecodingBench()
    bench.router.add(STREAMS.diff)
    const example = EXAMPLES.find(({ title }) => title === 'spot depth update')!
    const bytes = ENCODER.encode(frameOf(example, example.payload))
    bench.router.onFrame(bytes, 0, bytes.length, RECEIVE_TIME_MS, ORIGIN)
    bytes.fill(0x30)
    bench.router.onFrame(bytes, 0, bytes.length, RECEIVE_TIME_MS, ORIGIN)
    expect(JSON.parse(JSON.stringify(bench.published[0]?.payload))).toEqual(example.message)
  })
})

describe('streams', () => {
  it('are added once, listed in order, and gone after removal', () => {
    const bench = new DecodingBench()
    const trade = bench.router.add(STREAMS.trade)
    const ticker = bench.router.add(STREAMS.bookTicker)
    expect(bench.router.add({ ...STREAMS.trade })).toBe(trade)
    expect(bench.router.feeds()).toEqual([trade, ticker])
    expect(bench.router.feed(STREAMS.trade.name)).toBe(trade)

    const example = EXAMPLES.find(({ title }) => title === 'spot trade')!
    bench.feed(frameOf(example, example.payload))
    bench.router.remove(STREAMS.trade.name)
    bench.router.remove('never@there')
    expect(bench.router.feeds()).toEqual([ticker])
    expect(bench.router.feed(STREAMS.trade.name)).toBeUndefined()
    expect(bench.feed(frameOf(example, example.payload))).toBe(FrameKind.UNPLACED)
    expect(bench.router.stats()).toMatchObject({ received: 2, data: 1, unplaced: 1, published: 1 })
    expect(bench.router.add(STREAMS.trade)).not.toBe(trade)
  })

  it('by the thousand are told apart, whatever their names', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(
          fc.string({ unit: fc.constantFrom(...'abcdefgh0123456789_@.币１'), minLength: 1, maxLength: 40 }),
          { minLength: 1, maxLength: 300 },
        ),
        (names) => {
          const seen: string[] = []
          const router = new MessageRouter({
            handlerFor: (spec) => ({
              handle: (bytes, start, end) => {
                seen.push(`${spec.name}=${Buffer.from(bytes.subarray(start, end)).toString()}`)
                return PayloadOutcome.PUBLISHED
              },
              handleValue: () => PayloadOutcome.PUBLISHED,
            }),
          })
          const [absent = '', ...added] = names
          for (const name of added) router.add(streamSpec('X', 'TRADE', name))
          const send = (name: string): FrameKind => {
            const bytes = ENCODER.encode(`{"stream":"${name}","data":{"n":1}}`)
            return router.onFrame(bytes, 0, bytes.length, 1, ORIGIN)
          }
          for (const name of added) expect(send(name)).toBe(FrameKind.DATA)
          expect(seen).toEqual(added.map((name) => `${name}={"n":1}`))
          expect(send(absent)).toBe(FrameKind.UNPLACED)
          expect(router.stats().fallback).toBe(0)
        },
      ),
      { numRuns: 100 },
    )
  })
})

describe('the read loop', () => {
  it('survives a handler, a latency sink and a rejection listener that throw', () => {
    const router = new MessageRouter({
      handlerFor: () => ({
        handle: () => {
          throw new Error('defect')
        },
        handleValue: () => PayloadOutcome.PUBLISHED,
      }),
      onRejected: () => {
        throw new Error('listener')
      },
    })
    router.add(STREAMS.trade)
    const bytes = ENCODER.encode('{"stream":"btcusdt@trade","data":{}}')
    expect(router.onFrame(bytes, 0, bytes.length, 1, ORIGIN)).toBe(FrameKind.REJECTED)
    expect(router.stats()).toMatchObject({ received: 1, rejected: 1 })
  })

  it('names the cause when it had to catch something', () => {
    const errors: MessageParseError[] = []
    const defect = new Error('defect')
    const router = new MessageRouter({
      handlerFor: () => ({
        handle: () => {
          throw defect
        },
        handleValue: () => PayloadOutcome.PUBLISHED,
      }),
      onRejected: (error) => errors.push(error),
    })
    router.add(STREAMS.trade)
    const bytes = ENCODER.encode('{"stream":"btcusdt@trade","data":{}}')
    router.onFrame(bytes, 0, bytes.length, 1, ORIGIN)
    expect(errors[0]).toMatchObject({ cause: defect, excerpt: '{"stream":"btcusdt@trade","data":{}}' })
  })

  it('goes on when a subscriber feeds another frame from inside its own', () => {
    const [outer, inner] = ['spot depth update', 'spot partial depth'].map(
      (title) => EXAMPLES.find((example) => example.title === title)!,
    )
    const order: string[] = []
    const bench: DecodingBench = new DecodingBench({
      onPublish: (topic, payload) => {
        if (topic === 'orderbookDelta') bench.feed(frameOf(inner!, inner!.payload))
        order.push(topic)
        expect(JSON.parse(JSON.stringify(payload))).toEqual((topic === 'orderbookDelta' ? outer : inner)!.message)
      },
    })
    bench.router.add(outer!.spec)
    bench.router.add(inner!.spec)
    bench.feed(frameOf(outer!, outer!.payload))
    expect(order).toEqual(['orderbook', 'orderbookDelta'])
    expect(bench.router.stats()).toMatchObject({ received: 2, published: 2, rejected: 0 })
  })

  it('counts a message whose subscriber removes its stream', () => {
    const example = EXAMPLES.find(({ title }) => title === 'spot trade')!
    const bench: DecodingBench = new DecodingBench({ onPublish: () => bench.router.remove(example.spec.name) })
    bench.router.add(example.spec)
    bench.feed(frameOf(example, example.payload))
    expect(bench.router.stats()).toMatchObject({ received: 1, data: 1, published: 1 })
  })
})
