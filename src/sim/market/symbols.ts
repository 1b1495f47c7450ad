/**
 * The symbols a simulated venue lists: names, tick and lot sizes, contract terms, how lively they are.
 *
 * Known symbols look like the real ones; any other name gets plausible numbers derived from the name alone, so that
 * a venue with 500 made-up symbols needs no table.
 */
import type { MarketKind } from '../../types/venue.js'
import { SimOptionError } from '../errors.js'
import { parseDecimal, pow10 } from './decimal.js'

export type SymbolStatus = 'TRADING' | 'HALT' | 'BREAK' | 'END_OF_DAY' | 'CANCEL_ONLY' | 'SETTLING' | 'PENDING_TRADING'

export type ContractType = 'PERPETUAL' | 'TRADIFI_PERPETUAL' | 'CURRENT_QUARTER' | 'NEXT_QUARTER'

/** What a user may say about a symbol; everything has a default. A bare string means `{ symbol }`. */
export interface SymbolInput {
  /** As listed: upper case where there is case; `BTCUSDT`, `测试USDT`, `BTCUSDT_261225`. */
  readonly symbol: string
  /** Default: every market of the venue; names with `_` are futures only. */
  readonly markets?: readonly MarketKind[]
  /** First price, quote per base. */
  readonly price?: number
  /** Smallest price step as decimal text, the same on all markets of the symbol. */
  readonly tickSize?: string
  /** Smallest quantity step as decimal text. */
  readonly stepSize?: string
  /** Order flow relative to a major symbol (1). 0.02 is quiet: seconds of silence; 0.001 very quiet: minutes. */
  readonly activity?: number
  /** Volatility relative to a major symbol (1). */
  readonly volatility?: number
  /** `HALT` and `BREAK` are spot states, `SETTLING` and `PENDING_TRADING` futures states; each silences the symbol. */
  readonly status?: SymbolStatus
  /** Times per hour at which one side of the book is emptied for a moment. Default 0, 6 on quiet symbols. */
  readonly emptySidesPerHour?: number
  /** Futures: hours between funding. 8, 4 or 1; 0 for a contract without funding. */
  readonly fundingIntervalHours?: number
  /** Listed in `exchangeInfo` and REST only, never traded: does not count as a symbol of the user. */
  readonly isExtra?: boolean
}

/** A symbol on one market, with everything decided. */
export interface SymbolSpec {
  readonly symbol: string
  readonly market: MarketKind
  /** Lower case of ASCII letters only: the name used in stream names. */
  readonly streamName: string
  readonly base: string
  readonly quote: string
  /** Futures: the name shared by all contracts on the same underlying. Spot: the symbol. */
  readonly pair: string
  readonly status: SymbolStatus
  /** Tick size is `tickUnits * 10^-priceScale`. */
  readonly tickUnits: number
  readonly priceScale: number
  /** Fraction digits of prices on the wire. */
  readonly priceDecimals: number
  /** Lot size is `lotUnits * 10^-qtyScale`. */
  readonly lotUnits: number
  readonly qtyScale: number
  readonly qtyDecimals: number
  /** Fraction digits of quote volumes in candles; sums are exact at this scale or cut to it. */
  readonly quoteDecimals: number
  readonly startPrice: number
  readonly activity: number
  readonly volatility: number
  readonly emptySidesPerHour: number
  readonly contractType: ContractType
  /** Epoch ms of delivery; the far future for perpetual contracts. */
  readonly deliveryMs: number
  /** 0: no funding. */
  readonly fundingIntervalHours: number
  /** 1 USD-M, 2 COIN-M. */
  readonly contractClass: 1 | 2
  readonly isExtra: boolean
}

interface KnownSymbol {
  readonly price: number
  readonly spot: readonly [tick: string, step: string]
  /** Tick and step, and fraction digits of prices where they exceed those of the tick. */
  readonly futures: readonly [tick: string, step: string, priceDecimals: number]
  readonly activity: number
  readonly volatility: number
}

/** Steps as listed at the venue in 2024; prices of the invented present. */
const KNOWN: Readonly<Record<string, KnownSymbol>> = {
  BTCUSDT: { price: 61_234.5, spot: ['0.01', '0.00001'], futures: ['0.10', '0.001', 2], activity: 1, volatility: 1 },
  ETHUSDT: { price: 3_012.42, spot: ['0.01', '0.0001'], futures: ['0.01', '0.001', 2], activity: 0.8, volatility: 1.2 },
  BNBUSDT: { price: 571.3, spot: ['0.10', '0.001'], futures: ['0.010', '0.01', 3], activity: 0.3, volatility: 1.1 },
  SOLUSDT: { price: 142.37, spot: ['0.01', '0.001'], futures: ['0.0100', '0.01', 4], activity: 0.5, volatility: 1.6 },
  XRPUSDT: { price: 0.5231, spot: ['0.0001', '1'], futures: ['0.0001', '0.1', 4], activity: 0.4, volatility: 1.4 },
  DOGEUSDT: { price: 0.12345, spot: ['0.00001', '1'], futures: ['0.00001', '1', 6], activity: 0.4, volatility: 1.7 },
  LTCUSDT: { price: 71.42, spot: ['0.01', '0.001'], futures: ['0.01', '0.001', 2], activity: 0.2, volatility: 1.2 },
}

/** What `npm start` shows. */
export const DEFAULT_SYMBOLS: readonly SymbolInput[] = [{ symbol: 'BTCUSDT' }, { symbol: 'ETHUSDT' }]

/**
 * The set for tests: two majors, a non-ASCII name, a delivery contract, a quiet and a very quiet symbol.
 * Symbols in every silent state are listed beside any set (`EXTRA_SYMBOLS`).
 */
export const TEST_SYMBOLS: readonly SymbolInput[] = [
  { symbol: 'BTCUSDT' },
  { symbol: 'ETHUSDT' },
  { symbol: '测试USDT', price: 1.234, activity: 0.3 },
  { symbol: 'BTCUSDT_261225', activity: 0.3 },
  { symbol: 'QUIETUSDT', price: 4.56, activity: 0.02, fundingIntervalHours: 4 },
  { symbol: 'STILLUSDT', price: 0.0789, activity: 0.001 },
]

/** Silent symbols, one per state, so that a client's market table meets each of them. */
export const EXTRA_SYMBOLS: readonly SymbolInput[] = [
  { symbol: 'HALTEDUSDT', markets: ['spot'], status: 'HALT', price: 2.5, isExtra: true },
  { symbol: 'BREAKUSDT', markets: ['spot'], status: 'BREAK', price: 0.031, isExtra: true },
  {
    symbol: 'SETTLEUSDT',
    markets: ['futures'],
    status: 'SETTLING',
    price: 0.9,
    fundingIntervalHours: 0,
    isExtra: true,
  },
  { symbol: 'PENDINGUSDT', markets: ['futures'], status: 'PENDING_TRADING', price: 1.1, isExtra: true },
]

const PERPETUAL_DELIVERY_MS = 4_133_404_800_000
const QUOTES = ['FDUSD', 'USDT', 'USDC', 'BUSD', 'TUSD', 'USD', 'BTC', 'ETH', 'BNB', 'EUR', 'TRY']

/** Lower-cases A-Z and nothing else, as the venue does: other scripts must pass unchanged. */
export function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

/** The symbol on one market, or `null` if it is not listed there. Throws on numbers that no venue would list. */
export function resolveSymbol(input: SymbolInput, market: MarketKind): SymbolSpec | null {
  const { symbol } = input
  if (!/^[^\s@!/&?#%]{1,40}$/u.test(symbol) || lowerAscii(symbol) === symbol) {
    throw new SimOptionError([`symbols: not a listed name (letters in upper case): ${JSON.stringify(symbol)}`])
  }
  const [pair = symbol, suffix] = symbol.split('_') as [string, string?]
  const markets = input.markets ?? (suffix === undefined ? ['spot', 'futures'] : ['futures'])
  if (!markets.includes(market)) return null

  const isFutures = market === 'futures'
  const known = KNOWN[pair]
  const price = input.price ?? known?.price ?? inventedPrice(pair)
  const [tickText, stepText, wireDecimals] = increments(input, known, isFutures, price)
  const tick = trimmed(tickText)
  const step = trimmed(stepText)
  const priceDecimals = isFutures ? Math.max(tick.decimals, wireDecimals) : 8
  const qtyDecimals = isFutures ? step.decimals : 8
  if (!isFutures && tick.decimals + step.decimals > 8) {
    throw new SimOptionError([
      `symbols: ${symbol}: tick ${tickText} and step ${stepText} need more than 8 decimals of quote volume`,
    ])
  }
  const quote = QUOTES.find((name) => pair.endsWith(name) && pair.length > name.length) ?? 'USDT'
  const activity = input.activity ?? known?.activity ?? 0.15
  return {
    symbol,
    market,
    streamName: lowerAscii(symbol),
    base: pair.endsWith(quote) ? pair.slice(0, -quote.length) : pair,
    quote,
    pair: isFutures ? pair : symbol,
    status: input.status ?? 'TRADING',
    tickUnits: tick.units,
    priceScale: tick.decimals,
    priceDecimals,
    lotUnits: step.units,
    qtyScale: step.decimals,
    qtyDecimals,
    quoteDecimals: isFutures ? tick.decimals + step.decimals : 8,
    startPrice: price,
    activity,
    volatility: input.volatility ?? known?.volatility ?? 1.5,
    emptySidesPerHour: input.emptySidesPerHour ?? (activity <= 0.02 ? 6 : 0),
    contractType: suffix !== undefined && /^\d{6}$/.test(suffix) ? 'CURRENT_QUARTER' : 'PERPETUAL',
    deliveryMs: suffix !== undefined && /^\d{6}$/.test(suffix) ? deliveryOf(suffix) : PERPETUAL_DELIVERY_MS,
    fundingIntervalHours: input.fundingIntervalHours ?? (suffix === undefined ? 8 : 0),
    contractClass: 1,
    isExtra: input.isExtra ?? false,
  }
}

/** A COIN-M contract, which shows up in the all-market futures streams and nowhere else. */
export function coinMarginedSpec(): SymbolSpec {
  const base = resolveSymbol(
    { symbol: 'BTCUSD', markets: ['futures'], price: 61_240, tickSize: '0.1', stepSize: '1' },
    'futures',
  )
  return {
    ...(base as SymbolSpec),
    symbol: 'BTCUSD_PERP',
    streamName: 'btcusd_perp',
    pair: 'BTCUSD',
    base: 'BTC',
    quote: 'USD',
    activity: 0.2,
    volatility: 1,
    contractClass: 2,
    isExtra: true,
  }
}

function increments(
  input: SymbolInput,
  known: KnownSymbol | undefined,
  isFutures: boolean,
  price: number,
): readonly [tick: string, step: string, priceDecimals: number] {
  const listed = known === undefined ? null : isFutures ? known.futures : known.spot
  // Four to five significant digits of price, and a lot worth well below the smallest notional.
  const decimals = Math.min(6, Math.max(0, 5 - Math.ceil(Math.log10(price))))
  const tick = input.tickSize ?? listed?.[0] ?? stepText(decimals)
  const lotDecimals = Math.min(8 - decimals, Math.max(0, Math.ceil(Math.log10(price))))
  const step = input.stepSize ?? listed?.[1] ?? stepText(isFutures ? Math.max(0, lotDecimals - 1) : lotDecimals)
  // Futures prints more digits than the tick has on some contracts, as `61800.20` for a tick of 0.10.
  const printed = listed?.[2] ?? parseDecimal(tick).decimals
  return [tick, step, Number(printed)]
}

function stepText(decimals: number): string {
  return decimals === 0 ? '1' : `0.${'0'.repeat(decimals - 1)}1`
}

/** Smallest scale that still writes the increment as a whole number. */
function trimmed(text: string): { units: number; decimals: number } {
  let { units, decimals } = parseDecimal(text)
  if (units <= 0) throw new SimOptionError([`symbols: an increment must be above zero: ${text}`])
  while (decimals > 0 && units % 10 === 0) {
    units /= 10
    decimals--
  }
  return { units, decimals }
}

/** Between 0.01 and 1000 quote, from the name. */
function inventedPrice(pair: string): number {
  let hash = 2_166_136_261
  for (const letter of pair) hash = Math.imul(hash ^ (letter.codePointAt(0) as number), 16_777_619) >>> 0
  const exponent = (hash % 500) / 100 - 2
  return Math.round(10 ** exponent * pow10(6)) / pow10(6)
}

/** Quarterly contracts are delivered at 08:00 UTC of the day in their name. */
function deliveryOf(suffix: string): number {
  const part = (from: number): number => Number(suffix.slice(from, from + 2))
  return Date.UTC(2000 + part(0), part(2) - 1, part(4), 8)
}
