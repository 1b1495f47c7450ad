/** Keeps the last `capacity` values, oldest first. Memory grows only as far as it is used. */
export class Ring<T> {
  readonly capacity: number
  readonly #values: T[] = []
  #next = 0
  #total = 0

  constructor(capacity: number) {
    this.capacity = capacity
  }

  /** Number of values ever added. */
  get total(): number {
    return this.#total
  }

  push(value: T): void {
    this.#total++
    if (this.#values.length < this.capacity) {
      this.#values.push(value)
      return
    }
    this.#values[this.#next] = value
    this.#next = (this.#next + 1) % this.capacity
  }

  /** The values still kept, oldest first. */
  toArray(): T[] {
    return [...this.#values.slice(this.#next), ...this.#values.slice(0, this.#next)]
  }

  get last(): T | undefined {
    if (this.#values.length === 0) return undefined
    return this.#values[(this.#next + this.#values.length - 1) % this.#values.length]
  }
}
