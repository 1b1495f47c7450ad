/**
 * What the native layer offers, as interfaces: the generic publish/subscribe byte layer over Iceoryx2 and the
 * connection to a hftbacktest connector. Nothing here loads the addon, so everything may import these types, and a
 * test may hand out its own implementation.
 *
 * Nanosecond times are `bigint`: 1.7e18 in a double has steps of 256 ns.
 */

/** Connector program whose protocol quirks apply; also decides the spelling of symbols on the wire. */
export type HftConnectorKind = 'binancefutures' | 'binancespot' | 'bybit'

export type NativeLogLevel = 'off' | 'error' | 'warn' | 'info'

export interface NodeOptions {
  /** Shown in node lists. Default `feedbus`. */
  readonly name?: string
  /** Folder of service and node files. Default `/tmp/iceoryx2/`. Both sides must agree. */
  readonly rootPath?: string
  /** Prefix of every file and shared segment. Default `iox2_`. Both sides must agree. */
  readonly prefix?: string
  /** What the shared-memory library may write to stderr; one setting per process, the last one wins. Default `off`. */
  readonly logLevel?: NativeLogLevel
}

/** A type as services compare it: by name, size and alignment. */
export interface TypeDetail {
  readonly name: string
  readonly size: number
  readonly align: number
  /** `slice`: a run of `size`-byte elements; `fixed`: exactly one. */
  readonly variant: 'fixed' | 'slice'
}

export interface ServiceSpec {
  readonly name: string
  /** Default: a slice of bytes (`u8`, 1, 1). */
  readonly payload?: TypeDetail
  /** Default: none (`()`, 0, 1). */
  readonly userHeader?: TypeDetail
  readonly mode: 'open' | 'create' | 'openOrCreate'
  readonly maxPublishers?: number
  readonly maxSubscribers?: number
  readonly maxNodes?: number
  readonly bufferSize?: number
  readonly historySize?: number
  readonly maxBorrowed?: number
  readonly safeOverflow?: boolean
}

export interface ServiceInfo {
  readonly name: string
  readonly id: string
  readonly pattern: 'publishSubscribe' | 'other'
  readonly payload: TypeDetail | null
  readonly userHeader: TypeDetail | null
  /** Size of the sample header: 24 in Iceoryx2 0.6. Anything else was made by an incompatible version. */
  readonly headerSize: number
  readonly maxPublishers: number
  readonly maxSubscribers: number
  readonly maxNodes: number
  readonly bufferSize: number
  readonly historySize: number
  readonly maxBorrowed: number
  readonly safeOverflow: boolean
}

export interface NodeInfo {
  readonly id: string
  readonly state: 'alive' | 'dead' | 'inaccessible' | 'undefined'
}

export interface PeerCounts {
  readonly publishers: number
  readonly subscribers: number
  readonly nodes: number
}

export interface NativeVersions {
  /** Version of Iceoryx2 inside the addon; peers must have exactly this one. */
  readonly iceoryx2: string
  readonly addon: string
  /** Node-API version the addon needs. */
  readonly napi: number
}

export interface NativeAvailability {
  readonly ok: boolean
  /** Why not, when `ok` is false. */
  readonly reason?: string
}

/** Kind of a record: the wire tag of the message. */
export const RecordKind = {
  BATCH_START: 0,
  BATCH_END: 1,
  FEED: 2,
  ORDER: 3,
  POSITION: 4,
  ERROR: 5,
} as const
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind]

/** Kind of a market event: the low byte of `ev`. An enumeration, not a mask: 3 is neither 1 nor 2. */
export const EventKind = {
  DEPTH: 1,
  TRADE: 2,
  DEPTH_CLEAR: 3,
  DEPTH_SNAPSHOT: 4,
  BBO: 5,
  ADD_ORDER: 10,
  CANCEL_ORDER: 11,
  MODIFY_ORDER: 12,
  FILL: 13,
} as const
export type EventKind = (typeof EventKind)[keyof typeof EventKind]

/** Flags in the upper bits of `ev`, as unsigned numbers: keep `>>> 0` when combining them. */
export const EventFlag = {
  SELL: 0x1000_0000,
  BUY: 0x2000_0000,
  LOCAL: 0x4000_0000,
  EXCH: 0x8000_0000,
} as const

/** Names in wire order: the index is the tag. */
export const WIRE_SIDES = ['Buy', 'Sell', 'None', 'Unsupported'] as const
export const WIRE_STATUSES = [
  'None',
  'New',
  'Expired',
  'Filled',
  'Canceled',
  'PartiallyFilled',
  'Rejected',
  'Replaced',
  'Unsupported',
] as const
export const WIRE_TIMES_IN_FORCE = ['GTC', 'GTX', 'FOK', 'IOC', 'Unsupported'] as const
export const WIRE_ORDER_TYPES = ['Limit', 'Market', 'Unsupported'] as const
export type WireSide = (typeof WIRE_SIDES)[number]
export type WireStatus = (typeof WIRE_STATUSES)[number]
export type WireTimeInForce = (typeof WIRE_TIMES_IN_FORCE)[number]
export type WireOrderType = (typeof WIRE_ORDER_TYPES)[number]

/** A market event as it travels. */
export interface WireEvent {
  readonly ev: number
  readonly exchTs: bigint
  readonly localTs: bigint
  readonly px: number
  readonly qty: number
  readonly orderId: bigint
  readonly ival: bigint
  readonly fval: number
}

/** An order as it travels. */
export interface WireOrder {
  readonly qty: number
  readonly leavesQty: number
  readonly execQty: number
  readonly execPriceTick: bigint
  readonly priceTick: bigint
  readonly tickSize: number
  readonly exchTimestamp: bigint
  readonly localTimestamp: bigint
  readonly orderId: bigint
  readonly maker: boolean
  readonly orderType: WireOrderType
  /** What is asked for; a connector acts on this alone: `New` submits, `Canceled` cancels. */
  readonly req: WireStatus
  readonly status: WireStatus
  readonly side: WireSide
  readonly timeInForce: WireTimeInForce
}

/** A value inside a connector's error. Integers are `bigint`, so that 1 and 1.0 stay apart. */
export type WireValue =
  | null
  | string
  | bigint
  | number
  | boolean
  | readonly WireValue[]
  | { readonly [key: string]: WireValue }

export interface WireError {
  readonly kind: 'ConnectionInterrupted' | 'CriticalConnectionError' | 'OrderError' | 'Custom'
  /** Number of a `Custom` error. */
  readonly custom?: bigint
  readonly value: WireValue
}

/** Connector to bot. */
export type LiveEvent =
  | { readonly type: 'batchStart' }
  | { readonly type: 'batchEnd' }
  | { readonly type: 'feed'; readonly symbol: string; readonly event: WireEvent }
  | { readonly type: 'order'; readonly symbol: string; readonly order: WireOrder }
  | { readonly type: 'position'; readonly symbol: string; readonly qty: number; readonly exchTs: bigint }
  | { readonly type: 'error'; readonly error: WireError }

/** Bot to connector. */
export type LiveRequest =
  | { readonly type: 'order'; readonly symbol: string; readonly order: WireOrder }
  | {
      readonly type: 'registerInstrument'
      readonly symbol: string
      readonly tickSize: number
      readonly lotSize: number
    }

/**
 * The records of the current batch. Fields are read by record number `i`; nothing is allocated unless a field is a
 * `bigint`. Valid only until the callback returns: the next batch overwrites it.
 *
 * What a field means depends on {@link kind}; fields a kind does not have read 0 (tags: 0).
 */
export interface RecordView {
  /** Records in the current batch. */
  readonly count: number
  kind(i: number): RecordKind
  /** Sent to this bot alone (its registration batch, for example); otherwise to every bot. */
  isAddressed(i: number): boolean
  /** The symbol was too long or one too many; {@link symbol} is `''`. */
  hasBadSymbol(i: number): boolean
  /** Index into the connection's list of symbols; 65535 for none. Stable for the life of the connection. */
  symbolIndex(i: number): number
  /** Symbol as the connector writes it; `''` for records without one. */
  symbol(i: number): string
  /** Kind and flags of a feed event, unsigned. */
  ev(i: number): number
  /** Low byte of `ev`; compare it as an enumeration. */
  eventKind(i: number): number
  exchTs(i: number): bigint
  localTs(i: number): bigint
  /** Feed: price. Order: price ticks times tick size. */
  px(i: number): number
  qty(i: number): number
  orderId(i: number): bigint
  leavesQty(i: number): number
  /** Feed only; shares its place with {@link leavesQty}. */
  fval(i: number): number
  execQty(i: number): number
  execPriceTick(i: number): bigint
  /** Feed only; shares its place with {@link execPriceTick}. */
  ival(i: number): bigint
  priceTick(i: number): bigint
  tickSize(i: number): number
  side(i: number): WireSide
  status(i: number): WireStatus
  req(i: number): WireStatus
  timeInForce(i: number): WireTimeInForce
  orderType(i: number): WireOrderType
  maker(i: number): boolean
  /** The error of an `ERROR` record, once; `null` when it was taken before or pushed out by many newer ones. */
  takeError(i: number): WireError | null
  /** When the sample was taken from shared memory: nanoseconds since the epoch. */
  recvTs(i: number): bigint
  /** The same as milliseconds since the epoch, a double with sub-millisecond fraction, without a `bigint`. */
  recvTimeMs(i: number): number
  /** Number of the sample at this subscriber, from 1; a hole is a record dropped here or meant for another bot. */
  recvSeq(i: number): bigint
  /** Changes when the connector is restarted. */
  publisherTag(i: number): bigint
}

export interface HftConnectionOptions {
  /** Name the connector was started with; its services are `NAME/ToBot` and `NAME/FromBot`. */
  readonly connector: string
  readonly kind: HftConnectorKind
  /** Non-zero and different from every other bot's. Default: random. */
  readonly botId?: bigint
  /** `pump` (default): a thread of its own drains, nothing is lost while JavaScript is busy. `poll`: lowest latency. */
  readonly mode?: 'pump' | 'poll'
  /** Records the pump keeps for a busy consumer; a power of two from 64 to 2^22. Default 65 536. */
  readonly ringRecords?: number
  /** Poll: how long after the last record the loop stays hot. Default 200. */
  readonly hotMicros?: number
  /** Poll: never step down to timers. Takes a whole core. Default `false`. */
  readonly spin?: boolean
  /** How long `open` waits for the connector to appear. Default 0: it must be there. */
  readonly waitForConnectorMs?: number
  /** The connection alone keeps the process alive. Default `false`. */
  readonly keepAlive?: boolean
  readonly node?: NodeOptions
}

export interface HftOrderRequest {
  readonly symbol: string
  readonly side: 'BUY' | 'SELL'
  readonly price: number
  readonly qty: number
  readonly timeInForce: 'GTC' | 'GTX' | 'FOK' | 'IOC'
  /** Default `LIMIT`. */
  readonly type?: 'LIMIT' | 'MARKET'
  /** Unique per symbol over all bots of a connector. Default: random upper half, counting lower half. */
  readonly orderId?: bigint
}

/** Why records may be missing. */
export interface HftOverflow {
  /**
   * `buffer`: one drain returned at least the service's buffer size, so older samples may have been overwritten.
   * `batch`: the marks of a batch did not balance. `ring`: the pump's ring was full; `dropped` is exact.
   */
  readonly reason: 'buffer' | 'batch' | 'ring'
  /** Records dropped since the event before, `0n` when the number cannot be known. */
  readonly dropped: bigint
}

export interface HftDecodeError {
  /** What was wrong with the latest bad sample. */
  readonly message: string
  /** Bad samples since the connection was opened. */
  readonly total: number
}

/** Payload of each event of {@link HftConnection}. */
export interface HftConnectionEvents {
  /** Another publisher sends under the connector's name: it was restarted. Registrations have been repeated. */
  readonly peerChanged: { readonly publisherTag: bigint; readonly previous: bigint }
  /** No publisher is left. */
  readonly peerLost: { readonly publisherTag: bigint }
  readonly overflow: HftOverflow
  readonly decodeError: HftDecodeError
  /** Ended by `close()` (no error) or by a failure. */
  readonly closed: { readonly error?: Error }
}

export interface HftConnectionStats {
  /** Samples taken from shared memory. */
  readonly received: number
  /** Records handed to the consumer. */
  readonly delivered: number
  /** Samples addressed to other bots. */
  readonly foreign: number
  readonly decodeErrors: number
  /** Records the pump dropped because its ring was full; exact. */
  readonly ringDropped: bigint
  /** Times a drain returned at least the buffer size. */
  readonly suspectedOverflow: number
  /** Times batch marks did not balance. */
  readonly batchImbalance: number
  /** Nanoseconds since the last record was received; -1 before the first. */
  readonly lastRecordAgeNs: number
  readonly publisherTag: bigint
  /** Connector's publishers as of the last look, once a second. */
  readonly publishers: number
}

/** A bot's connection to one connector process. All calls from the thread that opened it. */
export interface HftConnection {
  readonly botId: bigint
  readonly connector: string
  readonly kind: HftConnectorKind
  readonly mode: 'pump' | 'poll'
  readonly isClosed: boolean
  readonly ring: RecordView
  /** Symbols seen so far; {@link RecordView.symbolIndex} counts in it. */
  symbols(): readonly string[]
  /**
   * Asks for a symbol's data. Idempotent; repeated by itself on `peerChanged`. The symbol may be written in either
   * case; it is converted to the spelling this kind of connector needs.
   */
  register(symbol: string, tickSize: number, lotSize: number): void
  /** Registers again: the connector answers with orders, position and its whole book, to this bot alone. */
  resync(symbol: string): void
  /** Sends an order and returns its id. That it was sent says nothing about the venue: read the order records. */
  submit(order: HftOrderRequest): bigint
  /** Asks to cancel an order sent by {@link submit} on this connection, one of the last 50 000 of its symbol. */
  cancel(symbol: string, orderId: bigint): void
  /** Hands every waiting record to `fn` and returns their number. Poll mode; in pump mode it empties the ring. */
  drain(fn: (records: RecordView, i: number) => void, max?: number): number
  /** Called with each batch of records, `first` to `first + count - 1` of {@link ring}. */
  onRecords: ((first: number, count: number) => void) | null
  /** Listens; the result ends it. */
  on<E extends keyof HftConnectionEvents>(event: E, listener: (payload: HftConnectionEvents[E]) => void): () => void
  stats(): HftConnectionStats
  /** Idempotent. Resolves when the thread has ended and the ports are gone. */
  close(): Promise<void>
}
