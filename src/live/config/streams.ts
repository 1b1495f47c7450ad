/**
 * One stream on one venue: which requests are possible there, and the exact wire name and route of each.
 *
 * The venue acknowledges a name it does not know and never sends anything on it (Binance USD-M, measured
 * 2026-10-07: unknown symbol, unknown type, upper case, `depth20@250ms`). So a name is built from checked
 * parts only, and the venue's default speed is always the bare name.
 */
import { StreamType } from '../../types/stream.js'
import type { Venue } from '../../types/venue.js'
import { type ConfigPath, configError, type Problem, withRules } from './problem.js'
import { checkStreamShape } from './shape-messages.js'
import type { StreamSpec } from './stream-spec.js'
import { showValue } from './suggest.js'
import { wireSymbol } from './symbols.js'
import type { DepthLevels, StreamConfig } from './types.js'
import { type UpdateSpeeds, type VenueInfo, venueInfo } from './venues.js'

/** What a kind of stream may say about itself besides symbol and type. */
export type StreamOptions = Pick<StreamConfig, 'interval' | 'depthLevels' | 'updateSpeed'>

/** What may follow the type; of a type that is known at run time only, what may follow any. */
export type StreamArguments<Type extends StreamType> = Type extends 'KLINE'
  ? [options: Required<Pick<StreamOptions, 'interval'>>]
  : Type extends 'DEPTH'
    ? [options?: Pick<StreamOptions, 'depthLevels' | 'updateSpeed'>]
    : Type extends 'MARK_PRICE'
      ? [options?: Pick<StreamOptions, 'updateSpeed'>]
      : []

/**
 * Builds the request for one stream: `streamConfig('BTCUSDT', StreamType.KLINE, { interval: '1m' })`. Frozen.
 * Checked where it is used: by `LiveFeedConfig`, `resolveStream` and the manager.
 */
export function streamConfig<Type extends StreamType>(
  symbol: string,
  type: Type,
  ...[options = {}]: StreamArguments<Type>
): StreamConfig {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.freeze({ symbol, type, ...Object.fromEntries(given) })
}

/** The stream as the pipeline sees it; frozen. Throws `ConfigError` when the venue cannot serve it. */
export function resolveStream(venue: Venue, config: StreamConfig): StreamSpec {
  const problems = streamProblems(venueInfo(venue), config, [])
  if (problems.length > 0) throw configError(problems)
  return specOf(venueInfo(venue), config)
}

/** As `resolveStream` for several; equal ones are one stream. The error names all problems as `streams[i]…`. */
export function resolveStreams(venue: Venue, configs: readonly StreamConfig[]): readonly StreamSpec[] {
  const info = venueInfo(venue)
  if (!Array.isArray(configs)) {
    const wanted = 'a list of streams, e.g. [streamConfig("BTCUSDT", "TICKER")]'
    throw configError([{ path: ['streams'], message: `${showValue(configs)} is not ${wanted}` }])
  }
  const problems = configs.flatMap((config, index) => streamProblems(info, config, ['streams', index]))
  if (problems.length > 0) throw configError(problems)
  const specs = uniqueSpecs(configs.map((config) => specOf(info, config)))
  const twoBooks = twoBooksProblems(specs.map((spec, index) => ({ spec, path: ['streams', index] })))
  if (twoBooks.length > 0) throw configError(twoBooks)
  return specs
}

/** Later streams of the same wire name are dropped. */
export function uniqueSpecs(specs: readonly StreamSpec[]): readonly StreamSpec[] {
  return Object.freeze([...new Map(specs.toReversed().map((spec) => [spec.name, spec])).values()].toReversed())
}

/** Shape and venue together; empty when `specOf` may be called. */
function streamProblems(info: VenueInfo, config: StreamConfig, path: ConfigPath): Problem[] {
  const record = typeof config === 'object' && config !== null ? (config as unknown as Record<string, unknown>) : {}
  return withRules(checkStreamShape(config, path), streamRuleProblems(info, record, path))
}

/**
 * What type and venue have to say about a stream whose fields may be wrong or missing. `info` is `undefined`
 * when the venue is not known: then only the rules of the type apply.
 */
export function streamRuleProblems(
  info: VenueInfo | undefined,
  stream: Readonly<Record<string, unknown>>,
  path: ConfigPath,
): Problem[] {
  const type = stream['type']
  if (!isStreamType(type)) return []
  if (info !== undefined && !info.streamTypes.includes(type)) {
    return [{ path: [...path, 'type'], message: `${type} is a futures stream; ${info.venue} does not have it` }]
  }
  return [
    ...intervalProblems(info, type, stream['interval'], path),
    ...depthLevelsProblems(type, stream['depthLevels'], path),
    ...updateSpeedProblems(info, type, stream, path),
  ]
}

/** A symbol has one maintained book, fed by one diff stream. */
export function twoBooksProblems(
  entries: readonly { readonly spec: StreamSpec; readonly path: ConfigPath }[],
): Problem[] {
  const first = new Map<string, StreamSpec>()
  return entries.flatMap(({ spec, path }) => {
    if (spec.type !== StreamType.DEPTH || spec.depthLevels !== null) return []
    const other = first.get(spec.symbol)
    if (other === undefined) first.set(spec.symbol, spec)
    if (other === undefined || other.name === spec.name) return []
    const message = `${spec.symbol} already has a maintained book from ${other.name}; ${spec.name} would be a second one`
    return [{ path, message }]
  })
}

/** The spec of a checked stream; frozen. */
export function specOf(info: VenueInfo, config: StreamConfig): StreamSpec {
  const speeds = speedsOf(info, config.type, config.depthLevels !== undefined)
  const isDefaultSpeed = config.updateSpeed === undefined || config.updateSpeed === speeds?.default
  const updateSpeed = isDefaultSpeed ? null : (config.updateSpeed ?? null)
  return Object.freeze({
    symbol: config.symbol,
    type: config.type,
    interval: config.interval ?? null,
    depthLevels: config.depthLevels ?? null,
    updateSpeed,
    name: `${wireSymbol(config.symbol)}@${wireSuffix(config)}${updateSpeed === null ? '' : `@${updateSpeed}`}`,
    route: info.routes ? ROUTES[config.type] : '',
    detail: detailOf(config, updateSpeed),
  })
}

/**
 * Futures routes ("Important WebSocket Change Notice", in force since 2026-03-06): book data on `/public`, all
 * else on `/market`. `trade` is not documented; it arrives on `/public` (seen 2026-04-24 and 2026-09-18).
 */
const ROUTES: Readonly<Record<StreamType, 'public' | 'market'>> = {
  KLINE: 'market',
  DEPTH: 'public',
  BOOK_TICKER: 'public',
  MARK_PRICE: 'market',
  AGG_TRADE: 'market',
  TRADE: 'public',
  TICKER: 'market',
  MINI_TICKER: 'market',
  LIQUIDATION: 'market',
}

function wireSuffix(config: StreamConfig): string {
  switch (config.type) {
    case StreamType.KLINE:
      return `kline_${config.interval}`
    case StreamType.DEPTH:
      return `depth${config.depthLevels ?? ''}`
    case StreamType.BOOK_TICKER:
      return 'bookTicker'
    case StreamType.MARK_PRICE:
      return 'markPrice'
    case StreamType.AGG_TRADE:
      return 'aggTrade'
    case StreamType.TRADE:
      return 'trade'
    case StreamType.TICKER:
      return 'ticker'
    case StreamType.MINI_TICKER:
      return 'miniTicker'
    case StreamType.LIQUIDATION:
      return 'forceOrder'
  }
}

function detailOf(config: StreamConfig, updateSpeed: string | null): string {
  const kind = config.type === StreamType.DEPTH ? String(config.depthLevels ?? 'full') : (config.interval ?? '')
  return [kind, updateSpeed ?? ''].filter((part) => part !== '').join('@')
}

function speedsOf(info: VenueInfo, type: StreamType, isPartial: boolean): UpdateSpeeds | null {
  if (type === StreamType.MARK_PRICE) return info.markPriceSpeeds
  if (type !== StreamType.DEPTH) return null
  return isPartial ? info.partialDepthSpeeds : info.diffDepthSpeeds
}

function intervalProblems(
  info: VenueInfo | undefined,
  type: StreamType,
  interval: unknown,
  base: ConfigPath,
): Problem[] {
  const path = [...base, 'interval']
  if (type !== StreamType.KLINE) {
    return interval === undefined ? [] : [{ path, message: `${type} has no interval; only KLINE does` }]
  }
  if (interval === undefined) return [{ path, message: 'is required for KLINE, e.g. 1m' }]
  return info === undefined ? [] : klineIntervalProblems(info, interval, path)
}

/** An interval that exists, but not on this venue. */
export function klineIntervalProblems(info: VenueInfo, interval: unknown, path: ConfigPath): Problem[] {
  if (interval !== '1s' || info.intervals.includes(interval)) return []
  const message = `1s exists on spot only; ${info.venue} allows ${info.intervals.join(', ')}`
  return [{ path, message }]
}

function depthLevelsProblems(type: StreamType, levels: unknown, base: ConfigPath): Problem[] {
  if (type === StreamType.DEPTH || levels === undefined) return []
  return [{ path: [...base, 'depthLevels'], message: `${type} has no depthLevels; only DEPTH does` }]
}

function updateSpeedProblems(
  info: VenueInfo | undefined,
  type: StreamType,
  stream: Readonly<Record<string, unknown>>,
  base: ConfigPath,
): Problem[] {
  const speed = stream['updateSpeed']
  const path = [...base, 'updateSpeed']
  if (speed === undefined) return []
  if (type !== StreamType.DEPTH && type !== StreamType.MARK_PRICE) {
    return [{ path, message: `${type} has no updateSpeed; only DEPTH and MARK_PRICE do` }]
  }
  const isPartial = stream['depthLevels'] !== undefined
  const speeds = info === undefined ? null : speedsOf(info, type, isPartial)
  if (info === undefined || speeds === null || typeof speed !== 'string' || speeds.allowed.includes(speed)) return []
  const form = type === StreamType.MARK_PRICE ? 'mark price' : isPartial ? 'partial depth' : 'diff depth'
  const allowed = speeds.allowed.map((each) => (each === speeds.default ? `${each} (default)` : each)).join(', ')
  const meant = sameDuration(speed, speeds)
  const hint = meant === undefined ? '' : `. Did you mean ${meant}?`
  const message = `${showValue(speed)} is not an update speed of ${form} on ${info.venue}; allowed: ${allowed}${hint}`
  return [{ path, message }]
}

/** The allowed speed of equal length written otherwise: `1000ms` for `1s`. */
function sameDuration(speed: string, speeds: UpdateSpeeds): string | undefined {
  const ms = speedMs(speed)
  return ms === undefined ? undefined : speeds.allowed.find((each) => speedMs(each) === ms)
}

function speedMs(speed: string): number | undefined {
  const match = /^(\d+)\s*(ms|s)?$/i.exec(speed.trim())
  return match === null ? undefined : Number(match[1]) * (match[2]?.toLowerCase() === 's' ? 1000 : 1)
}

function isStreamType(value: unknown): value is StreamType {
  return typeof value === 'string' && Object.hasOwn(StreamType, value)
}

/** The levels of `orderbookDepth` as a stream has them. */
export function depthLevelsOf(depth: DepthLevels | 'full'): DepthLevels | undefined {
  return depth === 'full' ? undefined : depth
}
