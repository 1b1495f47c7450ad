/**
 * Statistics of the rolling 24 h window (`<s>@ticker`). Spot adds the previous close and the best bid and
 * ask; futures has neither.
 */
import type { Publisher } from '../../types/publisher.js'
import type { TickerEvent } from '../../types/ticker.js'
import type { StreamSpec } from '../config/stream-spec.js'
import { type JsonFields, keyWord, Literal, letterSet } from '../decode/index.js'
import type { Feed } from '../feed.js'
import { PayloadOutcome } from './handler.js'
import { type HandlerContext, noteLatency, PayloadHandler } from './payload-handler.js'

/**
 * Synthetic, after the venue's documentation; no capture has one. Spot:
 *
 *   {"e":"24hrTicker","E":1795000001000,"s":"BTCUSDT","p":"-412.30000000","P":"-0.669","w":"61502.11820000",
 *    "x":"61646.80000000","c":"61234.51000000","Q":"0.00100000","b":"61234.50000000","B":"1.25000000",
 *    "a":"61234.51000000","A":"0.80000000","o":"61646.81000000","h":"62010.00000000","l":"60988.00000000",
 *    "v":"18233.10200000","q":"1121388000.55000000","O":1794913601000,"C":1795000001000,"F":5509900000,
 *    "L":5512002079,"n":2102080}
 *
 * Futures: the same without `x`, `b`, `B`, `a`, `A`; since 2026 with `"ps"` after `s` and `"st":1` at the end.
 */
export interface WireTicker {
  readonly e: '24hrTicker'
  /** Event time, epoch ms. */
  readonly E: number
  readonly s: string
  readonly ps?: string
  /** Price change, absolute and in percent. */
  readonly p: string
  readonly P: string
  /** Weighted average price. */
  readonly w: string
  /** Spot: last price before the window. */
  readonly x?: string
  /** Last price and quantity. */
  readonly c: string
  readonly Q: string
  /** Spot: best bid, its quantity, best ask, its quantity. */
  readonly b?: string
  readonly B?: string
  readonly a?: string
  readonly A?: string
  readonly o: string
  readonly h: string
  readonly l: string
  /** Base and quote volume. */
  readonly v: string
  readonly q: string
  /** First and last millisecond of the window. */
  readonly O: number
  readonly C: number
  /** First and last trade id, trade count. */
  readonly F: number
  readonly L: number
  readonly n: number
  readonly st?: number
}

const BEGIN = new Literal('{"e":"24hrTicker"')
const PAIR = new Literal(',"ps"')
const KEY_E = keyWord('E')
const KEY_p = keyWord('p')
const KEY_P = keyWord('P')
const KEY_w = keyWord('w')
const KEY_x = keyWord('x')
const KEY_c = keyWord('c')
const KEY_Q = keyWord('Q')
const KEY_b = keyWord('b')
const KEY_B = keyWord('B')
const KEY_a = keyWord('a')
const KEY_A = keyWord('A')
const KEY_o = keyWord('o')
const KEY_h = keyWord('h')
const KEY_l = keyWord('l')
const KEY_v = keyWord('v')
const KEY_q = keyWord('q')
const KEY_O = keyWord('O')
const KEY_C = keyWord('C')
const KEY_F = keyWord('F')
const KEY_L = keyWord('L')
const KEY_n = keyWord('n')
const KNOWN = letterSet('eEspPwxcQbBaAohlvqOCFLn')

const EVENT_TIME = 0
const CHANGE = 1
const CHANGE_PERCENT = 2
const LAST = 3
const OPEN = 4
const HIGH = 5
const LOW = 6
const VOLUME = 7
const QUOTE_VOLUME = 8
/** From here on: fields that may be absent, then NaN. */
const AVERAGE = 9
const PREVIOUS_CLOSE = 10
const LAST_QTY = 11
const BID = 12
const BID_QTY = 13
const ASK = 14
const ASK_QTY = 15
const OPEN_TIME = 16
const CLOSE_TIME = 17
const FIRST_ID = 18
const LAST_ID = 19
const TRADE_COUNT = 20

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

export class TickerHandler extends PayloadHandler {
  readonly #publisher: Publisher<TickerEvent>
  readonly #symbolMember: Literal
  readonly #isSpot: boolean

  constructor(spec: StreamSpec, context: HandlerContext) {
    super(spec, context)
    this.#publisher = context.publishers.ticker
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
    if (!(cursor.literal(BEGIN) && cursor.integer(KEY_E, EVENT_TIME) && cursor.literal(this.#symbolMember)))
      return false
    if (!this.#isSpot && cursor.literal(PAIR) && !cursor.skipTextHere()) return false
    if (
      !(
        cursor.signedDecimal(KEY_p, CHANGE) &&
        cursor.signedDecimal(KEY_P, CHANGE_PERCENT) &&
        cursor.decimal(KEY_w, AVERAGE) &&
        (!this.#isSpot || cursor.decimal(KEY_x, PREVIOUS_CLOSE)) &&
        cursor.decimal(KEY_c, LAST) &&
        cursor.decimal(KEY_Q, LAST_QTY) &&
        (this.#isSpot ? this.#scanBest() : this.#noBest())
      )
    ) {
      return false
    }
    return (
      cursor.decimal(KEY_o, OPEN) &&
      cursor.decimal(KEY_h, HIGH) &&
      cursor.decimal(KEY_l, LOW) &&
      cursor.decimal(KEY_v, VOLUME) &&
      cursor.decimal(KEY_q, QUOTE_VOLUME) &&
      cursor.integer(KEY_O, OPEN_TIME) &&
      cursor.integer(KEY_C, CLOSE_TIME) &&
      cursor.integer(KEY_F, FIRST_ID) &&
      cursor.integer(KEY_L, LAST_ID) &&
      cursor.integer(KEY_n, TRADE_COUNT) &&
      cursor.closeLast(KNOWN)
    )
  }

  #scanBest(): boolean {
    const cursor = this.cursor
    return (
      cursor.decimal(KEY_b, BID) &&
      cursor.decimal(KEY_B, BID_QTY) &&
      cursor.decimal(KEY_a, ASK) &&
      cursor.decimal(KEY_A, ASK_QTY)
    )
  }

  #noBest(): boolean {
    const numbers = this.cursor.numbers
    numbers[PREVIOUS_CLOSE] = Number.NaN
    numbers[BID] = Number.NaN
    numbers[BID_QTY] = Number.NaN
    numbers[ASK] = Number.NaN
    numbers[ASK_QTY] = Number.NaN
    return true
  }

  protected override parse(fields: JsonFields): void {
    const numbers = this.cursor.numbers
    fields.expect('e', '24hrTicker')
    fields.expect('s', this.symbol)
    numbers[EVENT_TIME] = fields.integer('E')
    numbers[CHANGE] = fields.decimal('p')
    numbers[CHANGE_PERCENT] = fields.decimal('P')
    numbers[LAST] = fields.decimal('c')
    numbers[OPEN] = fields.decimal('o')
    numbers[HIGH] = fields.decimal('h')
    numbers[LOW] = fields.decimal('l')
    numbers[VOLUME] = fields.decimal('v')
    numbers[QUOTE_VOLUME] = fields.decimal('q')
    numbers[AVERAGE] = fields.optionalDecimal('w')
    numbers[PREVIOUS_CLOSE] = fields.optionalDecimal('x')
    numbers[LAST_QTY] = fields.optionalDecimal('Q')
    numbers[BID] = fields.optionalDecimal('b')
    numbers[BID_QTY] = fields.optionalDecimal('B')
    numbers[ASK] = fields.optionalDecimal('a')
    numbers[ASK_QTY] = fields.optionalDecimal('A')
    numbers[OPEN_TIME] = fields.optionalInteger('O')
    numbers[CLOSE_TIME] = fields.optionalInteger('C')
    numbers[FIRST_ID] = fields.optionalInteger('F')
    numbers[LAST_ID] = fields.optionalInteger('L')
    numbers[TRADE_COUNT] = fields.optionalInteger('n')
  }

  /** What is impossible about the values read, or `''`. NaN passes where a field may be absent. */
  #problem(): string {
    const numbers = this.cursor.numbers
    if (!((numbers[EVENT_TIME] as number) > 0)) return `E: a time cannot be ${numbers[EVENT_TIME]}`
    if (!((numbers[LAST] as number) >= 0 && (numbers[OPEN] as number) >= 0)) {
      return `c, o: prices cannot be ${numbers[LAST]} and ${numbers[OPEN]}`
    }
    // Open and last may lie outside: a window without trades has high and low of zero.
    if (!((numbers[LOW] as number) >= 0 && (numbers[HIGH] as number) >= (numbers[LOW] as number))) {
      return `h, l: high cannot be ${numbers[HIGH]} with low ${numbers[LOW]}`
    }
    if (!((numbers[VOLUME] as number) >= 0 && (numbers[QUOTE_VOLUME] as number) >= 0)) {
      return `v, q: volumes cannot be ${numbers[VOLUME]} and ${numbers[QUOTE_VOLUME]}`
    }
    for (let slot = AVERAGE; slot <= ASK_QTY; slot++) {
      if ((numbers[slot] as number) < 0) return `w, x, Q, b, B, a, A: none of them can be ${numbers[slot]}`
    }
    // Either may be absent (NaN, every comparison false): so each is checked alone, then both together.
    const openTimeMs = numbers[OPEN_TIME] as number
    const closeTimeMs = numbers[CLOSE_TIME] as number
    if (openTimeMs <= 0 || closeTimeMs <= 0 || closeTimeMs < openTimeMs) {
      return `O, C: a window cannot run from ${openTimeMs} to ${closeTimeMs}`
    }
    // -1 as trade id is how the venue says "none".
    if (
      (numbers[FIRST_ID] as number) < -1 ||
      (numbers[LAST_ID] as number) < -1 ||
      (numbers[TRADE_COUNT] as number) < 0
    ) {
      return `F, L, n: they cannot be ${numbers[FIRST_ID]}, ${numbers[LAST_ID]} and ${numbers[TRADE_COUNT]}`
    }
    return ''
  }

  protected override finish(receiveTimeMs: number, feed: Feed): PayloadOutcome {
    const problem = this.#problem()
    if (problem !== '') return this.reject(problem)
    const numbers = this.cursor.numbers
    const venueTimeMs = numbers[EVENT_TIME] as number
    if (venueTimeMs <= feed.lastId) return PayloadOutcome.DUPLICATE
    feed.lastId = venueTimeMs
    noteLatency(feed, receiveTimeMs - venueTimeMs)
    this.#publisher.publish(
      this.#isComplete() ? this.#completeEvent(venueTimeMs, receiveTimeMs) : this.#event(venueTimeMs, receiveTimeMs),
    )
    return PayloadOutcome.PUBLISHED
  }

  /** Every optional field of the market is there: the usual case, built in one go. */
  #isComplete(): boolean {
    const numbers = this.cursor.numbers
    for (let slot = AVERAGE; slot <= TRADE_COUNT; slot++) {
      const isSpotOnly = slot === PREVIOUS_CLOSE || (slot >= BID && slot <= ASK_QTY)
      if (Number.isNaN(numbers[slot]) === (this.#isSpot || !isSpotOnly)) return false
    }
    return true
  }

  #completeEvent(venueTimeMs: number, receiveTimeMs: number): TickerEvent {
    const numbers = this.cursor.numbers
    if (!this.#isSpot) {
      return {
        venue: this.venue,
        symbol: this.symbol,
        kind: 'full',
        lastPrice: numbers[LAST] as number,
        priceChange: numbers[CHANGE] as number,
        priceChangePercent: numbers[CHANGE_PERCENT] as number,
        open: numbers[OPEN] as number,
        high: numbers[HIGH] as number,
        low: numbers[LOW] as number,
        volume: numbers[VOLUME] as number,
        quoteVolume: numbers[QUOTE_VOLUME] as number,
        venueTimeMs,
        receiveTimeMs,
        weightedAvgPrice: numbers[AVERAGE] as number,
        lastQty: numbers[LAST_QTY] as number,
        windowOpenTimeMs: numbers[OPEN_TIME] as number,
        windowCloseTimeMs: numbers[CLOSE_TIME] as number,
        firstTradeId: numbers[FIRST_ID] as number,
        lastTradeId: numbers[LAST_ID] as number,
        tradeCount: numbers[TRADE_COUNT] as number,
      }
    }
    return {
      venue: this.venue,
      symbol: this.symbol,
      kind: 'full',
      lastPrice: numbers[LAST] as number,
      priceChange: numbers[CHANGE] as number,
      priceChangePercent: numbers[CHANGE_PERCENT] as number,
      open: numbers[OPEN] as number,
      high: numbers[HIGH] as number,
      low: numbers[LOW] as number,
      volume: numbers[VOLUME] as number,
      quoteVolume: numbers[QUOTE_VOLUME] as number,
      venueTimeMs,
      receiveTimeMs,
      weightedAvgPrice: numbers[AVERAGE] as number,
      previousClosePrice: numbers[PREVIOUS_CLOSE] as number,
      lastQty: numbers[LAST_QTY] as number,
      bestBid: numbers[BID] as number,
      bestBidQty: numbers[BID_QTY] as number,
      bestAsk: numbers[ASK] as number,
      bestAskQty: numbers[ASK_QTY] as number,
      windowOpenTimeMs: numbers[OPEN_TIME] as number,
      windowCloseTimeMs: numbers[CLOSE_TIME] as number,
      firstTradeId: numbers[FIRST_ID] as number,
      lastTradeId: numbers[LAST_ID] as number,
      tradeCount: numbers[TRADE_COUNT] as number,
    }
  }

  /** Some optional field is missing: it is left out, never zero. */
  #event(venueTimeMs: number, receiveTimeMs: number): TickerEvent {
    const numbers = this.cursor.numbers
    const event: Mutable<TickerEvent> = {
      venue: this.venue,
      symbol: this.symbol,
      kind: 'full',
      lastPrice: numbers[LAST] as number,
      priceChange: numbers[CHANGE] as number,
      priceChangePercent: numbers[CHANGE_PERCENT] as number,
      open: numbers[OPEN] as number,
      high: numbers[HIGH] as number,
      low: numbers[LOW] as number,
      volume: numbers[VOLUME] as number,
      quoteVolume: numbers[QUOTE_VOLUME] as number,
      venueTimeMs,
      receiveTimeMs,
    }
    for (const [field, slot] of OPTIONAL_FIELDS) {
      const value = numbers[slot] as number
      if (!Number.isNaN(value)) event[field] = value
    }
    return event
  }
}

type OptionalField =
  | 'weightedAvgPrice'
  | 'previousClosePrice'
  | 'lastQty'
  | 'bestBid'
  | 'bestBidQty'
  | 'bestAsk'
  | 'bestAskQty'
  | 'windowOpenTimeMs'
  | 'windowCloseTimeMs'
  | 'firstTradeId'
  | 'lastTradeId'
  | 'tradeCount'

const OPTIONAL_FIELDS: readonly (readonly [OptionalField, number])[] = [
  ['weightedAvgPrice', AVERAGE],
  ['previousClosePrice', PREVIOUS_CLOSE],
  ['lastQty', LAST_QTY],
  ['bestBid', BID],
  ['bestBidQty', BID_QTY],
  ['bestAsk', ASK],
  ['bestAskQty', ASK_QTY],
  ['windowOpenTimeMs', OPEN_TIME],
  ['windowCloseTimeMs', CLOSE_TIME],
  ['firstTradeId', FIRST_ID],
  ['lastTradeId', LAST_ID],
  ['tradeCount', TRADE_COUNT],
]
