/** Aggregated trades kept whole: missing ids fetched over REST, in order. Opt-in. */
export { AggTradeRequests } from './agg-trade-requests.js'
export { TradeBackfill, type TradeBackfillStats, type TradeGapPort, type TradeOptions } from './trade-backfill.js'
