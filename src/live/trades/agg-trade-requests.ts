/**
 * Asks the venue for aggregated trades by id, and reads the reply as strictly as a frame of the stream. One
 * impossible row refuses the whole reply: what else is in it would be a guess.
 */
import type { Clock } from '../../runtime/clock.js'
import { LiveFeedError } from '../../types/errors.js'
import type { Trade } from '../../types/trade.js'
import type { MarketKind, Venue } from '../../types/venue.js'
import type { VenueInfo } from '../config/venues.js'
import { type RestDoor, RestPriority } from '../rest/request-governor.js'

/** Rows per request at one weight, whatever the number (spot and futures REST documentation, checked 2026-11-20). */
const ROWS_MAX = 1000
const WEIGHT: Readonly<Record<MarketKind, number>> = { spot: 4, futures: 20 }
const DECIMAL = /^\d+(\.\d+)?$/

export class AggTradeRequests {
  readonly #rest: RestDoor
  readonly #info: VenueInfo
  readonly #clock: Clock

  constructor(rest: RestDoor, info: VenueInfo, clock: Clock) {
    this.#rest = rest
    this.#info = info
    this.#clock = clock
  }

  /**
   * Trades from id `from` on, by rising id, none beyond `to`; may be fewer than asked for or none. Rejects with
   * `RestError` or `MESSAGE_INVALID`. One attempt: the caller tries again in its own time.
   */
  async page(symbol: string, from: number, to: number): Promise<Trade[]> {
    const { market, restPaths, venue } = this.#info
    const limit = Math.min(to - from + 1, ROWS_MAX)
    const response = await this.#rest.get({
      path: `${restPaths.aggTrades}?symbol=${encodeURIComponent(symbol)}&fromId=${from}&limit=${limit}`,
      weight: WEIGHT[market],
      priority: RestPriority.NORMAL,
      attemptsMax: 1,
    })
    const trades = parseAggTrades(response.body, venue, symbol, this.#clock.wallMs())
    return trades.filter(({ id }) => id >= from && id <= to)
  }
}

/**
 * Rows `{a, p, q, f, l, T, m}` of a reply, ids rising. The reply has no event time: `venueTimeMs` is the time of
 * the trade. Throws `MESSAGE_INVALID` naming row and field.
 */
export function parseAggTrades(body: string, venue: Venue, symbol: string, receiveTimeMs: number): Trade[] {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch (cause) {
    throw invalid(symbol, 'the reply is no JSON', cause)
  }
  if (!Array.isArray(value)) throw invalid(symbol, 'the reply is no array')
  let previous = -1
  return value.map((row: unknown, index) => {
    const trade = tradeOf(row, index, venue, symbol, receiveTimeMs)
    if (trade.id <= previous) throw invalid(symbol, `row ${index}: ids do not rise`)
    previous = trade.id
    return trade
  })
}

function tradeOf(row: unknown, index: number, venue: Venue, symbol: string, receiveTimeMs: number): Trade {
  if (typeof row !== 'object' || row === null) throw invalid(symbol, `row ${index}: no trade`)
  const fields = row as Readonly<Record<string, unknown>>
  const fail = (field: string): never => {
    throw invalid(symbol, `row ${index}: impossible ${field}`)
  }
  const decimal = (key: string): number => {
    const text = fields[key]
    const number = typeof text === 'string' && DECIMAL.test(text) ? Number(text) : Number.NaN
    return Number.isFinite(number) ? number : fail(key)
  }
  const integer = (key: string): number => {
    const number = fields[key]
    return Number.isSafeInteger(number) && (number as number) >= 0 ? (number as number) : fail(key)
  }
  const isBuyerMaker = typeof fields.m === 'boolean' ? fields.m : fail('m')
  const tradeTimeMs = integer('T')
  return {
    venue,
    symbol,
    kind: 'aggregate',
    id: integer('a'),
    firstTradeId: integer('f'),
    lastTradeId: integer('l'),
    price: decimal('p'),
    qty: decimal('q'),
    takerSide: isBuyerMaker ? 'SELL' : 'BUY',
    isBuyerMaker,
    tradeTimeMs,
    venueTimeMs: tradeTimeMs,
    receiveTimeMs,
    origin: 'backfill',
  }
}

function invalid(symbol: string, what: string, cause?: unknown): LiveFeedError {
  return new LiveFeedError('MESSAGE_INVALID', `aggTrades of ${symbol}: ${what}`, { cause })
}
