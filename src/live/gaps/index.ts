/** The record of holes in streams. */
export { type GapFilter, GapLedger, type TradeHealer } from './gap-ledger.js'
export type { GapCounts, GapRange } from './gap-record.js'
