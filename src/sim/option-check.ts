/**
 * Checks the options of a venue before anything is opened. A misspelled option is refused: a test would run on another
 * market than its author believes, and pass.
 */
import { SimOptionError } from './errors.js'
import { MARKET_PRESETS } from './market/presets.js'
import { resolveLimits } from './server/limits.js'
import type { SimVenueOptions } from './sim-venue.js'

/** What is wrong with a value, or `undefined`. */
type Check = (value: unknown) => string | undefined

const anything: Check = () => undefined
const truth: Check = (value) => (typeof value === 'boolean' ? undefined : 'is not true or false')
const text: Check = (value) => (typeof value === 'string' && value !== '' ? undefined : 'is not a text')
const oneOf =
  (...allowed: readonly string[]): Check =>
  (value) =>
    allowed.includes(value as string) ? undefined : `is not one of ${allowed.join(', ')}`
const whole =
  (min: number, max: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
      ? undefined
      : `is not a whole number from ${min} to ${max}`
const port = whole(0, 65_535)
const finite: Check = (value) => (Number.isFinite(value) ? undefined : 'is not a number')
const atEnd = oneOf('hold', 'close', 'loop')

/** By name, so that the compiler misses none. */
const CHECKS: Readonly<Record<keyof SimVenueOptions, Check>> = {
  port,
  host: text,
  listen: truth,
  futuresPort: port,
  // Whether `max` is possible here is known when the plan is read: a scenario brings its own capture.
  speed: (value) =>
    value === 'max' || (Number.isFinite(value) && (value as number) > 0)
      ? undefined
      : 'is not a factor above 0, nor max',
  clock: anything,
  startWallMs: finite,
  faults: anything,
  limits: limitsProblem,
  from: anything,
  atEnd,
  source: anything,
  tls: anything,
  oracle: anything,
  oracleFile: text,
  control: (value) => (typeof value === 'boolean' ? undefined : port(value)),
  errorShape: oneOf('nested', 'flat', 'mixed'),
  errorWithoutId: truth,
  routes: oneOf('strict', 'legacy'),
  legacyV1: truth,
  lateAckChance: (value) =>
    (value as number) >= 0 && (value as number) <= 1 ? undefined : 'is not a share from 0 to 1',
  symbols: symbolsProblem,
  market: oneOf('spot', 'futures', 'both'),
  seed: whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  preset: oneOf(...Object.keys(MARKET_PRESETS)),
  flow: (value) => unknownNames(value, Object.keys(MARKET_PRESETS.normal)),
  warmupBars: whole(0, 1_000_000),
  extras: truth,
  shuffleKeys: truth,
  addUnknownKeys: truth,
}

const SYMBOL_FIELDS = [
  'symbol',
  'markets',
  'price',
  'tickSize',
  'stepSize',
  'activity',
  'volatility',
  'status',
  'emptySidesPerHour',
  'fundingIntervalHours',
  'isExtra',
] as const

/** Throws `SimOptionError` naming every problem. What only the market can judge (a symbol's numbers) it judges itself. */
export function checkOptions(options: SimVenueOptions): void {
  if (typeof options !== 'object' || options === null)
    throw new SimOptionError([`options: ${shown(options)} is no object`])
  const issues: string[] = []
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue
    if (!Object.hasOwn(CHECKS, name)) {
      issues.push(`${name}: there is no such option; there are ${Object.keys(CHECKS).join(', ')}`)
      continue
    }
    const problem = CHECKS[name as keyof SimVenueOptions](value)
    if (problem !== undefined) issues.push(`${name}: ${shown(value)} ${problem}`)
  }
  const { futuresPort, market = 'both' } = options
  if (futuresPort !== undefined && market !== 'both') issues.push(`futuresPort: needs market both, not ${market}`)
  if (issues.length > 0) throw new SimOptionError(issues)
}

function symbolsProblem(value: unknown): string | undefined {
  if (!Array.isArray(value)) return 'is not a list of symbols'
  for (const input of value as readonly unknown[]) {
    if (typeof input === 'string') continue
    if (typeof input !== 'object' || input === null) return `holds ${shown(input)}, which is no symbol`
    const problem = unknownNames(input, SYMBOL_FIELDS)
    if (problem !== undefined) return problem
  }
  return undefined
}

function limitsProblem(value: unknown): string | undefined {
  const known = resolveLimits()
  const problem = unknownNames(value, [...Object.keys(known), 'strict'])
  if (problem !== undefined) return problem
  for (const market of ['spot', 'futures'] as const) {
    const part = (value as Readonly<Record<string, unknown>>)[market]
    const inner = part === undefined ? undefined : unknownNames(part, Object.keys(known[market]))
    if (inner !== undefined) return `${inner} (in ${market})`
  }
  return undefined
}

function unknownNames(value: unknown, known: readonly string[]): string | undefined {
  if (typeof value !== 'object' || value === null) return 'is no object'
  const unknown = Object.keys(value).find((name) => !known.includes(name))
  return unknown === undefined ? undefined : `has "${unknown}", which does not exist; there are ${known.join(', ')}`
}

function shown(value: unknown): string {
  const json = typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? typeof value)
  return json.length > 60 ? `${json.slice(0, 60)}…` : json
}
