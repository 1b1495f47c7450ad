/**
 * Watches feeds and connections: who is stale, who never spoke, and when nothing speaks at all.
 *
 * Owns the scan timer, the state of each feed and the watchdog. Decides, and reports through callbacks;
 * what follows (log events, resubscription, restart) is the manager's business.
 *
 * Ages run on the monotonic clock, so a stepped wall clock makes nothing stale. Time in which this process
 * did not run (stopped, or its event loop blocked) is not held against the venue: the first scan afterwards
 * comes before the waiting frames are read, and would otherwise see silence everywhere.
 *
 *   NEVER_RECEIVED --first message--> OK --silence--> STALE --message--> OK
 *        \--silence since subscribed--> (onSilent, state stays)
 */
import type { Clock, TimerHandle } from '../../runtime/clock.js'
import { type ConnectionHealth, ConnectionState, type FeedHealth, FeedState } from '../../types/health.js'
import type { Feed } from '../feed.js'
import { firstDataWithinMs, staleAfterMs, suspectAfterMs } from './cadence.js'
import { FeedWatch } from './feed-watch.js'
import { retryAfterMs, SilenceLadder, SilenceStep } from './silence-ladder.js'

/** The part of the configuration that health reads. */
export interface HealthThresholds {
  /** Silence of a stream that makes it stale. */
  readonly stalenessThresholdMs: number
  /** Period of `onCheck`; streams are looked at at least every second. */
  readonly healthCheckIntervalMs: number
  /** Silence of everything that triggers the watchdog. */
  readonly watchdogTimeoutMs: number
}

export interface HealthMonitorOptions {
  readonly clock: Clock
  readonly config: HealthThresholds
  readonly feeds: () => readonly Feed[]
  readonly connections: () => readonly ConnectionHealth[]
  /** Once per transition to STALE. */
  readonly onOverdue?: (feed: Feed) => void
  /**
   * Once per silence, when nothing more can be tried for now; `ageMs` since its last message, `limitMs` what was
   * allowed (the feed's state is STALE since then), `step` what was tried.
   */
  readonly onStale?: (feed: Feed, ageMs: number, limitMs: number, step: SilenceStep) => void
  /** Once after each `onStale`; `silentMs` without a message before. */
  readonly onRecovered?: (feed: Feed, silentMs: number) => void
  /**
   * Subscribed on an open connection, and never a message within its deadline: for the first time, after it was
   * subscribed again, and (only then 3) after its connection was replaced as well.
   */
  readonly onSilent?: (feed: Feed, silentMs: number, attempt: 1 | 2 | 3) => void
  /** These streams are silent on a connection that is open; subscribing them again is the smallest cure. */
  readonly onResubscribe?: (streams: readonly string[]) => void
  /** Subscribing it again did not help: replacing the socket it is on is the next cure. */
  readonly onHandOver?: (feed: Feed, silentMs: number) => void
  /** No message on any stream for `silentMs`, although a connection is open. */
  readonly onWatchdog?: (silentMs: number) => void
  /** The same for the streams of one connection that had spoken on time, while other connections go on. */
  readonly onConnectionSilent?: (connectionId: string, silentMs: number) => void
  /** The wall clock moved against the monotonic one: stepped, or the machine slept. */
  readonly onClockJump?: (jumpMs: number) => void
  /** Every `healthCheckIntervalMs`. */
  readonly onCheck?: () => void
}

/** One generation of a connection that can carry data. */
export interface OpenConnection {
  readonly generation: number
  /** Running time (without pauses of the process) since when. */
  readonly sinceMs: number
  /** Running time since when its own silence counts. */
  watchdogArmedAtMs: number
}

/** Share of a stream's allowed silence in which another of its connection must have spoken. */
const OTHERS_SPEAK_WITHIN = 0.5
/** Share of the threshold that a resubscription has to show that it helped. */
const STEPS = 3
const SCAN_INTERVAL_MS_MAX = 1_000
const LATENCY_HALF_WINDOW_MS = 30_000
/** Differences below this are slewing and rounding, not steps. */
const CLOCK_JUMP_MS_MIN = 20
const CLOCK_JUMP_REPORT_MS_MIN = 1_000
/** A scan later than its period plus this means that the process did not run. */
const LATE_SCAN_MS_MIN = 500

export class HealthMonitor {
  readonly #options: HealthMonitorOptions
  readonly #scanIntervalMs: number
  readonly #watches = new Map<Feed, FeedWatch>()
  readonly #ladder = new SilenceLadder()
  #timer: TimerHandle | null = null
  #isStopped = false
  #open: ReadonlyMap<string, OpenConnection> = new Map()

  #lastScanMs: number
  /** Wall minus monotonic time at the last scan. */
  #wallOffsetMs: number
  /** Time lost to pauses of the process since the start. */
  #pausedMs = 0
  /** Running time since when the watchdog counts. */
  #watchdogArmedAtMs = 0
  #nextCheckMs = 0
  #nextRotationMs = 0

  constructor(options: HealthMonitorOptions) {
    this.#options = options
    this.#scanIntervalMs = Math.min(options.config.healthCheckIntervalMs, SCAN_INTERVAL_MS_MAX)
    this.#lastScanMs = options.clock.monotonicMs()
    this.#wallOffsetMs = options.clock.wallMs() - this.#lastScanMs
  }

  /** Does nothing when running. */
  start(): void {
    if (this.#timer !== null) return
    const { clock, config } = this.#options
    const nowMs = clock.monotonicMs()
    this.#isStopped = false
    this.#lastScanMs = nowMs
    this.#wallOffsetMs = clock.wallMs() - nowMs
    this.#watchdogArmedAtMs = nowMs - this.#pausedMs
    this.#nextCheckMs = nowMs + config.healthCheckIntervalMs
    this.#nextRotationMs = nowMs + LATENCY_HALF_WINDOW_MS
    this.#refreshWatches(nowMs)
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
    const all = this.#options.feeds().map((feed) => this.#watch(feed, nowMs).health(nowMs, wallMs, this.#lastScanMs))
    return this.#isStopped ? all.map(stopped) : all
  }

  #scan(): void {
    const { clock, config } = this.#options
    const nowMs = clock.monotonicMs()
    const wallMs = clock.wallMs()
    const elapsedMs = nowMs - this.#lastScanMs
    const isLate = elapsedMs > 2 * this.#scanIntervalMs + LATE_SCAN_MS_MIN
    const newlyPausedMs = isLate ? elapsedMs - this.#scanIntervalMs : 0
    this.#pausedMs += newlyPausedMs

    this.#refreshWatches(nowMs)
    this.#sampleFeeds(nowMs, wallMs, newlyPausedMs)
    this.#followWallClock(nowMs, wallMs)
    this.#lastScanMs = nowMs

    this.#followConnections(nowMs)
    this.#judgeFeeds(nowMs)
    if (!this.#judgeSilence(nowMs) && this.#open.size > 1) this.#judgeConnections(nowMs)
    if (nowMs >= this.#nextRotationMs) {
      this.#nextRotationMs = nowMs + LATENCY_HALF_WINDOW_MS
      for (const watch of this.#watches.values()) watch.rotateLatency()
    }
    // Half a scan of tolerance: a timer that fires a little early must not cost a whole period.
    if (nowMs + this.#scanIntervalMs / 2 >= this.#nextCheckMs) {
      this.#nextCheckMs = Math.max(this.#nextCheckMs, nowMs) + config.healthCheckIntervalMs
      this.#options.onCheck?.()
    }
  }

  #sampleFeeds(nowMs: number, wallMs: number, newlyPausedMs: number): void {
    for (const watch of this.#watches.values()) {
      const silentMs = watch.hasReceived ? this.#silenceMs(watch, nowMs) : 0
      if (!watch.sample(nowMs, wallMs, this.#lastScanMs, this.#pausedMs, newlyPausedMs)) continue
      const { isStaleReported } = watch
      watch.isStaleReported = false
      watch.state = FeedState.OK
      watch.silentCount = 0
      watch.silenceStep = SilenceStep.LISTENING
      watch.silenceStepMax = SilenceStep.LISTENING
      watch.silenceRound = 0
      if (isStaleReported) this.#options.onRecovered?.(watch.feed, silentMs)
    }
  }

  /**
   * After a step of the wall clock, moves `feed.lastReceiveTimeMs` of the feeds along, so that an age that
   * somebody else computes from it stays true.
   */
  #followWallClock(nowMs: number, wallMs: number): void {
    const jumpMs = wallMs - nowMs - this.#wallOffsetMs
    if (Math.abs(jumpMs) < CLOCK_JUMP_MS_MIN) return
    this.#wallOffsetMs += jumpMs
    for (const watch of this.#watches.values()) {
      if (watch.hasReceived) watch.feed.lastReceiveTimeMs = wallMs - (nowMs - watch.seenAtMs)
    }
    if (Math.abs(jumpMs) >= CLOCK_JUMP_REPORT_MS_MIN) this.#options.onClockJump?.(jumpMs)
  }

  #judgeFeeds(nowMs: number): void {
    const silences = this.#connectionSilences(nowMs)
    const resubscribe: string[] = []
    for (const watch of this.#watches.values()) {
      const { connectionId, spec } = watch.feed
      const open = this.#open.get(connectionId)
      const othersSilentMs = silences.get(connectionId) ?? Number.POSITIVE_INFINITY
      if (!watch.hasReceived) {
        if (open !== undefined && this.#isFirstDataOverdue(watch, open, othersSilentMs)) resubscribe.push(spec.name)
        continue
      }
      // Not before a new connection had its chance to deliver.
      const isChanceOver = open !== undefined && nowMs - this.#pausedMs - open.sinceMs >= this.#firstDataWithinMs(watch)
      const isCurable = isChanceOver && this.#climb(watch, nowMs, othersSilentMs, resubscribe)
      this.#judgeStale(watch, nowMs, isCurable)
    }
    if (resubscribe.length > 0) this.#options.onResubscribe?.(resubscribe)
  }

  /**
   * Only where others of the same connection speak: a connection silent as a whole is the business of its ping
   * deadline and of the watchdog. Whether a step is left, so that it is too early to report the stream.
   */
  #climb(watch: FeedWatch, nowMs: number, othersSilentMs: number, resubscribe: string[]): boolean {
    const { stalenessThresholdMs } = this.#options.config
    const silentMs = this.#silenceMs(watch, nowMs)
    const suspectMs = suspectAfterMs(watch.cadence, stalenessThresholdMs, watch.pace.meanIntervalMs())
    if (othersSilentMs >= suspectMs * OTHERS_SPEAK_WITHIN) return false
    const runningMs = nowMs - this.#pausedMs
    const deadlineMs = Math.min(suspectMs, stalenessThresholdMs / STEPS)
    const step = this.#ladder.climb(watch, runningMs, silentMs, suspectMs, deadlineMs)
    if (step === SilenceStep.RESUBSCRIBED) resubscribe.push(watch.feed.spec.name)
    else if (step === SilenceStep.HANDED_OVER) this.#options.onHandOver?.(watch.feed, silentMs)
    return this.#ladder.hasStepsLeft(watch, runningMs)
  }

  /**
   * Reports the deadlines that pass; `true` on the first, which asks for a resubscription. The second one asks
   * for a new socket, and a stream that stays silent on that one is reported a last time.
   */
  #isFirstDataOverdue(watch: FeedWatch, open: OpenConnection, othersSilentMs: number): boolean {
    const runningMs = this.#lastScanMs - this.#pausedMs
    const deadlineMs = this.#firstDataWithinMs(watch)
    if (watch.armedFor !== open) {
      watch.armedFor = open
      // A socket opened for this very stream is its last chance, not a new beginning.
      const isLastChance = watch.silenceStep === SilenceStep.HANDED_OVER && watch.silentCount === 2
      if (!isLastChance) {
        watch.armedAtMs = runningMs
        watch.silentCount = 0
        watch.silenceStep = SilenceStep.LISTENING
      }
      watch.silenceStepAtMs = runningMs
    }
    const silentMs = runningMs - watch.armedAtMs
    if (watch.silentCount >= 2) {
      const isOver = watch.silenceStep === SilenceStep.HANDED_OVER && runningMs - watch.silenceStepAtMs >= deadlineMs
      if (isOver && watch.silentCount === 2) {
        watch.silentCount = 3
        this.#options.onSilent?.(watch.feed, silentMs, 3)
      }
      if (silentMs < 2 * deadlineMs + retryAfterMs(watch.silenceRound, deadlineMs)) return false
      // All steps again: what they met may be over. The first deadline counts as passed.
      watch.silenceRound++
      watch.silenceStep = SilenceStep.LISTENING
      watch.silentCount = 1
      watch.armedAtMs = runningMs - deadlineMs
      this.#options.onSilent?.(watch.feed, silentMs, 1)
      return true
    }
    if (silentMs < deadlineMs * (watch.silentCount + 1)) return false
    watch.silentCount++
    this.#options.onSilent?.(watch.feed, silentMs, watch.silentCount === 1 ? 1 : 2)
    const doOthersSpeak = othersSilentMs <= deadlineMs * OTHERS_SPEAK_WITHIN
    if (watch.silentCount === 2 && doOthersSpeak && this.#ladder.mayHandOver(watch, runningMs)) {
      watch.silenceStep = SilenceStep.HANDED_OVER
      watch.silenceStepAtMs = runningMs
      this.#options.onHandOver?.(watch.feed, silentMs)
    }
    return watch.silentCount === 1
  }

  /** The state says at once what is; the report waits until every step was tried, and names them. */
  #judgeStale(watch: FeedWatch, nowMs: number, isCurable: boolean): void {
    if (watch.isStaleReported) return
    const limitMs = staleAfterMs(watch.cadence, this.#options.config.stalenessThresholdMs, watch.pace.meanIntervalMs())
    if (this.#silenceMs(watch, nowMs) < limitMs) return
    if (watch.state !== FeedState.STALE) {
      watch.state = FeedState.STALE
      this.#options.onOverdue?.(watch.feed)
    }
    if (isCurable) return
    watch.isStaleReported = true
    this.#options.onStale?.(watch.feed, nowMs - watch.seenAtMs, limitMs, watch.silenceStepMax)
  }

  /** The watchdog: counts only while a connection is open and some stream ought to speak. Says whether it fired. */
  #judgeSilence(nowMs: number): boolean {
    const runningMs = nowMs - this.#pausedMs
    if (this.#open.size === 0) {
      this.#watchdogArmedAtMs = runningMs
      return false
    }
    let newestMs = this.#watchdogArmedAtMs
    let allowedMs = Number.POSITIVE_INFINITY
    for (const watch of this.#watches.values()) {
      if (watch.hasReceived) newestMs = Math.max(newestMs, runningMs - this.#silenceMs(watch, nowMs))
      // The most talkative stream decides; a set of illiquid symbols alone may be quiet for longer.
      allowedMs = Math.min(allowedMs, staleAfterMs(watch.cadence, 0, watch.pace.meanIntervalMs()))
    }
    const silentMs = runningMs - newestMs
    if (silentMs < Math.max(this.#options.config.watchdogTimeoutMs, allowedMs)) return false
    this.#watchdogArmedAtMs = runningMs
    this.#options.onWatchdog?.(silentMs)
    return true
  }

  /**
   * One connection may go silent as a whole, pongs and all, while others speak: then neither its ping deadline nor
   * the watchdog sees it, and subscribing again does not help. Only streams that have spoken count, and of those
   * without a timer only where their pace is known: a connection of quiet symbols may be quiet.
   */
  #judgeConnections(nowMs: number): void {
    const runningMs = nowMs - this.#pausedMs
    const allowedMs = new Map<OpenConnection, number>()
    const newestMs = new Map<OpenConnection, number>()
    for (const watch of this.#watches.values()) {
      const open = this.#open.get(watch.feed.connectionId)
      if (open === undefined || !watch.hasReceived) continue
      const spokeAtMs = runningMs - this.#silenceMs(watch, nowMs)
      newestMs.set(open, Math.max(newestMs.get(open) ?? open.watchdogArmedAtMs, spokeAtMs))
      const meanIntervalMs = watch.pace.meanIntervalMs()
      if (watch.cadence.kind === 'activity' && meanIntervalMs === 0) continue
      const limitMs = staleAfterMs(watch.cadence, this.#options.config.watchdogTimeoutMs, meanIntervalMs)
      allowedMs.set(open, Math.min(allowedMs.get(open) ?? limitMs, limitMs))
    }
    for (const [connectionId, open] of this.#open) {
      const silentMs = runningMs - (newestMs.get(open) ?? runningMs)
      if (silentMs < (allowedMs.get(open) ?? Number.POSITIVE_INFINITY)) continue
      open.watchdogArmedAtMs = runningMs
      this.#options.onConnectionSilent?.(connectionId, silentMs)
    }
  }

  /** Time without a message, pauses of the process left out. */
  #silenceMs(watch: FeedWatch, nowMs: number): number {
    return Number.isNaN(watch.seenAtMs) ? 0 : nowMs - watch.seenAtMs - (this.#pausedMs - watch.pausedAtSeenMs)
  }

  #firstDataWithinMs(watch: FeedWatch): number {
    return firstDataWithinMs(watch.cadence, this.#options.config.stalenessThresholdMs)
  }

  /** By connection, how long ago any stream of it spoke. */
  #connectionSilences(nowMs: number): Map<string, number> {
    const silences = new Map<string, number>()
    for (const watch of this.#watches.values()) {
      if (!watch.hasReceived) continue
      const { connectionId } = watch.feed
      const silentMs = this.#silenceMs(watch, nowMs)
      silences.set(connectionId, Math.min(silentMs, silences.get(connectionId) ?? Number.POSITIVE_INFINITY))
    }
    return silences
  }

  /** Notes since when each connection has been open; a new generation starts anew. */
  #followConnections(nowMs: number): void {
    const connections = this.#options.connections()
    const open = new Map<string, OpenConnection>()
    for (const { id, generation, state } of connections) {
      if (state !== ConnectionState.OPEN && state !== ConnectionState.REFRESHING) continue
      const known = this.#open.get(id)
      const sinceMs = nowMs - this.#pausedMs
      open.set(id, known?.generation === generation ? known : { generation, sinceMs, watchdogArmedAtMs: sinceMs })
    }
    this.#open = open
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
