/** REST order book snapshots. */
import type { RestReply } from '../../market-source.js'
import { Side } from '../../match/index.js'
import { type LevelKey, priceOfKey, sideOfKey } from '../change-journal.js'
import type { Instrument } from '../instrument.js'
import { levelsText } from '../payload/book-payloads.js'
import type { Stamps } from '../payload/stamps.js'
import { RestError, type RestRequest, reply } from './rest-request.js'

const FUTURES_WEIGHTS: Readonly<Record<number, number>> = { 5: 2, 10: 2, 20: 2, 50: 2, 100: 5, 500: 10, 1000: 20 }
const SPOT_LEVELS_MAX = 5000

export function depthReply(request: RestRequest): RestReply {
  const asked = request.integer('limit')
  const { levels, weight } = request.isSpot ? spotLimit(asked) : futuresLimit(asked)
  try {
    const instrument = request.instrument()
    const { nowUs } = request.view
    return reply(depthBody(instrument, request.stamps, nowUs, levels), weight)
  } catch (error) {
    if (error instanceof RestError) throw new RestError(error.code, error.message, error.status, weight)
    throw error
  }
}

/** The book now. */
export function depthBody(instrument: Instrument, stamps: Stamps, nowUs: number, levels: number): string {
  const bids = levelsText(instrument, Side.BUY, levels)
  const asks = levelsText(instrument, Side.SELL, levels)
  return bodyText(instrument, stamps, nowUs, instrument.lastUpdateId, bids, asks)
}

/** The book of a moment ago, for a server that shows an old snapshot; `null` if the journal does not reach back. */
export function pastDepthBody(
  instrument: Instrument,
  stamps: Stamps,
  nowUs: number,
  levels: number,
  updateId: number,
): string | null {
  const book = instrument.journal.booksAt(instrument.book, updateId)
  if (book === null) return null
  const side = (wanted: Side): string => pastLevels(instrument, book, wanted, levels)
  return bodyText(instrument, stamps, nowUs, updateId, side(Side.BUY), side(Side.SELL))
}

/** Keys of one side, best first. */
export function sortedPrices(book: ReadonlyMap<LevelKey, number>, side: Side): number[] {
  const prices: number[] = []
  for (const key of book.keys()) if (sideOfKey(key) === side) prices.push(priceOfKey(key))
  return prices.sort(side === Side.BUY ? (a, b) => b - a : (a, b) => a - b)
}

function pastLevels(instrument: Instrument, book: ReadonlyMap<LevelKey, number>, side: Side, levels: number): string {
  const { text } = instrument
  return sortedPrices(book, side)
    .slice(0, levels)
    .map((price) => `["${text.price(price)}","${text.qty(book.get(price * 2 + side)!)}"]`)
    .join(',')
}

function bodyText(
  instrument: Instrument,
  stamps: Stamps,
  nowUs: number,
  updateId: number,
  bids: string,
  asks: string,
): string {
  const times =
    instrument.spec.market === 'spot' ? '' : `"E":${stamps.event(nowUs)},"T":${stamps.time(instrument.lastChangeUs)},`
  return `{"lastUpdateId":${updateId},${times}"bids":[${bids}],"asks":[${asks}]}`
}

function spotLimit(asked: number | null): { levels: number; weight: number } {
  const levels = Math.min(asked === null || asked === 0 ? 100 : asked, SPOT_LEVELS_MAX)
  return { levels, weight: levels <= 100 ? 5 : levels <= 500 ? 25 : levels <= 1000 ? 50 : 250 }
}

/** Without `limit` the venue gives 500 levels for the price of one (seen 2026-10-07). */
function futuresLimit(asked: number | null): { levels: number; weight: number } {
  if (asked === null) return { levels: 500, weight: 1 }
  const weight = FUTURES_WEIGHTS[asked]
  if (weight === undefined) throw new RestError(-4021, `${asked} is not valid depth limit`, 400, 1)
  return { levels: asked, weight }
}
