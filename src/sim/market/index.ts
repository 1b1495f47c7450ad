/** The simulated market: a seeded matching history and everything a venue would derive from it. */

export type { FlowParameters, MarketPreset } from './presets.js'
export { MARKET_PRESETS } from './presets.js'
export type { RateLimits } from './rest/rest-request.js'
export type { SimMarketOptions } from './sim-market.js'
export { SimMarket } from './sim-market.js'
export type { SymbolInput, SymbolStatus } from './symbols.js'
export { DEFAULT_SYMBOLS, EXTRA_SYMBOLS, lowerAscii, TEST_SYMBOLS } from './symbols.js'
export { TradeKind } from './trade-log.js'
