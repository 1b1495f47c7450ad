/** Byte patterns prepared for comparison four bytes at a time. */

const ENCODER = new TextEncoder()

/** A fixed piece of a frame, e.g. `{"e":"trade"` or `,"s":"BTCUSDT"`; at least four bytes. */
export class Literal {
  readonly length: number
  /** Whole words from the front; the last word overlaps and is kept apart. */
  readonly words: Int32Array
  readonly lastWord: number

  constructor(text: string) {
    const bytes = ENCODER.encode(text)
    if (bytes.length < 4) throw new RangeError(`a literal needs at least four bytes, got ${JSON.stringify(text)}`)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.length = bytes.length
    this.words = new Int32Array(Math.ceil(bytes.length / 4) - 1)
    for (let index = 0; index < this.words.length; index++) this.words[index] = view.getInt32(4 * index, true)
    this.lastWord = view.getInt32(bytes.length - 4, true)
  }

  /** Whether `view` holds this text at `pos`. Reads nothing beyond `pos + length`. */
  isAt(view: DataView, pos: number): boolean {
    const words = this.words
    for (let index = 0; index < words.length; index++) {
      if (view.getInt32(pos + 4 * index, true) !== words[index]) return false
    }
    return view.getInt32(pos + this.length - 4, true) === this.lastWord
  }
}

/**
 * A comma (or the opening brace) and a key of one letter as one word: the four bytes `,"p"`. Every field
 * the handlers need on the fast path except `pu` and `ap` has such a key.
 */
export function keyWord(letter: string, before: ',' | '{' = ','): number {
  const text = `${before}"${letter}"`
  return text.charCodeAt(0) | (text.charCodeAt(1) << 8) | (text.charCodeAt(2) << 16) | (text.charCodeAt(3) << 24)
}

/**
 * The letters of the keys a decoder reads, as a set. A letter met again behind the fields read would be a
 * duplicate key, of which JSON keeps the last: the fast path must not decide that.
 */
export function letterSet(letters: string): Uint8Array {
  const set = new Uint8Array(256)
  for (let index = 0; index < letters.length; index++) set[letters.charCodeAt(index)] = 1
  return set
}
