/**
 * The narrow port through which market data reaches the bus: what a handler needs, and all it needs.
 * A bus topic handle satisfies it; a test passes an array's `push`.
 */
export interface Publisher<T> {
  /** Never throws because of a subscriber. */
  publish(payload: T): void
}
