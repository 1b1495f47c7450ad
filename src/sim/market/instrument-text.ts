/** Ticks, lots and values of one instrument as the venue prints them. */
import type { WideSum } from './decimal.js'
import { formatRatio, formatScaled, withDecimals, zeros } from './decimal.js'
import type { SymbolSpec } from './symbols.js'

/** Prices near the market recur all the time; a bounded memory of their text saves most formatting. */
const CACHE_MAX = 2048

export class InstrumentText {
  /** The symbol as a JSON string, quotes included. */
  readonly symbolJson: string
  readonly pairJson: string
  readonly #spec: SymbolSpec
  readonly #pricePad: string
  readonly #qtyPad: string
  readonly #valueScale: number
  readonly #prices = new Map<number, string>()

  constructor(spec: SymbolSpec) {
    this.#spec = spec
    this.symbolJson = JSON.stringify(spec.symbol)
    this.pairJson = JSON.stringify(spec.pair)
    this.#pricePad = padding(spec.priceScale, spec.priceDecimals)
    this.#qtyPad = padding(spec.qtyScale, spec.qtyDecimals)
    this.#valueScale = spec.contractClass === 2 ? 8 : spec.priceScale + spec.qtyScale
  }

  price(ticks: number): string {
    const cached = this.#prices.get(ticks)
    if (cached !== undefined) return cached
    const { tickUnits, priceScale } = this.#spec
    const text = formatScaled(ticks * tickUnits, priceScale) + this.#pricePad
    if (this.#prices.size >= CACHE_MAX) this.#prices.clear()
    this.#prices.set(ticks, text)
    return text
  }

  qty(lots: number): string {
    return formatScaled(lots * this.#spec.lotUnits, this.#spec.qtyScale) + this.#qtyPad
  }

  /** Quote volume with the decimals of candles. */
  value(sum: WideSum): string {
    return withDecimals(sum.format(this.#valueScale), this.#spec.quoteDecimals)
  }

  /** Quote volume as 24 h statistics print it: futures cuts it to the decimals of prices. */
  tickerValue(sum: WideSum): string {
    const { market, priceDecimals } = this.#spec
    return withDecimals(sum.format(this.#valueScale), market === 'spot' ? 8 : priceDecimals)
  }

  /** Value over quantity: the average price, rounded to the decimals of prices. */
  averagePrice(value: WideSum, lots: number): string {
    const { lotUnits, qtyScale, priceDecimals } = this.#spec
    const numerator = value.toBigInt() * 10n ** BigInt(qtyScale)
    const denominator = BigInt(lots) * BigInt(lotUnits) * 10n ** BigInt(this.#valueScale)
    return formatRatio(numerator, denominator, priceDecimals)
  }

  /** Average of one operation's fills: `value` in ticks times lots. */
  averageTicks(value: number, lots: number): string {
    const { tickUnits, priceScale, priceDecimals } = this.#spec
    return formatRatio(BigInt(value) * BigInt(tickUnits), BigInt(lots) * 10n ** BigInt(priceScale), priceDecimals)
  }
}

/** Exact notional in value units: both factors are whole numbers. */
export function tradeValue(spec: SymbolSpec, ticks: number, lots: number): number {
  if (spec.contractClass === 2) {
    // COIN-M contracts are worth 100 USD each; their value is in the base currency.
    return Math.round((lots * 100 * 1e8) / ((ticks * spec.tickUnits) / 10 ** spec.priceScale))
  }
  return ticks * spec.tickUnits * lots * spec.lotUnits
}

function padding(scale: number, decimals: number): string {
  if (decimals === scale) return ''
  return scale === 0 ? `.${zeros(decimals)}` : zeros(decimals - scale)
}
