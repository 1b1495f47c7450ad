/**
 * From a connection's records to the state of a bot's instruments: books by the rules of the connector, trades,
 * replies to our own orders, positions. Also what a gap or a restart of the connector does to them.
 *
 * - Batches nest: one addressed to us may land inside one for everybody, so there is a counter for each.
 * - A snapshot brings no clear: its first level in a batch of ours empties the book.
 * - Orders of other bots pass by here too: only ids we sent count.
 */
import type { Clock, TimerHandle } from '../../../runtime/clock.js'
import { EventKind, type HftConnection, RecordKind, type RecordView, type WireStatus } from '../native/types.js'
import type { AssetState } from './asset-state.js'
import { OrderStatus } from './codes.js'
import { LiveClientError } from './errors.js'
import type { WritableDepth } from './tick-depth.js'

export interface IntakeReports {
  /** Something of the market changed, and no batch is open. */
  onFeed(): void
  /** One of our orders changed. */
  onReply(): void
  /** The connector reported an error. */
  onError(error: Error): void
  onPeerLost(): void
  /** After each run of records, and after each event: waits should look again. */
  onChange(): void
}

const STATUSES: Readonly<Record<WireStatus, OrderStatus>> = {
  None: OrderStatus.NONE,
  New: OrderStatus.NEW,
  Expired: OrderStatus.EXPIRED,
  Filled: OrderStatus.FILLED,
  Canceled: OrderStatus.CANCELED,
  PartiallyFilled: OrderStatus.PARTIALLY_FILLED,
  Rejected: OrderStatus.REJECTED,
  Replaced: OrderStatus.REPLACED,
  Unsupported: OrderStatus.UNSUPPORTED,
}

/** A lasting overflow asks for snapshots no oftener. */
const RESYNC_PERIOD_MS = 1_000

type Asset = AssetState<WritableDepth>

export class RecordIntake {
  readonly connection: HftConnection
  readonly #assets: readonly Asset[]
  readonly #clock: Clock
  readonly #reports: IntakeReports
  readonly #bySymbol = new Map<string, Asset[]>()
  /** By the connection's symbol index; filled as symbols come up. */
  readonly #byIndex: (readonly Asset[])[] = []
  readonly #offs: (() => void)[] = []

  #openBroadcasts = 0
  #openAddressed = 0
  /** Assets whose book this addressed batch has emptied. */
  readonly #rebuilt = new Set<Asset>()
  #isDirty = false
  #isPeerLost = false
  #lastResyncMs = Number.NEGATIVE_INFINITY
  #resyncTimer: TimerHandle | null = null

  constructor(connection: HftConnection, assets: readonly Asset[], clock: Clock, reports: IntakeReports) {
    this.connection = connection
    this.#assets = assets
    this.#clock = clock
    this.#reports = reports
    for (const asset of assets) {
      const key = asset.instrument.symbol.toUpperCase()
      this.#bySymbol.set(key, [...(this.#bySymbol.get(key) ?? []), asset])
    }
  }

  /** No publisher is left. */
  get isPeerLost(): boolean {
    return this.#isPeerLost
  }

  start(): void {
    const { connection } = this
    this.#offs.push(
      connection.on('peerLost', () => this.#onPeerLost()),
      connection.on('peerChanged', () => this.#onPeerChanged()),
      connection.on('overflow', () => this.#onOverflow()),
      connection.on('closed', ({ error }) => this.#onClosed(error)),
    )
    connection.onRecords = (first, count) => this.#take(connection.ring, first, count)
    for (const { instrument } of this.#assets) {
      connection.register(instrument.symbol, instrument.tickSize, instrument.lotSize)
    }
  }

  async close(): Promise<void> {
    for (const off of this.#offs.splice(0)) off()
    if (this.#resyncTimer !== null) this.#clock.clearTimer(this.#resyncTimer)
    this.#resyncTimer = null
    this.connection.onRecords = null
    await this.connection.close()
  }

  #take(records: RecordView, first: number, count: number): void {
    for (let i = first; i < first + count; i++) this.#takeOne(records, i)
    this.#publish()
    this.#reports.onChange()
  }

  #takeOne(records: RecordView, i: number): void {
    switch (records.kind(i)) {
      case RecordKind.BATCH_START:
        this.#publish()
        if (records.isAddressed(i)) {
          this.#openAddressed++
          this.#rebuilt.clear()
        } else this.#openBroadcasts++
        break
      case RecordKind.BATCH_END:
        if (records.isAddressed(i)) this.#openAddressed = Math.max(0, this.#openAddressed - 1)
        else this.#openBroadcasts = Math.max(0, this.#openBroadcasts - 1)
        this.#publish()
        break
      case RecordKind.FEED:
        this.#takeFeed(records, i)
        break
      case RecordKind.ORDER:
        this.#takeOrder(records, i)
        break
      case RecordKind.POSITION:
        this.#takePosition(records, i)
        break
      case RecordKind.ERROR:
        this.#takeError(records, i)
        break
    }
  }

  #takeFeed(records: RecordView, i: number): void {
    const event = {
      ev: records.ev(i),
      exchTs: records.exchTs(i),
      localTs: records.localTs(i),
      px: records.px(i),
      qty: records.qty(i),
    }
    const isSnapshot = records.eventKind(i) === EventKind.DEPTH_SNAPSHOT
    for (const asset of this.#assetsOf(records, i)) {
      if (isSnapshot && records.isAddressed(i) && this.#openAddressed > 0 && !this.#rebuilt.has(asset)) {
        this.#rebuilt.add(asset)
        asset.clearDepth()
      }
      asset.applyFeed(event)
      this.#isDirty = true
    }
  }

  #takeOrder(records: RecordView, i: number): void {
    for (const asset of this.#assetsOf(records, i)) {
      const order = asset.orders.get(records.orderId(i))
      if (order === null) continue
      const exchTimestamp = records.exchTs(i)
      const isApplied = order.apply({
        leavesQty: records.leavesQty(i),
        execQty: records.execQty(i),
        execPriceTick: Number(records.execPriceTick(i)),
        exchTimestamp,
        status: STATUSES[records.status(i)],
        maker: records.maker(i),
      })
      if (!isApplied) continue
      const req = records.localTs(i)
      if (req > 0n) asset.orders.latency = { req, exch: exchTimestamp, resp: records.recvTs(i) }
      this.#reports.onReply()
    }
  }

  #takePosition(records: RecordView, i: number): void {
    for (const asset of this.#assetsOf(records, i)) {
      if (records.exchTs(i) < asset.positionTime) continue
      asset.positionTime = records.exchTs(i)
      asset.position = records.qty(i)
    }
  }

  #takeError(records: RecordView, i: number): void {
    const error = records.takeError(i)
    const text = error === null ? 'unknown' : `${error.kind} ${valueText(error.value)}`
    const message = `connector ${this.connection.connector} reported: ${text}`
    this.#reports.onError(new LiveClientError('LIVE_BOT_FAILED', message, { returnCode: 19, cause: error }))
  }

  /** A book in the middle of a batch is nobody's to read: feeds count when none is open. */
  #publish(): void {
    if (!this.#isDirty || this.#openBroadcasts > 0 || this.#openAddressed > 0) return
    this.#isDirty = false
    this.#reports.onFeed()
  }

  #assetsOf(records: RecordView, i: number): readonly Asset[] {
    const index = records.symbolIndex(i)
    let assets = this.#byIndex[index]
    if (assets === undefined) {
      assets = this.#bySymbol.get(records.symbol(i).toUpperCase()) ?? []
      if (!records.hasBadSymbol(i)) this.#byIndex[index] = assets
    }
    return assets
  }

  #onPeerLost(): void {
    this.#isPeerLost = true
    this.#reports.onPeerLost()
    this.#reports.onChange()
  }

  /** A new connector knows no book of ours; the first to register gets no snapshot, so the old levels must go. */
  #onPeerChanged(): void {
    this.#isPeerLost = false
    this.#forgetBatches()
    for (const asset of this.#assets) asset.clearDepth()
    this.#reports.onFeed()
    this.#reports.onChange()
  }

  /** Records are missing: batch marks may be among them, and only a snapshot heals the book. */
  #onOverflow(): void {
    this.#forgetBatches()
    if (this.#resyncTimer !== null) return
    const sinceMs = this.#clock.monotonicMs() - this.#lastResyncMs
    if (sinceMs >= RESYNC_PERIOD_MS) this.#resync()
    else this.#resyncTimer = this.#clock.setTimer(() => this.#resync(), RESYNC_PERIOD_MS - sinceMs)
  }

  #resync(): void {
    this.#resyncTimer = null
    this.#lastResyncMs = this.#clock.monotonicMs()
    if (this.connection.isClosed) return
    for (const { instrument } of this.#assets) this.connection.resync(instrument.symbol)
  }

  #forgetBatches(): void {
    this.#openBroadcasts = 0
    this.#openAddressed = 0
    this.#rebuilt.clear()
  }

  #onClosed(error: Error | undefined): void {
    this.#isPeerLost = true
    if (error !== undefined) this.#reports.onError(error)
    else this.#reports.onPeerLost()
    this.#reports.onChange()
  }
}

function valueText(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? Number(part) : part)) ?? ''
}
