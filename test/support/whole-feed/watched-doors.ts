/** The venue's doors as the feed uses them, with an eye on whether the feed waits where it was told to wait. */
import type {
  Clock,
  HttpClient,
  HttpRequest,
  HttpResponse,
  TimerHandle,
  TimerOptions,
  Transport,
  TransportOptions,
  TransportSink,
  TransportSocket,
} from '../../../src/runtime/index.js'

/** A clock that knows which of its timers are still set. */
export class CountedClock implements Clock {
  readonly #inner: Clock
  readonly #timers = new Set<TimerHandle>()

  constructor(inner: Clock) {
    this.#inner = inner
  }

  get timerCount(): number {
    return this.#timers.size
  }

  wallMs(): number {
    return this.#inner.wallMs()
  }

  monotonicMs(): number {
    return this.#inner.monotonicMs()
  }

  setTimer(action: () => void, delayMs: number, options?: TimerOptions): TimerHandle {
    const timer = this.#inner.setTimer(
      () => {
        this.#timers.delete(timer)
        action()
      },
      delayMs,
      options,
    )
    this.#timers.add(timer)
    return timer
  }

  setRepeating(action: () => void, periodMs: number, options?: TimerOptions): TimerHandle {
    const timer = this.#inner.setRepeating(action, periodMs, options)
    this.#timers.add(timer)
    return timer
  }

  clearTimer(timer: TimerHandle): void {
    this.#timers.delete(timer)
    this.#inner.clearTimer(timer)
  }
}

type Complain = (rule: string, text: string) => void

/** Requests made while a 429 or 418 forbids them are breaches, also of faults that no limit caused. */
export class WatchedHttpClient implements HttpClient {
  readonly #inner: HttpClient
  readonly #clock: Clock
  readonly #complain: Complain
  #forbiddenUntilMs = 0
  requestCount = 0

  constructor(inner: HttpClient, clock: Clock, complain: Complain) {
    this.#inner = inner
    this.#clock = clock
    this.#complain = complain
  }

  async get(request: HttpRequest): Promise<HttpResponse> {
    this.requestCount++
    const nowMs = this.#clock.monotonicMs()
    if (nowMs < this.#forbiddenUntilMs) {
      this.#complain(
        'limits',
        `${request.url}: asked ${Math.round(this.#forbiddenUntilMs - nowMs)} ms before it was allowed`,
      )
    }
    const response = await this.#inner.get(request)
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
    if ((response.status === 429 || response.status === 418) && seconds > 0) {
      this.#forbiddenUntilMs = Math.max(this.#forbiddenUntilMs, this.#clock.monotonicMs() + seconds * 1_000)
    }
    return response
  }
}

export class WatchedTransport implements Transport {
  readonly #inner: Transport
  readonly #clock: Clock
  readonly #complain: Complain
  #forbiddenUntilMs = 0
  /** Monotonic times of all attempts. */
  readonly attempts: number[] = []

  constructor(inner: Transport, clock: Clock, complain: Complain) {
    this.#inner = inner
    this.#clock = clock
    this.#complain = complain
  }

  connect(url: string, sink: TransportSink, options: TransportOptions): TransportSocket {
    const nowMs = this.#clock.monotonicMs()
    this.attempts.push(nowMs)
    if (nowMs < this.#forbiddenUntilMs) {
      this.#complain('limits', `connected ${Math.round(this.#forbiddenUntilMs - nowMs)} ms before it was allowed`)
    }
    return this.#inner.connect(
      url,
      {
        onOpen: () => sink.onOpen(),
        onFrame: (bytes, start, end, receiveTimeMs) => sink.onFrame(bytes, start, end, receiveTimeMs),
        onPing: () => sink.onPing(),
        onPong: () => sink.onPong(),
        onClose: (close) => {
          const isForbidden = close.httpStatus === 429 || close.httpStatus === 418
          if (isForbidden && close.retryAfterMs !== undefined) {
            this.#forbiddenUntilMs = Math.max(this.#forbiddenUntilMs, this.#clock.monotonicMs() + close.retryAfterMs)
          }
          sink.onClose(close)
        },
      },
      options,
    )
  }
}
