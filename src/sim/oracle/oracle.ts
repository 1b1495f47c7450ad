/**
 * What a test compares with: what each client was shown, what an undisturbed one would have been shown, what
 * was true on the market, which faults fired and which limits were broken.
 *
 * Memory is bounded: records are kept in rings of a stated length per stream and connection (totals stay
 * exact), and go to a file of JSON lines when one is named.
 */
import type { MarketKind } from '../../types/venue.js'
import type {
  MarketOracle,
  MarketSource,
  OracleBook,
  OracleCandle,
  OracleFunding,
  OracleTicker,
  OracleTrade,
  PayloadIds,
} from '../market-source.js'
import { bookHash } from './book-hash.js'
import type {
  ConnectionRecord,
  FaultRecord,
  FrameOutcome,
  OracleRecord,
  SentRecord,
  TruthRecord,
  ViolationRecord,
  ViolationRule,
} from './records.js'
import { Ring } from './ring.js'

export interface SimOracleOptions {
  /**
   * Records kept per stream and per (connection, stream). Without it 1024, and 128 for streams beyond the
   * first few hundred, so that a venue with thousands of streams stays small.
   */
  readonly framesKept?: number | undefined
  /** Fault, violation and connection records kept, each. Default 65 536. */
  readonly eventsKept?: number | undefined
}

/** A frame as the oracle needs it. */
export interface OracleFrame {
  readonly ids: PayloadIds
  readonly hash: number
  readonly text: string
}

interface OracleFeed {
  readonly market: MarketKind
  readonly name: string
}

/** Differences between what a stream held and what connections were shown of it. */
export interface StreamComparison {
  readonly stream: string
  readonly truthCount: number
  readonly shownCount: number
  /** Payloads of the truth, since the first one shown, that no connection was shown. */
  readonly lost: readonly TruthRecord[]
  /** Payloads shown more than once over all connections compared. */
  readonly duplicated: number
}

export interface OracleSummary {
  readonly seed: number
  readonly command: string
  readonly timeMs: number
  readonly connectionsOpened: number
  readonly connectionsOpen: number
  readonly framesDelivered: number
  readonly framesDropped: number
  readonly framesAltered: number
  readonly faults: Readonly<Record<string, number>>
  readonly violations: Readonly<Record<string, number>>
  readonly historyHash: string
}

const MINUTE_MS = 60_000
const MINUTES_KEPT = 1440
const SECONDS_KEPT = 3600
const MANY_STREAMS = 256
const CLOSED_CONNECTIONS_KEPT = 256

export class SimOracle {
  /** The market's own truth. */
  readonly market: MarketOracle
  readonly #source: MarketSource
  readonly #framesKept: number | null
  readonly #truth = new Map<string, Ring<TruthRecord>>()
  readonly #sent = new Map<string, Ring<SentRecord>>()
  readonly #faults: Ring<FaultRecord>
  readonly #violations: Ring<ViolationRecord>
  readonly #connections: Ring<ConnectionRecord>
  readonly #weightByMinute = new Map<string, number>()
  readonly #controlBySecond = new Map<string, number>()
  readonly #faultCounts = new Map<string, number>()
  readonly #violationCounts = new Map<string, number>()
  readonly #listeners = new Set<(record: OracleRecord) => void>()
  readonly #outcomes: Record<FrameOutcome, number> = { delivered: 0, dropped: 0, altered: 0, delayed: 0, repeated: 0 }
  readonly #closed: number[] = []
  #open = 0
  #opened = 0
  #seed = 0
  #command = ''

  constructor(source: MarketSource, options: SimOracleOptions = {}) {
    this.#source = source
    this.market = source.oracle
    this.#framesKept = options.framesKept ?? null
    const eventsKept = options.eventsKept ?? 65_536
    this.#faults = new Ring(eventsKept)
    this.#violations = new Ring(eventsKept)
    this.#connections = new Ring(eventsKept)
  }

  /** Seed and the command that repeats the run, for `summary()`. */
  describeRun(seed: number, command: string): void {
    this.#seed = seed
    this.#command = command
  }

  /** Calls `listener` with every record as it is made; returns how to stop that. */
  onRecord(listener: (record: OracleRecord) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  // --- what tests ask -------------------------------------------------------------------------------------

  /** What one connection was shown of a stream, oldest first; without `stream` all of it, in time order. */
  sent(connection: number, stream?: string): readonly SentRecord[] {
    if (stream !== undefined) return this.#sent.get(`${connection} ${stream}`)?.toArray() ?? []
    const records: SentRecord[] = []
    for (const [key, ring] of this.#sent) if (key.startsWith(`${connection} `)) records.push(...ring.toArray())
    return records.sort((x, y) => x.timeMs - y.timeMs)
  }

  /** What an undisturbed client would have got since the stream was first subscribed. */
  truth(stream: string, market?: MarketKind): readonly TruthRecord[] {
    return this.#truth.get(`${market ?? this.#defaultMarket(stream)} ${stream}`)?.toArray() ?? []
  }

  /** Lost and duplicated payloads of one stream over the given connections (default: all). */
  compare(stream: string, market?: MarketKind, connections?: readonly number[]): StreamComparison {
    const truth = this.truth(stream, market)
    const times = new Map<number, number>()
    let shownCount = 0
    for (const [key, ring] of this.#sent) {
      const space = key.indexOf(' ')
      if (key.slice(space + 1) !== stream) continue
      if (connections !== undefined && !connections.includes(Number(key.slice(0, space)))) continue
      for (const record of ring.toArray()) {
        if (record.outcome === 'dropped' || record.outcome === 'altered') continue
        times.set(record.hash, (times.get(record.hash) ?? 0) + 1)
        shownCount++
      }
    }
    const first = truth.findIndex((record) => times.has(record.hash))
    const lost = first < 0 ? [] : truth.slice(first).filter((record) => !times.has(record.hash))
    // A quiet stream may truly repeat itself: only what goes beyond the truth is a duplicate.
    const expected = new Map<number, number>()
    for (const record of truth) expected.set(record.hash, (expected.get(record.hash) ?? 0) + 1)
    let duplicated = 0
    for (const [hash, count] of times) duplicated += Math.max(0, count - (expected.get(hash) ?? 1))
    return { stream, truthCount: truth.length, shownCount, lost, duplicated }
  }

  faults(fault?: string): readonly FaultRecord[] {
    const records = this.#faults.toArray()
    return fault === undefined ? records : records.filter((record) => record.fault === fault)
  }

  violations(rule?: ViolationRule): readonly ViolationRecord[] {
    const records = this.#violations.toArray()
    return rule === undefined ? records : records.filter((record) => record.rule === rule)
  }

  connections(): readonly ConnectionRecord[] {
    return this.#connections.toArray()
  }

  /** Weight per `address market minute`, and control messages per `connection second`, both as counted by the venue. */
  usage(): {
    readonly weightByMinute: ReadonlyMap<string, number>
    readonly controlBySecond: ReadonlyMap<string, number>
  } {
    return { weightByMinute: this.#weightByMinute, controlBySecond: this.#controlBySecond }
  }

  book(symbol: string, market?: MarketKind): OracleBook | null {
    return this.market.book(symbol, market ?? this.#onlyMarket())
  }

  bookAt(symbol: string, updateId: number, market?: MarketKind): OracleBook | null {
    return this.market.bookAt(symbol, updateId, market ?? this.#onlyMarket())
  }

  /** SHA-256 of a book in the format of the captures' truth files; the whole book without `levels`. */
  bookHash(book: OracleBook, levels?: number): string {
    return bookHash(book.bids, book.asks, levels)
  }

  /** Every book as it is now. */
  finalBooks(): readonly OracleBook[] {
    return this.#source.markets.flatMap((market) =>
      this.market.symbols(market).flatMap((symbol) => this.market.book(symbol, market) ?? []),
    )
  }

  candles(
    symbol: string,
    interval: string,
    options: { readonly market?: MarketKind; readonly fromMs?: number; readonly toMs?: number } = {},
  ): readonly OracleCandle[] {
    return this.market.candles(symbol, interval, options.market ?? this.#onlyMarket(), options.fromMs, options.toMs)
  }

  trades(symbol: string, fromId: number, toId: number, market?: MarketKind): readonly OracleTrade[] {
    return this.market.trades(symbol, fromId, toId, market ?? this.#onlyMarket())
  }

  ticker(symbol: string, market?: MarketKind): OracleTicker | null {
    return this.market.ticker(symbol, market ?? this.#onlyMarket())
  }

  funding(symbol: string): OracleFunding | null {
    return this.market.funding(symbol)
  }

  summary(): OracleSummary {
    return {
      seed: this.#seed,
      command: this.#command,
      timeMs: this.#source.nowMs(),
      connectionsOpened: this.#opened,
      connectionsOpen: this.#open,
      framesDelivered: this.#outcomes.delivered + this.#outcomes.delayed + this.#outcomes.repeated,
      framesDropped: this.#outcomes.dropped,
      framesAltered: this.#outcomes.altered,
      faults: Object.fromEntries(this.#faultCounts),
      violations: Object.fromEntries(this.#violationCounts),
      historyHash: this.market.historyHash(),
    }
  }

  // --- what the venue tells -------------------------------------------------------------------------------

  onTruth(feed: OracleFeed, frame: OracleFrame): void {
    const key = `${feed.market} ${feed.name}`
    const ring = this.#ring(this.#truth, key)
    const record: TruthRecord = {
      type: 'truth',
      sequence: ring.total + 1,
      timeMs: this.#source.nowMs(),
      market: feed.market,
      stream: feed.name,
      ids: frame.ids,
      hash: frame.hash,
    }
    ring.push(record)
    this.#tell(record)
  }

  onSent(
    connection: number,
    feed: OracleFeed,
    frame: OracleFrame,
    outcome: FrameOutcome,
    fault: number | null,
  ): SentRecord {
    const ring = this.#ring(this.#sent, `${connection} ${feed.name}`)
    this.#outcomes[outcome]++
    const record: SentRecord = {
      type: 'sent',
      sequence: ring.total + 1,
      timeMs: this.#source.nowMs(),
      connection,
      stream: feed.name,
      ids: frame.ids,
      length: frame.text.length,
      hash: frame.hash,
      outcome,
      fault,
    }
    ring.push(record)
    this.#tell(record)
    return record
  }

  onFault(fields: Omit<FaultRecord, 'type' | 'sequence' | 'timeMs'>): FaultRecord {
    const record: FaultRecord = {
      type: 'fault',
      sequence: this.#faults.total + 1,
      timeMs: this.#source.nowMs(),
      ...fields,
    }
    this.#faults.push(record)
    this.#faultCounts.set(fields.fault, (this.#faultCounts.get(fields.fault) ?? 0) + 1)
    this.#tell(record)
    return record
  }

  onViolation(rule: ViolationRule, address: string, connection: number | null, detail: string): void {
    const record: ViolationRecord = {
      type: 'violation',
      timeMs: this.#source.nowMs(),
      rule,
      address,
      connection,
      detail,
    }
    this.#violations.push(record)
    this.#violationCounts.set(rule, (this.#violationCounts.get(rule) ?? 0) + 1)
    this.#tell(record)
  }

  onConnection(fields: Omit<ConnectionRecord, 'type' | 'timeMs' | 'open'>): void {
    if (fields.event === 'opened') {
      this.#open++
      this.#opened++
    } else {
      this.#open--
      this.#forgetOldConnections(fields.connection)
    }
    const record: ConnectionRecord = { type: 'connection', timeMs: this.#source.nowMs(), open: this.#open, ...fields }
    this.#connections.push(record)
    this.#tell(record)
  }

  onWeight(address: string, market: MarketKind, used: number): void {
    const minute = Math.floor(this.#source.nowMs() / MINUTE_MS) * MINUTE_MS
    setBounded(this.#weightByMinute, `${address} ${market} ${minute}`, used, MINUTES_KEPT)
  }

  onControlMessage(connection: number): void {
    const second = Math.floor(this.#source.nowMs() / 1000) * 1000
    const key = `${connection} ${second}`
    setBounded(this.#controlBySecond, key, (this.#controlBySecond.get(key) ?? 0) + 1, SECONDS_KEPT)
  }

  #ring<T>(rings: Map<string, Ring<T>>, key: string): Ring<T> {
    let ring = rings.get(key)
    if (ring === undefined) {
      ring = new Ring(this.#framesKept ?? (rings.size < MANY_STREAMS ? 1024 : 128))
      rings.set(key, ring)
    }
    return ring
  }

  /** Frame records of connections that closed long ago are not kept. */
  #forgetOldConnections(closed: number): void {
    this.#closed.push(closed)
    if (this.#closed.length <= CLOSED_CONNECTIONS_KEPT) return
    const prefix = `${this.#closed.shift()} `
    for (const key of this.#sent.keys()) if (key.startsWith(prefix)) this.#sent.delete(key)
  }

  #tell(record: OracleRecord): void {
    for (const listener of this.#listeners) listener(record)
  }

  #onlyMarket(): MarketKind {
    return this.#source.markets[0] ?? 'spot'
  }

  #defaultMarket(stream: string): MarketKind {
    return this.#source.markets.find((market) => this.#truth.has(`${market} ${stream}`)) ?? this.#onlyMarket()
  }
}

function setBounded(counts: Map<string, number>, key: string, value: number, sizeMax: number): void {
  counts.set(key, value)
  if (counts.size <= sizeMax) return
  const oldest = counts.keys().next()
  if (oldest.done !== true) counts.delete(oldest.value)
}
