/** What a connector stream knows of its symbols: counters, last picture, staleness, holes. */
import { BookSnapshot } from '../../market/book-snapshot.js'
import type { GapCause } from '../../types/gap.js'
import { ConnectionState } from '../../types/health.js'
import { LogEventName } from '../../types/log-event.js'
import { BookState, type OrderBookSnapshot } from '../../types/order-book.js'
import { StreamType } from '../../types/stream.js'
import { busSymbol } from './connector-kinds.js'
import { FeedMeter } from './feed-meter.js'
import { MinuteCounter } from './minute-counter.js'
import type { SourceCore, SourcePicture } from './source-core.js'

const LATENCY_HALF_WINDOW_MS = 30_000

type Kind = 'trade' | 'depth'
type Top = readonly [price: number, qty: number]

export class SymbolState {
  readonly trade: FeedMeter
  readonly depth: FeedMeter
  picture: OrderBookSnapshot | null = null
  bookState: BookState = BookState.SYNCING
  appliedCount = 0
  resyncCount = 0
  /** Open holes in time, by kind. */
  readonly gaps: Map<Kind, number> = new Map()
  /** Events dropped in the open hole of the trades. */
  droppedCount = 0
  #bid: Top = [Number.NaN, 0]
  #ask: Top = [Number.NaN, 0]

  constructor(symbol: string, nowMs: number) {
    const wire = symbol.toLowerCase()
    this.trade = new FeedMeter({ symbol, type: StreamType.TRADE, detail: '', name: `${wire}@trade` }, nowMs)
    this.depth = new FeedMeter({ symbol, type: StreamType.DEPTH, detail: '', name: `${wire}@depth` }, nowMs)
  }

  isNewTop(bid: Top, ask: Top): boolean {
    const same = (a: Top, b: Top): boolean => a[0] === b[0] && a[1] === b[1]
    if (same(bid, this.#bid) && same(ask, this.#ask)) return false
    this.#bid = bid
    this.#ask = ask
    return true
  }
}

export interface LinkPicture {
  readonly id: string
  readonly state: ConnectionState
  readonly generation: number
  readonly attempt: number
  readonly openedAtMs: number
}

export class StreamSymbols {
  readonly tradeCounter: MinuteCounter = new MinuteCounter()
  readonly depthCounter: MinuteCounter = new MinuteCounter()
  readonly #core: SourceCore
  readonly #thresholdMs: number
  readonly #symbols = new Map<string, SymbolState>()
  #rotatedAtMs = 0

  constructor(symbols: readonly string[], core: SourceCore, thresholdMs: number) {
    this.#core = core
    this.#thresholdMs = thresholdMs
    const nowMs = core.runtime.clock.monotonicMs()
    for (const symbol of symbols) this.#symbols.set(busSymbol(symbol), new SymbolState(busSymbol(symbol), nowMs))
  }

  names(): string[] {
    return [...this.#symbols.keys()]
  }

  of(symbol: string): SymbolState | undefined {
    return this.#symbols.get(symbol)
  }

  start(nowMs: number): void {
    this.#rotatedAtMs = nowMs
  }

  count(symbol: SymbolState, kind: Kind, nowMs: number, receiveTimeMs: number, timestampMs: number): void {
    symbol[kind].onMessage(nowMs, receiveTimeMs, receiveTimeMs - timestampMs)
    if (kind === 'trade') this.tradeCounter.add(nowMs)
    else this.depthCounter.add(nowMs)
  }

  /** The connection is open (again). What trades were missed nobody will tell. */
  onConnected(_nowMs: number): void {
    for (const symbol of this.#symbols.values()) this.#closeTradeGap(symbol)
  }

  onLost(): void {
    for (const symbol of this.#symbols.values()) {
      this.#openGap(symbol, 'trade', 'DISCONNECT')
      this.#openGap(symbol, 'depth', 'DISCONNECT')
      this.#demote(symbol, BookState.RESYNCING)
    }
  }

  /** A whole book: it ends every doubt about it. */
  onBook(symbol: SymbolState, picture: OrderBookSnapshot): void {
    symbol.picture = picture
    symbol.appliedCount++
    symbol.bookState = BookState.LIVE
    const gapId = symbol.gaps.get('depth')
    if (gapId === undefined) return
    symbol.gaps.delete('depth')
    this.#core.gaps.fill(gapId, 'snapshot', this.#core.runtime.clock.wallMs())
  }

  /** An event went because the queue was full. A dropped book is replaced by the next one, a dropped trade is lost. */
  onDropped(name: string, kind: Kind, timestampMs: number): void {
    const symbol = this.#symbols.get(name)
    if (symbol === undefined || kind === 'depth') return
    symbol.droppedCount++
    this.#openGap(symbol, 'trade', 'OVERFLOW', timestampMs)
  }

  onQueueEmpty(): void {
    for (const symbol of this.#symbols.values()) if (symbol.droppedCount > 0) this.#closeTradeGap(symbol)
  }

  /** Called at every health check. */
  scan(nowMs: number): void {
    const isRotating = nowMs - this.#rotatedAtMs >= LATENCY_HALF_WINDOW_MS
    if (isRotating) this.#rotatedAtMs = nowMs
    for (const symbol of this.#symbols.values()) {
      for (const meter of [symbol.trade, symbol.depth]) {
        meter.sample(nowMs)
        if (isRotating) meter.rotateLatency()
        this.#check(symbol, meter, nowMs)
      }
    }
  }

  stop(): void {
    for (const symbol of this.#symbols.values()) {
      for (const gapId of symbol.gaps.values()) this.#core.gaps.declareUnfillable(gapId)
      symbol.gaps.clear()
      symbol.droppedCount = 0
    }
  }

  picture(nowMs: number, link: LinkPicture): SourcePicture {
    const symbols = [...this.#symbols.values()]
    const ages = symbols.flatMap(({ trade, depth }) => [trade.ageMs(nowMs), depth.ageMs(nowMs)])
    const known = ages.filter((age) => age !== null)
    const isOpen = link.state === ConnectionState.OPEN
    return {
      connections: [
        {
          id: link.id,
          route: '',
          generation: link.generation,
          state: link.state,
          url: `connector://${this.#core.name}`,
          uptimeMs: isOpen ? nowMs - link.openedAtMs : 0,
          reconnectCount: Math.max(0, link.generation - 1),
          reconnectAttempt: link.attempt,
          lastMessageAgeMs: known.length === 0 ? null : Math.min(...known),
          rttMs: null,
          nextRefreshInMs: null,
          streamCount: ages.length,
          paths: [],
        },
      ],
      feeds: symbols.flatMap(({ trade, depth }) => [depth.health(nowMs, link.id), trade.health(nowMs, link.id)]),
      books: symbols.map((symbol) => ({
        symbol: symbol.depth.spec.symbol,
        state: symbol.bookState,
        sequence: symbol.picture?.sequence ?? -1,
        resyncCount: symbol.resyncCount,
        appliedCount: symbol.appliedCount,
        bufferedCount: 0,
        snapshotCount: 0,
        snapshotFailureCount: 0,
        bidLevels: symbol.picture?.bids.length ?? 0,
        askLevels: symbol.picture?.asks.length ?? 0,
      })),
    }
  }

  #check(symbol: SymbolState, meter: FeedMeter, nowMs: number): void {
    const ageMs = meter.ageMs(nowMs)
    if (ageMs === null) return
    const limitMs = meter.staleAfterMs(this.#thresholdMs)
    const isStale = ageMs > limitMs
    if (isStale === meter.isStale) return
    meter.isStale = isStale
    const { name, symbol: text, type } = meter.spec
    const data = { symbol: text, streamType: type, detail: '', stream: name, ageMs, limitMs }
    if (isStale) {
      this.#core.audit.write(LogEventName.FEED_STALE, 'WARNING', `${name}: no event for ${Math.round(ageMs)} ms`, data)
      if (meter === symbol.depth) this.#demote(symbol, BookState.STALE)
    } else {
      this.#core.audit.write(LogEventName.FEED_RECOVERED, 'INFO', `${name}: events again`, data)
    }
    this.#core.health.request()
  }

  /** The last picture goes out once more, with a state that says what it is worth. */
  #demote(symbol: SymbolState, state: BookState): void {
    const { picture } = symbol
    if (picture === null || symbol.bookState !== BookState.LIVE) return
    symbol.bookState = state
    symbol.resyncCount++
    const { venue, symbol: name, bids, asks, sequence, venueTimeMs, receiveTimeMs } = picture
    this.#core.books.publish(new BookSnapshot(venue, name, bids, asks, sequence, state, venueTimeMs, receiveTimeMs))
  }

  #openGap(symbol: SymbolState, kind: Kind, cause: GapCause, fromMs?: number): void {
    const meter = symbol[kind]
    if (meter.messageCount === 0 || symbol.gaps.has(kind)) return
    const to = this.#core.runtime.clock.wallMs()
    const from = Math.min(fromMs ?? meter.lastReceiveTimeMs, to)
    symbol.gaps.set(kind, this.#core.gaps.open(meter, { unit: 'time', from, to, missing: null }, cause).gapId)
  }

  #closeTradeGap(symbol: SymbolState): void {
    const gapId = symbol.gaps.get('trade')
    const missing = symbol.droppedCount > 0 ? symbol.droppedCount : null
    symbol.droppedCount = 0
    if (gapId === undefined) return
    symbol.gaps.delete('trade')
    this.#core.gaps.declareUnfillable(gapId, { to: this.#core.runtime.clock.wallMs(), missing })
  }
}
