/** Statistics of the HFT example: the class of the library under the name the example's documents use. */
export { MarketStatistics } from 'feedbus/hft'
