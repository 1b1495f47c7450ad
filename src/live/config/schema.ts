/**
 * The one schema of the configuration: fields, types, ranges, defaults and their description, and the check of a
 * value against it. Every other view of it (error texts, environment names, command line flags, the JSON Schema for
 * editors, the field list of the documentation) is derived from here. What depends on the venue or on two fields at
 * once is in `streams.ts` and `rules.ts`.
 *
 * The schemas themselves stay in this file: nobody else needs the library's types to ask about a field.
 */
import { z } from 'zod'
import { CANDLE_INTERVALS, StreamType } from '../../types/stream.js'
import { Venue } from '../../types/venue.js'
import { SYMBOL_LENGTH_MAX, SYMBOL_PATTERN_PORTABLE, symbolProblem } from './symbols.js'
import type {
  BookConfig,
  CandleConfigInput,
  ConnectionConfigInput,
  HealthConfig,
  LiveFeedConfigInput,
  StreamConfig,
  TradeConfig,
  TradeConfigInput,
} from './types.js'

/** `setTimeout` fires at once beyond this, so no duration may be longer (24.8 days). */
const DURATION_MS_MAX = 2_147_483_647
const HOUR_MS = 3_600_000

const durationMs = (max: number = DURATION_MS_MAX): z.ZodNumber => z.int().min(1).max(max)

const symbol = z
  .string()
  .min(1)
  .max(SYMBOL_LENGTH_MAX)
  .regex(SYMBOL_PATTERN_PORTABLE)
  .refine((text) => symbolProblem(text) === undefined)
  .describe('Symbol as the venue lists it, upper case, e.g. BTCUSDT or BTCUSDT_261225. Non-ASCII names are allowed.')

const streamSchema = z.strictObject({
  symbol,
  type: z.enum(StreamType).describe('Kind of stream. MARK_PRICE and LIQUIDATION exist on futures only.'),
  interval: z
    .enum(CANDLE_INTERVALS)
    .optional()
    .describe('KLINE: required, no other type has one. 1m is a minute, 1M a month; 1s exists on spot only.'),
  depthLevels: z
    .literal([5, 10, 20])
    .optional()
    .describe('DEPTH: levels of a partial book. Left out: the diff stream of a maintained full book.'),
  updateSpeed: z
    .string()
    .optional()
    .describe(
      'DEPTH: 1000ms (default) or 100ms on spot; 250ms (default), 500ms, 100ms on futures, there also 0ms for the diff stream. ' +
        'MARK_PRICE: 3s (default) or 1s.',
    ),
})

const refreshWindowSchema = z.strictObject({
  fromHour: z.int().min(0).max(23).describe('First hour of day, UTC.'),
  toHour: z.int().min(1).max(24).describe('End of the window, hour of day UTC; below fromHour it is on the next day.'),
})

const connectionSchema = z.strictObject({
  baseUrl: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Address of the market streams, ws:// or wss://, without path suffix. Default: the venue's. Simulated venues have none until one is started.",
    ),
  restUrl: z
    .string()
    .min(1)
    .optional()
    .describe(
      "REST address, http:// or https://. Default: the venue's, or baseUrl's host when that is not the venue's own.",
    ),
  connectTimeoutMs: durationMs().default(30_000).describe('Give up a connection attempt after this many milliseconds.'),
  pingIntervalMs: durationMs().default(30_000).describe('Milliseconds between our pings of one connection.'),
  pingTimeoutMs: durationMs()
    .default(10_000)
    .describe('Milliseconds to wait for the pong before the connection counts as lost. At most pingIntervalMs.'),
  maxReconnectAttempts: z
    .union([z.int().min(0), z.literal('Infinity')])
    .default('Infinity')
    .describe(
      'Consecutive failed attempts before giving up. Infinity (.inf in YAML, the text "Infinity" elsewhere) never gives up.',
    ),
  firstReconnectDelayMs: durationMs()
    .default(50)
    .describe(
      'Delay in milliseconds of the first attempt after a healthy connection (10 s of data) was lost; at most the base delay.',
    ),
  baseReconnectDelayMs: durationMs()
    .default(1_000)
    .describe('Reconnect delay in milliseconds; doubles with each failure.'),
  reconnectDelayMsMax: durationMs().default(60_000).describe('Longest reconnect delay in milliseconds, before jitter.'),
  reconnectJitter: z
    .number()
    .min(0)
    .max(1)
    .default(0.3)
    .describe('Random part of each delay: 0.3 spreads it by plus or minus 30 %, also at the longest delay.'),
  connectionAgeMsMax: durationMs(24 * HOUR_MS)
    .default(23 * HOUR_MS)
    .describe('A connection is replaced at this age in milliseconds, without loss. The venue ends it at 24 h.'),
  refreshWindow: refreshWindowSchema
    .optional()
    .describe('Hours of day (UTC) in which planned refreshes may run. Left out: at any hour.'),
  streamsPerConnectionMax: z
    .int()
    .min(1)
    .max(1024)
    .default(200)
    .describe('Streams carried by one connection before another is opened. The venue allows 1024.'),
  redundant: z
    .array(z.enum(StreamType))
    .default([])
    .describe(
      'Kinds of stream that two sockets carry at the same time, the first copy of each message wins. On the command line also "all".',
    ),
})

const healthSchema = z.strictObject({
  stalenessThresholdMs: durationMs()
    .default(30_000)
    .describe('A feed without a message for this many milliseconds is stale.'),
  healthCheckIntervalMs: durationMs()
    .default(5_000)
    .describe('Milliseconds between health checks and messages on live.health.'),
  watchdogTimeoutMs: durationMs()
    .default(60_000)
    .describe('Without any message for this many milliseconds all connections are restarted.'),
  clockCheckIntervalMs: z
    .int()
    .min(0)
    .max(DURATION_MS_MAX)
    .default(60_000)
    .describe("Milliseconds between two measurements of the venue's clock over REST; 0 makes none."),
})

const flag = (description: string) => z.boolean().default(false).describe(description)

const bookSchema = z.strictObject({
  publishLevels: z
    .int()
    .min(1)
    .max(1000)
    .default(20)
    .describe('Levels per side of the pictures of a maintained book on mkt.orderbook.'),
  publishIntervalMs: z
    .int()
    .min(0)
    .max(DURATION_MS_MAX)
    .default(0)
    .describe(
      'Shortest time between two pictures of one book in milliseconds; 0 publishes every change. A change of state goes out at once.',
    ),
  emitDeltas: flag('Also publish every change of a maintained book, on mkt.orderbook.delta.'),
  snapshotLevels: z
    .literal([100, 500, 1000, 5000])
    .default(1000)
    .describe(
      'Levels per side that a snapshot of a maintained book asks for; 5000 on spot only, for five times the weight.',
    ),
})

const candleSchema = z.strictObject({
  closeGraceMs: durationMs()
    .default(3_000)
    .describe(
      'A finalized candle that the stream has not sent this many milliseconds after its end is fetched over REST.',
    ),
  holdMsMax: durationMs()
    .default(30_000)
    .describe(
      'Milliseconds that live candles wait for missing ones before them while REST brings nothing; then the missing ones are unfillable.',
    ),
  backfillCountMax: z
    .int()
    .min(1)
    .max(100_000)
    .default(10_000)
    .describe('Missing candles of one stream that are fetched at most; older ones are declared unfillable.'),
  stateDir: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Folder of the state file, so that a restarted process goes on with the candle after the last one. Left out: no file.',
    ),
})

const tradeSchema = z.strictObject({
  backfillTrades: flag('Fetch missing ids of AGG_TRADE streams over REST and publish them in order.'),
  tradeHoldMsMax: durationMs()
    .default(5_000)
    .describe(
      'Milliseconds that live trades of a stream wait for missing ones before them; then the missing ones are unfillable.',
    ),
  tradeBackfillCountMax: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(10_000)
    .describe('Holes with more ids than this are declared unfillable at once.'),
})

const rootSchema = z.strictObject({
  $schema: z.string().optional().describe('Where the JSON Schema is, for editors. Not read.'),
  venue: z.enum(Venue).describe('Trading place, product and environment.'),
  symbols: z
    .array(symbol)
    .default([])
    .describe('Simple form: one kline stream per symbol, plus what the subscribe fields ask for.'),
  defaultKlineInterval: z
    .enum(CANDLE_INTERVALS)
    .default('1m')
    .describe('Candle interval of the kline streams made from symbols. 1s exists on spot only.'),
  subscribeOrderbook: flag('Order book of each symbol, at orderbookDepth.'),
  orderbookDepth: z
    .literal([5, 10, 20, 'full'])
    .default(5)
    .describe('Levels of subscribeOrderbook: 5, 10 or 20 for partial depth, full for a maintained book.'),
  subscribeFunding: flag('Mark price and funding rate of each symbol. Futures only.'),
  subscribeTicker: flag('24 h statistics of each symbol.'),
  subscribeTrades: flag('Aggregated trades of each symbol.'),
  subscribeBookTicker: flag('Best bid and offer of each symbol.'),
  subscribeLiquidations: flag('Forced orders of each symbol. Futures only.'),
  streams: z.array(streamSchema).default([]).describe('Explicit streams; symbols or streams or both, at least one.'),
  emitPartialCandles: flag('Also publish forming candles, on mkt.candles.partial.'),
  book: bookSchema.prefault({}).describe('Maintained books: DEPTH streams without depthLevels.'),
  candles: candleSchema.prefault({}).describe('Order and backfill of finalized candles.'),
  trades: tradeSchema.prefault({}).describe('Backfill of aggregated trades.'),
  connection: connectionSchema.prefault({}).describe('Behaviour of the WebSocket connections.'),
  health: healthSchema.prefault({}).describe('Staleness and watchdog.'),
})

type Filled<T> = { readonly [Name in keyof T]-?: Exclude<T[Name], undefined> }
type Optional = 'baseUrl' | 'restUrl' | 'refreshWindow'

export type ParsedConnection = Filled<Omit<ConnectionConfigInput, Optional>> & Pick<ConnectionConfigInput, Optional>

export type ParsedCandles = Filled<Omit<CandleConfigInput, 'stateDir'>> & Pick<CandleConfigInput, 'stateDir'>

/** What the schema makes of an input: defaults filled in, `Infinity` still text, addresses still as given. */
export type ParsedConfig = Filled<
  Omit<LiveFeedConfigInput, '$schema' | 'book' | 'candles' | 'trades' | 'connection' | 'health'>
> & {
  readonly book: BookConfig
  readonly candles: ParsedCandles
  readonly trades: TradeConfig
  readonly connection: ParsedConnection
  readonly health: HealthConfig
}

export type SubscribeFlag =
  | 'subscribeOrderbook'
  | 'subscribeFunding'
  | 'subscribeTicker'
  | 'subscribeTrades'
  | 'subscribeBookTicker'
  | 'subscribeLiquidations'

export const SUBSCRIBE_FLAGS: readonly SubscribeFlag[] = [
  'subscribeOrderbook',
  'subscribeFunding',
  'subscribeTicker',
  'subscribeTrades',
  'subscribeBookTicker',
  'subscribeLiquidations',
]

/** Outcome of a check: the value with defaults filled in, or what the schema library found. */
export type Checked<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly z.core.$ZodIssue[]; readonly value?: undefined }

/** Every field by itself; rules between fields are not applied. */
export function parseConfigShape(input: unknown): Checked<ParsedConfig> {
  const result = rootSchema.safeParse(input)
  return result.success ? { value: result.data } : { issues: result.error.issues }
}

/** One element of `streams`. */
export function parseStreamShape(input: unknown): Checked<StreamConfig> {
  const result = streamSchema.safeParse(input)
  return result.success ? { value: result.data } : { issues: result.error.issues }
}

/** The fields of a configuration that are valid by themselves, with defaults filled in; whole sections among them. */
export function validFields(record: Readonly<Record<string, unknown>>): Partial<ParsedConfig> {
  return validOf(rootSchema.shape, record)
}

/** Sections that rules between fields look into. */
export type ViewedSection = 'connection' | 'health' | 'book'
const VIEWED_SECTIONS = { connection: connectionSchema, health: healthSchema, book: bookSchema }

/** The same for one section. */
export function validSection<Name extends ViewedSection>(
  name: Name,
  record: Readonly<Record<string, unknown>>,
): Partial<ParsedConfig[Name]> {
  return validOf(VIEWED_SECTIONS[name].shape, record) as Partial<ParsedConfig[Name]>
}

/** `undefined` for what cannot be a symbol. */
export function validSymbol(value: unknown): string | undefined {
  const result = symbol.safeParse(value)
  return result.success ? result.data : undefined
}

/** JSON Schema of every field by itself. */
export function fieldsJsonSchema(): object {
  return z.toJSONSchema(rootSchema, { io: 'input' })
}

function validOf<Shape extends z.ZodRawShape>(
  shape: Shape,
  record: Readonly<Record<string, unknown>>,
): { [Name in keyof Shape]?: z.output<Shape[Name]> } {
  const valid: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(shape)) {
    const result = z.safeParse(field, record[name])
    if (result.success && result.data !== undefined) valid[name] = result.data
  }
  return valid as { [Name in keyof Shape]?: z.output<Shape[Name]> }
}

// The written types and the schema say the same; a difference fails to compile here.
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never
type Written<T> = { -readonly [Name in keyof T]: T[Name] extends readonly (infer E)[] | undefined ? E : T[Name] }
const inputAgrees: [
  Same<Written<z.input<typeof streamSchema>>, Written<StreamConfig>>,
  Same<keyof z.input<typeof rootSchema>, keyof LiveFeedConfigInput>,
  Same<Written<z.input<typeof connectionSchema>>, Written<NonNullable<LiveFeedConfigInput['connection']>>>,
  Same<z.input<typeof healthSchema>, Written<NonNullable<LiveFeedConfigInput['health']>>>,
  Same<z.input<typeof bookSchema>, Written<NonNullable<LiveFeedConfigInput['book']>>>,
  Same<z.input<typeof candleSchema>, Written<CandleConfigInput>>,
  Same<z.input<typeof tradeSchema>, Written<TradeConfigInput>>,
] = [true, true, true, true, true, true, true]
void inputAgrees
