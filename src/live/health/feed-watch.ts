/** What the monitor remembers of one feed between two scans. */
import { type FeedHealth, FeedState } from '../../types/health.js'
import { StreamType } from '../../types/stream.js'
import type { Feed } from '../feed.js'
import { type Cadence, cadenceOf } from './cadence.js'
import { LatencyWindow } from './latency-window.js'
import { Pace } from './pace.js'
import { RateWindow } from './rate-window.js'
import type { ScanTime } from './scan-time.js'
import { SilenceStep } from './silence-ladder.js'

export class FeedWatch {
  readonly feed: Feed
  readonly cadence: Cadence
  readonly pace: Pace = new Pace()

  state: FeedState = FeedState.NEVER_RECEIVED
  /** Monotonic time of the last message; NaN before the first. */
  seenAtMs: number = Number.NaN
  /** Time the process had lost to pauses when that message came. */
  pausedAtSeenMs = 0
  /** `goodCount` at the last scan. */
  seenCount = 0

  /** The connection generation whose first message is awaited, and since when (running time, without pauses). */
  armedFor: object | null = null
  armedAtMs = 0
  /** Deadlines for the first message that passed since it was armed. */
  silentCount = 0
  /** The present silence was reported. */
  isStaleReported = false
  /** What was done about the present silence, and when (running time). */
  silenceStep: SilenceStep = SilenceStep.LISTENING
  silenceStepAtMs = 0
  /** The furthest step of all rounds, for whoever asks what was tried. */
  silenceStepMax: SilenceStep = SilenceStep.LISTENING
  /** How often all steps were in vain during the present silence. */
  silenceRound = 0

  #latency: LatencyWindow | null = null
  readonly #rate: RateWindow
  readonly #mayRepeat: boolean

  constructor(feed: Feed, nowMs: number) {
    this.feed = feed
    this.cadence = cadenceOf(feed.spec)
    this.#mayRepeat = feed.spec.type === StreamType.DEPTH && feed.spec.depthLevels !== null
    this.#rate = new RateWindow(nowMs, feed.messageCount)
    feed.latencySink = (latencyMs) => {
      // Allocated with the first sample: streams without venue time never need one.
      this.#latency ??= new LatencyWindow()
      this.#latency.record(latencyMs)
    }
  }

  get hasReceived(): boolean {
    return this.feed.lastReceiveTimeMs > 0
  }

  /**
   * Messages that are a sign of life. One that was seen before is none: a stream that only repeats has stopped, however
   * busy it looks. Spot partial depth is the exception, which sends the same picture again while nothing changes.
   */
  get goodCount(): number {
    const { messageCount, rejectedCount, duplicateCount, heldCount } = this.feed
    return messageCount - rejectedCount - heldCount - (this.#mayRepeat ? 0 : duplicateCount)
  }

  /** The last message came at `receiveTimeMs` by the wall clock as it is now. */
  followWallClock(receiveTimeMs: number): void {
    const { feed } = this
    if (feed.lastNewTimeMs > 0) feed.lastNewTimeMs += receiveTimeMs - feed.lastReceiveTimeMs
    feed.lastReceiveTimeMs = receiveTimeMs
  }

  /** Takes note of what arrived until now. Returns whether anything did. */
  sample({ nowMs, wallMs, lastScanMs, pausedMs, newlyPausedMs }: ScanTime): boolean {
    const { feed } = this
    this.#rate.sample(nowMs, feed.messageCount)
    const { goodCount } = this
    if (goodCount === this.seenCount || !this.hasReceived) return false
    this.seenCount = goodCount
    // The message came between two scans: whatever the wall clock did meanwhile, its age is no more than that.
    const ageMs = clamp(wallMs - feed.lastReceiveTimeMs, 0, nowMs - lastScanMs)
    this.seenAtMs = nowMs - ageMs
    this.pausedAtSeenMs = pausedMs - Math.min(ageMs, newlyPausedMs)
    // Of everything that came: copies of an overlap are no reason to grant the stream a longer silence.
    this.pace.observe(this.seenAtMs, feed.messageCount - feed.rejectedCount)
    return true
  }

  /** A message came: whatever was done about silence is history. */
  recover(): void {
    this.state = FeedState.OK
    this.isStaleReported = false
    this.silentCount = 0
    this.silenceStep = SilenceStep.LISTENING
    this.silenceStepMax = SilenceStep.LISTENING
    this.silenceRound = 0
  }

  /** Time without a message, pauses of the process left out; 0 before the first. */
  silenceMs({ nowMs, pausedMs }: ScanTime): number {
    return Number.isNaN(this.seenAtMs) ? 0 : nowMs - this.seenAtMs - (pausedMs - this.pausedAtSeenMs)
  }

  /** Age of the last message on the monotonic clock, `null` before the first. */
  ageMs(nowMs: number, wallMs: number, lastScanMs: number): number | null {
    const { feed } = this
    if (!this.hasReceived) return null
    if (this.goodCount !== this.seenCount || Number.isNaN(this.seenAtMs)) {
      return clamp(wallMs - feed.lastReceiveTimeMs, 0, Math.max(0, nowMs - lastScanMs))
    }
    return nowMs - this.seenAtMs
  }

  rotateLatency(): void {
    this.#latency?.rotate()
  }

  release(): void {
    this.feed.latencySink = null
  }

  health(nowMs: number, wallMs: number, lastScanMs: number): FeedHealth {
    const { feed } = this
    const { spec } = feed
    return {
      symbol: spec.symbol,
      streamType: spec.type,
      detail: spec.detail,
      stream: spec.name,
      connectionId: feed.connectionId,
      // A first message since the last scan is no longer "never"; only the scan announces recoveries.
      state: this.state === FeedState.NEVER_RECEIVED && this.hasReceived ? FeedState.OK : this.state,
      isStale: this.state === FeedState.STALE,
      messageCount: feed.messageCount,
      errorCount: feed.rejectedCount + feed.unreadableCount,
      ratePerSecond: this.#rate.perSecond(nowMs, feed.messageCount),
      lastMessageAgeMs: this.ageMs(nowMs, wallMs, lastScanMs),
      latencyMs: this.#latency?.summary() ?? null,
      gapCount: feed.gapCount,
    }
  }
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max)
}
