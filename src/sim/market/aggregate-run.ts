/**
 * Numbers the aggregates of executions. Spot aggregates the fills of one taker order at one price; futures those at one
 * price and side within 100 ms. Only neighbours are joined, so that an aggregate covers an unbroken range of trade ids.
 */
export class AggregateRun {
  /** Of the next aggregate. */
  nextId: number
  #price = -1
  #isBuyerMaker = false
  #group = -1

  constructor(firstId: number) {
    this.nextId = firstId
  }

  /** The aggregate of an execution; `group` is its taker order or its time window, whatever joins executions here. */
  idOf(price: number, isBuyerMaker: boolean, group: number): number {
    const joins = price === this.#price && isBuyerMaker === this.#isBuyerMaker && group === this.#group
    if (!joins) this.nextId++
    this.#price = price
    this.#isBuyerMaker = isBuyerMaker
    this.#group = group
    return this.nextId - 1
  }

  /** What comes next begins an aggregate of its own. */
  end(): void {
    this.#price = -1
  }
}
