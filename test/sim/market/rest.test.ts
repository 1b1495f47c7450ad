/** Limits, weights, refusals and selections of REST; that the figures agree is in `consistency.test.ts`. */
import { describe, expect, it } from 'vitest'
import { TEST_SYMBOLS } from '../../../src/sim/market/index.js'
import type { RestReply } from '../../../src/sim/market-source.js'
import type { MarketKind } from '../../../src/types/venue.js'
import { marketBench } from './support.js'

const bench = marketBench({ seed: 21, symbols: TEST_SYMBOLS })
bench.run(65_000)

function call(pathAndQuery: string, market?: MarketKind): RestReply {
  const [path = '', query] = pathAndQuery.split('?')
  const kind = market ?? (path.startsWith('/fapi') ? 'futures' : 'spot')
  return bench.market.rest(kind, path, new URLSearchParams(query), 'ms')
}

describe('REST', () => {
  it.each([
    ['/api/v3/ping', 1],
    ['/api/v3/time', 1],
    ['/api/v3/exchangeInfo', 20],
    ['/api/v3/depth?symbol=BTCUSDT', 5],
    ['/api/v3/depth?symbol=BTCUSDT&limit=100', 5],
    ['/api/v3/depth?symbol=BTCUSDT&limit=101', 25],
    ['/api/v3/depth?symbol=BTCUSDT&limit=501', 50],
    ['/api/v3/depth?symbol=BTCUSDT&limit=1001', 250],
    ['/api/v3/depth?symbol=BTCUSDT&limit=99999', 250],
    ['/api/v3/klines?symbol=BTCUSDT&interval=1m', 2],
    ['/api/v3/uiKlines?symbol=BTCUSDT&interval=1m', 2],
    ['/api/v3/trades?symbol=BTCUSDT', 25],
    ['/api/v3/aggTrades?symbol=BTCUSDT', 4],
    ['/api/v3/ticker/24hr?symbol=BTCUSDT', 2],
    ['/api/v3/ticker/24hr', 80],
    ['/api/v3/ticker/price?symbol=BTCUSDT', 2],
    ['/api/v3/ticker/price', 4],
    ['/api/v3/ticker/bookTicker', 4],
    ['/api/v3/avgPrice?symbol=BTCUSDT', 2],
    ['/api/v1/depth?symbol=btcusdt', 5],
    ['/fapi/v1/exchangeInfo', 1],
    ['/fapi/v1/depth?symbol=btcusdt', 1],
    ['/fapi/v1/depth?symbol=BTCUSDT&limit=50', 2],
    ['/fapi/v1/depth?symbol=BTCUSDT&limit=100', 5],
    ['/fapi/v1/depth?symbol=BTCUSDT&limit=500', 10],
    ['/fapi/v1/depth?symbol=BTCUSDT&limit=1000', 20],
    ['/fapi/v1/klines?symbol=BTCUSDT&interval=1m', 5],
    ['/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=100', 1],
    ['/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=500', 2],
    ['/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=1500', 10],
    ['/fapi/v1/continuousKlines?pair=BTCUSDT&contractType=PERPETUAL&interval=1m&limit=10', 1],
    ['/fapi/v1/indexPriceKlines?pair=BTCUSDT&interval=5m&limit=10', 1],
    ['/fapi/v1/aggTrades?symbol=BTCUSDT', 20],
    ['/fapi/v1/ticker/24hr?symbol=BTCUSDT', 1],
    ['/fapi/v1/ticker/24hr', 40],
    ['/fapi/v1/ticker/bookTicker', 5],
    ['/fapi/v1/premiumIndex?symbol=BTCUSDT', 1],
    ['/fapi/v1/premiumIndex', 10],
    ['/fapi/v1/fundingRate', 0],
    ['/fapi/v1/fundingInfo', 0],
    ['/fapi/v1/openInterest?symbol=BTCUSDT', 1],
  ])('%s answers and weighs %i', (path, weight) => {
    const reply = call(path)
    expect([reply.status, reply.weight]).toEqual([200, weight])
    expect(JSON.stringify(JSON.parse(reply.body))).toBe(reply.body)
  })

  it.each([
    ['/api/v3/depth', 400, -1102, 5],
    ['/api/v3/depth?symbol=', 400, -1102, 5],
    ['/api/v3/depth?symbol=NOPEUSDT&limit=5000', 400, -1121, 250],
    ['/api/v3/depth?symbol=btcusdt', 400, -1121, 5],
    ['/api/v3/depth?symbol=BTCUSDT&limit=x', 400, -1100, 5],
    ['/api/v3/klines?symbol=BTCUSDT', 400, -1102, 2],
    ['/api/v3/klines?symbol=BTCUSDT&interval=7m', 400, -1120, 2],
    ['/api/v3/klines?symbol=BTCUSDT&interval=1M&timeZone=15', 400, -1130, 2],
    ['/api/v3/ticker/24hr?symbol=BTCUSDT&symbols=["ETHUSDT"]', 400, -1128, 2],
    ['/api/v3/ticker/24hr?symbols=BTCUSDT', 400, -1100, 80],
    ['/api/v3/ticker/24hr?symbol=BTCUSDT_261225', 400, -1121, 2],
    ['/api/v3/toString', 404, -5000, 1],
    ['/api/v3/premiumIndex', 404, -5000, 1],
    ['/fapi/v1/depth?symbol=BTCUSDT&limit=7', 400, -4021, 1],
    ['/fapi/v1/klines?symbol=BTCUSDT&interval=1s', 400, -1120, 5],
    ['/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=1501', 400, -1130, 5],
    ['/fapi/v1/aggTrades?symbol=BTCUSDT&startTime=1', 400, -4166, 20],
    ['/fapi/v1/openInterest?symbol=BTCUSD_PERP', 400, -1121, 1],
  ])('%s is refused with %i and %i, and costs %i', (path, status, code, weight) => {
    const reply = call(path)
    expect([reply.status, (JSON.parse(reply.body) as { code: number }).code, reply.weight]).toEqual([
      status,
      code,
      weight,
    ])
  })

  it('without legacy paths does not know /api/v1', () => {
    const { market } = marketBench({ legacyV1: false })
    expect(market.rest('spot', '/api/v1/depth', new URLSearchParams('symbol=BTCUSDT'), 'ms').status).toBe(404)
  })

  it('says microseconds where asked to', () => {
    const reply = bench.market.rest(
      'spot',
      '/api/v3/klines',
      new URLSearchParams('symbol=BTCUSDT&interval=1m&limit=1'),
      'us',
    )
    const [[open, , , , , , close]] = JSON.parse(reply.body) as [[number, ...unknown[]]]
    expect([open % 60_000_000, (close as number) - open]).toEqual([0, 59_999_999])
  })
})

describe('exchangeInfo', () => {
  interface Listed {
    readonly symbol: string
    readonly status: string
    readonly contractType?: string
    readonly deliveryDate?: number
    readonly onboardDate?: number
    readonly pricePrecision?: number
    readonly filters: readonly Record<string, string>[]
  }
  const spot = bench.rest<{ symbols: Listed[]; rateLimits: object[] }>('spot', '/api/v3/exchangeInfo')
  const futures = bench.rest<{ symbols: Listed[]; futuresType: string; assets: object[] }>(
    'futures',
    '/fapi/v1/exchangeInfo',
  )
  const statusOf = (list: readonly Listed[]): Record<string, string> =>
    Object.fromEntries(list.map(({ symbol, status }) => [symbol, status]))

  it('has every key a client may build its table from', () => {
    const wanted = {
      spot: 'symbol,status,baseAsset,baseAssetPrecision,quoteAsset,quotePrecision,quoteAssetPrecision,baseCommissionPrecision,quoteCommissionPrecision,orderTypes,icebergAllowed,ocoAllowed,otoAllowed,opoAllowed,quoteOrderQtyMarketAllowed,allowTrailingStop,cancelReplaceAllowed,amendAllowed,pegInstructionsAllowed,isSpotTradingAllowed,isMarginTradingAllowed,filters,permissions,permissionSets,defaultSelfTradePreventionMode,allowedSelfTradePreventionModes',
      futures:
        'symbol,pair,contractType,deliveryDate,onboardDate,status,maintMarginPercent,requiredMarginPercent,baseAsset,quoteAsset,marginAsset,pricePrecision,quantityPrecision,baseAssetPrecision,quotePrecision,underlyingType,underlyingSubType,triggerProtect,liquidationFee,marketTakeBound,filters,orderTypes,timeInForce',
    }
    for (const listed of spot.symbols)
      expect(Object.keys(listed)).toEqual(expect.arrayContaining(wanted.spot.split(',')))
    for (const listed of futures.symbols) {
      expect(Object.keys(listed)).toEqual(expect.arrayContaining(wanted.futures.split(',')))
    }
    expect([futures.futuresType, futures.assets.length > 2]).toEqual(['U_MARGINED', true])
  })

  it('lists symbols in every state, and no COIN-M contract', () => {
    expect(statusOf(spot.symbols)).toMatchObject({
      BTCUSDT: 'TRADING',
      测试USDT: 'TRADING',
      HALTEDUSDT: 'HALT',
      BREAKUSDT: 'BREAK',
    })
    expect(statusOf(futures.symbols)).toMatchObject({
      BTCUSDT_261225: 'TRADING',
      SETTLEUSDT: 'SETTLING',
      PENDINGUSDT: 'PENDING_TRADING',
    })
    expect(statusOf(futures.symbols)).not.toHaveProperty('BTCUSD_PERP')
  })

  it('states increments on which all prices and quantities lie, and precisions that are no increments', () => {
    for (const [market, list] of [
      ['spot', spot.symbols],
      ['futures', futures.symbols],
    ] as const) {
      for (const { symbol, filters, pricePrecision } of list) {
        const filter = (type: string): Record<string, string> =>
          filters.find(({ filterType }) => filterType === type) ?? {}
        const units = (text: string | undefined): bigint => BigInt(Math.round(Number(text) * 1e8))
        const tick = units(filter('PRICE_FILTER')['tickSize'])
        const step = units(filter('LOT_SIZE')['stepSize'])
        const book = bench.market.oracle.book(symbol, market)
        for (const [price, qty] of [...(book?.bids ?? []), ...(book?.asks ?? [])]) {
          expect([units(price) % tick, units(qty) % step], symbol).toEqual([0n, 0n])
        }
        if (pricePrecision !== undefined) expect(tick).not.toBe(BigInt(10 ** (8 - pricePrecision)))
      }
    }
  })

  it('can be asked for some symbols only', () => {
    const names = (query: string): string[] =>
      bench.rest<{ symbols: Listed[] }>('spot', `/api/v3/exchangeInfo?${query}`).symbols.map(({ symbol }) => symbol)
    expect(names('symbol=BTCUSDT')).toEqual(['BTCUSDT'])
    expect(names(`symbols=${encodeURIComponent('["ETHUSDT","测试USDT"]')}`)).toEqual(['ETHUSDT', '测试USDT'])
    expect(names('symbolStatus=HALT')).toEqual(['HALTEDUSDT'])
    expect(names('permissions=LEVERAGED')).toEqual([])
    expect(JSON.parse(call('/api/v3/exchangeInfo?symbol=BTCUSDT&showPermissionSets=false').body)).toMatchObject({
      symbols: [{ permissionSets: [] }],
    })
  })
})

describe('klines', () => {
  type Row = [open: number, ...rest: unknown[]]
  const nowMs = 1_795_000_065_000
  const opens = (path: string): number[] =>
    bench.rest<Row[]>(path.startsWith('/fapi') ? 'futures' : 'spot', path).map(([open]) => open)

  it('reach back to the beginning of history, page by page, and end with the open candle', () => {
    const all: number[] = []
    const first = opens('/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=0&limit=1000')
    for (
      let page = first;
      page.length > 0;
      page = opens(`/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1000&startTime=${(all.at(-1) ?? 0) + 1}`)
    ) {
      all.push(...page)
    }
    expect(all.length).toBe(1500 + 2)
    expect(all).toEqual(all.map((_, index) => (all[0] ?? 0) + index * 60_000))
    expect(all.at(-1)).toBe(Math.floor(nowMs / 60_000) * 60_000)
    expect(
      bench.rest<{ symbols: { onboardDate: number }[] }>('futures', '/fapi/v1/exchangeInfo').symbols[0]?.onboardDate,
    ).toBe(all[0])
  })

  it('take both times as open times, ends included', () => {
    const base = 1_794_990_000_000
    const path = '/fapi/v1/klines?symbol=BTCUSDT&interval=1m'
    expect(opens(`${path}&startTime=${base}&endTime=${base + 120_000}`)).toEqual([base, base + 60_000, base + 120_000])
    expect(opens(`${path}&startTime=${base + 1}&endTime=${base + 119_999}`)).toEqual([base + 60_000])
    expect(opens(`${path}&endTime=${base}&limit=2`)).toEqual([base - 60_000, base])
    expect(opens(`${path}&startTime=${nowMs + 60_000}`)).toEqual([])
  })

  it.each([
    ['1s', 1000],
    ['3m', 180_000],
    ['8h', 28_800_000],
    ['1d', 86_400_000],
  ])('of %s begin on multiples of the interval', (interval, lengthMs) => {
    const rows = opens(`/api/v3/klines?symbol=ETHUSDT&interval=${interval}&limit=20`)
    expect(rows.length).toBeGreaterThan(1)
    for (const open of rows) expect(open % lengthMs).toBe(0)
  })

  it('of weeks begin on Monday, of months on the first, and move with the time zone', () => {
    const [week] = opens('/api/v3/klines?symbol=ETHUSDT&interval=1w')
    const [month] = opens('/api/v3/klines?symbol=ETHUSDT&interval=1M')
    const [day] = opens(`/api/v3/klines?symbol=ETHUSDT&interval=1d&timeZone=${encodeURIComponent('+08:00')}`)
    expect(new Date(week ?? 0).getUTCDay()).toBe(1)
    expect(new Date(month ?? 0).getUTCDate()).toBe(1)
    expect(new Date(day ?? 0).getUTCHours()).toBe(16)
  })

  it('of seconds agree with those of their minute', () => {
    // The minute in which the market began: half warm-up, half live.
    const open = 1_794_999_960_000
    const seconds = bench.rest<(string | number)[][]>(
      'spot',
      `/api/v3/klines?symbol=BTCUSDT&interval=1s&startTime=${open}&limit=60`,
    )
    const [minute] = bench.rest<(string | number)[][]>(
      'spot',
      `/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=${open}&limit=1`,
    )
    const sum = (index: number): number =>
      Math.round(seconds.reduce((total, row) => total + Number(row[index]) * 1e8, 0))
    expect([sum(5), sum(8)]).toEqual([Math.round(Number(minute?.[5]) * 1e8), Number(minute?.[8]) * 1e8])
    expect(seconds.length).toBe(60)
  })
})

describe('executions before the start', () => {
  it('can be asked for by id and time, and lead up to the first live one', () => {
    const [latest] = bench.rest<{ id: number }[]>('spot', '/api/v3/trades?symbol=BTCUSDT&limit=1')
    const from = (latest?.id ?? 0) - 3000
    const rows = [0, 1000, 2000, 3000].flatMap((offset) =>
      bench.rest<{ id: number; time: number }[]>(
        'spot',
        `/api/v3/historicalTrades?symbol=BTCUSDT&fromId=${from + offset}&limit=1000`,
      ),
    )
    expect(rows.length).toBe(3001)
    rows.forEach(({ id, time }, index) => {
      expect(id).toBe(from + index)
      expect(time).toBeGreaterThanOrEqual(rows[index - 1]?.time ?? 0)
    })
    const start = 1_794_999_000_000
    const aggregates = bench.rest<{ a: number; T: number }[]>(
      'spot',
      `/api/v3/aggTrades?symbol=BTCUSDT&startTime=${start}&endTime=${start + 60_000}&limit=1000`,
    )
    expect(aggregates.length).toBeGreaterThan(20)
    for (const { T } of aggregates) expect(T >= start && T <= start + 60_000).toBe(true)
    const again = bench.rest<{ a: number }[]>(
      'spot',
      `/api/v3/aggTrades?symbol=BTCUSDT&fromId=${aggregates[0]?.a}&limit=5`,
    )
    expect(again).toEqual(aggregates.slice(0, 5))
  })
})
