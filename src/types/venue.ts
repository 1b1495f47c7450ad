/**
 * Venues: a trading place plus product and environment. Endpoints and limits of each venue live in
 * `src/live/config`; this file owns only the names.
 */

/** Venues that the feed manager connects to. */
export const Venue = {
  BINANCE_SPOT: 'BINANCE_SPOT',
  BINANCE_FUTURES: 'BINANCE_FUTURES',
  BINANCE_SPOT_TESTNET: 'BINANCE_SPOT_TESTNET',
  BINANCE_FUTURES_TESTNET: 'BINANCE_FUTURES_TESTNET',
  BINANCE_SPOT_DEMO: 'BINANCE_SPOT_DEMO',
  SIM_SPOT: 'SIM_SPOT',
  SIM_FUTURES: 'SIM_FUTURES',
} as const

export type FeedVenue = (typeof Venue)[keyof typeof Venue]

/**
 * Venues whose data only a connector in another process brings (`feedbus/hft`). `LiveFeedConfig` refuses them: the
 * feed manager does not speak their protocol.
 */
export const ConnectorVenue = {
  BYBIT: 'BYBIT',
} as const

export type ConnectorVenue = (typeof ConnectorVenue)[keyof typeof ConnectorVenue]

/** What a payload may name as its origin, whichever source it came through. */
export type Venue = FeedVenue | ConnectorVenue

/** Product family of a venue; decides wire shapes, routes and continuity rules. */
export type MarketKind = 'spot' | 'futures'
