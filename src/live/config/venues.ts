/**
 * The venue table: addresses, routes, limits and stream offer of every venue. Facts only; what follows from
 * them for one stream is `streams.ts`, for a connection the connection layer.
 *
 * Sources, all checked 2026-11-20: Binance spot documentation repository (commit of 2026-07-21, changelog up
 * to 2026-09-18) files `web-socket-streams.md`, `rest-api.md`, `testnet/`, `demo-mode/`; USD-M futures pages
 * "Websocket Market Streams" and "Important WebSocket Change Notice"; the official JavaScript connector
 * 37.0.0 to 38.1.1. Figures marked "measured" come from frames recorded on 2026-10-07.
 */
import { CANDLE_INTERVALS, type CandleInterval, StreamType } from '../../types/stream.js'
import { type FeedVenue, type MarketKind, Venue } from '../../types/venue.js'
import type { DepthLevels, SnapshotLevels } from './types.js'

/** Update speeds of one kind of stream. The first is what the bare name delivers. */
export interface UpdateSpeeds {
  readonly default: string
  /** Every speed that may be asked for, `default` included. */
  readonly allowed: readonly string[]
}

/** Paths below `restUrl`, without query. */
export interface RestPaths {
  readonly ping: string
  readonly time: string
  readonly exchangeInfo: string
  readonly depth: string
  readonly klines: string
  readonly trades: string
  readonly aggTrades: string
  /** Futures only. */
  readonly premiumIndex: string | null
  /** Futures only. */
  readonly fundingInfo: string | null
}

export interface RestLimits {
  /** Request weight per UTC clock minute and address; `exchangeInfo.rateLimits` is the authority. */
  readonly requestWeightPerMinute: number
  /** Request weight of a book snapshot by levels per side; levels that are not offered are absent. */
  readonly depthSnapshotWeights: Readonly<Partial<Record<SnapshotLevels, number>>>
  readonly klinesLimitMax: number
}

export interface VenueInfo {
  readonly venue: FeedVenue
  readonly market: MarketKind
  /** For people. */
  readonly title: string
  /** Served by the embedded simulated venue: no address of its own, never touches the network. */
  readonly isSimulated: boolean
  /** Real prices and real liquidity: the production environment. */
  readonly isProduction: boolean
  /** Market streams, without path and trailing slash; `''` for simulated venues. */
  readonly wsUrl: string
  /** `''` for simulated venues. */
  readonly restUrl: string
  /** Hosts that serve this venue's streams; with any other the REST address is not taken from this table. */
  readonly wsHosts: readonly string[]
  /**
   * Streams are split over `/public` and `/market`. A stream on the wrong one is acknowledged and silent
   * for ever (USD-M, since 2026-03-06; measured).
   */
  readonly routes: boolean
  /** Shortest pause between two control messages of one connection. Spot held at 500 ms and was closed at 250 (measured). */
  readonly controlIntervalMs: number
  /** What the venue documents: JSON requests, pings and pongs together. */
  readonly incomingMessagesPerSecond: number
  /** Names in one SUBSCRIBE (200 accepted, measured). */
  readonly streamsPerMessageMax: number
  /** One more is answered with error 4 and the connection is closed: all its streams are lost (measured). */
  readonly streamsPerConnectionMax: number
  /** Per address. Documented for spot; applied to futures, which documents none. */
  readonly connectAttempts: { readonly count: number; readonly windowMs: number }
  /** The venue ends a connection at this age. */
  readonly connectionLifetimeMs: number
  readonly serverPingIntervalMs: number
  /** The venue drops a connection whose pong is this late. */
  readonly pongDeadlineMs: number
  readonly intervals: readonly CandleInterval[]
  readonly streamTypes: readonly StreamType[]
  readonly depthLevels: readonly DepthLevels[]
  readonly partialDepthSpeeds: UpdateSpeeds
  readonly diffDepthSpeeds: UpdateSpeeds
  /** `null` where there is no mark price. */
  readonly markPriceSpeeds: UpdateSpeeds | null
  /** Speed of a depth stream without suffix. */
  readonly defaultDepthSpeed: string
  readonly restPaths: RestPaths
  readonly restLimits: RestLimits
}

type MarketFacts = Omit<VenueInfo, 'venue' | 'title' | 'isSimulated' | 'isProduction' | 'wsUrl' | 'restUrl' | 'wsHosts'>

const HOUR_MS = 3_600_000

const COMMON = {
  streamsPerMessageMax: 200,
  streamsPerConnectionMax: 1024,
  connectAttempts: { count: 300, windowMs: 300_000 },
  connectionLifetimeMs: 24 * HOUR_MS,
  depthLevels: [5, 10, 20],
} as const

function restPaths(prefix: string, isFutures: boolean): RestPaths {
  return {
    ping: `${prefix}/ping`,
    time: `${prefix}/time`,
    exchangeInfo: `${prefix}/exchangeInfo`,
    depth: `${prefix}/depth`,
    klines: `${prefix}/klines`,
    trades: `${prefix}/trades`,
    aggTrades: `${prefix}/aggTrades`,
    premiumIndex: isFutures ? `${prefix}/premiumIndex` : null,
    fundingInfo: isFutures ? `${prefix}/fundingInfo` : null,
  }
}

const SPOT: MarketFacts = {
  ...COMMON,
  market: 'spot',
  routes: false,
  controlIntervalMs: 500,
  incomingMessagesPerSecond: 5,
  serverPingIntervalMs: 20_000,
  pongDeadlineMs: 60_000,
  intervals: CANDLE_INTERVALS,
  streamTypes: [
    StreamType.KLINE,
    StreamType.DEPTH,
    StreamType.BOOK_TICKER,
    StreamType.AGG_TRADE,
    StreamType.TRADE,
    StreamType.TICKER,
    StreamType.MINI_TICKER,
  ],
  partialDepthSpeeds: { default: '1000ms', allowed: ['1000ms', '100ms'] },
  diffDepthSpeeds: { default: '1000ms', allowed: ['1000ms', '100ms'] },
  markPriceSpeeds: null,
  defaultDepthSpeed: '1000ms',
  restPaths: restPaths('/api/v3', false),
  restLimits: {
    requestWeightPerMinute: 6000,
    depthSnapshotWeights: { 100: 5, 500: 25, 1000: 50, 5000: 250 },
    klinesLimitMax: 1000,
  },
}

const FUTURES: MarketFacts = {
  ...COMMON,
  market: 'futures',
  routes: true,
  controlIntervalMs: 200,
  incomingMessagesPerSecond: 10,
  serverPingIntervalMs: 180_000,
  pongDeadlineMs: 600_000,
  // REST answers -1120 for `1s` although some definitions list it (measured).
  intervals: CANDLE_INTERVALS.filter((interval) => interval !== '1s'),
  streamTypes: Object.values(StreamType),
  partialDepthSpeeds: { default: '250ms', allowed: ['250ms', '500ms', '100ms'] },
  // `0ms` is not documented; recordings of 2024 hold it and hftbacktest's connector subscribes to it.
  diffDepthSpeeds: { default: '250ms', allowed: ['250ms', '500ms', '100ms', '0ms'] },
  markPriceSpeeds: { default: '3s', allowed: ['3s', '1s'] },
  defaultDepthSpeed: '250ms',
  restPaths: restPaths('/fapi/v1', true),
  restLimits: {
    requestWeightPerMinute: 2400,
    depthSnapshotWeights: { 100: 5, 500: 10, 1000: 20 },
    klinesLimitMax: 1500,
  },
}

const VENUES: Readonly<Record<FeedVenue, VenueInfo>> = deepFreeze({
  BINANCE_SPOT: {
    ...SPOT,
    venue: Venue.BINANCE_SPOT,
    title: 'Binance spot',
    isSimulated: false,
    isProduction: true,
    wsUrl: 'wss://stream.binance.com:9443',
    restUrl: 'https://api.binance.com',
    wsHosts: ['stream.binance.com', 'data-stream.binance.vision'],
  },
  BINANCE_FUTURES: {
    ...FUTURES,
    venue: Venue.BINANCE_FUTURES,
    title: 'Binance USD-M futures',
    isSimulated: false,
    isProduction: true,
    wsUrl: 'wss://fstream.binance.com',
    restUrl: 'https://fapi.binance.com',
    wsHosts: ['fstream.binance.com'],
  },
  // Own books and prices, wiped about once a month. The host `testnet.binance.vision/ws` is obsolete.
  BINANCE_SPOT_TESTNET: {
    ...SPOT,
    venue: Venue.BINANCE_SPOT_TESTNET,
    title: 'Binance spot testnet',
    isSimulated: false,
    isProduction: false,
    wsUrl: 'wss://stream.testnet.binance.vision',
    restUrl: 'https://testnet.binance.vision',
    wsHosts: ['stream.testnet.binance.vision'],
  },
  // Merged into "demo trading" by Binance; answers on the routed paths (seen 2026-09-18). The further hosts
  // are names other clients use; REST `testnet.binancefuture.com` was replaced by `demo-fapi` (2025-10-17).
  BINANCE_FUTURES_TESTNET: {
    ...FUTURES,
    venue: Venue.BINANCE_FUTURES_TESTNET,
    title: 'Binance USD-M futures testnet (demo trading)',
    isSimulated: false,
    isProduction: false,
    wsUrl: 'wss://fstream.binancefuture.com',
    restUrl: 'https://demo-fapi.binance.com',
    wsHosts: ['fstream.binancefuture.com', 'stream.binancefuture.com', 'demo-fstream.binance.com'],
  },
  // Since 2026-01-29: prices and books resemble production.
  BINANCE_SPOT_DEMO: {
    ...SPOT,
    venue: Venue.BINANCE_SPOT_DEMO,
    title: 'Binance spot demo mode',
    isSimulated: false,
    isProduction: false,
    wsUrl: 'wss://demo-stream.binance.com',
    restUrl: 'https://demo-api.binance.com',
    wsHosts: ['demo-stream.binance.com'],
  },
  SIM_SPOT: {
    ...SPOT,
    venue: Venue.SIM_SPOT,
    title: 'Simulated spot venue',
    isSimulated: true,
    isProduction: false,
    wsUrl: '',
    restUrl: '',
    wsHosts: [],
  },
  SIM_FUTURES: {
    ...FUTURES,
    venue: Venue.SIM_FUTURES,
    title: 'Simulated futures venue',
    isSimulated: true,
    isProduction: false,
    wsUrl: '',
    restUrl: '',
    wsHosts: [],
  },
})

/** Every venue, in the order of the documentation. */
export const VENUE_NAMES: readonly FeedVenue[] = Object.values(Venue)

/** The row of the venue table; frozen. For venues of a checked configuration: connector venues have no row. */
export function venueInfo(venue: Venue): VenueInfo {
  return VENUES[venue as FeedVenue]
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) deepFreeze(part)
  return Object.freeze(value)
}
