/**
 * A real connector process as a `ConnectorWrapper`: the same records as `HftSource`, handed over one event at a time.
 * For applications that are built on the wrapper contract; who only wants the bus takes `HftSource`, which recovers
 * from loss without reconnecting.
 *
 * Anything that may have cost a record (overflow, restart, a full queue) ends the connection: the stream around it
 * then announces the hole and connects again, which brings a fresh snapshot.
 */
import type { Clock } from '../../runtime/clock.js'
import { SystemClock } from '../../runtime/system-clock.js'
import type { Venue } from '../../types/venue.js'
import { busSymbol, venueOfKind } from './connector-kinds.js'
import { type ConnectorEvent, type ConnectorHealthStatus, ConnectorWrapper } from './connector-wrapper.js'
import { ConnectorError } from './errors.js'
import { EventQueue } from './event-queue.js'
import { checkOptions, type HftInstrument } from './hft-source-options.js'
import { type BookLine, MarketRecords } from './market-records.js'
import type { HftConnection, HftConnectionOptions, HftConnectorKind } from './native/types.js'
import { type OpenHftConnection, openHftConnection } from './open-connection.js'

export interface IceoryxConnectorOptions {
  /** Name the connector process was started with. */
  readonly connector: string
  readonly kind: HftConnectorKind
  /** Tick and lot size of every symbol that may be subscribed. */
  readonly instruments: readonly HftInstrument[]
  /** Levels per side of a depth event. Default 20. */
  readonly depthLevels?: number
  /** Events that may wait to be asked for. Default 65 536. */
  readonly queueMax?: number
  /** More options of the connection. */
  readonly connection?: Partial<Omit<HftConnectionOptions, 'connector' | 'kind'>>
  readonly clock?: Clock
  /** Default: the native addon. */
  readonly open?: OpenHftConnection
}

/** Between two requests for a snapshot that does not come. */
const ASK_AGAIN_MS = 1_000

interface Subscribed {
  readonly line: BookLine
  hasTrades: boolean
  hasDepth: boolean
  /** A whole snapshot came since the connection was opened. */
  isWhole: boolean
  askedAtMs: number
}

export class IceoryxConnector extends ConnectorWrapper {
  override readonly venue: Venue
  readonly #options: IceoryxConnectorOptions
  readonly #clock: Clock
  readonly #open: OpenHftConnection
  readonly #instruments: ReadonlyMap<string, HftInstrument>
  readonly #queue: EventQueue<ConnectorEvent>
  readonly #subscribed = new Map<BookLine, Subscribed>()
  #records: MarketRecords
  #connection: HftConnection | null = null
  #lost: string | null = null
  #eventCounter = 0
  #tradeId = 0
  #lossAtStart = 0n

  /** Throws `ConnectorError` `CONNECTOR_OPTIONS`. Opens nothing and loads nothing. */
  constructor(options: IceoryxConnectorOptions) {
    super()
    checkOptions(options)
    this.venue = venueOfKind(options.kind)
    this.#options = options
    this.#clock = options.clock ?? new SystemClock()
    this.#open = options.open ?? openHftConnection
    this.#instruments = new Map(options.instruments.map((each) => [busSymbol(each.symbol), each]))
    this.#queue = new EventQueue(options.queueMax ?? 65_536, 'dropNewest')
    this.#records = this.#createRecords()
  }

  async connect(): Promise<void> {
    if (this.#connection !== null) await this.disconnect()
    const { connector, kind, connection: more } = this.#options
    const connection = await this.#open({ ...more, connector, kind })
    this.#connection = connection
    this.#lost = null
    this.#queue.clear()
    this.#subscribed.clear()
    this.#records = this.#createRecords()
    connection.onRecords = (first, count) => {
      this.#records.apply(connection.ring, first, count, this.#clock.monotonicMs())
    }
    const lose = (reason: string) => (): void => {
      if (this.#connection === connection) this.#lost ??= reason
    }
    connection.on('overflow', lose('records may have been lost'))
    connection.on('peerLost', lose('the connector process is gone'))
    connection.on('peerChanged', lose('the connector process was restarted'))
    connection.on('decodeError', lose('a sample could not be read'))
    connection.on('closed', lose('the connection was closed'))
  }

  async disconnect(): Promise<void> {
    const connection = this.#connection
    this.#connection = null
    this.#subscribed.clear()
    if (connection === null) return
    connection.onRecords = null
    await connection.close()
  }

  async subscribeTrades(symbol: string): Promise<void> {
    this.#subscribe(symbol).hasTrades = true
  }

  async subscribeDepth(symbol: string): Promise<void> {
    this.#subscribe(symbol).hasDepth = true
  }

  async nextEvent(): Promise<ConnectorEvent | null> {
    const connection = this.#connected()
    // What came before the loss is true and in order; the loss is told when it is used up.
    const event = this.#queue.shift()
    if (event !== undefined) {
      this.#eventCounter++
      return event
    }
    if (this.#lost !== null) throw new ConnectorError('CONNECTOR_NOT_CONNECTED', this.#lost)
    this.#askAgain(connection)
    return null
  }

  isConnected(): Promise<boolean> {
    return Promise.resolve(this.#connection !== null && (this.#lost === null || this.#queue.length > 0))
  }

  getHealthStatus(): ConnectorHealthStatus {
    const subscribed = [...this.#subscribed.values()]
    return {
      connected: this.#connection !== null && this.#lost === null,
      subscribedTrades: subscribed.some(({ hasTrades }) => hasTrades),
      subscribedDepth: subscribed.some(({ hasDepth }) => hasDepth),
      eventCounter: this.#eventCounter,
    }
  }

  #connected(): HftConnection {
    if (this.#connection !== null) return this.#connection
    throw new ConnectorError('CONNECTOR_NOT_CONNECTED', `connector ${this.#options.connector} is not connected`)
  }

  #subscribe(symbol: string): Subscribed {
    const connection = this.#connected()
    const name = busSymbol(symbol)
    const instrument = this.#instruments.get(name)
    if (instrument === undefined) {
      throw new ConnectorError('CONNECTOR_OPTIONS', `${name} is not among the instruments: its tick size is not known`)
    }
    const line = this.#records.line(name)
    const known = this.#subscribed.get(line)
    if (known !== undefined) return known
    const askedAtMs = this.#clock.monotonicMs()
    const subscribed = { line, hasTrades: false, hasDepth: false, isWhole: false, askedAtMs }
    this.#subscribed.set(line, subscribed)
    connection.register(instrument.symbol, instrument.tickSize, instrument.lotSize)
    return subscribed
  }

  /** The first bot of a symbol gets no snapshot with its registration; registering again brings one. */
  #askAgain(connection: HftConnection): void {
    const nowMs = this.#clock.monotonicMs()
    for (const subscribed of this.#subscribed.values()) {
      if (subscribed.isWhole || !subscribed.hasDepth || nowMs - subscribed.askedAtMs < ASK_AGAIN_MS) continue
      subscribed.askedAtMs = nowMs
      connection.resync(subscribed.line.symbol)
    }
  }

  #createRecords(): MarketRecords {
    return new MarketRecords({
      trade: (line, price, qty, isBuy, venueTimeMs, receiveTimeMs) => {
        if (this.#subscribed.get(line)?.hasTrades !== true) return
        const side = isBuy ? 'buy' : 'sell'
        const timestamp = venueTimeMs ?? receiveTimeMs
        const id = ++this.#tradeId
        this.#push({ type: 'trade', symbol: line.symbol, timestamp, price, qty, side, isBuyerMaker: !isBuy, id })
      },
      depth: () => {},
      book: (line) => this.#book(line),
      addressedStart: () => {
        this.#lossAtStart = this.#lossCount()
      },
      addressedEnd: (snapshots) => {
        if (this.#lossCount() !== this.#lossAtStart) return
        for (const line of snapshots) {
          const subscribed = this.#subscribed.get(line)
          if (subscribed !== undefined) subscribed.isWhole = true
        }
      },
      rejected: (_line, _isTrade, what) => {
        this.#lost ??= what
      },
      error: () => {},
    })
  }

  #book(line: BookLine): void {
    const subscribed = this.#subscribed.get(line)
    if (subscribed === undefined || !subscribed.isWhole || !subscribed.hasDepth) return
    if (line.book.isCrossed) {
      this.#lost ??= `the book of ${line.symbol} is crossed`
      return
    }
    const levels = this.#options.depthLevels ?? 20
    const top = (side: BookLine['book']['bids']): [number, number][] => {
      const flat: number[] = []
      const count = side.writeTop(levels, flat, 0)
      return Array.from({ length: count }, (_, index) => [flat[2 * index] as number, flat[2 * index + 1] as number])
    }
    this.#push({
      type: 'depth',
      symbol: line.symbol,
      timestamp: line.venueTimeMs ?? line.receiveTimeMs,
      bids: top(line.book.bids),
      asks: top(line.book.asks),
      lastUpdateId: line.book.sequence,
    })
  }

  #push(event: ConnectorEvent): void {
    if (this.#lost !== null) return
    if (this.#queue.push(event) !== undefined) this.#lost = 'more events than may wait: the consumer is too slow'
  }

  #lossCount(): bigint {
    const stats = this.#connection?.stats()
    return stats === undefined ? 0n : stats.ringDropped + BigInt(stats.suspectedOverflow + stats.batchImbalance)
  }
}
