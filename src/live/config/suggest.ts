/** Text helpers of error messages: how a bad value is shown, and what was probably meant by it. */

const SHOWN_LENGTH_MAX = 60

/** The text in double quotes, control characters escaped, cut when long. */
export function quote(text: string): string {
  const cut = text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}…` : text
  return JSON.stringify(cut)
}

/** A value of any kind as a user would recognise it. */
export function showValue(value: unknown): string {
  if (typeof value === 'string') return quote(value)
  if (value === undefined) return 'nothing'
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  try {
    const text = JSON.stringify(value) ?? 'an object'
    return text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}…` : text
  } catch {
    return 'an object'
  }
}

/** The candidate nearest to `text`, when near enough to be meant. Case counts little, word order not at all. */
export function nearest(text: string, candidates: readonly string[]): string | undefined {
  const same = sameWords(text, candidates)
  if (same !== undefined) return same
  const plain = flat(text)
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(plain.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(plain, flat(candidate))
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best ?? candidates.find((candidate) => holdsWords(candidate, text))
}

/** The candidate of the same words, whatever their order, case and unit. */
export function sameWords(text: string, candidates: readonly string[]): string | undefined {
  const key = wordKey(text)
  return key === '' ? undefined : candidates.find((candidate) => wordKey(candidate) === key)
}

/** `kline_interval` for `defaultKlineInterval`; a single word would fit too many names. */
function holdsWords(candidate: string, text: string): boolean {
  const wanted = words(text).filter((word) => !UNIT_WORDS.has(word))
  const held = new Set(words(candidate))
  return wanted.length > 1 && wanted.every((word) => held.has(word))
}

/** `. Did you mean X?`, or nothing. */
export function didYouMean(text: string, candidates: readonly string[]): string {
  const meant = nearest(text, candidates)
  return meant === undefined ? '' : `. Did you mean ${meant}?`
}

const UNIT_WORDS: ReadonlySet<string> = new Set(['s', 'ms', 'sec', 'secs', 'second', 'seconds', 'millis'])

/** Words of a snake_case, kebab-case or camelCase name, in lower case. */
export function words(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[\s_\-.]+/)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase())
}

/** Whether a name says that its value is in seconds: `staleness_threshold_s`, `pingIntervalSec`. */
export function isInSeconds(name: string): boolean {
  const last = words(name).at(-1)
  return last !== undefined && last !== 'ms' && last !== 'millis' && UNIT_WORDS.has(last)
}

/** Number of insertions, deletions, replacements and swaps of neighbours between two texts. */
export function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)]
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    const above = rows[row - 1]!
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1]
      let cost = Math.min(above[column]! + 1, current[column - 1]! + 1, above[column - 1]! + (isSame ? 0 : 1))
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      if (isSwap) cost = Math.min(cost, rows[row - 2]![column - 2]! + 1)
      current.push(cost)
    }
    rows.push(current)
  }
  return rows[a.length]![b.length]!
}

/** `max_reconnect_delay_s` and `reconnectDelayMsMax` have the same key: units and order say nothing. */
function wordKey(name: string): string {
  return words(name)
    .filter((word) => !UNIT_WORDS.has(word))
    .sort()
    .join(' ')
}

function flat(name: string): string {
  return name.replace(/[\s_\-.]/g, '').toLowerCase()
}
