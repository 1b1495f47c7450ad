/** What a user may say about the simulated market, and how that becomes one. */
import type { Clock } from '../runtime/index.js'
import type { MarketKind } from '../types/venue.js'
import { type FlowParameters, type MarketPreset, SimMarket, type SymbolInput } from './market/index.js'
import type { SimLimits } from './server/limits.js'

export interface MarketOptions {
  /** Names, or names with properties. Default BTCUSDT and ETHUSDT. */
  readonly symbols?: readonly (string | SymbolInput)[]
  /** Default `both`. */
  readonly market?: MarketKind | 'both'
  /** Default 7. */
  readonly seed?: number
  /** How busy the market is. Default `normal`. */
  readonly preset?: MarketPreset
  /** Overrides single numbers of the preset. */
  readonly flow?: Partial<FlowParameters>
  /** Minutes of history before the start. Default 1500. */
  readonly warmupBars?: number
  /** List silent symbols in every state beside the given ones, and COIN-M rows in futures arrays. Default true. */
  readonly extras?: boolean
  /** Object keys of payloads in random order. Default false. */
  readonly shuffleKeys?: boolean
  /** Keys in payloads that no client knows. Default false. */
  readonly addUnknownKeys?: boolean
}

/** The clock already runs at the venue's speed. */
export function createMarket(options: MarketOptions, seed: number, clock: Clock, limits: SimLimits): SimMarket {
  const { symbols, market = 'both', preset, flow, warmupBars, extras, shuffleKeys, addUnknownKeys } = options
  return new SimMarket({
    clock,
    seed,
    markets: market === 'both' ? ['spot', 'futures'] : [market],
    rateLimits: {
      spotWeightPerMinute: limits.spot.weightPerMinute,
      futuresWeightPerMinute: limits.futures.weightPerMinute,
    },
    ...(symbols === undefined ? {} : { symbols }),
    ...(preset === undefined ? {} : { preset }),
    ...(flow === undefined ? {} : { flow }),
    ...(warmupBars === undefined ? {} : { warmupBars }),
    ...(extras === undefined ? {} : { extras }),
    ...(shuffleKeys === undefined ? {} : { shuffleKeys }),
    ...(addUnknownKeys === undefined ? {} : { addUnknownKeys }),
  })
}
