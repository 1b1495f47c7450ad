/**
 * A fault plan: what goes wrong, when, and for whom. Owns its shape and its checks; running it is
 * `fault-engine.ts`. Written as YAML or JSON, or one of the built-in names.
 *
 * A wrong plan throws `FaultPlanError` with one line per problem, naming the field and what is allowed.
 */
import { existsSync, readFileSync } from 'node:fs'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import type { MarketKind } from '../../types/venue.js'
import { FaultPlanError } from '../errors.js'
import { parseCountRange, parseDuration, parseDurationRange, type Range } from './duration.js'
import { BUILT_IN_PLANS } from './presets.js'

export { FaultPlanError } from '../errors.js'

/** Fault kinds this venue can produce. */
export type FaultName =
  | 'reset'
  | 'close'
  | 'halfOpen'
  | 'silentAll'
  | 'silentStream'
  | 'ackSilent'
  | 'connectFail'
  | 'httpStatus'
  | 'slowHandshake'
  | 'slowLink'
  | 'framing'
  | 'duplicate'
  | 'reorder'
  | 'dropDiff'
  | 'spliceVariant'
  | 'oldSnapshot'
  | 'snapshotFail'
  | 'candleClose'
  | 'serverShutdown'
  | 'ageCut'
  | 'control'
  | 'venueReset'
  | 'clockSkew'
  | 'pingFlood'
  | 'garbage'

/** Variants of each kind; the first one is the default. */
export const FAULT_VARIANTS: Readonly<Record<FaultName, readonly string[]>> = {
  reset: ['rst', 'fin'],
  close: [],
  halfOpen: [],
  silentAll: [],
  silentStream: ['window', 'resubscribe', 'reconnect'],
  ackSilent: [],
  connectFail: ['reset', 'refused', 'name', 'tls'],
  httpStatus: [],
  slowHandshake: [],
  slowLink: ['clamp'],
  framing: ['fragments', 'pings'],
  duplicate: [],
  reorder: [],
  dropDiff: ['depth', 'trade', 'kline', 'any'],
  spliceVariant: ['equal', 'overlap', 'ahead'],
  oldSnapshot: [],
  snapshotFail: ['timeout', 'status', 'truncated', 'badJson', 'slow'],
  candleClose: ['missing', 'late', 'twice', 'corrected'],
  serverShutdown: [],
  ageCut: ['close', 'reset'],
  control: ['errorNested', 'errorFlat', 'errorNoId', 'lostAck', 'lateAck'],
  venueReset: ['halt', 'delist', 'ids', 'tradeIds', 'allIds'],
  clockSkew: ['step', 'drift'],
  pingFlood: ['ping', 'pong'],
  garbage: ['notJson', 'truncated', 'invalidUtf8', 'wrongTypes', 'hugeNumber', 'unknownEvent', 'empty', 'array'],
}

/** Whom a rule means; what is left out matches everything. */
export interface FaultSelector {
  /** Futures route; a connection without one counts as `public`. */
  readonly route?: 'public' | 'market' | 'private' | undefined
  readonly market?: MarketKind | undefined
  /** Counted from 1 in the order of opening. */
  readonly connection?: number | undefined
  /** Stream name; `*` stands for any characters. */
  readonly stream?: string | undefined
  /** The n-th stream a connection subscribed to, from 0. */
  readonly streamIndex?: number | undefined
  readonly symbol?: string | undefined
  readonly interval?: string | undefined
  /** REST path or its end, e.g. `depth`; `*` for every path. */
  readonly rest?: string | undefined
}

/** A time as text (`250ms`, `5s`, `2m`, `1h`) or in milliseconds. */
export type TimeInput = string | number
/** A time, or a range such as `3s..20s`. */
export type RangeInput = string | number

interface RuleFields<Time, Spread> {
  readonly variant?: string | undefined
  /** Time after plan zero. */
  readonly at?: Time | undefined
  readonly every?: Time | undefined
  /** Spreads `every` by plus or minus this fraction. */
  readonly jitter?: number | undefined
  readonly probability?: number | undefined
  readonly per?: 'frame' | 'message' | 'request' | undefined
  readonly for?: Spread | undefined
  readonly count?: number | undefined
  /** Consecutive frames affected once the rule fires. */
  readonly run?: Spread | undefined
  /** Number of targets drawn at random among those that match; all of them without it. */
  readonly pick?: number | undefined
  readonly status?: number | undefined
  readonly retryAfter?: Time | undefined
  readonly code?: number | undefined
  readonly reason?: string | undefined
  readonly delay?: Spread | undefined
  readonly lead?: Spread | undefined
  readonly times?: number | undefined
  readonly bytesPerSecond?: number | undefined
  /** `clockSkew` step. */
  readonly offset?: Time | undefined
  /** `clockSkew` drift, parts per million. */
  readonly ppm?: number | undefined
  /** Text of a refusal or of a garbage frame. */
  readonly body?: string | undefined
}

/** A rule as written. */
export interface FaultRuleInput extends RuleFields<TimeInput, RangeInput> {
  readonly fault: FaultName
  readonly on?: FaultSelector | undefined
}

/** A rule as read: times in milliseconds. */
export interface FaultRule extends RuleFields<number, Range> {
  readonly fault: FaultName
  readonly on: FaultSelector
}

const duration = z.union([z.string(), z.number()]).transform((value, context): number => {
  const ms = parseDuration(value)
  if (ms !== null) return ms
  context.addIssue({ code: 'custom', message: `${JSON.stringify(value)} is not a time; write 250ms, 5s, 2m or 1h` })
  return z.NEVER
})

const durationRange = z.union([z.string(), z.number()]).transform((value, context): Range => {
  const range = parseDurationRange(value)
  if (range !== null) return range
  context.addIssue({ code: 'custom', message: `${JSON.stringify(value)} is not a time or a range such as 3s..20s` })
  return z.NEVER
})

const countRange = z.union([z.string(), z.number()]).transform((value, context): Range => {
  const range = parseCountRange(value)
  if (range !== null) return range
  context.addIssue({ code: 'custom', message: `${JSON.stringify(value)} is not a count or a range such as 1..25` })
  return z.NEVER
})

const selectorSchema = z.strictObject({
  route: z.enum(['public', 'market', 'private']).optional(),
  market: z.enum(['spot', 'futures']).optional(),
  connection: z.number().int().positive().optional(),
  stream: z.string().optional(),
  streamIndex: z.number().int().nonnegative().optional(),
  symbol: z.string().optional(),
  interval: z.string().optional(),
  rest: z.string().optional(),
})

const ruleSchema = z
  .strictObject({
    fault: z.string(),
    variant: z.string().optional(),
    on: selectorSchema.default({}),
    at: duration.optional(),
    every: duration.optional(),
    jitter: z.number().min(0).max(1).optional(),
    probability: z.number().min(0).max(1).optional(),
    per: z.enum(['frame', 'message', 'request']).optional(),
    for: durationRange.optional(),
    count: z.number().int().positive().optional(),
    run: countRange.optional(),
    pick: z.number().int().positive().optional(),
    status: z.number().int().min(300).max(599).optional(),
    retryAfter: duration.optional(),
    code: z.number().int().optional(),
    reason: z.string().max(123).optional(),
    delay: durationRange.optional(),
    lead: durationRange.optional(),
    times: z.number().int().positive().max(1000).optional(),
    bytesPerSecond: z.number().positive().optional(),
    offset: duration.optional(),
    ppm: z.number().optional(),
    body: z.string().optional(),
  })
  .superRefine(checkRule)

const planSchema = z.strictObject({
  name: z.string().optional(),
  seed: z.number().int().nonnegative().optional(),
  start: duration.default(0),
  rules: z.array(ruleSchema).default([]),
})

/** Serves a recording with the changes of one scenario of a scenario file. */
const linesSchema = z.strictObject({ kind: z.literal('lines'), file: z.string(), scenario: z.string() })

export interface FaultPlan {
  readonly kind: 'rules'
  readonly name: string
  readonly seed: number | null
  readonly startMs: number
  readonly rules: readonly FaultRule[]
}

export interface LinesPlan {
  readonly kind: 'lines'
  readonly file: string
  readonly scenario: string
}

/** A plan as written. */
export interface FaultPlanObject {
  readonly name?: string | undefined
  readonly seed?: number | undefined
  /** Plan zero is this long after the first data frame of any connection. Default 0. */
  readonly start?: TimeInput | undefined
  readonly rules?: readonly FaultRuleInput[] | undefined
}

/** A built-in name, the path of a YAML or JSON file, a plan, or a scenario over a recording. */
export type FaultPlanInput = string | FaultPlanObject | LinesPlan

/** Reads a plan: an object, a built-in name, or a path of a YAML or JSON file. Throws `FaultPlanError`. */
export function loadFaultPlan(input: FaultPlanInput): FaultPlan | LinesPlan {
  if (typeof input !== 'string') return parseFaultPlan(input, 'plan')
  const builtIn = BUILT_IN_PLANS[input]
  if (builtIn !== undefined) return parseFaultPlan(builtIn, input)
  if (!existsSync(input)) {
    const names = Object.keys(BUILT_IN_PLANS).join(', ')
    throw new FaultPlanError([`"${input}" is neither a built-in plan (${names}) nor a file`])
  }
  let parsed: unknown
  try {
    parsed = parseYaml(readFileSync(input, 'utf8'))
  } catch (error) {
    throw new FaultPlanError([`${input} cannot be read: ${(error as Error).message}`], error)
  }
  return parseFaultPlan(parsed, input.replace(/^.*[\\/]/, ''))
}

export function parseFaultPlan(input: unknown, name: string): FaultPlan | LinesPlan {
  if (typeof input === 'object' && input !== null && (input as { kind?: unknown }).kind === 'lines') {
    return check(linesSchema, input)
  }
  const plan = check(planSchema, input)
  return {
    kind: 'rules',
    name: plan.name ?? name,
    seed: plan.seed ?? null,
    startMs: plan.start,
    rules: plan.rules as readonly FaultRule[],
  }
}

export function parseFaultRule(input: unknown): FaultRule {
  return check(ruleSchema, input) as FaultRule
}

export function parseFaultSelector(input: unknown): FaultSelector {
  return check(selectorSchema, input)
}

function check<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  throw new FaultPlanError(
    result.error.issues.map((issue) => {
      const path = issue.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')
      return `${path.replace(/^\./, '') || 'plan'}: ${issue.message}`
    }),
    result.error,
  )
}

interface RuleShape {
  readonly fault: string
  readonly variant?: string | undefined
  readonly at?: number | undefined
  readonly every?: number | undefined
  readonly jitter?: number | undefined
  readonly probability?: number | undefined
  readonly per?: string | undefined
  readonly for?: Range | undefined
  readonly status?: number | undefined
  readonly offset?: number | undefined
  readonly ppm?: number | undefined
  readonly on?: FaultSelector | undefined
}

function checkRule(rule: RuleShape, context: z.core.$RefinementCtx): void {
  const complain = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message })
  const variants: readonly string[] | undefined = (FAULT_VARIANTS as Record<string, readonly string[]>)[rule.fault]
  if (variants === undefined) {
    complain('fault', `"${rule.fault}" is not one of ${Object.keys(FAULT_VARIANTS).join(', ')}`)
    return
  }
  if (rule.variant !== undefined && !variants.includes(rule.variant)) {
    const allowed = variants.length === 0 ? 'has no variants' : `knows ${variants.join(', ')}`
    complain('variant', `"${rule.variant}": ${rule.fault} ${allowed}`)
  }
  if (rule.at !== undefined && rule.every !== undefined) complain('every', 'give either at or every')
  if (rule.every !== undefined && rule.every <= 0) complain('every', 'must be longer than 0')
  if (rule.jitter !== undefined && rule.every === undefined) complain('jitter', 'only together with every')
  if ((rule.probability === undefined) !== (rule.per === undefined)) {
    complain('probability', 'give probability together with per: frame, message or request')
  }
  if (rule.fault === 'httpStatus' && rule.status === undefined) complain('status', 'httpStatus needs a status')
  if (rule.fault === 'venueReset' && (rule.on?.symbol === undefined || rule.on.market === undefined)) {
    complain('on', 'venueReset needs on.market and on.symbol')
  }
  if (rule.fault === 'connectFail' && rule.variant === 'refused' && rule.for === undefined) {
    complain('for', 'connectFail refused closes the listening port and needs a time to open it again')
  }
  if (rule.fault === 'clockSkew' && rule.variant !== 'drift' && rule.offset === undefined) {
    complain('offset', 'clockSkew needs an offset, e.g. -1500ms')
  }
  if (rule.fault === 'clockSkew' && rule.variant === 'drift' && rule.ppm === undefined) {
    complain('ppm', 'clockSkew drift needs ppm')
  }
}
