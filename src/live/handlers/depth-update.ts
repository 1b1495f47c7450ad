/**
 * Reading `depthUpdate`, which two handlers share: the diff stream of both markets, and the partial book of
 * futures, which looks the same and means something else.
 */
import type { MarketKind } from '../../types/venue.js'
import {
  type FrameCursor,
  type JsonFields,
  keyWord,
  LEVELS_FROM,
  Literal,
  letterSet,
  SURPRISE,
} from '../decode/index.js'

/**
 * Spot, from `binance-spot-4sym-20211012.jsonl.gz`:
 *
 *   {"e":"depthUpdate","E":1633998512068,"s":"NKNUSDT","U":499869750,"u":499869752,
 *    "b":[["0.35130000","6195.00000000"],["0.34750000","5548.00000000"]],"a":[]}
 *
 * USD-M, from `binance-usdm-4sym-20210722.jsonl.gz`; since 2026 with `"ps"` and `"st"`, COIN-M with `"ps"` after `s`:
 *
 *   {"e":"depthUpdate","E":1626992741037,"T":1626992741024,"s":"SUSHIUSDT","U":600859599090,"u":600859600917,
 *    "pu":600859598061,"b":[["7.5040","813"],["7.6090","0"]],"a":[["7.6150","1563"]]}
 */
export interface WireDepthUpdate {
  readonly e: 'depthUpdate'
  /** Event time, epoch ms. */
  readonly E: number
  /** Futures only: transaction time, epoch ms. */
  readonly T?: number
  readonly s: string
  /** Futures only: pair. */
  readonly ps?: string
  /** First and last update id covered. */
  readonly U: number
  readonly u: number
  /** Futures only: `u` of the event before on this stream. */
  readonly pu?: number
  /** Price and absolute quantity; 0 removes the level. */
  readonly b: readonly (readonly [string, string])[]
  readonly a: readonly (readonly [string, string])[]
  /** Futures only: 1 USD-M, 2 COIN-M. */
  readonly st?: number
}

const BEGIN = new Literal('{"e":"depthUpdate"')
const PREVIOUS_ID = new Literal(',"pu":')
const BIDS = new Literal(',"b":')
const ASKS = new Literal(',"a":')
const PAIR = new Literal(',"ps"')
const KEY_E = keyWord('E')
const KEY_T = keyWord('T')
const KEY_U = keyWord('U')
const KEY_u = keyWord('u')
const KNOWN = letterSet('eETsUuba')

const EVENT_TIME = 0
const TRANSACTION_TIME = 1
const FIRST_ID = 2
const LAST_ID = 3
const PREVIOUS = 4

/** Fills the level slots of the cursor and its own fields. */
export class DepthUpdateReader {
  bidCount = 0
  askCount = 0
  readonly #symbol: string
  readonly #symbolMember: Literal
  readonly #isSpot: boolean
  readonly #cursor: FrameCursor

  constructor(symbol: string, market: MarketKind, cursor: FrameCursor) {
    this.#symbol = symbol
    this.#symbolMember = new Literal(`,"s":${JSON.stringify(symbol)}`)
    this.#isSpot = market === 'spot'
    this.#cursor = cursor
  }

  get firstSequence(): number {
    return this.#cursor.numbers[FIRST_ID] as number
  }

  get sequence(): number {
    return this.#cursor.numbers[LAST_ID] as number
  }

  /** NaN on spot. */
  get previousSequence(): number {
    return this.#cursor.numbers[PREVIOUS] as number
  }

  get venueTimeMs(): number {
    return this.#cursor.numbers[EVENT_TIME] as number
  }

  /** From the bytes the cursor stands on; `false` for a surprise. */
  scan(): boolean {
    const cursor = this.#cursor
    if (!(cursor.literal(BEGIN) && cursor.integer(KEY_E, EVENT_TIME))) return false
    if (!this.#isSpot && !cursor.integer(KEY_T, TRANSACTION_TIME)) return false
    if (!cursor.literal(this.#symbolMember)) return false
    if (!this.#isSpot && cursor.literal(PAIR) && !cursor.skipTextHere()) return false
    if (!(cursor.integer(KEY_U, FIRST_ID) && cursor.integer(KEY_u, LAST_ID))) return false
    if (this.#isSpot) cursor.numbers[PREVIOUS] = Number.NaN
    else if (!(cursor.literal(PREVIOUS_ID) && cursor.integerHere(PREVIOUS))) return false
    if (!cursor.literal(BIDS)) return false
    const bidCount = cursor.levels(LEVELS_FROM)
    if (bidCount === SURPRISE || !cursor.literal(ASKS)) return false
    const askCount = cursor.levels(LEVELS_FROM + 2 * bidCount)
    if (askCount === SURPRISE) return false
    this.bidCount = bidCount
    this.askCount = askCount
    return cursor.closeLast(KNOWN)
  }

  parse(fields: JsonFields): void {
    const numbers = this.#cursor.numbers
    fields.expect('e', 'depthUpdate')
    fields.expect('s', this.#symbol)
    numbers[EVENT_TIME] = fields.integer('E')
    numbers[TRANSACTION_TIME] = fields.optionalInteger('T')
    numbers[FIRST_ID] = fields.integer('U')
    numbers[LAST_ID] = fields.integer('u')
    numbers[PREVIOUS] = this.#isSpot ? Number.NaN : fields.integer('pu')
    this.bidCount = fields.levels('b', numbers, LEVELS_FROM)
    this.askCount = fields.levels('a', numbers, LEVELS_FROM + 2 * this.bidCount)
  }

  /** What is impossible about the ids and times read, or `''`. */
  problem(): string {
    const first = this.firstSequence
    const last = this.sequence
    const previous = this.previousSequence
    if (!(first >= 0 && last >= first)) return `U, u: update ids cannot run from ${first} to ${last}`
    // -1 is what a stream without an event before may say; NaN passes: spot sends none.
    if (previous < -1 || previous > last) return `pu: the update before ${last} cannot be ${previous}`
    if (!(this.venueTimeMs > 0)) return `E: a time cannot be ${this.venueTimeMs}`
    return ''
  }
}
