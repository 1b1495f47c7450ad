/**
 * What a client hands out: trades, book updates, snapshots, answers to orders, health. Plain frozen-by-type values
 * that may be kept. Times are nanoseconds since the epoch as `bigint`.
 */
import type { OrderStatus, Side } from './codes.js'

export interface Trade {
  /** Venue time, ns. */
  readonly timestamp: bigint
  readonly price: number
  readonly qty: number
  /** Taker side, from the buy and sell bits of the event. */
  readonly side: Side
  readonly assetNo: number
}

/** The best prices, whenever one of the four numbers changed. An empty side has price `NaN` and quantity 0. */
export interface BookUpdate {
  /** Bot time of the change, ns. */
  readonly timestamp: bigint
  readonly bidPrice: number
  readonly bidQty: number
  readonly askPrice: number
  readonly askQty: number
  readonly assetNo: number
}

export interface BookLevel {
  readonly price: number
  readonly qty: number
}

export interface DepthSnapshot {
  /** Bot time, ns. */
  readonly timestamp: bigint
  /** Descending prices. */
  readonly bids: readonly BookLevel[]
  /** Ascending prices. */
  readonly asks: readonly BookLevel[]
  readonly assetNo: number
}

export interface OrderResponse {
  readonly orderId: bigint
  /** `submitted`: the order, or the request to cancel it, is on its way or resting. `cancelled`: confirmed. */
  readonly status: 'submitted' | 'cancelled' | 'error'
  /** Quantity executed so far, from the venue's replies. */
  readonly filledQty: number
  /** Average price of what was executed; 0 before the first fill. */
  readonly avgPrice: number
  /** Bot time of this answer, ns. */
  readonly timestamp: bigint
  readonly assetNo: number
  /** Why, when `status` is `error`; otherwise `null`. */
  readonly error: string | null
}

export interface ConnectionHealth {
  /** Data arrived within the feed timeout, and the bot's data has not ended. True while the first is awaited. */
  readonly connected: boolean
  /** Venue to here, ns; `null` before the first feed. */
  readonly feedLatencyNs: bigint | null
  /** Request to response, ns; `null` before the first response. */
  readonly orderLatencyNs: bigint | null
  /** Bot time of the latest feed, ns; `null` before the first. */
  readonly lastFeedTime: bigint | null
  /** Bot time of the latest order response, ns; `null` before the first. */
  readonly lastOrderTime: bigint | null
}

/** An order that can still be filled, as the client lists it. */
export interface ClientOrder {
  readonly orderId: bigint
  readonly side: Side
  readonly price: number
  readonly qty: number
  readonly leavesQty: number
  readonly status: OrderStatus
}
