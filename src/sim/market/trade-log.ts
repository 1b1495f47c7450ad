/** The last executions of one instrument, in columns; ids are contiguous. */

/** How an execution came about. Only `MARKET` ones come from the book; the others exist on futures. */
export const TradeKind = { MARKET: 0, INSURANCE_FUND: 1, ADL: 2, NA: 3 } as const
export type TradeKind = (typeof TradeKind)[keyof typeof TradeKind]

export const TRADE_KIND_NAMES = ['MARKET', 'INSURANCE_FUND', 'ADL', 'NA'] as const

const INITIAL_CAPACITY = 64
const MAKER_BIT = 8

/** One execution; also produced for warm-up history, which is not kept in a log. */
export interface TradeRecord {
  readonly id: number
  /** Ticks. */
  readonly price: number
  readonly lots: number
  readonly timeUs: number
  /** The resting order was the buyer: the taker sold. */
  readonly isBuyerMaker: boolean
  /** -1 for executions that are left out of aggregation. */
  readonly aggregateId: number
  readonly kind: TradeKind
}

export class TradeLog {
  readonly #capacityMax: number
  #capacity = INITIAL_CAPACITY
  #prices = new Float64Array(INITIAL_CAPACITY)
  #lots = new Float64Array(INITIAL_CAPACITY)
  #times = new Float64Array(INITIAL_CAPACITY)
  #aggregates = new Float64Array(INITIAL_CAPACITY)
  #flags = new Uint8Array(INITIAL_CAPACITY)
  /** Ids `[#beginId, #endId)` are still here. */
  #beginId: number
  #endId: number

  constructor(firstId: number, capacityMax: number) {
    this.#beginId = firstId
    this.#endId = firstId
    this.#capacityMax = capacityMax
  }

  /** First id still kept. */
  get beginId(): number {
    return this.#beginId
  }

  /** Id of the next execution. */
  get endId(): number {
    return this.#endId
  }

  push(
    price: number,
    lots: number,
    timeUs: number,
    isBuyerMaker: boolean,
    aggregateId: number,
    kind: TradeKind,
  ): number {
    if (this.#endId - this.#beginId === this.#capacity) this.#makeRoom()
    const slot = this.#endId % this.#capacity
    this.#prices[slot] = price
    this.#lots[slot] = lots
    this.#times[slot] = timeUs
    this.#aggregates[slot] = aggregateId
    this.#flags[slot] = kind | (isBuyerMaker ? MAKER_BIT : 0)
    return this.#endId++
  }

  price(id: number): number {
    return this.#prices[id % this.#capacity]!
  }

  lots(id: number): number {
    return this.#lots[id % this.#capacity]!
  }

  timeUs(id: number): number {
    return this.#times[id % this.#capacity]!
  }

  aggregateId(id: number): number {
    return this.#aggregates[id % this.#capacity]!
  }

  isBuyerMaker(id: number): boolean {
    return (this.#flags[id % this.#capacity]! & MAKER_BIT) !== 0
  }

  kind(id: number): TradeKind {
    return (this.#flags[id % this.#capacity]! & ~MAKER_BIT) as TradeKind
  }

  record(id: number): TradeRecord {
    return {
      id,
      price: this.price(id),
      lots: this.lots(id),
      timeUs: this.timeUs(id),
      isBuyerMaker: this.isBuyerMaker(id),
      aggregateId: this.aggregateId(id),
      kind: this.kind(id),
    }
  }

  /** First kept id with a time at or after `timeUs`; `endId` if there is none. */
  firstIdAtOrAfter(timeUs: number): number {
    let low = this.#beginId
    let high = this.#endId
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (this.timeUs(middle) < timeUs) low = middle + 1
      else high = middle
    }
    return low
  }

  #makeRoom(): void {
    if (this.#capacity >= this.#capacityMax) {
      this.#beginId++
      return
    }
    const capacity = Math.min(this.#capacity * 2, this.#capacityMax)
    const next = {
      prices: new Float64Array(capacity),
      lots: new Float64Array(capacity),
      times: new Float64Array(capacity),
      aggregates: new Float64Array(capacity),
      flags: new Uint8Array(capacity),
    }
    for (let id = this.#beginId; id < this.#endId; id++) {
      const from = id % this.#capacity
      const to = id % capacity
      next.prices[to] = this.#prices[from]!
      next.lots[to] = this.#lots[from]!
      next.times[to] = this.#times[from]!
      next.aggregates[to] = this.#aggregates[from]!
      next.flags[to] = this.#flags[from]!
    }
    this.#capacity = capacity
    this.#prices = next.prices
    this.#lots = next.lots
    this.#times = next.times
    this.#aggregates = next.aggregates
    this.#flags = next.flags
  }
}
