import type { CandleInterval } from './stream.js'
import type { Venue } from './venue.js'

/**
 * Open, high, low, close and volume over one interval. On `mkt.candles` always finalized, each exactly
 * once and in order per (symbol, interval); on `mkt.candles.partial` still forming.
 *
 * Prices are in quote currency per base unit, volumes in base units unless the name says quote; all are
 * exactly `Number(text)` of the venue's decimal. A finalized candle without trades has volume 0 and
 * `tradeCount` 0. Frozen by contract: never changed after publish, may be kept.
 */
export interface Candle {
  readonly venue: Venue
  /** Symbol at the venue, upper case. */
  readonly symbol: string
  readonly interval: CandleInterval
  /** First millisecond of the interval, epoch ms (UTC). */
  readonly openTimeMs: number
  /** Last millisecond of the interval, epoch ms (UTC): `openTimeMs` plus the interval minus 1. */
  readonly closeTimeMs: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  /** Base units traded. */
  readonly volume: number
  readonly quoteVolume: number
  readonly tradeCount: number
  /** Base units bought by takers. */
  readonly takerBuyVolume: number
  readonly takerBuyQuoteVolume: number
  readonly isFinalized: boolean
  /** `stream`: pushed by the venue. `backfill`: fetched over REST because the stream did not deliver it. */
  readonly origin: 'stream' | 'backfill'
  /** What the venue wrote as event time, epoch ms. For `backfill`: the close time of the candle. */
  readonly venueTimeMs: number
  /** Our clock when the frame arrived, epoch ms with sub-millisecond fraction. */
  readonly receiveTimeMs: number
}
