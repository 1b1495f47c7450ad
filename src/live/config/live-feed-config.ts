/**
 * The configuration of one feed: checked, complete, frozen. Nothing behind it checks a field again.
 */
import { type CandleInterval, StreamType } from '../../types/stream.js'
import type { Venue } from '../../types/venue.js'
import { viewOf } from './config-view.js'
import { resolveEndpoints } from './endpoints.js'
import { configError, type Locate, type Problem, withRules } from './problem.js'
import { ruleProblems, SIMPLE_FORM_TYPES } from './rules.js'
import { type ParsedConfig, SUBSCRIBE_FLAGS } from './schema.js'
import { checkShape } from './shape-messages.js'
import type { StreamSpec } from './stream-spec.js'
import { depthLevelsOf, specOf, uniqueSpecs } from './streams.js'
import type {
  BookConfig,
  CandleConfig,
  ConnectionConfig,
  DepthLevels,
  HealthConfig,
  LiveFeedConfigInput,
  StreamConfig,
  TradeConfig,
} from './types.js'
import { type VenueInfo, venueInfo } from './venues.js'

export class LiveFeedConfig {
  readonly venue: Venue
  /** Each once, in the order given. */
  readonly symbols: readonly string[]
  readonly defaultKlineInterval: CandleInterval
  readonly subscribeOrderbook: boolean
  readonly orderbookDepth: DepthLevels | 'full'
  readonly subscribeFunding: boolean
  readonly subscribeTicker: boolean
  readonly subscribeTrades: boolean
  readonly subscribeBookTicker: boolean
  readonly subscribeLiquidations: boolean
  /** The explicit ones only; `streamSpecs()` has all. */
  readonly streams: readonly StreamConfig[]
  readonly emitPartialCandles: boolean
  readonly book: Readonly<BookConfig>
  readonly candles: Readonly<CandleConfig>
  readonly trades: Readonly<TradeConfig>
  readonly connection: Readonly<ConnectionConfig>
  readonly health: Readonly<HealthConfig>
  readonly #specs: readonly StreamSpec[]

  /** Throws `ConfigError` (code `CONFIG_INVALID`) with one issue per problem, all problems at once. */
  constructor(input: LiveFeedConfigInput) {
    const parsed = parseInput(input)
    const info = venueInfo(parsed.venue)
    this.venue = parsed.venue
    this.symbols = Object.freeze([...new Set(parsed.symbols)])
    this.defaultKlineInterval = parsed.defaultKlineInterval
    this.subscribeOrderbook = parsed.subscribeOrderbook
    this.orderbookDepth = parsed.orderbookDepth
    this.subscribeFunding = parsed.subscribeFunding
    this.subscribeTicker = parsed.subscribeTicker
    this.subscribeTrades = parsed.subscribeTrades
    this.subscribeBookTicker = parsed.subscribeBookTicker
    this.subscribeLiquidations = parsed.subscribeLiquidations
    this.streams = Object.freeze(parsed.streams.map(frozenStream))
    this.emitPartialCandles = parsed.emitPartialCandles
    this.book = Object.freeze({ ...parsed.book })
    this.candles = Object.freeze({ ...parsed.candles, stateDir: parsed.candles.stateDir ?? null })
    this.trades = Object.freeze({ ...parsed.trades })
    this.connection = connectionOf(info, parsed.connection)
    this.health = Object.freeze({ ...parsed.health })
    this.#specs = uniqueSpecs([...simpleForm(this), ...this.streams].map((stream) => specOf(info, stream)))
    Object.freeze(this)
  }

  /** The same for a value of unknown shape, e.g. parsed JSON. A `LiveFeedConfig` is returned as it is. */
  static parse(input: unknown): LiveFeedConfig {
    return input instanceof LiveFeedConfig ? input : new LiveFeedConfig(input as LiveFeedConfigInput)
  }

  /**
   * Every stream asked for, each once: first those of the simple form, symbol by symbol, then the explicit
   * ones. Frozen; the same array at each call.
   */
  streamSpecs(): readonly StreamSpec[] {
    return this.#specs
  }

  /** Every symbol of any stream, each once, in order of first appearance. */
  getAllSymbols(): string[] {
    return [...new Set(this.#specs.map((spec) => spec.symbol))]
  }

  /** The same configuration at other addresses, e.g. those of a simulated venue that was just started. */
  withEndpoints(endpoints: { readonly baseUrl: string; readonly restUrl?: string | undefined }): LiveFeedConfig {
    const { restUrl: _, ...connection } = this.toJSON().connection ?? {}
    return new LiveFeedConfig({ ...this.toJSON(), connection: { ...connection, ...endpoints } })
  }

  /**
   * Plain data that gives an equal configuration again, also through JSON text. Addresses that follow from
   * the venue are left out; `Infinity` is the text `Infinity`.
   */
  toJSON(): LiveFeedConfigInput {
    const { stateDir, ...candles } = this.candles
    const { baseUrl, restUrl, maxReconnectAttempts, refreshWindow, redundant, ...timings } = this.connection
    const info = venueInfo(this.venue)
    const isOwnBase = baseUrl === resolveEndpoints(info, {}).baseUrl
    const isOwnRest = restUrl === resolveEndpoints(info, isOwnBase ? {} : { baseUrl }).restUrl
    return {
      venue: this.venue,
      symbols: [...this.symbols],
      defaultKlineInterval: this.defaultKlineInterval,
      subscribeOrderbook: this.subscribeOrderbook,
      orderbookDepth: this.orderbookDepth,
      subscribeFunding: this.subscribeFunding,
      subscribeTicker: this.subscribeTicker,
      subscribeTrades: this.subscribeTrades,
      subscribeBookTicker: this.subscribeBookTicker,
      subscribeLiquidations: this.subscribeLiquidations,
      streams: this.streams.map((stream) => ({ ...stream })),
      emitPartialCandles: this.emitPartialCandles,
      book: { ...this.book },
      candles: { ...candles, ...(stateDir === null ? {} : { stateDir }) },
      trades: { ...this.trades },
      connection: {
        ...(isOwnBase ? {} : { baseUrl }),
        ...(isOwnRest ? {} : { restUrl }),
        ...timings,
        redundant: [...redundant],
        maxReconnectAttempts: maxReconnectAttempts === Number.POSITIVE_INFINITY ? 'Infinity' : maxReconnectAttempts,
        ...(refreshWindow === null ? {} : { refreshWindow: { ...refreshWindow } }),
      },
      health: { ...this.health },
    }
  }
}

/**
 * The addresses of a configuration, for whoever is about to connect. Throws `ConfigError` for a simulated
 * venue whose address was never given: it has no default, since somebody has to start it first.
 */
export function requireEndpoints(config: LiveFeedConfig): { readonly baseUrl: string; readonly restUrl: string } {
  const { baseUrl, restUrl } = config.connection
  if (baseUrl !== '') return { baseUrl, restUrl }
  const message = `is required for ${config.venue}: a simulated venue has no fixed address. Start one ("feedbus sim" or SimVenue.start()) and give its address, e.g. ws://127.0.0.1:9080`
  throw configError([{ path: ['connection', 'baseUrl'], message }])
}

/** All problems of an input; none when it makes a `LiveFeedConfig`. */
export function configProblems(input: unknown): Problem[] {
  return check(plainInput(input)).problems
}

function check(plain: unknown): { config?: ParsedConfig; problems: Problem[] } {
  const { config, problems } = checkShape(plain)
  const isObject = typeof plain === 'object' && plain !== null && !Array.isArray(plain)
  if (!isObject) return { problems }
  const all = withRules(problems, ruleProblems(viewOf(plain)))
  return config === undefined ? { problems: all } : { config, problems: all }
}

/** `LiveFeedConfig.parse` for input from somewhere: issues carry where each value was written. */
export function parseLocated(input: unknown, locate: Locate): LiveFeedConfig {
  const problems = configProblems(input)
  if (problems.length > 0) throw configError(problems, locate)
  return LiveFeedConfig.parse(input)
}

function parseInput(input: unknown): ParsedConfig {
  const { config, problems } = check(plainInput(input))
  if (problems.length > 0 || config === undefined) throw configError(problems)
  return config
}

/** What the schema checks: an instance as data, and the number `Infinity`, which JSON has no word for, as text. */
function plainInput(input: unknown): unknown {
  if (input instanceof LiveFeedConfig) return input.toJSON()
  const connection = (input as LiveFeedConfigInput | null | undefined)?.connection
  if (connection?.maxReconnectAttempts !== Number.POSITIVE_INFINITY) return input
  return { ...(input as LiveFeedConfigInput), connection: { ...connection, maxReconnectAttempts: 'Infinity' } }
}

function connectionOf(info: VenueInfo, parsed: ParsedConfig['connection']): ConnectionConfig {
  const { baseUrl, restUrl, maxReconnectAttempts, refreshWindow } = parsed
  const given = { ...(baseUrl === undefined ? {} : { baseUrl }), ...(restUrl === undefined ? {} : { restUrl }) }
  return Object.freeze({
    ...resolveEndpoints(info, given),
    connectTimeoutMs: parsed.connectTimeoutMs,
    pingIntervalMs: parsed.pingIntervalMs,
    pingTimeoutMs: parsed.pingTimeoutMs,
    maxReconnectAttempts: maxReconnectAttempts === 'Infinity' ? Number.POSITIVE_INFINITY : maxReconnectAttempts,
    firstReconnectDelayMs: parsed.firstReconnectDelayMs,
    baseReconnectDelayMs: parsed.baseReconnectDelayMs,
    reconnectDelayMsMax: parsed.reconnectDelayMsMax,
    reconnectJitter: parsed.reconnectJitter,
    connectionAgeMsMax: parsed.connectionAgeMsMax,
    refreshWindow: refreshWindow === undefined ? null : Object.freeze({ ...refreshWindow }),
    streamsPerConnectionMax: parsed.streamsPerConnectionMax,
    redundant: Object.freeze([...new Set(parsed.redundant)]),
  })
}

/** The streams that `symbols` and the `subscribe…` fields stand for. */
function simpleForm(config: LiveFeedConfig): StreamConfig[] {
  return config.symbols.flatMap((symbol): StreamConfig[] => [
    { symbol, type: StreamType.KLINE, interval: config.defaultKlineInterval },
    ...SUBSCRIBE_FLAGS.filter((name) => config[name]).map((name): StreamConfig => {
      if (name !== 'subscribeOrderbook') return { symbol, type: SIMPLE_FORM_TYPES[name] }
      return { symbol, type: StreamType.DEPTH, depthLevels: depthLevelsOf(config.orderbookDepth) }
    }),
  ])
}

function frozenStream(stream: StreamConfig): StreamConfig {
  const given = Object.entries(stream).filter(([, value]) => value !== undefined)
  return Object.freeze(Object.fromEntries(given) as unknown as StreamConfig)
}
