/** What a user may say about the simulated market, and how that becomes one. */
import type { Clock } from '../runtime/index.js'
import type { MarketKind } from '../types/venue.js'
import type { MarketSource } from './market-source.js'

export interface MarketOptions {
  /** Default BTCUSDT and ETHUSDT. */
  readonly symbols?: readonly string[]
  /** Default `both`. */
  readonly market?: MarketKind | 'both'
  /** Default 7. */
  readonly seed?: number
}

export function createMarketSource(_options: MarketOptions, _seed: number, _clock: Clock): MarketSource {
  throw new Error('no market yet')
}
