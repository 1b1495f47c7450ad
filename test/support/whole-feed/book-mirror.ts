/**
 * The venue's book of one symbol, kept beside the feed by the simplest means: the diffs an undisturbed client would
 * get, read with `JSON.parse` into two maps. What the feed calls LIVE is compared with it level by level.
 */
import type { BookView } from '../../../src/live/index.js'
import type { OracleBook, SimVenue } from '../../../src/sim/index.js'
import type { MarketKind } from '../../../src/types/index.js'

interface Diff {
  readonly u: number
  readonly bids: readonly (readonly [number, number])[]
  readonly asks: readonly (readonly [number, number])[]
}

const LEVELS_MAX = 1_000

export class BookMirror {
  readonly symbol: string
  readonly #venue: SimVenue
  readonly #market: MarketKind
  #pending: Diff[] = []
  #sequence: number
  #bids = new Map<number, number>()
  #asks = new Map<number, number>()
  compared = 0

  constructor(venue: SimVenue, market: MarketKind, symbol: string) {
    this.symbol = symbol
    this.#venue = venue
    this.#market = market
    const start = venue.oracle.book(symbol, market) as OracleBook
    this.#sequence = start.updateId
    for (const [price, qty] of start.bids) this.#bids.set(Number(price), Number(qty))
    for (const [price, qty] of start.asks) this.#asks.set(Number(price), Number(qty))
    venue.core.source.tap(market, `${symbol.toLowerCase()}@depth@100ms`, 'ms', ({ text }) => {
      const { u, b, a } = JSON.parse(text) as { u: number; b: [string, string][]; a: [string, string][] }
      const numbers = (levels: [string, string][]): [number, number][] => levels.map(([p, q]) => [Number(p), Number(q)])
      this.#pending.push({ u, bids: numbers(b), asks: numbers(a) })
    })
  }

  /** The first difference between a book that says it is LIVE and the venue's at its sequence, or `null`. */
  difference(book: BookView): string | null {
    const truth = this.#at(book.sequence)
    if (truth === null) return null
    this.compared++
    const found = bookDifference(book, truth)
    if (found === null) return null
    const exact = this.#venue.oracle.bookAt(this.symbol, book.sequence, this.#market)
    const isOracleToo =
      exact !== null && bookDifference(book, { bids: levels(exact.bids), asks: levels(exact.asks) }) !== null
    return `${found} (${isOracleToo ? 'the oracle says so too' : 'the oracle agrees with the feed'})`
  }

  #at(sequence: number): { readonly bids: Map<number, number>; readonly asks: Map<number, number> } | null {
    // Smaller ids than those passed: the venue began them again. What is pending of the old ones comes first.
    if (sequence < this.#sequence) {
      const restart = this.#pending.findIndex(({ u }, index) => u < (this.#pending[index - 1]?.u ?? this.#sequence))
      if (restart >= 0) this.#take(restart)
      if (restart >= 0) this.#take(1)
    }
    let count = 0
    let last = this.#sequence
    for (const { u } of this.#pending) {
      if (u > sequence || u < last) break
      last = u
      count++
    }
    this.#take(count)
    if (this.#sequence === sequence) return { bids: this.#bids, asks: this.#asks }
    // A snapshot may end between two diffs.
    const exact = this.#venue.oracle.bookAt(this.symbol, sequence, this.#market)
    return exact === null ? null : { bids: levels(exact.bids), asks: levels(exact.asks) }
  }

  #take(count: number): void {
    for (const { u, bids, asks } of this.#pending.splice(0, count)) {
      apply(this.#bids, bids)
      apply(this.#asks, asks)
      this.#sequence = u
    }
  }
}

interface Sides {
  readonly bids: ReadonlyMap<number, number>
  readonly asks: ReadonlyMap<number, number>
}

function bookDifference(book: BookView, truth: Sides): string | null {
  return (
    sideDifference('bid', book.bids, book.bidHorizon, truth.bids, (price, horizon) => price >= horizon) ??
    sideDifference('ask', book.asks, book.askHorizon, truth.asks, (price, horizon) => price <= horizon)
  )
}

function apply(side: Map<number, number>, changes: readonly (readonly [number, number])[]): void {
  for (const [price, qty] of changes) {
    if (qty === 0) side.delete(price)
    else side.set(price, qty)
  }
}

function levels(texts: readonly (readonly [string, string])[]): Map<number, number> {
  return new Map(texts.map(([price, qty]) => [Number(price), Number(qty)]))
}

const scratch: number[] = []

function sideDifference(
  name: string,
  side: BookView['bids'],
  horizon: number | null,
  truth: ReadonlyMap<number, number>,
  isInside: (price: number, horizon: number) => boolean,
): string | null {
  scratch.length = 0
  const count = side.writeTop(LEVELS_MAX, scratch, 0)
  let inside = 0
  for (let index = 0; index < count; index++) {
    const price = scratch[2 * index] as number
    const qty = scratch[2 * index + 1] as number
    const before = scratch[2 * index - 2]
    if (before !== undefined && (name === 'bid' ? price >= before : price <= before)) {
      return `${name} ${price} stands behind ${before}`
    }
    if (!(qty > 0)) return `${name} ${price} has the quantity ${qty}`
    if (horizon !== null && !isInside(price, horizon)) continue
    inside++
    if (truth.get(price) !== qty) return `${name} ${price}: ${qty} instead of ${truth.get(price) ?? 'no level'}`
  }
  if (count === LEVELS_MAX) return null
  let known = 0
  for (const price of truth.keys()) if (horizon === null || isInside(price, horizon)) known++
  return known === inside ? null : `${name}: ${inside} levels instead of ${known}`
}
