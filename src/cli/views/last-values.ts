/**
 * The newest payload of each feed, as short text for the table. Subscribes only while a table is shown, and
 * turns a payload into text only when the table is drawn.
 */
import type { Bus, Subscription } from '../../bus/index.js'
import type {
  BestBidOffer,
  Candle,
  FeedHealth,
  FundingRateEvent,
  Liquidation,
  OrderBookSnapshot,
  TickerEvent,
  Trade,
  Venue,
} from '../../types/index.js'
import { formatClock, formatNumber } from '../format.js'

type Payload = Candle | OrderBookSnapshot | BestBidOffer | Trade | FundingRateEvent | TickerEvent | Liquidation

export class LastValues {
  readonly #bySymbol: Map<string, Map<string, Payload>> = new Map()
  readonly #subscriptions: Subscription[]

  constructor(bus: Bus) {
    const keep = (slot: string, payload: Payload): void => {
      const key = `${payload.venue}:${payload.symbol}`
      const slots = this.#bySymbol.get(key)
      if (slots === undefined) this.#bySymbol.set(key, new Map([[slot, payload]]))
      else slots.set(slot, payload)
    }
    this.#subscriptions = [
      bus.subscribe('mkt.candles', ({ payload }) => keep(`KLINE ${payload.interval}`, payload)),
      bus.subscribe('mkt.candles.partial', ({ payload }) => keep(`KLINE ${payload.interval}`, payload)),
      bus.subscribe('mkt.orderbook', ({ payload }) => keep('DEPTH', payload)),
      bus.subscribe('mkt.bbo', ({ payload }) => keep('BOOK_TICKER', payload)),
      bus.subscribe('mkt.trades', ({ payload }) => keep(payload.kind === 'single' ? 'TRADE' : 'AGG_TRADE', payload)),
      bus.subscribe('mkt.funding', ({ payload }) => keep('MARK_PRICE', payload)),
      bus.subscribe('mkt.ticker', ({ payload }) => keep(payload.kind === 'full' ? 'TICKER' : 'MINI_TICKER', payload)),
      bus.subscribe('mkt.liquidations', ({ payload }) => keep('LIQUIDATION', payload)),
    ]
  }

  text(venue: Venue, feed: FeedHealth, nowMs: number): string {
    const slot = feed.streamType === 'KLINE' ? `KLINE ${feed.detail}` : feed.streamType
    const payload = this.#bySymbol.get(`${venue}:${feed.symbol}`)?.get(slot)
    return payload === undefined ? '' : describe(payload, nowMs)
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe()
  }
}

function describe(payload: Payload, nowMs: number): string {
  if ('isFinalized' in payload) {
    const rest = payload.isFinalized ? 'closed' : `closes in ${formatClock(payload.closeTimeMs + 1 - nowMs)}`
    return `close ${formatNumber(payload.close)}  (${rest})`
  }
  if ('spreadBps' in payload) {
    const { bestBid, bestAsk, spreadBps } = payload
    const side = (value: number | null): string => (value === null ? 'empty' : formatNumber(value))
    return `${side(bestBid)} / ${side(bestAsk)}  ${spreadBps === null ? '' : `${spreadBps.toFixed(2)}bps`}`
  }
  if ('askQty' in payload) return `${formatNumber(payload.bid)} / ${formatNumber(payload.ask)}`
  if ('markPrice' in payload) {
    const { fundingRate, nextFundingTimeMs } = payload
    if (fundingRate === null || nextFundingTimeMs === null) return `mark ${formatNumber(payload.markPrice)}`
    const percent = `${fundingRate >= 0 ? '+' : ''}${(fundingRate * 100).toFixed(4)}%`
    return `mark ${formatNumber(payload.markPrice)}  funding ${percent} in ${formatClock(nextFundingTimeMs - nowMs)}`
  }
  if ('lastPrice' in payload) {
    return `last ${formatNumber(payload.lastPrice)}  ${payload.priceChangePercent.toFixed(2)}%`
  }
  if ('takerSide' in payload) {
    return `${payload.takerSide.toLowerCase()} ${formatNumber(payload.qty)} @ ${formatNumber(payload.price)}`
  }
  return `${payload.side.toLowerCase()} ${formatNumber(payload.qty)} @ ${formatNumber(payload.price)}`
}
