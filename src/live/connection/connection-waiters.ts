/** Promises that wait for a connection as a whole: to be open, or to be handed over. All end together. */
interface Waiter {
  resolve(): void
  reject(error: Error): void
}

export class ConnectionWaiters {
  readonly #waiters: Waiter[] = []

  /** Resolves or rejects with the next call of the other two. */
  wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
    })
  }

  resolveAll(): void {
    for (const waiter of this.#waiters.splice(0)) waiter.resolve()
  }

  rejectAll(error: Error): void {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error)
  }
}
