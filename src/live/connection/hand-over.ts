/**
 * One planned replacement of a socket: the new one opens, subscribes and delivers before the old one closes.
 *
 *     WAITING_TURN --connect limiter--> OPENING --all streams acknowledged--> OVERLAPPING --each stream has
 *     delivered on the new socket, or the wait is over--> done
 *
 * Any of them: the replacement is lost -> failed (the old socket stays); the old socket is lost ->
 * `takeReplacement` (the replacement becomes the connection, in whatever phase it is); `cancel`.
 *
 * During the overlap both sockets deliver, each frame with its generation; the router drops by id what it has
 * seen. Streams without a cadence (trades of a quiet symbol) may not deliver for minutes: hence the bound.
 */
import type { Clock, TimerHandle } from '../../runtime/clock.js'
import type { ConnectionError, SubscriptionError } from '../errors.js'
import type { Generation, GenerationEnd } from './generation.js'

/** What a hand-over needs of its shard. */
export interface HandOverPort {
  /** Calls back when a connect is allowed; returns the withdrawal. */
  requestConnect(action: () => void): () => void
  /** A new generation, not connecting yet; it reports to the shard, which passes it on. */
  createReplacement(): Generation
  connect(replacement: Generation): void
  /** Names of the streams that should arrive on the replacement. */
  wantedNames(): Iterable<string>
  /** The replacement is to become the connection now; the old socket is still there. */
  onComplete(replacement: Generation, overlapMs: number): void
  /** There is no replacement any more; the old socket is untouched. */
  onFailed(error: ConnectionError | SubscriptionError): void
}

export class HandOver {
  readonly reason: string
  readonly #clock: Clock
  readonly #port: HandOverPort
  readonly #waitMsMax: number
  #withdrawConnect: (() => void) | null = null
  #replacement: Generation | null = null
  #overlapSinceMs: number | null = null
  #timer: TimerHandle | null = null
  #isOver = false

  constructor(clock: Clock, reason: string, waitMsMax: number, port: HandOverPort) {
    this.#clock = clock
    this.reason = reason
    this.#waitMsMax = waitMsMax
    this.#port = port
  }

  get replacement(): Generation | null {
    return this.#replacement
  }

  start(): void {
    const withdraw = this.#port.requestConnect(() => {
      this.#withdrawConnect = null
      if (this.#isOver) return
      const replacement = this.#port.createReplacement()
      this.#replacement = replacement
      // From the start: data may come before the acknowledgement.
      replacement.awaitData(this.#port.wantedNames(), () => this.#checkDone())
      this.#port.connect(replacement)
    })
    // The turn may have come inside the call.
    if (this.#replacement === null && !this.#isOver) this.#withdrawConnect = withdraw
  }

  onReplacementReady(): void {
    this.#overlapSinceMs = this.#clock.monotonicMs()
    if ((this.#replacement?.awaitedCount ?? 0) === 0) this.#complete()
    else this.#timer = this.#clock.setTimer(() => this.#complete(), this.#waitMsMax)
  }

  onReplacementEnded(end: GenerationEnd): void {
    this.#finish()
    this.#port.onFailed(end.error)
  }

  /** The replacement cannot take every stream the old socket carries. */
  onReplacementRefused(error: SubscriptionError): void {
    const replacement = this.#finish()
    replacement?.drop()
    this.#port.onFailed(error)
  }

  /** These streams need not arrive any more. */
  forget(names: readonly string[]): void {
    this.#replacement?.forgetAwaited(names)
  }

  /** The old socket died: hands out the replacement, however far it is; `null` when there is none yet. */
  takeReplacement(): Generation | null {
    return this.#finish()
  }

  /** Both sockets are to go: drops the replacement. */
  cancel(): void {
    this.#finish()?.drop()
  }

  #checkDone(): void {
    if (this.#overlapSinceMs !== null) this.#complete()
  }

  #complete(): void {
    if (this.#isOver) return
    const overlapMs = this.#clock.monotonicMs() - (this.#overlapSinceMs ?? this.#clock.monotonicMs())
    const replacement = this.#finish()
    if (replacement !== null) this.#port.onComplete(replacement, overlapMs)
  }

  #finish(): Generation | null {
    const replacement = this.#replacement
    this.#isOver = true
    this.#replacement = null
    this.#withdrawConnect?.()
    this.#withdrawConnect = null
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer)
    this.#timer = null
    return replacement
  }
}
