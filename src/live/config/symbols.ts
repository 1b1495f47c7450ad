/**
 * Symbols: what may be one, and how it is written in a stream name.
 *
 * The venue acknowledges a subscription to an unknown or wrongly cased symbol and then sends nothing, so a
 * wrong one must be caught here. Names are not `[A-Z0-9]+`: futures list Chinese ones and `BTCUSDT_261225`.
 */
import { quote } from './suggest.js'

/** Letters, digits, marks and `_` of any script, but no lower-case ASCII. */
const SYMBOL_PATTERN = /^(?:(?![a-z])[\p{L}\p{M}\p{N}_])+$/u

/** The same for JSON Schema, in words that every regular expression language has; a little wider. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII
export const SYMBOL_PATTERN_PORTABLE: RegExp = /^(?:[A-Z0-9_]|[^\x00-\x7f])+$/

/** The longest listed one had 17 characters in October 2026; the bound only keeps nonsense out of addresses. */
export const SYMBOL_LENGTH_MAX = 64

/** Says what is wrong with a symbol and what was probably meant; `undefined` when it is well formed. */
export function symbolProblem(text: string): string | undefined {
  if (text === '') return 'a symbol must not be empty'
  if (text.length > SYMBOL_LENGTH_MAX)
    return `symbol ${quote(text)} has ${text.length} characters; at most ${SYMBOL_LENGTH_MAX} are allowed`
  if (SYMBOL_PATTERN.test(text)) return undefined
  const upper = upperCaseAscii(text)
  if (SYMBOL_PATTERN.test(upper)) return `symbol ${quote(text)} must be upper case; did you mean ${upper}?`
  // `BTC/USDT`, `btc-usdt`, ` BTCUSDT `: the spelling of another library or a stray blank.
  const bare = upper.replace(/@.*$/s, '').replace(/[\s/:.-]/g, '')
  const meant = bare !== '' && SYMBOL_PATTERN.test(bare) ? `; did you mean ${bare}?` : ''
  const strange = [...text].filter((character) => !SYMBOL_PATTERN.test(upperCaseAscii(character)))
  return `symbol ${quote(text)} holds ${listCharacters(strange)}, but only letters, digits and _ are allowed${meant}`
}

/**
 * Lower case of ASCII letters only, for stream names: `BTCUSDT_261225` becomes `btcusdt_261225`. All else must
 * pass unchanged: Unicode lower-casing would alter full-width letters, and the venue would not know the name.
 */
export function wireSymbol(symbol: string): string {
  return symbol.replace(/[A-Z]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) + 32))
}

function upperCaseAscii(text: string): string {
  return text.replace(/[a-z]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) - 32))
}

function listCharacters(characters: readonly string[]): string {
  const names = [...new Set(characters)].slice(0, 5).map((character) => {
    const code = character.codePointAt(0) ?? 0
    if (character === ' ') return 'a blank'
    const isVisible = code > 0x20 && !/[\p{C}\p{Z}]/u.test(character)
    return isVisible ? `'${character}'` : `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
  })
  return names.join(', ')
}
