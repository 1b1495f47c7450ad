/**
 * What was true at the line being played: books, trades, candles and best prices of a recording. Texts are
 * kept as they are and read only when somebody asks, so that playing at full speed costs no parsing.
 */

import type { MarketKind } from '../../types/venue.js'
import type {
  MarketOracle,
  OracleBook,
  OracleCandle,
  OracleFunding,
  OracleTicker,
  OracleTrade,
} from '../market-source.js'
import { payloadHash } from '../oracle/book-hash.js'
import { type DiffPayload, RecordedBook } from './recorded-book.js'
import { type CandleRow, candleOfKline, candlesOfTrades, intervalMs, type RecordedTrade } from './recorded-candles.js'
import { isDiffStream, symbolOfStream } from './wire-text.js'

interface SymbolState {
  readonly book: RecordedBook
  /** Diffs played but not yet applied to `book`. */
  pendingDiffs: string[]
  readonly diffs: string[]
  snapshotBody: string | null
  readonly trades: string[]
  readonly aggTrades: string[]
  /** By interval, then open time: the newest payload. */
  readonly klines: Map<string, Map<number, string>>
  bookTicker: string | null
}

interface TradePayload {
  readonly t?: number
  readonly a?: number
  readonly f?: number
  readonly l?: number
  readonly p: string
  readonly q: string
  readonly T: number
  readonly m: boolean
  readonly X?: string
}

export class RecordedMarket implements MarketOracle {
  readonly #market: MarketKind
  readonly #symbolNames: readonly string[]
  readonly #symbols = new Map<string, SymbolState>()
  #count = 0
  #digest = 0

  constructor(market: MarketKind, symbols: readonly string[]) {
    this.#market = market
    this.#symbolNames = symbols
  }

  /** Forgets everything, for a recording that starts again. */
  reset(): void {
    this.#symbols.clear()
  }

  /** One payload was played. */
  onPayload(stream: string, text: string): void {
    this.#count++
    this.#digest = payloadHash(`${this.#digest} ${stream} ${text.length}`)
    const state = this.#state(symbolOfStream(stream))
    if (isDiffStream(stream)) {
      state.pendingDiffs.push(text)
      state.diffs.push(text)
    } else if (stream.endsWith('@trade')) state.trades.push(text)
    else if (stream.endsWith('@aggTrade')) state.aggTrades.push(text)
    else if (stream.endsWith('@bookTicker')) state.bookTicker = text
    else if (stream.includes('@kline_')) this.#onKline(state, stream, text)
  }

  /** A recorded depth answer was passed. */
  onSnapshot(symbol: string, body: string): void {
    const state = this.#state(symbol)
    state.snapshotBody ??= body
    this.#applyPending(state)
    state.book.snapshot(body)
  }

  /** The book with every played diff applied, or `null` while no snapshot is known. */
  liveBook(symbol: string): RecordedBook | null {
    const state = this.#symbols.get(symbol)
    if (state === undefined) return null
    this.#applyPending(state)
    return state.book.isKnown ? state.book : null
  }

  bookTicker(symbol: string): string | null {
    return this.#symbols.get(symbol)?.bookTicker ?? null
  }

  recordedTrades(symbol: string): readonly RecordedTrade[] {
    return (this.#symbols.get(symbol)?.trades ?? []).map(readTrade)
  }

  recordedAggTrades(symbol: string): readonly RecordedTrade[] {
    return (this.#symbols.get(symbol)?.aggTrades ?? []).map(readTrade)
  }

  /** Candles so far, the forming one last; `isRecorded` tells recorded ones from computed ones. */
  rows(symbol: string, interval: string): { readonly rows: readonly CandleRow[]; readonly isRecorded: boolean } {
    const recorded = this.#symbols.get(symbol)?.klines.get(interval)
    if (recorded !== undefined) {
      const rows = [...recorded.values()].map(candleOfKline)
      return { rows: rows.sort((x, y) => x.candle.openTime - y.candle.openTime), isRecorded: true }
    }
    const periodMs = intervalMs(interval)
    const trades = this.recordedTrades(symbol)
    const source = trades.length > 0 ? trades : this.recordedAggTrades(symbol)
    const candles = periodMs === null ? [] : candlesOfTrades(source, periodMs)
    const rows = candles.map((candle, index) => ({ candle, isClosed: index < candles.length - 1 }))
    return { rows, isRecorded: false }
  }

  // --- MarketOracle ---------------------------------------------------------------------------------------

  symbols(market: MarketKind): readonly string[] {
    return market === this.#market ? this.#symbolNames : []
  }

  book(symbol: string, market: MarketKind): OracleBook | null {
    const book = market === this.#market ? this.liveBook(symbol) : null
    return book === null ? null : this.#oracleBook(symbol, book)
  }

  bookAt(symbol: string, updateId: number, market: MarketKind): OracleBook | null {
    const state = this.#symbols.get(symbol)
    if (market !== this.#market || state?.snapshotBody == null) return null
    const book = new RecordedBook()
    book.snapshot(state.snapshotBody)
    if (book.lastUpdateId > updateId) return null
    for (const text of state.diffs) {
      const diff = JSON.parse(text) as DiffPayload
      if (diff.u > updateId) break
      book.apply(diff)
    }
    return this.#oracleBook(symbol, book)
  }

  candles(
    symbol: string,
    interval: string,
    market: MarketKind,
    fromMs = 0,
    toMs: number = Number.POSITIVE_INFINITY,
  ): readonly OracleCandle[] {
    if (market !== this.#market) return []
    return this.rows(symbol, interval)
      .rows.filter(({ candle, isClosed }) => isClosed && candle.openTime >= fromMs && candle.openTime <= toMs)
      .map(({ candle }) => candle)
  }

  trades(symbol: string, fromId: number, toId: number, market: MarketKind): readonly OracleTrade[] {
    if (market !== this.#market) return []
    return this.recordedTrades(symbol)
      .filter((trade) => trade.id >= fromId && trade.id <= toId)
      .map(({ id, price, qty, timeMs, isBuyerMaker }) => ({
        id,
        price,
        qty,
        timeMs,
        isBuyerMaker,
        aggregateId: -1,
        kind: 'MARKET',
      }))
  }

  /** A recording knows no 24 hours. */
  ticker(_symbol: string, _market: MarketKind): OracleTicker | null {
    return null
  }

  funding(_symbol: string): OracleFunding | null {
    return null
  }

  historyHash(): string {
    return this.#digest.toString(16)
  }

  eventCount(): number {
    return this.#count
  }

  #oracleBook(symbol: string, book: RecordedBook): OracleBook {
    return { symbol, market: this.#market, updateId: book.lastUpdateId, bids: book.bids(), asks: book.asks() }
  }

  #applyPending(state: SymbolState): void {
    for (const text of state.pendingDiffs) state.book.apply(JSON.parse(text) as DiffPayload)
    state.pendingDiffs = []
  }

  #onKline(state: SymbolState, stream: string, text: string): void {
    const interval = /@kline_([^@]+)/.exec(stream)?.[1] ?? ''
    const openTime = Number(/"t":(\d+)/.exec(text)?.[1] ?? 0)
    let rows = state.klines.get(interval)
    if (rows === undefined) {
      rows = new Map()
      state.klines.set(interval, rows)
    }
    rows.set(openTime, text)
  }

  #state(symbol: string): SymbolState {
    let state = this.#symbols.get(symbol)
    if (state === undefined) {
      state = {
        book: new RecordedBook(),
        pendingDiffs: [],
        diffs: [],
        snapshotBody: null,
        trades: [],
        aggTrades: [],
        klines: new Map(),
        bookTicker: null,
      }
      this.#symbols.set(symbol, state)
    }
    return state
  }
}

function readTrade(text: string): RecordedTrade {
  const payload = JSON.parse(text) as TradePayload
  const id = payload.t ?? payload.a ?? -1
  const firstId = payload.f ?? id
  const lastId = payload.l ?? id
  return {
    id,
    price: payload.p,
    qty: payload.q,
    timeMs: payload.T,
    isBuyerMaker: payload.m,
    count: lastId - firstId + 1,
    firstId,
    lastId,
  }
}
