/**
 * Judges the silence of each stream: whether the first message is overdue, which cure is due next, and when the
 * stream counts as stale.
 *
 *   NEVER_RECEIVED --first message--> OK --silence--> STALE --message--> OK
 *        \--silence since subscribed--> (onSilent, state stays)
 *
 * Owns the state of a watch but for its recovery, which a message brings. Leaves the order of the cures to
 * `SilenceLadder`, silence of a whole connection to its ping deadline and the `Watchdog`, and carrying a cure out to
 * whoever listens.
 */
import { FeedState } from '../../types/health.js'
import type { Feed } from '../feed.js'
import { firstDataWithinMs, staleAfterMs, suspectAfterMs } from './cadence.js'
import type { FeedWatch } from './feed-watch.js'
import type { OpenConnection, OpenConnections } from './open-connections.js'
import type { ScanTime } from './scan-time.js'
import { retryAfterMs, SilenceLadder, SilenceStep } from './silence-ladder.js'

/** What it has to say about a stream. */
export interface SilenceReports {
  /** Once per transition to STALE. */
  readonly onOverdue?: (feed: Feed) => void
  /**
   * Once per silence, when nothing more can be tried for now; `ageMs` since its last message, `limitMs` what was
   * allowed (the feed's state is STALE since then), `step` what was tried.
   */
  readonly onStale?: (feed: Feed, ageMs: number, limitMs: number, step: SilenceStep) => void
  /**
   * Subscribed on an open connection, and never a message within its deadline: for the first time, after it was
   * subscribed again, and (only then 3) after its connection was replaced as well.
   */
  readonly onSilent?: (feed: Feed, silentMs: number, attempt: 1 | 2 | 3) => void
  /** These streams are silent on a connection that is open; subscribing them again is the smallest cure. */
  readonly onResubscribe?: (streams: readonly string[]) => void
  /** Subscribing it again did not help: replacing the socket it is on is the next cure. */
  readonly onHandOver?: (feed: Feed, silentMs: number) => void
}

/** Share of a stream's allowed silence in which another of its connection must have spoken. */
const OTHERS_SPEAK_WITHIN = 0.5
/** Share of the threshold that a resubscription has to show that it helped. */
const STEPS = 3

export class SilenceJudge {
  readonly #stalenessThresholdMs: number
  readonly #reports: SilenceReports
  readonly #ladder = new SilenceLadder()

  constructor(stalenessThresholdMs: number, reports: SilenceReports) {
    this.#stalenessThresholdMs = stalenessThresholdMs
    this.#reports = reports
  }

  judge(watches: Iterable<FeedWatch>, open: OpenConnections, time: ScanTime): void {
    const all = [...watches]
    const silences = connectionSilences(all, time)
    const resubscribe: string[] = []
    for (const watch of all) {
      const { connectionId, spec } = watch.feed
      const connection = open.get(connectionId)
      const othersSilentMs = silences.get(connectionId) ?? Number.POSITIVE_INFINITY
      if (!watch.hasReceived) {
        if (connection !== undefined && this.#isFirstDataOverdue(watch, connection, othersSilentMs, time)) {
          resubscribe.push(spec.name)
        }
        continue
      }
      // Not before a new connection had its chance to deliver.
      const isChanceOver =
        connection !== undefined && time.runningMs - connection.sinceMs >= this.#firstDataWithinMs(watch)
      const isCurable = isChanceOver && this.#climb(watch, time, othersSilentMs, resubscribe)
      this.#judgeStale(watch, time, isCurable)
    }
    if (resubscribe.length > 0) this.#reports.onResubscribe?.(resubscribe)
  }

  /**
   * Only where others of the same connection speak: a connection silent as a whole is the business of its ping
   * deadline and of the watchdog. Whether a step is left, so that it is too early to report the stream.
   */
  #climb(watch: FeedWatch, time: ScanTime, othersSilentMs: number, resubscribe: string[]): boolean {
    const { runningMs } = time
    const silentMs = watch.silenceMs(time)
    const suspectMs = suspectAfterMs(watch.cadence, this.#stalenessThresholdMs, watch.pace.meanIntervalMs())
    if (othersSilentMs >= suspectMs * OTHERS_SPEAK_WITHIN) return false
    const deadlineMs = Math.min(suspectMs, this.#stalenessThresholdMs / STEPS)
    const step = this.#ladder.climb(watch, runningMs, silentMs, suspectMs, deadlineMs)
    if (step === SilenceStep.RESUBSCRIBED) resubscribe.push(watch.feed.spec.name)
    else if (step === SilenceStep.HANDED_OVER) this.#reports.onHandOver?.(watch.feed, silentMs)
    return this.#ladder.hasStepsLeft(watch, runningMs)
  }

  /**
   * Reports the deadlines that pass; `true` on the first, which asks for a resubscription. The second one asks
   * for a new socket, and a stream that stays silent on that one is reported a last time.
   */
  #isFirstDataOverdue(watch: FeedWatch, open: OpenConnection, othersSilentMs: number, time: ScanTime): boolean {
    const { runningMs } = time
    const deadlineMs = this.#firstDataWithinMs(watch)
    if (watch.armedFor !== open) arm(watch, open, runningMs)
    const silentMs = runningMs - watch.armedAtMs
    if (watch.silentCount >= 2) return this.#isNextRoundDue(watch, silentMs, deadlineMs, runningMs)
    if (silentMs < deadlineMs * (watch.silentCount + 1)) return false
    watch.silentCount++
    this.#reports.onSilent?.(watch.feed, silentMs, watch.silentCount === 1 ? 1 : 2)
    const doOthersSpeak = othersSilentMs <= deadlineMs * OTHERS_SPEAK_WITHIN
    if (watch.silentCount === 2 && doOthersSpeak && this.#ladder.mayHandOver(watch, runningMs)) {
      watch.silenceStep = SilenceStep.HANDED_OVER
      watch.silenceStepAtMs = runningMs
      this.#reports.onHandOver?.(watch.feed, silentMs)
    }
    return watch.silentCount === 1
  }

  /** Both deadlines have passed: reports the last resort as vain, and begins again when it is time. */
  #isNextRoundDue(watch: FeedWatch, silentMs: number, deadlineMs: number, runningMs: number): boolean {
    const isOver = watch.silenceStep === SilenceStep.HANDED_OVER && runningMs - watch.silenceStepAtMs >= deadlineMs
    if (isOver && watch.silentCount === 2) {
      watch.silentCount = 3
      this.#reports.onSilent?.(watch.feed, silentMs, 3)
    }
    if (silentMs < 2 * deadlineMs + retryAfterMs(watch.silenceRound, deadlineMs)) return false
    // All steps again: what they met may be over. The first deadline counts as passed.
    watch.silenceRound++
    watch.silenceStep = SilenceStep.LISTENING
    watch.silentCount = 1
    watch.armedAtMs = runningMs - deadlineMs
    this.#reports.onSilent?.(watch.feed, silentMs, 1)
    return true
  }

  /** The state says at once what is; the report waits until every step was tried, and names them. */
  #judgeStale(watch: FeedWatch, time: ScanTime, isCurable: boolean): void {
    if (watch.isStaleReported) return
    const limitMs = staleAfterMs(watch.cadence, this.#stalenessThresholdMs, watch.pace.meanIntervalMs())
    if (watch.silenceMs(time) < limitMs) return
    if (watch.state !== FeedState.STALE) {
      watch.state = FeedState.STALE
      this.#reports.onOverdue?.(watch.feed)
    }
    if (isCurable) return
    watch.isStaleReported = true
    this.#reports.onStale?.(watch.feed, time.nowMs - watch.seenAtMs, limitMs, watch.silenceStepMax)
  }

  #firstDataWithinMs(watch: FeedWatch): number {
    return firstDataWithinMs(watch.cadence, this.#stalenessThresholdMs)
  }
}

/** The first message is awaited on this connection now. */
function arm(watch: FeedWatch, open: OpenConnection, runningMs: number): void {
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

/** By connection, how long ago any stream of it spoke. */
function connectionSilences(watches: readonly FeedWatch[], time: ScanTime): Map<string, number> {
  const silences = new Map<string, number>()
  for (const watch of watches) {
    if (!watch.hasReceived) continue
    const { connectionId } = watch.feed
    const silentMs = watch.silenceMs(time)
    silences.set(connectionId, Math.min(silentMs, silences.get(connectionId) ?? Number.POSITIVE_INFINITY))
  }
  return silences
}
