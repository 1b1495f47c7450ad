/**
 * Market data of a connector process in shared memory, as a source like any other: trades, books and best prices on
 * the bus, with the same health, gaps and audit trail as the live feed.
 *
 * Owns the life of the connection and what its events mean. How records are read is `market-records.ts`, what a book
 * is worth `book-desk.ts`, when silence is a fault `silence-watch.ts`.
 *
 *   CONNECTING ──opened──▶ OPEN ──no publisher──▶ BACKOFF ──restarted──▶ OPEN        any ──stop()──▶ CLOSED
 */
import type { Bus } from '../../bus/index.js'
import { Scope } from '../../live/scope.js'
import type { TimerHandle } from '../../runtime/clock.js'
import { LiveFeedError } from '../../types/errors.js'
import type { FeedSource } from '../../types/feed-source.js'
import type { GapCause, GapEvent } from '../../types/gap.js'
import { type ConnectionHealth, ConnectionState, FeedManagerState, type FeedSystemHealth } from '../../types/health.js'
import { LogEventName } from '../../types/log-event.js'
import { StreamType } from '../../types/stream.js'
import { BookDesk, DeskBook } from './book-desk.js'
import { busSymbol, venueOfKind, wireSymbol } from './connector-kinds.js'
import { ConnectorError } from './errors.js'
import { FeedMeter } from './feed-meter.js'
import { checkOptions, type HftSourceOptions } from './hft-source-options.js'
import { MarketRecords } from './market-records.js'
import type { HftConnection, HftConnectionOptions, HftOverflow } from './native/types.js'
import { type OpenHftConnection, openHftConnection } from './open-connection.js'
import { RecordPublisher } from './record-publisher.js'
import { SilenceWatch } from './silence-watch.js'
import { SourceCore, type SourcePicture } from './source-core.js'

/** Counters beyond health. */
export interface HftSourceStats {
  /** Records of symbols of other bots. */
  readonly foreignCount: number
  /** Order and position records, which are not market data. */
  readonly otherCount: number
  /** Deletes of levels that were not there: many of them hint at loss. */
  readonly absentDeleteCount: number
  /** Records that the pump dropped; exact. */
  readonly ringDropped: bigint
  readonly restartCount: number
}

const CONNECTION_ID = 'shm-0'

export class HftSource implements FeedSource {
  readonly name: string
  readonly #options: HftSourceOptions
  readonly #core: SourceCore
  readonly #open: OpenHftConnection
  readonly #records: MarketRecords
  readonly #desk: BookDesk
  readonly #watch: SilenceWatch
  readonly #unlisten: (() => void)[] = []
  #connection: HftConnection | null = null
  #connectionState: ConnectionState = ConnectionState.IDLE
  #scope: Scope | null = null
  #timer: TimerHandle | null = null
  #openedAtMs = Number.NaN
  #generation = 0
  #restartCount = 0
  #ringDropped = 0n

  /** Throws `ConnectorError` `CONNECTOR_OPTIONS`. Opens nothing and loads nothing. */
  constructor(options: HftSourceOptions, bus: Bus) {
    checkOptions(options)
    this.name = options.name ?? 'hft'
    this.#options = options
    this.#open = options.open ?? openHftConnection
    const venue = venueOfKind(options.kind)
    this.#core = new SourceCore({ name: this.name, venue, bus, runtime: options.runtime }, () => this.#picture())
    this.#desk = new BookDesk({
      core: this.#core,
      levels: options.bookLevels ?? 20,
      request: (symbol) => this.#requestSnapshot(symbol),
    })
    this.#watch = new SilenceWatch({
      core: this.#core,
      desk: this.#desk,
      connector: options.connector,
      stalenessThresholdMs: options.stalenessThresholdMs ?? 30_000,
      watchdogTimeoutMs: options.watchdogTimeoutMs ?? 60_000,
      isPeerPresent: () => this.#connectionState === ConnectionState.OPEN,
    })
    this.#records = new MarketRecords(
      new RecordPublisher({
        core: this.#core,
        desk: this.#desk,
        watch: this.#watch,
        connector: options.connector,
        connectionId: CONNECTION_ID,
        lossCount: () => this.#lossCount(),
      }),
    )
    const nowMs = this.#core.runtime.clock.monotonicMs()
    for (const { symbol } of options.instruments) {
      const line = this.#records.line(busSymbol(symbol))
      if (this.#desk.of(line) !== undefined) continue
      const meter = (type: StreamType, stream: string): FeedMeter =>
        new FeedMeter(
          { symbol: line.symbol, type, detail: '', name: `${wireSymbol(options.kind, symbol)}@${stream}` },
          nowMs,
        )
      this.#desk.add(new DeskBook(line, meter(StreamType.DEPTH, 'depth'), meter(StreamType.TRADE, 'trade')))
    }
  }

  get state(): FeedManagerState {
    return this.#core.state
  }

  /**
   * Opens the connection and registers every instrument; data follows when the venue moves. Rejects with what the
   * native layer says (`NATIVE_UNAVAILABLE`, `IPC_SERVICE_NOT_FOUND` when the connector is not up), with
   * `ALREADY_RUNNING`, and with `STOPPED_DURING_START`.
   */
  async start(): Promise<void> {
    this.#core.requireStartable()
    const scope = new Scope()
    this.#scope = scope
    this.#connectionState = ConnectionState.CONNECTING
    this.#core.enter(FeedManagerState.STARTING, null, 'INFO', '')
    try {
      const opening = this.#open(this.#connectionOptions())
      // A stop during the opening leaves nobody to close what it brings.
      void opening.then(
        (late) => (scope.isEnded ? late.close() : undefined),
        () => {},
      )
      const connection = await scope.guard(opening)
      scope.throwIfEnded()
      this.#adopt(connection)
    } catch (error) {
      if (!scope.isEnded) this.#fail(LogEventName.FEED_START_FAILED, error)
      throw error
    }
    const { connector, kind } = this.#options
    this.#core.enter(
      FeedManagerState.RUNNING,
      LogEventName.FEED_STARTED,
      'INFO',
      ` runs on connector ${connector} (${kind})`,
      { connector, kind, instrumentCount: this.#options.instruments.length },
    )
  }

  stop(): Promise<void> {
    return this.#core.stop((reason) => {
      this.#scope?.end(reason)
      return this.#release(ConnectionState.CLOSED)
    }, 'the connection did not close')
  }

  getHealth(): FeedSystemHealth {
    return this.#core.getHealth()
  }

  /** The last word on every hole remembered, by id. */
  gaps(): GapEvent[] {
    return this.#core.gaps.list()
  }

  hftStats(): HftSourceStats {
    let absentDeleteCount = 0
    for (const { line } of this.#desk.all()) absentDeleteCount += line.absentDeleteCount
    return {
      foreignCount: this.#records.foreignCount,
      otherCount: this.#records.otherCount,
      absentDeleteCount,
      ringDropped: this.#connection?.stats().ringDropped ?? this.#ringDropped,
      restartCount: this.#restartCount,
    }
  }

  // --- life cycle -------------------------------------------------------------------------------------------

  #connectionOptions(): HftConnectionOptions {
    const { connector, kind, mode, ringRecords, node, waitForConnectorMs } = this.#options
    return {
      connector,
      kind,
      keepAlive: true,
      waitForConnectorMs: waitForConnectorMs ?? 5_000,
      ...(mode === undefined ? {} : { mode }),
      ...(ringRecords === undefined ? {} : { ringRecords }),
      ...(node === undefined ? {} : { node }),
    }
  }

  #adopt(connection: HftConnection): void {
    const { clock } = this.#core.runtime
    this.#connection = connection
    this.#connectionState = ConnectionState.OPEN
    this.#openedAtMs = clock.monotonicMs()
    this.#generation++
    this.#records.reset()
    connection.onRecords = (first, count) => {
      this.#records.apply(connection.ring, first, count, clock.monotonicMs())
    }
    this.#unlisten.push(
      connection.on('overflow', (overflow) => this.#onOverflow(overflow)),
      connection.on('peerLost', () => this.#onPeerLost()),
      connection.on('peerChanged', () => this.#onPeerChanged()),
      connection.on('decodeError', ({ message, total }) => this.#onDecodeError(message, total)),
      connection.on('closed', ({ error }) => this.#onClosed(error)),
    )
    const { connector, instruments, healthCheckIntervalMs } = this.#options
    this.#core.audit.write(
      LogEventName.CONNECTION_ESTABLISHED,
      'INFO',
      `connection ${CONNECTION_ID} to connector ${connector} is open`,
      { connectionId: CONNECTION_ID, connector },
    )
    for (const { symbol, tickSize, lotSize } of instruments) {
      connection.register(symbol, tickSize, lotSize)
      const book = this.#desk.of(this.#records.line(busSymbol(symbol)))
      if (book !== undefined) this.#desk.expectSnapshot(book)
    }
    this.#watch.start(clock.monotonicMs())
    this.#timer = clock.setRepeating(() => this.#onCheck(), healthCheckIntervalMs ?? 5_000, { unref: true })
  }

  #onCheck(): void {
    this.#watch.scan(this.#core.runtime.clock.monotonicMs())
    this.#core.health.now()
  }

  #fail(event: LogEventName, error: unknown): void {
    this.#scope?.end(error)
    this.#core.countError()
    void this.#release(ConnectionState.FAILED)
    const code = error instanceof LiveFeedError ? error.code : codeOf(error)
    const message = error instanceof Error ? error.message : String(error)
    this.#core.enter(FeedManagerState.FAILED, event, 'ERROR', `: ${message}`, { code })
  }

  /** Takes the connection out of use; resolves when it is closed. Never rejects. */
  #release(state: ConnectionState): Promise<void> {
    const connection = this.#connection
    this.#connectionState = state
    for (const unlisten of this.#unlisten.splice(0)) unlisten()
    if (this.#timer !== null) this.#core.runtime.clock.clearTimer(this.#timer)
    this.#timer = null
    this.#desk.stop()
    this.#connection = null
    if (connection === null) return Promise.resolve()
    connection.onRecords = null
    this.#ringDropped = connection.stats().ringDropped
    return connection.close().catch((error: unknown) => {
      this.#core.runtime.logger.error(`${this.name}: the connection did not close cleanly`, { error: String(error) })
    })
  }

  // --- what the connection says -----------------------------------------------------------------------------

  #onOverflow({ reason, dropped }: HftOverflow): void {
    this.#core.countError()
    this.#records.closeBatches()
    const what = {
      ring: `${dropped} records dropped because this process was busy`,
      buffer: 'the shared buffer may have overflowed',
      batch: 'the marks of a batch did not balance',
    }[reason]
    this.#doubtAll('OVERFLOW', what)
  }

  #onPeerLost(): void {
    if (this.#connectionState !== ConnectionState.OPEN) return
    this.#connectionState = ConnectionState.BACKOFF
    this.#core.countError()
    this.#core.audit.write(
      LogEventName.CONNECTION_DISCONNECTED,
      'WARNING',
      `connector ${this.#options.connector} is gone: no publisher is left; waiting for it to be started again`,
      { connectionId: CONNECTION_ID, code: null, reason: 'no publisher' },
    )
    this.#records.closeBatches()
    this.#doubtAll('DISCONNECT', 'the connector is gone')
  }

  /** The connection has registered everything again by itself; books start from nothing on both sides. */
  #onPeerChanged(): void {
    this.#restartCount++
    this.#generation++
    this.#openedAtMs = this.#core.runtime.clock.monotonicMs()
    this.#connectionState = ConnectionState.OPEN
    this.#core.audit.write(
      LogEventName.CONNECTION_ESTABLISHED,
      'INFO',
      `connector ${this.#options.connector} was restarted; everything is registered again`,
      { connectionId: CONNECTION_ID, connector: this.#options.connector, restartCount: this.#restartCount },
    )
    this.#records.closeBatches()
    for (const { line } of this.#desk.all()) line.book.reset([], [], line.book.sequence + 1)
    this.#doubtAll('DISCONNECT', 'the connector was restarted', true)
    this.#watch.start(this.#core.runtime.clock.monotonicMs())
  }

  #onDecodeError(message: string, total: number): void {
    this.#core.countError()
    this.#core.audit.write(LogEventName.MESSAGE_REJECTED, 'WARNING', `unreadable sample: ${message}`, {
      stream: '',
      code: 'CODEC_INVALID',
      count: total,
    })
    // What it said is lost; it may have been a level.
    this.#doubtAll('REJECTED', 'a sample could not be read')
  }

  #onClosed(error: Error | undefined): void {
    if (this.state !== FeedManagerState.RUNNING) return
    const cause = error ?? new ConnectorError('CONNECTOR_UNREACHABLE', 'the connection was closed')
    this.#fail(LogEventName.FEED_FAILED, cause)
  }

  #doubtAll(cause: GapCause, why: string, isAsked = false): void {
    for (const book of this.#desk.all()) this.#desk.doubt(book, cause, why, isAsked)
  }

  #requestSnapshot(symbol: string): boolean {
    if (this.#connection === null || this.#connectionState !== ConnectionState.OPEN) return false
    try {
      this.#connection.resync(symbol)
      return true
    } catch (error) {
      this.#core.countError()
      this.#core.audit.write(LogEventName.CONNECTION_ERROR, 'WARNING', `cannot ask for ${symbol}: ${String(error)}`, {
        connectionId: CONNECTION_ID,
        code: codeOf(error),
      })
      return false
    }
  }

  /** Everything the connection counts as a possible loss. */
  #lossCount(): bigint {
    const stats = this.#connection?.stats()
    return stats === undefined ? 0n : stats.ringDropped + BigInt(stats.suspectedOverflow + stats.batchImbalance)
  }

  // --- health -----------------------------------------------------------------------------------------------

  #picture(): SourcePicture {
    const nowMs = this.#core.runtime.clock.monotonicMs()
    const books = [...this.#desk.all()]
    return {
      connections: [this.#connectionHealth(nowMs)],
      feeds: books.flatMap((book) => [
        book.depth.health(nowMs, CONNECTION_ID, book.state === 'RESYNCING'),
        book.trades.health(nowMs, CONNECTION_ID),
      ]),
      books: this.#desk.health(),
    }
  }

  #connectionHealth(nowMs: number): ConnectionHealth {
    const ages = [...this.#desk.all()].flatMap(({ depth, trades }) => [depth.ageMs(nowMs), trades.ageMs(nowMs)])
    const known = ages.filter((age) => age !== null)
    const isOpen = this.#connectionState === ConnectionState.OPEN
    return {
      id: CONNECTION_ID,
      route: '',
      generation: this.#generation,
      state: this.#connectionState,
      url: `iceoryx2://${this.#options.connector}`,
      uptimeMs: isOpen ? nowMs - this.#openedAtMs : 0,
      reconnectCount: this.#restartCount,
      reconnectAttempt: 0,
      lastMessageAgeMs: known.length === 0 ? null : Math.min(...known),
      rttMs: null,
      nextRefreshInMs: null,
      streamCount: ages.length,
      paths: [],
    }
  }
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : 'UNKNOWN'
}
