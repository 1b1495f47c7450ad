/**
 * What is done about one stream that is silent while its connection speaks, smallest step first: subscribe that
 * stream again, then replace the socket it is on (a hand-over, which disturbs nobody), then nothing but saying so.
 *
 *     LISTENING --suspicion--> RESUBSCRIBED --no message within its deadline--> HANDED_OVER
 *         ^                         ^_______________still nothing, much later_________/|
 *         |______________________________________a message_____________________________/
 *
 * Each step may meet trouble of its own, so a stream is never given up: it is subscribed again after a pause that
 * doubles up to ten minutes, and its connection replaced again in the first rounds.
 *
 * A quiet market is no fault: a stream without a timer of its own is suspected by its own pace only, and no
 * connection is replaced for silence more than once in ten minutes, however many of its streams are quiet.
 */
import type { FeedWatch } from './feed-watch.js'

/** How far the ladder was climbed during the present silence. */
export const SilenceStep = { LISTENING: 0, RESUBSCRIBED: 1, HANDED_OVER: 2 } as const
export type SilenceStep = (typeof SilenceStep)[keyof typeof SilenceStep]

const HAND_OVER_SPACING_MS = 600_000
const RETRY_MS_MIN = 45_000
const RETRY_MS_MAX = 600_000
/** Rounds in which a connection may be replaced: a symbol that never trades would ask for it for ever. */
const HAND_OVER_ROUNDS = 8

/** Pause after all steps were in vain; `round` counts from 0. */
export function retryAfterMs(round: number, deadlineMs: number): number {
  return Math.min(RETRY_MS_MAX, Math.max(RETRY_MS_MIN, 4 * deadlineMs) * 2 ** Math.min(round, 16))
}

export class SilenceLadder {
  /** Running time of the last hand-over by connection. */
  readonly #handedOverAtMs = new Map<string, number>()

  /**
   * Climbs one step when it is due; the step just taken, or `null`. `runningMs` is the monotonic time without
   * pauses, `silentMs` how long the stream was silent of it, `suspectMs` and `deadlineMs` what is allowed before
   * the first step and after it.
   */
  climb(
    watch: FeedWatch,
    runningMs: number,
    silentMs: number,
    suspectMs: number,
    deadlineMs: number,
  ): SilenceStep | null {
    if (watch.silenceStep === SilenceStep.LISTENING) {
      if (silentMs < suspectMs) return null
      watch.silenceStep = SilenceStep.RESUBSCRIBED
      watch.silenceStepMax = watch.silenceStep
      watch.silenceStepAtMs = runningMs
      return watch.silenceStep
    }
    const sinceStepMs = runningMs - watch.silenceStepAtMs
    if (sinceStepMs >= retryAfterMs(watch.silenceRound, deadlineMs)) {
      watch.silenceRound++
      watch.silenceStep = SilenceStep.RESUBSCRIBED
      watch.silenceStepAtMs = runningMs
      return watch.silenceStep
    }
    if (watch.silenceStep !== SilenceStep.RESUBSCRIBED || sinceStepMs < deadlineMs) return null
    if (!this.mayHandOver(watch, runningMs)) return null
    watch.silenceStep = SilenceStep.HANDED_OVER
    watch.silenceStepMax = watch.silenceStep
    watch.silenceStepAtMs = runningMs
    return watch.silenceStep
  }

  /** Whether in the first round a step is still to come. */
  hasStepsLeft(watch: FeedWatch, runningMs: number): boolean {
    if (watch.silenceRound > 0) return false
    switch (watch.silenceStep) {
      case SilenceStep.LISTENING:
        return true
      case SilenceStep.RESUBSCRIBED:
        return this.#isHandOverFree(watch.feed.connectionId, runningMs)
      default:
        return false
    }
  }

  /** Whether the connection may be replaced for the silence of this stream now; if so, it counts as replaced. */
  mayHandOver({ silenceRound, feed: { connectionId } }: FeedWatch, runningMs: number): boolean {
    if (silenceRound >= HAND_OVER_ROUNDS || !this.#isHandOverFree(connectionId, runningMs)) return false
    this.#handedOverAtMs.set(connectionId, runningMs)
    return true
  }

  #isHandOverFree(connectionId: string, runningMs: number): boolean {
    const lastMs = this.#handedOverAtMs.get(connectionId)
    return lastMs === undefined || runningMs - lastMs >= HAND_OVER_SPACING_MS
  }
}
