/**
 * Numbers out of bytes, exact. A decimal equals `Number(text)` bit for bit, an id equals what `JSON.parse`
 * gives; whatever is not plainly that is left to the JSON path.
 *
 * How decimals stay exact: the digits without the point are an integer m, with k of them after the point.
 * While m < 2^53 and k <= 22 both m and 10^k are exact doubles, and IEEE division rounds once, so m / 10^k
 * is the correctly rounded value - which is what `Number` returns. Multiplying by 10^-k would round twice.
 * Of longer ones the sum of whole part and fraction is taken where it is proven to round the same way, and
 * the rest goes to `Number` itself.
 *
 * How they are fast: where many digits are usual, four at a time as one 32-bit word. Little-endian, the first character is the
 * lowest byte. `'0' … '9'` XOR 0x30 are 0 … 9, everything else is 10 or more, and adding 0x76 lifts exactly
 * those into the sign bit of their byte; the lowest such bit tells how many digits lead.
 *
 * All readers take the position of the first character, store into `numbers[slot]` (a packed double array,
 * so that nothing is boxed) and return the position after what they read, or `SURPRISE`.
 */

/** Returned instead of a position: not what was expected, the JSON path decides. */
export const SURPRISE = -1

const ZEROS = 0x30303030
const LIFT = 0x76767676
const HIGH_BITS = 0x80808080 | 0
const QUOTE = 0x22
const POINT = 0x2e
const MINUS = 0x2d
const DIGIT_ZERO = 0x30

/** Every integer below this is exact, and so is every sum and product that stays below it. */
const EXACT_LIMIT = 2 ** 53

/** Powers that are exact doubles. */
const POWERS_OF_TEN: Float64Array = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`))
const EXACT_POWER_MAX = 22
const INTEGER_POWERS: Int32Array = Int32Array.of(1, 10, 100, 1_000, 10_000)

/** Four times what a fraction below 1 can be off after one rounded division. */
const FRACTION_ERROR_MAX = 2 ** -52

/** Characters the short form takes; at most 22 of them are fraction digits. */
const SHORT_DECIMAL_LENGTH_MAX = 22

/** No price or quantity comes near; a longer one is a surprise, which also bounds how far a reader looks. */
const LONG_DECIMAL_LENGTH_MAX = 48

/** Value of four digits given as byte values 0 … 9, first digit in the lowest byte. */
function fourDigits(digits: number): number {
  const pairs = (Math.imul(digits, 10) + (digits >>> 8)) & 0x00ff00ff
  return Math.imul(pairs & 0xff, 100) + (pairs >>> 16)
}

/** How many of the four bytes are digits before the first that is not: 0 … 3. `stops` is not 0. */
function leadingCount(stops: number): number {
  return (31 - Math.clz32(stops & -stops)) >>> 3
}

/**
 * An unsigned decimal and its closing quote: digits, or digits, a point and digits. No sign, no exponent,
 * no missing part.
 *
 * The whole part is read digit by digit: measured, that beats words for one to five digits. Eight fraction
 * digits are what the spot venue always sends, and two words beat eight digits.
 */
export function readDecimal(view: DataView, from: number, numbers: number[], slot: number): number {
  const limit = from + SHORT_DECIMAL_LENGTH_MAX
  let pos = from
  let digit = view.getUint8(pos) ^ DIGIT_ZERO
  if (digit >= 10) return SURPRISE
  let mantissa = digit
  for (;;) {
    pos += 1
    digit = view.getUint8(pos) ^ DIGIT_ZERO
    if (digit >= 10) break
    mantissa = mantissa * 10 + digit
    if (pos >= limit) return readLongDecimal(view, from, numbers, slot)
  }
  if (digit === (QUOTE ^ DIGIT_ZERO)) {
    if (mantissa >= EXACT_LIMIT) return readLongDecimal(view, from, numbers, slot)
    numbers[slot] = mantissa
    return pos + 1
  }
  if (digit !== (POINT ^ DIGIT_ZERO)) return SURPRISE
  pos += 1

  const fractionAt = pos
  const first = view.getInt32(pos, true) ^ ZEROS
  if ((((first + LIFT) | first) & HIGH_BITS) === 0) {
    const second = view.getInt32(pos + 4, true) ^ ZEROS
    if ((((second + LIFT) | second) & HIGH_BITS) === 0 && view.getUint8(pos + 8) === QUOTE) {
      const fraction = Math.imul(fourDigits(first), 10_000) + fourDigits(second)
      const all = mantissa * 1e8 + fraction
      if (all < EXACT_LIMIT) {
        numbers[slot] = all / 1e8
        return pos + 9
      }
      return mantissa < EXACT_LIMIT && storeSum(mantissa, fraction / 1e8, numbers, slot)
        ? pos + 9
        : readLongDecimal(view, from, numbers, slot)
    }
  }
  for (;;) {
    digit = view.getUint8(pos) ^ DIGIT_ZERO
    if (digit >= 10) break
    mantissa = mantissa * 10 + digit
    pos += 1
    if (pos >= limit) return readLongDecimal(view, from, numbers, slot)
  }
  if (pos === fractionAt || digit !== (QUOTE ^ DIGIT_ZERO)) return SURPRISE
  if (mantissa >= EXACT_LIMIT) return readLongDecimal(view, from, numbers, slot)
  numbers[slot] = mantissa / (POWERS_OF_TEN[pos - fractionAt] as number)
  return pos + 1
}

/**
 * Volumes have too many digits for m. Their whole part is exact and their fraction off by at most 2^-54; if
 * the sum rounds to one value even when it is off by four times that, this value is the right one.
 */
function storeSum(whole: number, fraction: number, numbers: number[], slot: number): boolean {
  const above = whole + (fraction + FRACTION_ERROR_MAX)
  numbers[slot] = above
  return whole + (fraction - FRACTION_ERROR_MAX) === above
}

/** As `readDecimal`, with an optional leading minus. */
export function readSignedDecimal(view: DataView, from: number, numbers: number[], slot: number): number {
  if (view.getUint8(from) !== MINUS) return readDecimal(view, from, numbers, slot)
  const pos = readDecimal(view, from + 1, numbers, slot)
  if (pos !== SURPRISE) numbers[slot] = -(numbers[slot] as number)
  return pos
}

/** More digits than the short form takes: digit by digit, and `Number` where m would not be exact. */
function readLongDecimal(view: DataView, from: number, numbers: number[], slot: number): number {
  let mantissa = 0
  let pointAt = -1
  let pos = from
  for (; pos - from <= LONG_DECIMAL_LENGTH_MAX; pos++) {
    const byte = view.getUint8(pos)
    const digit = byte ^ DIGIT_ZERO
    if (digit < 10) {
      mantissa = mantissa * 10 + digit
    } else if (byte === POINT && pointAt === -1 && pos > from) {
      pointAt = pos
    } else {
      break
    }
  }
  if (pos === from || pos - 1 === pointAt || view.getUint8(pos) !== QUOTE) return SURPRISE
  const digitCount = pointAt === -1 ? 0 : pos - pointAt - 1
  numbers[slot] =
    mantissa < EXACT_LIMIT && digitCount <= EXACT_POWER_MAX
      ? mantissa / (POWERS_OF_TEN[digitCount] as number)
      : Number(asciiText(view, from, pos))
  return pos + 1
}

/**
 * An unsigned JSON integer up to 2^53 - 1. What follows it is the caller's to check; a fraction or an
 * exponent shows up there as a missing comma.
 */
export function readInteger(view: DataView, from: number, numbers: number[], slot: number): number {
  let pos = from
  let value = 0
  let word = view.getInt32(pos, true) ^ ZEROS
  let stops = ((word + LIFT) | word) & HIGH_BITS
  if (stops !== 0) {
    const count = leadingCount(stops)
    if (count === 0) return SURPRISE
    value = fourDigits(word << (32 - 8 * count))
    // JSON has no leading zeros.
    if (count > 1 && (word & 0xff) === 0) return SURPRISE
    numbers[slot] = value
    return pos + count
  }
  if ((word & 0xff) === 0) return SURPRISE
  value = fourDigits(word)
  pos += 4
  for (let group = 0; group < 4; group++) {
    word = view.getInt32(pos, true) ^ ZEROS
    stops = ((word + LIFT) | word) & HIGH_BITS
    if (stops !== 0) {
      const count = leadingCount(stops)
      if (count > 0) {
        value = value * (INTEGER_POWERS[count] as number) + fourDigits(word << (32 - 8 * count))
        pos += count
      }
      if (value >= EXACT_LIMIT) return SURPRISE
      numbers[slot] = value
      return pos
    }
    value = value * 10_000 + fourDigits(word)
    pos += 4
  }
  return SURPRISE
}

/** Digits and a point are one byte each. */
function asciiText(view: DataView, from: number, to: number): string {
  let text = ''
  for (let pos = from; pos < to; pos++) text += String.fromCharCode(view.getUint8(pos))
  return text
}

/** Sign, digits with at most one point, exponent; what `Number` also takes (hex, blanks, Infinity) is not a decimal. */
const DECIMAL_TEXT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

/**
 * A decimal of a parsed payload: text as the venue sends it, or a JSON number. `NaN` when it is absent
 * (missing, null or empty text: absent is never zero), `undefined` when it is something else.
 */
export function decimalOf(value: unknown): number | undefined {
  if (typeof value === 'string') {
    if (value === '') return Number.NaN
    if (!DECIMAL_TEXT.test(value)) return undefined
    const number = Number(value)
    return Number.isFinite(number) ? number : undefined
  }
  if (value === undefined || value === null) return Number.NaN
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}
