/**
 * One planned replacement of a socket: the new one opens, subscribes and delivers before the old one closes.
 *
 *     WAITING_TURN --connect limiter--> OPENING --all streams acknowledged--> OVERLAPPING --each stream has
 *     switched, by a place both delivered or because its wait is over--> done
 *
 * Any of them: the replacement is lost -> failed (the old socket stays, what was held is forgotten: it comes on
 * the old one); the old socket is lost -> `takeReplacement`, then `release` (the replacement becomes the
 * connection, in whatever phase it is, and what was held is handed on at once); `cancel`.
 *
 * Owns phases and waiting times. Which socket a stream is taken from meanwhile is the business of
 * `StreamOverlap`. A stream waits from the acknowledgement on, for as long as its cadence makes silence likely:
 * one that stays quiet on both sockets for that long has nothing on the way that the new socket lacks.
 */
import type { Clock, TimerHandle } from '../../runtime/clock.js'
import type { ConnectionError, SubscriptionError } from '../errors.js'
import type { FrameGate, Generation, GenerationEnd } from './generation.js'
import { StreamOverlap } from './stream-overlap.js'

/** What a hand-over needs of its shard. */
export interface HandOverPort {
  /** Calls back when a connect is allowed; returns the withdrawal. */
  requestConnect(action: () => void): () => void
  /** A new generation, not connecting yet; it reports to the shard, which passes it on. */
  createReplacement(): Generation
  connect(replacement: Generation): void
  /** The socket to be replaced. */
  readonly old: Generation
  /** How long a stream may stay on the old socket once the new one carries it. */
  waitMsOf(name: string): number
  /** Frames that are not handed on: held ones of a replacement that is gone, or of a stream that skipped some. */
  onDiscarded(frameCount: number): void
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
  #withdrawConnect: (() => void) | null = null
  #replacement: Generation | null = null
  #overlapSinceMs: number | null = null
  #timer: TimerHandle | null = null
  #overlap: StreamOverlap | null = null
  #isOver = false

  constructor(clock: Clock, reason: string, port: HandOverPort) {
    this.#clock = clock
    this.reason = reason
    this.#port = port
  }

  /** Frames of the replacement that wait for the old socket. */
  get heldCount(): number {
    return this.#overlap?.heldCount ?? 0
  }

  get replacement(): Generation | null {
    return this.#replacement
  }

  /** The socket to be replaced. */
  get old(): Generation {
    return this.#port.old
  }

  start(): void {
    const withdraw = this.#port.requestConnect(() => {
      this.#withdrawConnect = null
      if (this.#isOver) return
      const replacement = this.#port.createReplacement()
      this.#replacement = replacement
      // From the start: data may come before the acknowledgement.
      this.#beginOverlap(replacement)
      this.#port.connect(replacement)
    })
    // The turn may have come inside the call.
    if (this.#replacement === null && !this.#isOver) this.#withdrawConnect = withdraw
  }

  onReplacementReady(): void {
    this.#overlapSinceMs = this.#clock.monotonicMs()
    this.#checkDone()
    this.#planSettling()
  }

  onReplacementEnded(end: GenerationEnd): void {
    this.#finish()
    this.#discardHeld()
    this.#port.onFailed(end.error)
  }

  /** The replacement cannot take every stream the old socket carries. */
  onReplacementRefused(error: SubscriptionError): void {
    const replacement = this.#finish()
    replacement?.drop()
    this.#discardHeld()
    this.#port.onFailed(error)
  }

  /** These streams need not arrive any more. */
  forget(names: readonly string[]): void {
    this.#overlap?.settle(names)
  }

  /** The old socket died: gives the replacement, however far it is; `null` when there is none yet. */
  takeReplacement(): Generation | null {
    return this.#finish()
  }

  /** After `takeReplacement`: hands on what waited for the old socket. */
  release(): void {
    this.#overlap?.settleAll()
  }

  /** Both sockets are to go: drops the replacement. */
  cancel(): void {
    this.#finish()?.drop()
    this.#discardHeld()
  }

  #beginOverlap(replacement: Generation): void {
    const { old } = this.#port
    const overlap = new StreamOverlap(this.#port.wantedNames(), {
      deliver: (from, bytes, start, end, receiveTimeMs) =>
        (from === 'old' ? old : replacement).deliver(bytes, start, end, receiveTimeMs),
      onLeftOut: () => this.#port.onDiscarded(1),
      onAllSwitched: () => this.#checkDone(),
    })
    this.#overlap = overlap
    const gate: FrameGate = {
      onFrame: (from, bytes, start, end, receiveTimeMs) =>
        from === old
          ? overlap.onOldFrame(bytes, start, end, receiveTimeMs)
          : overlap.onNewFrame(bytes, start, end, receiveTimeMs),
    }
    old.gate = gate
    replacement.gate = gate
  }

  /** One timer for the streams whose wait ends next. */
  #planSettling(): void {
    const sinceMs = this.#overlapSinceMs
    if (this.#isOver || sinceMs === null) return
    const waited = this.#clock.monotonicMs() - sinceMs
    let nextMs = Number.POSITIVE_INFINITY
    for (const name of this.#overlap?.pending ?? []) nextMs = Math.min(nextMs, this.#port.waitMsOf(name))
    if (nextMs === Number.POSITIVE_INFINITY) return
    this.#timer = this.#clock.setTimer(
      () => {
        this.#timer = null
        const due = [...(this.#overlap?.pending ?? [])].filter((name) => this.#port.waitMsOf(name) <= nextMs)
        this.#overlap?.settle(due)
        this.#planSettling()
      },
      Math.max(0, nextMs - waited),
    )
  }

  #checkDone(): void {
    if (this.#overlapSinceMs !== null && this.#overlap?.pending.size === 0) this.#complete()
  }

  #complete(): void {
    if (this.#isOver) return
    const overlapMs = this.#clock.monotonicMs() - (this.#overlapSinceMs ?? this.#clock.monotonicMs())
    // Streams that came during the overlap were not waited for. Whoever hears of them may end all this.
    this.#overlap?.settleAll()
    if (this.#isOver) return
    const replacement = this.#finish()
    if (replacement !== null) this.#port.onComplete(replacement, overlapMs)
  }

  #discardHeld(): void {
    const count = this.#overlap?.discard() ?? 0
    if (count > 0) this.#port.onDiscarded(count)
  }

  #finish(): Generation | null {
    const replacement = this.#replacement
    this.#isOver = true
    this.#replacement = null
    this.#port.old.gate = null
    if (replacement !== null) replacement.gate = null
    this.#withdrawConnect?.()
    this.#withdrawConnect = null
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer)
    this.#timer = null
    return replacement
  }
}
