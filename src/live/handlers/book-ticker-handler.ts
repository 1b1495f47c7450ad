/**
 * Best bid and offer (`<s>@bookTicker`). Spot sends neither type nor times; futures sends both, and its
 * key order differs between USD-M and COIN-M. An empty side comes as price 0.
 */
import type { BestBidOffer } from '../../types/order-book.js'
import type { Publisher } from '../../types/publisher.js'
import type { StreamSpec } from '../config/stream-spec.js'
import { type JsonFields, keyWord, Literal, letterSet } from '../decode/index.js'
import type { Feed } from '../feed.js'
import { PayloadOutcome } from './handler.js'
import { type HandlerContext, noteLatency, PayloadHandler } from './payload-handler.js'

/**
 * Spot, from `binance-spot-btcusdt-20240808.jsonl.gz`:
 *
 *   {"u":50093239212,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"}
 *
 * USD-M, from `binance-usdm-btcusdt-20240808.jsonl.gz`; since 2026 with `"ps"` after `s` and `"st":1` at the end:
 *
 *   {"e":"bookTicker","u":5123107839020,"s":"BTCUSDT","b":"61800.20","B":"2.507","a":"61800.30","A":"2.510",
 *    "T":1723161256313,"E":1723161256313}
 *
 * COIN-M, from `binance-coinm-btcusd_perp-20240808.jsonl.gz`:
 *
 *   {"u":1007198632021,"e":"bookTicker","s":"BTCUSD_PERP","ps":"BTCUSD","b":"61804.7","B":"35","a":"61804.8",
 *    "A":"1645","T":1723161257465,"E":1723161257476}
 */
export interface WireBookTicker {
  /** Futures only. */
  readonly e?: 'bookTicker'
  /** Update id of the order book, on the id line of the depth streams. */
  readonly u: number
  readonly s: string
  /** Best bid price and quantity. */
  readonly b: string
  readonly B: string
  /** Best ask price and quantity. */
  readonly a: string
  readonly A: string
  /** Futures only: transaction and event time, epoch ms. */
  readonly T?: number
  readonly E?: number
  /** Futures only: pair; 1 USD-M, 2 COIN-M. */
  readonly ps?: string
  readonly st?: number
}

const BEGIN_TYPED = new Literal('{"e":"bookTicker"')
const TYPE_MEMBER = new Literal(',"e":"bookTicker"')
const PAIR = new Literal(',"ps"')
const FIRST_u = keyWord('u', '{')
const KEY_u = keyWord('u')
const KEY_b = keyWord('b')
const KEY_B = keyWord('B')
const KEY_a = keyWord('a')
const KEY_A = keyWord('A')
const KEY_T = keyWord('T')
const KEY_E = keyWord('E')
const KNOWN = letterSet('eusbBaATE')

const SEQUENCE = 0
const BID = 1
const BID_QTY = 2
const ASK = 3
const ASK_QTY = 4
const EVENT_TIME = 5
const TRANSACTION_TIME = 6

export class BookTickerHandler extends PayloadHandler {
  readonly #publisher: Publisher<BestBidOffer>
  readonly #symbolMember: Literal
  readonly #isSpot: boolean

  constructor(spec: StreamSpec, context: HandlerContext) {
    super(spec, context)
    this.#publisher = context.publishers.bbo
    this.#symbolMember = new Literal(`,"s":${JSON.stringify(spec.symbol)}`)
    this.#isSpot = context.market === 'spot'
  }

  handle(bytes: Uint8Array, start: number, end: number, receiveTimeMs: number, feed: Feed): PayloadOutcome {
    this.cursor.open(bytes, start, end)
    if (!(this.#isSpot ? this.#scanSpot() : this.#scanFutures())) {
      const failure = this.parseSlowly(bytes, start, end, feed)
      if (failure !== null) return failure
    }
    return this.finish(receiveTimeMs, feed)
  }

  #scanSpot(): boolean {
    const cursor = this.cursor
    if (!(cursor.integer(FIRST_u, SEQUENCE) && cursor.literal(this.#symbolMember) && this.#scanSides())) return false
    cursor.numbers[EVENT_TIME] = Number.NaN
    return cursor.closeLast(KNOWN)
  }

  #scanFutures(): boolean {
    const cursor = this.cursor
    const hasHead = cursor.literal(BEGIN_TYPED)
      ? cursor.integer(KEY_u, SEQUENCE)
      : cursor.integer(FIRST_u, SEQUENCE) && cursor.literal(TYPE_MEMBER)
    if (!(hasHead && cursor.literal(this.#symbolMember))) return false
    if (cursor.literal(PAIR) && !cursor.skipTextHere()) return false
    return (
      this.#scanSides() &&
      cursor.integer(KEY_T, TRANSACTION_TIME) &&
      cursor.integer(KEY_E, EVENT_TIME) &&
      cursor.closeLast(KNOWN)
    )
  }

  #scanSides(): boolean {
    const cursor = this.cursor
    return (
      cursor.decimal(KEY_b, BID) &&
      cursor.decimal(KEY_B, BID_QTY) &&
      cursor.decimal(KEY_a, ASK) &&
      cursor.decimal(KEY_A, ASK_QTY)
    )
  }

  protected override parse(fields: JsonFields): void {
    const numbers = this.cursor.numbers
    if (this.#isSpot) fields.expectIfPresent('e', 'bookTicker')
    else fields.expect('e', 'bookTicker')
    fields.expect('s', this.symbol)
    numbers[SEQUENCE] = fields.integer('u')
    numbers[BID] = fields.decimal('b')
    numbers[BID_QTY] = fields.decimal('B')
    numbers[ASK] = fields.decimal('a')
    numbers[ASK_QTY] = fields.decimal('A')
    numbers[EVENT_TIME] = this.#isSpot ? fields.optionalInteger('E') : fields.integer('E')
    // Not published; read so that both ways refuse the same.
    numbers[TRANSACTION_TIME] = fields.optionalInteger('T')
  }

  protected override finish(receiveTimeMs: number, feed: Feed): PayloadOutcome {
    const numbers = this.cursor.numbers
    const sequence = numbers[SEQUENCE] as number
    const bid = numbers[BID] as number
    const bidQty = numbers[BID_QTY] as number
    const ask = numbers[ASK] as number
    const askQty = numbers[ASK_QTY] as number
    const venueTimeMs = numbers[EVENT_TIME] as number
    if (!(sequence >= 0)) return this.reject(`u: an update id cannot be ${sequence}`)
    if (!(bid >= 0 && ask >= 0)) return this.reject(`b, a: prices cannot be ${bid} and ${ask}`)
    if (!(bidQty >= 0 && askQty >= 0)) return this.reject(`B, A: quantities cannot be ${bidQty} and ${askQty}`)
    // NaN passes: no time was sent.
    if (venueTimeMs <= 0) return this.reject(`E: a time cannot be ${venueTimeMs}`)
    if (sequence <= feed.lastId) return PayloadOutcome.DUPLICATE
    feed.lastId = sequence
    const hasTime = venueTimeMs > 0
    if (hasTime) noteLatency(feed, receiveTimeMs - venueTimeMs)
    this.#publisher.publish({
      venue: this.venue,
      symbol: this.symbol,
      bid,
      bidQty,
      ask,
      askQty,
      sequence,
      venueTimeMs: hasTime ? venueTimeMs : null,
      receiveTimeMs,
    })
    return PayloadOutcome.PUBLISHED
  }
}
