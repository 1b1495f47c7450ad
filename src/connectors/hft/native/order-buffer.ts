/**
 * The buffer an order is packed into for the addon: the fields of a record at the offsets of a record, then the
 * symbol. The addon reads it in one call, where an object would cost it one for each property. The layout is written
 * down in `native/src/codec/packed.rs`.
 */
import { tagOf } from './messages.js'
import { WIRE_ORDER_TYPES, WIRE_SIDES, WIRE_STATUSES, WIRE_TIMES_IN_FORCE, type WireOrder } from './types.js'

const SYMBOL_LENGTH = 4
const SYMBOL = 128
const SYMBOL_BYTES_MAX = 64

export class OrderBuffer {
  /** What the addon reads. */
  readonly bytes: Uint8Array
  readonly #view: DataView
  #symbol = ''

  constructor() {
    // Shared, so that nothing can detach it: the addon keeps its address.
    const buffer = new SharedArrayBuffer(SYMBOL + SYMBOL_BYTES_MAX)
    this.bytes = new Uint8Array(buffer)
    this.#view = new DataView(buffer)
  }

  /** `symbol` as the connector spells it: ASCII, 64 characters at most. */
  write(symbol: string, order: WireOrder): void {
    const view = this.#view
    // A bot trades few symbols, mostly the same one again.
    if (symbol !== this.#symbol) this.#writeSymbol(symbol)
    view.setBigInt64(8, order.exchTimestamp, true)
    view.setBigInt64(16, order.localTimestamp, true)
    view.setFloat64(32, order.qty, true)
    view.setBigUint64(40, order.orderId, true)
    view.setFloat64(48, order.leavesQty, true)
    view.setFloat64(56, order.execQty, true)
    view.setBigInt64(64, order.execPriceTick, true)
    view.setBigInt64(72, order.priceTick, true)
    view.setFloat64(80, order.tickSize, true)
    view.setUint8(88, tagOf('side', WIRE_SIDES, order.side))
    view.setUint8(89, tagOf('status', WIRE_STATUSES, order.status))
    view.setUint8(90, tagOf('req', WIRE_STATUSES, order.req))
    view.setUint8(91, tagOf('timeInForce', WIRE_TIMES_IN_FORCE, order.timeInForce))
    view.setUint8(92, tagOf('orderType', WIRE_ORDER_TYPES, order.orderType))
    view.setUint8(93, order.maker ? 1 : 0)
  }

  #writeSymbol(symbol: string): void {
    this.#symbol = symbol
    this.#view.setUint32(SYMBOL_LENGTH, symbol.length, true)
    for (let i = 0; i < symbol.length; i++) this.bytes[SYMBOL + i] = symbol.charCodeAt(i)
  }
}
