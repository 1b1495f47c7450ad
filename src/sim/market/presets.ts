/**
 * How lively the simulated market is. The numbers of `busy` follow a capture of USD-M BTCUSDT (2024-08-08): about
 * 190 best-price changes, 60 trades and 19 depth payloads a second on one symbol.
 */

export type MarketPreset = 'calm' | 'normal' | 'busy' | 'storm'

export interface FlowParameters {
  /** Order book operations per second of a symbol with activity 1. */
  readonly operationsPerSecond: number
  /** Share of operations that take liquidity. */
  readonly takerShare: number
  /** Orders that makers keep on each side. */
  readonly ordersPerSide: number
  /** Standard deviation of the fair price over one second, as a fraction, at volatility 1. */
  readonly volatilityPerSecond: number
  readonly jumpsPerHour: number
  /** Standard deviation of a jump, as a fraction. */
  readonly jumpSize: number
}

export const MARKET_PRESETS: Readonly<Record<MarketPreset, FlowParameters>> = {
  calm: {
    operationsPerSecond: 8,
    takerShare: 0.08,
    ordersPerSide: 200,
    volatilityPerSecond: 4e-5,
    jumpsPerHour: 0.5,
    jumpSize: 8e-4,
  },
  normal: {
    operationsPerSecond: 40,
    takerShare: 0.1,
    ordersPerSide: 400,
    volatilityPerSecond: 9e-5,
    jumpsPerHour: 3,
    jumpSize: 1.5e-3,
  },
  busy: {
    operationsPerSecond: 440,
    takerShare: 0.07,
    ordersPerSide: 900,
    volatilityPerSecond: 1.5e-4,
    jumpsPerHour: 8,
    jumpSize: 2e-3,
  },
  storm: {
    operationsPerSecond: 2000,
    takerShare: 0.14,
    ordersPerSide: 1200,
    volatilityPerSecond: 5e-4,
    jumpsPerHour: 60,
    jumpSize: 4e-3,
  },
}
