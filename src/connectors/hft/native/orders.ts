/** Names of orders on their way out: their ids, and their symbols as a connector spells them. */
import type { Random } from '../../../runtime/index.js'
import { IpcError } from './errors.js'
import type { HftConnectorKind } from './types.js'

const ID_PART_BITS = 32n
const ID_PART_MAX = 0xffff_ffff

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
