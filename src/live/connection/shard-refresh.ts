/**
 * The hand-overs of one shard: when the next begins, the one under way, and what follows from one that fails.
 *
 *     waiting for the age --RefreshTimer--> begin --may not yet--> due --resume--> under way --> taken over, failed
 *
 * Owns the reasons to begin (age, a request, the venue's announcement, unanswered control messages) and the rule that
 * a shard never has three sockets. Leaves the course of a hand-over to `HandOver`, times and tries to `RefreshTimer`,
 * and what the outcome means for state, streams and whoever waits to the supervisor.
 */
import type { Random } from '../../runtime/random.js'
import type { ConnectionError, SubscriptionError } from '../errors.js'
import type { Generation, GenerationEnd } from './generation.js'
import { HandOver } from './hand-over.js'
import { backoffOf } from './reconnect-policy.js'
import { RefreshTimer } from './refresh-timer.js'
import type { ShardContext } from './shard-connection.js'
import type { ShardSockets } from './shard-sockets.js'

/** The shard whose socket is replaced. */
export interface RefreshOwner {
  /** The socket to be replaced, while the connection is open and not being replaced already; else `null`. */
  readonly replaceable: Generation | null
  /** Which reconnect attempt a new socket would be. */
  readonly attempt: number
  /** May end all this. */
  onRefreshBegun(): void
  /** The replacement is to become the connection now; the old socket is still there. */
  onReplaced(replacement: Generation, reason: string, overlapMs: number): void
  /** There is no replacement any more; the old socket is untouched, and another try is planned. */
  onRefreshFailed(error: ConnectionError | SubscriptionError): void
}

export interface ShardRefreshOptions {
  readonly random: Random
  /** Whether one may begin now; if not, it begins with `resume`. */
  readonly mayBegin: () => boolean
}

type RefreshContext = Pick<
  ShardContext,
  'clock' | 'config' | 'connectionLifetimeMs' | 'counters' | 'handOverWaitMs' | 'limiter'
>

/** Tries that may fail because the venue refuses a stream on the new socket, before it moves without it. */
const STRICT_TRIES_MAX = 3

export class ShardRefresh {
  readonly #owner: RefreshOwner
  readonly #sockets: ShardSockets
  readonly #context: RefreshContext
  readonly #mayBegin: () => boolean
  readonly #timer: RefreshTimer
  #handOver: HandOver | null = null
  /** Why one is to begin as soon as it may. */
  #dueReason: string | null = null

  constructor(owner: RefreshOwner, sockets: ShardSockets, context: RefreshContext, options: ShardRefreshOptions) {
    const { clock, config, connectionLifetimeMs } = context
    this.#owner = owner
    this.#sockets = sockets
    this.#context = context
    this.#mayBegin = options.mayBegin
    const times = {
      ageMsMax: config.connectionAgeMsMax,
      lifetimeMs: connectionLifetimeMs,
      window: config.refreshWindow,
      backoff: backoffOf(config),
    }
    this.#timer = new RefreshTimer(clock, options.random, times, (reason) => this.begin(reason))
  }

  /** `null` when none is planned. */
  get dueInMs(): number | null {
    return this.#timer.dueInMs
  }

  /** Frames of a replacement that wait for the old socket. */
  get heldCount(): number {
    return this.#handOver?.heldCount ?? 0
  }

  isReplacement(generation: Generation): boolean {
    return this.#handOver !== null && this.#handOver.replacement === generation
  }

  // --- beginning -------------------------------------------------------------------------------------

  /** The socket has just become the connection: the next hand-over is due at its age. */
  plan(): void {
    this.#timer.plan()
  }

  /** Without effect unless the connection is open; joins the one under way. */
  begin(reason: string): void {
    const owner = this.#owner
    const sockets = this.#sockets
    const { clock, limiter, counters, handOverWaitMs } = this.#context
    const old = owner.replaceable
    if (old === null) return
    this.#timer.clear()
    // Never three sockets: the one replaced last may still be closing.
    if (sockets.count > 1 || !this.#mayBegin()) {
      this.#dueReason = reason
      return
    }
    const handOver = new HandOver(clock, reason, {
      old,
      waitMsOf: handOverWaitMs,
      onDiscarded: (frameCount) => {
        counters.framesLate += frameCount
      },
      requestConnect: (action) => limiter.request(action),
      createReplacement: () => sockets.create(owner.attempt),
      connect: (replacement) => sockets.connect(replacement),
      wantedNames: () => sockets.wanted,
      onComplete: (replacement, overlapMs) => {
        this.#handOver = null
        owner.onReplaced(replacement, reason, overlapMs)
      },
      onFailed: (error) => this.#onFailed(error, reason),
    })
    this.#handOver = handOver
    owner.onRefreshBegun()
    if (this.#handOver === handOver) handOver.start()
  }

  /** One that had to wait for its turn may try again. */
  resume(): void {
    const reason = this.#dueReason
    this.#dueReason = null
    if (reason !== null) this.begin(reason)
  }

  /** The connection is lost or given up: what waited for a turn is not wanted any more. */
  forgetDue(): void {
    this.#dueReason = null
  }

  /**
   * The venue is about to close the current socket: replaces it now. When the replacement is announced away as well
   * (a whole group of servers goes down), the next one waits as a failed one would.
   */
  leaveAnnouncedShutdown(): void {
    if (this.#owner.replaceable === null) return
    if (this.#timer.tries > 0) this.#timer.retry('serverShutdown')
    else {
      this.#timer.countTry()
      this.begin('serverShutdown')
    }
  }

  /** Data flows: the next hand-over that fails is the first again. */
  forgetTries(): void {
    this.#timer.forgetTries()
  }

  // --- under way -------------------------------------------------------------------------------------

  /** The wanted streams changed. */
  reconcile(): void {
    this.#handOver?.replacement?.reconcile()
  }

  /** These streams need not arrive any more. */
  forgetStreams(names: readonly string[]): void {
    this.#handOver?.forget(names)
  }

  onReplacementReady(): void {
    this.#handOver?.onReplacementReady()
  }

  onReplacementEnded(end: GenerationEnd): void {
    this.#handOver?.onReplacementEnded(end)
  }

  /** Whether the refusal ended the hand-over; if not, the connection moves without these streams. */
  onReplacementRefused(error: SubscriptionError): boolean {
    // A stream that was delisted meanwhile must not keep the others from moving for ever.
    const isTolerable = error.code === 'SUBSCRIPTION_REJECTED' && this.#timer.tries >= STRICT_TRIES_MAX
    const isLoss = error.streams.some((name) => this.#handOver?.old.ledger.statusOf(name) === 'SUBSCRIBED')
    if (!isLoss || isTolerable) return false
    this.#handOver?.onReplacementRefused(error)
    return true
  }

  // --- ending ----------------------------------------------------------------------------------------

  /** The old socket is lost: nothing is planned any more, and what was under way is the caller's to end. */
  takeHandOver(): HandOver | null {
    const handOver = this.#handOver
    this.#timer.clear()
    this.#handOver = null
    return handOver
  }

  /** Both sockets are to go: drops the replacement. What is planned stays planned. */
  cancel(): void {
    const handOver = this.#handOver
    handOver?.cancel()
    this.#handOver = null
  }

  /** No hand-over begins any more; one under way is cancelled. */
  giveUp(): void {
    this.#dueReason = null
    this.#timer.clear()
    this.cancel()
  }

  #onFailed(error: ConnectionError | SubscriptionError, reason: string): void {
    this.#handOver = null
    this.#context.counters.refreshFailures++
    this.#timer.retry(reason)
    this.#owner.onRefreshFailed(error)
  }
}
