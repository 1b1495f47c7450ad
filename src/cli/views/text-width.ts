/**
 * Text in columns of a terminal: how wide it is there, padded and cut to a width. Some symbols are written in wide
 * characters, and texts of the venue may hold anything, also what a terminal takes for a command. Pure.
 */

const ESCAPE = '\u001b'
/** Everything a terminal acts upon instead of showing it, the marks that turn the direction of a line included. */
const CONTROL = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu
/** Written on the character before: accents, joiners, variation selectors. */
const NO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}]$/u
/** First and last code point of the ranges that take two columns (East Asian wide and fullwidth, pictures). */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x231a, 0x231b],
  [0x23e9, 0x23f3],
  [0x25fd, 0x25fe],
  [0x2614, 0x2615],
  [0x2648, 0x2653],
  [0x26a1, 0x26a1],
  [0x2705, 0x2705],
  [0x274c, 0x274c],
  [0x2753, 0x2757],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x3fffd],
]

/** Text of others, with nothing in it that a terminal would act upon. */
export function plain(text: string): string {
  return text.replace(CONTROL, '·')
}

/** Columns that text takes; it must hold no colours. */
export function textWidth(text: string): number {
  let width = 0
  for (const character of text) width += characterWidth(character)
  return width
}

export function padTo(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)))
}

/** Cuts to `width` columns, leaving colour codes whole and ending them. */
export function cutTo(line: string, width: number): string {
  let columns = 0
  let index = 0
  let hasColour = false
  while (index < line.length) {
    if (line[index] === ESCAPE) {
      hasColour = true
      index = line.indexOf('m', index) + 1
      if (index === 0) return line
      continue
    }
    const character = String.fromCodePoint(line.codePointAt(index) ?? 0)
    columns += characterWidth(character)
    if (columns > width) return `${line.slice(0, index)}${hasColour ? `${ESCAPE}[0m` : ''}`
    index += character.length
  }
  return line
}

function characterWidth(character: string): number {
  const code = character.codePointAt(0) ?? 0
  // Nearly everything shown is plain Latin.
  if (code < 0x300) return 1
  if (NO_WIDTH.test(character)) return 0
  return code >= 0x1100 && WIDE.some(([first, last]) => code >= first && code <= last) ? 2 : 1
}
