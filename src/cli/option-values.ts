/** Reading option values: durations, addresses, lists, numbers. Each refuses with a sentence that says what is allowed. */
import { InvalidArgumentError } from 'commander'
import { symbolProblem } from '../live/index.js'

const MS_PER_UNIT = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `500ms`, `20s`, `5m`, `1.5h`, `2d` → milliseconds. A bare number is refused: its unit would be a guess. */
export function parseDurationMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim())
  if (match === null) {
    throw new InvalidArgumentError(`"${text}" is not a duration; write a number and a unit, e.g. 500ms, 20s, 5m, 1h.`)
  }
  return Number(match[1]) * MS_PER_UNIT[match[2] as keyof typeof MS_PER_UNIT]
}

export interface HostPort {
  readonly host: string
  readonly port: number
}

/** `127.0.0.1:9464`, `[::1]:9464`, `:9464` or `9464` (loopback). Port 0 takes a free one. */
export function parseHostPort(text: string): HostPort {
  const match = /^(?:(?:\[([^\]]+)\]|([^:]*)):)?(\d{1,5})$/.exec(text.trim())
  const port = Number(match?.[3])
  if (match === null || port > 65_535) {
    throw new InvalidArgumentError(`"${text}" is not an address; write HOST:PORT, e.g. 127.0.0.1:9464.`)
  }
  return { host: match[1] ?? (match[2] || '127.0.0.1'), port }
}

export function parseList(text: string): string[] {
  const items = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
  if (items.length === 0) throw new InvalidArgumentError('the list is empty.')
  return items
}

/** Symbols of a simulated venue: checked like those of a configuration, each once. */
export function parseSymbols(text: string): string[] {
  const symbols = [...new Set(parseList(text))]
  const problems = symbols.map(symbolProblem).filter((problem) => problem !== undefined)
  if (problems.length > 0) throw new InvalidArgumentError(problems.join('; ').replace(/[^?]$/, '$&.'))
  return symbols
}

export function parsePort(text: string): number {
  return parseWhole(text, 0, 65_535)
}

/** One or more, up to what anybody could mean. */
export function parseCount(text: string): number {
  return parseWhole(text, 1, 10_000)
}

export function parseSeed(text: string): number {
  return parseWhole(text, 0, Number.MAX_SAFE_INTEGER)
}

/** A positive factor, or `max`: as fast as the consumer takes it. */
export function parseSpeed(text: string): number | 'max' {
  if (text === 'max') return 'max'
  const speed = Number(text)
  if (!Number.isFinite(speed) || speed <= 0) {
    throw new InvalidArgumentError(`"${text}" is not a speed; write a positive factor such as 1 or 10, or max.`)
  }
  return speed
}

function parseWhole(text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max)) {
    throw new InvalidArgumentError(`"${text}" is not a whole number from ${min} to ${max}.`)
  }
  return value
}
