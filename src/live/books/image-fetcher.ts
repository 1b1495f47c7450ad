/**
 * Gets snapshots for one book: one request at a time, at once the first time, with growing pauses while the book
 * does not come to rest. The weight of the venue is watched by the governor behind it.
 *
 *   idle --want()--> waiting (pause) --> under way --answer--> idle
 *                       ^                    |
 *                       +---- no answer -----+
 *
 * A snapshot whose request was sent before the venue started its ids again must not be used: it would carry an id
 * from which every new update looks old. `discard()` marks what is under way.
 */
import { type BackoffOptions, backoffDelayMs } from '../../runtime/backoff.js'
import type { Clock, TimerHandle } from '../../runtime/clock.js'
import type { Random } from '../../runtime/random.js'
import { type RequestGovernor, RestPriority } from '../rest/request-governor.js'
import { RestError } from '../rest/rest-error.js'
import { type ImageRequest, readImage } from './book-image.js'
import type { BookImage } from './book-keeper.js'

export interface ImageFetcherOptions {
  readonly request: ImageRequest
  readonly rest: RequestGovernor
  readonly clock: Clock
  readonly random: Random
  /** Asked right before a request is sent; `false` ends the wish. */
  readonly isStillWanted: () => boolean
  readonly onImage: (image: BookImage) => void
  /** No usable answer; another attempt follows after `retryInMs`. */
  readonly onFailed: (error: RestError, retryInMs: number) => void
}

/** A snapshot that came too old: the next is newer than the delta by then. */
const SECOND_DELAY_MS = 100
const BACKOFF: BackoffOptions = { baseDelayMs: 250, delayMsMax: 15_000, jitterRatio: 0.3 }
/** The venue refused the request itself (unknown symbol): it may be listed one day. */
const REFUSED_DELAY_MS = 60_000
/** A book that was whole for this long begins again without a pause. */
const AT_REST_MS = 10_000
/** For a book that breaks again sooner the pause grows no further than that of this attempt (about a second). */
const RESTLESS_ATTEMPT_MAX = 4

export class ImageFetcher {
  readonly #options: ImageFetcherOptions
  #attempt = 0
  /** Monotonic time since when the book is whole; NaN while it is not. */
  #atRestSinceMs = Number.NaN
  #isUnderWay = false
  #isDiscarded = false
  #isStopped = false
  #timer: TimerHandle | null = null

  /** Requests made. */
  fetchCount = 0
  failedCount = 0

  constructor(options: ImageFetcherOptions) {
    this.#options = options
  }

  /** A snapshot is needed, newer than now. */
  want(): void {
    if (this.#isStopped) return
    if (this.#isUnderWay || this.#timer !== null) return
    const restMs = this.#options.clock.monotonicMs() - this.#atRestSinceMs
    if (restMs >= AT_REST_MS) this.#attempt = 0
    // Snapshots do help, the stream is what breaks: long pauses would only keep the book blind.
    else if (restMs >= 0) this.#attempt = Math.min(this.#attempt, RESTLESS_ATTEMPT_MAX)
    this.#atRestSinceMs = Number.NaN
    this.#schedule(this.#pauseMs())
  }

  /** What is under way must not be used: it may be older than what is wanted now. */
  discard(): void {
    this.#isDiscarded = this.#isUnderWay
  }

  /** The book is whole. */
  rest(): void {
    this.#atRestSinceMs = this.#options.clock.monotonicMs()
  }

  stop(): void {
    this.#isStopped = true
    if (this.#timer !== null) this.#options.clock.clearTimer(this.#timer)
    this.#timer = null
  }

  #pauseMs(): number {
    if (this.#attempt === 0) return 0
    if (this.#attempt === 1) return SECOND_DELAY_MS
    return backoffDelayMs(this.#attempt - 1, BACKOFF, this.#options.random.next())
  }

  #schedule(delayMs: number): void {
    if (delayMs === 0) {
      this.#send()
      return
    }
    this.#timer = this.#options.clock.setTimer(() => {
      this.#timer = null
      this.#send()
    }, delayMs)
  }

  #send(): void {
    if (!this.#options.isStillWanted()) return
    this.#attempt++
    this.fetchCount++
    this.#isUnderWay = true
    this.#isDiscarded = false
    const { request, rest } = this.#options
    rest.get({ path: request.path, weight: request.weight, priority: RestPriority.URGENT }).then(
      (response) => this.#onAnswer(response.body),
      (error: unknown) => this.#onFailure(error),
    )
  }

  #onAnswer(body: string): void {
    this.#isUnderWay = false
    if (this.#isStopped) return
    if (this.#isDiscarded) {
      this.want()
      return
    }
    let image: BookImage
    try {
      image = readImage(body, this.#options.request)
    } catch (error) {
      this.#onFailure(error)
      return
    }
    // May ask for another at once, which then waits for its pause.
    this.#options.onImage(image)
  }

  #onFailure(error: unknown): void {
    this.#isUnderWay = false
    if (this.#isStopped || !(error instanceof RestError) || error.code === 'REST_STOPPED') return
    this.failedCount++
    const delayMs = error.code === 'REST_REFUSED' ? REFUSED_DELAY_MS : this.#pauseMs()
    this.#options.onFailed(error, delayMs)
    if (this.#timer === null && !this.#isStopped) this.#schedule(delayMs)
  }
}
