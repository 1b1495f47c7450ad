/** Events between a connector and its consumers: bounded, in order, with exact counts of what had to go. */

/** `block`: the connector is not asked for more until there is room. */
export type QueueOverflow = 'dropOldest' | 'dropNewest' | 'block'

export class EventQueue<T> {
  readonly capacity: number
  readonly overflow: QueueOverflow
  /** Events dropped so far. */
  droppedCount = 0
  /** Most that ever waited. */
  lengthMax = 0
  readonly #items: (T | undefined)[]
  #head = 0
  #length = 0

  constructor(capacity: number, overflow: QueueOverflow) {
    this.capacity = capacity
    this.overflow = overflow
    this.#items = new Array<T | undefined>(capacity)
  }

  get length(): number {
    return this.#length
  }

  get isFull(): boolean {
    return this.#length === this.capacity
  }

  /** Returns what was dropped to keep the bound: the oldest, the given one, or nothing. With `block` ask `isFull` first. */
  push(item: T): T | undefined {
    let dropped: T | undefined
    if (this.isFull) {
      this.droppedCount++
      if (this.overflow !== 'dropOldest') return item
      dropped = this.shift()
    }
    this.#items[(this.#head + this.#length) % this.capacity] = item
    this.#length++
    if (this.#length > this.lengthMax) this.lengthMax = this.#length
    return dropped
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head] = undefined
    this.#head = (this.#head + 1) % this.capacity
    this.#length--
    return item
  }

  clear(): void {
    while (this.shift() !== undefined);
  }
}
