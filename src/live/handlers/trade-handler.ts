/**
 * Single trades (`<s>@trade`), spot and futures.
 *
 * Futures trades are undocumented and carry `X`: only `MARKET` is a trade of the order book; insurance fund
 * and liquidation transfers (`INSURANCE_FUND`, `ADL`, `NA`) are not published but use up their id, so they
 * count for continuity (observed on USD-M 2023 and 2026; all captured trades are `MARKET`).
 */

import type { Publisher } from '../../types/publisher.js'
import type { Trade } from '../../types/trade.js'
import type { StreamSpec } from '../config/stream-spec.js'
import { type JsonFields, keyWord, Literal, letterSet } from '../decode/index.js'
import type { Feed } from '../feed.js'
import { PayloadOutcome } from './handler.js'
import { type HandlerContext, noteLatency, PayloadHandler } from './payload-handler.js'

/**
 * Spot, from `binance-spot-btcusdt-20240808.jsonl.gz`:
 *
 *   {"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000",
 *    "T":1723161255342,"m":true,"M":true}
 *
 * USD-M, from `binance-usdm-btcusdt-20240808.jsonl.gz`:
 *
 *   {"e":"trade","E":1723161256322,"T":1723161256322,"s":"BTCUSDT","t":5266583935,"p":"61800.30",
 *    "q":"0.006","X":"MARKET","m":false}
 */
export interface WireTrade {
  readonly e: 'trade'
  /** Event time, epoch ms. */
  readonly E: number
  readonly s: string
  /** Trade id. */
  readonly t: number
  readonly p: string
  readonly q: string
  /** Trade time, epoch ms. */
  readonly T: number
  /** The buyer is the maker: the taker sold. */
  readonly m: boolean
  /** Futures only. */
  readonly X?: string
  /** Spot only, to be ignored. */
  readonly M?: boolean
  /** Order ids of buyer and seller: no longer sent by Binance spot, still by some relatives. */
  readonly b?: number
  readonly a?: number
}

const BEGIN = new Literal('{"e":"trade"')
const MARKET_ORDER = new Literal(',"X":"MARKET"')
const KEY_E = keyWord('E')
const KEY_T = keyWord('T')
const KEY_t = keyWord('t')
const KEY_p = keyWord('p')
const KEY_q = keyWord('q')
const KEY_b = keyWord('b')
const KEY_a = keyWord('a')
const KEY_X = keyWord('X')
const KEY_m = keyWord('m')
const KEY_M = keyWord('M')
const KNOWN = letterSet('eEstpqTmX')

const EVENT_TIME = 0
const TRADE_TIME = 1
const ID = 2
const PRICE = 3
const QTY = 4
const IS_BUYER_MAKER = 5
const IS_MARKET = 6
const UNUSED = 7

export class TradeHandler extends PayloadHandler {
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
    if (!(this.#isSpot ? this.#scanSpot() : this.#scanFutures())) {
      const failure = this.parseSlowly(bytes, start, end, feed)
      if (failure !== null) return failure
    }
    return this.finish(receiveTimeMs, feed)
  }

  #scanSpot(): boolean {
    const cursor = this.cursor
    if (
      !(
        cursor.literal(BEGIN) &&
        cursor.integer(KEY_E, EVENT_TIME) &&
        cursor.literal(this.#symbolMember) &&
        cursor.integer(KEY_t, ID) &&
        cursor.decimal(KEY_p, PRICE) &&
        cursor.decimal(KEY_q, QTY)
      )
    ) {
      return false
    }
    if (cursor.isNext(KEY_b) && !(cursor.skip(KEY_b) && cursor.skip(KEY_a))) return false
    if (!(cursor.integer(KEY_T, TRADE_TIME) && cursor.flag(KEY_m, IS_BUYER_MAKER))) return false
    cursor.numbers[IS_MARKET] = 1
    if (cursor.isNext(KEY_M) && !(cursor.flag(KEY_M, UNUSED) || cursor.skip(KEY_M))) return false
    return cursor.closeLast(KNOWN)
  }

  #scanFutures(): boolean {
    const cursor = this.cursor
    if (
      !(
        cursor.literal(BEGIN) &&
        cursor.integer(KEY_E, EVENT_TIME) &&
        cursor.integer(KEY_T, TRADE_TIME) &&
        cursor.literal(this.#symbolMember) &&
        cursor.integer(KEY_t, ID) &&
        cursor.decimal(KEY_p, PRICE) &&
        cursor.decimal(KEY_q, QTY)
      )
    ) {
      return false
    }
    const isMarket = cursor.literal(MARKET_ORDER)
    cursor.numbers[IS_MARKET] = isMarket ? 1 : 0
    if (!isMarket && !cursor.skipText(KEY_X)) return false
    return cursor.flag(KEY_m, IS_BUYER_MAKER) && cursor.closeLast(KNOWN)
  }

  protected override parse(fields: JsonFields): void {
    const numbers = this.cursor.numbers
    fields.expect('e', 'trade')
    fields.expect('s', this.symbol)
    numbers[EVENT_TIME] = fields.integer('E')
    numbers[TRADE_TIME] = fields.integer('T')
    numbers[ID] = fields.integer('t')
    numbers[PRICE] = fields.decimal('p')
    numbers[QTY] = fields.decimal('q')
    numbers[IS_BUYER_MAKER] = fields.flag('m')
    numbers[IS_MARKET] = (fields.optionalText('X') ?? 'MARKET') === 'MARKET' ? 1 : 0
  }

  protected override finish(receiveTimeMs: number, feed: Feed): PayloadOutcome {
    const numbers = this.cursor.numbers
    const id = numbers[ID] as number
    const price = numbers[PRICE] as number
    const qty = numbers[QTY] as number
    const venueTimeMs = numbers[EVENT_TIME] as number
    const tradeTimeMs = numbers[TRADE_TIME] as number
    if (!(id >= 0)) return this.reject(`t: a trade id cannot be ${id}`)
    if (!(price >= 0)) return this.reject(`p: a price cannot be ${price}`)
    if (!(qty >= 0)) return this.reject(`q: a quantity cannot be ${qty}`)
    if (!(venueTimeMs > 0)) return this.reject(`E: a time cannot be ${venueTimeMs}`)
    if (!(tradeTimeMs > 0)) return this.reject(`T: a time cannot be ${tradeTimeMs}`)
    if (id <= feed.lastId) return PayloadOutcome.DUPLICATE
    // All slots are read before anybody else runs: they belong to the next payload.
    const isBuyerMaker = numbers[IS_BUYER_MAKER] === 1
    const isMarket = numbers[IS_MARKET] === 1
    if (this.continuity !== null) this.continuity.observe(feed, id, id, null, receiveTimeMs)
    feed.lastId = id
    noteLatency(feed, receiveTimeMs - venueTimeMs)
    if (!isMarket) return PayloadOutcome.IGNORED
    this.#publisher.publish({
      venue: this.venue,
      symbol: this.symbol,
      kind: 'single',
      id,
      firstTradeId: id,
      lastTradeId: id,
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
