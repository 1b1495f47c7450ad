/**
 * Everything the page knows, put together from what was pushed. Pure: no clock, no document. Applying the same
 * message twice changes nothing, because the hub may send a thing twice when several pages look at it.
 */
import type {
  CandleRow,
  FeedChange,
  FeedView,
  FullMessage,
  GapTotals,
  GapView,
  HistoryColumns,
  LogRow,
  ManagerView,
  MarketKey,
  MarketUpdate,
  ProcessView,
  PushMessage,
  RawEnvelope,
  RawUpdate,
  StreamKey,
  StreamUpdate,
  TopicSchema,
  TopicView,
  TroubleView,
  UpdateMessage,
} from '../../protocol.js'

import { isConnectionDown } from './tones.js'

const LOG_ROWS_MAX = 500
/** Traces beside them: a source that writes many must not push a warning out. */
const LOG_TRACES_MAX = 150
const GAPS_MAX = 500
const CANDLES_MAX = 240
const SAMPLES_MAX = 600
const ENVELOPES_MAX = 50
/** Spreads at four a second. */
const SPREADS_MAX = 240

export interface MarketState {
  key: MarketKey
  intervals: readonly string[]
  /** By open time, oldest first. */
  candles: readonly CandleRow[]
  forming: CandleRow | null
  book: MarketUpdate['book']
  bbo: MarketUpdate['bbo']
  funding: MarketUpdate['funding']
  /** `[epoch ms, basis points]`, as seen since the market was chosen. */
  spreads: readonly (readonly [number, number])[]
}

export interface StreamState {
  key: StreamKey
  history: HistoryColumns
  trouble: TroubleView | null
}

export interface RawState {
  topic: string
  schema: TopicSchema | null
  /** Oldest first. */
  envelopes: readonly RawEnvelope[]
}

/** A part of the state that panels draw; a message changes some of them. */
export type Slice = 'managers' | 'feeds' | 'gaps' | 'log' | 'process' | 'topics' | 'market' | 'stream' | 'raw'

const ALL_SLICES: readonly Slice[] = [
  'managers',
  'feeds',
  'gaps',
  'log',
  'process',
  'topics',
  'market',
  'stream',
  'raw',
]

export class PageState {
  title = 'feedbus'
  startedMs = 0
  /** Time at the server when the last message was made, epoch ms; 0 before the first. */
  serverMs = 0
  managers: readonly ManagerView[] = []
  feeds: FeedView[] = []
  gaps: ReadonlyMap<string, GapView> = new Map()
  gapTotals: GapTotals = { open: 0, filled: 0, unfillable: 0 }
  log: readonly LogRow[] = []
  process: ProcessView | null = null
  topics: readonly TopicView[] = []
  market: MarketState | null = null
  stream: StreamState | null = null
  raw: RawState | null = null

  get hasData(): boolean {
    return this.serverMs > 0
  }

  /** Which parts changed. */
  apply(message: PushMessage): Set<Slice> {
    const changed = message.kind === 'full' ? this.#replace(message) : this.#update(message)
    this.serverMs = message.nowMs
    const { views } = message
    if (views?.market !== undefined) {
      this.market = marketWith(this.market, views.market, message.nowMs)
      changed.add('market')
    }
    if (views?.stream !== undefined) {
      this.stream = streamWith(this.stream, views.stream)
      changed.add('stream')
    }
    if (views?.raw !== undefined) {
      this.raw = rawWith(this.raw, views.raw)
      changed.add('raw')
    }
    return changed
  }

  manager(source: string): ManagerView | undefined {
    return this.managers.find(({ name }) => name === source)
  }

  /** Whether the connection that carries the stream is down. A stream of an unknown connection is not judged. */
  isDown(feed: FeedView): boolean {
    const connection = this.manager(feed.source)?.connections.find(({ id }) => id === feed.connectionId)
    return connection !== undefined && isConnectionDown(connection.state)
  }

  feed({ source, stream }: StreamKey): FeedView | undefined {
    return this.feeds.find((feed) => feed.stream === stream && feed.source === source)
  }

  #replace(message: FullMessage): Set<Slice> {
    this.title = message.title
    this.startedMs = message.startedMs
    this.managers = message.managers
    this.feeds = [...message.feeds]
    this.gaps = gapsWith(new Map(), message.gaps)
    this.gapTotals = message.gapTotals
    this.log = message.log
    this.process = message.process
    this.topics = message.topics
    return new Set(ALL_SLICES)
  }

  #update(message: UpdateMessage): Set<Slice> {
    const changed = new Set<Slice>()
    if (message.managers !== undefined) {
      this.managers = message.managers
      changed.add('managers')
    }
    if (message.feeds !== undefined) {
      this.feeds = [...message.feeds]
      changed.add('feeds')
    }
    if (message.feedChanges !== undefined) {
      for (const change of message.feedChanges) this.#changeFeed(change)
      changed.add('feeds')
    }
    if (message.gaps !== undefined) {
      this.gaps = gapsWith(this.gaps, message.gaps)
      changed.add('gaps')
    }
    if (message.gapTotals !== undefined) this.gapTotals = message.gapTotals
    if (message.log !== undefined) {
      const lastId = this.log.at(-1)?.id ?? 0
      this.log = newestLog([...this.log, ...message.log.filter(({ id }) => id > lastId)])
      changed.add('log')
    }
    if (message.process !== undefined) {
      this.process = message.process
      changed.add('process')
    }
    if (message.topics !== undefined) {
      this.topics = message.topics
      changed.add('topics')
    }
    return changed
  }

  #changeFeed(change: FeedChange): void {
    const [index, state, messageCount, errorCount, gapCount, ratePerSecond, ageMs, p50, p99] = change
    const feed = this.feeds[index]
    if (feed === undefined) return
    this.feeds[index] = { ...feed, state, messageCount, errorCount, gapCount, ratePerSecond, ageMs, p50, p99 }
  }
}

function gapsWith(known: ReadonlyMap<string, GapView>, changes: readonly GapView[]): Map<string, GapView> {
  const gaps = new Map(known)
  for (const gap of changes) gaps.set(`${gap.source} ${gap.gapId}`, gap)
  for (const [key, gap] of gaps) {
    if (gaps.size <= GAPS_MAX) break
    if (gap.state !== 'open') gaps.delete(key)
  }
  return gaps
}

function isSameMarket(a: MarketKey, b: MarketKey): boolean {
  return a.source === b.source && a.symbol === b.symbol && a.interval === b.interval
}

function marketWith(known: MarketState | null, update: MarketUpdate, nowMs: number): MarketState {
  const isSame = known !== null && isSameMarket(known.key, update.key)
  const before: MarketState = isSame
    ? known
    : { key: update.key, intervals: [], candles: [], forming: null, book: null, bbo: null, funding: null, spreads: [] }
  const candles =
    update.candles ??
    (update.newCandles === undefined ? before.candles : withCandles(before.candles, update.newCandles))
  return {
    key: update.key,
    intervals: update.intervals ?? before.intervals,
    candles,
    forming: update.forming === undefined ? before.forming : update.forming,
    book: update.book === undefined ? before.book : update.book,
    bbo: update.bbo === undefined ? before.bbo : update.bbo,
    funding: update.funding === undefined ? before.funding : update.funding,
    spreads: withSpread(before.spreads, update, nowMs),
  }
}

function withCandles(known: readonly CandleRow[], added: readonly CandleRow[]): CandleRow[] {
  const byTime = new Map([...known, ...added].map((candle) => [candle[0], candle]))
  return [...byTime.values()].sort((a, b) => a[0] - b[0]).slice(-CANDLES_MAX)
}

function withSpread(known: MarketState['spreads'], update: MarketUpdate, nowMs: number): MarketState['spreads'] {
  const spreadBps = update.book?.spreadBps ?? bboSpreadBps(update.bbo)
  if (spreadBps === null || spreadBps === undefined) return known
  return [...known, [nowMs, spreadBps] as const].slice(-SPREADS_MAX)
}

function bboSpreadBps(bbo: MarketUpdate['bbo']): number | null {
  if (bbo === null || bbo === undefined || bbo.bid + bbo.ask === 0) return null
  return ((bbo.ask - bbo.bid) / ((bbo.ask + bbo.bid) / 2)) * 10_000
}

const NO_HISTORY: HistoryColumns = { timeMs: [], rate: [], p50: [], p99: [], ageMs: [] }

function streamWith(known: StreamState | null, update: StreamUpdate): StreamState {
  const isSame = known !== null && known.key.source === update.key.source && known.key.stream === update.key.stream
  const before: StreamState = isSame ? known : { key: update.key, history: NO_HISTORY, trouble: null }
  const history =
    update.history ?? (update.newSamples === undefined ? before.history : appended(before.history, update.newSamples))
  return { key: update.key, history, trouble: update.trouble === undefined ? before.trouble : update.trouble }
}

/** Without samples that are there already. */
function appended(known: HistoryColumns, added: HistoryColumns): HistoryColumns {
  const lastMs = known.timeMs.at(-1) ?? Number.NEGATIVE_INFINITY
  const found = added.timeMs.findIndex((timeMs) => timeMs > lastMs)
  if (found < 0) return known
  const join = <T>(a: readonly T[], b: readonly T[]): T[] => [...a, ...b.slice(found)].slice(-SAMPLES_MAX)
  return {
    timeMs: join(known.timeMs, added.timeMs),
    rate: join(known.rate, added.rate),
    p50: join(known.p50, added.p50),
    p99: join(known.p99, added.p99),
    ageMs: join(known.ageMs, added.ageMs),
  }
}

function rawWith(known: RawState | null, update: RawUpdate): RawState {
  const before: RawState =
    known !== null && known.topic === update.topic ? known : { topic: update.topic, schema: null, envelopes: [] }
  const lastSeq = before.envelopes.at(-1)?.seq ?? 0
  const added = (update.newEnvelopes ?? []).filter(({ seq }) => seq > lastSeq)
  return {
    topic: update.topic,
    schema: update.schema ?? before.schema,
    envelopes: update.envelopes ?? [...before.envelopes, ...added].slice(-ENVELOPES_MAX),
  }
}

/** In order; traces and the rest are bounded apart. */
function newestLog(log: readonly LogRow[]): readonly LogRow[] {
  const isTrace = ({ level }: LogRow): boolean => level === 'DEBUG'
  const traces = log.filter(isTrace)
  const firstTrace = traces.at(-LOG_TRACES_MAX)?.id ?? 0
  const firstOther = log.filter((row) => !isTrace(row)).at(-LOG_ROWS_MAX)?.id ?? 0
  return log.filter((row) => row.id >= (isTrace(row) ? firstTrace : firstOther))
}
