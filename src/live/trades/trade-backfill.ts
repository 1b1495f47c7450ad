/**
 * Heals holes in aggregated trades: fetches the missing ids over REST and puts them where they belong. Stands
 * between the handlers and `mkt.trades`, and only when that is asked for.
 *
 * Order is kept per stream: from the moment a hole is found until its end is known, what the stream goes on to
 * deliver waits in a line, with further holes as places in it.
 *
 *   line of a stream:  [hole 101..140] 141 142 143 [hole 150..151] 152 …
 *                       └ being fetched; trades behind it are held
 *
 * The wait is bounded in time and number: then the rest of the hole is declared unfillable, exactly, and the line
 * moves on. Nothing that was received is ever dropped here.
 */
import { type BackoffOptions, backoffDelayMs } from '../../runtime/backoff.js'
import type { Clock, TimerHandle } from '../../runtime/clock.js'
import type { Random } from '../../runtime/random.js'
import type { GapEvent } from '../../types/gap.js'
import type { Publisher } from '../../types/publisher.js'
import { StreamType } from '../../types/stream.js'
import type { Trade } from '../../types/trade.js'
import type { AggTradeRequests } from './agg-trade-requests.js'

export interface TradeOptions {
  /** Fetch the missing ids of aggregated trades. */
  readonly backfillTrades: boolean
  /** Longest time that live trades wait for missing ones before them. */
  readonly tradeHoldMsMax: number
  /** Holes with more ids than this are declared unfillable at once. */
  readonly tradeBackfillCountMax: number
}

/** How holes end; the ledger. */
export interface TradeGapPort {
  fill(gapId: number, by: 'backfill'): void
  declareUnfillable(gapId: number, range?: { from: number; to: number; missing: number }): void
}

export interface TradeBackfillOptions {
  readonly config: TradeOptions
  readonly requests: Pick<AggTradeRequests, 'page'>
  readonly clock: Clock
  readonly random: Random
  readonly gaps: TradeGapPort
  /** Where trades go in the end. */
  readonly out: Publisher<Trade>
  readonly onFailure: (message: string, error: unknown) => void
}

export interface TradeBackfillStats {
  /** Published from REST. */
  readonly backfilled: number
  /** Ids of holes that ended as unfillable after a try. */
  readonly lost: number
  readonly requestsFailed: number
  /** Live trades that wait now. */
  readonly held: number
}

interface Hole {
  readonly gapId: number
  readonly to: number
  /** First id still missing. */
  next: number
  attempt: number
}

interface Line {
  /** Holes and what came after them, in order; the first is a hole. */
  readonly places: (Hole | Trade)[]
  /** Its first hole ended and what waited is being delivered; a subscriber may call back meanwhile. */
  isMoving: boolean
  /** No hole in it is worth waiting for any more. */
  isReleased: boolean
  timer: TimerHandle | null
  /** Of the pause before the next attempt. */
  retry: TimerHandle | null
  holdSinceMs: number
}

/** Live trades that one stream may hold: 5 s of the busiest captured second many times over. */
const HELD_MAX = 50_000
/** Neighbours that futures join over 100 ms may be a little out of order in time. */
const AGGREGATION_MS = 200
const BACKOFF: BackoffOptions = { baseDelayMs: 200, delayMsMax: 2_000, jitterRatio: 0.3 }

export class TradeBackfill implements Publisher<Trade> {
  readonly #options: TradeBackfillOptions
  /** Streams that wait, by symbol. */
  readonly #lines = new Map<string, Line>()
  #isStopped = false
  #backfilled = 0
  #lost = 0
  #requestsFailed = 0

  constructor(options: TradeBackfillOptions) {
    this.#options = options
  }

  /** A hole was found; the trade after it comes next. `true`: it is ours, and will end as filled or unfillable. */
  takes(gap: GapEvent): boolean {
    const { config } = this.#options
    if (this.#isStopped || gap.streamType !== StreamType.AGG_TRADE || gap.unit !== 'tradeId') return false
    if (gap.to - gap.from + 1 > config.tradeBackfillCountMax) return false
    const hole: Hole = { gapId: gap.gapId, to: gap.to, next: gap.from, attempt: 0 }
    const line = this.#lines.get(gap.symbol)
    if (line !== undefined) {
      line.places.push(hole)
      return true
    }
    const opened: Line = {
      places: [hole],
      isMoving: false,
      isReleased: false,
      timer: null,
      retry: null,
      holdSinceMs: 0,
    }
    this.#lines.set(gap.symbol, opened)
    // After the trade behind the hole is in the line: a request may answer at once in a simulation.
    this.#begin(gap.symbol, opened)
    return true
  }

  /** A trade from the stream. */
  publish(trade: Trade): void {
    const line = trade.kind === 'aggregate' && this.#lines.size > 0 ? this.#lines.get(trade.symbol) : undefined
    if (line === undefined) {
      this.#options.out.publish(trade)
      return
    }
    line.places.push(trade)
    if (line.places.length > HELD_MAX) this.#giveUp(trade.symbol, line, 'too many trades wait behind it')
  }

  /** The stream was unsubscribed, its ids began again, or the feed ends: what waits is delivered, holes are unfillable. */
  release(symbol: string): void {
    const line = this.#lines.get(symbol)
    if (line === undefined) return
    line.isReleased = true
    if (!line.isMoving) this.#giveUp(symbol, line, null)
  }

  stats(): TradeBackfillStats {
    let held = 0
    for (const { places } of this.#lines.values()) held += places.filter((place) => !isHole(place)).length
    return { backfilled: this.#backfilled, lost: this.#lost, requestsFailed: this.#requestsFailed, held }
  }

  /** Leaves no timer and holds nothing back. Idempotent. */
  stop(): void {
    this.#isStopped = true
    for (const symbol of [...this.#lines.keys()]) this.release(symbol)
  }

  /** The first place of the line is a hole whose turn it is. */
  #begin(symbol: string, line: Line): void {
    const { clock, config } = this.#options
    line.holdSinceMs = clock.monotonicMs()
    line.timer = clock.setTimer(
      () => this.#giveUp(symbol, line, `no answer in ${config.tradeHoldMsMax} ms`),
      config.tradeHoldMsMax,
    )
    void this.#fetch(symbol, line, line.places[0] as Hole)
  }

  async #fetch(symbol: string, line: Line, hole: Hole): Promise<void> {
    const isCurrent = (): boolean => line.places[0] === hole
    try {
      while (hole.next <= hole.to) {
        const trades = await this.#options.requests.page(symbol, hole.next, hole.to)
        if (!isCurrent()) return
        this.#expectBefore(line, hole, trades)
        if (!this.#publishRows(hole, trades, isCurrent)) {
          if (!isCurrent()) return
          // Fewer than asked for: the newest may not be in the venue's history yet, so it is asked again.
          this.#retry(symbol, line, hole, new Error(`the venue has no trade ${hole.next} yet, or not any more`))
          return
        }
        hole.attempt = 0
      }
      if (isCurrent()) this.#moveOn(symbol, line, () => this.#options.gaps.fill(hole.gapId, 'backfill'))
    } catch (error) {
      if (isCurrent()) this.#retry(symbol, line, hole, error)
    }
  }

  /**
   * Throws for rows that are younger than the trade behind the hole: a venue that began its ids again answers with
   * other trades under the same numbers.
   */
  #expectBefore({ places }: Line, hole: Hole, trades: readonly Trade[]): void {
    const behind = places.find((place): place is Trade => !isHole(place))
    if (behind === undefined) return
    const younger = trades.find((trade) => trade.tradeTimeMs > behind.tradeTimeMs + AGGREGATION_MS)
    if (younger === undefined) return
    throw new Error(`the venue's trade ${younger.id} is younger than the one behind ${hole.to}: not the one missed`)
  }

  /** `false` unless the rows begin with the first missing id and rise by one. */
  #publishRows(hole: Hole, trades: readonly Trade[], isCurrent: () => boolean): boolean {
    for (const trade of trades) {
      // A subscriber of the row before may have ended the stream.
      if (trade.id !== hole.next || !isCurrent()) return false
      hole.next = trade.id + 1
      this.#backfilled++
      this.#options.out.publish(trade)
    }
    return trades.length > 0
  }

  #retry(symbol: string, line: Line, hole: Hole, error: unknown): void {
    const { clock, random, config, onFailure } = this.#options
    this.#requestsFailed++
    hole.attempt++
    const delayMs = backoffDelayMs(hole.attempt, BACKOFF, random.next())
    const leftMs = line.holdSinceMs + config.tradeHoldMsMax - clock.monotonicMs()
    if (delayMs >= leftMs) {
      onFailure(`trades ${hole.next} to ${hole.to} of ${symbol} stay missing`, error)
      this.#giveUp(symbol, line, null)
      return
    }
    line.retry = clock.setTimer(() => {
      line.retry = null
      void this.#fetch(symbol, line, hole)
    }, delayMs)
  }

  /** What is still missing of the first hole is given up, and the line moves on. */
  #giveUp(symbol: string, line: Line, why: string | null): void {
    const hole = line.places[0]
    if (line.isMoving || hole === undefined || !isHole(hole)) return
    if (why !== null) {
      this.#options.onFailure(`trades ${hole.next} to ${hole.to} of ${symbol} stay missing`, new Error(why))
    }
    const missing = hole.to - hole.next + 1
    this.#lost += missing
    this.#moveOn(symbol, line, () =>
      this.#options.gaps.declareUnfillable(hole.gapId, { from: hole.next, to: hole.to, missing }),
    )
  }

  /** The first hole is history: says so, delivers what waited for it, and goes on with the next hole. */
  #moveOn(symbol: string, line: Line, tell: () => void): void {
    const { clock, out } = this.#options
    if (line.timer !== null) clock.clearTimer(line.timer)
    if (line.retry !== null) clock.clearTimer(line.retry)
    line.timer = null
    line.retry = null
    line.isMoving = true
    line.places.shift()
    tell()
    for (let next = line.places[0]; next !== undefined && !isHole(next); next = line.places[0]) {
      line.places.shift()
      out.publish(next)
    }
    line.isMoving = false
    if (line.places.length === 0) this.#lines.delete(symbol)
    else if (line.isReleased) this.#giveUp(symbol, line, null)
    else this.#begin(symbol, line)
  }
}

function isHole(place: Hole | Trade): place is Hole {
  return 'gapId' in place
}
