/** The application's choice of data source, from the environment: names exactly as operators know them. */
import { z } from 'zod'
import { ConnectorError } from './errors.js'

export type DataSource = 'binance_ws' | 'hft_connector'

export interface Settings {
  /** `DATA_SOURCE`; default `binance_ws`. */
  readonly dataSource: DataSource
  /** `CONNECTOR_NAME`: name the connector process was started with; `null` when not given. */
  readonly connectorName: string | null
  /** `CONNECTOR_POLL_INTERVAL_MS`; default 100. */
  readonly connectorPollIntervalMs: number
  /** `CONNECTOR_PAPER_TRADING`; default true: no order leaves this process. */
  readonly connectorPaperTrading: boolean
  /** `MAX_QUEUE`: events that may wait for slow consumers; default 1 000. */
  readonly maxQueue: number
  /** `SYMBOL`, upper case; default `BTCUSDT`. */
  readonly symbol: string
}

const truth: z.ZodType<boolean> = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(z.enum(['true', 'false', '1', '0', 'yes', 'no']))
  .transform((text) => text === 'true' || text === '1' || text === 'yes')
const wholeFrom1: z.ZodType<number> = z
  .string()
  .regex(/^\d+$/)
  .transform(Number)
  .pipe(z.number().int().min(1).max(10_000_000))

/** One line per variable; what an allowed value is stands beside it for the message. */
const VARIABLES = {
  DATA_SOURCE: { schema: z.enum(['binance_ws', 'hft_connector']), allowed: 'binance_ws or hft_connector' },
  CONNECTOR_NAME: { schema: z.string().min(1).max(64), allowed: 'a name of 1 to 64 characters' },
  CONNECTOR_POLL_INTERVAL_MS: { schema: wholeFrom1, allowed: 'whole milliseconds from 1' },
  CONNECTOR_PAPER_TRADING: { schema: truth, allowed: 'true or false' },
  MAX_QUEUE: { schema: wholeFrom1, allowed: 'a whole number from 1' },
  SYMBOL: { schema: z.string().regex(/^[A-Za-z0-9_-]{1,32}$/), allowed: 'a symbol such as BTCUSDT' },
} as const

type Variables = { [Name in keyof typeof VARIABLES]?: z.output<(typeof VARIABLES)[Name]['schema']> }

/** Reads the environment given. Throws `ConnectorError` `CONNECTOR_OPTIONS` with one line per bad variable. Empty counts as unset. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const values: Record<string, unknown> = {}
  const problems: string[] = []
  for (const [name, { schema, allowed }] of Object.entries(VARIABLES)) {
    const text = env[name]?.trim()
    if (text === undefined || text === '') continue
    const parsed = schema.safeParse(text)
    if (parsed.success) values[name] = parsed.data
    else problems.push(`${name}: ${JSON.stringify(text)} is not ${allowed}`)
  }
  if (problems.length > 0) throw new ConnectorError('CONNECTOR_OPTIONS', problems.join('\n'))
  const given = values as Variables
  return Object.freeze({
    dataSource: given.DATA_SOURCE ?? 'binance_ws',
    connectorName: given.CONNECTOR_NAME ?? null,
    connectorPollIntervalMs: given.CONNECTOR_POLL_INTERVAL_MS ?? 100,
    connectorPaperTrading: given.CONNECTOR_PAPER_TRADING ?? true,
    maxQueue: given.MAX_QUEUE ?? 1_000,
    symbol: (given.SYMBOL ?? 'BTCUSDT').toUpperCase(),
  })
}

let cached: Settings | null = null

/** The settings of this process, read from its environment once. Throws like `readSettings`. */
export function getSettings(): Settings {
  cached ??= readSettings(process.env)
  return cached
}

/** For tests: these settings from now on, the others as they are; the result puts back what was. */
export function overrideSettings(overrides: Partial<Settings>): () => void {
  const before = cached
  cached = Object.freeze({ ...getSettings(), ...overrides })
  return () => {
    cached = before
  }
}
