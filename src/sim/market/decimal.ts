/**
 * Exact decimal text from whole numbers. Inside the market every price, quantity and sum is a whole number of small
 * units; only here it becomes text, with the venue's number of decimals.
 */

const POW10: readonly number[] = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent)
const ZEROS: readonly string[] = Array.from({ length: 25 }, (_, length) => '0'.repeat(length))

export function pow10(exponent: number): number {
  return POW10[exponent]!
}

/** `value * 10^-decimals` with exactly `decimals` fraction digits. `value` must be a safe integer. */
export function formatScaled(value: number, decimals: number): string {
  if (decimals === 0) return String(value)
  if (value < 0) return `-${formatScaled(-value, decimals)}`
  const scale = POW10[decimals]!
  let whole = Math.floor(value / scale)
  let fraction = value - whole * scale
  // The quotient of two exact integers is rounded, perhaps up to the next whole number.
  if (fraction < 0) {
    whole--
    fraction += scale
  }
  const digits = String(fraction)
  return `${whole}.${ZEROS[decimals - digits.length]}${digits}`
}

/** As `formatScaled`, for numbers beyond 2^53. */
export function formatScaledBig(value: bigint, decimals: number): string {
  const negative = value < 0n
  const digits = (negative ? -value : value).toString().padStart(decimals + 1, '0')
  const split = digits.length - decimals
  const text = decimals === 0 ? digits : `${digits.slice(0, split)}.${digits.slice(split)}`
  return negative ? `-${text}` : text
}

/** `numerator / denominator` rounded half away from zero, with `decimals` fraction digits. */
export function formatRatio(numerator: bigint, denominator: bigint, decimals: number): string {
  if (denominator === 0n) return formatScaled(0, decimals)
  const scaled = 2n * (numerator < 0n ? -numerator : numerator) * 10n ** BigInt(decimals) + denominator
  const rounded = scaled / (2n * denominator)
  return formatScaledBig(numerator < 0n ? -rounded : rounded, decimals)
}

/** Cuts or pads the fraction of decimal text to `decimals` digits. */
export function withDecimals(text: string, decimals: number): string {
  const dot = text.indexOf('.')
  if (dot < 0) return decimals === 0 ? text : `${text}.${ZEROS[decimals]}`
  const fraction = text.length - dot - 1
  if (fraction <= decimals) return text + ZEROS[decimals - fraction]
  return decimals === 0 ? text.slice(0, dot) : text.slice(0, dot + 1 + decimals)
}

export function zeros(count: number): string {
  return ZEROS[count]!
}

/** Whole number and scale of plain decimal text: `0.10` is 10 units of 10^-2. */
export function parseDecimal(text: string): { readonly units: number; readonly decimals: number } {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new RangeError(`not a plain decimal: ${text}`)
  const [whole, fraction = ''] = text.split('.') as [string, string?]
  return { units: Number(whole + fraction), decimals: fraction.length }
}

/**
 * A sum of whole numbers that may outgrow 2^53, kept as two exact doubles. Adding costs an addition and a compare,
 * which a `bigint` on every trade would not.
 */
export class WideSum {
  static readonly #BASE = 1e15
  #high = 0
  #low = 0

  /** `value` is a safe integer below 10^15 in size; may be negative as long as the sum is not. */
  add(value: number): void {
    this.#low += value
    this.#carry()
  }

  addSum(other: WideSum): void {
    this.#high += other.#high
    this.#low += other.#low
    this.#carry()
  }

  set(value: number): void {
    this.#high = 0
    this.#low = value
    this.#carry()
  }

  copy(other: WideSum): void {
    this.#high = other.#high
    this.#low = other.#low
  }

  toBigInt(): bigint {
    return BigInt(this.#high) * BigInt(WideSum.#BASE) + BigInt(this.#low)
  }

  format(decimals: number): string {
    return this.#high === 0 ? formatScaled(this.#low, decimals) : formatScaledBig(this.toBigInt(), decimals)
  }

  #carry(): void {
    if (this.#low >= WideSum.#BASE) {
      const carry = Math.floor(this.#low / WideSum.#BASE)
      this.#low -= carry * WideSum.#BASE
      this.#high += carry
    } else if (this.#low < 0 && this.#high > 0) {
      this.#low += WideSum.#BASE
      this.#high--
    }
  }
}
