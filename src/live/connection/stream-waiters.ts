/**
 * Promises that wait for streams: to be acknowledged, or to be taken off. One promise may wait for many
 * streams and one stream may be waited for by many promises.
 */
import { SubscriptionError } from '../errors.js'

interface Waiter {
  readonly remaining: Set<string>
  readonly refusals: SubscriptionError[]
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export class StreamWaiters {
  readonly #waiters = new Set<Waiter>()

  get size(): number {
    return this.#waiters.size
  }

  /**
   * Resolves when each name was settled; rejects with one `SubscriptionError` naming the refused ones when all
   * have their answer, or at once with what `rejectAll` is given.
   */
  wait(names: Iterable<string>): Promise<void> {
    const remaining = new Set(names)
    if (remaining.size === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiters.add({ remaining, refusals: [], resolve, reject })
    })
  }

  settle(names: readonly string[]): void {
    this.#take(names, undefined)
  }

  refuse(error: SubscriptionError): void {
    this.#take(error.streams, error)
  }

  rejectAll(error: Error): void {
    for (const waiter of this.#waiters) waiter.reject(error)
    this.#waiters.clear()
  }

  resolveAll(): void {
    for (const waiter of this.#waiters) waiter.resolve()
    this.#waiters.clear()
  }

  #take(names: readonly string[], refusal: SubscriptionError | undefined): void {
    for (const waiter of this.#waiters) {
      let isConcerned = false
      for (const name of names) isConcerned = waiter.remaining.delete(name) || isConcerned
      if (!isConcerned) continue
      if (refusal !== undefined) waiter.refusals.push(refusal)
      if (waiter.remaining.size > 0) continue
      this.#waiters.delete(waiter)
      if (waiter.refusals.length === 0) waiter.resolve()
      else waiter.reject(mergeSubscriptionErrors(waiter.refusals))
    }
  }
}

/** One error for several refusals: the code of the first, the streams of all. */
export function mergeSubscriptionErrors(errors: readonly SubscriptionError[]): SubscriptionError {
  const first = errors[0] as SubscriptionError
  if (errors.length === 1) return first
  const streams = [...new Set(errors.flatMap((error) => error.streams))]
  const message = [...new Set(errors.map((error) => error.message))].join('; ')
  return new SubscriptionError(first.code as 'SUBSCRIPTION_REJECTED', message, {
    streams,
    venueCode: first.venueCode,
    isTerminal: errors.every((error) => error.isTerminal),
    cause: first,
  })
}
