/**
 * Every REST request of a feed goes through here: by priority, in parallel within the venue's request weight,
 * equal requests shared, refusals answered with the patience the venue asks for. So that resynchronizing
 * hundreds of symbols at once never earns a 429, let alone a ban.
 *
 * Leaves to the caller: what to ask for and what the body means.
 */
import { type BackoffOptions, backoffDelayMs } from '../../runtime/backoff.js'
import type { Clock, TimerHandle } from '../../runtime/clock.js'
import type { HttpClient, HttpResponse } from '../../runtime/http-client.js'
import type { Random } from '../../runtime/random.js'
import { RestError } from './rest-error.js'
import { BUDGET_SHARE, WeightBudget } from './weight-budget.js'

/** Lower runs first. */
export const RestPriority = {
  /** A book that is blind, a candle that is due now. */
  URGENT: 0,
  NORMAL: 1,
  /** Filling history nobody waits for. */
  BACKGROUND: 2,
} as const
export type RestPriority = (typeof RestPriority)[keyof typeof RestPriority]

export interface RequestGovernorOptions {
  /** Address without path, e.g. `https://api.binance.com`. */
  readonly restUrl: string
  readonly http: HttpClient
  readonly clock: Clock
  readonly random: Random
  /** The venue's limit per UTC minute and address. */
  readonly weightPerMinute: number
  /** Share of the limit this process uses; the rest is for other programs and clock skew. Default 0.8. */
  readonly budgetShare?: number
  /** Shared with others that ask the same venue; default: one of its own. */
  readonly budget?: WeightBudget
  /** Requests under way at once. Default 4. */
  readonly concurrencyMax?: number
  readonly timeoutMs?: number
  /** Waiting time between attempts of one request after a network or server error. */
  readonly backoff?: BackoffOptions
}

export interface RestRequest {
  /** Path with query, e.g. `/api/v3/depth?symbol=BTCUSDT&limit=1000`. Equal paths are one request. */
  readonly path: string
  /** Request weight by the venue's table. */
  readonly weight: number
  readonly priority?: RestPriority
  /** Attempts on network and server errors, the first included. Refusals by limit do not count. Default 4. */
  readonly attemptsMax?: number
}

/** An answer with the time it took, for whoever compares clocks. */
export interface RestAnswer extends HttpResponse {
  /** When the request left, not when it was asked for. */
  readonly sentMonotonicMs: number
  readonly answeredMonotonicMs: number
}

/** What those who only ask need of the governor. */
export interface RestDoor {
  get(request: RestRequest): Promise<HttpResponse>
}

export interface RequestGovernorStats {
  readonly queued: number
  readonly inFlight: number
  readonly sent: number
  readonly succeeded: number
  readonly failed: number
  /** Requests that were answered by another equal one. */
  readonly coalesced: number
  readonly limited429: number
  readonly banned418: number
  /** By our own count and the venue's header, in the current minute. */
  readonly usedWeight: number
  readonly weightPerMinute: number
  /** Until when the venue asked us to wait, in ms from now; 0 when free. */
  readonly blockedForMs: number
}

/** A venue clock this much behind ours must not see two of our minutes as one. */
const MINUTE_MARGIN_MS = 1_000
const DEFAULT_BACKOFF: BackoffOptions = { baseDelayMs: 250, delayMsMax: 10_000, jitterRatio: 0.3 }
/** When a refusal names no time. 418 grows from two minutes at the venue. */
const WAIT_MS_WITHOUT_HEADER = { 429: 10_000, 418: 120_000 } as const

interface Job {
  readonly request: RestRequest
  priority: RestPriority
  readonly sequence: number
  attempt: number
  notBeforeMs: number
  readonly promise: Promise<RestAnswer>
  readonly resolve: (answer: RestAnswer) => void
  readonly reject: (error: RestError) => void
}

export class RequestGovernor {
  readonly #options: RequestGovernorOptions
  readonly #budget: WeightBudget
  readonly #backoff: BackoffOptions
  readonly #concurrencyMax: number
  readonly #abort = new AbortController()
  /** Waiting jobs, unordered: the queue is short and is scanned for the best that may run. */
  readonly #queue: Job[] = []
  /** Waiting or under way, by path. */
  readonly #byPath: Map<string, Job> = new Map()
  #timer: TimerHandle | null = null
  #sequence = 0
  #inFlight = 0
  #sent = 0
  #succeeded = 0
  #failed = 0
  #coalesced = 0
  #limited429 = 0
  #banned418 = 0

  constructor(options: RequestGovernorOptions) {
    this.#options = options
    const weightPerMinute = Math.floor(options.weightPerMinute * (options.budgetShare ?? BUDGET_SHARE))
    this.#budget = options.budget ?? new WeightBudget(options.clock, weightPerMinute)
    this.#backoff = options.backoff ?? DEFAULT_BACKOFF
    this.#concurrencyMax = options.concurrencyMax ?? 4
  }

  /**
   * Resolves with the venue's 2xx answer. Rejects with a `RestError`: `REST_REFUSED` for a 4xx that concerns the
   * request itself, `REST_UNAVAILABLE` when all attempts failed, `REST_STOPPED` after `stop()`.
   */
  get(request: RestRequest): Promise<RestAnswer> {
    if (this.#abort.signal.aborted) return Promise.reject(stopped(request.path))
    const known = this.#byPath.get(request.path)
    if (known !== undefined) {
      this.#coalesced++
      known.priority = Math.min(known.priority, request.priority ?? RestPriority.NORMAL) as RestPriority
      return known.promise
    }
    const { promise, resolve, reject } = deferred<RestAnswer>()
    const job: Job = {
      request,
      priority: request.priority ?? RestPriority.NORMAL,
      sequence: this.#sequence++,
      attempt: 0,
      notBeforeMs: 0,
      promise,
      resolve,
      reject,
    }
    this.#byPath.set(request.path, job)
    this.#queue.push(job)
    this.#pump()
    return promise
  }

  stats(): RequestGovernorStats {
    return {
      queued: this.#queue.length,
      inFlight: this.#inFlight,
      sent: this.#sent,
      succeeded: this.#succeeded,
      failed: this.#failed,
      coalesced: this.#coalesced,
      limited429: this.#limited429,
      banned418: this.#banned418,
      usedWeight: this.#budget.used,
      weightPerMinute: this.#budget.weightPerMinute,
      blockedForMs: Math.max(0, this.#budget.blockedUntilMs - this.#options.clock.monotonicMs()),
    }
  }

  /** Rejects everything that waits or is under way; nothing is sent afterwards. Idempotent. */
  stop(): void {
    if (this.#abort.signal.aborted) return
    this.#abort.abort(new Error('request governor stopped'))
    this.#clearTimer()
    this.#queue.length = 0
    for (const job of this.#byPath.values()) job.reject(stopped(job.request.path))
    this.#byPath.clear()
  }

  /** Starts what may start now and arms a timer for the rest. */
  #pump(): void {
    this.#clearTimer()
    while (this.#inFlight < this.#concurrencyMax) {
      const nowMs = this.#options.clock.monotonicMs()
      if (nowMs < this.#budget.blockedUntilMs) {
        this.#wake(this.#budget.blockedUntilMs - nowMs)
        return
      }
      const job = this.#next(nowMs)
      if (job === null) {
        const soonest = Math.min(...this.#queue.map((waiting) => waiting.notBeforeMs))
        if (Number.isFinite(soonest)) this.#wake(Math.max(0, soonest - nowMs))
        return
      }
      // The best job waits for budget rather than letting lighter ones overtake it for ever.
      if (!this.#budget.fits(job.request.weight)) {
        this.#wake(this.#budget.msToNextMinute(MINUTE_MARGIN_MS))
        return
      }
      this.#queue.splice(this.#queue.indexOf(job), 1)
      void this.#run(job)
    }
  }

  /** The waiting job to run next, by priority and age, among those whose pause is over. */
  #next(nowMs: number): Job | null {
    let best: Job | null = null
    for (const job of this.#queue) {
      if (job.notBeforeMs > nowMs) continue
      if (
        best === null ||
        job.priority < best.priority ||
        (job.priority === best.priority && job.sequence < best.sequence)
      ) {
        best = job
      }
    }
    return best
  }

  async #run(job: Job): Promise<void> {
    const { request } = job
    job.attempt++
    this.#inFlight++
    this.#sent++
    this.#budget.spend(request.weight)
    const { clock } = this.#options
    const sentMonotonicMs = clock.monotonicMs()
    let response: RestAnswer | null = null
    let failure: unknown = null
    try {
      const { status, headers, body } = await this.#options.http.get({
        url: this.#options.restUrl + request.path,
        timeoutMs: this.#options.timeoutMs ?? 10_000,
        signal: this.#abort.signal,
      })
      response = { status, headers, body, sentMonotonicMs, answeredMonotonicMs: clock.monotonicMs() }
    } catch (error) {
      failure = error
    }
    this.#inFlight--
    this.#budget.settle(request.weight, response === null ? null : usedWeight(response))
    if (this.#abort.signal.aborted) return
    this.#settle(job, response, failure)
    this.#pump()
  }

  #settle(job: Job, response: RestAnswer | null, failure: unknown): void {
    if (response !== null && response.status >= 200 && response.status < 300) {
      this.#succeeded++
      this.#byPath.delete(job.request.path)
      job.resolve(response)
    } else if (response !== null && (response.status === 429 || response.status === 418)) {
      this.#onLimit(job, response, response.status)
    } else if (response !== null && response.status < 500) {
      this.#fail(job, refused(job.request.path, response))
    } else if (job.attempt >= (job.request.attemptsMax ?? 4)) {
      this.#fail(job, unavailable(job, response, failure))
    } else {
      const delayMs = backoffDelayMs(job.attempt, this.#backoff, this.#options.random.next())
      this.#requeue(job, this.#options.clock.monotonicMs() + delayMs)
    }
  }

  /** The venue counts us out: nobody asks anything before the time it named. */
  #onLimit(job: Job, response: HttpResponse, status: 429 | 418): void {
    if (status === 429) this.#limited429++
    else this.#banned418++
    const waitMs = retryAfterMs(response) ?? WAIT_MS_WITHOUT_HEADER[status]
    const untilMs = this.#options.clock.monotonicMs() + waitMs
    this.#budget.block(untilMs)
    job.attempt--
    this.#requeue(job, untilMs)
  }

  #requeue(job: Job, notBeforeMs: number): void {
    job.notBeforeMs = notBeforeMs
    this.#queue.push(job)
  }

  #fail(job: Job, error: RestError): void {
    this.#failed++
    this.#byPath.delete(job.request.path)
    job.reject(error)
  }

  #wake(delayMs: number): void {
    this.#timer = this.#options.clock.setTimer(() => {
      this.#timer = null
      this.#pump()
    }, delayMs)
  }

  #clearTimer(): void {
    if (this.#timer !== null) this.#options.clock.clearTimer(this.#timer)
    this.#timer = null
  }
}

function usedWeight(response: HttpResponse): number | null {
  const weight = Number(response.headers.get('x-mbx-used-weight-1m') ?? Number.NaN)
  return Number.isFinite(weight) ? weight : null
}

function retryAfterMs(response: HttpResponse): number | null {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null
}

function refused(path: string, response: HttpResponse): RestError {
  const { code, text } = venueError(response.body)
  return new RestError(
    'REST_REFUSED',
    `${path} was refused with HTTP ${response.status}${code === undefined ? '' : `, code ${code}`}: ${text}`,
    { path, httpStatus: response.status, venueCode: code, isTerminal: true },
  )
}

function unavailable(job: Job, response: HttpResponse | null, failure: unknown): RestError {
  const why = response === null ? String(failure) : `HTTP ${response.status}`
  return new RestError('REST_UNAVAILABLE', `${job.request.path} gave no answer in ${job.attempt} attempts: ${why}`, {
    path: job.request.path,
    httpStatus: response?.status,
    cause: failure,
  })
}

function stopped(path: string): RestError {
  return new RestError('REST_STOPPED', `${path} was not asked for: the feed is stopping`, { path })
}

/** `{"code":-1121,"msg":"Invalid symbol."}` where the body is that; its beginning otherwise. */
function venueError(body: string): { code: number | undefined; text: string } {
  try {
    const { code, msg } = JSON.parse(body) as { code?: unknown; msg?: unknown }
    if (typeof code === 'number' && typeof msg === 'string') return { code, text: msg }
  } catch {
    // A proxy's HTML page, for example: shown as it is.
  }
  return { code: undefined, text: body.slice(0, 200) }
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: RestError) => void } {
  let resolve: (value: T) => void = () => {}
  let reject: (error: RestError) => void = () => {}
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue
    reject = onError
  })
  return { promise, resolve, reject }
}
