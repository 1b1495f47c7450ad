/**
 * What each topic carries, for people: `feedbus topics` and the raw view print it. The type below makes the
 * compiler refuse a field that is missing here or does not exist.
 */
import type { TopicMap } from './topics.js'

/** The topics of this library, without those a user adds to `TopicMap`. */
type OwnTopic =
  | 'mkt.candles'
  | 'mkt.candles.partial'
  | 'mkt.orderbook'
  | 'mkt.orderbook.delta'
  | 'mkt.bbo'
  | 'mkt.trades'
  | 'mkt.funding'
  | 'mkt.ticker'
  | 'mkt.liquidations'
  | 'live.health'
  | 'live.gap'
  | 'log.event'

export interface TopicDescription<Fields> {
  /** Name of the payload type. */
  readonly payload: string
  readonly meaning: string
  /** Type, unit and meaning per field. */
  readonly fields: { readonly [Field in keyof Required<Fields>]: string }
}

export type TopicCatalog = { readonly [Name in OwnTopic]: TopicDescription<TopicMap[Name]> }

const VENUE = 'string: venue, e.g. BINANCE_SPOT'
const SYMBOL = 'string: symbol at the venue, upper case'
const VENUE_TIME = 'number: event time of the venue, epoch ms'
const RECEIVE_TIME = 'number: our clock when the frame arrived, epoch ms with fraction'
const LEVELS_BID = '[{price, qty}]: best (highest) first'
const LEVELS_ASK = '[{price, qty}]: best (lowest) first'

const CANDLE_FIELDS: TopicDescription<TopicMap['mkt.candles']>['fields'] = {
  venue: VENUE,
  symbol: SYMBOL,
  interval: 'string: 1s (spot), 1m … 1M',
  openTimeMs: 'number: first millisecond of the interval, epoch ms',
  closeTimeMs: 'number: last millisecond of the interval, epoch ms',
  open: 'number: quote per base',
  high: 'number: quote per base',
  low: 'number: quote per base',
  close: 'number: quote per base',
  volume: 'number: base units traded',
  quoteVolume: 'number: quote units traded',
  tradeCount: 'number: trades in the interval',
  takerBuyVolume: 'number: base units bought by takers',
  takerBuyQuoteVolume: 'number: quote units paid by buying takers',
  isFinalized: 'boolean: the interval is over',
  origin: "'stream' | 'backfill': pushed by the venue or fetched afterwards",
  venueTimeMs: VENUE_TIME,
  receiveTimeMs: RECEIVE_TIME,
}

export const TOPIC_CATALOG: TopicCatalog = {
  'mkt.candles': {
    payload: 'Candle',
    meaning: 'Finalized candles only, each exactly once, in order per (symbol, interval).',
    fields: CANDLE_FIELDS,
  },
  'mkt.candles.partial': {
    payload: 'Candle',
    meaning: 'Forming candles; only with emitPartialCandles.',
    fields: CANDLE_FIELDS,
  },
  'mkt.orderbook': {
    payload: 'OrderBookSnapshot',
    meaning: 'Full replacement of a book down to its depth.',
    fields: {
      venue: VENUE,
      symbol: SYMBOL,
      bids: LEVELS_BID,
      asks: LEVELS_ASK,
      sequence: 'number: venue update id this picture is valid at',
      state: "'SYNCING' | 'LIVE' | 'STALE' | 'RESYNCING'",
      bestBid: 'number | null: null on an empty side',
      bestAsk: 'number | null: null on an empty side',
      bestBidQty: 'number | null: base units',
      bestAskQty: 'number | null: base units',
      mid: 'number | null: average of the best prices',
      spread: 'number | null: best ask minus best bid, quote currency',
      spreadBps: 'number | null: spread over mid, basis points',
      isCrossed: 'boolean: best bid at or above best ask',
      venueTimeMs: 'number | null: event time of the venue, epoch ms; null on spot partial depth',
      receiveTimeMs: RECEIVE_TIME,
    },
  },
  'mkt.orderbook.delta': {
    payload: 'OrderBookDelta',
    meaning: 'Changed levels of a book: absolute quantities, zero removes the level.',
    fields: {
      venue: VENUE,
      symbol: SYMBOL,
      firstSequence: 'number: first venue update id covered',
      sequence: 'number: last venue update id covered',
      previousSequence: 'number | null: last id of the delta before (futures)',
      isSnapshot: 'true?: the whole book, replacing what you had; absent on changes',
      bids: '[{price, qty}]: changed bids, in the venue’s order',
      asks: '[{price, qty}]: changed asks, in the venue’s order',
      venueTimeMs: VENUE_TIME,
      receiveTimeMs: RECEIVE_TIME,
    },
  },
  'mkt.bbo': {
    payload: 'BestBidOffer',
    meaning: 'Best bid and offer (BOOK_TICKER).',
    fields: {
      venue: VENUE,
      symbol: SYMBOL,
      bid: 'number: best bid price',
      bidQty: 'number: base units at the best bid',
      ask: 'number: best ask price',
      askQty: 'number: base units at the best ask',
      sequence: 'number: venue update id, on the id line of the depth streams',
      venueTimeMs: 'number | null: event time, epoch ms; null on spot',
      receiveTimeMs: RECEIVE_TIME,
    },
  },
  'mkt.trades': {
    payload: 'Trade',
    meaning: 'Single (TRADE) or aggregated (AGG_TRADE) trades.',
    fields: {
      venue: VENUE,
      symbol: SYMBOL,
      kind: "'single' | 'aggregate'",
      id: 'number: trade or aggregate id, contiguous per symbol and kind',
      firstTradeId: 'number: first single trade covered',
      lastTradeId: 'number: last single trade covered',
      price: 'number: quote per base',
      qty: 'number: base units',
      takerSide: "'BUY' | 'SELL': side that removed liquidity",
      isBuyerMaker: 'boolean: the buyer was resting',
      tradeTimeMs: 'number: execution time, epoch ms',
      venueTimeMs: VENUE_TIME,
      receiveTimeMs: RECEIVE_TIME,
      origin: "'backfill' | absent: fetched over REST, or from the stream",
    },
  },
  'mkt.funding': {
    payload: 'FundingRateEvent',
    meaning: 'Mark price, index price and running funding rate of a futures contract.',
    fields: {
      venue: VENUE,
      symbol: SYMBOL,
      markPrice: 'number: venue’s fair price for margin',
      markPriceAvg: 'number?: moving average of the mark price',
      indexPrice: 'number?: spot reference of the mark price',
      estimatedSettlePrice: 'number?: meaningful in the last hour before settlement',
      fundingRate: 'number | null: fraction per interval; null without funding',
      nextFundingTimeMs: 'number | null: epoch ms; null without funding',
      venueTimeMs: VENUE_TIME,
      receiveTimeMs: RECEIVE_TIME,
    },
  },
  'mkt.ticker': {
    payload: 'TickerEvent',
    meaning: 'Statistics of the rolling 24 h window (TICKER, MINI_TICKER).',
    fields: {
      venue: VENUE,
      symbol: SYMBOL,
      kind: "'full' | 'mini'",
      lastPrice: 'number: quote per base',
      lastQty: 'number?: base units of the last trade',
      priceChange: 'number: last price minus open',
      priceChangePercent: 'number: in percent',
      weightedAvgPrice: 'number?: volume weighted average price',
      previousClosePrice: 'number?: last price before the window (spot)',
      open: 'number: quote per base',
      high: 'number: quote per base',
      low: 'number: quote per base',
      volume: 'number: base units',
      quoteVolume: 'number: quote units',
      bestBid: 'number?: spot only',
      bestBidQty: 'number?: spot only',
      bestAsk: 'number?: spot only',
      bestAskQty: 'number?: spot only',
      tradeCount: 'number?: trades in the window',
      firstTradeId: 'number?: first trade of the window',
      lastTradeId: 'number?: last trade of the window',
      windowOpenTimeMs: 'number?: epoch ms',
      windowCloseTimeMs: 'number?: epoch ms',
      venueTimeMs: VENUE_TIME,
      receiveTimeMs: RECEIVE_TIME,
    },
  },
  'mkt.liquidations': {
    payload: 'Liquidation',
    meaning: 'Forced orders (futures): at most one per symbol per second, a sample.',
    fields: {
      venue: VENUE,
      symbol: SYMBOL,
      side: "'BUY' | 'SELL': SELL means a long position was liquidated",
      orderType: 'string: as the venue writes it',
      timeInForce: 'string: as the venue writes it',
      qty: 'number: original quantity',
      price: 'number: order price',
      avgPrice: 'number: average fill price',
      status: 'string: order status at the venue',
      lastFilledQty: 'number: quantity of the last fill',
      filledQty: 'number: filled so far',
      tradeTimeMs: 'number: epoch ms',
      venueTimeMs: VENUE_TIME,
      receiveTimeMs: RECEIVE_TIME,
    },
  },
  'live.health': {
    payload: 'FeedSystemHealth',
    meaning: 'State of a feed: every healthCheckIntervalMs and at once on every state change.',
    fields: {
      name: 'string: name of the manager',
      venue: VENUE,
      state: "'STOPPED' | 'STARTING' | 'RUNNING' | 'STOPPING' | 'FAILED'",
      timeMs: 'number: epoch ms',
      uptimeMs: 'number: since RUNNING was reached',
      totalMessageCount: 'number: data messages received',
      totalErrorCount: 'number: rejected messages and failed connections',
      connections: '[ConnectionHealth]: id, route, generation, state, url, ages, reconnects',
      feeds: '[FeedHealth]: symbol, streamType, state, ages, rate, latency, gaps',
      books: '[BookHealth]: maintained books',
      clock: 'VenueClockHealth | null: offset of the venue clock, with its uncertainty',
      bus: 'BusHealth: published, delivered, dropped, handlerErrors, queueDepth',
    },
  },
  'live.gap': {
    payload: 'GapEvent',
    meaning: 'A hole in a stream: opened, filled, unfillable.',
    fields: {
      gapId: 'number: same in all events of one gap',
      kind: "'opened' | 'filled' | 'unfillable'",
      venue: VENUE,
      symbol: SYMBOL,
      streamType: 'string: stream type, e.g. TRADE',
      detail: 'string: interval, depth or speed of the stream',
      unit: "'updateId' | 'tradeId' | 'openTime' | 'time'",
      from: 'number: first missing, inclusive, in unit',
      to: 'number: last missing, inclusive, in unit',
      missing: 'number | null: missing messages; null where ids have holes by nature',
      cause: 'string: DISCONNECT, SEQUENCE, SILENT, REJECTED, RESET, OVERFLOW',
      by: 'string?: what closed it: snapshot, backfill, overlap, superseded',
      openedTimeMs: 'number: epoch ms',
      timeMs: 'number: epoch ms',
    },
  },
  'log.event': {
    payload: 'LogEvent',
    meaning: 'Audit trail of infrastructure events.',
    fields: {
      event: 'string: name, e.g. CONNECTION_ESTABLISHED',
      level: "'DEBUG' | 'INFO' | 'WARNING' | 'ERROR'",
      message: 'string: for people',
      timeMs: 'number: epoch ms',
      data: 'object: plain JSON values',
    },
  },
}
