/**
 * The way every ordinary client reads a frame, as the measure for ours: UTF-8 text, `JSON.parse`, look up the
 * stream, numbers out of the decimal texts, one typed object. No checks, no continuity, no counters: it does
 * less than what it is compared with.
 */

const number = Number

const builders = {
  BOOK_TICKER: (d, venue, receiveTimeMs) => ({
    venue,
    symbol: d.s,
    bid: number(d.b),
    bidQty: number(d.B),
    ask: number(d.a),
    askQty: number(d.A),
    sequence: d.u,
    venueTimeMs: d.E ?? null,
    receiveTimeMs,
  }),
  AGG_TRADE: (d, venue, receiveTimeMs) => ({
    venue,
    symbol: d.s,
    kind: 'aggregate',
    id: d.a,
    firstTradeId: d.f,
    lastTradeId: d.l,
    price: number(d.p),
    qty: number(d.q),
    takerSide: d.m ? 'SELL' : 'BUY',
    isBuyerMaker: d.m,
    tradeTimeMs: d.T,
    venueTimeMs: d.E,
    receiveTimeMs,
  }),
  TRADE: (d, venue, receiveTimeMs) => ({
    venue,
    symbol: d.s,
    kind: 'single',
    id: d.t,
    firstTradeId: d.t,
    lastTradeId: d.t,
    price: number(d.p),
    qty: number(d.q),
    takerSide: d.m ? 'SELL' : 'BUY',
    isBuyerMaker: d.m,
    tradeTimeMs: d.T,
    venueTimeMs: d.E,
    receiveTimeMs,
  }),
  KLINE: ({ E, k }, venue, receiveTimeMs) => ({
    venue,
    symbol: k.s,
    interval: k.i,
    openTimeMs: k.t,
    closeTimeMs: k.T,
    open: number(k.o),
    high: number(k.h),
    low: number(k.l),
    close: number(k.c),
    volume: number(k.v),
    quoteVolume: number(k.q),
    tradeCount: k.n,
    takerBuyVolume: number(k.V),
    takerBuyQuoteVolume: number(k.Q),
    isFinalized: k.x,
    origin: 'stream',
    venueTimeMs: E,
    receiveTimeMs,
  }),
  TICKER: (d, venue, receiveTimeMs) => {
    const event = {
      venue,
      symbol: d.s,
      kind: 'full',
      lastPrice: number(d.c),
      priceChange: number(d.p),
      priceChangePercent: number(d.P),
      open: number(d.o),
      high: number(d.h),
      low: number(d.l),
      volume: number(d.v),
      quoteVolume: number(d.q),
      venueTimeMs: d.E,
      receiveTimeMs,
      weightedAvgPrice: number(d.w),
      lastQty: number(d.Q),
      windowOpenTimeMs: d.O,
      windowCloseTimeMs: d.C,
      firstTradeId: d.F,
      lastTradeId: d.L,
      tradeCount: d.n,
    }
    if (d.x !== undefined) {
      event.previousClosePrice = number(d.x)
      event.bestBid = number(d.b)
      event.bestBidQty = number(d.B)
      event.bestAsk = number(d.a)
      event.bestAskQty = number(d.A)
    }
    return event
  },
  MINI_TICKER: (d, venue, receiveTimeMs) => {
    const lastPrice = number(d.c)
    const open = number(d.o)
    return {
      venue,
      symbol: d.s,
      kind: 'mini',
      lastPrice,
      priceChange: lastPrice - open,
      priceChangePercent: ((lastPrice - open) / open) * 100,
      open,
      high: number(d.h),
      low: number(d.l),
      volume: number(d.v),
      quoteVolume: number(d.q),
      venueTimeMs: d.E,
      receiveTimeMs,
    }
  },
  MARK_PRICE: (d, venue, receiveTimeMs) => ({
    venue,
    symbol: d.s,
    markPrice: number(d.p),
    fundingRate: number(d.r),
    nextFundingTimeMs: d.T,
    venueTimeMs: d.E,
    receiveTimeMs,
    markPriceAvg: number(d.ap),
    indexPrice: number(d.i),
    estimatedSettlePrice: number(d.P),
  }),
  LIQUIDATION: ({ E, o }, venue, receiveTimeMs) => ({
    venue,
    symbol: o.s,
    side: o.S,
    orderType: o.o,
    timeInForce: o.f,
    qty: number(o.q),
    price: number(o.p),
    avgPrice: number(o.ap),
    status: o.X,
    lastFilledQty: number(o.l),
    filledQty: number(o.z),
    tradeTimeMs: o.T,
    venueTimeMs: E,
    receiveTimeMs,
  }),
  DEPTH: (d, venue, receiveTimeMs, symbol) => ({
    venue,
    symbol: d.s ?? symbol,
    sequence: d.u ?? d.lastUpdateId,
    firstSequence: d.U,
    previousSequence: d.pu ?? null,
    bids: (d.b ?? d.bids).map(([price, qty]) => [number(price), number(qty)]),
    asks: (d.a ?? d.asks).map(([price, qty]) => [number(price), number(qty)]),
    venueTimeMs: d.E ?? null,
    receiveTimeMs,
  }),
}

/** `(bytes, start, end, receiveTimeMs)`; each object goes to `publish`. */
export function ordinaryReader(venue, specs, publish) {
  const streams = new Map(specs.map((spec) => [spec.name, { build: builders[spec.type], symbol: spec.symbol }]))
  return (bytes, start, end, receiveTimeMs) => {
    const frame = JSON.parse(bytes.toString('utf8', start, end))
    const stream = streams.get(frame.stream)
    if (stream !== undefined) publish(stream.build(frame.data, venue, receiveTimeMs, stream.symbol))
  }
}
