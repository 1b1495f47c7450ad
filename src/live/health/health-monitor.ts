/**
 * Watches feeds and connections: who is stale, who never spoke, and when nothing speaks at all.
 *
 * Owns the scan timer, what is remembered of each feed, and their health. Asks `SilenceJudge` about single streams and
 * the `Watchdog` about all of them; what follows from their reports (log events, resubscription, restart) is the
 * manager's business.
 *
 * Ages run on the monotonic clock, so a stepped wall clock makes nothing stale, and pauses of this process are not
 * held against the venue (`ScanTime`).
 */
import type { Clock, TimerHandle } from '../../runtime/clock.js'
import { type ConnectionHealth, type FeedHealth, FeedState } from '../../types/health.js'
import type { Feed } from '../feed.js'
import { FeedWatch } from './feed-watch.js'
import { OpenConnections } from './open-connections.js'
import { ScanTime } from './scan-time.js'
import { SilenceJudge, type SilenceReports } from './silence-judge.js'
import { Watchdog } from './watchdog.js'

/** The part of the configuration that health reads. */
export interface HealthThresholds {
  /** Silence of a stream that makes it stale. */
  readonly stalenessThresholdMs: number
  /** Period of `onCheck`; streams are looked at at least every second. */
  readonly healthCheckIntervalMs: number
  /** Silence of everything that triggers the watchdog. */
  readonly watchdogTimeoutMs: number
}

export interface HealthMonitorOptions extends SilenceReports {
  readonly clock: Clock
  readonly config: HealthThresholds
  readonly feeds: () => readonly Feed[]
  readonly connections: () => readonly ConnectionHealth[]
  /** Once after each `onStale`; `silentMs` without a message before. */
  readonly onRecovered?: (feed: Feed, silentMs: number) => void
  /** No message on any stream for `silentMs`, although a connection is open. */
  readonly onWatchdog?: (silentMs: number) => void
  /** The same for the streams of one connection that had spoken on time, while other connections go on. */
  readonly onConnectionSilent?: (connectionId: string, silentMs: number) => void
  /** The wall clock moved against the monotonic one: stepped, or the machine slept. */
  readonly onClockJump?: (jumpMs: number) => void
  /** This process did not run for `pausedMs` until now; frames of that time are read after this call. */
  readonly onPaused?: (pausedMs: number) => void
  /** Every `healthCheckIntervalMs`. */
  readonly onCheck?: () => void
}

const SCAN_INTERVAL_MS_MAX = 1_000
const LATENCY_HALF_WINDOW_MS = 30_000
const CLOCK_JUMP_REPORT_MS_MIN = 1_000

export class HealthMonitor {
  readonly #options: HealthMonitorOptions
  readonly #scanIntervalMs: number
  readonly #watches = new Map<Feed, FeedWatch>()
  readonly #open = new OpenConnections()
  readonly #time: ScanTime
  readonly #silence: SilenceJudge
  readonly #watchdog: Watchdog
  #timer: TimerHandle | null = null
  #isStopped = false
  #nextCheckMs = 0
  #nextRotationMs = 0

  constructor(options: HealthMonitorOptions) {
    const { clock, config, onWatchdog, onConnectionSilent } = options
    this.#options = options
    this.#scanIntervalMs = Math.min(config.healthCheckIntervalMs, SCAN_INTERVAL_MS_MAX)
    this.#time = new ScanTime(clock, this.#scanIntervalMs)
    this.#silence = new SilenceJudge(config.stalenessThresholdMs, options)
    this.#watchdog = new Watchdog({
      timeoutMs: config.watchdogTimeoutMs,
      onSilent: (silentMs) => onWatchdog?.(silentMs),
      onConnectionSilent: (connectionId, silentMs) => onConnectionSilent?.(connectionId, silentMs),
    })
  }

  /** Does nothing when running. */
  start(): void {
    if (this.#timer !== null) return
    const { clock, config } = this.#options
    const time = this.#time
    this.#isStopped = false
    time.restart()
    this.#watchdog.arm(time.runningMs)
    this.#nextCheckMs = time.nowMs + config.healthCheckIntervalMs
    this.#nextRotationMs = time.nowMs + LATENCY_HALF_WINDOW_MS
    this.#refreshWatches(time.nowMs)
    this.#timer = clock.setRepeating(() => this.#scan(), this.#scanIntervalMs)
  }

  /** Ends the timer. What was known stays readable; every feed that had messages is stale, since none will come. */
  stop(): void {
    this.#isStopped = true
    if (this.#timer !== null) this.#options.clock.clearTimer(this.#timer)
    this.#timer = null
    for (const watch of this.#watches.values()) watch.release()
  }

  /** Health of every feed, in the order of `feeds()`. */
  feedHealth(): FeedHealth[] {
    const nowMs = this.#options.clock.monotonicMs()
    const wallMs = this.#options.clock.wallMs()
    const { lastScanMs } = this.#time
    const all = this.#options.feeds().map((feed) => this.#watch(feed, nowMs).health(nowMs, wallMs, lastScanMs))
    return this.#isStopped ? all.map(stopped) : all
  }

  #scan(): void {
    const { connections } = this.#options
    const time = this.#time
    time.beginScan()
    if (time.newlyPausedMs > 0) this.#options.onPaused?.(time.newlyPausedMs)
    this.#refreshWatches(time.nowMs)
    this.#sampleFeeds()
    this.#followWallClock()
    time.endScan()

    this.#open.follow(connections(), time.runningMs)
    this.#silence.judge(this.#watches.values(), this.#open, time)
    this.#watchdog.judge(this.#watches.values(), this.#open, time)
    this.#rotateLatencies(time.nowMs)
    this.#checkIfDue(time.nowMs)
  }

  #sampleFeeds(): void {
    const time = this.#time
    for (const watch of this.#watches.values()) {
      const silentMs = watch.hasReceived ? watch.silenceMs(time) : 0
      if (!watch.sample(time)) continue
      const { isStaleReported } = watch
      watch.recover()
      if (isStaleReported) this.#options.onRecovered?.(watch.feed, silentMs)
    }
  }

  /**
   * After a step of the wall clock, moves the times of the feeds' last messages along, so that an age that
   * somebody else computes from it stays true.
   */
  #followWallClock(): void {
    const { nowMs, wallMs } = this.#time
    const jumpMs = this.#time.takeWallJump()
    if (jumpMs === 0) return
    for (const watch of this.#watches.values()) {
      if (watch.hasReceived) watch.followWallClock(wallMs - (nowMs - watch.seenAtMs))
    }
    if (Math.abs(jumpMs) >= CLOCK_JUMP_REPORT_MS_MIN) this.#options.onClockJump?.(jumpMs)
  }

  #rotateLatencies(nowMs: number): void {
    if (nowMs < this.#nextRotationMs) return
    this.#nextRotationMs = nowMs + LATENCY_HALF_WINDOW_MS
    for (const watch of this.#watches.values()) watch.rotateLatency()
  }

  #checkIfDue(nowMs: number): void {
    const { config, onCheck } = this.#options
    // Half a scan of tolerance: a timer that fires a little early must not cost a whole period.
    if (nowMs + this.#scanIntervalMs / 2 < this.#nextCheckMs) return
    this.#nextCheckMs = Math.max(this.#nextCheckMs, nowMs) + config.healthCheckIntervalMs
    onCheck?.()
  }

  #refreshWatches(nowMs: number): void {
    const feeds = this.#options.feeds()
    for (const feed of feeds) this.#watch(feed, nowMs)
    if (this.#watches.size === feeds.length) return
    const current = new Set(feeds)
    for (const [feed, watch] of this.#watches) {
      if (current.has(feed)) continue
      watch.release()
      this.#watches.delete(feed)
    }
  }

  #watch(feed: Feed, nowMs: number): FeedWatch {
    let watch = this.#watches.get(feed)
    if (watch === undefined) {
      watch = new FeedWatch(feed, nowMs)
      this.#watches.set(feed, watch)
    }
    return watch
  }
}

/** Nobody looks any more, and nothing comes: the last state would be a lie. */
function stopped(health: FeedHealth): FeedHealth {
  const hasReceived = health.state !== FeedState.NEVER_RECEIVED
  return { ...health, state: hasReceived ? FeedState.STALE : health.state, isStale: hasReceived, ratePerSecond: 0 }
}
