/**
 * Counters of one stream of a connector, and its line in health. Times are the monotonic clock's except where they
 * say otherwise; the source reads the clock once per run of records, not per record.
 */
import { LatencyWindow } from '../../live/health/latency-window.js'
import { Pace } from '../../live/health/pace.js'
import { RateWindow } from '../../live/health/rate-window.js'
import { type FeedHealth, FeedState } from '../../types/health.js'
import type { StreamType } from '../../types/stream.js'

/** Of exponentially spaced messages one in 22 000 is later than ten mean intervals. */
const QUIET_INTERVALS_MAX = 10

export interface MeterSpec {
  readonly symbol: string
  readonly type: StreamType
  readonly detail: string
  /** Name in health and logs, e.g. `btcusdt@trade`. */
  readonly name: string
}

export class FeedMeter {
  readonly spec: MeterSpec
  messageCount = 0
  rejectedCount = 0
  gapCount = 0
  isStale = false
  /** Monotonic time of the last message; NaN before the first. */
  lastAtMs: number = Number.NaN
  /** The same on the wall clock, epoch ms; 0 before the first. */
  lastReceiveTimeMs = 0
  readonly #pace = new Pace()
  readonly #rate: RateWindow
  #latency: LatencyWindow | null = null

  constructor(spec: MeterSpec, nowMs: number) {
    this.spec = spec
    this.#rate = new RateWindow(nowMs, 0)
  }

  /** `latencyMs` is NaN where the message carries no usable time. */
  onMessage(nowMs: number, receiveTimeMs: number, latencyMs: number): void {
    this.messageCount++
    this.lastAtMs = nowMs
    this.lastReceiveTimeMs = receiveTimeMs
    if (!Number.isNaN(latencyMs)) this.onLatency(latencyMs)
  }

  /** Receive minus venue time, where it is known only after the message was counted. */
  onLatency(latencyMs: number): void {
    this.#latency ??= new LatencyWindow()
    this.#latency.record(latencyMs)
  }

  /** Once per scan. */
  sample(nowMs: number): void {
    this.#rate.sample(nowMs, this.messageCount)
    if (!Number.isNaN(this.lastAtMs)) this.#pace.observe(this.lastAtMs, this.messageCount)
  }

  /** Every half window of latency. */
  rotateLatency(): void {
    this.#latency?.rotate()
  }

  /** Silence from which on the stream is stale: the threshold, or longer for one that is quiet by nature. */
  staleAfterMs(thresholdMs: number): number {
    return Math.max(thresholdMs, QUIET_INTERVALS_MAX * this.#pace.meanIntervalMs())
  }

  /** `null` before the first message. */
  ageMs(nowMs: number): number | null {
    return Number.isNaN(this.lastAtMs) ? null : Math.max(0, nowMs - this.lastAtMs)
  }

  health(nowMs: number, connectionId: string, isResyncing = false): FeedHealth {
    const { symbol, type, detail, name } = this.spec
    const ageMs = this.ageMs(nowMs)
    return {
      symbol,
      streamType: type,
      detail,
      stream: name,
      connectionId,
      state: this.#state(ageMs, isResyncing),
      isStale: this.isStale,
      messageCount: this.messageCount,
      errorCount: this.rejectedCount,
      ratePerSecond: this.#rate.perSecond(nowMs, this.messageCount),
      lastMessageAgeMs: ageMs,
      latencyMs: this.#latency?.summary() ?? null,
      gapCount: this.gapCount,
    }
  }

  #state(ageMs: number | null, isResyncing: boolean): FeedState {
    if (this.isStale) return FeedState.STALE
    if (ageMs === null) return FeedState.NEVER_RECEIVED
    return isResyncing ? FeedState.RESYNCING : FeedState.OK
  }
}
