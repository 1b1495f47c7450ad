/**
 * One history, many views of it: whatever a client can compute from one view must equal what another view says, to
 * the last digit, for any seed.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TEST_SYMBOLS } from '../../../src/sim/market/index.js'
import type { OracleTrade } from '../../../src/sim/market-source.js'
import type { MarketKind } from '../../../src/types/venue.js'
import { ClientBook, type DiffPayload, marketBench, type SnapshotReply, TextBook, units } from './support.js'

const seeds = fc.integer({ min: 1, max: 1_000_000 })
const RUNS = { numRuns: 5 }
const PATH: Readonly<Record<MarketKind, string>> = { spot: '/api/v3', futures: '/fapi/v1' }

describe.each(['spot', 'futures'] as const)('books on %s', (market) => {
  it.each(['100ms', ''])('are kept from a snapshot and diffs (%s), and equal the true book after each', (speed) => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 0, max: 3000 }), (seed, waitMs) => {
        const { market: sim, run, listen, rest } = marketBench({ seed, markets: [market] })
        const buffered: DiffPayload[] = []
        let book: ClientBook | null = null
        let checked = 0
        const name = `btcusdt@depth${speed === '' ? '' : `@${speed}`}`
        let previous: DiffPayload | null = null
        const take = (diff: DiffPayload): void => {
          if (book === null) return
          if (previous === null) {
            if (market === 'spot') {
              if (diff.u <= book.lastId) return
              expect(diff.U).toBeLessThanOrEqual(book.lastId + 1)
            } else {
              if (diff.u < book.lastId) return
              expect(diff.pu === book.lastId || (diff.U <= book.lastId && diff.u >= book.lastId)).toBe(true)
            }
          } else if (market === 'spot') expect(diff.U).toBe(previous.u + 1)
          else expect(diff.pu).toBe(previous.u)
          previous = diff
          book.apply(diff)
          const truth = sim.oracle.bookAt('BTCUSDT', diff.u, market)
          expect(book.sorted('bids')).toEqual(truth?.bids)
          expect(book.sorted('asks')).toEqual(truth?.asks)
          checked++
        }
        listen(market, name, ({ text }) => {
          const diff = JSON.parse(text) as DiffPayload
          if (book === null) buffered.push(diff)
          else take(diff)
        })
        run(waitMs + 1100)
        book = new ClientBook(rest<SnapshotReply>(market, `${PATH[market]}/depth?symbol=BTCUSDT&limit=1000`))
        for (const diff of buffered) take(diff)
        run(12_000)
        expect(checked).toBeGreaterThan(speed === '100ms' ? 60 : 8)
      }),
      RUNS,
    )
  })

  it('show the same best prices in bookTicker, partial depth and the true book at equal ids', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { market: sim, run, listen } = marketBench({ seed, markets: [market] })
        let tickers = 0
        let partials = 0
        listen(market, 'ethusdt@bookTicker', ({ text, ids }) => {
          const { b, B, a, A, u } = JSON.parse(text) as Record<string, string> & { u: number }
          const truth = sim.oracle.bookAt('ETHUSDT', u, market)
          expect([b, B]).toEqual(truth?.bids[0])
          expect([a, A]).toEqual(truth?.asks[0])
          expect(ids.u).toBe(u)
          tickers++
        })
        listen(market, 'ethusdt@depth10@100ms', ({ text, ids }) => {
          const frame = JSON.parse(text) as SnapshotReply & DiffPayload
          const truth = sim.oracle.bookAt('ETHUSDT', ids.u ?? -1, market)
          expect(frame.bids ?? frame.b).toEqual(truth?.bids.slice(0, 10))
          expect(frame.asks ?? frame.a).toEqual(truth?.asks.slice(0, 10))
          partials++
        })
        run(6000)
        expect(tickers).toBeGreaterThan(20)
        expect(partials).toBeGreaterThan(50)
      }),
      RUNS,
    )
  })

  it('are never crossed or locked, and old ones can be asked for', () => {
    const { market: sim, run, collect } = marketBench({ seed: 5, markets: [market] })
    const diffs = collect(market, 'btcusdt@depth@100ms')
    run(5000)
    for (const { ids } of diffs) {
      const book = sim.oracle.bookAt('BTCUSDT', ids.u ?? -1, market)
      expect(Number(book?.bids[0]?.[0])).toBeLessThan(Number(book?.asks[0]?.[0]))
      const past = JSON.parse(sim.pastDepth(market, 'BTCUSDT', 1000, ids.u ?? -1) ?? 'null') as SnapshotReply
      expect(past.lastUpdateId).toBe(ids.u)
      expect(past.bids).toEqual(book?.bids.slice(0, 1000))
    }
  })
})

/** Sums over executions in exact decimals. */
function summed(trades: readonly OracleTrade[]): Record<string, string | number | bigint> {
  const market = trades.filter(({ kind }) => kind === 'MARKET')
  const total = (list: readonly OracleTrade[]): [bigint, bigint] => [
    list.reduce((sum, { qty }) => sum + units(qty, 8), 0n),
    list.reduce((sum, { price, qty }) => sum + units(price, 8) * units(qty, 8), 0n),
  ]
  const [volume, quoteVolume] = total(market)
  const [buyVolume, buyQuoteVolume] = total(market.filter(({ isBuyerMaker }) => !isBuyerMaker))
  const prices = market.map(({ price }) => price)
  const byValue = [...prices].sort((a, b) => Number(a) - Number(b))
  return {
    open: prices[0] ?? '',
    high: byValue.at(-1) ?? '',
    low: byValue[0] ?? '',
    close: prices.at(-1) ?? '',
    volume,
    quoteVolume,
    buyVolume,
    buyQuoteVolume,
    count: market.length,
    firstId: market[0]?.id ?? -1,
    lastId: market.at(-1)?.id ?? -1,
  }
}

interface KlineFrame {
  readonly k: Readonly<Record<'o' | 'h' | 'l' | 'c' | 'v' | 'q' | 'V' | 'Q' | 'i' | 's', string>> & {
    readonly t: number
    readonly T: number
    readonly f: number
    readonly L: number
    readonly n: number
    readonly x: boolean
  }
}

describe.each(['spot', 'futures'] as const)('executions on %s', (market) => {
  it('have contiguous ids in the stream, and aggregates cover them', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { run, collect, rest } = marketBench({ seed, markets: [market] })
        const trades = collect(market, 'btcusdt@trade')
        const aggregates = collect(market, 'btcusdt@aggTrade')
        run(30_000)
        const ids = trades.map(({ ids: { t } }) => t as number)
        expect(ids.length).toBeGreaterThan(50)
        expect(ids).toEqual(ids.map((_, index) => (ids[0] as number) + index))
        type Agg = { a: number; f: number; l: number; q: string; p: string; m: boolean }
        const list = aggregates.map(({ text }) => JSON.parse(text) as Agg)
        const byId = new Map(
          trades.map(({ text, ids: { t } }) => [t as number, JSON.parse(text) as Agg & { X?: string }]),
        )
        list.forEach((agg, index) => {
          const previous = list[index - 1]
          if (previous !== undefined) expect(agg.a).toBe(previous.a + 1)
          let sum = 0n
          for (let id = agg.f; id <= agg.l; id++) {
            const trade = byId.get(id)
            expect([trade?.p, trade?.m]).toEqual([agg.p, agg.m])
            sum += units(trade?.q ?? '', 8)
          }
          expect(sum).toBe(units(agg.q, 8))
        })
        const rows = rest<Agg[]>(market, `${PATH[market]}/aggTrades?symbol=BTCUSDT&fromId=${list[0]?.a}&limit=1000`)
        const shape = ({ a, f, l, q, p, m }: Agg): Agg => ({ a, f, l, q, p, m })
        expect(rows.slice(0, list.length).map(shape)).toEqual(list.slice(0, rows.length).map(shape))
        expect(rows.length).toBeGreaterThanOrEqual(Math.min(1000, list.length))
      }),
      RUNS,
    )
  })

  it('add up to the candles of stream and REST, closing frame included', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { market: sim, run, listen, rest } = marketBench({ seed, markets: [market] })
        const live: KlineFrame[] = []
        listen(market, 'ethusdt@kline_1m', ({ text }) => live.push(JSON.parse(text) as KlineFrame))
        run(200_000)
        const rows = rest<(string | number)[][]>(market, `${PATH[market]}/klines?symbol=ETHUSDT&interval=1m&limit=10`)
        const closed = live.filter(({ k }) => k.x)
        expect(closed.length).toBe(3)
        for (const { k } of closed) {
          // A few more on either side, so that one that belongs inside would show.
          const around = sim.oracle.trades('ETHUSDT', k.f - 20, k.L + 20, market)
          const inside = around.filter(({ timeMs }) => timeMs >= k.t && timeMs < k.T + 1)
          const sums = summed(inside)
          expect({
            open: k.o,
            high: k.h,
            low: k.l,
            close: k.c,
            volume: units(k.v, 8),
            quoteVolume: units(k.q, 16),
            buyVolume: units(k.V, 8),
            buyQuoteVolume: units(k.Q, 16),
            count: k.n,
            firstId: k.f,
            lastId: k.L,
          }).toEqual(sums)
          const row = rows.find(([openTime]) => openTime === k.t)
          expect(row).toEqual([k.t, k.o, k.h, k.l, k.c, k.v, k.T, k.q, k.n, k.V, k.Q, '0'])
          const candle = sim.oracle.candles('ETHUSDT', '1m', market, k.t, k.t)[0]
          expect([candle?.open, candle?.close, candle?.tradeCount]).toEqual([k.o, k.c, k.n])
        }
        // Open times rise, and nothing of the next candle comes before the closing frame.
        let openMs = 0
        let isClosed = true
        for (const { k } of live) {
          if (k.t !== openMs) expect(isClosed).toBe(true)
          openMs = k.t
          isClosed = k.x
        }
      }),
      RUNS,
    )
  })

  it('agree with longer candles and with the 24 h ticker', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const {
          market: sim,
          run,
          rest,
        } = marketBench({ seed, markets: [market], symbols: ['BNBUSDT'], preset: 'calm' })
        run(90_500)
        const minutes = rest<(string | number)[][]>(
          market,
          `${PATH[market]}/klines?symbol=BNBUSDT&interval=1m&limit=1000`,
        )
        for (const interval of ['5m', '1h']) {
          const long = rest<(string | number)[][]>(
            market,
            `${PATH[market]}/klines?symbol=BNBUSDT&interval=${interval}&limit=4`,
          )
          for (const row of long) {
            const parts = minutes.filter(([t]) => Number(t) >= Number(row[0]) && Number(t) <= Number(row[6]))
            const total = (index: number): bigint =>
              parts.reduce((sum, part) => sum + units(String(part[index]), 16), 0n)
            expect(units(String(row[5]), 16)).toBe(total(5))
            expect(units(String(row[7]), 16)).toBe(total(7))
            expect(row[8]).toBe(parts.reduce((sum, part) => sum + Number(part[8]), 0))
            expect([row[1], row[4]]).toEqual([parts[0]?.[1], parts.at(-1)?.[4]])
          }
        }
        const ticker = rest<Record<string, string & number>>(market, `${PATH[market]}/ticker/24hr?symbol=BNBUSDT`)
        const first = Number(ticker['firstId'])
        const last = Number(ticker['lastId'])
        const trades = sim.oracle.trades('BNBUSDT', first, last, market)
        const sums = summed(trades)
        expect(trades[0]?.timeMs).toBeGreaterThanOrEqual(Number(ticker['openTime']))
        const before = sim.oracle.trades('BNBUSDT', first - 1, first - 1, market)[0]
        if (before !== undefined) expect(before.timeMs).toBeLessThan(Number(ticker['openTime']))
        expect(ticker['count']).toBe(sums['count'])
        expect(units(ticker['volume'] ?? '', 8)).toBe(sums['volume'])
        expect([ticker['openPrice'], ticker['highPrice'], ticker['lowPrice'], ticker['lastPrice']]).toEqual([
          sums['open'],
          sums['high'],
          sums['low'],
          sums['close'],
        ])
        const shown = ticker['quoteVolume'] ?? ''
        const cut = 16 - (shown.length - shown.indexOf('.') - 1)
        expect(units(shown, 16)).toBe(((sums['quoteVolume'] as bigint) / 10n ** BigInt(cut)) * 10n ** BigInt(cut))
        if (market === 'spot') {
          expect(ticker['prevClosePrice']).toBe(before?.price)
          expect(Number(ticker['closeTime']) - Number(ticker['openTime'])).toBe(86_400_000)
        }
      }),
      { numRuns: 3 },
    )
  })
})

describe('quiet symbols', () => {
  it('have empty candles on spot, none on futures, and at times an empty side', () => {
    const { market: sim, run, collect } = marketBench({ seed: 3, symbols: TEST_SYMBOLS })
    const spot = collect('spot', 'stillusdt@kline_1m')
    const futures = collect('futures', 'stillusdt@kline_1m')
    const quiet = collect('spot', 'quietusdt@bookTicker')
    run(3_600_000)
    const closed = (list: typeof spot): KlineFrame['k'][] =>
      list.filter(({ ids }) => ids.closed).map(({ text }) => (JSON.parse(text) as KlineFrame).k)
    const empty = closed(spot).filter(({ n }) => n === 0)
    expect(closed(spot).length).toBe(60)
    expect(empty.length).toBeGreaterThan(5)
    for (const k of empty) {
      expect([k.f, k.L, Number(k.v), Number(k.q)]).toEqual([-1, -1, 0, 0])
      expect(new Set([k.o, k.h, k.l, k.c]).size).toBe(1)
    }
    expect(closed(futures).every(({ n }) => n > 0)).toBe(true)
    expect(closed(futures).length).toBeLessThan(60)
    // The candle that was not sent is there when asked for.
    expect(sim.oracle.candles('STILLUSDT', '1m', 'futures').some(({ tradeCount }) => tradeCount === 0)).toBe(true)
    expect(quiet.some(({ text }) => /"(b|a)":"0\.0+"/.test(text))).toBe(true)
  })

  it('that are halted keep their REST data and send nothing', () => {
    const { market: sim, run, collect, rest } = marketBench({ seed: 3 })
    const halted = collect('spot', 'haltedusdt@depth20@100ms')
    const trading = collect('futures', 'btcusdt@depth5@100ms')
    run(2000)
    expect(halted).toEqual([])
    expect(rest<SnapshotReply>('spot', '/api/v3/depth?symbol=HALTEDUSDT').bids.length).toBeGreaterThan(3)
    sim.setStatus('futures', 'BTCUSDT', 'SETTLING')
    const before = trading.length
    const book = sim.oracle.book('BTCUSDT', 'futures')
    run(2000)
    expect(trading.length).toBe(before)
    expect(sim.oracle.book('BTCUSDT', 'futures')).toEqual(book)
    sim.setStatus('futures', 'BTCUSDT', 'TRADING')
    run(2000)
    expect(trading.length).toBeGreaterThan(before)
  })
})

describe.each(['spot', 'futures'] as const)('a symbol of %s that is halted', (market) => {
  // What changed between the last diff and the halt was told in no diff: every book kept from them was wrong for ever.
  it('still tells its last changes, so that books kept from diffs stay the true ones', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 500, max: 3_000 }), (seed, haltMs) => {
        const { market: sim, run, listen } = marketBench({ seed, markets: [market] })
        const book = new TextBook(sim.oracle.book('BTCUSDT', market))
        let checked = 0
        listen(market, 'btcusdt@depth@100ms', ({ text, ids }) => {
          book.apply(JSON.parse(text) as DiffPayload)
          const truth = sim.oracle.bookAt('BTCUSDT', ids.u as number, market)
          expect([book.bids.size, book.asks.size]).toEqual([truth?.bids.length, truth?.asks.length])
          checked++
        })
        run(haltMs)
        sim.setStatus(market, 'BTCUSDT', market === 'spot' ? 'HALT' : 'SETTLING')
        run(1_000)
        sim.setStatus(market, 'BTCUSDT', 'TRADING')
        run(3_000)
        expect(checked).toBeGreaterThan(5)
      }),
      { numRuns: 10 },
    )
  })
})

describe.each(['spot', 'futures'] as const)('a symbol of %s that is delisted', (market) => {
  it('is unknown to REST and silent until it is listed again, while its history stays true', () => {
    const { market: sim, run, listen, rest } = marketBench({ seed: 11, markets: [market] })
    let heard = 0
    listen(market, 'btcusdt@depth@100ms', () => heard++)
    run(2_000)
    expect(heard).toBeGreaterThan(5)
    expect(sim.setListed(market, 'BTCUSDT', false)).toBe(true)
    run(500)
    heard = 0
    const depth = (symbol: string): SnapshotReply => rest(market, `${PATH[market]}/depth?symbol=${symbol}&limit=5`)
    expect(() => depth('BTCUSDT')).toThrow('-1121')
    expect(depth('ETHUSDT').bids).toHaveLength(5)
    run(2_000)
    expect(heard).toBe(0)
    expect(sim.oracle.book('BTCUSDT', market)?.bids.length).toBeGreaterThan(0)
    sim.setListed(market, 'BTCUSDT', true)
    run(2_000)
    expect(heard).toBeGreaterThan(5)
    expect(depth('BTCUSDT').bids).toHaveLength(5)
    expect(sim.setListed(market, 'NOBODYUSDT', false)).toBe(false)
  })
})

describe.each(['spot', 'futures'] as const)('a symbol of %s whose update ids begin again', (market) => {
  it('sends smaller ids without a hole between them, and the same book from streams, REST and oracle', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 200, max: 3_000 }), (seed, atMs) => {
        const { market: sim, run, listen, rest } = marketBench({ seed, markets: [market] })
        const book = new TextBook(sim.oracle.book('BTCUSDT', market))
        const diffs: { U: number; u: number; pu?: number }[] = []
        let compared = 0
        listen(market, 'btcusdt@depth@100ms', ({ text, ids }) => {
          book.apply(JSON.parse(text) as DiffPayload)
          diffs.push(ids as (typeof diffs)[number])
          const truth = sim.oracle.bookAt('BTCUSDT', ids.u as number, market)
          expect(new Map(truth?.bids)).toEqual(book.bids)
          expect(new Map(truth?.asks)).toEqual(book.asks)
          compared++
        })
        run(atMs)
        const before = sim.oracle.book('BTCUSDT', market)
        expect(sim.restartUpdateIds(market, 'BTCUSDT')).toBe(true)
        const base = sim.oracle.book('BTCUSDT', market)?.updateId ?? -1
        run(3_000)
        const first = sim.oracle.bookAt('BTCUSDT', base, market)
        expect([first?.bids, first?.asks], 'new ids begin with the book as it was').toEqual([
          before?.bids,
          before?.asks,
        ])
        const after = rest<SnapshotReply>(market, `${PATH[market]}/depth?symbol=BTCUSDT&limit=5`)
        expect(after.lastUpdateId).toBeLessThan(before?.updateId ?? 0)
        // What was shown under an old id stays what it was.
        expect(sim.oracle.bookAt('BTCUSDT', before?.updateId ?? 0, market)).toEqual(before)
        const breaks = diffs.filter(({ U, pu }, index) => {
          const last = diffs[index - 1]
          return last !== undefined && (market === 'spot' ? U !== last.u + 1 : pu !== last.u)
        })
        expect(breaks).toHaveLength(1)
        expect(breaks[0]?.u).toBeLessThan(diffs[0]?.U ?? 0)
        expect(diffs.every(({ U, u }) => U <= u)).toBe(true)
        expect(compared).toBeGreaterThan(5)
      }),
      { numRuns: 25 },
    )
  })
})

describe.each(['spot', 'futures'] as const)('a symbol of %s whose trade ids begin again', (market) => {
  it('counts on from smaller ids without a hole, and streams, REST, candles and oracle agree', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 500, max: 20_000 }), (seed, atMs) => {
        const { market: sim, run, collect, rest } = marketBench({ seed, markets: [market] })
        const trades = collect(market, 'btcusdt@trade')
        const aggregates = collect(market, 'btcusdt@aggTrade')
        const candles = collect(market, 'btcusdt@kline_1m')
        const diffs = collect(market, 'btcusdt@depth@100ms')
        const history = (): string => sim.oracle.historyHash()
        run(atMs)
        const before = { count: trades.length, aggregates: aggregates.length, bookId: diffs.at(-1)?.ids.u ?? 0 }
        const hash = history()
        expect(sim.restartTradeIds(market, 'BTCUSDT')).toBe(true)
        expect(history(), 'nothing happened in the market').toBe(hash)
        run(40_000)
        const ids = trades.map(({ ids: { t } }) => t as number)
        const restart = ids.findIndex((id, index) => index > 0 && id < (ids[index - 1] as number))
        expect(restart).toBe(before.count === 0 ? -1 : before.count)
        const [old, young] = [ids.slice(0, before.count), ids.slice(before.count)]
        for (const part of [old, young]) expect(part).toEqual(part.map((_, index) => (part[0] as number) + index))
        expect(young.length).toBeGreaterThan(20)

        type Agg = { a: number; f: number; l: number; q: string; p: string; m: boolean }
        const list = aggregates.map(({ text }) => JSON.parse(text) as Agg)
        for (const { f, l } of list) expect(f).toBeLessThanOrEqual(l)
        const steps = list.filter(({ a }, index) => index > 0 && a !== (list[index - 1] as Agg).a + 1)
        expect(steps.length).toBeLessThanOrEqual(1)
        const fresh = list.filter(({ f }) => f <= (young.at(-1) as number))
        const rows = rest<Agg[]>(market, `${PATH[market]}/aggTrades?symbol=BTCUSDT&fromId=${fresh[0]?.a}&limit=1000`)
        const shape = ({ a, f, l, q, p, m }: Agg): Agg => ({ a, f, l, q, p, m })
        expect(rows.slice(0, fresh.length).map(shape)).toEqual(fresh.slice(0, rows.length).map(shape))
        if (old.length > 0) {
          const gone = rest<Agg[]>(market, `${PATH[market]}/aggTrades?symbol=BTCUSDT&fromId=${list[0]?.a}&limit=10`)
          expect(gone, 'a venue that lost its counter finds nothing under ids it has not reached').toEqual([])
          // What was sent under an old id stays what it was.
          const [first] = sim.oracle.trades('BTCUSDT', old[0] as number, old[0] as number, market)
          expect(first?.price).toBe((JSON.parse(trades[0]?.text ?? '{}') as { p: string }).p)
        }
        const recent = rest<{ id: number }[]>(market, `${PATH[market]}/trades?symbol=BTCUSDT&limit=10`)
        expect(recent.at(-1)?.id).toBeLessThan((young[0] as number) + 1_000_000)
        const bar = JSON.parse(candles.at(-1)?.text ?? '{}') as KlineFrame
        expect(bar.k.L).toBeLessThanOrEqual(young.at(-1) as number)
        expect(diffs.at(-1)?.ids.u, 'update ids are not touched').toBeGreaterThan(before.bookId)
      }),
      { numRuns: 15 },
    )
  })
})
