/**
 * The finalized candles of one stream, in their only order: each once, each one interval after the one before.
 *
 *   live candle next in line ----------------------------------> published
 *   live candle further on --> held --> missing ones fetched --> published, then the held ones
 *                                  \--> hold time over --------> missing ones unfillable, the held ones published
 *   candle overdue (no frame by its close + grace) --> fetched -> published
 *
 * The first candle ever sets the baseline, unless a saved position says where an earlier process stopped. While
 * the venue's REST side is down nothing later is published over what is missing but by the end of the hold time.
 *
 * Puts the parts together and lets each event of the stream pass through them in order: what is next
 * (`CandleOrder`), what waits and for how long (`HeldCandles`), what is fetched (`CandleBackfill`), and the calendar
 * they share (`CandleTimetable`).
 */
import type { Clock } from '../../runtime/clock.js'
import type { Random } from '../../runtime/random.js'
import type { Candle } from '../../types/candle.js'
import { CandleBackfill } from './candle-backfill.js'
import { CandleOrder, type CandleOrderOptions } from './candle-order.js'
import { CandleTimetable } from './candle-timetable.js'
import { HeldCandles } from './held-candles.js'
import type { KlineRequests } from './kline-requests.js'

export interface CandleLineOptions extends CandleOrderOptions {
  readonly clock: Clock
  readonly random: Random
  readonly requests: KlineRequests
  readonly closeGraceMs: number
  readonly holdMsMax: number
  readonly backfillCountMax: number
}

export class CandleLine {
  readonly #order: CandleOrder
  readonly #held: HeldCandles
  readonly #backfill: CandleBackfill
  #isStopped = false

  constructor(options: CandleLineOptions) {
    const timetable = new CandleTimetable(options.key.interval, options.closeGraceMs)
    this.#held = new HeldCandles(options.clock, options.holdMsMax, () => this.#onHoldOver())
    this.#order = new CandleOrder(options, timetable, this.#held)
    this.#backfill = new CandleBackfill(options, this.#order, this.#held, timetable)
  }

  get heldCount(): number {
    return this.#held.count
  }

  get openGapCount(): number {
    return this.#order.openGapCount
  }

  /** A connection carries the stream (again): what is overdue is asked for now. */
  onConnected(): void {
    this.#backfill.noteConnected()
    this.#backfill.check()
  }

  onDisconnected(): void {
    this.#order.onDisconnected()
  }

  onLive(candle: Candle): void {
    if (this.#isStopped) return
    this.#backfill.noteLive(candle.venueTimeMs)
    const outcome = this.#order.takeLive(candle)
    if (outcome === 'REPEATED') return
    if (outcome === 'PUBLISHED') this.#backfill.resume()
    else this.#held.arm()
    this.#backfill.check()
  }

  /** Nothing is published afterwards; open gaps stay open. */
  stop(): void {
    this.#isStopped = true
    this.#backfill.stop()
    this.#order.stop()
  }

  /** The stream is not wanted any more: what is missing now stays missing. */
  abandon(): void {
    this.stop()
    this.#order.abandon()
  }

  #onHoldOver(): void {
    this.#backfill.guarded(() => this.#order.giveUpBeforeHeld('SEQUENCE'))
    this.#backfill.check()
  }
}
