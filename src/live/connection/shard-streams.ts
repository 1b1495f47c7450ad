/**
 * The streams of one shard: which are wanted, which the venue has acknowledged before, and who waits for what.
 *
 * Owns the set every ledger of the shard reconciles against, and the promises of subscribe, unsubscribe and
 * resubscribe, which outlive sockets. Leaves control messages to the ledgers and everything about sockets to the
 * supervisor, which passes in the ledger of the current one.
 */
import type { SubscriptionError } from '../errors.js'
import { StreamWaiters } from './stream-waiters.js'
import type { SubscriptionLedger } from './subscription-ledger.js'

export class ShardStreams {
  readonly #wanted = new Set<string>()
  /** Wanted streams the venue has acknowledged at least once. */
  readonly #acknowledged = new Set<string>()
  readonly #subscribing = new StreamWaiters()
  readonly #unsubscribing = new StreamWaiters()

  /** The same set for the life of the shard. */
  get wanted(): ReadonlySet<string> {
    return this.#wanted
  }

  add(names: Iterable<string>): void {
    for (const name of names) this.#wanted.add(name)
  }

  /** Resolves when all are acknowledged, at once for those that are. The caller then reconciles its sockets. */
  subscribe(names: readonly string[], ledger: SubscriptionLedger | undefined): Promise<void> {
    // Who waits for them to be taken off has been overtaken.
    this.#unsubscribing.settle(names)
    this.add(names)
    // Waiting comes first: a transport may answer inside the call that sends.
    const acknowledged = this.#subscribing.wait(names.filter((name) => ledger?.statusOf(name) !== 'SUBSCRIBED'))
    ledger?.forgetRefusals(names)
    return acknowledged
  }

  /** Resolves when the venue has confirmed, at once for streams no socket carries. The caller then reconciles. */
  unsubscribe(names: readonly string[], ledger: SubscriptionLedger | undefined): Promise<void> {
    this.#remove(names)
    const confirmed = this.#unsubscribing.wait(names.filter((name) => ledger?.statusOf(name) !== undefined))
    ledger?.forgetRefusals(names)
    // Who still waits for them to be acknowledged waits for nothing any more.
    this.#subscribing.settle(names)
    return confirmed
  }

  /** Resolves when the wanted ones among them have been taken off and acknowledged again. */
  resubscribe(names: readonly string[], ledger: SubscriptionLedger | undefined): Promise<void> {
    const own = names.filter((name) => this.#wanted.has(name))
    const acknowledged = this.#subscribing.wait(own)
    ledger?.renew(own)
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
  onRefused(error: SubscriptionError, ledger: SubscriptionLedger): { known: string[]; unknown: string[] } {
    const known = error.streams.filter((name) => this.#acknowledged.has(name))
    const unknown = error.streams.filter((name) => !this.#acknowledged.has(name))
    this.#remove(unknown)
    ledger.forgetRefusals(unknown)
    this.#subscribing.refuse(error)
    return { known, unknown }
  }

  /** A socket is gone, or another has taken over: what it was to take off is off. */
  onSocketReplaced(): void {
    this.#unsubscribing.resolveAll()
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
