/**
 * The REST snapshot of a book: what to ask for, and how to read the answer.
 *
 * `GET depth?symbol=…&limit=…` answers `{"lastUpdateId":…,"bids":[["price","qty"],…],"asks":[…]}`, on futures also
 * with the times `E` and `T`. An empty book of a symbol just listed may say `"lastUpdateId":-1`. (Binance REST
 * documentation "Order book" of spot and USD-M, checked 2026-11-20.)
 */
import type { SnapshotLevels, VenueInfo } from '../config/index.js'
import { RestError } from '../rest/rest-error.js'
import type { BookImage } from './book-keeper.js'

export interface ImageRequest {
  /** With query. */
  readonly path: string
  /** By the venue's table. */
  readonly weight: number
  readonly levels: SnapshotLevels
}

export function imageRequest(info: VenueInfo, symbol: string, levels: SnapshotLevels): ImageRequest {
  const weight = info.restLimits.depthSnapshotWeights[levels]
  // The configuration is checked for this; a request of unknown weight could get the address banned.
  if (weight === undefined) throw new RangeError(`${info.venue} has no snapshots of ${levels} levels`)
  return { path: `${info.restPaths.depth}?symbol=${encodeURIComponent(symbol)}&limit=${levels}`, weight, levels }
}

/** Throws `RestError` `REST_UNREADABLE` for a body that is no book: cut off, HTML of a proxy, impossible values. */
export function readImage(body: string, request: ImageRequest): BookImage {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch (cause) {
    throw unreadable(request.path, `no JSON: ${excerpt(body)}`, cause)
  }
  const { lastUpdateId, bids, asks, E } = (value ?? {}) as Readonly<Record<string, unknown>>
  if (!(Number.isSafeInteger(lastUpdateId) && (lastUpdateId as number) >= -1)) {
    throw unreadable(request.path, `lastUpdateId cannot be ${String(lastUpdateId)}`)
  }
  return {
    sequence: lastUpdateId as number,
    bids: readSide(bids, 'bids', request.path),
    asks: readSide(asks, 'asks', request.path),
    levelsMax: request.levels,
    ...(Number.isSafeInteger(E) ? { venueTimeMs: E as number } : {}),
  }
}

function readSide(side: unknown, name: string, path: string): number[] {
  if (!Array.isArray(side)) throw unreadable(path, `${name} is no list`)
  const levels: number[] = []
  for (const level of side as unknown[]) {
    const [price, qty] = Array.isArray(level) ? (level as unknown[]) : []
    const priceValue = decimal(price)
    const qtyValue = decimal(qty)
    if (!(priceValue > 0 && qtyValue >= 0)) {
      throw unreadable(path, `${name} holds an impossible level ${JSON.stringify(level)}`)
    }
    levels.push(priceValue, qtyValue)
  }
  return levels
}

/** NaN for anything but a finite decimal in text. */
function decimal(text: unknown): number {
  if (typeof text !== 'string' || text.trim() === '') return Number.NaN
  const value = Number(text)
  return Number.isFinite(value) ? value : Number.NaN
}

function unreadable(path: string, why: string, cause?: unknown): RestError {
  return new RestError('REST_UNREADABLE', `${path} answered something that is no order book: ${why}`, { path, cause })
}

function excerpt(body: string): string {
  return body === '' ? 'an empty body' : `${body.length} characters beginning ${JSON.stringify(body.slice(0, 80))}`
}
