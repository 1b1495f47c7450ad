/**
 * Stands between the kline handlers and `mkt.candles`: one line per (symbol, interval), see `candle-line.ts`.
 * Takes what the stream delivers, fetches what it does not, and sends each finalized candle on once, in order.
 */
import type { Clock } from '../../runtime/clock.js'
import type { Random } from '../../runtime/random.js'
import type { Candle } from '../../types/candle.js'
import type { Publisher } from '../../types/publisher.js'
import { type CandleInterval, StreamType } from '../../types/stream.js'
import type { VenueInfo } from '../config/venues.js'
import type { Feed } from '../feed.js'
import type { RestDoor } from '../rest/request-governor.js'
import type { CandleGapPort } from './candle-gap-port.js'
import { CandleLine } from './candle-line.js'
import type { CandleCounts } from './candle-order.js'
import type { CandlePositions } from './candle-positions.js'
import { KlineRequests } from './kline-requests.js'

export interface CandleOptions {
  /** Time after the end of a candle at which it is fetched when the stream has not sent it. */
  readonly closeGraceMs: number
  /** Longest time a live candle waits for missing ones before it, while REST brings nothing. */
  readonly holdMsMax: number
  /** Missing candles per stream that are fetched at most; older ones are declared unfillable. */
  readonly backfillCountMax: number
}

export interface CandleSequencerOptions {
  readonly venue: VenueInfo
  readonly config: CandleOptions
  readonly clock: Clock
  readonly random: Random
  readonly rest: RestDoor
  /** Where candles go in the end. */
  readonly out: Publisher<Candle>
  readonly gaps: CandleGapPort
  /** Called when the first candle stream comes; throws `StateError` when a state file cannot be used. */
  readonly openPositions: () => CandlePositions
  readonly onFailure: (message: string, error: unknown) => void
}

export interface CandleStats extends Readonly<CandleCounts> {
  /** Live candles that wait now for missing ones before them. */
  readonly held: number
  readonly openGaps: number
}

export class CandleSequencer implements Publisher<Candle> {
  readonly #options: CandleSequencerOptions
  readonly #requests: KlineRequests
  readonly #lines = new Map<string, { readonly feed: Feed; readonly line: CandleLine }>()
  readonly #counts: CandleCounts = {
    stream: 0,
    backfilled: 0,
    repeatsDropped: 0,
    lost: 0,
    discarded: 0,
    requestsFailed: 0,
  }
  #positions: CandlePositions | null = null
  #isStopped = false

  constructor(options: CandleSequencerOptions) {
    this.#options = options
    this.#requests = new KlineRequests(options.rest, options.venue, options.clock)
  }

  /**
   * From now on this stream is kept in order; other kinds than candles are left alone. Throws `StateError`.
   */
  add(feed: Feed): void {
    const { type, symbol, interval } = feed.spec
    if (type !== StreamType.KLINE || interval === null || this.#isStopped) return
    this.#positions ??= this.#options.openPositions()
    this.#lines.set(keyOf(symbol, interval), { feed, line: this.#line(feed, interval, this.#positions) })
  }

  /** Forgets a stream that was unsubscribed: its open gaps end as unfillable, a saved position stays. */
  remove(feed: Feed): void {
    const { symbol, interval } = feed.spec
    if (interval === null) return
    this.#lines.get(keyOf(symbol, interval))?.line.abandon()
    this.#lines.delete(keyOf(symbol, interval))
  }

  /** A finalized candle from the stream. */
  publish(candle: Candle): void {
    const { line } = this.#lines.get(keyOf(candle.symbol, candle.interval)) ?? {}
    // After the end of a run, or of its stream, a late frame changes nothing.
    if (line === undefined) this.#counts.discarded++
    else line.onLive(candle)
  }

  /** These streams are carried by a connection, for the first time or again. */
  onConnected(feeds: readonly Feed[]): void {
    for (const line of this.#linesOf(feeds)) line.onConnected()
  }

  onDisconnected(feeds: readonly Feed[]): void {
    for (const line of this.#linesOf(feeds)) line.onDisconnected()
  }

  stats(): CandleStats {
    let held = 0
    let openGaps = 0
    for (const { line } of this.#lines.values()) {
      held += line.heldCount
      openGaps += line.openGapCount
    }
    return { ...this.#counts, held, openGaps }
  }

  /** Publishes and asks nothing any more; leaves no timer. Idempotent. */
  stop(): void {
    this.#isStopped = true
    for (const { line } of this.#lines.values()) line.stop()
    this.#lines.clear()
    this.#positions?.close()
  }

  #linesOf(feeds: readonly Feed[]): CandleLine[] {
    const wanted = new Set(feeds)
    return [...this.#lines.values()].filter(({ feed }) => wanted.has(feed)).map(({ line }) => line)
  }

  #line(feed: Feed, interval: CandleInterval, positions: CandlePositions): CandleLine {
    const { venue, config, clock, random, gaps, onFailure, out } = this.#options
    return new CandleLine({
      key: { venue: venue.venue, symbol: feed.spec.symbol, interval },
      feed,
      clock,
      random: random.split(`candles/${feed.spec.name}`),
      requests: this.#requests,
      gaps,
      positions,
      closeGraceMs: config.closeGraceMs,
      holdMsMax: config.holdMsMax,
      backfillCountMax: config.backfillCountMax,
      counts: this.#counts,
      deliver: (candle) => {
        // Frames that come for a fetched candle later are duplicates.
        if (feed.lastId < candle.openTimeMs) feed.lastId = candle.openTimeMs
        out.publish(candle)
      },
      onFailure,
    })
  }
}

function keyOf(symbol: string, interval: CandleInterval): string {
  return `${symbol} ${interval}`
}
