/** Reading a topic with `for await`: a subscription whose consumer pulls. */
import type { Envelope } from '../types/envelope.js'
import type { SubscriptionStats } from './stats.js'
import type { SubscriptionCore } from './subscription.js'

/**
 * Messages of a topic from the call of `stream()` on, so nothing is missed before the first read. Ends when
 * the bus closes, after what waits has been read; throws `SUBSCRIPTION_OVERFLOW` after that with
 * `overflow: 'fail'`. Leaving the loop (`break`, `return`, an exception) unsubscribes; a stream that is
 * never read holds at most `capacity` messages until `return()`.
 */
export interface MessageStream<Env> extends AsyncIterableIterator<Env, undefined> {
  next(): Promise<IteratorResult<Env, undefined>>
  return(): Promise<IteratorResult<Env, undefined>>
  stats(): SubscriptionStats
}

interface Reader {
  resolve(result: IteratorResult<Envelope<unknown>, undefined>): void
  reject(error: Error): void
}

const END: IteratorReturnResult<undefined> = { done: true, value: undefined }

export class SubscriptionStream implements MessageStream<Envelope<unknown>> {
  #subscription!: SubscriptionCore
  #readers: Reader[] = []
  #isErrorTold = false
  #isServing = false

  /** The subscription needs `onReadable` of this, this needs the subscription. */
  attach(subscription: SubscriptionCore): void {
    this.#subscription = subscription
  }

  /** Serves waiting readers. Reading makes room, a waiting publisher may use it at once and lead here again. */
  onReadable(): void {
    if (this.#isServing) return
    this.#isServing = true
    while (this.#readers.length > 0) {
      const result = this.#read()
      if (result === null) break
      const reader = this.#readers.shift() as Reader
      if (result instanceof Error) reader.reject(result)
      else reader.resolve(result)
    }
    this.#isServing = false
  }

  next(): Promise<IteratorResult<Envelope<unknown>, undefined>> {
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject })
      this.onReadable()
    })
  }

  async return(): Promise<IteratorResult<Envelope<unknown>, undefined>> {
    this.#subscription.unsubscribe()
    return END
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  stats(): SubscriptionStats {
    return this.#subscription.stats()
  }

  /** `null` while there is nothing to tell. */
  #read(): IteratorResult<Envelope<unknown>, undefined> | Error | null {
    const subscription = this.#subscription
    const value = subscription.take()
    if (value !== undefined) return { done: false, value }
    if (subscription.error !== null && !this.#isErrorTold) {
      this.#isErrorTold = true
      subscription.end()
      return subscription.error
    }
    return subscription.state === 'ACTIVE' ? null : END
  }
}
