/**
 * Where JSON text stops being JSON. `JSON.parse` of Node 20 to 24 names the place of some mistakes only, and
 * a comment or a bare word is not among them.
 */

/** Offset of the first character that cannot be there; `undefined` for valid JSON. */
export function jsonFaultOffset(text: string): number | undefined {
  const reader = new Reader(text)
  reader.skipBlanks()
  if (!reader.value()) return reader.offset
  reader.skipBlanks()
  return reader.offset === text.length ? undefined : reader.offset
}

const BLANKS = /[ \t\n\r]*/y
const LITERAL = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids exactly these inside strings
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y

/** Each method reads one thing and says whether it was there; at a fault `offset` stays on it. */
class Reader {
  readonly #text: string
  offset = 0

  constructor(text: string) {
    this.#text = text
  }

  value(): boolean {
    if (this.#text[this.offset] === '{') return this.#list('}', () => this.#member())
    if (this.#text[this.offset] === '[') return this.#list(']', () => this.value())
    return this.#match(STRING) || this.#match(LITERAL)
  }

  skipBlanks(): void {
    this.#match(BLANKS)
  }

  #list(end: string, element: () => boolean): boolean {
    this.offset++
    this.skipBlanks()
    if (this.#skip(end)) return true
    for (;;) {
      if (!element()) return false
      this.skipBlanks()
      if (this.#skip(end)) return true
      if (!this.#skip(',')) return false
      this.skipBlanks()
    }
  }

  #member(): boolean {
    if (!this.#match(STRING)) return false
    this.skipBlanks()
    if (!this.#skip(':')) return false
    this.skipBlanks()
    return this.value()
  }

  #skip(character: string): boolean {
    if (this.#text[this.offset] !== character) return false
    this.offset++
    return true
  }

  #match(pattern: RegExp): boolean {
    pattern.lastIndex = this.offset
    if (!pattern.test(this.#text)) return false
    this.offset = pattern.lastIndex
    return true
  }
}
