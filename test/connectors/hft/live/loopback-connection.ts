/**
 * A connection with a small venue behind it, in memory: a book of one bid and one ask, orders that rest, fill against
 * it or are cancelled, and every reply as the record a connector would send. Replies come in a later microtask.
 */
import {
  EventFlag,
  EventKind,
  type HftConnection,
  type HftConnectionOptions,
  type HftConnectionStats,
  type HftConnectorKind,
  type HftOrderRequest,
  RecordKind,
  type RecordView,
  type WireError,
  type WireStatus,
} from '../../../../src/connectors/hft/native/types.js'
import { HftEmitter } from '../../../support/hft-emitter.js'

export interface LoopbackRecord {
  readonly kind: RecordKind
  readonly isAddressed?: boolean
  readonly symbol?: string
  readonly ev?: number
  readonly px?: number
  readonly qty?: number
  readonly exchTs?: bigint
  readonly localTs?: bigint
  readonly orderId?: bigint
  readonly leavesQty?: number
  readonly execQty?: number
  readonly execPriceTick?: bigint
  readonly status?: WireStatus
  readonly error?: WireError
}

const SEEN = EventFlag.LOCAL + EventFlag.EXCH
export const T0 = 1_700_000_000_000_000_000n

export function feed(
  kind: number,
  side: 'buy' | 'sell',
  px: number,
  qty: number,
  flags: number = SEEN,
): LoopbackRecord {
  const ev = flags + (side === 'buy' ? EventFlag.BUY : EventFlag.SELL) + kind
  return { kind: RecordKind.FEED, symbol: 'btcusdt', ev, px, qty, exchTs: T0, localTs: T0 + 100_000n }
}

export const batch = (isAddressed: boolean, ...records: readonly LoopbackRecord[]): LoopbackRecord[] => [
  { kind: RecordKind.BATCH_START, isAddressed },
  ...records.map((record) => ({ ...record, isAddressed })),
  { kind: RecordKind.BATCH_END, isAddressed },
]

interface Resting {
  readonly request: HftOrderRequest
  leavesQty: number
}

export class LoopbackConnection extends HftEmitter implements HftConnection {
  readonly botId = 7n
  readonly connector: string
  readonly kind: HftConnectorKind
  readonly mode = 'pump'
  readonly ring: RecordView
  readonly requests: string[] = []
  isClosed = false
  /** Swallow requests: the venue does not answer. */
  isMute = false
  onRecords: ((first: number, count: number) => void) | null = null
  readonly #tickSize: number
  readonly #resting = new Map<bigint, Resting>()
  #records: readonly LoopbackRecord[] = []
  #time = T0
  #position = 0

  constructor(options: Pick<HftConnectionOptions, 'connector' | 'kind'>, tickSize = 0.1) {
    super()
    this.connector = options.connector
    this.kind = options.kind
    this.#tickSize = tickSize
    this.ring = view(() => this.#records)
  }

  send(...records: readonly LoopbackRecord[]): void {
    this.#records = records
    this.onRecords?.(0, records.length)
  }

  register(symbol: string, tickSize: number, lotSize: number): void {
    this.requests.push(`register ${symbol} ${tickSize} ${lotSize}`)
  }

  resync(symbol: string): void {
    this.requests.push(`resync ${symbol}`)
  }

  submit(request: HftOrderRequest): bigint {
    const orderId = request.orderId ?? 0n
    this.requests.push(`submit ${orderId} ${request.side} ${request.price} ${request.qty} ${request.timeInForce}`)
    if (!this.isMute) queueMicrotask(() => this.#accept(orderId, request))
    return orderId
  }

  cancel(_symbol: string, orderId: bigint): void {
    this.requests.push(`cancel ${orderId}`)
    if (this.isMute) return
    queueMicrotask(() => {
      const order = this.#resting.get(orderId)
      this.#resting.delete(orderId)
      this.#reply(orderId, order === undefined ? 'None' : 'Canceled', order?.leavesQty ?? 0, 0, 0)
    })
  }

  /** Best bid 100.0 and best ask 100.2, as a batch for everybody. */
  sendBook(bidQty = 1, askQty = 1): void {
    this.send(...batch(false, feed(EventKind.DEPTH, 'buy', 100, bidQty), feed(EventKind.DEPTH, 'sell', 100.2, askQty)))
  }

  symbols(): readonly string[] {
    return ['btcusdt']
  }

  drain(): number {
    return 0
  }

  stats(): HftConnectionStats {
    throw new Error('nobody asked for statistics')
  }

  close(): Promise<void> {
    this.isClosed = true
    return Promise.resolve()
  }

  #accept(orderId: bigint, request: HftOrderRequest): void {
    const isBuy = request.side === 'BUY'
    const touch = isBuy ? 100.2 : 100
    const crosses = request.type === 'MARKET' || (isBuy ? request.price >= touch : request.price <= touch)
    if (!crosses) {
      this.#resting.set(orderId, { request, leavesQty: request.qty })
      this.#reply(orderId, 'New', request.qty, 0, 0)
      return
    }
    this.#reply(orderId, 'Filled', 0, request.qty, touch)
    // REST and stream both report an order.
    this.#reply(orderId, 'Filled', 0, request.qty, touch)
    this.#position += isBuy ? request.qty : -request.qty
    this.send({ kind: RecordKind.POSITION, symbol: 'btcusdt', qty: this.#position, exchTs: this.#time })
  }

  #reply(orderId: bigint, status: WireStatus, leavesQty: number, execQty: number, price: number): void {
    this.#time += 1_000_000n
    this.send({
      kind: RecordKind.ORDER,
      symbol: 'btcusdt',
      orderId,
      status,
      leavesQty,
      execQty,
      execPriceTick: BigInt(Math.round(price / this.#tickSize)),
      exchTs: this.#time,
      localTs: this.#time - 500_000n,
    })
  }
}

function view(records: () => readonly LoopbackRecord[]): RecordView {
  const at = (i: number): LoopbackRecord => {
    const record = records()[i]
    if (record === undefined) throw new RangeError(`no record ${i}`)
    return record
  }
  const none = (): never => {
    throw new Error('the bot has no need of this field')
  }
  return {
    get count() {
      return records().length
    },
    kind: (i) => at(i).kind,
    isAddressed: (i) => at(i).isAddressed ?? false,
    hasBadSymbol: () => false,
    symbolIndex: (i) => (at(i).symbol === undefined ? 65_535 : at(i).symbol === 'btcusdt' ? 0 : 1),
    symbol: (i) => at(i).symbol ?? '',
    ev: (i) => at(i).ev ?? 0,
    eventKind: (i) => (at(i).ev ?? 0) & 0xff,
    exchTs: (i) => at(i).exchTs ?? 0n,
    localTs: (i) => at(i).localTs ?? 0n,
    px: (i) => at(i).px ?? 0,
    qty: (i) => at(i).qty ?? 0,
    orderId: (i) => at(i).orderId ?? 0n,
    leavesQty: (i) => at(i).leavesQty ?? 0,
    execQty: (i) => at(i).execQty ?? 0,
    execPriceTick: (i) => at(i).execPriceTick ?? 0n,
    status: (i) => at(i).status ?? 'None',
    maker: () => false,
    takeError: (i) => at(i).error ?? null,
    recvTs: (i) => (at(i).exchTs ?? 0n) + 700_000n,
    recvTimeMs: none,
    recvSeq: none,
    publisherTag: none,
    fval: none,
    ival: none,
    priceTick: none,
    tickSize: none,
    side: none,
    req: none,
    timeInForce: none,
    orderType: none,
  }
}
