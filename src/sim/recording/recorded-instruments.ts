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

/** A value with more decimals than this share of all others is an oddity, not the step. */
const ODDITIES_MAX = 0.001

export function inferInstruments(recording: Recording): InferredInstrument[] {
  const seen = new Map<string, { payloads: number; readonly price: number[]; readonly qty: number[] }>()
  const learn = (symbol: string, text: string): void => {
    let decimals = seen.get(symbol)
    if (decimals === undefined) {
      decimals = { payloads: 0, price: [], qty: [] }
      seen.set(symbol, decimals)
    }
    if (decimals.payloads++ >= PAYLOADS_PER_SYMBOL) return
    for (const pattern of [/\["([\d.]+)","([\d.]+)"\]/g, /"p":"([\d.]+)","q":"([\d.]+)"/g]) {
      for (const [, price, qty] of text.matchAll(pattern)) {
        count(decimals.price, usedDecimals(price!))
        count(decimals.qty, usedDecimals(qty!))
      }
    }
  }
  for (const record of recording.ws) learn(symbolOfStream(record.stream), record.payload)
  for (const record of recording.rest) {
    const symbol = record.params.get('symbol')
    if (symbol !== undefined) learn(symbol, record.body)
  }
  return [...seen].map(([symbol, { price, qty }]) => ({
    symbol,
    tickSize: step(usualDecimals(price)),
    stepSize: step(usualDecimals(qty)),
  }))
}

function count(histogram: number[], decimals: number): void {
  histogram[decimals] = (histogram[decimals] ?? 0) + 1
}

/** The fewest decimals that all but a few values fit into. */
function usualDecimals(histogram: readonly (number | undefined)[]): number {
  const total = histogram.reduce<number>((sum, values) => sum + (values ?? 0), 0)
  let beyond = total
  for (let decimals = 0; decimals < histogram.length; decimals++) {
    beyond -= histogram[decimals] ?? 0
    if (beyond <= total * ODDITIES_MAX) return decimals
  }
  return 0
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
