/** A connector's side of the two services, inside the test's own process. */
import {
  encodeEvent,
  type IpcNode,
  type IpcService,
  type LiveEvent,
  type LiveRequest,
  samplesIn,
} from '../../../../src/connectors/hft/native/index.js'
import { decodeRequest } from '../../../../src/connectors/hft/native/messages.js'
import { CONNECTOR_HEADER } from '../../../support/native.js'

const SLOT_BYTES = 512

export class ConnectorDouble {
  readonly #toBot: IpcService
  readonly #fromBot: IpcService
  readonly #publisher: ReturnType<IpcService['publisher']>
  readonly #subscriber: ReturnType<IpcService['subscriber']>
  readonly #buffer = new Uint8Array(1 << 16)

  constructor(node: IpcNode, name: string, options: { bufferSize?: number; maxBots?: number } = {}) {
    const { bufferSize = 4096, maxBots = 8 } = options
    const common = { mode: 'openOrCreate', userHeader: CONNECTOR_HEADER, bufferSize } as const
    this.#toBot = node.service({ ...common, name: `${name}/ToBot`, maxPublishers: 1, maxSubscribers: maxBots })
    this.#fromBot = node.service({ ...common, name: `${name}/FromBot`, maxPublishers: maxBots, maxSubscribers: 1 })
    this.#publisher = this.#toBot.publisher({ maxLen: SLOT_BYTES })
    this.#subscriber = this.#fromBot.subscriber()
  }

  /** To everyone, or to one bot. */
  send(event: LiveEvent, address: bigint = 0n): void {
    this.sendBytes(encodeEvent(event), address)
  }

  sendBytes(bytes: Uint8Array, address: bigint = 0n, length: number = bytes.length): void {
    const slot = new Uint8Array(SLOT_BYTES)
    slot.set(bytes)
    const header = new Uint8Array(16)
    const view = new DataView(header.buffer)
    view.setBigUint64(0, address, true)
    view.setBigUint64(8, BigInt(length), true)
    this.#publisher.send(slot, header)
  }

  /** What bots have asked since the last call. */
  requests(): { bot: bigint; request: LiveRequest }[] {
    const count = this.#subscriber.drainInto(this.#buffer, 64)
    return [...samplesIn(this.#buffer, count)].map(({ header, payload }) => {
      const view = new DataView(header.buffer, header.byteOffset)
      const length = Number(view.getBigUint64(8, true))
      return { bot: view.getBigUint64(0, true), request: decodeRequest(payload.slice(0, length)) }
    })
  }

  close(): void {
    this.#toBot.close()
    this.#fromBot.close()
  }
}

/** A depth record. */
export function depth(symbol: string, px: number, qty: number = 1): LiveEvent {
  return {
    type: 'feed',
    symbol,
    event: { ev: 0xe000_0001, exchTs: 1n, localTs: 2n, px, qty, orderId: 0n, ival: 0n, fval: 0 },
  }
}
