/**
 * The short form of the 24 h statistics (`<s>@miniTicker`). It has no change fields; they are computed from
 * open and last price, so that subscribers of `mkt.ticker` can rely on them.
 */
import type { Publisher } from '../../types/publisher.js'
import type { TickerEvent } from '../../types/ticker.js'
import type { StreamSpec } from '../config/stream-spec.js'
import { type JsonFields, keyWord, Literal, letterSet } from '../decode/index.js'
import type { Feed } from '../feed.js'
import { PayloadOutcome } from './handler.js'
import { type HandlerContext, noteLatency, PayloadHandler } from './payload-handler.js'

/**
 * Synthetic, after the venue's documentation; no capture has one. Futures adds `"ps"` after `s` and `"st":1` at the end.
 *
 *   {"e":"24hrMiniTicker","E":1795000001000,"s":"BTCUSDT","c":"61234.51000000","o":"61646.81000000",
 *    "h":"62010.00000000","l":"60988.00000000","v":"18233.10200000","q":"1121388000.55000000"}
 */
export interface WireMiniTicker {
  readonly e: '24hrMiniTicker'
  /** Event time, epoch ms. */
  readonly E: number
  readonly s: string
  readonly ps?: string
  /** Last price, open, high, low. */
  readonly c: string
  readonly o: string
  readonly h: string
  readonly l: string
  /** Base and quote volume. */
  readonly v: string
  readonly q: string
  readonly st?: number
}

const BEGIN = new Literal('{"e":"24hrMiniTicker"')
const PAIR = new Literal(',"ps"')
const KEY_E = keyWord('E')
const KEY_c = keyWord('c')
const KEY_o = keyWord('o')
const KEY_h = keyWord('h')
const KEY_l = keyWord('l')
const KEY_v = keyWord('v')
const KEY_q = keyWord('q')
const KNOWN = letterSet('eEscohlvq')

const EVENT_TIME = 0
const LAST = 1
const OPEN = 2
const HIGH = 3
const LOW = 4
const VOLUME = 5
const QUOTE_VOLUME = 6

export class MiniTickerHandler extends PayloadHandler {
  readonly #publisher: Publisher<TickerEvent>
  readonly #symbolMember: Literal

  constructor(spec: StreamSpec, context: HandlerContext) {
    super(spec, context)
    this.#publisher = context.publishers.ticker
    this.#symbolMember = new Literal(`,"s":${JSON.stringify(spec.symbol)}`)
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
    if (cursor.literal(PAIR) && !cursor.skipTextHere()) return false
    return (
      cursor.decimal(KEY_c, LAST) &&
      cursor.decimal(KEY_o, OPEN) &&
      cursor.decimal(KEY_h, HIGH) &&
      cursor.decimal(KEY_l, LOW) &&
      cursor.decimal(KEY_v, VOLUME) &&
      cursor.decimal(KEY_q, QUOTE_VOLUME) &&
      cursor.closeLast(KNOWN)
    )
  }

  protected override parse(fields: JsonFields): void {
    const numbers = this.cursor.numbers
    fields.expect('e', '24hrMiniTicker')
    fields.expect('s', this.symbol)
    numbers[EVENT_TIME] = fields.integer('E')
    numbers[LAST] = fields.decimal('c')
    numbers[OPEN] = fields.decimal('o')
    numbers[HIGH] = fields.decimal('h')
    numbers[LOW] = fields.decimal('l')
    numbers[VOLUME] = fields.decimal('v')
    numbers[QUOTE_VOLUME] = fields.decimal('q')
  }

  protected override finish(receiveTimeMs: number, feed: Feed): PayloadOutcome {
    const numbers = this.cursor.numbers
    const venueTimeMs = numbers[EVENT_TIME] as number
    const lastPrice = numbers[LAST] as number
    const open = numbers[OPEN] as number
    const high = numbers[HIGH] as number
    const low = numbers[LOW] as number
    const volume = numbers[VOLUME] as number
    const quoteVolume = numbers[QUOTE_VOLUME] as number
    if (!(venueTimeMs > 0)) return this.reject(`E: a time cannot be ${venueTimeMs}`)
    if (!(lastPrice >= 0 && open >= 0)) return this.reject(`c, o: prices cannot be ${lastPrice} and ${open}`)
    // Open and last may lie outside: a window without trades has high and low of zero.
    if (!(low >= 0 && high >= low)) return this.reject(`h, l: high cannot be ${high} with low ${low}`)
    if (!(volume >= 0 && quoteVolume >= 0)) return this.reject(`v, q: volumes cannot be ${volume} and ${quoteVolume}`)
    const priceChange = lastPrice - open
    const priceChangePercent = open === 0 ? 0 : (priceChange / open) * 100
    // An open of almost nothing under an enormous price: no ratio that means anything.
    if (!Number.isFinite(priceChangePercent)) return this.reject(`c, o: no ratio between ${lastPrice} and ${open}`)
    if (venueTimeMs <= feed.lastId) return PayloadOutcome.DUPLICATE
    feed.lastId = venueTimeMs
    noteLatency(feed, receiveTimeMs - venueTimeMs)
    this.#publisher.publish({
      venue: this.venue,
      symbol: this.symbol,
      kind: 'mini',
      lastPrice,
      priceChange,
      priceChangePercent,
      open,
      high,
      low,
      volume,
      quoteVolume,
      venueTimeMs,
      receiveTimeMs,
    })
    return PayloadOutcome.PUBLISHED
  }
}
