/**
 * A bot's connection to one hftbacktest connector. It owns when records are looked for, the events, the known orders
 * and the opening with its retries; decoding, registrations and the watch over the connector are the addon's.
 *
 * Opening waits for shared memory to be mapped, a few milliseconds to some tens; nothing else blocks.
 */
import { delay } from '../../../runtime/clock.js'
import { type RunNextTurn, turnsOf } from '../../../runtime/immediate.js'
import { type Clock, type Random, randomSeed, SeededRandom, SystemClock } from '../../../runtime/index.js'
import type { AddonCalls, AddonConnection, AddonEvent } from './addon.js'
import { loadAddon } from './binding.js'
import { type Driver, PollDriver, PumpDriver } from './drive.js'
import { calling, IpcError, type IpcErrorCode, toIpcError } from './errors.js'
import { EventHub } from './event-hub.js'
import { Ask, OrderBuffer, type OrderTerms } from './order-buffer.js'
import { OrderIds, wireSymbolOf } from './orders.js'
import { RecordBuffer } from './record-view.js'
import { SentOrders } from './sent-orders.js'
import type {
  HftConnectionEvents,
  HftConnectionOptions,
  HftConnectionStats,
  HftConnectorKind,
  HftOrderRequest,
  HftConnection as Port,
  RecordView,
} from './types.js'

const HAS_EVENTS = 0x8000_0000
/** Records of one look. */
const BATCH_RECORDS = 1024
const RING_RECORDS = 65_536
const RING_RECORDS_MIN = 64
const RING_RECORDS_MAX = 2 ** 22
const HOT_MICROS = 200
const RETRY_MS_MIN = 20
const RETRY_MS_MAX = 1_000

/** Doors to the outside, for tests. */
export interface HftConnectionDoors {
  readonly clock?: Clock
  readonly random?: Random
  readonly runNextTurn?: RunNextTurn
}

interface Doors {
  readonly clock: Clock
  readonly random: Random
  readonly runNextTurn: RunNextTurn
}

/** A registered instrument and what was sent for it. */
interface Instrument {
  readonly symbol: string
  tickSize: number
  lotSize: number
  readonly orders: SentOrders
}

export class HftConnection implements Port {
  readonly botId: bigint
  readonly connector: string
  readonly kind: HftConnectorKind
  readonly mode: 'pump' | 'poll'
  readonly #addon: AddonConnection
  readonly #calls: AddonCalls
  readonly #records: RecordBuffer
  readonly #hub: EventHub = new EventHub()
  readonly #request: OrderBuffer = new OrderBuffer()
  /** By every spelling that was used. */
  readonly #instruments = new Map<string, Instrument>()
  readonly #ids: OrderIds
  readonly #driver: Driver
  #onRecords: ((first: number, count: number) => void) | null = null
  #delivered = 0
  #isClosed = false

  /**
   * Opens the connector's two services and starts to receive. While the connector is not up, tries again after 20 ms,
   * doubling to 1 s, until `waitForConnectorMs` is over; then rejects with the last error. Errors that waiting cannot
   * cure reject at once: `NATIVE_UNAVAILABLE`, `IPC_VERSION_MISMATCH`, `IPC_PERMISSION` and the like.
   */
  static async open(options: HftConnectionOptions, doors: HftConnectionDoors = {}): Promise<HftConnection> {
    checkOptions(options)
    const clock = doors.clock ?? new SystemClock()
    const all: Doors = {
      clock,
      random: doors.random ?? new SeededRandom(randomSeed()),
      runNextTurn: doors.runNextTurn ?? turnsOf(clock),
    }
    const deadline = all.clock.monotonicMs() + (options.waitForConnectorMs ?? 0)
    for (let waitMs = RETRY_MS_MIN; ; waitMs = Math.min(waitMs * 2, RETRY_MS_MAX)) {
      try {
        return new HftConnection(options, all)
      } catch (error) {
        const leftMs = deadline - all.clock.monotonicMs()
        if (!(error instanceof IpcError) || error.isTerminal || leftMs <= 0) throw error
        await delay(all.clock, Math.min(waitMs, leftMs))
      }
    }
  }

  private constructor(options: HftConnectionOptions, doors: Doors) {
    this.connector = options.connector
    this.kind = options.kind
    this.mode = options.mode ?? 'pump'
    this.botId = options.botId ?? randomId(doors.random)
    this.#ids = new OrderIds(doors.random)
    this.#records = new RecordBuffer(BATCH_RECORDS, () => this.#addon)
    const addon = loadAddon()
    const keepAlive = options.keepAlive ?? false
    let ring = (): void => {}
    this.#addon = calling(() =>
      addon.NativeConnection.open(
        {
          connector: options.connector,
          botId: this.botId,
          mode: this.mode,
          ringRecords: options.ringRecords ?? RING_RECORDS,
          keepAlive,
          ...(options.node === undefined ? {} : { node: { ...options.node } }),
        },
        () => ring(),
      ),
    )
    try {
      this.#calls = this.#addon.bind(this.#records.bytes, this.#request.bytes)
    } catch (error) {
      this.#addon.close()
      throw toIpcError(error)
    }
    if (this.mode === 'poll') {
      this.#driver = new PollDriver({
        clock: doors.clock,
        runNextTurn: doors.runNextTurn,
        hotMicros: options.hotMicros ?? HOT_MICROS,
        spin: options.spin ?? false,
        keepAlive,
        look: () => this.#look(),
        tick: () => this.#guarded(() => this.#addon.tick()),
      })
      return
    }
    const driver = new PumpDriver({
      runNextTurn: doors.runNextTurn,
      look: () => this.#look(),
      rearm: () => this.#guarded(() => this.#addon.arm()),
    })
    ring = driver.ring
    this.#driver = driver
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  get ring(): RecordView {
    return this.#records
  }

  get onRecords(): ((first: number, count: number) => void) | null {
    return this.#onRecords
  }

  set onRecords(listener: ((first: number, count: number) => void) | null) {
    this.#onRecords = listener
    this.#driver.listen(listener !== null)
  }

  symbols(): readonly string[] {
    return this.#records.symbols()
  }

  register(symbol: string, tickSize: number, lotSize: number): void {
    this.#checkOpen()
    const wire = wireSymbolOf(this.kind, symbol)
    if (!(tickSize > 0 && Number.isFinite(tickSize) && lotSize > 0 && Number.isFinite(lotSize))) {
      throw new IpcError(
        'IPC_INVALID_ARGUMENT',
        `${symbol}: tickSize ${tickSize} and lotSize ${lotSize} must be positive`,
      )
    }
    const known = this.#instruments.get(wire)
    if (known?.tickSize === tickSize && known.lotSize === lotSize) return
    calling(() => this.#addon.register(wire, tickSize, lotSize))
    if (known === undefined) this.#instruments.set(wire, { symbol: wire, tickSize, lotSize, orders: new SentOrders() })
    else Object.assign(known, { tickSize, lotSize })
  }

  resync(symbol: string): void {
    this.#checkOpen()
    const { symbol: wire, tickSize, lotSize } = this.#instrument(symbol)
    calling(() => this.#addon.register(wire, tickSize, lotSize))
  }

  submit(order: HftOrderRequest): bigint {
    this.#checkOpen()
    const instrument = this.#instrument(order.symbol)
    const orderId = order.orderId ?? this.#ids.next()
    const { tickSize, orders } = instrument
    this.#send(instrument.symbol, orderId, order, tickSize, Ask.NEW)
    orders.add(this.#request.idHigh, this.#request.idLow, order, tickSize)
    return orderId
  }

  cancel(symbol: string, orderId: bigint): void {
    this.#checkOpen()
    const instrument = this.#instrument(symbol)
    if (typeof orderId !== 'bigint') throw new IpcError('IPC_INVALID_ARGUMENT', `orderId ${String(orderId)}: a bigint`)
    const sent = instrument.orders.get(orderId)
    if (sent === undefined)
      throw new IpcError(
        'IPC_INVALID_ARGUMENT',
        `${symbol}: no order ${orderId} was sent here, or more than 50 000 after it`,
      )
    this.#send(instrument.symbol, orderId, sent.terms, sent.tickSize, Ask.CANCEL)
  }

  drain(fn: (records: RecordView, i: number) => void, max: number = Number.POSITIVE_INFINITY): number {
    this.#checkOpen()
    let total = 0
    while (total < max) {
      const count = this.#take(Math.min(BATCH_RECORDS, max - total))
      for (let i = 0; i < count; i++) fn(this.#records, i)
      total += count
      // A full batch: there may be more. One look less for the polling loop that calls this all the time.
      if (count < BATCH_RECORDS || this.#isClosed) break
    }
    return total
  }

  on<E extends keyof HftConnectionEvents>(event: E, listener: (payload: HftConnectionEvents[E]) => void): () => void {
    return this.#hub.on(event, listener)
  }

  stats(): HftConnectionStats {
    const stats = this.#addon.stats()
    return {
      received: stats.received,
      delivered: this.#delivered,
      foreign: stats.foreign,
      decodeErrors: stats.decodeErrors,
      ringDropped: stats.ringDropped,
      suspectedOverflow: stats.suspectedOverflow,
      batchImbalance: stats.batchImbalance,
      lastRecordAgeNs: stats.lastRecordAgeNs,
      publisherTag: stats.publisherTag,
      publishers: stats.publishers,
    }
  }

  close(): Promise<void> {
    try {
      this.#end()
      return Promise.resolve()
    } catch (error) {
      return Promise.reject(toIpcError(error))
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #end(error?: IpcError): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#driver.stop()
    try {
      this.#addon.close()
    } finally {
      this.#hub.emit('closed', error === undefined ? {} : { error })
    }
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new IpcError('IPC_CLOSED', `the connection to ${this.connector} is closed`)
  }

  #instrument(symbol: string): Instrument {
    const known = this.#instruments.get(symbol)
    if (known !== undefined) return known
    const instrument = this.#instruments.get(wireSymbolOf(this.kind, symbol))
    if (instrument === undefined) throw new IpcError('IPC_INVALID_ARGUMENT', `${symbol} is not registered`)
    this.#instruments.set(symbol, instrument)
    return instrument
  }

  #send(symbol: string, orderId: bigint, terms: OrderTerms, tickSize: number, ask: Ask): void {
    this.#request.write(symbol, orderId, terms, tickSize, ask)
    let receivers: number
    try {
      receivers = this.#calls.send()
    } catch (error) {
      throw toIpcError(error)
    }
    if (receivers > 0) return
    throw new IpcError('IPC_IO', `order ${orderId} reached nobody: connector ${this.connector} is not listening`)
  }

  /** Records of one look, handed to the listener. The look itself says whether events wait: asking is a call more. */
  #look(): number {
    if (this.#isClosed) return 0
    try {
      const count = this.#take(BATCH_RECORDS)
      if (count > 0) this.#onRecords?.(0, count)
      return count
    } catch (error) {
      this.#endUnlessTheirs(error)
      return 0
    }
  }

  /** Fills the buffer. Events come first: what a hole or a restart means must be known before the records behind it. */
  #take(max: number): number {
    let result: number
    try {
      result = this.#calls.drain(max)
    } catch (error) {
      throw toIpcError(error)
    }
    const count = result & ~HAS_EVENTS
    this.#records.count = count
    this.#delivered += count
    if (result >= HAS_EVENTS) this.#takeEvents()
    return count
  }

  /** Work on the loop's account: what fails there ends the connection, and a throwing listener does not. */
  #guarded(work: () => void): void {
    if (this.#isClosed) return
    try {
      work()
      if (!this.#isClosed) this.#takeEvents()
    } catch (error) {
      this.#endUnlessTheirs(error)
    }
  }

  #endUnlessTheirs(error: unknown): void {
    if (!(error instanceof IpcError)) throw error
    this.#end(error)
  }

  #takeEvents(): void {
    for (const event of this.#addon.takeEvents()) this.#announce(event)
  }

  #announce(event: AddonEvent): void {
    switch (event.kind) {
      case 'peerChanged':
        this.#hub.emit('peerChanged', { publisherTag: event.tag ?? 0n, previous: event.previous ?? 0n })
        return
      case 'peerLost':
        this.#hub.emit('peerLost', { publisherTag: event.tag ?? 0n })
        return
      case 'overflow': {
        const reason = event.reason === 'ring' || event.reason === 'batch' ? event.reason : 'buffer'
        this.#hub.emit('overflow', { reason, dropped: event.dropped ?? 0n })
        return
      }
      case 'decodeError':
        this.#hub.emit('decodeError', { message: event.message ?? '', total: event.total ?? 0 })
        return
      default:
        this.#end(new IpcError((event.code ?? 'IPC_INTERNAL') as IpcErrorCode, event.message ?? 'the connection ended'))
    }
  }
}

function checkOptions(options: HftConnectionOptions): void {
  const { botId, ringRecords = RING_RECORDS, hotMicros = HOT_MICROS, connector } = options
  const problem =
    connector === ''
      ? 'connector: the name is empty'
      : botId !== undefined && (botId <= 0n || botId >= 2n ** 64n)
        ? `botId ${botId}: must be 1 to 2^64 - 1`
        : ringRecords < RING_RECORDS_MIN || ringRecords > RING_RECORDS_MAX || !Number.isInteger(Math.log2(ringRecords))
          ? `ringRecords ${ringRecords}: must be a power of two from ${RING_RECORDS_MIN} to ${RING_RECORDS_MAX}`
          : !(hotMicros >= 0)
            ? `hotMicros ${hotMicros}: must not be negative`
            : undefined
  if (problem !== undefined) throw new IpcError('IPC_INVALID_ARGUMENT', problem)
}

function randomId(random: Random): bigint {
  const id = (BigInt(random.int(0, 0xffff_ffff)) << 32n) | BigInt(random.int(1, 0xffff_ffff))
  return id
}
