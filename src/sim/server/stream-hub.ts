/**
 * Fan-out: one tap of the market per stream, any number of connections behind it. Owns who listens to what;
 * what a connection does with a frame is its own business.
 *
 * A tap once opened stays open, so that the truth of a stream is known also while its only client is away.
 */
import type { MarketKind } from '../../types/venue.js'
import type { MarketSource, SimPayload, StreamTap, TimeUnit } from '../market-source.js'
import type { SimOracle } from '../oracle/oracle.js'
import { envelopeHead, OutboundFrame } from './frame.js'

export interface FrameListener {
  onStreamFrame(feed: StreamFeed, frame: OutboundFrame): void
}

/** One stream of one market in one time unit, with those who listen to it. */
export class StreamFeed {
  readonly market: MarketKind
  readonly name: string
  readonly timeUnit: TimeUnit
  /** `btcusdt`; empty for all-market streams. */
  readonly symbol: string
  /** What follows the symbol, e.g. `depth@100ms`; the whole name for all-market streams. */
  readonly kind: string
  readonly head: string
  tap: StreamTap | null = null
  /** In the order of subscription; frames go out in this order. */
  readonly listeners: Set<FrameListener> = new Set()

  constructor(market: MarketKind, name: string, timeUnit: TimeUnit) {
    this.market = market
    this.name = name
    this.timeUnit = timeUnit
    const at = name.indexOf('@')
    const isAllMarket = name.startsWith('!') || at < 0
    this.symbol = isAllMarket ? '' : name.slice(0, at)
    this.kind = isAllMarket ? name : name.slice(at + 1)
    this.head = envelopeHead(name)
  }

  /** Diff depth, the one stream kind whose order matters to a maintained book. */
  get isDiffDepth(): boolean {
    return /^(depth|rpiDepth)(@\d+ms)?$/.test(this.kind)
  }

  /** Interval of a candle stream, or `null`. */
  get interval(): string | null {
    return /^kline_([^@]+)/.exec(this.kind)?.[1] ?? null
  }
}

export class StreamHub {
  readonly #source: MarketSource
  readonly #oracle: SimOracle
  readonly #feeds = new Map<string, StreamFeed>()

  constructor(source: MarketSource, oracle: SimOracle) {
    this.#source = source
    this.#oracle = oracle
  }

  /** The feed of a stream, or `null` for a name the market never delivers. */
  feed(market: MarketKind, name: string, timeUnit: TimeUnit): StreamFeed | null {
    const key = `${market} ${timeUnit} ${name}`
    const known = this.#feeds.get(key)
    if (known !== undefined) return known
    const feed = new StreamFeed(market, name, timeUnit)
    const tap = this.#source.tap(market, name, timeUnit, (payload) => this.#onPayload(feed, payload))
    if (tap === null) return null
    feed.tap = tap
    this.#feeds.set(key, feed)
    return feed
  }

  feeds(): IterableIterator<StreamFeed> {
    return this.#feeds.values()
  }

  close(): void {
    for (const feed of this.#feeds.values()) {
      feed.tap?.close()
      feed.listeners.clear()
    }
    this.#feeds.clear()
  }

  #onPayload(feed: StreamFeed, payload: SimPayload): void {
    const frame = new OutboundFrame(payload, feed.head)
    this.#oracle.onTruth(feed, frame)
    for (const listener of feed.listeners) listener.onStreamFrame(feed, frame)
  }
}
