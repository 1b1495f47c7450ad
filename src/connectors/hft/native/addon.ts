/** The addon's raw surface, as `native/src/binding` exports it. Internal: `index.ts` has what is public. */

export interface AddonNodeOptions {
  name?: string
  rootPath?: string
  prefix?: string
  logLevel?: string
}

export interface AddonTypeDetail {
  name: string
  size: number
  align: number
  variant: string
}

export interface AddonServiceSpec {
  name: string
  payload?: AddonTypeDetail
  userHeader?: AddonTypeDetail
  mode: string
  maxPublishers?: number
  maxSubscribers?: number
  maxNodes?: number
  bufferSize?: number
  historySize?: number
  maxBorrowed?: number
  safeOverflow?: boolean
}

export interface AddonServiceInfo {
  name: string
  id: string
  pattern: string
  payload?: AddonTypeDetail
  userHeader?: AddonTypeDetail
  headerSize: number
  maxPublishers: number
  maxSubscribers: number
  maxNodes: number
  bufferSize: number
  historySize: number
  maxBorrowed: number
  safeOverflow: boolean
}

export interface AddonNode {
  service(spec: AddonServiceSpec): AddonService
  listServices(): AddonServiceInfo[]
  listNodes(): { id: string; state: string }[]
  cleanupDeadNodes(): { cleaned: number; failed: number }
  close(): boolean
}

export interface AddonService {
  config(): AddonServiceInfo
  peers(): { publishers: number; subscribers: number; nodes: number }
  publisher(maxLen: number, maxLoans?: number | null): AddonPublisher
  subscriber(bufferSize?: number | null): AddonSubscriber
  close(): boolean
}

export interface AddonPublisher {
  send(data: Uint8Array, userHeader?: Uint8Array | null): number
  close(): boolean
}

export interface AddonSubscriber {
  readonly id: string
  drainInto(out: Uint8Array, max: number): number
  close(): boolean
}

export interface AddonEventFields {
  ev: number
  exchTs: bigint
  localTs: bigint
  px: number
  qty: number
  orderId: bigint
  ival: bigint
  fval: number
}

export interface AddonOrder {
  qty: number
  leavesQty: number
  execQty: number
  execPriceTick: bigint
  priceTick: bigint
  tickSize: number
  exchTimestamp: bigint
  localTimestamp: bigint
  orderId: bigint
  maker: boolean
  orderType: number
  req: number
  status: number
  side: number
  timeInForce: number
}

export interface AddonValue {
  tag: number
  text?: string
  int?: bigint
  float?: number
  flag?: boolean
  items?: AddonValue[]
  keys?: string[]
}

export interface AddonLiveError {
  kind: number
  custom?: bigint
  value: AddonValue
}

export interface AddonMessage {
  kind: number
  symbol?: string
  event?: AddonEventFields
  order?: AddonOrder
  error?: AddonLiveError
  qty?: number
  exchTs?: bigint
  tickSize?: number
  lotSize?: number
}

export interface AddonEvent {
  kind: string
  tag?: bigint
  previous?: bigint
  reason?: string
  dropped?: bigint
  message?: string
  total?: number
  code?: string
}

export interface AddonStats {
  received: number
  foreign: number
  decodeErrors: number
  suspectedOverflow: number
  batchImbalance: number
  receiveFailures: number
  ringDropped: bigint
  lastRecordAgeNs: number
  publisherTag: bigint
  publishers: number
}

export interface AddonConnectionOptions {
  connector: string
  botId: bigint
  mode: string
  ringRecords: number
  keepAlive: boolean
  node?: AddonNodeOptions
}

/** Bound to their connection and its buffers: a call with a number in and a number out costs tens of nanoseconds. */
export interface AddonCalls {
  /** Fills the buffer of records and returns their number, with the highest bit set when events wait. */
  drain(max: number): number
  /** Sends the order in the buffer of requests; how many connectors received it. */
  send(): number
}

export interface AddonConnection {
  /** Both lie in `SharedArrayBuffer`s, which nothing can detach: the addon keeps their addresses. */
  bind(records: Uint8Array, request: Uint8Array): AddonCalls
  tick(): void
  arm(): void
  takeEvents(): AddonEvent[]
  symbols(): string[]
  takeError(slot: number): AddonLiveError | null
  register(symbol: string, tickSize: number, lotSize: number): number
  stats(): AddonStats
  close(): boolean
}

export interface Addon {
  versions(): { iceoryx2: string; addon: string; napi: number }
  /** Closes everything this thread has open. */
  closeAll(): void
  readonly NativeNode: { create(options: AddonNodeOptions): AddonNode }
  readonly NativeConnection: { open(options: AddonConnectionOptions, doorbell: () => void): AddonConnection }
  encodeEventMessage(message: AddonMessage): Uint8Array
  encodeRequestMessage(message: AddonMessage): Uint8Array
  decodeEventMessage(bytes: Uint8Array): AddonMessage
  decodeRequestMessage(bytes: Uint8Array): AddonMessage
}
