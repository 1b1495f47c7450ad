/**
 * Every payload has the keys, types and decimals of the venue's: compared with the examples of the fact sheet
 * (2026-11-20) and, as sets of keys, with captures and REST samples.
 */
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { TEST_SYMBOLS } from '../../../src/sim/market/index.js'
import type { SimPayload } from '../../../src/sim/market-source.js'
import type { MarketKind } from '../../../src/types/venue.js'
import { readCapture } from '../../support/captures.js'
import { describeWithData } from '../../support/shared-data.js'
import { type MarketBench, marketBench } from './support.js'

/** Keys in the order of the wire. */
const SHAPES: Readonly<Record<MarketKind, Readonly<Record<string, string>>>> = {
  spot: {
    'btcusdt@depth@100ms': 'e,E,s,U,u,b,a',
    'btcusdt@depth': 'e,E,s,U,u,b,a',
    'btcusdt@depth5@100ms': 'lastUpdateId,bids,asks',
    'btcusdt@depth20': 'lastUpdateId,bids,asks',
    'btcusdt@bookTicker': 'u,s,b,B,a,A',
    'btcusdt@trade': 'e,E,s,t,p,q,T,m,M',
    'btcusdt@aggTrade': 'e,E,s,a,p,q,f,l,T,m,M',
    'btcusdt@kline_1m': 'e,E,s,k',
    'btcusdt@kline_1s': 'e,E,s,k',
    'btcusdt@kline_1d@+08:00': 'e,E,s,k',
    'btcusdt@ticker': 'e,E,s,p,P,w,x,c,Q,b,B,a,A,o,h,l,v,q,O,C,F,L,n',
    'btcusdt@miniTicker': 'e,E,s,c,o,h,l,v,q',
    'btcusdt@ticker_1h': 'e,E,s,p,P,o,h,l,c,w,v,q,O,C,F,L,n',
    'btcusdt@avgPrice': 'e,E,s,i,w,T',
    'btcusdt@referencePrice': 'e,s,r,t',
    '!miniTicker@arr': '[e,E,s,c,o,h,l,v,q]',
    '!ticker_1d@arr': '[e,E,s,p,P,o,h,l,c,w,v,q,O,C,F,L,n]',
  },
  futures: {
    'btcusdt@depth@0ms': 'e,E,T,s,U,u,pu,b,a,ps,st',
    'btcusdt@depth@500ms': 'e,E,T,s,U,u,pu,b,a,ps,st',
    'btcusdt@rpiDepth@500ms': 'e,E,T,s,U,u,pu,b,a,ps,st',
    'btcusdt@depth10@100ms': 'e,E,T,s,ps,U,u,pu,b,a,st',
    'btcusdt@depth20': 'e,E,T,s,ps,U,u,pu,b,a,st',
    'btcusdt@bookTicker': 'e,u,s,ps,b,B,a,A,T,E,st',
    '!bookTicker': 'e,u,s,ps,b,B,a,A,T,E,st',
    'btcusdt@trade': 'e,E,T,s,t,p,q,X,m,st',
    'btcusdt@aggTrade': 'e,E,a,s,p,q,nq,f,l,T,m,st',
    'btcusdt@kline_1m': 'e,E,s,k',
    'btcusdt_perpetual@continuousKline_1m': 'e,E,ps,ct,k',
    'btcusdt@ticker': 'e,E,s,ps,p,P,w,c,Q,o,h,l,v,q,O,C,F,L,n,st',
    'btcusdt@miniTicker': 'e,E,s,ps,c,o,h,l,v,q,st',
    '!ticker@arr': '[e,E,s,ps,p,P,w,c,Q,o,h,l,v,q,O,C,F,L,n,st]',
    '!miniTicker@arr': '[e,E,s,ps,c,o,h,l,v,q,st]',
    'btcusdt@markPrice': 'e,E,s,p,ap,P,i,r,T,st',
    'btcusdt@markPrice@1s': 'e,E,s,p,ap,P,i,r,T,st',
    '!markPrice@arr@1s': '[e,E,s,p,ap,P,i,r,T,st]',
    '!forceOrder@arr': 'e,E,o,ps,st',
    '!contractInfo': 'e,E,s,ct,dt,ot,cs,bks,st',
    '!assetIndex@arr': '[e,E,s,i,b,a,B,A,q,g,Q,G]',
    'btcusd@assetIndex': 'e,E,s,i,b,a,B,A,q,g,Q,G',
    'btcusdt_261225@bookTicker': 'e,u,s,ps,b,B,a,A,T,E,st',
  },
}
const KLINE_KEYS = 't,T,s,i,f,L,o,c,h,l,v,n,x,q,V,Q,B'
const FORCED_KEYS = 's,S,o,f,q,p,ap,X,l,z,T'

function shapeOf(value: unknown): string {
  return Array.isArray(value) ? `[${shapeOf(value[0])}]` : Object.keys(value as object).join(',')
}

/** Which text fields are decimals and with how many digits, per payload. */
function decimalsOf(payload: Record<string, unknown>, keys: string): Set<number> {
  const digits = new Set<number>()
  for (const key of keys.split(',')) {
    const text = payload[key]
    expect(text, key).toMatch(/^-?\d+(\.\d+)?$/)
    digits.add(String(text).split('.')[1]?.length ?? 0)
  }
  return digits
}

let bench: MarketBench
const seen: Record<MarketKind, Map<string, SimPayload[]>> = { spot: new Map(), futures: new Map() }

beforeAll(() => {
  bench = marketBench({ seed: 11, symbols: TEST_SYMBOLS, flow: { jumpsPerHour: 400, jumpSize: 0.01 } })
  for (const market of ['spot', 'futures'] as const) {
    for (const name of Object.keys(SHAPES[market])) seen[market].set(name, bench.collect(market, name))
  }
  bench.run(150_000)
})

function parsed(market: MarketKind, name: string): Record<string, unknown>[] {
  return (seen[market].get(name) ?? []).map(({ text }) => JSON.parse(text) as Record<string, unknown>)
}

describe.each(['spot', 'futures'] as const)('payloads on %s', (market) => {
  it.each(Object.entries(SHAPES[market]))('%s has the keys %s', (name, shape) => {
    const payloads = parsed(market, name)
    expect(payloads.length, 'payloads').toBeGreaterThan(0)
    expect(new Set(payloads.map(shapeOf))).toEqual(new Set([shape]))
    // Written the way JSON.parse reads it: no blanks, nothing that another parser would see differently.
    for (const { text } of seen[market].get(name) ?? []) expect(JSON.stringify(JSON.parse(text))).toBe(text)
  })

  it('print prices and quantities with the decimals of the venue', () => {
    const [price, qty] = market === 'spot' ? [8, 8] : [2, 3]
    for (const payload of parsed(market, 'btcusdt@trade')) {
      expect(decimalsOf(payload, 'p')).toEqual(new Set([price]))
      expect(decimalsOf(payload, 'q')).toEqual(new Set([qty]))
    }
    for (const payload of parsed(market, 'btcusdt@ticker')) {
      expect(decimalsOf(payload, 'p,w,c,o,h,l')).toEqual(new Set([price]))
      expect(decimalsOf(payload, 'P')).toEqual(new Set([3]))
      expect(decimalsOf(payload, 'v,Q')).toEqual(new Set([qty]))
    }
  })

  it('have whole candles', () => {
    for (const payload of parsed(market, 'btcusdt@kline_1m')) {
      const k = payload['k'] as Record<string, unknown>
      expect(shapeOf(k)).toBe(KLINE_KEYS)
      decimalsOf(k, 'o,c,h,l,v,q,V,Q,B')
      expect([typeof k['x'], k['i'], k['s']]).toEqual(['boolean', '1m', 'BTCUSDT'])
      expect(Number(k['T']) - Number(k['t'])).toBe(59_999)
    }
  })

  it('carry the ids and times that the text says', () => {
    for (const [name, payloads] of seen[market]) {
      for (const { text, ids } of payloads) {
        const payload = JSON.parse(text) as Record<string, number> & { k?: { t: number; x: boolean } }
        if (Array.isArray(payload)) continue
        for (const key of ['U', 'u', 'pu', 't', 'a'] as const) {
          if (ids[key] === undefined) continue
          expect(ids[key], `${name} ${key}`).toBe(
            key === 'u' ? (payload['u'] ?? payload['lastUpdateId']) : payload[key],
          )
        }
        if (ids.openTime !== undefined) expect([ids.openTime, ids.closed]).toEqual([payload.k?.t, payload.k?.x])
        if (payload['E'] !== undefined) expect(ids.E).toBe(payload['E'])
      }
    }
  })
})

describe('payloads that only futures have', () => {
  it('show COIN-M contracts in arrays, with class 2, and in two frames a second', () => {
    const frames = seen.futures.get('!markPrice@arr@1s') ?? []
    const rows = frames.map(({ text }) => JSON.parse(text) as { s: string; st: number; r: string; T: number }[])
    expect(frames.length).toBe(300)
    expect(rows.flat().some(({ s, st }) => s === 'BTCUSD_PERP' && st === 2)).toBe(true)
    expect(
      rows
        .flat()
        .filter(({ s }) => s === 'BTCUSDT')
        .every(({ st }) => st === 1),
    ).toBe(true)
    const delivery = rows.flat().find(({ s }) => s === 'BTCUSDT_261225')
    expect([delivery?.r, delivery?.T]).toEqual(['', 0])
  })

  it('report forced orders with what was filled', () => {
    for (const payload of parsed('futures', '!forceOrder@arr')) {
      const order = payload['o'] as Record<string, unknown>
      expect(shapeOf(order)).toBe(FORCED_KEYS)
      expect(['BUY', 'SELL']).toContain(order['S'])
      expect(Number(order['z'])).toBeLessThanOrEqual(Number(order['q']))
      expect(Number(order['ap'])).toBeGreaterThan(0)
    }
  })

  it('settle funding on the grid of the contract', () => {
    const due = (symbol: string): number => bench.market.oracle.funding(symbol)?.nextFundingTimeMs ?? 0
    expect(due('BTCUSDT') % (8 * 3_600_000)).toBe(0)
    expect(due('QUIETUSDT') % (4 * 3_600_000)).toBe(0)
    const { run, market, rest } = marketBench({ seed: 2, markets: ['futures'], startWallMs: 1_795_017_590_000 })
    const before = market.oracle.funding('BTCUSDT')?.settled.length ?? 0
    run(20_000)
    const after = market.oracle.funding('BTCUSDT')
    expect(after?.settled.length).toBe(before + 1)
    expect(after?.nextFundingTimeMs).toBe(1_795_017_600_000 + 8 * 3_600_000)
    const [row] = rest<{ fundingTime: number; fundingRate: string }[]>(
      'futures',
      '/fapi/v1/fundingRate?symbol=BTCUSDT&limit=1',
    )
    expect(row?.fundingTime).toBe(after?.settled.at(-1)?.fundingTimeMs)
    expect(row?.fundingRate).toMatch(/^-?0\.\d{8}$/)
  })
})

const CAPTURED: readonly (readonly [file: string, market: MarketKind, types: Readonly<Record<string, string>>])[] = [
  [
    'captures/binance-spot-btcusdt-20240808.jsonl.gz',
    'spot',
    { 'depth@100ms': 'btcusdt@depth@100ms', bookTicker: 'btcusdt@bookTicker', trade: 'btcusdt@trade' },
  ],
  [
    'captures/binanceus-spot-4sym-20211012.jsonl.gz',
    'spot',
    { aggTrade: 'btcusdt@aggTrade', kline_1m: 'btcusdt@kline_1m' },
  ],
  [
    'captures/binance-usdm-btcusdt-20240808.jsonl.gz',
    'futures',
    { 'depth@0ms': 'btcusdt@depth@0ms', bookTicker: 'btcusdt@bookTicker', trade: 'btcusdt@trade' },
  ],
  [
    'captures/binance-usdm-4sym-20210722.jsonl.gz',
    'futures',
    { aggTrade: 'btcusdt@aggTrade', kline_1m: 'btcusdt@kline_1m' },
  ],
]
/** What futures payloads gained since the captures were made. */
const ADDED = ['ps', 'st', 'nq']

describeWithData(
  'payloads beside captures',
  CAPTURED.map(([file]) => file),
  (...files) => {
    it.each(CAPTURED.map(([, market, types], index) => [files[index] ?? '', market, types] as const))(
      'have the keys and types of %s',
      (file, market, types) => {
        const wanted = new Map(Object.entries(types))
        for (const record of readCapture(file)) {
          const type = record.stream?.slice(record.stream.indexOf('@') + 1) ?? ''
          const ours = wanted.get(type)
          if (record.kind !== 'ws' || ours === undefined) continue
          wanted.delete(type)
          const frame = JSON.parse(record.raw ?? '') as { data?: object }
          const theirs = typesOf(frame.data ?? frame)
          for (const payload of parsed(market, ours)) {
            const own = typesOf(payload)
            for (const key of ADDED) if (!theirs.has(key)) own.delete(key)
            expect(own).toEqual(theirs)
          }
          if (wanted.size === 0) break
        }
        expect([...wanted.keys()]).toEqual([])
      },
    )
  },
)

/** Type of each key, inner objects included. */
function typesOf(value: object, prefix = ''): Map<string, string> {
  const types = new Map<string, string>()
  for (const [key, inner] of Object.entries(value)) {
    const type = Array.isArray(inner) ? 'array' : typeof inner
    types.set(prefix + key, type)
    if (type === 'object') for (const [name, kind] of typesOf(inner as object, `${key}.`)) types.set(name, kind)
  }
  return types
}

interface Sample {
  readonly path: string
  readonly query: string
  readonly body: unknown
}

/** Samples of 2019 to 2024 that say the same as the venue does today, and our call that must match them. */
const SAMPLED: readonly (readonly [path: string, query: string, ours: string, added: readonly string[]])[] = [
  ['/api/v3/depth', 'limit=1000', 'symbol=BTCUSDT&limit=1000', []],
  ['/api/v3/klines', 'interval=5m', 'symbol=BTCUSDT&interval=5m', []],
  ['/api/v3/ticker/24hr', 'symbol=ETHBTC', 'symbol=BTCUSDT', []],
  ['/api/v3/ticker/24hr', 'symbols=', 'symbols=["BTCUSDT","ETHUSDT"]', []],
  ['/api/v3/ticker/bookTicker', 'symbol=', 'symbol=BTCUSDT', []],
  ['/fapi/v1/depth', 'limit=100&', 'symbol=BTCUSDT&limit=100', []],
  ['/fapi/v1/fundingInfo', '', '', []],
  ['/fapi/v1/fundingRate', 'limit=1&symbol=BTCUSDT', 'symbol=BTCUSDT&limit=1', ['markPrice']],
  ['/fapi/v1/klines', 'interval=1d&limit=5', 'symbol=BTCUSDT&interval=1d&limit=5', []],
  ['/fapi/v1/openInterest', '', 'symbol=BTCUSDT', []],
  ['/fapi/v1/premiumIndex', 'symbol=', 'symbol=BTCUSDT', []],
  ['/fapi/v1/ticker/24hr', 'symbol=BTCUSDT', 'symbol=BTCUSDT', []],
  ['/fapi/v1/ticker/bookTicker', 'symbol=', 'symbol=BTCUSDT', ['lastUpdateId']],
  ['/fapi/v1/time', '', '', []],
]

describeWithData('replies beside REST samples', ['rest/binance-rest-samples.json'], (file) => {
  const { responses } = JSON.parse(readFileSync(file ?? '', 'utf8')) as { responses: Sample[] }

  it.each(SAMPLED)('%s (%s) has the same keys and types', (path, query, ours, added) => {
    const sample = responses.find(
      (one) =>
        one.path === path &&
        one.query.includes(query) &&
        one.body !== null &&
        !JSON.stringify(one.body).includes('"code"'),
    )
    expect(sample, 'sample').toBeDefined()
    const market = path.startsWith('/api') ? 'spot' : 'futures'
    const reply = bench.rest<unknown>(market, `${path}?${ours}`)
    const first = (body: unknown): object => (Array.isArray(body) && !Array.isArray(body[0]) ? body[0] : body) as object
    const own = typesOf(first(reply))
    const theirs = typesOf(first(sample?.body))
    for (const key of added) own.delete(key)
    if (Array.isArray(first(reply))) {
      const row = (body: unknown): string[] => ((body as unknown[][])[0] ?? []).map((value) => typeof value)
      expect(row(reply)).toEqual(row(sample?.body))
    } else expect(own).toEqual(theirs)
  })
})
