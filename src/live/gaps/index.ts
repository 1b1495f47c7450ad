/** The record of holes in streams. */
export { type GapFilter, GapLedger, type TradeHealer } from './gap-ledger.js'
export { type GapCounts, GapIds, type GapRange } from './gap-record.js'
