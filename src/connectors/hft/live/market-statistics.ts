/** Running statistics of one market: volumes by taker side, rate, spread. Fed with what a client hands out. */
import { Side } from './codes.js'
import type { BookUpdate, Trade } from './models.js'

export class MarketStatistics {
  totalTrades = 0
  /** In base units, taker buys and taker sells. */
  buyVolume = 0
  sellVolume = 0
  depthUpdates = 0
  /** `null` before the first book with both sides. */
  lastBid: number | null = null
  lastAsk: number | null = null
  minSpread: number | null = null
  maxSpread: number | null = null
  #firstTradeNs: bigint | null = null
  #lastTradeNs: bigint | null = null

  onTrade(trade: Pick<Trade, 'qty' | 'side' | 'timestamp'>): void {
    this.totalTrades++
    if (trade.side === Side.BUY) this.buyVolume += trade.qty
    else this.sellVolume += trade.qty
    this.#firstTradeNs ??= trade.timestamp
    this.#lastTradeNs = trade.timestamp
  }

  onBookUpdate(update: Pick<BookUpdate, 'bidPrice' | 'askPrice'>): void {
    this.depthUpdates++
    if (Number.isNaN(update.bidPrice) || Number.isNaN(update.askPrice)) return
    this.lastBid = update.bidPrice
    this.lastAsk = update.askPrice
    const spread = update.askPrice - update.bidPrice
    this.minSpread = Math.min(this.minSpread ?? spread, spread)
    this.maxSpread = Math.max(this.maxSpread ?? spread, spread)
  }

  get totalVolume(): number {
    return this.buyVolume + this.sellVolume
  }

  get spread(): number | null {
    return this.lastBid === null || this.lastAsk === null ? null : this.lastAsk - this.lastBid
  }

  /** Between the first and the last trade, by venue time; `null` before the second. */
  get tradesPerSecond(): number | null {
    if (this.#firstTradeNs === null || this.#lastTradeNs === null) return null
    const seconds = Number(this.#lastTradeNs - this.#firstTradeNs) / 1e9
    return seconds > 0 ? (this.totalTrades - 1) / seconds : null
  }

  toString(): string {
    const price = (value: number | null): string => (value === null ? 'n/a' : value.toFixed(2))
    const rate = this.tradesPerSecond
    return [
      `Total trades:      ${this.totalTrades}`,
      `Trades per second: ${rate === null ? 'n/a' : rate.toFixed(2)}`,
      `Buy volume:        ${this.buyVolume.toFixed(4)}`,
      `Sell volume:       ${this.sellVolume.toFixed(4)}`,
      `Total volume:      ${this.totalVolume.toFixed(4)}`,
      `Depth updates:     ${this.depthUpdates}`,
      `Last bid / ask:    ${price(this.lastBid)} / ${price(this.lastAsk)}`,
      `Spread:            ${price(this.spread)} (min ${price(this.minSpread)}, max ${price(this.maxSpread)})`,
    ].join('\n')
  }
}
