/** Everything a feed published, in the order in which a subscriber saw it, and what the venue did meanwhile. */
import { createHash } from 'node:crypto'
import type { Bus } from '../../../src/bus/index.js'
import type { StreamConfig } from '../../../src/live/index.js'
import type { VirtualClock } from '../../../src/runtime/index.js'
import type { PayloadIds, SimVenue } from '../../../src/sim/index.js'
import type {
  BestBidOffer,
  Candle,
  FeedSystemHealth,
  FundingRateEvent,
  GapEvent,
  LogEvent,
  OrderBookDelta,
  OrderBookSnapshot,
  TickerEvent,
  Trade,
} from '../../../src/types/index.js'

/** Something that must never happen, with the virtual time at which it did. */
export interface Violation {
  readonly rule: string
  readonly text: string
  readonly atMs: number
}

/** The streams of a symbol begin anew here: it was unsubscribed. */
export const BREAK: unique symbol = Symbol('break')

export interface Seen<T> {
  readonly payload: T
  readonly atMs: number
  /** Number among everything published, over all topics. */
  readonly order: number
}

export type Line<T> = (Seen<T> | typeof BREAK)[]

export class Recorder {
  readonly clock: VirtualClock
  readonly violations: Violation[] = []
  /** By `symbol interval`. */
  readonly candles: Map<string, Line<Candle>> = new Map()
  readonly gaps: Seen<GapEvent>[] = []
  readonly log: Seen<LogEvent>[] = []
  readonly faults: {
    readonly atMs: number
    readonly text: string
    readonly fault: string
    readonly connection: number | null
  }[] = []
  /** By `symbol kind`. */
  readonly trades: Map<string, Line<Trade>> = new Map()
  readonly deltas: Map<string, Line<OrderBookDelta>> = new Map()
  readonly bbos: Map<string, Line<BestBidOffer>> = new Map()
  readonly tickers: Map<string, Line<TickerEvent>> = new Map()
  readonly fundings: Map<string, Line<FundingRateEvent>> = new Map()
  readonly pictures: Map<string, Line<OrderBookSnapshot>> = new Map()
  readonly healths: Seen<FeedSystemHealth>[] = []
  /** What the venue gave of each stream to any connection. */
  readonly shown: Map<
    string,
    { lastMs: number; readonly frames: { readonly atMs: number; readonly ids: PayloadIds }[] }
  > = new Map()
  published = 0
  readonly #digest = createHash('sha256')
  readonly #sequences = new Map<string, number>()
  /** Texts of some payloads when they were published: they may not change afterwards. */
  readonly #samples: { readonly payload: object; readonly text: string; readonly topic: string }[] = []

  constructor(bus: Bus, venue: SimVenue, clock: VirtualClock) {
    this.clock = clock
    bus.subscribe('>', (envelope) => this.#onEnvelope(envelope))
    venue.oracle.onRecord((record) => {
      if (record.type === 'fault') {
        const { fault, variant, connection, stream, detail } = record
        const text = [
          fault,
          variant,
          connection === null ? null : `on connection ${connection}`,
          stream,
          JSON.stringify(detail),
        ]
        this.faults.push({
          atMs: clock.monotonicMs(),
          text: text.filter((part) => part !== null).join(' '),
          fault,
          connection,
        })
      }
      if (record.type !== 'sent' || record.outcome === 'dropped') return
      const shown = this.shown.get(record.stream)
      const nowMs = clock.monotonicMs()
      const frame = { atMs: nowMs, ids: record.ids }
      if (shown === undefined) this.shown.set(record.stream, { lastMs: nowMs, frames: [frame] })
      else {
        shown.lastMs = nowMs
        shown.frames.push(frame)
      }
    })
  }

  complain(rule: string, text: string): void {
    this.violations.push({ rule, text, atMs: this.clock.monotonicMs() })
  }

  /** These streams were given up and asked for again: what follows is a new beginning. */
  onBreak(streams: readonly StreamConfig[]): void {
    const breakAt = <T>(lines: Map<string, Line<T>>, key: string): void => {
      lines.get(key)?.push(BREAK)
    }
    for (const { symbol, type, interval } of streams) {
      if (type === 'TRADE') breakAt(this.trades, `${symbol} single`)
      else if (type === 'AGG_TRADE') breakAt(this.trades, `${symbol} aggregate`)
      else if (type === 'KLINE') breakAt(this.candles, `${symbol} ${interval}`)
      else if (type === 'BOOK_TICKER') breakAt(this.bbos, symbol)
      else if (type === 'TICKER' || type === 'MINI_TICKER') breakAt(this.tickers, symbol)
      else if (type === 'MARK_PRICE') breakAt(this.fundings, symbol)
      else if (type === 'DEPTH') {
        breakAt(this.deltas, symbol)
        breakAt(this.pictures, symbol)
      }
    }
  }

  /** The payloads sampled are still what they were. */
  checkUnchanged(): void {
    for (const { payload, text, topic } of this.#samples) {
      if (JSON.stringify(payload) !== text)
        this.complain('mutated', `a payload of ${topic} changed after it was published`)
    }
  }

  allCandles(): Candle[] {
    return [...this.candles.values()].flatMap((line) => line.flatMap((seen) => (seen === BREAK ? [] : [seen.payload])))
  }

  /** A fingerprint of all messages in their order. */
  digest(): string {
    return this.#digest.digest('hex').slice(0, 16)
  }

  #onEnvelope(envelope: {
    readonly topic: string
    readonly seq: number
    readonly payload: unknown
    readonly publishTimeMs: number
  }): void {
    const { topic, seq, payload, publishTimeMs } = envelope
    const expected = (this.#sequences.get(topic) ?? 0) + 1
    if (seq !== expected) this.complain('sequence', `${topic}: envelope ${seq} follows ${expected - 1}`)
    this.#sequences.set(topic, seq)
    this.published++
    if (topic !== 'live.health') this.#digest.update(`${topic}${seq}${publishTimeMs}`)
    if (this.published % 97 === 0 && topic !== 'live.health') {
      this.#samples.push({ payload: payload as object, text: JSON.stringify(payload), topic })
    }
    switch (topic) {
      case 'mkt.candles': {
        const candle = payload as Candle
        this.#add(this.candles, `${candle.symbol} ${candle.interval}`, candle)
        return
      }
      case 'mkt.trades': {
        const trade = payload as Trade
        this.#add(this.trades, `${trade.symbol} ${trade.kind}`, trade)
        return
      }
      case 'mkt.orderbook.delta':
        this.#add(this.deltas, (payload as OrderBookDelta).symbol, payload as OrderBookDelta)
        return
      case 'mkt.orderbook':
        this.#add(this.pictures, (payload as OrderBookSnapshot).symbol, payload as OrderBookSnapshot)
        return
      case 'mkt.bbo':
        this.#add(this.bbos, (payload as BestBidOffer).symbol, payload as BestBidOffer)
        return
      case 'mkt.ticker':
        this.#add(this.tickers, `${(payload as TickerEvent).symbol}`, payload as TickerEvent)
        return
      case 'mkt.funding':
        this.#add(this.fundings, (payload as FundingRateEvent).symbol, payload as FundingRateEvent)
        return
      case 'live.gap':
        this.gaps.push(this.#seen(payload as GapEvent))
        return
      case 'live.health':
        this.healths.push(this.#seen(payload as FeedSystemHealth))
        return
      case 'log.event':
        this.log.push(this.#seen(payload as LogEvent))
        return
      default:
        return
    }
  }

  #seen<T>(payload: T): Seen<T> {
    return { payload, atMs: this.clock.monotonicMs(), order: this.published }
  }

  #add<T>(lines: Map<string, Line<T>>, key: string, payload: T): void {
    let line = lines.get(key)
    if (line === undefined) {
      line = []
      lines.set(key, line)
    }
    line.push(this.#seen(payload))
  }
}
