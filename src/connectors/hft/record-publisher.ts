/** What becomes of a connector's records: trades on the bus, levels on the desk, errors in the audit trail. */
import { LogEventName } from '../../types/log-event.js'
import { TakerSide } from '../../types/trade.js'
import type { BookDesk } from './book-desk.js'
import type { BookLine, RecordSink } from './market-records.js'
import type { WireError } from './native/types.js'
import type { SilenceWatch } from './silence-watch.js'
import type { SourceCore } from './source-core.js'

export interface RecordPublisherOptions {
  readonly core: SourceCore
  readonly desk: BookDesk
  readonly watch: SilenceWatch
  readonly connector: string
  readonly connectionId: string
  /** Everything the connection counts as a possible loss, added up: it must not move during a snapshot. */
  readonly lossCount: () => bigint
}

export class RecordPublisher implements RecordSink {
  readonly #options: RecordPublisherOptions
  readonly #core: SourceCore
  readonly #desk: BookDesk
  /** Start of the open addressed batch on the receive clock, and the loss counted then. */
  #addressedSinceMs = 0
  #lossAtStart = 0n

  constructor(options: RecordPublisherOptions) {
    this.#options = options
    this.#core = options.core
    this.#desk = options.desk
  }

  trade(
    line: BookLine,
    price: number,
    qty: number,
    isBuy: boolean,
    venueTimeMs: number | null,
    receiveTimeMs: number,
    nowMs: number,
  ): void {
    const meter = this.#desk.of(line)?.trades
    if (meter === undefined) return
    const timeMs = venueTimeMs ?? receiveTimeMs
    meter.onMessage(nowMs, receiveTimeMs, venueTimeMs === null ? Number.NaN : receiveTimeMs - venueTimeMs)
    // Connectors hand on no trade ids: ours count what arrived.
    const id = meter.messageCount
    this.#core.trades.publish({
      venue: this.#core.venue,
      symbol: line.symbol,
      kind: 'single',
      id,
      firstTradeId: id,
      lastTradeId: id,
      price,
      qty,
      takerSide: isBuy ? TakerSide.BUY : TakerSide.SELL,
      isBuyerMaker: !isBuy,
      tradeTimeMs: timeMs,
      venueTimeMs: timeMs,
      receiveTimeMs,
    })
  }

  depth(line: BookLine, receiveTimeMs: number, nowMs: number): void {
    const book = this.#desk.of(line)
    if (book === undefined) return
    book.depth.onMessage(nowMs, receiveTimeMs, Number.NaN)
    if (book.state === 'STALE') this.#options.watch.onLevelAfterSilence(book)
  }

  book(line: BookLine, nowMs: number): void {
    const book = this.#desk.of(line)
    if (book === undefined) return
    if (line.venueTimeMs !== null && book.depth.lastAtMs === nowMs) {
      book.depth.onLatency(line.receiveTimeMs - line.venueTimeMs)
    }
    this.#desk.publish(book)
  }

  addressedStart(receiveTimeMs: number): void {
    this.#addressedSinceMs = receiveTimeMs
    this.#lossAtStart = this.#options.lossCount()
  }

  addressedEnd(snapshots: readonly BookLine[]): void {
    if (snapshots.length === 0) return
    const isWhole = this.#options.lossCount() === this.#lossAtStart
    for (const line of snapshots) {
      const book = this.#desk.of(line)
      if (book !== undefined) this.#desk.snapshot(book, this.#addressedSinceMs, isWhole)
    }
  }

  rejected(line: BookLine, isTrade: boolean, what: string): void {
    const book = this.#desk.of(line)
    if (book === undefined) return
    this.#core.countError()
    this.#options.watch.onRejected(isTrade ? book.trades : book.depth, what)
    if (!isTrade) this.#desk.doubt(book, 'REJECTED', what)
  }

  error(error: WireError): void {
    this.#core.countError()
    const { connector, connectionId } = this.#options
    const isLost = error.kind === 'ConnectionInterrupted' || error.kind === 'CriticalConnectionError'
    const cure = ': after losing its venue socket it never subscribes again; restart the connector process'
    this.#core.audit.write(
      LogEventName.CONNECTION_ERROR,
      isLost ? 'ERROR' : 'WARNING',
      `connector ${connector} reports ${error.kind}${isLost ? cure : ''}`,
      { connectionId, code: error.kind, value: plainValue(error.value) },
    )
  }
}

/** Without `bigint`, which JSON cannot hold. */
function plainValue(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null, (_key, part) => (typeof part === 'bigint' ? Number(part) : part)))
}
