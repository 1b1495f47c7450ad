/**
 * Orders as the matching book knows them. All prices are whole ticks, all quantities whole lots; what a tick or a
 * lot is worth is the caller's business.
 */

/** Numbers, because they index arrays on the hot path. */
export const Side = { BUY: 0, SELL: 1 } as const
export type Side = (typeof Side)[keyof typeof Side]

export function oppositeSide(side: Side): Side {
  return side === Side.BUY ? Side.SELL : Side.BUY
}

/**
 * What happens to the part that does not match at once. `GTC` rests, `IOC` expires, `FOK` matches in full or not at
 * all, `GTX` (post-only) is refused if any part would match.
 */
export const TimeInForce = { GTC: 'GTC', IOC: 'IOC', FOK: 'FOK', GTX: 'GTX' } as const
export type TimeInForce = (typeof TimeInForce)[keyof typeof TimeInForce]

/** Who gives way when an order would meet another one of the same owner. */
export const SelfTradePrevention = {
  NONE: 'NONE',
  EXPIRE_MAKER: 'EXPIRE_MAKER',
  EXPIRE_TAKER: 'EXPIRE_TAKER',
  EXPIRE_BOTH: 'EXPIRE_BOTH',
} as const
export type SelfTradePrevention = (typeof SelfTradePrevention)[keyof typeof SelfTradePrevention]

export interface NewOrder {
  readonly side: Side
  /** Limit in ticks; `null` for a market order, which never rests. */
  readonly price: number | null
  /** Whole lots, at least 1. */
  readonly lots: number
  /** Default `GTC`; ignored for market orders. */
  readonly timeInForce?: TimeInForce
  /** 0 (the default) is nobody in particular and never meets itself. */
  readonly owner?: number
  /** Default `NONE`. */
  readonly selfTradePrevention?: SelfTradePrevention
}

/** A resting order. Owned by the book: read it, never change it, and drop it once `level` is `null`. */
export interface RestingOrder {
  readonly id: number
  readonly side: Side
  readonly price: number
  readonly owner: number
  /** Remaining lots. */
  readonly lots: number
  /** `false` once filled, cancelled or expired. */
  readonly isResting: boolean
  /** Free for the owner of the book, e.g. the position in an index of its own. */
  tag: number
}

export const SubmitStatus = {
  /** Everything matched. */
  FILLED: 'FILLED',
  /** Nothing matched, all of it rests. */
  RESTING: 'RESTING',
  /** Some matched, the rest rests. */
  PARTIALLY_FILLED: 'PARTIALLY_FILLED',
  /** The unmatched part (perhaps all) is gone: IOC, FOK, market order or self-trade prevention. */
  EXPIRED: 'EXPIRED',
  /** Post-only order that would have matched. */
  REJECTED: 'REJECTED',
} as const
export type SubmitStatus = (typeof SubmitStatus)[keyof typeof SubmitStatus]

export interface SubmitResult {
  readonly orderId: number
  readonly status: SubmitStatus
  readonly filledLots: number
  /** Sum of price times lots over all fills, in ticks times lots. */
  readonly filledValue: number
  /** Lots of the last fill, 0 without one. */
  readonly lastFilledLots: number
  /** The resting part, `null` if nothing rests. */
  readonly resting: RestingOrder | null
}

/** Told about everything that happens, synchronously and in order. Must not call back into the book. */
export interface BookListener {
  /** A level's total changed; once per level and operation, after the executions that caused it. */
  onLevel(side: Side, price: number, oldLots: number, newLots: number): void
  /** An execution; `maker.lots` is what remains of the resting order. */
  onTrade(maker: RestingOrder, takerSide: Side, price: number, lots: number): void
  /** A resting order left the book for whatever reason. */
  onRemoved(order: RestingOrder): void
}
