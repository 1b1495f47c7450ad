/**
 * The ids that a venue prints for executions and aggregates. Inside, executions are counted without a break, so that
 * history, candles and statistics are searched by one rising number; what a client reads is that number until ids begin
 * again, and smaller from there on.
 *
 *     inside:   100 101 102 | 103 104 105        `|` ids begin again
 *     printed:  100 101 102 |  13  14  15
 *
 * Ids of one epoch are never those of another: each begins further below than a run can count.
 */

/** How far ids go back when they begin again. */
const RESTART_IDS = 1_000_000_000

interface Epoch {
  /** First execution and first aggregate of it, by the count inside. */
  readonly fromTrade: number
  readonly fromAggregate: number
  /** What is taken off the count inside. */
  readonly offset: number
}

export class TradeNumbers {
  /** By time. */
  readonly #epochs: Epoch[] = [{ fromTrade: 0, fromAggregate: 0, offset: 0 }]

  /** `false` when there are no smaller ids left. */
  restart(nextTrade: number, nextAggregate: number): boolean {
    const offset = this.#newest.offset + RESTART_IDS
    if (Math.min(nextTrade, nextAggregate) - offset <= 0) return false
    this.#epochs.push({ fromTrade: nextTrade, fromAggregate: nextAggregate, offset })
    return true
  }

  /** Printed id of an execution; -1, which stands for none, stays. */
  trade(id: number): number {
    return this.#epochs.length === 1 || id < 0
      ? id
      : id - (this.#epochs.findLast(({ fromTrade }) => fromTrade <= id)?.offset ?? 0)
  }

  /** The same for an aggregate. */
  aggregate(id: number): number {
    return this.#epochs.length === 1 || id < 0
      ? id
      : id - (this.#epochs.findLast(({ fromAggregate }) => fromAggregate <= id)?.offset ?? 0)
  }

  /** The first execution that a client means who asks from a printed id on: a venue finds by the ids it has now. */
  tradeFrom(printed: number): number {
    const { offset, fromTrade } = this.#newest
    return Math.max(printed + offset, fromTrade)
  }

  /** The same for an aggregate. */
  aggregateFrom(printed: number): number {
    const { offset, fromAggregate } = this.#newest
    return Math.max(printed + offset, fromAggregate)
  }

  /** All executions with printed ids in a range, also those that the venue has forgotten: inside, inclusive, by time. */
  tradeRanges(fromPrinted: number, toPrinted: number): readonly (readonly [from: number, to: number])[] {
    return this.#epochs.flatMap(({ fromTrade, offset }, index): (readonly [number, number])[] => {
      const end = this.#epochs[index + 1]?.fromTrade ?? Number.POSITIVE_INFINITY
      const from = Math.max(fromPrinted + offset, fromTrade)
      const to = Math.min(toPrinted + offset, end - 1)
      return from <= to ? [[from, to]] : []
    })
  }

  get #newest(): Epoch {
    return this.#epochs[this.#epochs.length - 1] as Epoch
  }
}
