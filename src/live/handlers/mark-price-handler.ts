/**
 * Mark price, index price and running funding rate (`<s>@markPrice`, futures only).
 *
 * A contract without scheduled funding says so as time 0 (51 of 745 rows observed in October 2026, delisted
 * contracts) or as empty rate (delivery contracts): both become `null`, never a rate of zero.
 */
import type { FundingRateEvent } from '../../types/funding.js'
import type { Publisher } from '../../types/publisher.js'
import type { StreamSpec } from '../config/stream-spec.js'
import { type JsonFields, keyWord, Literal, letterSet } from '../decode/index.js'
import type { Feed } from '../feed.js'
import { PayloadOutcome } from './handler.js'
import { type HandlerContext, noteLatency, PayloadHandler } from './payload-handler.js'

/**
 * Synthetic, after the venue's documentation and observed rows; no capture has one. `ap` exists since March
 * 2026, `st` since June 2026.
 *
 *   {"e":"markPriceUpdate","E":1795000002000,"s":"BTCUSDT","p":"61228.70000000","ap":"61228.70000000",
 *    "P":"61301.22000000","i":"61255.04000000","r":"0.00004200","T":1795017600000,"st":1}
 */
export interface WireMarkPrice {
  readonly e: 'markPriceUpdate'
  /** Event time, epoch ms. */
  readonly E: number
  readonly s: string
  readonly p: string
  readonly ap?: string
  /** Estimated settlement price. */
  readonly P?: string
  readonly i?: string
  /** Funding rate; empty without funding. */
  readonly r: string
  /** Next funding time, epoch ms; 0 without funding. */
  readonly T: number
  readonly st?: number
}

const BEGIN = new Literal('{"e":"markPriceUpdate"')
const AVERAGE = new Literal(',"ap":"')
const EMPTY_RATE = new Literal(',"r":""')
const KEY_E = keyWord('E')
const KEY_p = keyWord('p')
const KEY_P = keyWord('P')
const KEY_i = keyWord('i')
const KEY_r = keyWord('r')
const KEY_T = keyWord('T')
const KNOWN = letterSet('eEspPirT')

const EVENT_TIME = 0
const MARK_PRICE = 1
const MARK_PRICE_AVERAGE = 2
const SETTLE_PRICE = 3
const INDEX_PRICE = 4
const RATE = 5
const FUNDING_TIME = 6

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

export class MarkPriceHandler extends PayloadHandler {
  readonly #publisher: Publisher<FundingRateEvent>
  readonly #symbolMember: Literal

  constructor(spec: StreamSpec, context: HandlerContext) {
    super(spec, context)
    this.#publisher = context.publishers.funding
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
    const numbers = cursor.numbers
    if (
      !(
        cursor.literal(BEGIN) &&
        cursor.integer(KEY_E, EVENT_TIME) &&
        cursor.literal(this.#symbolMember) &&
        cursor.decimal(KEY_p, MARK_PRICE)
      )
    ) {
      return false
    }
    numbers[MARK_PRICE_AVERAGE] = Number.NaN
    numbers[SETTLE_PRICE] = Number.NaN
    numbers[INDEX_PRICE] = Number.NaN
    if (cursor.literal(AVERAGE) && !cursor.decimalHere(MARK_PRICE_AVERAGE)) return false
    if (cursor.isNext(KEY_P) && !cursor.decimal(KEY_P, SETTLE_PRICE)) return false
    if (cursor.isNext(KEY_i) && !cursor.decimal(KEY_i, INDEX_PRICE)) return false
    // Before 2026 the settlement price came after the index price.
    if (cursor.isNext(KEY_P) && !(Number.isNaN(numbers[SETTLE_PRICE]) && cursor.decimal(KEY_P, SETTLE_PRICE)))
      return false
    if (cursor.literal(EMPTY_RATE)) numbers[RATE] = Number.NaN
    else if (!cursor.signedDecimal(KEY_r, RATE)) return false
    return cursor.integer(KEY_T, FUNDING_TIME) && cursor.closeLast(KNOWN)
  }

  protected override parse(fields: JsonFields): void {
    const numbers = this.cursor.numbers
    fields.expect('e', 'markPriceUpdate')
    fields.expect('s', this.symbol)
    numbers[EVENT_TIME] = fields.integer('E')
    numbers[MARK_PRICE] = fields.decimal('p')
    numbers[MARK_PRICE_AVERAGE] = fields.optionalDecimal('ap')
    numbers[SETTLE_PRICE] = fields.optionalDecimal('P')
    numbers[INDEX_PRICE] = fields.optionalDecimal('i')
    numbers[RATE] = fields.optionalDecimal('r')
    numbers[FUNDING_TIME] = fields.optionalInteger('T')
  }

  protected override finish(receiveTimeMs: number, feed: Feed): PayloadOutcome {
    const numbers = this.cursor.numbers
    const venueTimeMs = numbers[EVENT_TIME] as number
    const markPrice = numbers[MARK_PRICE] as number
    const average = numbers[MARK_PRICE_AVERAGE] as number
    const settlePrice = numbers[SETTLE_PRICE] as number
    const indexPrice = numbers[INDEX_PRICE] as number
    const rate = numbers[RATE] as number
    const fundingTimeMs = numbers[FUNDING_TIME] as number
    if (!(venueTimeMs > 0)) return this.reject(`E: a time cannot be ${venueTimeMs}`)
    if (!(markPrice >= 0)) return this.reject(`p: a price cannot be ${markPrice}`)
    // NaN passes these: not sent.
    if (average < 0 || settlePrice < 0 || indexPrice < 0) {
      return this.reject(`ap, P, i: prices cannot be ${average}, ${settlePrice} and ${indexPrice}`)
    }
    if (fundingTimeMs < 0) return this.reject(`T: a time cannot be ${fundingTimeMs}`)
    if (venueTimeMs <= feed.lastId) return PayloadOutcome.DUPLICATE
    feed.lastId = venueTimeMs
    noteLatency(feed, receiveTimeMs - venueTimeMs)
    const hasFunding = fundingTimeMs > 0 && !Number.isNaN(rate)
    const fundingRate = hasFunding ? rate : null
    const nextFundingTimeMs = hasFunding ? fundingTimeMs : null
    // The usual case in one literal: adding fields one by one costs as much as decoding them.
    if (average >= 0 && indexPrice >= 0 && settlePrice >= 0) {
      this.#publisher.publish({
        venue: this.venue,
        symbol: this.symbol,
        markPrice,
        markPriceAvg: average,
        indexPrice,
        estimatedSettlePrice: settlePrice,
        fundingRate,
        nextFundingTimeMs,
        venueTimeMs,
        receiveTimeMs,
      })
      return PayloadOutcome.PUBLISHED
    }
    const event: Mutable<FundingRateEvent> = {
      venue: this.venue,
      symbol: this.symbol,
      markPrice,
      fundingRate,
      nextFundingTimeMs,
      venueTimeMs,
      receiveTimeMs,
    }
    if (!Number.isNaN(average)) event.markPriceAvg = average
    if (!Number.isNaN(indexPrice)) event.indexPrice = indexPrice
    if (!Number.isNaN(settlePrice)) event.estimatedSettlePrice = settlePrice
    this.#publisher.publish(event)
    return PayloadOutcome.PUBLISHED
  }
}
