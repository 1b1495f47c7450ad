/**
 * How far the venue's clock is from ours, measured over REST like NTP does: the venue read its clock somewhere
 * between our question and its answer, so the middle is the best guess and half the round trip the error bound.
 *
 * The sample with the smallest bound counts, as long as the drift of a computer's clock leaves it the smallest.
 * What is kept is the venue's clock against our monotonic one: when our wall clock jumps, the offset follows at
 * once, without another sample.
 *
 * Leaves to others: subtracting it. Latencies are published as measured, with the offset beside them.
 */
import type { Clock, TimerHandle } from '../../runtime/clock.js'
import { LiveFeedError } from '../../types/errors.js'
import type { VenueClockHealth } from '../../types/health.js'
import { type RequestGovernor, RestPriority } from '../rest/request-governor.js'

export interface VenueClockOptions {
  /** `/api/v3/time` or `/fapi/v1/time`: weight 1 on both (REST documentation, checked 2026-11-20). */
  readonly path: string
  readonly rest: Pick<RequestGovernor, 'get'>
  readonly clock: Clock
  /** 0: no sample is ever taken. */
  readonly intervalMs: number
  readonly onFailure: (error: unknown) => void
}

interface Sample {
  readonly atMonotonicMs: number
  /** Venue time minus our monotonic time. */
  readonly venueMinusMonotonicMs: number
  readonly uncertaintyMs: number
}

/** Samples of the first minute come quickly: one slow answer must not stand for long. */
const FIRST_SAMPLES = 4
const FIRST_INTERVAL_MS = 2_000
const KEPT = 16
/** What two ordinary clocks drift apart at worst: 100 parts per million. */
const DRIFT = 100e-6
/** The venue writes whole milliseconds, rounded down. */
const RESOLUTION_MS = 1

export class VenueClock {
  readonly #options: VenueClockOptions
  readonly #samples: Sample[] = []
  #sampleCount = 0
  #timer: TimerHandle | null = null
  #isStopped = false

  constructor(options: VenueClockOptions) {
    this.#options = options
  }

  start(): void {
    if (this.#options.intervalMs > 0) void this.#measure()
  }

  /** `null` before the first answer. */
  health(): VenueClockHealth | null {
    const { clock } = this.#options
    const nowMs = clock.monotonicMs()
    const best = this.#best(nowMs)
    if (best === null) return null
    return {
      offsetMs: best.venueMinusMonotonicMs + nowMs - clock.wallMs(),
      uncertaintyMs: uncertaintyAt(best, nowMs),
      ageMs: nowMs - best.atMonotonicMs,
      sampleCount: this.#sampleCount,
    }
  }

  /** Leaves no timer; an answer under way changes nothing. */
  stop(): void {
    this.#isStopped = true
    if (this.#timer !== null) this.#options.clock.clearTimer(this.#timer)
    this.#timer = null
  }

  async #measure(): Promise<void> {
    const { clock, rest, path, intervalMs, onFailure } = this.#options
    try {
      const answer = await rest.get({ path, weight: 1, priority: RestPriority.BACKGROUND, attemptsMax: 1 })
      this.#take(serverTime(answer.body), answer.sentMonotonicMs, answer.answeredMonotonicMs)
    } catch (error) {
      if (!this.#isStopped) onFailure(error)
    }
    if (this.#isStopped) return
    const delayMs = this.#sampleCount < FIRST_SAMPLES ? Math.min(FIRST_INTERVAL_MS, intervalMs) : intervalMs
    this.#timer = clock.setTimer(() => void this.#measure(), this.#sampleCount === 0 ? intervalMs : delayMs, {
      unref: true,
    })
  }

  #take(venueTimeMs: number, sentMs: number, answeredMs: number): void {
    this.#sampleCount++
    const sample: Sample = {
      atMonotonicMs: answeredMs,
      venueMinusMonotonicMs: venueTimeMs + RESOLUTION_MS / 2 - (sentMs + answeredMs) / 2,
      uncertaintyMs: (answeredMs - sentMs) / 2 + RESOLUTION_MS / 2,
    }
    // Two samples that cannot both be right: the venue's clock was set, and what is older speaks of another clock.
    if (this.#samples.some((older) => !canBothBeRight(older, sample))) this.#samples.length = 0
    this.#samples.push(sample)
    if (this.#samples.length > KEPT) this.#samples.shift()
  }

  #best(nowMs: number): Sample | null {
    let best: Sample | null = null
    for (const sample of this.#samples) {
      if (best === null || uncertaintyAt(sample, nowMs) <= uncertaintyAt(best, nowMs)) best = sample
    }
    return best
  }
}

function uncertaintyAt(sample: Sample, nowMs: number): number {
  return sample.uncertaintyMs + (nowMs - sample.atMonotonicMs) * DRIFT
}

function canBothBeRight(older: Sample, newer: Sample): boolean {
  const apartMs = Math.abs(older.venueMinusMonotonicMs - newer.venueMinusMonotonicMs)
  return apartMs <= uncertaintyAt(older, newer.atMonotonicMs) + newer.uncertaintyMs
}

/** `{"serverTime":1795000000000}`. Throws `MESSAGE_INVALID`. */
function serverTime(body: string): number {
  let time: unknown
  try {
    time = (JSON.parse(body) as { serverTime?: unknown } | null)?.serverTime
  } catch {
    // Said below, like every other answer that is none.
  }
  if (typeof time === 'number' && Number.isSafeInteger(time) && time > 0) return time
  throw new LiveFeedError('MESSAGE_INVALID', `the venue's time is no time: ${body.slice(0, 100)}`)
}
