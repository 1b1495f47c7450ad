/**
 * One side of a matching book: levels in price order, each with its queue of orders.
 *
 * Levels sit in an array with the best one last: most activity is near the best price, so inserts and removals
 * move few elements.
 */
import { type RestingOrder, Side } from './order.js'

export class BookOrder implements RestingOrder {
  readonly id: number
  readonly side: Side
  readonly price: number
  readonly owner: number
  lots: number
  level: Level | null = null
  previous: BookOrder | null = null
  next: BookOrder | null = null
  tag = -1

  constructor(id: number, side: Side, price: number, lots: number, owner: number) {
    this.id = id
    this.side = side
    this.price = price
    this.lots = lots
    this.owner = owner
  }

  get isResting(): boolean {
    return this.level !== null
  }
}

/** All orders at one price, oldest first. */
export class Level {
  readonly price: number
  /** Sum over the queue. */
  lots = 0
  head: BookOrder | null = null
  tail: BookOrder | null = null

  constructor(price: number) {
    this.price = price
  }

  append(order: BookOrder): void {
    order.level = this
    order.previous = this.tail
    if (this.tail === null) this.head = order
    else this.tail.next = order
    this.tail = order
    this.lots += order.lots
  }

  remove(order: BookOrder): void {
    if (order.previous === null) this.head = order.next
    else order.previous.next = order.next
    if (order.next === null) this.tail = order.previous
    else order.next.previous = order.previous
    order.level = null
    order.previous = null
    order.next = null
    this.lots -= order.lots
  }
}

export class BookSide {
  /** Worst level first, best last. */
  readonly levels: Level[] = []
  readonly #byPrice = new Map<number, Level>()
  /** Turns prices into keys that rise towards the best. */
  readonly #sign: 1 | -1

  constructor(side: Side) {
    this.#sign = side === Side.BUY ? 1 : -1
  }

  get best(): Level | null {
    return this.levels[this.levels.length - 1] ?? null
  }

  at(price: number): Level | null {
    return this.#byPrice.get(price) ?? null
  }

  /** The level at this price, made if there is none. */
  open(price: number): Level {
    const existing = this.#byPrice.get(price)
    if (existing !== undefined) return existing
    const level = new Level(price)
    this.#byPrice.set(price, level)
    const index = this.#indexOf(price)
    if (index === this.levels.length) this.levels.push(level)
    else this.levels.splice(index, 0, level)
    return level
  }

  /** Takes an empty level out. */
  close(level: Level): void {
    this.#byPrice.delete(level.price)
    const last = this.levels.length - 1
    if (this.levels[last] === level) this.levels.pop()
    else this.levels.splice(this.#indexOf(level.price), 1)
  }

  /** First index whose price is at least as good. */
  #indexOf(price: number): number {
    const { levels } = this
    const sign = this.#sign
    const key = sign * price
    let low = 0
    let high = levels.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (sign * levels[middle]!.price < key) low = middle + 1
      else high = middle
    }
    return low
  }
}
