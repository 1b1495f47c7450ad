/** Instruments of a recording that holds no `exchangeInfo`: tick and step inferred from the decimals that were seen. */
import type { MarketKind } from '../../types/venue.js'
import type { Recording } from './container.js'
import { symbolOfStream } from './wire-text.js'

export interface InferredInstrument {
  readonly symbol: string
  readonly tickSize: string
  readonly stepSize: string
}

/** Payloads looked at per symbol; enough to meet every decimal place in use. */
const PAYLOADS_PER_SYMBOL = 2000
const QUOTES = ['USDT', 'USDC', 'BUSD', 'TUSD', 'BTC', 'ETH', 'BNB', 'EUR', 'BRL', 'TRY', 'USD']

export function inferInstruments(recording: Recording): InferredInstrument[] {
  const seen = new Map<string, { count: number; priceDecimals: number; qtyDecimals: number }>()
  const learn = (symbol: string, text: string): void => {
    let decimals = seen.get(symbol)
    if (decimals === undefined) {
      decimals = { count: 0, priceDecimals: 0, qtyDecimals: 0 }
      seen.set(symbol, decimals)
    }
    if (decimals.count++ >= PAYLOADS_PER_SYMBOL) return
    for (const [, price, qty] of text.matchAll(/\["([\d.]+)","([\d.]+)"\]/g)) {
      decimals.priceDecimals = Math.max(decimals.priceDecimals, usedDecimals(price!))
      decimals.qtyDecimals = Math.max(decimals.qtyDecimals, usedDecimals(qty!))
    }
    for (const [, price, qty] of text.matchAll(/"p":"([\d.]+)","q":"([\d.]+)"/g)) {
      decimals.priceDecimals = Math.max(decimals.priceDecimals, usedDecimals(price!))
      decimals.qtyDecimals = Math.max(decimals.qtyDecimals, usedDecimals(qty!))
    }
  }
  for (const record of recording.ws) learn(symbolOfStream(record.stream), record.payload)
  for (const record of recording.rest) {
    const symbol = record.params.get('symbol')
    if (symbol !== undefined) learn(symbol, record.body)
  }
  return [...seen].map(([symbol, { priceDecimals, qtyDecimals }]) => ({
    symbol,
    tickSize: step(priceDecimals),
    stepSize: step(qtyDecimals),
  }))
}

export function synthesizeExchangeInfo(
  market: MarketKind,
  instruments: readonly InferredInstrument[],
  nowMs: number,
): string {
  const limit = market === 'spot' ? 6000 : 2400
  const symbols = instruments.map(({ symbol, tickSize, stepSize }) => {
    const { base, quote } = splitSymbol(symbol)
    const filters = [
      { filterType: 'PRICE_FILTER', minPrice: tickSize, maxPrice: '1000000.00000000', tickSize },
      { filterType: 'LOT_SIZE', minQty: stepSize, maxQty: '9000000.00000000', stepSize },
    ]
    const common = { symbol, status: 'TRADING', baseAsset: base, quoteAsset: quote, filters }
    return market === 'spot'
      ? {
          ...common,
          baseAssetPrecision: 8,
          quotePrecision: 8,
          quoteAssetPrecision: 8,
          orderTypes: ['LIMIT', 'LIMIT_MAKER', 'MARKET'],
          isSpotTradingAllowed: true,
          isMarginTradingAllowed: false,
          permissions: [],
          permissionSets: [['SPOT']],
        }
      : {
          ...common,
          pair: symbol.split('_')[0],
          contractType: 'PERPETUAL',
          marginAsset: quote,
          pricePrecision: decimalsOf(tickSize),
          quantityPrecision: decimalsOf(stepSize),
          underlyingType: 'COIN',
          orderTypes: ['LIMIT', 'MARKET'],
          timeInForce: ['GTC', 'IOC', 'FOK', 'GTX'],
        }
  })
  return JSON.stringify({
    timezone: 'UTC',
    serverTime: nowMs,
    ...(market === 'futures' ? { futuresType: 'U_MARGINED' } : {}),
    rateLimits: [{ rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit }],
    exchangeFilters: [],
    symbols,
  })
}

function usedDecimals(text: string): number {
  return decimalsOf(text.replace(/0+$/, ''))
}

function decimalsOf(text: string): number {
  const point = text.indexOf('.')
  return point < 0 ? 0 : text.length - point - 1
}

function step(decimals: number): string {
  return decimals === 0 ? '1' : `0.${'0'.repeat(decimals - 1)}1`
}

function splitSymbol(symbol: string): { base: string; quote: string } {
  const name = symbol.split('_')[0] ?? symbol
  const quote = QUOTES.find((candidate) => name.endsWith(candidate) && name.length > candidate.length)
  return quote === undefined ? { base: name, quote: '' } : { base: name.slice(0, -quote.length), quote }
}
