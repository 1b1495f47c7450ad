/**
 * The slow, general way to read a frame: text, `JSON.parse`, field by field with a reason when something is
 * wrong. It decides whatever the byte cursor does not recognize, so between them they must agree on every
 * value: `test/live/handlers/differential.test.ts` holds them to it.
 */
import { decimalOf } from './numbers.js'

export type JsonObject = Readonly<Record<string, unknown>>

/** `fatal`: invalid UTF-8 is no text. `ignoreBOM`: a byte order mark stays and fails in `JSON.parse`. */
const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const LENIENT_DECODER = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })

const EXCERPT_CHARACTERS_MAX = 200
const SHOWN_VALUE_CHARACTERS_MAX = 60

/** The value, or the reason why there is none. */
export type JsonResult =
  | { readonly isJson: true; readonly value: unknown }
  | { readonly isJson: false; readonly problem: string; readonly cause: unknown }

/** Never throws. */
export function parseJson(bytes: Uint8Array, start: number, end: number): JsonResult {
  let text: string
  try {
    text = DECODER.decode(bytes.subarray(start, end))
  } catch (cause) {
    return { isJson: false, problem: 'not valid UTF-8', cause }
  }
  try {
    return { isJson: true, value: JSON.parse(text) }
  } catch (cause) {
    return { isJson: false, problem: 'not valid JSON', cause }
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The first bytes for people, at most 200 characters; unreadable bytes become replacement characters. */
export function excerptOf(bytes: Uint8Array, start: number, end: number): string {
  // A character takes at most four bytes, so this much always suffices.
  return LENIENT_DECODER.decode(bytes.subarray(start, Math.min(end, start + 4 * EXCERPT_CHARACTERS_MAX))).slice(
    0,
    EXCERPT_CHARACTERS_MAX,
  )
}

/** A value for an error message, shortened. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : typeof value === 'number' ? String(value) : JSON.stringify(value)
  return text.length <= SHOWN_VALUE_CHARACTERS_MAX ? text : `${text.slice(0, SHOWN_VALUE_CHARACTERS_MAX)}…`
}

/**
 * Typed reads from one parsed object. The first thing wrong is kept in `problem` and the reads go on, so
 * that a caller asks once at the end.
 */
export class JsonFields {
  problem = ''
  #object: JsonObject = {}
  #path = ''

  constructor(object: JsonObject) {
    this.#object = object
  }

  /** Moves on to the object under `key`; reads after this call are from there. */
  enter(key: string): void {
    const inner = this.#object[key]
    if (!isJsonObject(inner)) this.#report(key, 'an object', inner)
    this.#object = isJsonObject(inner) ? inner : {}
    this.#path = `${this.#path}${key}.`
  }

  /** Required decimal, NaN when it is not there. */
  decimal(key: string): number {
    const number = decimalOf(this.#object[key])
    if (number === undefined || Number.isNaN(number)) this.#report(key, 'a decimal', this.#object[key])
    return number ?? Number.NaN
  }

  /** NaN when absent: missing, null or empty text. */
  optionalDecimal(key: string): number {
    const number = decimalOf(this.#object[key])
    if (number === undefined) this.#report(key, 'a decimal', this.#object[key])
    return number ?? Number.NaN
  }

  /** Required integer that a double holds exactly; NaN when it is not there. */
  integer(key: string): number {
    const value = this.#object[key]
    if (Number.isSafeInteger(value)) return (value as number) + 0 // Also turns -0 into 0.
    this.#report(key, 'an integer of at most 2^53 - 1', value)
    return Number.NaN
  }

  /** NaN when absent: missing or null. */
  optionalInteger(key: string): number {
    const value = this.#object[key]
    return value === undefined || value === null ? Number.NaN : this.integer(key)
  }

  /** True as 1, false as 0. */
  flag(key: string): number {
    const value = this.#object[key]
    if (typeof value !== 'boolean') this.#report(key, 'true or false', value)
    return value === true ? 1 : 0
  }

  text(key: string): string {
    const value = this.#object[key]
    if (typeof value !== 'string') this.#report(key, 'a text', value)
    return typeof value === 'string' ? value : ''
  }

  optionalText(key: string): string | undefined {
    return this.#object[key] === undefined ? undefined : this.text(key)
  }

  /** The text under `key` must be exactly this. */
  expect(key: string, expected: string): void {
    const value = this.#object[key]
    if (value !== expected) this.#report(key, JSON.stringify(expected), value)
  }

  expectIfPresent(key: string, expected: string): void {
    if (this.#object[key] !== undefined) this.expect(key, expected)
  }

  /** `[[price, qty], …]` into `numbers` from slot `at`; returns how many levels. */
  levels(key: string, numbers: number[], at: number): number {
    const rows = this.#object[key]
    if (!Array.isArray(rows)) {
      this.#report(key, 'an array of levels', rows)
      return 0
    }
    let slot = at
    for (const row of rows as readonly unknown[]) {
      const price = Array.isArray(row) ? decimalOf(row[0]) : undefined
      const qty = Array.isArray(row) ? decimalOf(row[1]) : undefined
      if (price === undefined || qty === undefined || !(price >= 0) || !(qty >= 0)) {
        this.#report(key, 'levels of price and qty, neither negative', row)
        return 0
      }
      if (slot + 2 > numbers.length) numbers.push(0.5, 0.5)
      numbers[slot] = price
      numbers[slot + 1] = qty
      slot += 2
    }
    return rows.length
  }

  #report(key: string, expected: string, value: unknown): void {
    if (this.problem === '') this.problem = `${this.#path}${key}: expected ${expected}, got ${shown(value)}`
  }
}
