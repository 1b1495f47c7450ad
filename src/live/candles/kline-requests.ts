/** Asks the venue for finalized candles, by pages, at the least request weight. */
import type { Clock } from '../../runtime/clock.js'
import type { Candle } from '../../types/candle.js'
import type { MarketKind } from '../../types/venue.js'
import type { VenueInfo } from '../config/venues.js'
import type { RestDoor, RestPriority } from '../rest/request-governor.js'
import { type KlineSource, parseKlineRows } from './kline-rows.js'

export interface KlinePage extends KlineSource {
  readonly fromOpenTimeMs: number
  /** Candles wanted; the page may hold fewer. */
  readonly count: number
  readonly priority: RestPriority
}

/** Rows per page at the best weight: one weight for any on spot; 250 rows per weight on futures up to 500, fewer beyond. */
const PAGE_ROWS: Readonly<Record<MarketKind, number>> = { spot: 1000, futures: 500 }

export class KlineRequests {
  readonly #rest: RestDoor
  readonly #info: VenueInfo
  readonly #clock: Clock

  constructor(rest: RestDoor, info: VenueInfo, clock: Clock) {
    this.#rest = rest
    this.#info = info
    this.#clock = clock
  }

  /**
   * Candles from `fromOpenTimeMs` on, oldest first; the last one may still be forming. One row more than wanted
   * is asked for: a row that follows proves that the one before it is over, whatever any clock says.
   *
   * Rejects with `RestError` or `MESSAGE_INVALID`. One attempt only: the caller announces what is missing first
   * and then tries again in its own time.
   */
  async page(page: KlinePage): Promise<Candle[]> {
    const { market, restPaths } = this.#info
    const limit = Math.min(page.count + 1, PAGE_ROWS[market])
    const query = `symbol=${encodeURIComponent(page.symbol)}&interval=${page.interval}&startTime=${page.fromOpenTimeMs}&limit=${limit}`
    const path = `${restPaths.klines}?${query}`
    const response = await this.#rest.get({
      path,
      weight: klinesWeight(market, limit),
      priority: page.priority,
      attemptsMax: 1,
    })
    return parseKlineRows(response.body, page, this.#clock.wallMs())
  }
}

/** Spot: always 2. Futures: measured 2026-10-07. */
export function klinesWeight(market: MarketKind, limit: number): number {
  if (market === 'spot') return 2
  if (limit <= 100) return 1
  if (limit <= 500) return 2
  return limit <= 1000 ? 5 : 10
}
