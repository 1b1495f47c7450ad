/**
 * Candles of a recording: the recorded ones as far as they go, else built from recorded trades with exact
 * decimal sums. Rows come in the venue's own order of 12 elements.
 */
import type { OracleCandle } from '../market-source.js'

export interface RecordedTrade {
  readonly id: number
  readonly price: string
  readonly qty: string
  readonly timeMs: number
  readonly isBuyerMaker: boolean
  /** Single trades inside an aggregate. */
  readonly count: number
  readonly firstId: number
  readonly lastId: number
}

interface KlinePayload {
  readonly k: Readonly<Record<'t' | 'T' | 'f' | 'L' | 'n', number>> &
    Readonly<Record<'o' | 'c' | 'h' | 'l' | 'v' | 'q' | 'V' | 'Q', string>> & { readonly x: boolean }
}

const INTERVAL_MS: Readonly<Record<string, number>> = {
  '1s': 1000,
  '1m': 60_000,
  '3m': 180_000,
  '5m': 300_000,
  '15m': 900_000,
  '30m': 1_800_000,
  '1h': 3_600_000,
  '2h': 7_200_000,
  '4h': 14_400_000,
  '6h': 21_600_000,
  '8h': 28_800_000,
  '12h': 43_200_000,
  '1d': 86_400_000,
  '3d': 259_200_000,
}

export interface CandleRow {
  readonly candle: OracleCandle
  readonly isClosed: boolean
}

export function intervalMs(interval: string): number | null {
  return INTERVAL_MS[interval] ?? null
}

/** A candle of a recorded kline payload. */
export function candleOfKline(text: string): CandleRow {
  const { k } = JSON.parse(text) as KlinePayload
  return {
    isClosed: k.x,
    candle: {
      openTime: k.t,
      closeTime: k.T,
      open: k.o,
      high: k.h,
      low: k.l,
      close: k.c,
      volume: k.v,
      quoteVolume: k.q,
      tradeCount: k.n,
      takerBuyVolume: k.V,
      takerBuyQuoteVolume: k.Q,
      firstTradeId: k.f,
      lastTradeId: k.L,
    },
  }
}

/** Candles with at least one of the trades, oldest first; an interval without trades has none. */
export function candlesOfTrades(trades: readonly RecordedTrade[], periodMs: number): OracleCandle[] {
  const candles: OracleCandle[] = []
  let from = 0
  while (from < trades.length) {
    const openTime = Math.floor(trades[from]!.timeMs / periodMs) * periodMs
    let to = from
    while (to < trades.length && trades[to]!.timeMs < openTime + periodMs) to++
    candles.push(candleOf(trades.slice(from, to), openTime, periodMs))
    from = to
  }
  return candles
}

function candleOf(trades: readonly RecordedTrade[], openTime: number, periodMs: number): OracleCandle {
  const first = trades[0]!
  const last = trades[trades.length - 1]!
  const byPrice = [...trades].sort((x, y) => Number(x.price) - Number(y.price))
  const takerBuys = trades.filter((trade) => !trade.isBuyerMaker)
  return {
    openTime,
    closeTime: openTime + periodMs - 1,
    open: first.price,
    high: byPrice[byPrice.length - 1]!.price,
    low: byPrice[0]!.price,
    close: last.price,
    volume: sumQty(trades),
    quoteVolume: sumQuote(trades),
    tradeCount: trades.reduce((sum, trade) => sum + trade.count, 0),
    takerBuyVolume: sumQty(takerBuys),
    takerBuyQuoteVolume: sumQuote(takerBuys),
    firstTradeId: first.firstId,
    lastTradeId: last.lastId,
  }
}

const SCALE = 12

/** `"61837.63"` as a whole number of 10^-12. */
function toScaled(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.')
  return BigInt(whole + fraction.padEnd(SCALE, '0').slice(0, SCALE))
}

function fromScaled(value: bigint, scale: number, decimals: number): string {
  const digits = value.toString().padStart(scale + 1, '0')
  const whole = digits.slice(0, -scale)
  return `${whole}.${digits.slice(-scale).slice(0, decimals).padEnd(decimals, '0')}`
}

/** The venue prints volumes with eight decimals on spot; more than enough everywhere. */
const DECIMALS = 8

function sumQty(trades: readonly RecordedTrade[]): string {
  return fromScaled(
    trades.reduce((sum, trade) => sum + toScaled(trade.qty), 0n),
    SCALE,
    DECIMALS,
  )
}

function sumQuote(trades: readonly RecordedTrade[]): string {
  return fromScaled(
    trades.reduce((sum, trade) => sum + toScaled(trade.qty) * toScaled(trade.price), 0n),
    2 * SCALE,
    DECIMALS,
  )
}
