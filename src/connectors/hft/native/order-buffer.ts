/**
 * The buffer an order is packed into for the addon: the fields of a record at the offsets of a record, then the
 * symbol. The addon reads it in one call, where an object would cost it one for each property. The layout is written
 * down in `native/src/codec/packed.rs`. Numbers go in as halves, so that a 64-bit field needs no bigint made for it.
 */
import { IpcError } from './errors.js'
import type { HftOrderRequest } from './types.js'

const SYMBOL_LENGTH = 4
const SYMBOL = 128
const SYMBOL_BYTES_MAX = 64
const HALF = 2 ** 32
const ID_MAX = 2n ** 64n - 1n

// Wire tags: the places of the names in the lists of `types.ts`.
const STATUS_NEW = 1
export const TIMES_IN_FORCE = ['GTC', 'GTX', 'FOK', 'IOC'] as const

/** What is asked of the connector, which acts on this field alone. */
export const Ask = { NEW: 1, CANCEL: 4 } as const
export type Ask = (typeof Ask)[keyof typeof Ask]

/** What an order says besides its name. */
export type OrderTerms = Pick<HftOrderRequest, 'side' | 'price' | 'qty' | 'timeInForce' | 'type'>

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
    this.#view.setUint8(89, STATUS_NEW)
  }

  /**
   * `symbol` as the connector spells it: ASCII, 64 characters at most. Its time is set when the addon sends it. Throws
   * `IPC_INVALID_ARGUMENT` for terms that no order can have.
   */
  write(symbol: string, orderId: bigint, terms: OrderTerms, tickSize: number, ask: Ask): void {
    const { side, price, qty, timeInForce, type = 'LIMIT' } = terms
    if (typeof price !== 'number' || typeof qty !== 'number')
      throw invalid(`price ${price}, qty ${qty}: must be numbers`)
    if (typeof orderId !== 'bigint') throw invalid(`orderId ${String(orderId)}: must be a bigint`)
    if (!(qty > 0 && qty < Number.POSITIVE_INFINITY)) throw invalid(`qty ${qty}: must be positive`)
    if (!(price >= 0)) throw invalid(`price ${price}: must not be negative`)
    const priceTick = Math.round(price / tickSize)
    if (priceTick > Number.MAX_SAFE_INTEGER) throw invalid(`price ${price}: too many ticks of ${tickSize}`)
    if (orderId < 0n || orderId > ID_MAX) throw invalid(`orderId ${orderId}: must be 0 to 2^64 - 1`)
    if (side !== 'BUY' && side !== 'SELL') throw invalid(`side "${String(side)}": must be BUY or SELL`)
    if (type !== 'LIMIT' && type !== 'MARKET') throw invalid(`type "${String(type)}": must be LIMIT or MARKET`)
    const timeInForceTag = TIMES_IN_FORCE.indexOf(timeInForce)
    if (timeInForceTag < 0) throw invalid(`timeInForce "${String(timeInForce)}": must be ${TIMES_IN_FORCE.join(', ')}`)
    // A bot trades few symbols, mostly the same one again.
    if (symbol !== this.#symbol) this.#writeSymbol(symbol)
    const view = this.#view
    view.setFloat64(32, qty, true)
    view.setBigUint64(40, orderId, true)
    view.setFloat64(48, qty, true)
    this.#writeInteger(72, priceTick)
    view.setFloat64(80, tickSize, true)
    view.setUint8(88, side === 'BUY' ? 0 : 1)
    view.setUint8(90, ask)
    view.setUint8(91, timeInForceTag)
    view.setUint8(92, type === 'LIMIT' ? 0 : 1)
  }

  /** The halves of the id that was written last: a key of two small numbers is found faster than one bigint. */
  get idHigh(): number {
    return this.#view.getUint32(44, true)
  }

  get idLow(): number {
    return this.#view.getUint32(40, true)
  }

  #writeInteger(at: number, value: number): void {
    const high = Math.floor(value / HALF)
    this.#view.setUint32(at, value - high * HALF, true)
    this.#view.setInt32(at + 4, high, true)
  }

  #writeSymbol(symbol: string): void {
    this.#symbol = symbol
    this.#view.setUint32(SYMBOL_LENGTH, symbol.length, true)
    for (let i = 0; i < symbol.length; i++) this.bytes[SYMBOL + i] = symbol.charCodeAt(i)
  }
}

function invalid(problem: string): IpcError {
  return new IpcError('IPC_INVALID_ARGUMENT', problem)
}
