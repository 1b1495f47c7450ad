/** Orders on their way out: ids, spelling and rounding as a connector expects them. */
import type { Random } from '../../../runtime/index.js'
import { IpcError } from './errors.js'
import type { HftConnectorKind, HftOrderRequest, WireOrder } from './types.js'

const ID_PART_BITS = 32n
const ID_PART_MAX = 0xffff_ffff
const ID_MAX = 2n ** 64n - 1n

/** Unique over all bots of a connector with overwhelming likelihood: a random upper half, a counting lower half. */
export class OrderIds {
  readonly #upper: bigint
  #last = 0n

  constructor(random: Random) {
    this.#upper = BigInt(random.int(1, ID_PART_MAX)) << ID_PART_BITS
  }

  next(): bigint {
    this.#last += 1n
    return this.#upper | this.#last
  }
}

/**
 * Symbol as this kind of connector writes it. Its books are keyed by the literal text: a symbol registered in the
 * wrong case loses every depth record while its trades pass.
 */
export function wireSymbolOf(kind: HftConnectorKind, symbol: string): string {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(symbol)) {
    throw new IpcError('IPC_INVALID_ARGUMENT', `"${symbol}" is not a symbol; write it as the venue does, e.g. btcusdt`)
  }
  switch (kind) {
    case 'binancefutures':
    case 'binancespot':
      return symbol.toLowerCase()
    case 'bybit':
      return symbol.toUpperCase()
    default:
      throw new IpcError('IPC_INVALID_ARGUMENT', `"${String(kind)}" is no kind of connector`)
  }
}

/** A new order. `localTimestamp` comes back in its updates and is what its latency is measured from. */
export function orderOf(order: HftOrderRequest, orderId: bigint, tickSize: number, nowNs: bigint): WireOrder {
  const { price, qty, side, timeInForce, type = 'LIMIT' } = order
  if (!(Number.isFinite(price) && price >= 0)) throw new IpcError('IPC_INVALID_ARGUMENT', `price ${price}`)
  if (!(Number.isFinite(qty) && qty > 0)) throw new IpcError('IPC_INVALID_ARGUMENT', `qty ${qty}`)
  if (orderId < 0n || orderId > ID_MAX) throw new IpcError('IPC_INVALID_ARGUMENT', `orderId ${orderId}`)
  return {
    qty,
    leavesQty: qty,
    execQty: 0,
    execPriceTick: 0n,
    priceTick: BigInt(Math.round(price / tickSize)),
    tickSize,
    exchTimestamp: 0n,
    localTimestamp: nowNs,
    orderId,
    maker: false,
    orderType: type === 'MARKET' ? 'Market' : 'Limit',
    req: 'New',
    status: 'New',
    side: side === 'BUY' ? 'Buy' : 'Sell',
    timeInForce,
  }
}

/** The same order, asked to be cancelled. */
export function cancelOf(order: WireOrder, nowNs: bigint): WireOrder {
  return { ...order, req: 'Canceled', localTimestamp: nowNs }
}
