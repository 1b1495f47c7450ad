/**
 * Candles (`<s>@kline_<i>`). A candle is final exactly when the venue says so (`x: true`, one such frame per
 * interval, measured 5 ms to 2 s after the end); until then each frame is its running state.
 *
 * `mkt.candles` carries finalized candles only, each open time once: a second closing frame, or one from an
 * overlapping socket, is a duplicate, as is any frame for a candle that is already final.
 */
import { closeTimeMs as closeTimeOf } from '../../market/candle-interval.js'
import type { Candle } from '../../types/candle.js'
import type { Publisher } from '../../types/publisher.js'
import type { CandleInterval } from '../../types/stream.js'
import type { StreamSpec } from '../config/stream-spec.js'
import { type JsonFields, keyWord, Literal, letterSet } from '../decode/index.js'
import type { Feed } from '../feed.js'
import { PayloadOutcome } from './handler.js'
import { type HandlerContext, noteLatency, PayloadHandler } from './payload-handler.js'

/**
 * From `binancetr-spot-4sym-20230410.jsonl.gz`; the same on futures. An interval without trades has `n` 0
 * and `f`, `L` -1.
 *
 *   {"e":"kline","E":1681154040004,"s":"XEMUSDT","k":{"t":1681153980000,"T":1681154039999,"s":"XEMUSDT","i":"1m",
 *    "f":35012468,"L":35012468,"o":"0.04110000","c":"0.04110000","h":"0.04110000","l":"0.04110000",
 *    "v":"243.00000000","n":1,"x":true,"q":"9.98730000","V":"243.00000000","Q":"9.98730000","B":"0"}}
 */
export interface WireKline {
  readonly e: 'kline'
  /** Event time, epoch ms. */
  readonly E: number
  readonly s: string
  readonly k: {
    /** First and last millisecond of the interval. */
    readonly t: number
    readonly T: number
    readonly s: string
    readonly i: string
    /** First and last trade id; not used. */
    readonly f: number
    readonly L: number
    readonly o: string
    readonly c: string
    readonly h: string
    readonly l: string
    /** Base volume, trade count, closed. */
    readonly v: string
    readonly n: number
    readonly x: boolean
    /** Quote volume; base and quote volume bought by takers. */
    readonly q: string
    readonly V: string
    readonly Q: string
    /** To be ignored. */
    readonly B: string
  }
}

const BEGIN = new Literal('{"e":"kline"')
const OPEN_TIME_MEMBER = new Literal(',"k":{"t":')
const IGNORED_END = new Literal(',"B":"0"}')
const KEY_E = keyWord('E')
const KEY_T = keyWord('T')
const KEY_f = keyWord('f')
const KEY_L = keyWord('L')
const KEY_o = keyWord('o')
const KEY_c = keyWord('c')
const KEY_h = keyWord('h')
const KEY_l = keyWord('l')
const KEY_v = keyWord('v')
const KEY_n = keyWord('n')
const KEY_x = keyWord('x')
const KEY_q = keyWord('q')
const KEY_V = keyWord('V')
const KEY_Q = keyWord('Q')
const KNOWN_OUTER = letterSet('eEsk')
const KNOWN_INNER = letterSet('tTsiochlvnxqVQ')

const EVENT_TIME = 0
const OPEN_TIME = 1
const CLOSE_TIME = 2
const OPEN = 3
const HIGH = 4
const LOW = 5
const CLOSE = 6
const VOLUME = 7
const QUOTE_VOLUME = 8
const TRADE_COUNT = 9
const TAKER_VOLUME = 10
const TAKER_QUOTE_VOLUME = 11
const IS_FINALIZED = 12
const UNUSED = 13

export class KlineHandler extends PayloadHandler {
  readonly #candles: Publisher<Candle>
  readonly #partialCandles: Publisher<Candle> | null
  readonly #interval: CandleInterval
  readonly #symbolMember: Literal
  readonly #symbolAndInterval: Literal

  /** Event time of the newest partial candle taken; two sockets send the same ones while they overlap. */
  #lastPartialTimeMs = -1
  #resetCount = 0

  constructor(spec: StreamSpec, context: HandlerContext) {
    super(spec, context)
    if (spec.interval === null) throw new TypeError(`stream ${spec.name} has no interval`)
    this.#candles = context.publishers.candles
    this.#partialCandles = context.publishers.partialCandles
    this.#interval = spec.interval
    const symbol = JSON.stringify(spec.symbol)
    this.#symbolMember = new Literal(`,"s":${symbol}`)
    this.#symbolAndInterval = new Literal(`,"s":${symbol},"i":"${spec.interval}"`)
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
    return (
      cursor.literal(BEGIN) &&
      cursor.integer(KEY_E, EVENT_TIME) &&
      cursor.literal(this.#symbolMember) &&
      cursor.literal(OPEN_TIME_MEMBER) &&
      cursor.integerHere(OPEN_TIME) &&
      cursor.integer(KEY_T, CLOSE_TIME) &&
      cursor.literal(this.#symbolAndInterval) &&
      // Trade ids nobody reads; -1 without trades.
      (cursor.integer(KEY_f, UNUSED) || cursor.skip(KEY_f)) &&
      (cursor.integer(KEY_L, UNUSED) || cursor.skip(KEY_L)) &&
      cursor.decimal(KEY_o, OPEN) &&
      cursor.decimal(KEY_c, CLOSE) &&
      cursor.decimal(KEY_h, HIGH) &&
      cursor.decimal(KEY_l, LOW) &&
      cursor.decimal(KEY_v, VOLUME) &&
      cursor.integer(KEY_n, TRADE_COUNT) &&
      cursor.flag(KEY_x, IS_FINALIZED) &&
      cursor.decimal(KEY_q, QUOTE_VOLUME) &&
      cursor.decimal(KEY_V, TAKER_VOLUME) &&
      cursor.decimal(KEY_Q, TAKER_QUOTE_VOLUME) &&
      this.#scanEnd() &&
      cursor.closeLast(KNOWN_OUTER)
    )
  }

  /** End of the inner object: one member to be ignored, as a rule always the same. */
  #scanEnd(): boolean {
    return this.cursor.literal(IGNORED_END) || this.cursor.close(KNOWN_INNER)
  }

  protected override parse(fields: JsonFields): void {
    const numbers = this.cursor.numbers
    fields.expect('e', 'kline')
    fields.expect('s', this.symbol)
    numbers[EVENT_TIME] = fields.integer('E')
    fields.enter('k')
    fields.expect('s', this.symbol)
    fields.expect('i', this.#interval)
    numbers[OPEN_TIME] = fields.integer('t')
    numbers[CLOSE_TIME] = fields.integer('T')
    numbers[OPEN] = fields.decimal('o')
    numbers[HIGH] = fields.decimal('h')
    numbers[LOW] = fields.decimal('l')
    numbers[CLOSE] = fields.decimal('c')
    numbers[VOLUME] = fields.decimal('v')
    numbers[QUOTE_VOLUME] = fields.decimal('q')
    numbers[TRADE_COUNT] = fields.integer('n')
    numbers[TAKER_VOLUME] = fields.decimal('V')
    numbers[TAKER_QUOTE_VOLUME] = fields.decimal('Q')
    numbers[IS_FINALIZED] = fields.flag('x')
  }

  /** What is impossible about the values read, or `''`. */
  #problem(): string {
    const numbers = this.cursor.numbers
    const openTimeMs = numbers[OPEN_TIME] as number
    const closeTimeMs = numbers[CLOSE_TIME] as number
    const open = numbers[OPEN] as number
    const high = numbers[HIGH] as number
    const low = numbers[LOW] as number
    const close = numbers[CLOSE] as number
    if (!((numbers[EVENT_TIME] as number) > 0)) return `E: a time cannot be ${numbers[EVENT_TIME]}`
    if (!(openTimeMs > 0)) return `k.t: a time cannot be ${openTimeMs}`
    if (closeTimeMs !== closeTimeOf(openTimeMs, this.#interval)) {
      return `k.T: a ${this.#interval} candle from ${openTimeMs} cannot end at ${closeTimeMs}`
    }
    if (!(low >= 0)) return `k.l: a price cannot be ${low}`
    if (!(high >= low && open >= low && open <= high && close >= low && close <= high)) {
      return `k: open ${open} and close ${close} cannot be with high ${high} and low ${low}`
    }
    if (!((numbers[TRADE_COUNT] as number) >= 0)) return `k.n: a count cannot be ${numbers[TRADE_COUNT]}`
    if (
      !(
        (numbers[VOLUME] as number) >= 0 &&
        (numbers[QUOTE_VOLUME] as number) >= 0 &&
        (numbers[TAKER_VOLUME] as number) >= 0 &&
        (numbers[TAKER_QUOTE_VOLUME] as number) >= 0
      )
    ) {
      return 'k: a volume cannot be negative'
    }
    return ''
  }

  protected override finish(receiveTimeMs: number, feed: Feed): PayloadOutcome {
    const problem = this.#problem()
    if (problem !== '') return this.reject(problem)
    const numbers = this.cursor.numbers
    const openTimeMs = numbers[OPEN_TIME] as number
    const venueTimeMs = numbers[EVENT_TIME] as number
    const isFinalized = numbers[IS_FINALIZED] === 1
    if (feed.venueTimeSink !== null) feed.venueTimeSink(venueTimeMs)
    if (openTimeMs <= feed.lastId) return PayloadOutcome.DUPLICATE
    if (isFinalized) {
      // Built before anybody else runs: the slots belong to the next payload.
      const candle = this.#candle(openTimeMs, venueTimeMs, true, receiveTimeMs)
      if (this.continuity !== null) this.continuity.observe(feed, openTimeMs, openTimeMs, null, receiveTimeMs)
      feed.lastId = openTimeMs
      noteLatency(feed, receiveTimeMs - venueTimeMs)
      this.#candles.publish(candle)
      return PayloadOutcome.PUBLISHED
    }
    if (this.#resetCount !== feed.resetCount) {
      this.#resetCount = feed.resetCount
      this.#lastPartialTimeMs = -1
    }
    if (venueTimeMs <= this.#lastPartialTimeMs) return PayloadOutcome.DUPLICATE
    this.#lastPartialTimeMs = venueTimeMs
    if (this.#partialCandles === null) {
      noteLatency(feed, receiveTimeMs - venueTimeMs)
      return PayloadOutcome.IGNORED
    }
    const candle = this.#candle(openTimeMs, venueTimeMs, false, receiveTimeMs)
    noteLatency(feed, receiveTimeMs - venueTimeMs)
    this.#partialCandles.publish(candle)
    return PayloadOutcome.PUBLISHED
  }

  #candle(openTimeMs: number, venueTimeMs: number, isFinalized: boolean, receiveTimeMs: number): Candle {
    const numbers = this.cursor.numbers
    return {
      venue: this.venue,
      symbol: this.symbol,
      interval: this.#interval,
      openTimeMs,
      closeTimeMs: numbers[CLOSE_TIME] as number,
      open: numbers[OPEN] as number,
      high: numbers[HIGH] as number,
      low: numbers[LOW] as number,
      close: numbers[CLOSE] as number,
      volume: numbers[VOLUME] as number,
      quoteVolume: numbers[QUOTE_VOLUME] as number,
      tradeCount: numbers[TRADE_COUNT] as number,
      takerBuyVolume: numbers[TAKER_VOLUME] as number,
      takerBuyQuoteVolume: numbers[TAKER_QUOTE_VOLUME] as number,
      isFinalized,
      origin: 'stream',
      venueTimeMs,
      receiveTimeMs,
    }
  }
}
