/**
 * Aggregated trades (`<s>@aggTrade`): on spot one taker order at one price, on futures what traded at one
 * price and side within 100 ms, without insurance fund and liquidation transfers (their trade ids are
 * missing from `f … l`; the aggregate ids themselves have no holes).
 */
import type { Publisher } from '../../types/publisher.js'
import type { Trade } from '../../types/trade.js'
import type { StreamSpec } from '../config/stream-spec.js'
import { type JsonFields, keyWord, Literal, letterSet } from '../decode/index.js'
import type { Feed } from '../feed.js'
import { PayloadOutcome } from './handler.js'
import { type HandlerContext, noteLatency, PayloadHandler } from './payload-handler.js'

/**
 * Spot, from `binance-spot-4sym-20211012.jsonl.gz`:
 *
 *   {"e":"aggTrade","E":1633998523963,"s":"NKNUSDT","a":15683430,"p":"0.35280000","q":"58.00000000",
 *    "f":19862790,"l":19862790,"T":1633998523963,"m":false,"M":true}
 *
 * USD-M, from `binance-usdm-4sym-20210722.jsonl.gz`; since 2026 with `"nq":"10"` after `q` and `"st":1` at the end:
 *
 *   {"e":"aggTrade","E":1626992741575,"a":16599292,"s":"CTKUSDT","p":"1.01100","q":"10","f":23961322,
 *    "l":23961322,"T":1626992741421,"m":false}
 */
export interface WireAggTrade {
  readonly e: 'aggTrade'
  /** Event time, epoch ms. */
  readonly E: number
  readonly s: string
  /** Aggregate id. */
  readonly a: number
  readonly p: string
  readonly q: string
  /** Futures: quantity without trades against retail price improvement orders. Not used: `q` is what traded. */
  readonly nq?: string
  /** First and last trade id. */
  readonly f: number
  readonly l: number
  /** Trade time, epoch ms. */
  readonly T: number
  /** The buyer is the maker: the taker sold. */
  readonly m: boolean
  /** Spot only, to be ignored. */
  readonly M?: boolean
  /** Futures: 1 USD-M, 2 COIN-M. */
  readonly st?: number
}

const BEGIN = new Literal('{"e":"aggTrade"')
const NET_QTY = new Literal(',"nq":"')
const KEY_E = keyWord('E')
const KEY_a = keyWord('a')
const KEY_p = keyWord('p')
const KEY_q = keyWord('q')
const KEY_f = keyWord('f')
const KEY_l = keyWord('l')
const KEY_T = keyWord('T')
const KEY_m = keyWord('m')
const KEY_M = keyWord('M')
const KNOWN = letterSet('eEsapqflTm')

const EVENT_TIME = 0
const TRADE_TIME = 1
const ID = 2
const PRICE = 3
const QTY = 4
const IS_BUYER_MAKER = 5
const FIRST_ID = 6
const LAST_ID = 7
const UNUSED = 8

export class AggTradeHandler extends PayloadHandler {
  readonly #publisher: Publisher<Trade>
  readonly #symbolMember: Literal
  readonly #isSpot: boolean

  constructor(spec: StreamSpec, context: HandlerContext) {
    super(spec, context)
    this.#publisher = context.publishers.trades
    this.#symbolMember = new Literal(`,"s":${JSON.stringify(spec.symbol)}`)
    this.#isSpot = context.market === 'spot'
  }

  handle(bytes: Uint8Array, start: number, end: number, receiveTimeMs: number, feed: Feed): PayloadOutcome {
    this.cursor.open(bytes, start, end)
    if (!this.#scan()) {
      const failure = this.parseSlowly(bytes, start, end, feed)
      if (failure !== null) return failure
    }
    return this.finish(receiveTimeMs, feed)
  }

  #scan(): boolean {
    const cursor = this.cursor
    if (!(cursor.literal(BEGIN) && cursor.integer(KEY_E, EVENT_TIME))) return false
    // The markets differ in the order of symbol and id.
    const hasHead = this.#isSpot
      ? cursor.literal(this.#symbolMember) && cursor.integer(KEY_a, ID)
      : cursor.integer(KEY_a, ID) && cursor.literal(this.#symbolMember)
    if (!(hasHead && cursor.decimal(KEY_p, PRICE) && cursor.decimal(KEY_q, QTY))) return false
    if (!this.#isSpot && cursor.literal(NET_QTY) && !cursor.decimalHere(UNUSED)) return false
    return (
      cursor.integer(KEY_f, FIRST_ID) &&
      cursor.integer(KEY_l, LAST_ID) &&
      cursor.integer(KEY_T, TRADE_TIME) &&
      cursor.flag(KEY_m, IS_BUYER_MAKER) &&
      (!cursor.isNext(KEY_M) || cursor.flag(KEY_M, UNUSED) || cursor.skip(KEY_M)) &&
      cursor.closeLast(KNOWN)
    )
  }

  protected override parse(fields: JsonFields): void {
    const numbers = this.cursor.numbers
    fields.expect('e', 'aggTrade')
    fields.expect('s', this.symbol)
    numbers[EVENT_TIME] = fields.integer('E')
    numbers[TRADE_TIME] = fields.integer('T')
    numbers[ID] = fields.integer('a')
    numbers[PRICE] = fields.decimal('p')
    numbers[QTY] = fields.decimal('q')
    numbers[FIRST_ID] = fields.integer('f')
    numbers[LAST_ID] = fields.integer('l')
    numbers[IS_BUYER_MAKER] = fields.flag('m')
  }

  protected override finish(receiveTimeMs: number, feed: Feed): PayloadOutcome {
    const numbers = this.cursor.numbers
    const id = numbers[ID] as number
    const firstTradeId = numbers[FIRST_ID] as number
    const lastTradeId = numbers[LAST_ID] as number
    const price = numbers[PRICE] as number
    const qty = numbers[QTY] as number
    const venueTimeMs = numbers[EVENT_TIME] as number
    const tradeTimeMs = numbers[TRADE_TIME] as number
    if (!(id >= 0)) return this.reject(`a: an aggregate id cannot be ${id}`)
    // -1 stands for "no trades": the venue's own corrections look like that.
    if (!(firstTradeId >= -1 && lastTradeId >= firstTradeId)) {
      return this.reject(`f, l: trades cannot run from ${firstTradeId} to ${lastTradeId}`)
    }
    if (!(price >= 0)) return this.reject(`p: a price cannot be ${price}`)
    if (!(qty >= 0)) return this.reject(`q: a quantity cannot be ${qty}`)
    if (!(venueTimeMs > 0)) return this.reject(`E: a time cannot be ${venueTimeMs}`)
    if (!(tradeTimeMs > 0)) return this.reject(`T: a time cannot be ${tradeTimeMs}`)
    if (id <= feed.lastId) return PayloadOutcome.DUPLICATE
    // All slots are read before anybody else runs: they belong to the next payload.
    const isBuyerMaker = numbers[IS_BUYER_MAKER] === 1
    if (this.continuity !== null) this.continuity.observe(feed, id, id, null, receiveTimeMs)
    feed.lastId = id
    noteLatency(feed, receiveTimeMs - venueTimeMs)
    this.#publisher.publish({
      venue: this.venue,
      symbol: this.symbol,
      kind: 'aggregate',
      id,
      firstTradeId,
      lastTradeId,
      price,
      qty,
      takerSide: isBuyerMaker ? 'SELL' : 'BUY',
      isBuyerMaker,
      tradeTimeMs,
      venueTimeMs,
      receiveTimeMs,
    })
    return PayloadOutcome.PUBLISHED
  }
}
