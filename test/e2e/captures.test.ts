/**
 * Real captured frames through everything: served by `feedbus sim --from`, read by `feedbus live`, printed by
 * `--emit`, two processes and real sockets in between. What comes out is compared message by message with an
 * independent reading of the file, and with its truth file.
 */
import { describe, expect, it } from 'vitest'
import { exactProductSum, exactSum, readCapture, readTruth } from '../support/captures.js'
import { RunningCli } from '../support/cli.js'
import { describeWithData, sharedData } from '../support/shared-data.js'
import { waitFor } from '../support/wait-for.js'

interface Case {
  readonly file: string
  readonly venue: string
  readonly streams: string
  readonly symbols: string
  /** Suffixes of the wire names asked for, as in the file. */
  readonly suffixes: readonly string[]
}

const CASES: Case[] = [
  futures('binance-usdm-btcusdt-20240808', 'bookTicker,trade', ['BTCUSDT'], ['bookTicker', 'trade']),
  futures('binance-usdm-ethusdt-20240808', 'bookTicker,trade', ['ETHUSDT'], ['bookTicker', 'trade']),
  futures('binance-coinm-btcusd_perp-20240808', 'bookTicker,trade', ['BTCUSD_PERP'], ['bookTicker', 'trade']),
  spot('binance-spot-btcusdt-20240808', 'bookTicker,trade', ['BTCUSDT'], ['bookTicker', 'trade']),
  futures(
    'binance-usdm-4sym-20210722',
    'kline:1m,bookTicker,aggTrade',
    ['SUSHIUSDT', 'AKROUSDT', 'KEEPUSDT', 'CTKUSDT'],
    ['kline_1m', 'bookTicker', 'aggTrade'],
  ),
  spot(
    'binance-spot-4sym-20211012',
    'kline:1m,bookTicker,aggTrade',
    ['NKNUSDT', 'BLZETH', 'LRCBTC', 'RUNEEUR'],
    ['kline_1m', 'bookTicker', 'aggTrade'],
  ),
  spot(
    'binanceus-spot-4sym-20211012',
    'kline:1m,bookTicker,aggTrade',
    ['CRVUSDT', 'COMPUSDT', 'OMGBUSD', 'ZRXUSDT'],
    ['kline_1m', 'bookTicker', 'aggTrade'],
  ),
  spot(
    'binancetr-spot-4sym-20230410',
    'kline:1m,bookTicker',
    ['BELBTC', 'XEMUSDT', 'ELFBUSD', 'LTCBRL'],
    ['kline_1m', 'bookTicker'],
  ),
]

function futures(file: string, streams: string, symbols: string[], suffixes: string[]): Case {
  return { file, venue: 'BINANCE_FUTURES', streams, symbols: symbols.join(','), suffixes }
}

function spot(file: string, streams: string, symbols: string[], suffixes: string[]): Case {
  return { file, venue: 'BINANCE_SPOT', streams, symbols: symbols.join(','), suffixes }
}

interface Emitted {
  readonly topic: string
  readonly seq: number
  readonly payload: Readonly<Record<string, unknown>>
}

/** What one frame must become, from the frame's text alone. */
function expectedPayload(raw: string): { topic: string; fields: Record<string, unknown> } {
  const { data } = JSON.parse(raw)
  if (data.e === 'kline') {
    const { k } = data
    return {
      topic: k.x ? 'mkt.candles' : 'mkt.candles.partial',
      fields: {
        symbol: k.s,
        interval: k.i,
        openTimeMs: k.t,
        closeTimeMs: k.T,
        open: Number(k.o),
        high: Number(k.h),
        low: Number(k.l),
        close: Number(k.c),
        volume: Number(k.v),
        quoteVolume: Number(k.q),
        tradeCount: k.n,
        takerBuyVolume: Number(k.V),
        takerBuyQuoteVolume: Number(k.Q),
        isFinalized: k.x,
        origin: 'stream',
        venueTimeMs: data.E,
      },
    }
  }
  if (data.e === 'trade' || data.e === 'aggTrade') {
    return {
      topic: 'mkt.trades',
      fields: {
        symbol: data.s,
        kind: data.e === 'trade' ? 'single' : 'aggregate',
        id: data.e === 'trade' ? data.t : data.a,
        price: Number(data.p),
        qty: Number(data.q),
        isBuyerMaker: data.m,
        takerSide: data.m ? 'SELL' : 'BUY',
        tradeTimeMs: data.T,
        venueTimeMs: data.E,
      },
    }
  }
  return {
    topic: 'mkt.bbo',
    fields: {
      symbol: data.s,
      sequence: data.u,
      bid: Number(data.b),
      bidQty: Number(data.B),
      ask: Number(data.a),
      askQty: Number(data.A),
      venueTimeMs: data.E ?? null,
    },
  }
}

describeWithData('captured exchange data through sim and live', () => {
  for (const { file, venue, streams, symbols, suffixes } of CASES) {
    it(`${file}: every message arrives once, in order, with the exact values`, async () => {
      const path = sharedData(`captures/${file}.jsonl.gz`) as string
      const wanted = readCapture(path).filter(
        (record) => record.kind === 'ws' && suffixes.includes(record.stream?.split('@').slice(1).join('@') ?? ''),
      )
      const sim = new RunningCli(['sim', '--from', path, '--speed', 'max', '--port', '0'])
      let live: RunningCli | null = null
      try {
        await waitFor(() => sim.lineCount > 0 || sim.hasEnded, { what: 'sim to listen' })
        const [, wsUrl = '', restUrl = ''] = sim.lines[0]?.split(' ') ?? []
        const args = ['live', '--venue', venue, '--base-url', wsUrl, '--rest-url', restUrl, '--symbols', symbols]
        live = new RunningCli([...args, '--streams', streams, '--partial', '--emit', 'mkt.>'])
        const lineCount = wanted.length
        await waitFor(() => (live?.lineCount ?? 0) >= lineCount || (live?.hasEnded ?? false), {
          timeoutMs: 90_000,
          what: `${lineCount} emitted lines (have ${live.lineCount}; ${live.stderr.slice(-500)})`,
        })
        const ended = await live.stop()
        expect(ended.code, live.stderr).toBe(0)
      } finally {
        await live?.stop()
        await sim.stop()
      }
      const emitted = live.lines.map((line) => JSON.parse(line) as Emitted)

      expect(emitted.length).toBe(wanted.length)
      compareInOrder(
        emitted,
        wanted.map((record) => record.raw as string),
      )
      compareWithTruth(file, emitted, suffixes)
    })
  }
})

/** Order is promised per stream; across streams of two connections it is not. */
function compareInOrder(emitted: readonly Emitted[], raws: readonly string[]): void {
  const queueOf = (topic: string, fields: { symbol?: unknown; kind?: unknown; interval?: unknown }): string =>
    [topic, fields.symbol, fields.kind, fields.interval].join(' ')
  const queues = new Map<string, Record<string, unknown>[]>()
  for (const raw of raws) {
    const { topic, fields } = expectedPayload(raw)
    const key = queueOf(topic, fields)
    const queue = queues.get(key)
    if (queue === undefined) queues.set(key, [fields])
    else queue.push(fields)
  }
  const positions = new Map<string, number>()
  const seqs = new Map<string, number>()
  for (const { topic, seq, payload } of emitted) {
    expect(seq).toBe((seqs.get(topic) ?? 0) + 1)
    seqs.set(topic, seq)
    const key = queueOf(topic, payload)
    const position = positions.get(key) ?? 0
    positions.set(key, position + 1)
    const fields = queues.get(key)?.[position]
    if (fields === undefined) throw new Error(`message ${position} of ${key} was never in the capture`)
    // A loop instead of toEqual: a hundred thousand messages, and the first difference is what matters.
    for (const name of Object.keys(fields)) {
      if (!Object.is(payload[name], fields[name])) {
        throw new Error(`${key} message ${position}: ${name} is ${payload[name]}, the capture says ${fields[name]}`)
      }
    }
  }
}

function compareWithTruth(file: string, emitted: readonly Emitted[], suffixes: readonly string[]): void {
  const truth = readTruth(sharedData(`captures/truth/${file}.truth.json`) as string)
  for (const [symbol, facts] of Object.entries(truth.symbols)) {
    const of = (topic: string, kind?: string): Emitted['payload'][] =>
      emitted
        .filter(({ topic: name, payload }) => name === topic && payload['symbol'] === symbol)
        .filter(({ payload }) => kind === undefined || payload['kind'] === kind)
        .map(({ payload }) => payload)
    if (suffixes.includes('bookTicker') && facts.bookTicker !== undefined) {
      const bbos = of('mkt.bbo')
      expect(bbos.length).toBe(facts.bookTicker.count)
      const { u, b, B, a, A } = facts.bookTicker.last
      expect(bbos.at(-1)).toMatchObject({
        sequence: u,
        bid: Number(b),
        bidQty: Number(B),
        ask: Number(a),
        askQty: Number(A),
      })
    }
    for (const [wire, kind] of [
      ['trade', 'single'],
      ['aggTrade', 'aggregate'],
    ] as const) {
      const tradeFacts = facts[wire]
      if (!suffixes.includes(wire) || tradeFacts === undefined) continue
      const trades = of('mkt.trades', kind)
      expect(trades.length).toBe(tradeFacts.count)
      expect(trades[0]?.['id']).toBe(tradeFacts.first_id)
      expect(trades.at(-1)?.['id']).toBe(tradeFacts.last_id)
      expect(exactSum(trades.map((trade) => trade['qty'] as number))).toBe(plain(tradeFacts.sum_qty))
      expect(exactProductSum(trades.map((trade) => [trade['price'] as number, trade['qty'] as number]))).toBe(
        plain(tradeFacts.sum_quote),
      )
      expect(trades.filter((trade) => trade['isBuyerMaker']).length).toBe(tradeFacts.buyer_is_maker)
    }
    if (suffixes.includes('kline_1m') && facts.kline !== undefined) {
      const closed = of('mkt.candles')
      expect(closed.length + of('mkt.candles.partial').length).toBe(facts.kline.updates)
      expect(
        closed.map((candle) => [
          candle['openTimeMs'],
          candle['closeTimeMs'],
          candle['venueTimeMs'],
          candle['open'],
          candle['high'],
          candle['low'],
          candle['close'],
          candle['volume'],
          candle['quoteVolume'],
          candle['takerBuyVolume'],
          candle['takerBuyQuoteVolume'],
          candle['tradeCount'],
        ]),
      ).toEqual(
        facts.kline.closed.map((k) => [k.t, k.T, k.E, ...[k.o, k.h, k.l, k.c, k.v, k.q, k.V, k.Q].map(Number), k.n]),
      )
    }
  }
}

/** Decimal text without trailing zeros. */
function plain(value: string | number): string {
  const text = String(value)
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

describe('the helpers of this comparison', () => {
  it('add decimals without rounding', () => {
    expect(exactSum([0.1, 0.2, 1e-7])).toBe('0.3000001')
    expect(
      exactProductSum([
        [0.1, 0.3],
        [2, 3],
      ]),
    ).toBe('6.03')
  })
})
