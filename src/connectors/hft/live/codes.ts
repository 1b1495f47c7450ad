/**
 * Numbers and names of the bot interface: return codes, states of orders, times in force. They are the numbers of
 * the hftbacktest API, not the tags its connector writes on the wire (`Status::Unsupported` is 255 here and 8 there).
 */

/** What a call of a bot returns. 10 and above are failures. */
export const ReturnCode = {
  /** Done, or nothing happened before the timeout. */
  OK: 0,
  /** No more data will come. */
  END_OF_DATA: 1,
  /** A market feed was received. */
  MARKET_FEED: 2,
  /** An order response was received. */
  ORDER_RESPONSE: 3,
  ORDER_ID_EXIST: 10,
  ORDER_NOT_FOUND: 12,
  INVALID_ORDER_STATUS: 14,
  INSTRUMENT_NOT_FOUND: 16,
  TIMEOUT: 17,
  INTERRUPTED: 18,
  CUSTOM: 19,
} as const
export type ReturnCode = (typeof ReturnCode)[keyof typeof ReturnCode]

const CODE_TEXTS: Readonly<Record<ReturnCode, string>> = {
  0: 'done, or nothing happened before the timeout',
  1: 'end of data',
  2: 'a market feed was received',
  3: 'an order response was received',
  10: 'an order with this id exists already',
  12: 'there is no order with this id',
  14: 'the state of the order does not allow this',
  16: 'there is no instrument with this number',
  17: 'no response in time',
  18: 'interrupted: the bot was closed, the wait was cancelled or the connector is gone',
  19: 'the connector reported an error',
}

/** Codes that name a failure, ascending. */
export const FAILURE_CODES: readonly ReturnCode[] = [10, 12, 14, 16, 17, 18, 19]

/** One sentence part for a person, e.g. `an order with this id exists already`. */
export function returnCodeText(code: number): string {
  return CODE_TEXTS[code as ReturnCode] ?? `unknown return code ${code}`
}

export function isFailure(code: number): boolean {
  return code >= ReturnCode.ORDER_ID_EXIST
}

/** State of an order, and what was last asked for it (`req`). */
export const OrderStatus = {
  NONE: 0,
  NEW: 1,
  EXPIRED: 2,
  FILLED: 3,
  CANCELED: 4,
  PARTIALLY_FILLED: 5,
  REJECTED: 6,
  REPLACED: 7,
  UNSUPPORTED: 255,
} as const
export type OrderStatus = (typeof OrderStatus)[keyof typeof OrderStatus]

export const TimeInForce = { GTC: 0, GTX: 1, FOK: 2, IOC: 3 } as const
export type TimeInForce = (typeof TimeInForce)[keyof typeof TimeInForce]

export const OrderType = { LIMIT: 0, MARKET: 1 } as const
export type OrderType = (typeof OrderType)[keyof typeof OrderType]

/** Side of an order, and taker side of a trade. */
export const Side = { BUY: 1, SELL: -1 } as const
export type Side = (typeof Side)[keyof typeof Side]

/** What a client reads from its queues. */
export const EventType = { TRADE: 'trade', BOOK_UPDATE: 'bookUpdate', SNAPSHOT: 'snapshot' } as const
export type EventType = (typeof EventType)[keyof typeof EventType]

/** Filled, cancelled, expired or rejected: nothing can happen to the order any more. */
export function isFinalStatus(status: OrderStatus): boolean {
  return (
    status === OrderStatus.FILLED ||
    status === OrderStatus.CANCELED ||
    status === OrderStatus.EXPIRED ||
    status === OrderStatus.REJECTED
  )
}

/** `Buy side BTCUSDT`-style texts need a word for a number. */
export function orderStatusName(status: OrderStatus): string {
  const found = Object.entries(OrderStatus).find(([, value]) => value === status)
  return found === undefined ? `status ${status}` : found[0].toLowerCase().replace('_', ' ')
}
