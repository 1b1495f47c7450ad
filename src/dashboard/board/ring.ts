/** A list that keeps its newest entries only. */

export class Ring<T> {
  readonly #capacity: number
  #items: T[] = []

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get length(): number {
    return Math.min(this.#items.length, this.#capacity)
  }

  push(item: T): void {
    this.#items.push(item)
    // Cut in pieces of half the capacity: a shift per push would move everything every time.
    if (this.#items.length >= this.#capacity * 1.5) this.#items = this.#items.slice(-this.#capacity)
  }

  /** Oldest first. */
  toArray(): T[] {
    return this.#items.slice(-this.#capacity)
  }

  /** The newest `count`, oldest first. */
  newest(count: number): T[] {
    return count <= 0 ? [] : this.#items.slice(-Math.min(count, this.#capacity))
  }
}
