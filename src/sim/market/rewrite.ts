/** Alters payload texts the way a venue may at any time: keys in another order, keys nobody has heard of. */
import type { Random } from '../../runtime/random.js'

export interface RewriteOptions {
  readonly shuffleKeys: boolean
  readonly addUnknownKeys: boolean
}

/** `null` when nothing is to be altered. */
export function payloadRewriter(options: RewriteOptions, random: Random): ((text: string) => string) | null {
  if (!options.shuffleKeys && !options.addUnknownKeys) return null
  return (text) => JSON.stringify(rewrite(JSON.parse(text) as unknown, options, random))
}

function rewrite(value: unknown, options: RewriteOptions, random: Random): unknown {
  if (Array.isArray(value)) {
    // Levels are arrays of text: nothing to alter, and most of a payload.
    return typeof value[0] === 'object' && !Array.isArray(value[0])
      ? value.map((item) => rewrite(item, options, random))
      : value
  }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, inner]) => [key, rewrite(inner, options, random)] as const)
  if (options.addUnknownKeys) entries.push(['zz', 'unknown'], ['zy', { nested: [1, '2', null] }])
  if (options.shuffleKeys) {
    for (let index = entries.length - 1; index > 0; index--) {
      const other = random.int(0, index)
      const moved = entries[index]!
      entries[index] = entries[other]!
      entries[other] = moved
    }
  }
  return Object.fromEntries(entries)
}
