/**
 * Health against the venue: no feed may say OK that is silent beyond what its kind allows, and none STALE that
 * delivers. Asked at every health message of the run.
 */
import { cadenceOf } from '../../../src/live/health/cadence.js'
import { resolveStreams } from '../../../src/live/index.js'
import type { VirtualClock } from '../../../src/runtime/index.js'
import type { FeedHealth, FeedSystemHealth } from '../../../src/types/index.js'
import { BREAK, type Line, type Recorder } from './recorder.js'
import { PARTIAL_SYMBOL, type Schedule, type Step } from './schedule.js'

const THRESHOLD_MS = 3_000
const CHECK_MS = 500
/** Three periods of the slowest timer, which a stream that lost messages is taken to have longer than it is. */
const TIMER_MS_MAX = 15_000
/** Between a frame and the message that follows from it. */
const LATENCY_MS = 50

export class HealthJudge {
  readonly #recorder: Recorder
  readonly #clock: VirtualClock
  readonly #isTimer = new Map<string, boolean>()
  /** Trades behind a hole are published when it is filled, not when they arrive. */
  readonly #areTradesHeld: boolean
  #startMs = 0
  /** A clock that was set makes ages uncertain for a check or two. */
  #blindUntilMs = 0

  constructor(recorder: Recorder, clock: VirtualClock, schedule: Schedule) {
    this.#recorder = recorder
    this.#clock = clock
    this.#areTradesHeld = schedule.backfillTrades
    const added = schedule.steps.flatMap((step: Step) => (step.act === 'subscribe' ? step.streams : []))
    const venue = schedule.market === 'spot' ? 'SIM_SPOT' : 'SIM_FUTURES'
    for (const spec of resolveStreams(venue, [...schedule.streams, ...added])) {
      this.#isTimer.set(spec.name, cadenceOf(spec).kind === 'timer')
    }
  }

  onWallJump(): void {
    this.#blindUntilMs = this.#clock.monotonicMs() + 3 * CHECK_MS
  }

  onHealth(health: FeedSystemHealth): void {
    if (health.state !== 'RUNNING') return
    const nowMs = this.#clock.monotonicMs()
    if (this.#startMs === 0) this.#startMs = nowMs
    if (nowMs < this.#blindUntilMs) return
    for (const feed of health.feeds) this.#judge(feed, nowMs)
  }

  #judge(feed: FeedHealth, nowMs: number): void {
    const shown = this.#recorder.shown.get(feed.stream)
    if (shown === undefined) return
    const silentMs = nowMs - shown.lastMs
    if (feed.state === 'OK' && this.#isTimer.get(feed.stream) === true) {
      const limitMs = TIMER_MS_MAX + 2 * CHECK_MS
      if (silentMs > limitMs) {
        this.#recorder.complain('health', `${feed.stream} is OK, and was last sent ${Math.round(silentMs)} ms ago`)
      }
    }
    if (feed.state !== 'STALE' || (this.#areTradesHeld && feed.streamType === 'AGG_TRADE')) return
    const line = lineOf(this.#recorder, feed)
    const last = line?.at(-1)
    if (last === undefined || last === BREAK) return
    const previous = line?.at(-2)
    const recentMs = nowMs - last.atMs
    const isDelivering = previous !== undefined && previous !== BREAK && last.atMs - previous.atMs < THRESHOLD_MS
    if (isDelivering && recentMs > CHECK_MS + LATENCY_MS && recentMs < THRESHOLD_MS - CHECK_MS) {
      this.#recorder.complain('health', `${feed.stream} is STALE, and came ${Math.round(recentMs)} ms ago`)
    }
  }
}

/** What a stream published, where each of its messages is published. */
function lineOf(recorder: Recorder, { symbol, streamType }: FeedHealth): Line<unknown> | undefined {
  switch (streamType) {
    case 'BOOK_TICKER':
      return recorder.bbos.get(symbol) as Line<unknown> | undefined
    case 'AGG_TRADE':
      return recorder.trades.get(`${symbol} aggregate`) as Line<unknown> | undefined
    case 'MARK_PRICE':
      return recorder.fundings.get(symbol) as Line<unknown> | undefined
    case 'TICKER':
    case 'MINI_TICKER':
      return recorder.tickers.get(symbol) as Line<unknown> | undefined
    case 'DEPTH':
      return symbol === PARTIAL_SYMBOL ? (recorder.pictures.get(symbol) as Line<unknown> | undefined) : undefined
    default:
      return undefined
  }
}
