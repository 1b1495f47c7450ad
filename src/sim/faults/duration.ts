/** Times as people write them in a fault plan: `250ms`, `5s`, `2m`, `1h`, or a number of milliseconds; ranges as `3s..20s`. */

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

export interface Range {
  readonly min: number
  readonly max: number
}

/** Milliseconds, or `null` when it is not a time. */
export function parseDuration(value: string | number): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  const match = /^(-?\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(value.trim())
  return match === null ? null : Number(match[1]) * UNIT_MS[match[2]!]!
}

/** `3s..20s`, or one time as a range of itself. */
export function parseDurationRange(value: string | number): Range | null {
  return parseRange(value, parseDuration)
}

/** `1..25`, or one whole number. */
export function parseCountRange(value: string | number): Range | null {
  return parseRange(value, (part) => {
    const count = Number(part)
    return Number.isInteger(count) && count >= 0 && String(part).trim() !== '' ? count : null
  })
}

function parseRange(value: string | number, parse: (part: string | number) => number | null): Range | null {
  if (typeof value === 'number') {
    const one = parse(value)
    return one === null ? null : { min: one, max: one }
  }
  const parts = value.split('..')
  if (parts.length > 2) return null
  const min = parse(parts[0]!)
  const max = parts.length === 1 ? min : parse(parts[1]!)
  return min === null || max === null || max < min ? null : { min, max }
}
