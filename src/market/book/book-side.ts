/**
 * One side of an order book: a ladder of quantities by tick around the best price, and sorted arrays for the
 * levels far behind it.
 *
 * Both sides are kept in one coordinate, the distance: the tick for asks, minus the tick for bids, so that
 * smaller is always better. The ladder covers `[#origin, #origin + size)`; nothing better than `#origin` exists,
 * everything at or beyond its end is in the overflow. A bitmap of occupied rungs finds the next best after a
 * removal 32 rungs at a time.
 *
 * An update near the best price is an index and a store (measured in `bench`); a deep one costs a binary search
 * and a move. Prices on no common grid keep working with the sorted arrays alone, the price as its own distance.
 */
import { inferGrid, type PriceGrid } from './price-grid.js'

const LADDER_SIZE_MIN = 256
const LADDER_SIZE_MAX = 32_768
/** Share of levels of a snapshot that the ladder should cover when its size allows. */
const LADDER_COVERS = 0.5

export class BookSide {
  readonly isBid: boolean
  #grid: PriceGrid | null = null

  #ladder: Float64Array = new Float64Array(0)
  #occupied: Uint32Array = new Uint32Array(0)
  /** Distance of rung 0. */
  #origin = 0
  /** Best rung, or -1 when the ladder is empty; then the overflow is empty too. */
  #best = -1
  #ladderCount = 0

  /** Ascending distances beyond the ladder, with their quantities; the first `#overflowCount` count. */
  #overflowDistances: Float64Array = new Float64Array(16)
  #overflowQtys: Float64Array = new Float64Array(16)
  #overflowCount = 0

  /** How often the ladder was moved or the grid refined; for tuning and tests. */
  rebuildCount = 0

  constructor(isBid: boolean) {
    this.isBid = isBid
  }

  get levelCount(): number {
    return this.#ladderCount + this.#overflowCount
  }

  /** Tick size the ladder uses; `null` before the first level and when prices lie on no grid. */
  get tickSize(): number | null {
    return this.#grid?.tickSize ?? null
  }

  /** Bytes held by the arrays of this side. */
  get byteLength(): number {
    return (
      this.#ladder.byteLength +
      this.#occupied.byteLength +
      this.#overflowDistances.byteLength +
      this.#overflowQtys.byteLength
    )
  }

  get bestPrice(): number {
    if (this.#best >= 0) return this.#priceAt(this.#origin + this.#best)
    return this.#overflowCount > 0 ? this.#priceAt(this.#overflowDistances[0]!) : Number.NaN
  }

  get bestQty(): number {
    if (this.#best >= 0) return this.#ladder[this.#best]!
    return this.#overflowCount > 0 ? this.#overflowQtys[0]! : Number.NaN
  }

  /**
   * Replaces everything. `levels` holds price, qty pairs in any order; zero quantities are left out, the last of
   * two equal prices counts.
   */
  reset(levels: readonly number[]): void {
    const qtyByPrice = new Map<number, number>()
    for (let index = 0; index + 1 < levels.length; index += 2) {
      const qty = levels[index + 1]!
      if (qty === 0) qtyByPrice.delete(levels[index]!)
      else qtyByPrice.set(levels[index]!, qty)
    }
    this.#grid = qtyByPrice.size === 0 ? null : inferGrid(qtyByPrice.keys())
    this.#rebuild(qtyByPrice, qtyByPrice.size > 0 && this.#grid !== null)
  }

  /** Sets the quantity at a price; zero removes the level, which may be unknown. */
  set(price: number, qty: number): void {
    const grid = this.#grid
    if (grid === null) {
      if (this.levelCount === 0) {
        if (qty !== 0) this.reset([price, qty])
      } else {
        this.#setOverflow(this.isBid ? -price : price, qty)
      }
      return
    }
    const tick = grid.tickOf(price)
    if (Number.isNaN(tick)) {
      // Removing what cannot be there needs no finer grid.
      if (qty !== 0) this.#regrid(price, qty)
      return
    }
    const distance = this.isBid ? -tick : tick
    const rung = distance - this.#origin
    if (rung >= this.#ladder.length) {
      this.#setOverflow(distance, qty)
    } else if (rung >= 0) {
      this.#setRung(rung, qty)
    } else if (qty !== 0) {
      this.#moveLadder(distance)
      this.#setRung(distance - this.#origin, qty)
    }
  }

  /** Quantity at a price, 0 when there is no such level. */
  qtyAt(price: number): number {
    const grid = this.#grid
    const tick = grid === null ? price : grid.tickOf(price)
    if (Number.isNaN(tick)) return 0
    const distance = this.isBid ? -tick : tick
    const rung = distance - this.#origin
    if (grid !== null && rung >= 0 && rung < this.#ladder.length) return this.#ladder[rung]!
    const at = this.#search(distance)
    return at < this.#overflowCount && this.#overflowDistances[at] === distance ? this.#overflowQtys[at]! : 0
  }

  /** Writes up to `count` best levels as price, qty pairs into `out` from `offset`; returns how many levels. */
  writeTop(count: number, out: number[], offset: number): number {
    let written = 0
    let at = offset
    if (this.#best >= 0) {
      for (let rung = this.#best; rung >= 0 && written < count; rung = this.#nextOccupied(rung + 1)) {
        out[at++] = this.#priceAt(this.#origin + rung)
        out[at++] = this.#ladder[rung]!
        written++
      }
    }
    for (let index = 0; index < this.#overflowCount && written < count; index++) {
      out[at++] = this.#priceAt(this.#overflowDistances[index]!)
      out[at++] = this.#overflowQtys[index]!
      written++
    }
    return written
  }

  #priceAt(distance: number): number {
    const tick = this.isBid ? -distance : distance
    return this.#grid === null ? tick : this.#grid.priceOf(tick)
  }

  #setRung(rung: number, qty: number): void {
    const previous = this.#ladder[rung]!
    this.#ladder[rung] = qty
    if (qty !== 0) {
      if (previous === 0) {
        this.#ladderCount++
        this.#occupied[rung >>> 5]! |= 1 << (rung & 31)
        if (this.#best < 0 || rung < this.#best) this.#best = rung
      }
    } else if (previous !== 0) {
      this.#ladderCount--
      this.#occupied[rung >>> 5]! &= ~(1 << (rung & 31))
      if (rung === this.#best) this.#afterBestRemoved(rung)
    }
  }

  #afterBestRemoved(rung: number): void {
    this.#best = this.#nextOccupied(rung + 1)
    // Move before the best price walks off the ladder; the middle half is where it may stay.
    const isOut = this.#best < 0 || this.#best > (this.#ladder.length * 3) >> 2
    if (isOut && this.levelCount > 0) {
      this.#moveLadder(this.#best >= 0 ? this.#origin + this.#best : this.#overflowDistances[0]!)
    }
  }

  /** First occupied rung at or after `from`, or -1. */
  #nextOccupied(from: number): number {
    const words = this.#occupied
    let word = from >>> 5
    if (word >= words.length) return -1
    let bits = words[word]! & (-1 << (from & 31))
    while (bits === 0) {
      if (++word >= words.length) return -1
      bits = words[word]!
    }
    return (word << 5) + 31 - Math.clz32(bits & -bits)
  }

  /** Index of the first overflow distance not smaller than `distance`. */
  #search(distance: number): number {
    let low = 0
    let high = this.#overflowCount
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#overflowDistances[middle]! < distance) low = middle + 1
      else high = middle
    }
    return low
  }

  #setOverflow(distance: number, qty: number): void {
    const at = this.#search(distance)
    const exists = at < this.#overflowCount && this.#overflowDistances[at] === distance
    if (exists && qty !== 0) {
      this.#overflowQtys[at] = qty
    } else if (exists) {
      this.#overflowDistances.copyWithin(at, at + 1, this.#overflowCount)
      this.#overflowQtys.copyWithin(at, at + 1, this.#overflowCount)
      this.#overflowCount--
    } else if (qty !== 0) {
      this.#growOverflow(this.#overflowCount + 1)
      this.#overflowDistances.copyWithin(at + 1, at, this.#overflowCount)
      this.#overflowQtys.copyWithin(at + 1, at, this.#overflowCount)
      this.#overflowDistances[at] = distance
      this.#overflowQtys[at] = qty
      this.#overflowCount++
      // An empty ladder with levels behind it would have no best price.
      if (this.#grid !== null && this.#best < 0) this.#moveLadder(this.#overflowDistances[0]!)
    }
  }

  #growOverflow(count: number): void {
    if (count <= this.#overflowDistances.length) return
    const capacity = Math.max(count, 2 * this.#overflowDistances.length)
    const distances = new Float64Array(capacity)
    const qtys = new Float64Array(capacity)
    distances.set(this.#overflowDistances)
    qtys.set(this.#overflowQtys)
    this.#overflowDistances = distances
    this.#overflowQtys = qtys
  }

  /** Moves the ladder so that `bestDistance` lies a quarter into it, levels trading places with the overflow. */
  #moveLadder(bestDistance: number): void {
    this.rebuildCount++
    const size = this.#ladder.length
    const levels = this.#takeAll()
    this.#origin = bestDistance - (size >> 2)
    this.#place(levels)
  }

  /** All levels as distance, qty pairs, ascending; leaves the side empty. */
  #takeAll(): Float64Array {
    const levels = new Float64Array(2 * this.levelCount)
    let at = 0
    for (let rung = this.#best; rung >= 0; rung = this.#nextOccupied(rung + 1)) {
      levels[at++] = this.#origin + rung
      levels[at++] = this.#ladder[rung]!
    }
    for (let index = 0; index < this.#overflowCount; index++) {
      levels[at++] = this.#overflowDistances[index]!
      levels[at++] = this.#overflowQtys[index]!
    }
    this.#ladder.fill(0)
    this.#occupied.fill(0)
    this.#best = -1
    this.#ladderCount = 0
    this.#overflowCount = 0
    return levels
  }

  /** Puts ascending distance, qty pairs where they belong for the current origin. */
  #place(levels: Float64Array): void {
    const end = this.#origin + this.#ladder.length
    let at = 0
    for (; at < levels.length && levels[at]! < end; at += 2) this.#setRung(levels[at]! - this.#origin, levels[at + 1]!)
    const rest = (levels.length - at) / 2
    this.#growOverflow(rest)
    for (let index = 0; index < rest; index++) {
      this.#overflowDistances[index] = levels[at + 2 * index]!
      this.#overflowQtys[index] = levels[at + 2 * index + 1]!
    }
    this.#overflowCount = rest
  }

  /** A price between the rungs: the grid was too coarse. */
  #regrid(price: number, qty: number): void {
    const qtyByPrice = new Map<number, number>()
    const flat: number[] = []
    this.writeTop(Number.POSITIVE_INFINITY, flat, 0)
    for (let index = 0; index < flat.length; index += 2) qtyByPrice.set(flat[index]!, flat[index + 1]!)
    qtyByPrice.set(price, qty)
    this.#grid = inferGrid(qtyByPrice.keys())
    this.#rebuild(qtyByPrice, this.#grid !== null)
  }

  #rebuild(qtyByPrice: ReadonlyMap<number, number>, hasLadder: boolean): void {
    this.rebuildCount++
    const keyed = [...qtyByPrice].map(([price, qty]) => [this.#distanceOf(price), qty] as const)
    keyed.sort((a, b) => a[0] - b[0])
    const size = hasLadder ? ladderSize(keyed) : 0
    if (size !== this.#ladder.length) {
      this.#ladder = new Float64Array(size)
      this.#occupied = new Uint32Array(size >>> 5)
    } else {
      this.#ladder.fill(0)
      this.#occupied.fill(0)
    }
    this.#best = -1
    this.#ladderCount = 0
    this.#overflowCount = 0
    this.#origin = (keyed[0]?.[0] ?? 0) - (size >> 2)
    this.#place(Float64Array.from(keyed.flat()))
  }

  #distanceOf(price: number): number {
    const tick = this.#grid === null ? price : this.#grid.tickOf(price)
    return this.isBid ? -tick : tick
  }
}

/**
 * A power of two that covers half of the levels behind the best price and leaves a quarter in front of it,
 * within bounds: dense books get long ladders, sparse ones must not cost memory for empty rungs.
 */
function ladderSize(sorted: readonly (readonly [number, number])[]): number {
  const first = sorted[0]
  const reach = sorted[Math.floor((sorted.length - 1) * LADDER_COVERS)]
  if (first === undefined || reach === undefined) return LADDER_SIZE_MIN
  const span = ((reach[0] - first[0] + 1) * 4) / 3
  let size = LADDER_SIZE_MIN
  while (size < span && size < LADDER_SIZE_MAX) size *= 2
  return size
}
