/**
 * The streams of one shard: which are wanted, which the venue has acknowledged before, and who waits for what.
 *
 * Owns the set every ledger of the shard reconciles against, the promises of subscribe, unsubscribe and resubscribe,
 * which outlive sockets, and when refused streams are asked for again. Leaves control messages to the ledgers and
 * everything about sockets to the supervisor, which tells whose ledger speaks for the shard at the moment.
 */
import type { Clock, TimerHandle } from '../../runtime/clock.js'
import type { SubscriptionError } from '../errors.js'
import { StreamWaiters } from './stream-waiters.js'
import type { SubscriptionLedger } from './subscription-ledger.js'

/** Of the socket that is the connection now; `undefined` while there is none. */
export type CurrentLedger = () => SubscriptionLedger | undefined

export class ShardStreams {
  readonly #clock: Clock
  readonly #current: CurrentLedger
  readonly #refusedRetryMs: number
  readonly #wanted = new Set<string>()
  /** Wanted streams the venue has acknowledged at least once. */
  readonly #acknowledged = new Set<string>()
  readonly #subscribing = new StreamWaiters()
  readonly #unsubscribing = new StreamWaiters()
  #refusedTimer: TimerHandle | null = null

  /** Streams that worked before and are refused are asked for again after `refusedRetryMs`. */
  constructor(clock: Clock, refusedRetryMs: number, current: CurrentLedger) {
    this.#clock = clock
    this.#refusedRetryMs = refusedRetryMs
    this.#current = current
  }

  /** The same set for the life of the shard. */
  get wanted(): ReadonlySet<string> {
    return this.#wanted
  }

  add(names: Iterable<string>): void {
    for (const name of names) this.#wanted.add(name)
  }

  /** Resolves when all are acknowledged, at once for those that are. The caller then reconciles its sockets. */
  subscribe(names: readonly string[]): Promise<void> {
    const ledger = this.#current()
    // Who waits for them to be taken off has been overtaken.
    this.#unsubscribing.settle(names)
    this.add(names)
    // Waiting comes first: a transport may answer inside the call that sends.
    const acknowledged = this.#subscribing.wait(names.filter((name) => ledger?.statusOf(name) !== 'SUBSCRIBED'))
    ledger?.forgetRefusals(names)
    return acknowledged
  }

  /** Resolves when the venue has confirmed, at once for streams no socket carries. The caller then reconciles. */
  unsubscribe(names: readonly string[]): Promise<void> {
    const ledger = this.#current()
    this.#remove(names)
    const confirmed = this.#unsubscribing.wait(names.filter((name) => ledger?.statusOf(name) !== undefined))
    ledger?.forgetRefusals(names)
    // Who still waits for them to be acknowledged waits for nothing any more.
    this.#subscribing.settle(names)
    return confirmed
  }

  /** Resolves when the wanted ones among them have been taken off and acknowledged again. */
  resubscribe(names: readonly string[]): Promise<void> {
    const own = names.filter((name) => this.#wanted.has(name))
    const acknowledged = this.#subscribing.wait(own)
    this.#current()?.renew(own)
    return acknowledged
  }

  onSubscribed(names: readonly string[]): void {
    for (const name of names) if (this.#wanted.has(name)) this.#acknowledged.add(name)
    this.#subscribing.settle(names)
  }

  onUnsubscribed(names: readonly string[]): void {
    this.#unsubscribing.settle(names)
  }

  /**
   * Drops streams that were never acknowledged before and tells who waits; streams that worked stay wanted.
   * Returns both kinds.
   */
  onRefused(error: SubscriptionError): { known: string[]; unknown: string[] } {
    const known = error.streams.filter((name) => this.#acknowledged.has(name))
    const unknown = error.streams.filter((name) => !this.#acknowledged.has(name))
    this.#remove(unknown)
    this.#current()?.forgetRefusals(unknown)
    this.#subscribing.refuse(error)
    return { known, unknown }
  }

  /** A socket is gone, or another has taken over: what it was to take off is off. */
  onSocketReplaced(): void {
    this.#unsubscribing.resolveAll()
  }

  /** What the ledger of a socket that has just become the connection holds is told; nobody heard of it before. */
  adopt(ledger: SubscriptionLedger): void {
    this.onSubscribed(ledger.subscribedNames())
  }

  /** Streams that worked before may be refused for a while: asks again, once, when that may be over. */
  planRefusedRetry(): void {
    this.#refusedTimer ??= this.#clock.setTimer(() => {
      this.#refusedTimer = null
      this.#current()?.retryRefused()
    }, this.#refusedRetryMs)
  }

  /** Asks for nothing any more by itself. */
  giveUp(): void {
    if (this.#refusedTimer !== null) this.#clock.clearTimer(this.#refusedTimer)
    this.#refusedTimer = null
  }

  /** Ends all waiting: with the error, or quietly where nothing is owed any more. */
  settleAll(error: Error | null): void {
    if (error === null) this.#subscribing.resolveAll()
    else this.#subscribing.rejectAll(error)
    this.#unsubscribing.resolveAll()
  }

  #remove(names: readonly string[]): void {
    for (const name of names) {
      this.#wanted.delete(name)
      this.#acknowledged.delete(name)
    }
  }
}
