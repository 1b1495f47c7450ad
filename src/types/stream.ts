/**
 * Streams: one venue subscription, e.g. the depth of one symbol. This file owns the names a user may
 * ask for; which of them a venue offers is decided in `src/live/config`.
 */

export const StreamType = {
  KLINE: 'KLINE',
  DEPTH: 'DEPTH',
  BOOK_TICKER: 'BOOK_TICKER',
  MARK_PRICE: 'MARK_PRICE',
  AGG_TRADE: 'AGG_TRADE',
  TRADE: 'TRADE',
  TICKER: 'TICKER',
  MINI_TICKER: 'MINI_TICKER',
  LIQUIDATION: 'LIQUIDATION',
} as const

export type StreamType = (typeof StreamType)[keyof typeof StreamType]

/**
 * Candle intervals as the venue writes them. Case matters: `1m` is a minute, `1M` a month.
 * `1s` exists on spot only (Binance spot and USD-M stream documentation, checked 2026-11-20).
 */
export const CANDLE_INTERVALS = [
  '1s',
  '1m',
  '3m',
  '5m',
  '15m',
  '30m',
  '1h',
  '2h',
  '4h',
  '6h',
  '8h',
  '12h',
  '1d',
  '3d',
  '1w',
  '1M',
] as const

export type CandleInterval = (typeof CANDLE_INTERVALS)[number]
