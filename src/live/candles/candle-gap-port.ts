/** Where holes in candle streams are announced; see `GapEvent` for what becomes of it. */
import type { GapCause } from '../../types/gap.js'
import type { Feed } from '../feed.js'

/** Bounds are open times, inclusive; `missing` is how many candles they hold. */
export interface CandleRange {
  readonly fromOpenTimeMs: number
  readonly toOpenTimeMs: number
  readonly missing: number
}

export interface CandleGapPort {
  /** Candles of this stream are known to be missing. Ranges of one stream never overlap while they are open. */
  opened(feed: Feed, range: CandleRange, cause: GapCause): CandleGap
}

/** An announced hole. Exactly one of the two is called, once; neither when the feed stops first. */
export interface CandleGap {
  /** All of it was published: fetched, or delivered late by the stream. */
  filled(by: 'backfill' | 'overlap'): void
  /** `lost` will never be published; what the announced range held beyond it was. */
  unfillable(lost: CandleRange): void
}
