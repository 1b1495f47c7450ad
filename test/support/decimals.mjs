/**
 * Random decimal texts for checking the byte reader against `Number`, shared by the test (2 million) and
 * `npm run fuzz -- --decimals N`.
 */

/** A text per call, from plain venue prices to forty digits; `random` gives [0, 1). */
export function decimalTexts(random) {
  const digits = (count) => {
    let text = ''
    while (text.length < count) text += String(Math.floor(random() * 1e9)).padStart(9, '0')
    return text.slice(0, count)
  }
  const upTo = (max) => Math.floor(random() * (max + 1))
  const shapes = [
    () => `${digits(1 + upTo(5))}.${digits(8)}`,
    () => `${digits(1 + upTo(5))}.${digits(1 + upTo(4))}`,
    () => `0.${'0'.repeat(upTo(7))}${digits(1 + upTo(7))}`,
    () => digits(1 + upTo(16)),
    () => `${digits(7 + upTo(6))}.${digits(8)}`,
    () => `${digits(1 + upTo(19))}.${digits(1 + upTo(19))}`,
    () => `${digits(1 + upTo(3))}.${digits(1 + upTo(36))}`,
    // Around the limits of exactness: 2^53 with the point at every place.
    () => withPoint(String(9007199254740992n + BigInt(upTo(64) - 32)), upTo(16)),
    // Half-way cases: odd multiples of a power of two, in decimal.
    () => halfWay(random, upTo),
  ]
  return () => shapes[Math.floor(random() * shapes.length)]()
}

function withPoint(digits, fractionDigits) {
  if (fractionDigits === 0) return digits
  const padded = digits.padStart(fractionDigits + 1, '0')
  return `${padded.slice(0, -fractionDigits)}.${padded.slice(-fractionDigits)}`
}

/** A number of 54 significant bits ending in 1: exactly between two doubles. */
function halfWay(random, upTo) {
  const bits =
    (1n << 53n) | (BigInt(Math.floor(random() * 2 ** 26)) << 27n) | BigInt(Math.floor(random() * 2 ** 26) * 2 + 1)
  const shift = upTo(26)
  const whole = bits >> BigInt(shift)
  const rest = bits & ((1n << BigInt(shift)) - 1n)
  if (shift === 0) return String(whole)
  // rest / 2^shift has exactly `shift` decimals.
  return `${whole}.${String(rest * 5n ** BigInt(shift)).padStart(shift, '0')}`
}

/**
 * Compares `count` texts, `readDecimal` against `Number`. Returns how many were compared, how many the
 * reader left to the JSON path, and the first difference.
 */
export function compareDecimals({ readDecimal, surprise, random, count }) {
  const next = decimalTexts(random)
  const bytes = new Uint8Array(256)
  const view = new DataView(bytes.buffer)
  const numbers = [0.5, 0.5]
  let left = 0
  for (let index = 0; index < count; index++) {
    const text = next()
    for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at)
    bytes[text.length] = 0x22
    const end = readDecimal(view, 0, numbers, 1)
    if (end === surprise) left += 1
    else if (end !== text.length + 1 || !Object.is(numbers[1], Number(text))) {
      return { compared: index, left, difference: { text, expected: Number(text), got: numbers[1], end } }
    }
  }
  return { compared: count, left, difference: null }
}
