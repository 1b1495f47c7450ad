/**
 * A connection to a connector that says what the test says, in memory: records in, requests out. Times are the
 * virtual clock's.
 */
import {
  EventFlag,
  EventKind,
  type HftConnection,
  type HftConnectionOptions,
  type HftConnectionStats,
  type HftConnectorKind,
  RecordKind,
  type RecordView,
  type WireError,
} from '../../src/connectors/hft/native/types.js'
import type { Clock } from '../../src/runtime/clock.js'
import { HftEmitter } from './hft-emitter.js'

export interface ScriptedRecord {
  readonly kind: RecordKind
  readonly isAddressed?: boolean
  readonly symbol?: string
  readonly ev?: number
  readonly px?: number
  readonly qty?: number
  /** Epoch ms. */
  readonly venueTimeMs?: number
  readonly error?: WireError
}

type Side = 'buy' | 'sell'
const sideFlag = (side: Side): number => (side === 'buy' ? EventFlag.BUY : EventFlag.SELL)
const SEEN = (EventFlag.LOCAL | EventFlag.EXCH) >>> 0

/** Makers of records, as a connector sends them. */
export const rec = {
  start: (isAddressed: boolean = false): ScriptedRecord => ({ kind: RecordKind.BATCH_START, isAddressed }),
  end: (isAddressed: boolean = false): ScriptedRecord => ({ kind: RecordKind.BATCH_END, isAddressed }),
  event: (
    symbol: string,
    eventKind: number,
    side: Side,
    px: number,
    qty: number,
    flags: number = SEEN,
  ): ScriptedRecord => ({
    kind: RecordKind.FEED,
    symbol,
    ev: (flags | sideFlag(side) | eventKind) >>> 0,
    px,
    qty,
  }),
  depth: (symbol: string, side: Side, px: number, qty: number): ScriptedRecord =>
    rec.event(symbol, EventKind.DEPTH, side, px, qty),
  /** As the fusion filter writes it: a delete without `LOCAL` and `EXCH`. */
  fusionDelete: (symbol: string, side: Side, px: number): ScriptedRecord =>
    rec.event(symbol, EventKind.DEPTH, side, px, 0, 0),
  bbo: (symbol: string, side: Side, px: number, qty: number): ScriptedRecord =>
    rec.event(symbol, EventKind.BBO, side, px, qty),
  trade: (symbol: string, side: Side, px: number, qty: number, venueTimeMs?: number): ScriptedRecord => ({
    ...rec.event(symbol, EventKind.TRADE, side, px, qty),
    ...(venueTimeMs === undefined ? {} : { venueTimeMs }),
  }),
  clear: (symbol: string, side: Side): ScriptedRecord => rec.event(symbol, EventKind.DEPTH_CLEAR, side, 0, 0),
  error: (error: WireError): ScriptedRecord => ({ kind: RecordKind.ERROR, error }),
  /** A registration's answer: the whole book, to us alone. Levels are price, qty pairs. */
  snapshot: (symbol: string, bids: readonly number[], asks: readonly number[]): ScriptedRecord[] => {
    const levels = (side: Side, flat: readonly number[]): ScriptedRecord[] =>
      Array.from({ length: flat.length / 2 }, (_, index) => ({
        ...rec.event(symbol, EventKind.DEPTH_SNAPSHOT, side, flat[2 * index]!, flat[2 * index + 1]!),
        isAddressed: true,
      }))
    return [rec.start(true), ...levels('buy', bids), ...levels('sell', asks), rec.end(true)]
  },
} as const

export class ScriptedHftConnection extends HftEmitter implements HftConnection {
  readonly botId = 7n
  readonly connector: string
  readonly kind: HftConnectorKind
  readonly mode = 'pump'
  readonly ring: RecordView
  readonly options: HftConnectionOptions
  isClosed = false
  onRecords: ((first: number, count: number) => void) | null = null
  /** Requests in order: `register btcusdt 0.1 0.001`, `resync btcusdt`. */
  readonly requests: string[] = []
  ringDropped = 0n
  suspectedOverflow = 0
  batchImbalance = 0
  publisherTag = 1n
  /** Thrown by the next `resync`. */
  resyncError: Error | null = null
  readonly #clock: Clock
  readonly #symbols: string[] = []
  #records: ScriptedRecord[] = []
  #sequence = 0

  constructor(options: HftConnectionOptions, clock: Clock) {
    super()
    this.options = options
    this.connector = options.connector
    this.kind = options.kind
    this.#clock = clock
    this.ring = this.#view()
  }

  /** Delivers records as one run, like one wake-up of the pump. */
  send(...records: ScriptedRecord[]): void {
    this.#records = records
    for (const { symbol } of records) {
      if (symbol !== undefined && !this.#symbols.includes(symbol)) this.#symbols.push(symbol)
    }
    this.#sequence += records.length
    this.onRecords?.(0, records.length)
  }

  symbols(): readonly string[] {
    return this.#symbols
  }

  register(symbol: string, tickSize: number, lotSize: number): void {
    this.requests.push(`register ${this.#spelled(symbol)} ${tickSize} ${lotSize}`)
  }

  resync(symbol: string): void {
    const error = this.resyncError
    this.resyncError = null
    if (error !== null) throw error
    this.requests.push(`resync ${this.#spelled(symbol)}`)
  }

  submit(): bigint {
    throw new Error('this connection takes no orders')
  }

  cancel(): void {
    throw new Error('this connection takes no orders')
  }

  drain(): number {
    return 0
  }

  stats(): HftConnectionStats {
    return {
      received: this.#sequence,
      delivered: this.#sequence,
      foreign: 0,
      decodeErrors: 0,
      ringDropped: this.ringDropped,
      suspectedOverflow: this.suspectedOverflow,
      batchImbalance: this.batchImbalance,
      lastRecordAgeNs: 0,
      publisherTag: this.publisherTag,
      publishers: 1,
    }
  }

  close(): Promise<void> {
    this.isClosed = true
    return Promise.resolve()
  }

  #spelled(symbol: string): string {
    return this.kind === 'bybit' ? symbol.toUpperCase() : symbol.toLowerCase()
  }

  #view(): RecordView {
    const at = (i: number): ScriptedRecord => {
      const record = this.#records[i]
      if (record === undefined) throw new RangeError(`record ${i} of ${this.#records.length}`)
      return record
    }
    const taken = new WeakSet<ScriptedRecord>()
    const none = (): never => {
      throw new Error('a feed does not read orders')
    }
    const { length } = { length: () => this.#records.length }
    return {
      get count() {
        return length()
      },
      kind: (i) => at(i).kind,
      isAddressed: (i) => at(i).isAddressed ?? false,
      hasBadSymbol: (i) => at(i).symbol === '',
      symbolIndex: (i) => {
        const { symbol } = at(i)
        return symbol === undefined || symbol === '' ? 65_535 : this.#symbols.indexOf(symbol)
      },
      symbol: (i) => at(i).symbol ?? '',
      ev: (i) => at(i).ev ?? 0,
      eventKind: (i) => (at(i).ev ?? 0) & 0xff,
      exchTs: (i) => BigInt(Math.round((at(i).venueTimeMs ?? this.#clock.wallMs() - 2) * 1_000)) * 1_000n,
      localTs: () => 0n,
      px: (i) => at(i).px ?? 0,
      qty: (i) => at(i).qty ?? 0,
      recvTs: () => BigInt(Math.round(this.#clock.wallMs() * 1_000)) * 1_000n,
      recvTimeMs: () => this.#clock.wallMs(),
      recvSeq: (i) => BigInt(this.#sequence - this.#records.length + i + 1),
      publisherTag: () => this.publisherTag,
      takeError: (i) => {
        const record = at(i)
        if (record.error === undefined || taken.has(record)) return null
        taken.add(record)
        return record.error
      },
      orderId: none,
      leavesQty: none,
      fval: none,
      execQty: none,
      execPriceTick: none,
      ival: none,
      priceTick: none,
      tickSize: none,
      side: none,
      status: none,
      req: none,
      timeInForce: none,
      orderType: none,
      maker: none,
    }
  }
}
