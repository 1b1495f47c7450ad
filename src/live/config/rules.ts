/**
 * Rules between fields: what the venue offers for the simple form, whether anything is asked for at all, and
 * whether timings make sense together. Works on a view of the input in which wrong fields are left out, so
 * that a configuration with several problems hears of all of them at once.
 */
import { StreamType } from '../../types/stream.js'
import type { ConfigView } from './config-view.js'
import { baseUrlProblems, isVenueHost, restUrlProblems } from './endpoints.js'
import type { ConfigPath, Problem } from './problem.js'
import { parseStreamShape, SUBSCRIBE_FLAGS, type SubscribeFlag } from './schema.js'
import type { StreamSpec } from './stream-spec.js'
import { klineIntervalProblems, specOf, streamRuleProblems, twoBooksProblems } from './streams.js'
import type { RefreshWindow } from './types.js'
import { type VenueInfo, venueInfo } from './venues.js'

export function ruleProblems(view: ConfigView): Problem[] {
  const info = view.venue === undefined ? undefined : venueInfo(view.venue)
  return [
    ...contentProblems(view),
    ...(info === undefined ? [] : simpleFormProblems(info, view)),
    ...view.streams.flatMap((stream, index) => streamRuleProblems(info, stream, ['streams', index])),
    ...(info === undefined ? [] : maintainedBookProblems(info, view)),
    ...(info === undefined ? [] : snapshotProblems(info, view)),
    ...addressProblems(info, view),
    ...timingProblems(view),
    ...(info === undefined ? [] : liveVenueProblems(info, view)),
  ]
}

/** The stream kind behind each `subscribe…` field. */
export const SIMPLE_FORM_TYPES: Readonly<Record<SubscribeFlag, StreamType>> = {
  subscribeOrderbook: StreamType.DEPTH,
  subscribeFunding: StreamType.MARK_PRICE,
  subscribeTicker: StreamType.TICKER,
  // Aggregated trades: documented on both markets, single trades only on spot.
  subscribeTrades: StreamType.AGG_TRADE,
  subscribeBookTicker: StreamType.BOOK_TICKER,
  subscribeLiquidations: StreamType.LIQUIDATION,
}

function contentProblems(view: ConfigView): Problem[] {
  if (!view.hasSymbols && !view.hasStreams) {
    return [{ path: [], message: 'neither symbols nor streams are given; at least one of them is needed' }]
  }
  if (view.hasSymbols) return []
  // A field that is set and does nothing would be a silent hole in the data.
  return SUBSCRIBE_FLAGS.filter((name) => view.flags[name] === true).map((name) => ({
    path: [name],
    message: `has no effect without symbols; list symbols, or add ${SIMPLE_FORM_TYPES[name]} to streams`,
  }))
}

function simpleFormProblems(info: VenueInfo, view: ConfigView): Problem[] {
  const notOffered = SUBSCRIBE_FLAGS.filter(
    (name) => view.flags[name] === true && !info.streamTypes.includes(SIMPLE_FORM_TYPES[name]),
  ).map((name) => ({
    path: [name],
    message: `${SIMPLE_FORM_TYPES[name]} is a futures stream; ${info.venue} does not have it`,
  }))
  return [...notOffered, ...klineIntervalProblems(info, view.defaultKlineInterval, ['defaultKlineInterval'])]
}

function maintainedBookProblems(info: VenueInfo, view: ConfigView): Problem[] {
  const entries: { spec: StreamSpec; path: ConfigPath }[] = []
  if (view.flags.subscribeOrderbook === true && view.orderbookDepth === 'full') {
    for (const { symbol } of view.symbols) {
      entries.push({ spec: specOf(info, { symbol, type: StreamType.DEPTH }), path: ['orderbookDepth'] })
    }
  }
  view.streams.forEach((stream, index) => {
    const config = parseStreamShape(stream).value
    if (config !== undefined) entries.push({ spec: specOf(info, config), path: ['streams', index] })
  })
  return twoBooksProblems(entries)
}

function snapshotProblems(info: VenueInfo, { book }: ConfigView): Problem[] {
  const levels = book.snapshotLevels
  if (levels === undefined || info.restLimits.depthSnapshotWeights[levels] !== undefined) return []
  const offered = Object.keys(info.restLimits.depthSnapshotWeights).join(', ')
  return [{ path: ['book', 'snapshotLevels'], message: `${levels} is not offered by ${info.venue}: one of ${offered}` }]
}

function addressProblems(info: VenueInfo | undefined, view: ConfigView): Problem[] {
  const { baseUrl, restUrl } = view.connection
  return [
    ...(baseUrl === undefined ? [] : baseUrlProblems(info, baseUrl, ['connection', 'baseUrl'])),
    ...(restUrl === undefined ? [] : restUrlProblems(info, restUrl, ['connection', 'restUrl'])),
  ]
}

function timingProblems(view: ConfigView): Problem[] {
  const { refreshWindow } = view.connection
  return [
    ...orderProblem(view, 'pingTimeoutMs', 'pingIntervalMs', ': the next ping would leave before the last is judged'),
    ...orderProblem(view, 'baseReconnectDelayMs', 'reconnectDelayMsMax', ''),
    ...(refreshWindow === undefined ? [] : windowProblems(refreshWindow)),
  ]
}

/** `shorter` must not be longer than `longer`. Said at the one that was written, where only one was. */
function orderProblem(
  view: ConfigView,
  shorter: 'pingTimeoutMs' | 'baseReconnectDelayMs',
  longer: 'pingIntervalMs' | 'reconnectDelayMsMax',
  why: string,
): Problem[] {
  const { [shorter]: short, [longer]: long } = view.connection
  if (short === undefined || long === undefined || short <= long) return []
  const named = (name: string, value: number): string =>
    `${name} (${value}${view.connectionGiven.has(name) ? '' : ', the default'})`
  const message = `${named(shorter, short)} must not be longer than ${named(longer, long)}${why}`
  return [{ path: ['connection', view.connectionGiven.has(shorter) ? shorter : longer], message }]
}

function windowProblems({ fromHour, toHour }: RefreshWindow): Problem[] {
  if (fromHour !== toHour) return []
  const message = `fromHour and toHour are both ${fromHour}: the window is empty; leave refreshWindow out for any hour`
  return [{ path: ['connection', 'refreshWindow'], message }]
}

interface Floor {
  readonly path: readonly ['connection' | 'health', string]
  readonly min: number
  readonly why: string
}

/**
 * Shortest sensible times against a venue of the real world. A value below is nearly always a number of
 * seconds, and would get the address banned or restart a healthy feed for ever. Local servers are exempt.
 */
const LIVE_FLOORS: readonly Floor[] = [
  { path: ['connection', 'connectTimeoutMs'], min: 250, why: 'no handshake is that fast' },
  { path: ['connection', 'pingIntervalMs'], min: 1_000, why: 'pings count against the message limit of the venue' },
  { path: ['connection', 'pingTimeoutMs'], min: 250, why: 'a healthy connection would be dropped' },
  {
    path: ['connection', 'baseReconnectDelayMs'],
    min: 100,
    why: 'the venue bans an address after 300 attempts in 5 minutes',
  },
  {
    path: ['connection', 'reconnectDelayMsMax'],
    min: 1_000,
    why: 'the venue bans an address after 300 attempts in 5 minutes',
  },
  { path: ['connection', 'connectionAgeMsMax'], min: 60_000, why: 'each refresh is a connection attempt' },
  { path: ['health', 'stalenessThresholdMs'], min: 1_000, why: 'healthy feeds would be called stale' },
  { path: ['health', 'healthCheckIntervalMs'], min: 100, why: 'checking costs more than it tells' },
  { path: ['health', 'watchdogTimeoutMs'], min: 1_000, why: 'a healthy feed would be restarted' },
]

function liveVenueProblems(info: VenueInfo, view: ConfigView): Problem[] {
  const baseUrl = view.connection.baseUrl ?? info.wsUrl
  if (info.isSimulated || !isVenueHost(info, baseUrl)) return []
  return LIVE_FLOORS.flatMap(({ path, min, why }) => {
    const value = (view[path[0]] as Readonly<Record<string, unknown>>)[path[1]]
    if (typeof value !== 'number' || value >= min) return []
    const message = `${value} ms is too short for ${info.venue} (at least ${min}): ${why}. Durations are milliseconds: ${value} s is ${value * 1000}`
    return [{ path, message }]
  })
}
