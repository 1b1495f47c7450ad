/** Pure data structures of the market: levels, book snapshots, candle arithmetic. No input, no output, no clock. */
export { BookSnapshot } from './book-snapshot.js'
export {
  candlesBetween,
  closeTimeMs,
  fixedIntervalMs,
  intervalMsMax,
  nextOpenTimeMs,
  openTimeAtMs,
  previousOpenTimeMs,
} from './candle-interval.js'
export { PackedPriceLevels, packPriceLevels, splitPriceLevels } from './price-levels.js'
