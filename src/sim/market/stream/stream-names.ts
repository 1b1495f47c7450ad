/**
 * From a stream name to what runs behind it. A name that leads nowhere gives `null`: the venue acknowledges it and
 * never delivers (unknown symbol, type or speed; upper case).
 *
 * Speeds and names: Binance web socket stream pages, checked 2026-11-20. `@250ms` is not a name on futures: the bare
 * depth streams have that speed.
 */
import type { MarketKind } from '../../../types/venue.js'
import type { Instrument } from '../instrument.js'
import { parseInterval, parseTimeZone } from '../intervals.js'
import type { Stamps } from '../payload/stamps.js'
import * as arrays from './array-streams.js'
import { BookTickerStream, DiffDepthStream, PartialDepthStream } from './book-streams.js'
import { ForceOrderStream, MarkPriceStream } from './futures-streams.js'
import { KlineStream } from './kline-streams.js'
import type { MarketView, StreamSource } from './stream-source.js'
import {
  AvgPriceStream,
  miniTickerStream,
  ReferencePriceStream,
  tickerStream,
  WINDOW_LENGTHS_MS,
  windowTickerStream,
} from './ticker-streams.js'
import { FuturesAggTradeStream, SpotAggTradeStream, TradeStream } from './trade-streams.js'

export interface StreamRequest {
  readonly market: MarketKind
  readonly name: string
  readonly view: MarketView
  /** By the lower-case name used in streams. */
  readonly instrument: (streamName: string) => Instrument | null
  readonly stamps: Stamps
}

/** Depth streams and the undocumented single trades are public; everything else is market data (2026-03-06). */
export function routeOf(name: string): 'public' | 'market' {
  const type = name.startsWith('!') ? name.slice(1) : name.slice(name.indexOf('@') + 1)
  return /^(bookTicker|depth|rpiDepth|trade$)/.test(type) ? 'public' : 'market'
}

export function resolveStream(request: StreamRequest): StreamSource | null {
  const { name, market } = request
  if (name.startsWith('!')) return market === 'spot' ? spotArray(request) : futuresArray(request)
  const at = name.indexOf('@')
  if (at <= 0) return null
  const subject = name.slice(0, at)
  const type = name.slice(at + 1)
  if (market === 'futures') {
    if (type.startsWith('continuousKline_')) return continuousKline(request, subject, type)
    if (type === 'assetIndex') return assetIndex(request, subject)
  }
  const instrument = request.instrument(subject)
  if (instrument === null) return null
  return market === 'spot'
    ? spotStream(instrument, type, request.stamps)
    : futuresStream(instrument, type, request.stamps)
}

const SPOT_DIFF_MS: Readonly<Record<string, number>> = { depth: 1000, 'depth@1000ms': 1000, 'depth@100ms': 100 }
const FUTURES_DIFF_MS: Readonly<Record<string, number>> = {
  depth: 250,
  'depth@100ms': 100,
  'depth@500ms': 500,
  // In captures the fastest stream comes about every 50 ms.
  'depth@0ms': 50,
  'rpiDepth@500ms': 500,
}
const SPOT_PARTIAL_MS: Readonly<Record<string, number>> = { '': 1000, '@1000ms': 1000, '@100ms': 100 }
const FUTURES_PARTIAL_MS: Readonly<Record<string, number>> = { '': 250, '@100ms': 100, '@500ms': 500 }

function own(table: Readonly<Record<string, number>>, key: string): number | null {
  return Object.hasOwn(table, key) ? table[key]! : null
}

/** What both markets have, under the same names. */
function commonStream(instrument: Instrument, type: string, stamps: Stamps, tickerMs: number): StreamSource | null {
  switch (type) {
    case 'bookTicker':
      return new BookTickerStream(instrument, stamps)
    case 'trade':
      return new TradeStream(instrument, stamps)
    case 'ticker':
      return tickerStream(instrument, stamps, tickerMs)
    case 'miniTicker':
      return miniTickerStream(instrument, stamps, tickerMs)
  }
  return null
}

function spotStream(instrument: Instrument, type: string, stamps: Stamps): StreamSource | null {
  const diffMs = own(SPOT_DIFF_MS, type)
  if (diffMs !== null) return new DiffDepthStream(instrument, stamps, diffMs)
  switch (type) {
    case 'aggTrade':
      return new SpotAggTradeStream(instrument, stamps)
    case 'avgPrice':
      return new AvgPriceStream(instrument, stamps, 1000)
    case 'referencePrice':
      return new ReferencePriceStream(instrument, stamps, 1000)
  }
  if (type.startsWith('ticker_') && Object.hasOwn(WINDOW_LENGTHS_MS, type.slice(7))) {
    return windowTickerStream(instrument, stamps, type.slice(7))
  }
  return (
    commonStream(instrument, type, stamps, 1000) ??
    partialDepth(instrument, type, stamps, SPOT_PARTIAL_MS) ??
    kline(instrument, type, stamps)
  )
}

function futuresStream(instrument: Instrument, type: string, stamps: Stamps): StreamSource | null {
  // COIN-M contracts appear in the arrays only; their own streams live on another host.
  if (instrument.spec.contractClass === 2) return null
  const diffMs = own(FUTURES_DIFF_MS, type)
  if (diffMs !== null) return new DiffDepthStream(instrument, stamps, diffMs)
  switch (type) {
    case 'aggTrade':
      return new FuturesAggTradeStream(instrument, stamps)
    case 'markPrice':
      return new MarkPriceStream(instrument, stamps, 3000)
    case 'markPrice@1s':
      return new MarkPriceStream(instrument, stamps, 1000)
    case 'forceOrder':
      return new ForceOrderStream(instrument, stamps)
  }
  return (
    commonStream(instrument, type, stamps, 2000) ??
    partialDepth(instrument, type, stamps, FUTURES_PARTIAL_MS) ??
    kline(instrument, type, stamps)
  )
}

function partialDepth(
  instrument: Instrument,
  type: string,
  stamps: Stamps,
  speeds: Readonly<Record<string, number>>,
): StreamSource | null {
  const match = /^depth(5|10|20)(@\d+ms)?$/.exec(type)
  const periodMs = match === null ? null : own(speeds, match[2] ?? '')
  return periodMs === null ? null : new PartialDepthStream(instrument, stamps, periodMs, Number(match![1]))
}

/** `kline_1m`, and on spot `kline_1d@+08:00`. */
function kline(instrument: Instrument, type: string, stamps: Stamps): StreamSource | null {
  const match = /^kline_(\w+)(?:@(\+08:00))?$/.exec(type)
  if (match === null) return null
  const { market } = instrument.spec
  const interval = parseInterval(match[1]!, market)
  if (interval === null || (match[2] !== undefined && market === 'futures')) return null
  const zoneMs = match[2] === undefined ? 0 : (parseTimeZone(match[2]) ?? 0)
  return new KlineStream({ instrument, stamps, interval, zoneMs, isContinuous: false })
}

/** `btcusdt_perpetual@continuousKline_1m`. */
function continuousKline(request: StreamRequest, subject: string, type: string): StreamSource | null {
  const interval = parseInterval(type.slice('continuousKline_'.length), 'futures')
  const split = subject.indexOf('_')
  if (interval === null || split < 0) return null
  const pair = subject.slice(0, split)
  const contractType = subject.slice(split + 1)
  const instrument = request.view.instruments.find(
    ({ spec }) =>
      spec.contractClass === 1 &&
      spec.streamName.split('_')[0] === pair &&
      spec.contractType.toLowerCase() === contractType,
  )
  if (instrument === undefined) return null
  return new KlineStream({ instrument, stamps: request.stamps, interval, zoneMs: 0, isContinuous: true })
}

function assetIndex(request: StreamRequest, subject: string): StreamSource | null {
  const { view, stamps } = request
  const asset = subject.toUpperCase()
  const isKnown = arrays.assetInstruments(view.instruments).some(({ spec }) => `${spec.base}USD` === asset)
  return isKnown && subject !== asset ? new arrays.AssetIndexStream(view, stamps, asset) : null
}

/** Spot lost `!ticker@arr` on 2026-03-26. */
function spotArray({ name, view, stamps }: StreamRequest): StreamSource | null {
  if (name === '!miniTicker@arr') return arrays.miniTickerArray(view, stamps)
  const window = /^!ticker_(1h|4h|1d)@arr$/.exec(name)?.[1]
  return window === undefined ? null : arrays.windowTickerArray(view, stamps, window)
}

function futuresArray({ name, view, stamps }: StreamRequest): StreamSource | null {
  switch (name) {
    case '!ticker@arr':
      return arrays.tickerArray(view, stamps)
    case '!miniTicker@arr':
      return arrays.miniTickerArray(view, stamps)
    case '!markPrice@arr':
      return new arrays.MarkPriceArrayStream(view, stamps, 3000)
    case '!markPrice@arr@1s':
      return new arrays.MarkPriceArrayStream(view, stamps, 1000)
    case '!bookTicker':
      return new arrays.BookTickerArrayStream(view, stamps)
    case '!forceOrder@arr':
      return new arrays.ForceOrderArrayStream(view, stamps)
    case '!contractInfo':
      return new arrays.ContractInfoStream(view, stamps)
    case '!assetIndex@arr':
      return new arrays.AssetIndexStream(view, stamps, null)
    default:
      return null
  }
}
