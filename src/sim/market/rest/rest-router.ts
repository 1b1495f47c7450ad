/** Which path is answered by what. Paths and weights: Binance REST pages and measurements, checked 2026-11-20. */
import type { RestReply } from '../../market-source.js'
import type { Stamps } from '../payload/stamps.js'
import { depthReply } from './depth-reply.js'
import { exchangeInfoReply } from './exchange-info.js'
import { fundingInfoReply, fundingRateReply, openInterestReply, premiumIndexReply } from './futures-replies.js'
import { continuousKlinesReply, klinesReply, referenceKlinesReply } from './klines-reply.js'
import { errorReply, RestError, RestRequest, type RestView, reply } from './rest-request.js'
import { avgPriceReply, bookTickerReply, dayTickerReply, priceReply } from './ticker-replies.js'
import { aggTradesReply, tradesReply } from './trades-reply.js'

interface Endpoint {
  readonly answer: (request: RestRequest) => RestReply
  /** Weight of a refused call, unless the reply knows better. */
  readonly weight: number
}

const ping: Endpoint = { weight: 1, answer: () => reply('{}', 1) }
const time: Endpoint = {
  weight: 1,
  answer: ({ stamps, view }) => reply(`{"serverTime":${stamps.event(view.wallUs)}}`, 1),
}

const SPOT: Readonly<Record<string, Endpoint>> = {
  ping,
  time,
  exchangeInfo: { weight: 20, answer: exchangeInfoReply },
  depth: { weight: 5, answer: depthReply },
  klines: { weight: 2, answer: klinesReply },
  uiKlines: { weight: 2, answer: klinesReply },
  trades: { weight: 25, answer: (request) => tradesReply(request, false) },
  historicalTrades: { weight: 25, answer: (request) => tradesReply(request, true) },
  aggTrades: { weight: 4, answer: aggTradesReply },
  'ticker/24hr': { weight: 2, answer: dayTickerReply },
  'ticker/price': { weight: 2, answer: priceReply },
  'ticker/bookTicker': { weight: 2, answer: bookTickerReply },
  avgPrice: { weight: 2, answer: avgPriceReply },
}

const FUTURES: Readonly<Record<string, Endpoint>> = {
  ping,
  time,
  exchangeInfo: { weight: 1, answer: exchangeInfoReply },
  depth: { weight: 1, answer: depthReply },
  rpiDepth: { weight: 20, answer: (request) => ({ ...depthReply(request), weight: 20 }) },
  klines: { weight: 5, answer: klinesReply },
  continuousKlines: { weight: 5, answer: continuousKlinesReply },
  markPriceKlines: { weight: 5, answer: (request) => referenceKlinesReply(request, 'mark') },
  indexPriceKlines: { weight: 5, answer: (request) => referenceKlinesReply(request, 'index') },
  trades: { weight: 5, answer: (request) => tradesReply(request, false) },
  historicalTrades: { weight: 20, answer: (request) => tradesReply(request, true) },
  aggTrades: { weight: 20, answer: aggTradesReply },
  'ticker/24hr': { weight: 1, answer: dayTickerReply },
  'ticker/price': { weight: 1, answer: priceReply },
  'ticker/bookTicker': { weight: 2, answer: bookTickerReply },
  premiumIndex: { weight: 1, answer: premiumIndexReply },
  fundingRate: { weight: 0, answer: fundingRateReply },
  fundingInfo: { weight: 0, answer: fundingInfoReply },
  openInterest: { weight: 1, answer: openInterestReply },
}

/** The spot paths of old, off at the venue since 2026-03-25 but still called by some connectors. */
const LEGACY = ['ping', 'time', 'exchangeInfo', 'depth', 'klines']

interface Resolved {
  readonly endpoint: Endpoint
  /** Legacy and futures paths take symbols in any letter case. */
  readonly anyCase: boolean
}

function resolve(view: RestView, path: string, legacyV1: boolean): Resolved | null {
  if (view.market === 'spot') {
    const current = /^\/api\/v3\/(.+)$/.exec(path)?.[1]
    if (current !== undefined) return found(SPOT, current, false)
    const legacy = /^\/api\/v1\/(.+)$/.exec(path)?.[1]
    return legacy !== undefined && legacyV1 && LEGACY.includes(legacy) ? found(SPOT, legacy, true) : null
  }
  const name = /^\/fapi\/v1\/(.+)$/.exec(path)?.[1] ?? /^\/fapi\/v2\/(ticker\/price)$/.exec(path)?.[1]
  return name === undefined ? null : found(FUTURES, name, true)
}

function found(table: Readonly<Record<string, Endpoint>>, name: string, anyCase: boolean): Resolved | null {
  return Object.hasOwn(table, name) ? { endpoint: table[name]!, anyCase } : null
}

/** Answers a call; refusals have the venue's error body and cost their weight, too. */
export function answerRest(
  view: RestView,
  path: string,
  params: URLSearchParams,
  stamps: Stamps,
  legacyV1: boolean,
): RestReply {
  const resolved = resolve(view, path, legacyV1)
  if (resolved === null) return errorReply(404, -5000, `Path ${path}, Method GET is invalid`, 1)
  const { endpoint, anyCase } = resolved
  try {
    return endpoint.answer(new RestRequest(view, params, stamps, anyCase))
  } catch (error) {
    if (!(error instanceof RestError)) throw error
    return errorReply(error.status, error.code, error.message, error.weight ?? endpoint.weight)
  }
}
