/**
 * What a session report needs beyond the closing summary, collected from the bus alone while the session runs. Memory
 * is bounded however long that is: rates are thinned, lists keep their newest entries and count the others.
 */
import type { Bus, Subscription } from '../../bus/index.js'
import type { Candle, GapEvent, LogEvent } from '../../types/index.js'
import { T_CANDLES, T_LIVE_GAP, T_LIVE_HEALTH, T_LOG_EVENT } from '../../types/index.js'
import { ConnectionLives, CountSeries } from './series.js'

export interface SourcedLog {
  readonly source: string
  readonly event: LogEvent
}

export interface SourcedGap {
  readonly source: string
  /** The last word on it. */
  readonly gap: GapEvent
}

export interface CandleSeries {
  readonly source: string
  readonly symbol: string
  readonly interval: string
  /** Newest ones, oldest first. */
  readonly candles: Candle[]
  /** All that were published. */
  count: number
  backfilled: number
}

const GAPS_MAX = 1_000
const CANDLES_MAX = 120
const CANDLE_SERIES_MAX = 200
const TROUBLE_MAX = 200
const LOG_MAX = 100

export class ReportRecord {
  readonly counts: Map<string, CountSeries> = new Map()
  readonly connections: ConnectionLives = new ConnectionLives()
  readonly candles: Map<string, CandleSeries> = new Map()
  readonly #gaps = new Map<string, SourcedGap>()
  gapsForgotten = 0
  readonly #trouble: SourcedLog[] = []
  readonly #log: SourcedLog[] = []
  logCount = 0
  readonly #subscriptions: Subscription[]

  constructor(bus: Bus) {
    this.#subscriptions = [
      bus.subscribe(T_LIVE_HEALTH, ({ payload }) => {
        // The end of a session is no drop of the rate.
        if (payload.state === 'STOPPING' || payload.state === 'STOPPED') return
        let series = this.counts.get(payload.name)
        if (series === undefined) {
          series = new CountSeries()
          this.counts.set(payload.name, series)
        }
        series.add({
          timeMs: payload.timeMs,
          total: payload.totalMessageCount,
          stale: payload.feeds.filter((feed) => feed.isStale).length,
        })
      }),
      bus.subscribe(T_LIVE_GAP, ({ payload, source }) => this.#onGap(source, payload)),
      bus.subscribe(T_LOG_EVENT, ({ payload, source }) => this.#onLog(source, payload)),
      bus.subscribe(T_CANDLES, ({ payload, source }) => this.#onCandle(source, payload)),
    ]
  }

  /** By the time of their last word, newest last. */
  gaps(): SourcedGap[] {
    return [...this.#gaps.values()]
  }

  /** The newest events, of warnings and errors further back than of others; oldest first. */
  logExcerpt(): SourcedLog[] {
    return [...new Set([...this.#trouble, ...this.#log])].sort((a, b) => a.event.timeMs - b.event.timeMs)
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe()
  }

  #onGap(source: string, gap: GapEvent): void {
    const key = `${source} ${gap.gapId}`
    this.#gaps.delete(key)
    this.#gaps.set(key, { source, gap })
    if (this.#gaps.size <= GAPS_MAX) return
    const [oldest = ''] = this.#gaps.keys()
    this.#gaps.delete(oldest)
    this.gapsForgotten++
  }

  #onLog(source: string, event: LogEvent): void {
    this.logCount++
    this.connections.onLog(event, source)
    const entry = { source, event }
    // Traces of every message would leave no room for what happened.
    if (event.level !== 'DEBUG') keepNewest(this.#log, entry, LOG_MAX)
    if (event.level === 'WARNING' || event.level === 'ERROR') keepNewest(this.#trouble, entry, TROUBLE_MAX)
  }

  #onCandle(source: string, candle: Candle): void {
    const { symbol, interval } = candle
    const key = `${source} ${symbol} ${interval}`
    let series = this.candles.get(key)
    if (series === undefined) {
      if (this.candles.size >= CANDLE_SERIES_MAX) return
      series = { source, symbol, interval, candles: [], count: 0, backfilled: 0 }
      this.candles.set(key, series)
    }
    series.count++
    if (candle.origin === 'backfill') series.backfilled++
    keepNewest(series.candles, candle, CANDLES_MAX)
  }
}

function keepNewest<T>(list: T[], entry: T, max: number): void {
  list.push(entry)
  if (list.length > max) list.shift()
}
