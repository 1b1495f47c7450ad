/** Price-time-priority matching on whole ticks and lots; nothing here knows a venue or a server. */
export { MatchingBook } from './matching-book.js'
export type { BookListener, NewOrder, RestingOrder, SubmitResult } from './order.js'
export { oppositeSide, SelfTradePrevention, Side, SubmitStatus, TimeInForce } from './order.js'
