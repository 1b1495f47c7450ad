/** The candle sequencer's way to the gap ledger. */
import type { CandleGapPort, CandleRange } from './candles/index.js'
import type { GapLedger, GapRange } from './gaps/index.js'

export function candleGaps(ledger: GapLedger): CandleGapPort {
  return {
    opened: (feed, range, cause) => {
      const { gapId } = ledger.open(feed, gapRange(range), cause)
      return {
        filled: (by) => ledger.fill(gapId, by),
        unfillable: (lost) => ledger.declareUnfillable(gapId, gapRange(lost)),
      }
    },
  }
}

function gapRange({ fromOpenTimeMs, toOpenTimeMs, missing }: CandleRange): GapRange {
  return { unit: 'openTime', from: fromOpenTimeMs, to: toOpenTimeMs, missing }
}
