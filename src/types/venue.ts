/**
 * Venues: a trading place plus product and environment. Endpoints and limits of each venue live in
 * `src/live/config`; this file owns only the names.
 */

export const Venue = {
  BINANCE_SPOT: 'BINANCE_SPOT',
  BINANCE_FUTURES: 'BINANCE_FUTURES',
  BINANCE_SPOT_TESTNET: 'BINANCE_SPOT_TESTNET',
  BINANCE_FUTURES_TESTNET: 'BINANCE_FUTURES_TESTNET',
  BINANCE_SPOT_DEMO: 'BINANCE_SPOT_DEMO',
  SIM_SPOT: 'SIM_SPOT',
  SIM_FUTURES: 'SIM_FUTURES',
} as const

export type Venue = (typeof Venue)[keyof typeof Venue]

/** Product family of a venue; decides wire shapes, routes and continuity rules. */
export type MarketKind = 'spot' | 'futures'
