/**
 * Update ids of one symbol's book. Spot counts changes of its own book. Futures symbols share one counter that runs
 * with time: each symbol sees rising ids with holes where the others are.
 */
import type { MarketKind } from '../../types/venue.js'

/** One step of the shared update id counter of futures. */
const ID_SLOT_US = 10
const FUTURES_ID_BASE = 11_800_000_000_000
const SPOT_ID_BASE = 90_000_000_000
/** How far ids go back when the venue starts them again: further than they can come in a run. */
const RESTART_IDS = 1_000_000_000

export interface UpdateIdOptions {
  readonly market: MarketKind
  readonly startUs: number
  /** Where a spot symbol begins, above the base all have. */
  readonly spotOffset: number
  /** Position among the futures symbols and their number. */
  readonly lane: number
  readonly lanes: number
}

export class UpdateIds {
  /** The newest id given. */
  lastId: number
  /** Of the book as it was at the start. */
  readonly firstId: number
  readonly #isSpot: boolean
  readonly #startUs: number
  readonly #lane: number
  readonly #lanes: number
  /** Times that ids have begun again. */
  #restarts = 0

  constructor(options: UpdateIdOptions) {
    this.#isSpot = options.market === 'spot'
    this.#startUs = options.startUs
    this.#lane = options.lane
    this.#lanes = options.lanes
    this.firstId = this.#isSpot ? SPOT_ID_BASE + options.spotOffset : FUTURES_ID_BASE + options.lane
    this.lastId = this.firstId
  }

  /** Gives the id of a change at `timeUs`. */
  next(timeUs: number): number {
    this.lastId = this.#after(this.lastId, timeUs)
    return this.lastId
  }

  /** Begins again below all ids given; `false` when there are no smaller ones left. */
  restart(): boolean {
    // Nothing fits between two neighbouring ids of one symbol.
    const baseId = this.lastId - RESTART_IDS * (this.#isSpot ? 1 : this.#lanes)
    if (baseId <= 0) return false
    this.#restarts++
    this.lastId = baseId
    return true
  }

  #after(lastId: number, timeUs: number): number {
    if (this.#isSpot) return lastId + 1
    const slot = Math.floor((timeUs - this.#startUs) / ID_SLOT_US)
    const base = FUTURES_ID_BASE - this.#restarts * RESTART_IDS * this.#lanes
    const id = base + slot * this.#lanes + this.#lane
    return id > lastId ? id : lastId + this.#lanes
  }
}
