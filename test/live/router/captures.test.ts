/** Every recorded frame of the real venue through router and handlers, against independently computed truth. */
import { describe, expect, it } from 'vitest'
import type { StreamSpec } from '../../../src/live/config/stream-spec.js'
import { FrameKind } from '../../../src/live/frame.js'
import type { Candle } from '../../../src/types/candle.js'
import type { BestBidOffer, OrderBookDelta } from '../../../src/types/order-book.js'
import type { CandleInterval } from '../../../src/types/stream.js'
import type { Trade } from '../../../src/types/trade.js'
import {
  CAPTURES,
  type CaptureTruth,
  exactProductSum,
  exactSum,
  readCapture,
  readTruth,
  type TradeTruth,
} from '../../support/captures.js'
import { DecodingBench, ORIGIN, streamSpec } from '../../support/decoding.js'
import { describeWithData } from '../../support/shared-data.js'

function specOf(name: string): StreamSpec {
  const [symbol = '', kind = ''] = name.split('@')
  const upper = symbol.toUpperCase()
  if (kind === 'bookTicker') return streamSpec(upper, 'BOOK_TICKER', name)
  if (kind === 'trade') return streamSpec(upper, 'TRADE', name)
  if (kind === 'aggTrade') return streamSpec(upper, 'AGG_TRADE', name)
  if (kind === 'depth') return streamSpec(upper, 'DEPTH', name)
  if (kind.startsWith('kline_')) {
    return streamSpec(upper, 'KLINE', name, { interval: kind.slice('kline_'.length) as CandleInterval })
  }
  throw new Error(`unexpected stream ${name}`)
}

interface BookTruth {
  readonly depth_messages: number
  readonly level_updates: number
  readonly deletions: number
  readonly empty_both_sides: number
  readonly sequence_gaps: number
}

interface DeltaCounts {
  count: number
  levels: number
  removed: number
  empty: number
  breaks: number
  last: OrderBookDelta | null
}

interface Replay {
  readonly bench: DecodingBench
  readonly frames: number
  readonly kinds: ReadonlySet<number>
  readonly lastBbo: ReadonlyMap<string, BestBidOffer>
  readonly trades: ReadonlyMap<string, Trade[]>
  readonly candles: ReadonlyMap<string, Candle[]>
  readonly deltas: ReadonlyMap<string, DeltaCounts>
}

function replay(file: string, isSpot: boolean, truth: CaptureTruth): Replay {
  const lastBbo = new Map<string, BestBidOffer>()
  const trades = new Map<string, Trade[]>()
  const candles = new Map<string, Candle[]>()
  const deltas = new Map<string, DeltaCounts>()
  const bench = new DecodingBench({
    market: isSpot ? 'spot' : 'futures',
    onPublish: (topic, payload) => {
      if (topic === 'bbo') lastBbo.set((payload as BestBidOffer).symbol, payload as BestBidOffer)
      else if (topic === 'trades') listIn(trades, (payload as Trade).symbol).push(payload as Trade)
      else if (topic === 'candles') listIn(candles, (payload as Candle).symbol).push(payload as Candle)
      else if (topic === 'orderbookDelta') countDelta(payload as OrderBookDelta)
      else throw new Error(`published on ${topic}`)
    },
  })
  const countDelta = (delta: OrderBookDelta): void => {
    const entry = deltas.get(delta.symbol) ?? { count: 0, levels: 0, removed: 0, empty: 0, breaks: 0, last: null }
    deltas.set(delta.symbol, entry)
    entry.count += 1
    entry.levels += delta.bids.length + delta.asks.length
    if (delta.bids.length + delta.asks.length === 0) entry.empty += 1
    for (const side of [delta.bids, delta.asks]) for (const level of side) if (level.qty === 0) entry.removed += 1
    const isContinued =
      entry.last === null ||
      (isSpot ? delta.firstSequence === entry.last.sequence + 1 : delta.previousSequence === entry.last.sequence)
    if (!isContinued) entry.breaks += 1
    entry.last = delta
  }
  for (const name of Object.keys(truth.ws_by_stream)) bench.router.add(specOf(name))
  const kinds = new Set<number>()
  let frames = 0
  for (const record of readCapture(file)) {
    if (record.kind !== 'ws') continue
    frames += 1
    // Alternating: alone in an array, and inside a larger buffer at an offset.
    const text = Buffer.from(record.raw ?? '')
    if (frames % 2 === 0) {
      kinds.add(bench.feed(text, Number(BigInt(record.recv_ns) / 1000n) / 1000))
    } else {
      const around = Buffer.alloc(text.length + 200, 0x7d)
      text.copy(around, 37)
      kinds.add(
        bench.router.onFrame(around, 37, 37 + text.length, Number(BigInt(record.recv_ns) / 1000n) / 1000, ORIGIN),
      )
    }
  }
  return { bench, frames, kinds, lastBbo, trades, candles, deltas }
}

function listIn<T>(lists: Map<string, T[]>, key: string): T[] {
  const list = lists.get(key) ?? []
  lists.set(key, list)
  return list
}

function expectTrades(trades: readonly Trade[], truth: TradeTruth): void {
  expect({
    count: trades.length,
    first: trades[0]?.id,
    last: trades.at(-1)?.id,
    qty: exactSum(trades.map((trade) => trade.qty)),
    quote: exactProductSum(trades.map((trade) => [trade.price, trade.qty] as const)),
    makers: trades.filter((trade) => trade.isBuyerMaker && trade.takerSide === 'SELL').length,
  }).toEqual({
    count: truth.count,
    first: truth.first_id,
    last: truth.last_id,
    qty: truth.sum_qty,
    quote: truth.sum_quote,
    makers: truth.buyer_is_maker,
  })
}

describe('recorded frames', () => {
  for (const capture of CAPTURES) {
    describeWithData(
      capture,
      [`captures/${capture}.jsonl.gz`, `captures/truth/${capture}.truth.json`],
      (file = '', truthFile = '') => {
        const truth = readTruth(truthFile)
        const isSpot = !/usdm|coinm/.test(capture)

        it('are all placed and decoded from their bytes, with the values of the truth file', () => {
          const result = replay(file, isSpot, truth)
          const { bench } = result
          expect(bench.rejections).toEqual([])
          expect([...result.kinds]).toEqual([FrameKind.DATA])
          expect(Object.fromEntries(bench.router.feeds().map((feed) => [feed.spec.name, feed.messageCount]))).toEqual(
            truth.ws_by_stream,
          )
          const stats = bench.router.stats()
          expect(stats).toMatchObject({
            received: result.frames,
            data: result.frames,
            fallback: 0,
            duplicate: 0,
            resets: 0,
          })
          expect(stats.published + stats.ignored).toBe(result.frames)

          for (const [symbol, expected] of Object.entries(truth.symbols)) {
            if (expected.bookTicker !== undefined) {
              const { last } = expected.bookTicker
              expect(result.lastBbo.get(symbol)).toMatchObject({
                sequence: last.u,
                bid: Number(last.b),
                bidQty: Number(last.B),
                ask: Number(last.a),
                askQty: Number(last.A),
              })
            }
            const trades = result.trades.get(symbol) ?? []
            if (expected.trade !== undefined)
              expectTrades(
                trades.filter((trade) => trade.kind === 'single'),
                expected.trade,
              )
            if (expected.aggTrade !== undefined) {
              expectTrades(
                trades.filter((trade) => trade.kind === 'aggregate'),
                expected.aggTrade,
              )
            }
            if (expected.kline !== undefined) {
              expect((result.candles.get(symbol) ?? []).map(({ receiveTimeMs: _, ...candle }) => candle)).toEqual(
                expected.kline.closed.map((closed) => ({
                  venue: isSpot ? 'BINANCE_SPOT' : 'BINANCE_FUTURES',
                  symbol,
                  interval: '1m',
                  openTimeMs: closed.t,
                  closeTimeMs: closed.T,
                  open: Number(closed.o),
                  high: Number(closed.h),
                  low: Number(closed.l),
                  close: Number(closed.c),
                  volume: Number(closed.v),
                  quoteVolume: Number(closed.q),
                  tradeCount: closed.n,
                  takerBuyVolume: Number(closed.V),
                  takerBuyQuoteVolume: Number(closed.Q),
                  isFinalized: true,
                  origin: 'stream',
                  venueTimeMs: closed.E,
                })),
              )
            }
            const { book } = expected as { readonly book?: BookTruth }
            if (book !== undefined) {
              const deltas = result.deltas.get(symbol)
              expect({
                messages: deltas?.count ?? 0,
                levels: deltas?.levels ?? 0,
                removed: deltas?.removed ?? 0,
                empty: deltas?.empty ?? 0,
                breaks: deltas?.breaks ?? 0,
              }).toEqual({
                messages: book.depth_messages,
                levels: book.level_updates,
                removed: book.deletions,
                empty: book.empty_both_sides,
                breaks: book.sequence_gaps,
              })
            }
          }
        })
      },
    )
  }
})
