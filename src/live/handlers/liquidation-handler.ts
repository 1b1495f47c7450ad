/**
 * Forced orders (`<s>@forceOrder`, futures only). The venue sends the latest one per symbol and second, and
 * nothing when there is none: a sample. They have no id: the event time, and among those of one time the content, tells
 * repeated ones apart.
 */
import type { Liquidation } from '../../types/liquidation.js'
import type { Publisher } from '../../types/publisher.js'
import type { StreamSpec } from '../config/stream-spec.js'
import { type JsonFields, keyWord, Literal, letterSet } from '../decode/index.js'
import type { Feed } from '../feed.js'
import { PayloadOutcome } from './handler.js'
import { type HandlerContext, noteLatency, PayloadHandler } from './payload-handler.js'

/**
 * Synthetic, after the venue's documentation; no capture has one. The single-symbol stream has no `ps` and `st`.
 *
 *   {"e":"forceOrder","E":1795000003100,"o":{"s":"ETHUSDT","S":"SELL","o":"LIMIT","f":"IOC","q":"12.500",
 *    "p":"3011.20","ap":"3014.85","X":"FILLED","l":"2.100","z":"12.500","T":1795000003096},"ps":"ETHUSDT","st":1}
 */
export interface WireForceOrder {
  readonly e: 'forceOrder'
  /** Event time, epoch ms. */
  readonly E: number
  readonly o: {
    readonly s: string
    /** Side of the forced order: `SELL` means that a long position was liquidated. */
    readonly S: 'BUY' | 'SELL'
    /** Order type, time in force. */
    readonly o: string
    readonly f: string
    /** Original quantity, price, average price. */
    readonly q: string
    readonly p: string
    readonly ap: string
    /** Order status. */
    readonly X: string
    /** Last and cumulative filled quantity. */
    readonly l: string
    readonly z: string
    /** Trade time, epoch ms. */
    readonly T: number
  }
}

const BEGIN = new Literal('{"e":"forceOrder"')
const SIDE_SELL = new Literal(',"S":"SELL"')
const SIDE_BUY = new Literal(',"S":"BUY"')
const USUAL_ORDER = new Literal(',"o":"LIMIT","f":"IOC"')
const AVERAGE = new Literal(',"ap":"')
const STATUS_FILLED = new Literal(',"X":"FILLED"')
const STATUS_PARTIALLY_FILLED = new Literal(',"X":"PARTIALLY_FILLED"')
const KEY_E = keyWord('E')
const KEY_q = keyWord('q')
const KEY_p = keyWord('p')
const KEY_l = keyWord('l')
const KEY_z = keyWord('z')
const KEY_T = keyWord('T')
const KNOWN_INNER = letterSet('sSofqpXlzT')
const KNOWN_OUTER = letterSet('eEo')

const EVENT_TIME = 0
const TRADE_TIME = 1
const QTY = 2
const PRICE = 3
const AVERAGE_PRICE = 4
const LAST_FILLED = 5
const FILLED = 6

export class LiquidationHandler extends PayloadHandler {
  readonly #publisher: Publisher<Liquidation>
  readonly #orderSymbol: Literal

  #side = ''
  #orderType = ''
  #timeInForce = ''
  #status = ''
  /** What was published with the last event time; more than one order may carry it. */
  readonly #published = new Set<string>()

  constructor(spec: StreamSpec, context: HandlerContext) {
    super(spec, context)
    this.#publisher = context.publishers.liquidations
    this.#orderSymbol = new Literal(`,"o":{"s":${JSON.stringify(spec.symbol)}`)
  }

  handle(bytes: Uint8Array, start: number, end: number, receiveTimeMs: number, feed: Feed): PayloadOutcome {
    this.cursor.open(bytes, start, end)
    if (!this.#scan()) {
      const failure = this.parseSlowly(bytes, start, end, feed)
      if (failure !== null) return failure
    }
    return this.finish(receiveTimeMs, feed)
  }

  /** The usual texts are compared instead of read; another order type or status takes the JSON path. */
  #scan(): boolean {
    const cursor = this.cursor
    if (!(cursor.literal(BEGIN) && cursor.integer(KEY_E, EVENT_TIME) && cursor.literal(this.#orderSymbol))) return false
    if (cursor.literal(SIDE_SELL)) this.#side = 'SELL'
    else if (cursor.literal(SIDE_BUY)) this.#side = 'BUY'
    else return false
    if (
      !(
        cursor.literal(USUAL_ORDER) &&
        cursor.decimal(KEY_q, QTY) &&
        cursor.decimal(KEY_p, PRICE) &&
        cursor.literal(AVERAGE) &&
        cursor.decimalHere(AVERAGE_PRICE)
      )
    ) {
      return false
    }
    this.#orderType = 'LIMIT'
    this.#timeInForce = 'IOC'
    if (cursor.literal(STATUS_FILLED)) this.#status = 'FILLED'
    else if (cursor.literal(STATUS_PARTIALLY_FILLED)) this.#status = 'PARTIALLY_FILLED'
    else return false
    return (
      cursor.decimal(KEY_l, LAST_FILLED) &&
      cursor.decimal(KEY_z, FILLED) &&
      cursor.integer(KEY_T, TRADE_TIME) &&
      cursor.close(KNOWN_INNER) &&
      cursor.closeLast(KNOWN_OUTER)
    )
  }

  protected override parse(fields: JsonFields): void {
    const numbers = this.cursor.numbers
    fields.expect('e', 'forceOrder')
    numbers[EVENT_TIME] = fields.integer('E')
    fields.enter('o')
    fields.expect('s', this.symbol)
    this.#side = fields.text('S')
    this.#orderType = fields.text('o')
    this.#timeInForce = fields.text('f')
    this.#status = fields.text('X')
    numbers[QTY] = fields.decimal('q')
    numbers[PRICE] = fields.decimal('p')
    numbers[AVERAGE_PRICE] = fields.decimal('ap')
    numbers[LAST_FILLED] = fields.decimal('l')
    numbers[FILLED] = fields.decimal('z')
    numbers[TRADE_TIME] = fields.integer('T')
  }

  protected override finish(receiveTimeMs: number, feed: Feed): PayloadOutcome {
    const numbers = this.cursor.numbers
    const venueTimeMs = numbers[EVENT_TIME] as number
    const tradeTimeMs = numbers[TRADE_TIME] as number
    const qty = numbers[QTY] as number
    const price = numbers[PRICE] as number
    const avgPrice = numbers[AVERAGE_PRICE] as number
    const lastFilledQty = numbers[LAST_FILLED] as number
    const filledQty = numbers[FILLED] as number
    const side = this.#side
    if (side !== 'BUY' && side !== 'SELL') return this.reject(`o.S: expected BUY or SELL, got ${JSON.stringify(side)}`)
    if (!(price >= 0 && avgPrice >= 0)) return this.reject(`o.p, o.ap: prices cannot be ${price} and ${avgPrice}`)
    if (!(qty >= 0 && lastFilledQty >= 0 && filledQty >= 0)) {
      return this.reject(`o.q, o.l, o.z: quantities cannot be ${qty}, ${lastFilledQty} and ${filledQty}`)
    }
    if (!(venueTimeMs > 0)) return this.reject(`E: a time cannot be ${venueTimeMs}`)
    if (!(tradeTimeMs > 0)) return this.reject(`o.T: a time cannot be ${tradeTimeMs}`)
    if (venueTimeMs < feed.lastId) return PayloadOutcome.DUPLICATE
    if (venueTimeMs > feed.lastId) this.#published.clear()
    const content = `${side} ${qty} ${price} ${avgPrice} ${lastFilledQty} ${filledQty} ${tradeTimeMs} ${this.#status}`
    if (this.#published.has(content)) return PayloadOutcome.DUPLICATE
    this.#published.add(content)
    feed.lastId = venueTimeMs
    noteLatency(feed, receiveTimeMs - venueTimeMs)
    this.#publisher.publish({
      venue: this.venue,
      symbol: this.symbol,
      side,
      orderType: this.#orderType,
      timeInForce: this.#timeInForce,
      qty,
      price,
      avgPrice,
      status: this.#status,
      lastFilledQty,
      filledQty,
      tradeTimeMs,
      venueTimeMs,
      receiveTimeMs,
    })
    return PayloadOutcome.PUBLISHED
  }
}
