/** What both kinds of bot check before an order leaves, and the state they report. */
import { OrderType, type Side, TimeInForce } from './codes.js'
import { LiveClientError } from './errors.js'
import type { StateValues } from './live-bot.js'

/** What the two submitting calls of a bot are given. */
export interface OrderArguments {
  readonly side: Side
  readonly assetNo: number
  readonly orderId: bigint
  readonly price: number
  readonly qty: number
  readonly timeInForce: TimeInForce
  readonly orderType: OrderType
  readonly wait: boolean
}

/** Throws `LIVE_OPTION_INVALID`: a wrong argument is a mistake of the program, not an answer of the venue. */
export function checkOrderArguments({ orderId, price, qty, timeInForce, orderType }: OrderArguments): void {
  if (orderId < 0n || orderId >= 1n << 64n) refuse('orderId', orderId, 'must fit 64 bits without a sign')
  if (!(qty > 0 && Number.isFinite(qty))) refuse('qty', qty, 'must be above 0')
  if (!isOneOf(OrderType, orderType)) refuse('orderType', orderType, 'must be LIMIT (0) or MARKET (1)')
  if (!isOneOf(TimeInForce, timeInForce)) refuse('timeInForce', timeInForce, 'must be GTC, GTX, FOK or IOC (0 to 3)')
  if (orderType === OrderType.LIMIT && !(price > 0 && Number.isFinite(price))) refuse('price', price, 'must be above 0')
}

/** Only the position is known live. */
export function stateValuesOf(position: number): StateValues {
  return { position, balance: 0, fee: 0, numTrades: 0, tradingVolume: 0, tradingValue: 0 }
}

function isOneOf(table: Readonly<Record<string, number>>, value: number): boolean {
  return Object.values(table).includes(value)
}

function refuse(argument: string, value: unknown, rule: string): never {
  const message = `order argument ${argument} ${rule}; it is ${String(value)}`
  throw new LiveClientError('LIVE_OPTION_INVALID', message, { isTerminal: true })
}
