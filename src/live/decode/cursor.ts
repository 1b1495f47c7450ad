/**
 * Reads one frame field by field, in the order the venue writes them, straight from the bytes.
 *
 * It accepts only compact JSON in exactly the expected order (plus unknown simple members at the end), and
 * only what `JSON.parse` would accept as well with the same values; everything else is a surprise, answered
 * with `false`, and the caller takes the JSON path. Structure is checked by reading it: each key is compared
 * before its value is read. So the order of keys is a hint for speed and never an assumption.
 *
 * Values go into `numbers`, a packed array of doubles that is reused for every frame; a caller copies out
 * what it needs before it publishes. Nothing of a frame is kept.
 */
import { Literal } from './literal.js'
import { readDecimal, readInteger, readSignedDecimal, SURPRISE } from './numbers.js'

/**
 * Readable bytes wanted behind a frame. A key is only looked for before the end of the frame, and no value
 * reader looks further than 56 bytes, so with this margin no read leaves the buffer. A frame too close to
 * the end of its buffer is copied.
 */
const MARGIN_BYTES = 64

const COLON_QUOTE = 0x223a
const COLON = 0x3a
const COMMA = 0x2c
const QUOTE = 0x22
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const CLOSE_BRACE = 0x7d
const BACKSLASH = 0x5c
const OPEN_LEVEL = 0x225b
const BETWEEN = 0x2c22
const TRUE_WORD = 0x65757274
const FALSE_WORD = 0x736c6166
const NULL_WORD = 0x6c6c756e
const LETTER_E = 0x65

/** Scalars live below, levels from here on. */
export const LEVELS_FROM = 32
const INITIAL_SLOTS = LEVELS_FROM + 4 * 1024

/** Keys of two and more letters that some handler reads: met among the unknown members they mean a duplicate or another order. */
const LONG_KEYS: ReadonlySet<string> = new Set(['pu', 'ap', 'bids', 'asks', 'lastUpdateId'])
const LONG_KEY_INITIALS: Uint8Array = new Uint8Array(256)
for (const key of LONG_KEYS) LONG_KEY_INITIALS[key.charCodeAt(0)] = 1

const UNKNOWN_MEMBERS_MAX = 32

/** 1 says that the contract is a USD-M one; on futures since June 2026. No handler reads it. */
const CONTRACT_TYPE_END = new Literal(',"st":1}')

export class FrameCursor {
  /** The whole buffer that holds the frame: not the array that was handed in. Valid until the next `open`. */
  bytes: Uint8Array
  view: DataView
  /** Position in `bytes`, and the end of the frame there. */
  pos = 0
  end = 0
  /** See `LEVELS_FROM`. */
  readonly numbers: number[] = []

  #source: Uint8Array
  #sourceBytes: Uint8Array
  #sourceView: DataView
  #scratchBytes: Uint8Array = new Uint8Array(4096)
  #scratchView: DataView = new DataView(this.#scratchBytes.buffer)

  constructor() {
    // Starting with a fraction makes the array one of doubles for good.
    for (let slot = 0; slot < INITIAL_SLOTS; slot++) this.numbers.push(0.5)
    this.#source = this.#scratchBytes
    this.#sourceBytes = this.#scratchBytes
    this.#sourceView = this.#scratchView
    this.bytes = this.#scratchBytes
    this.view = this.#scratchView
  }

  /** Starts on `source[start … end)`. */
  open(source: Uint8Array, start: number, end: number): void {
    if (source !== this.#source) this.#attach(source)
    const offset = source.byteOffset
    if (offset + end + MARGIN_BYTES > this.#sourceBytes.length) {
      this.#copy(source, start, end)
      return
    }
    this.bytes = this.#sourceBytes
    this.view = this.#sourceView
    this.pos = offset + start
    this.end = offset + end
  }

  /** One view per buffer, not per frame: frames of one socket read share their buffer. */
  #attach(source: Uint8Array): void {
    this.#source = source
    const buffer = source.buffer
    if (this.#sourceBytes.buffer === buffer) return
    this.#sourceBytes =
      source.byteOffset === 0 && source.byteLength === buffer.byteLength ? source : new Uint8Array(buffer)
    this.#sourceView = new DataView(buffer)
  }

  #copy(source: Uint8Array, start: number, end: number): void {
    const length = end - start
    if (this.#scratchBytes.length < length + MARGIN_BYTES) {
      this.#scratchBytes = new Uint8Array(2 * length + MARGIN_BYTES)
      this.#scratchView = new DataView(this.#scratchBytes.buffer)
    }
    this.#scratchBytes.set(source.subarray(start, end))
    this.bytes = this.#scratchBytes
    this.view = this.#scratchView
    this.pos = 0
    this.end = length
  }

  literal(literal: Literal): boolean {
    const pos = this.pos
    if (pos + literal.length > this.end || !literal.isAt(this.view, pos)) return false
    this.pos = pos + literal.length
    return true
  }

  /** `,"k":` and an unsigned integer. */
  integer(key: number, slot: number): boolean {
    const pos = this.pos
    const view = this.view
    if (pos >= this.end || view.getInt32(pos, true) !== key || view.getUint8(pos + 4) !== COLON) return false
    const next = readInteger(view, pos + 5, this.numbers, slot)
    if (next === SURPRISE) return false
    this.pos = next
    return true
  }

  /** An unsigned integer after a key that was read as a literal. */
  integerHere(slot: number): boolean {
    if (this.pos >= this.end) return false
    const next = readInteger(this.view, this.pos, this.numbers, slot)
    if (next === SURPRISE) return false
    this.pos = next
    return true
  }

  /** `,"k":"` and an unsigned decimal with its closing quote. */
  decimal(key: number, slot: number): boolean {
    const pos = this.pos
    const view = this.view
    if (pos >= this.end || view.getInt32(pos, true) !== key || view.getUint16(pos + 4, true) !== COLON_QUOTE)
      return false
    const next = readDecimal(view, pos + 6, this.numbers, slot)
    if (next === SURPRISE) return false
    this.pos = next
    return true
  }

  /** An unsigned decimal after a key and opening quote that were read as a literal. */
  decimalHere(slot: number): boolean {
    if (this.pos >= this.end) return false
    const next = readDecimal(this.view, this.pos, this.numbers, slot)
    if (next === SURPRISE) return false
    this.pos = next
    return true
  }

  /** As `decimal`, with an optional minus. */
  signedDecimal(key: number, slot: number): boolean {
    const pos = this.pos
    const view = this.view
    if (pos >= this.end || view.getInt32(pos, true) !== key || view.getUint16(pos + 4, true) !== COLON_QUOTE)
      return false
    const next = readSignedDecimal(view, pos + 6, this.numbers, slot)
    if (next === SURPRISE) return false
    this.pos = next
    return true
  }

  /** `,"k":true` as 1, `,"k":false` as 0. */
  flag(key: number, slot: number): boolean {
    const pos = this.pos
    const view = this.view
    if (pos >= this.end || view.getInt32(pos, true) !== key || view.getUint8(pos + 4) !== COLON) return false
    const word = view.getInt32(pos + 5, true)
    if (word === TRUE_WORD) {
      this.numbers[slot] = 1
      this.pos = pos + 9
      return true
    }
    if (word === FALSE_WORD && view.getUint8(pos + 9) === LETTER_E) {
      this.numbers[slot] = 0
      this.pos = pos + 10
      return true
    }
    return false
  }

  /** Whether the next member has this key; the position stays. */
  isNext(key: number): boolean {
    return this.pos < this.end && this.view.getInt32(this.pos, true) === key
  }

  /** Steps over `,"k":` and any simple value whose content nobody reads. */
  skip(key: number): boolean {
    const pos = this.pos
    if (pos >= this.end || this.view.getInt32(pos, true) !== key || this.view.getUint8(pos + 4) !== COLON) return false
    const next = this.#skipValue(pos + 5)
    if (next === SURPRISE) return false
    this.pos = next
    return true
  }

  /** Steps over `,"k":"` and a plain text whose content nobody reads. */
  skipText(key: number): boolean {
    const pos = this.pos
    if (pos >= this.end || this.view.getInt32(pos, true) !== key || this.view.getUint8(pos + 4) !== COLON) return false
    const next = this.#skipText(pos + 5)
    if (next === SURPRISE) return false
    this.pos = next
    return true
  }

  /** Steps over `:"` and a plain text after a key that was read as a literal without its colon. */
  skipTextHere(): boolean {
    const pos = this.pos
    if (pos >= this.end || this.view.getUint8(pos) !== COLON) return false
    const next = this.#skipText(pos + 1)
    if (next === SURPRISE) return false
    this.pos = next
    return true
  }

  /**
   * `[["price","qty"],…]`, appended to `numbers` from slot `at`; returns how many levels, or `SURPRISE`.
   * The position is at the opening bracket.
   */
  levels(at: number): number {
    const view = this.view
    const numbers = this.numbers
    const end = this.end
    let pos = this.pos
    if (pos + 1 >= end || view.getUint8(pos) !== OPEN_BRACKET) return SURPRISE
    if (view.getUint8(pos + 1) === CLOSE_BRACKET) {
      this.pos = pos + 2
      return 0
    }
    let slot = at
    for (;;) {
      pos += 1
      if (pos >= end || view.getUint16(pos, true) !== OPEN_LEVEL) return SURPRISE
      if (slot + 2 > numbers.length) numbers.push(0.5, 0.5)
      pos = readDecimal(view, pos + 2, numbers, slot)
      if (
        pos === SURPRISE ||
        pos >= end ||
        view.getUint16(pos - 1, true) !== BETWEEN ||
        view.getUint8(pos + 1) !== QUOTE
      ) {
        return SURPRISE
      }
      pos = readDecimal(view, pos + 2, numbers, slot + 1)
      if (pos === SURPRISE || pos >= end || view.getUint8(pos) !== CLOSE_BRACKET) return SURPRISE
      slot += 2
      pos += 1
      const after = view.getUint8(pos)
      if (after === COMMA) continue
      if (after !== CLOSE_BRACKET) return SURPRISE
      this.pos = pos + 1
      return (slot - at) >>> 1
    }
  }

  /** A copy of the levels read, as one flat array that a message may own. */
  copyLevels(levelCount: number): number[] {
    return this.numbers.slice(LEVELS_FROM, LEVELS_FROM + 2 * levelCount)
  }

  /**
   * Steps over unknown simple members up to and including the brace that closes the current object.
   * `known` are the one-letter keys read before.
   */
  close(known: Uint8Array): boolean {
    let pos = this.pos
    const view = this.view
    for (let count = 0; count < UNKNOWN_MEMBERS_MAX; count++) {
      if (pos >= this.end) return false
      const byte = view.getUint8(pos)
      if (byte === CLOSE_BRACE) {
        this.pos = pos + 1
        return true
      }
      if (byte !== COMMA) return false
      pos = this.#skipUnknownKey(pos + 1, known)
      if (pos === SURPRISE) return false
      pos = this.#skipValue(pos)
      if (pos === SURPRISE) return false
    }
    return false
  }

  /** As `close`, and the frame must end there. */
  closeLast(known: Uint8Array): boolean {
    // The usual cases first: nothing unknown, or only what futures add at the end of almost everything.
    const left = this.end - this.pos
    if (left === 1) return this.view.getUint8(this.pos) === CLOSE_BRACE
    if (left === CONTRACT_TYPE_END.length && CONTRACT_TYPE_END.isAt(this.view, this.pos)) return true
    return this.close(known) && this.pos === this.end
  }

  /** `"key":` of a member nobody reads; position after the colon. */
  #skipUnknownKey(from: number, known: Uint8Array): number {
    const to = this.#skipText(from)
    if (to === SURPRISE || to >= this.end || this.view.getUint8(to) !== COLON) return SURPRISE
    const length = to - from - 2
    const initial = this.view.getUint8(from + 1)
    if (length === 1) {
      if (known[initial] === 1) return SURPRISE
    } else if (length > 1 && LONG_KEY_INITIALS[initial] === 1 && LONG_KEYS.has(this.#ascii(from + 1, to - 1))) {
      return SURPRISE
    }
    return to + 1
  }

  /** A text of printable ASCII without escapes, `true`, `false`, `null`, or a plain integer. */
  #skipValue(from: number): number {
    if (from >= this.end) return SURPRISE
    const view = this.view
    const byte = view.getUint8(from)
    if (byte === QUOTE) return this.#skipText(from)
    const word = view.getInt32(from, true)
    if (word === TRUE_WORD || word === NULL_WORD) return from + 4
    if (word === FALSE_WORD && view.getUint8(from + 4) === LETTER_E) return from + 5
    const digits = byte === 0x2d ? from + 1 : from
    let pos = digits
    while (pos < this.end && (view.getUint8(pos) ^ 0x30) < 10) pos++
    const length = pos - digits
    // JSON has no leading zeros and no bare minus; a fraction or exponent fails at the next comma.
    return length === 0 || (length > 1 && view.getUint8(digits) === 0x30) ? SURPRISE : pos
  }

  /** A text without escapes: printable ASCII, or well-formed UTF-8 (symbols beyond ASCII are listed). */
  #skipText(from: number): number {
    const view = this.view
    if (from >= this.end || view.getUint8(from) !== QUOTE) return SURPRISE
    for (let pos = from + 1; pos < this.end; pos++) {
      const byte = view.getUint8(pos)
      if (byte === QUOTE) return pos + 1
      if (byte < 0x20 || byte === BACKSLASH) return SURPRISE
      if (byte >= 0x80) {
        const length = utf8Length(view, pos)
        if (length === 0) return SURPRISE
        pos += length - 1
      }
    }
    return SURPRISE
  }

  #ascii(from: number, to: number): string {
    let text = ''
    for (let pos = from; pos < to; pos++) text += String.fromCharCode(this.view.getUint8(pos))
    return text
  }
}

/** Bytes of the well-formed UTF-8 character at `pos`, which is not ASCII; 0 when it is none. RFC 3629, section 4. */
function utf8Length(view: DataView, pos: number): number {
  const first = view.getUint8(pos)
  const second = view.getUint8(pos + 1)
  if (first >= 0xc2 && first <= 0xdf) return isContinuation(second) ? 2 : 0
  if (first >= 0xe0 && first <= 0xef) {
    // Neither overlong nor a surrogate.
    const secondMin = first === 0xe0 ? 0xa0 : 0x80
    const secondMax = first === 0xed ? 0x9f : 0xbf
    return second >= secondMin && second <= secondMax && isContinuation(view.getUint8(pos + 2)) ? 3 : 0
  }
  if (first >= 0xf0 && first <= 0xf4) {
    // Neither overlong nor beyond U+10FFFF.
    const secondMin = first === 0xf0 ? 0x90 : 0x80
    const secondMax = first === 0xf4 ? 0x8f : 0xbf
    const isWellFormed =
      second >= secondMin &&
      second <= secondMax &&
      isContinuation(view.getUint8(pos + 2)) &&
      isContinuation(view.getUint8(pos + 3))
    return isWellFormed ? 4 : 0
  }
  return 0
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80
}
