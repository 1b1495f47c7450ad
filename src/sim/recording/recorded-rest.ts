/**
 * REST over a recording: what was recorded is answered as it was, what was not is computed from what has been
 * played so far. Computed answers say so (`origin: 'derived'`, header `x-sim-origin`).
 */
import type { MarketKind } from '../../types/venue.js'
import type { RestReply } from '../market-source.js'
import type { Recording, RestRecord } from './container.js'
import { inferInstruments, synthesizeExchangeInfo } from './recorded-instruments.js'
import type { RecordedMarket } from './recorded-market.js'

interface DepthBody {
  readonly lastUpdateId: number
  readonly E?: number
  readonly bids: readonly unknown[]
  readonly asks: readonly unknown[]
}

const INTERVALS = new Set('1s 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M'.split(' '))

export class RecordedRest {
  readonly #recording: Recording
  readonly #market: MarketKind
  readonly #state: RecordedMarket
  readonly #nowMs: () => number
  readonly #snapshots = new Map<string, RestRecord>()
  #exchangeInfo: string | null = null

  constructor(recording: Recording, market: MarketKind, state: RecordedMarket, nowMs: () => number) {
    this.#recording = recording
    this.#market = market
    this.#state = state
    this.#nowMs = nowMs
    for (const record of recording.rest) {
      const symbol = record.params.get('symbol')
      if (symbol !== undefined && record.path.endsWith('/depth') && !this.#snapshots.has(symbol)) {
        this.#snapshots.set(symbol, record)
      }
    }
  }

  get(path: string, params: URLSearchParams): RestReply {
    const call = path.replace(/^\/(api|fapi)\/v\d\//, '')
    switch (call) {
      case 'ping':
        return ok('{}', 1)
      case 'time':
        return ok(`{"serverTime":${Math.floor(this.#nowMs())}}`, 1)
      case 'exchangeInfo':
        return this.#exchangeInfoReply(params)
      case 'depth':
        return this.#depth(params)
      case 'klines':
      case 'uiKlines':
        return this.#klines(params)
      case 'trades':
      case 'historicalTrades':
        return this.#trades(params)
      case 'aggTrades':
        return this.#aggTrades(params)
      case 'ticker/bookTicker':
        return this.#bookTicker(params)
      case 'ticker/price':
        return this.#price(params)
      default:
        return { status: 501, body: '{"code":-1000,"msg":"not in this recording"}', weight: 1 }
    }
  }

  /** Depth at the line being played: the recorded answer until diffs have gone past it, then a computed one. */
  #depth(params: URLSearchParams): RestReply {
    const limitText = params.get('limit')
    const limit = limitText === null ? 500 : Number(limitText)
    const weight = this.#depthWeight(limitText, limit)
    const symbol = params.get('symbol')
    if (symbol === null) return missing('symbol', weight)
    if (this.#market === 'futures' && limitText !== null && ![5, 10, 20, 50, 100, 500, 1000].includes(limit)) {
      return error(-4021, `${limitText} is not valid depth limit`, weight)
    }
    const recorded = this.#snapshots.get(symbol)
    if (recorded === undefined) return error(-1121, 'Invalid symbol.', weight)
    const body = JSON.parse(recorded.body) as DepthBody
    const live = this.#state.liveBook(symbol)
    if (live === null || live.lastUpdateId <= body.lastUpdateId) {
      if (body.bids.length <= limit && body.asks.length <= limit) return ok(recorded.body, weight, 'recorded')
      const cut = { ...body, bids: body.bids.slice(0, limit), asks: body.asks.slice(0, limit) }
      return ok(JSON.stringify(cut), weight, 'recorded')
    }
    const { eventTimeMs, transactionTimeMs } = live.times
    const times = body.E === undefined ? '' : `"E":${eventTimeMs},"T":${transactionTimeMs || eventTimeMs},`
    const bids = JSON.stringify(live.bids(limit))
    const asks = JSON.stringify(live.asks(limit))
    return ok(`{"lastUpdateId":${live.lastUpdateId},${times}"bids":${bids},"asks":${asks}}`, weight, 'derived')
  }

  #klines(params: URLSearchParams): RestReply {
    const limitMax = this.#market === 'spot' ? 1000 : 1500
    const limit = Number(params.get('limit') ?? 500)
    const weight = this.#market === 'spot' ? 2 : limit <= 100 ? 1 : limit <= 500 ? 2 : limit <= 1000 ? 5 : 10
    const symbol = params.get('symbol')
    const interval = params.get('interval')
    if (symbol === null) return missing('symbol', weight)
    if (interval === null) return missing('interval', weight)
    if (!INTERVALS.has(interval)) return error(-1120, 'Invalid interval.', weight)
    if (!this.#knows(symbol)) return error(-1121, 'Invalid symbol.', weight)
    if (this.#market === 'futures' && limit > limitMax)
      return error(-1130, "Data sent for parameter 'limit' is not valid.", weight)
    const from = Number(params.get('startTime') ?? Number.NEGATIVE_INFINITY)
    const to = Number(params.get('endTime') ?? Number.POSITIVE_INFINITY)
    const { rows, isRecorded } = this.#state.rows(symbol, interval)
    const inside = rows.filter(({ candle }) => candle.openTime >= from && candle.openTime <= to)
    const count = Math.min(limit, limitMax)
    const chosen = params.has('startTime') ? inside.slice(0, count) : inside.slice(-count)
    const body = chosen.map(({ candle }) => [
      candle.openTime,
      candle.open,
      candle.high,
      candle.low,
      candle.close,
      candle.volume,
      candle.closeTime,
      candle.quoteVolume,
      candle.tradeCount,
      candle.takerBuyVolume,
      candle.takerBuyQuoteVolume,
      '0',
    ])
    return ok(JSON.stringify(body), weight, isRecorded ? 'recorded' : 'derived')
  }

  #trades(params: URLSearchParams): RestReply {
    const weight = this.#market === 'spot' ? 25 : 5
    const symbol = params.get('symbol')
    if (symbol === null) return missing('symbol', weight)
    if (!this.#knows(symbol)) return error(-1121, 'Invalid symbol.', weight)
    const trades = this.#state.recordedTrades(symbol)
    const fromId = params.get('fromId')
    const limit = Math.min(1000, Number(params.get('limit') ?? 500))
    const chosen =
      fromId === null ? trades.slice(-limit) : trades.filter((trade) => trade.id >= Number(fromId)).slice(0, limit)
    const body = chosen.map(({ id, price, qty, timeMs, isBuyerMaker }) => ({
      id,
      price,
      qty,
      quoteQty: String(Number(price) * Number(qty)),
      time: timeMs,
      isBuyerMaker,
      ...(this.#market === 'spot' ? { isBestMatch: true } : {}),
    }))
    return ok(JSON.stringify(body), weight, 'derived')
  }

  #aggTrades(params: URLSearchParams): RestReply {
    const weight = this.#market === 'spot' ? 4 : 20
    const symbol = params.get('symbol')
    if (symbol === null) return missing('symbol', weight)
    if (!this.#knows(symbol)) return error(-1121, 'Invalid symbol.', weight)
    const fromId = Number(params.get('fromId') ?? Number.NEGATIVE_INFINITY)
    const from = Number(params.get('startTime') ?? Number.NEGATIVE_INFINITY)
    const to = Number(params.get('endTime') ?? Number.POSITIVE_INFINITY)
    const limit = Math.min(1000, Number(params.get('limit') ?? 500))
    const inside = this.#state
      .recordedAggTrades(symbol)
      .filter((trade) => trade.id >= fromId && trade.timeMs >= from && trade.timeMs <= to)
    const chosen = params.has('fromId') || params.has('startTime') ? inside.slice(0, limit) : inside.slice(-limit)
    const body = chosen.map((trade) => ({
      a: trade.id,
      p: trade.price,
      q: trade.qty,
      f: trade.firstId,
      l: trade.lastId,
      T: trade.timeMs,
      m: trade.isBuyerMaker,
      ...(this.#market === 'spot' ? { M: true } : {}),
    }))
    return ok(JSON.stringify(body), weight, 'derived')
  }

  #bookTicker(params: URLSearchParams): RestReply {
    const symbol = params.get('symbol')
    if (symbol === null) return missing('symbol', 4)
    const text = this.#state.bookTicker(symbol)
    if (text === null) return error(-1121, 'Invalid symbol.', 2)
    const { b, B, a, A } = JSON.parse(text) as Record<'b' | 'B' | 'a' | 'A', string>
    return ok(JSON.stringify({ symbol, bidPrice: b, bidQty: B, askPrice: a, askQty: A }), 2, 'derived')
  }

  #price(params: URLSearchParams): RestReply {
    const symbol = params.get('symbol')
    if (symbol === null) return missing('symbol', 4)
    const last = this.#state.recordedTrades(symbol).at(-1) ?? this.#state.recordedAggTrades(symbol).at(-1)
    if (last === undefined) return error(-1121, 'Invalid symbol.', 2)
    return ok(JSON.stringify({ symbol, price: last.price }), 2, 'derived')
  }

  #exchangeInfoReply(params: URLSearchParams): RestReply {
    const weight = this.#market === 'spot' ? 20 : 1
    const recorded = this.#recording.rest.find((record) => record.path.endsWith('/exchangeInfo'))
    const origin = recorded === undefined ? 'derived' : 'recorded'
    this.#exchangeInfo ??=
      recorded?.body ??
      synthesizeExchangeInfo(this.#market, inferInstruments(this.#recording), Math.floor(this.#nowMs()))
    const wanted = wantedSymbols(params)
    if (wanted === null || this.#market === 'futures') return ok(this.#exchangeInfo, weight, origin)
    const info = JSON.parse(this.#exchangeInfo) as { symbols: { symbol: string }[] }
    const symbols = info.symbols.filter(({ symbol }) => wanted.includes(symbol))
    if (symbols.length < wanted.length) return error(-1121, 'Invalid symbol.', weight)
    return ok(JSON.stringify({ ...info, symbols }), weight, origin)
  }

  #knows(symbol: string): boolean {
    return this.#state.symbols(this.#market).includes(symbol)
  }

  #depthWeight(limitText: string | null, limit: number): number {
    if (this.#market === 'spot') return limit <= 100 ? 5 : limit <= 500 ? 25 : limit <= 1000 ? 50 : 250
    if (limitText === null) return 1
    return limit <= 50 ? 2 : limit <= 100 ? 5 : limit <= 500 ? 10 : 20
  }
}

function wantedSymbols(params: URLSearchParams): string[] | null {
  const one = params.get('symbol')
  if (one !== null) return [one]
  const many = params.get('symbols')
  return many === null ? null : (JSON.parse(many) as string[])
}

function ok(body: string, weight: number, origin: 'recorded' | 'derived' = 'derived'): RestReply {
  return { status: 200, body, weight, origin }
}

function error(code: number, msg: string, weight: number): RestReply {
  return { status: 400, body: JSON.stringify({ code, msg }), weight }
}

function missing(name: string, weight: number): RestReply {
  return error(-1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`, weight)
}
