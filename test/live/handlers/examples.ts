/**
 * One example per payload form, after the venue's documentation and the captures, with the message it must
 * become. Frames are synthetic unless they name a capture.
 */
import type { StreamSpec } from '../../../src/live/config/stream-spec.js'
import type { MarketKind } from '../../../src/types/venue.js'
import { RECEIVE_TIME_MS, streamSpec, type TopicKey } from '../../support/decoding.js'

export interface Example {
  readonly title: string
  readonly market: MarketKind
  readonly spec: StreamSpec
  readonly payload: string
  readonly topic: TopicKey
  /** As JSON; `receiveTimeMs` is `RECEIVE_TIME_MS`. */
  readonly message: Readonly<Record<string, unknown>>
}

const SPOT = { venue: 'BINANCE_SPOT', symbol: 'BTCUSDT', receiveTimeMs: RECEIVE_TIME_MS } as const
const FUTURES = { venue: 'BINANCE_FUTURES', symbol: 'BTCUSDT', receiveTimeMs: RECEIVE_TIME_MS } as const
const levels = (...pairs: readonly (readonly [number, number])[]): unknown =>
  pairs.map(([price, qty]) => ({ price, qty }))

type StreamKey =
  | 'kline'
  | 'depth5'
  | 'diff'
  | 'bookTicker'
  | 'aggTrade'
  | 'trade'
  | 'ticker'
  | 'miniTicker'
  | 'markPrice'
  | 'liquidation'

export const STREAMS: Readonly<Record<StreamKey, StreamSpec>> = {
  kline: streamSpec('BTCUSDT', 'KLINE', 'btcusdt@kline_1m', { interval: '1m' }),
  depth5: streamSpec('BTCUSDT', 'DEPTH', 'btcusdt@depth5@100ms', { depthLevels: 5 }),
  diff: streamSpec('BTCUSDT', 'DEPTH', 'btcusdt@depth@100ms'),
  bookTicker: streamSpec('BTCUSDT', 'BOOK_TICKER', 'btcusdt@bookTicker'),
  aggTrade: streamSpec('BTCUSDT', 'AGG_TRADE', 'btcusdt@aggTrade'),
  trade: streamSpec('BTCUSDT', 'TRADE', 'btcusdt@trade'),
  ticker: streamSpec('BTCUSDT', 'TICKER', 'btcusdt@ticker'),
  miniTicker: streamSpec('BTCUSDT', 'MINI_TICKER', 'btcusdt@miniTicker'),
  markPrice: streamSpec('BTCUSDT', 'MARK_PRICE', 'btcusdt@markPrice@1s'),
  liquidation: streamSpec('ETHUSDT', 'LIQUIDATION', 'ethusdt@forceOrder'),
}

const CANDLE = {
  interval: '1m',
  openTimeMs: 1_794_999_960_000,
  closeTimeMs: 1_795_000_019_999,
  open: 61230.1,
  high: 61240,
  low: 61221.37,
  close: 61234.5,
  volume: 14.82071,
  quoteVolume: 907433.1822,
  tradeCount: 978,
  takerBuyVolume: 7.9011,
  takerBuyQuoteVolume: 483781.2041,
  isFinalized: true,
  origin: 'stream',
  venueTimeMs: 1_795_000_042_017,
} as const

const KLINE =
  '{"e":"kline","E":1795000042017,"s":"BTCUSDT","k":{"t":1794999960000,"T":1795000019999,"s":"BTCUSDT","i":"1m","f":5512001100,"L":5512002077,"o":"61230.10000000","c":"61234.50000000","h":"61240.00000000","l":"61221.37000000","v":"14.82071000","n":978,"x":true,"q":"907433.18220000","V":"7.90110000","Q":"483781.20410000","B":"0"}}'

export const EXAMPLES: readonly Example[] = [
  {
    title: 'spot candle',
    market: 'spot',
    spec: STREAMS.kline,
    payload: KLINE,
    topic: 'candles',
    message: { ...SPOT, ...CANDLE },
  },
  {
    title: 'futures candle',
    market: 'futures',
    spec: STREAMS.kline,
    payload: KLINE,
    topic: 'candles',
    message: { ...FUTURES, ...CANDLE },
  },
  {
    title: 'candle without trades, from binancetr-spot-4sym-20230410',
    market: 'spot',
    spec: streamSpec('BELBTC', 'KLINE', 'belbtc@kline_1m', { interval: '1m' }),
    payload:
      '{"e":"kline","E":1681154040004,"s":"BELBTC","k":{"t":1681153980000,"T":1681154039999,"s":"BELBTC","i":"1m","f":-1,"L":-1,"o":"0.00002369","c":"0.00002369","h":"0.00002369","l":"0.00002369","v":"0.00000000","n":0,"x":true,"q":"0.00000000","V":"0.00000000","Q":"0.00000000","B":"0"}}',
    topic: 'candles',
    message: {
      ...SPOT,
      symbol: 'BELBTC',
      interval: '1m',
      openTimeMs: 1_681_153_980_000,
      closeTimeMs: 1_681_154_039_999,
      open: 0.00002369,
      high: 0.00002369,
      low: 0.00002369,
      close: 0.00002369,
      volume: 0,
      quoteVolume: 0,
      tradeCount: 0,
      takerBuyVolume: 0,
      takerBuyQuoteVolume: 0,
      isFinalized: true,
      origin: 'stream',
      venueTimeMs: 1_681_154_040_004,
    },
  },
  {
    title: 'spot partial depth',
    market: 'spot',
    spec: STREAMS.depth5,
    payload:
      '{"lastUpdateId":91234567890,"bids":[["61234.50","1.25000000"],["61234.49","0.03000000"]],"asks":[["61234.51","0.80000000"],["61235.00","2.10000000"]]}',
    topic: 'orderbook',
    message: {
      ...SPOT,
      bids: levels([61234.5, 1.25], [61234.49, 0.03]),
      asks: levels([61234.51, 0.8], [61235, 2.1]),
      sequence: 91_234_567_890,
      state: 'LIVE',
      bestBid: 61234.5,
      bestAsk: 61234.51,
      bestBidQty: 1.25,
      bestAskQty: 0.8,
      mid: (61234.5 + 61234.51) / 2,
      spread: 61234.51 - 61234.5,
      spreadBps: ((61234.51 - 61234.5) / ((61234.5 + 61234.51) / 2)) * 10_000,
      isCrossed: false,
      venueTimeMs: null,
    },
  },
  {
    title: 'spot partial depth with an empty side',
    market: 'spot',
    spec: STREAMS.depth5,
    payload: '{"lastUpdateId":5,"bids":[],"asks":[["0.00000012","3.00000000"]]}',
    topic: 'orderbook',
    message: {
      ...SPOT,
      bids: [],
      asks: levels([0.00000012, 3]),
      sequence: 5,
      state: 'LIVE',
      bestBid: null,
      bestAsk: 0.00000012,
      bestBidQty: null,
      bestAskQty: 3,
      mid: null,
      spread: null,
      spreadBps: null,
      isCrossed: false,
      venueTimeMs: null,
    },
  },
  {
    title: 'futures partial depth',
    market: 'futures',
    spec: STREAMS.depth5,
    payload:
      '{"e":"depthUpdate","E":1795000000120,"T":1795000000116,"s":"BTCUSDT","ps":"BTCUSDT","U":11800000000100,"u":11800000000460,"pu":11800000000055,"b":[["61230.10","4.215"],["61230.00","0.200"]],"a":[["61230.20","3.768"],["61230.30","0.002"]],"st":1}',
    topic: 'orderbook',
    message: {
      ...FUTURES,
      bids: levels([61230.1, 4.215], [61230, 0.2]),
      asks: levels([61230.2, 3.768], [61230.3, 0.002]),
      sequence: 11_800_000_000_460,
      state: 'LIVE',
      bestBid: 61230.1,
      bestAsk: 61230.2,
      bestBidQty: 4.215,
      bestAskQty: 3.768,
      mid: (61230.1 + 61230.2) / 2,
      spread: 61230.2 - 61230.1,
      spreadBps: ((61230.2 - 61230.1) / ((61230.1 + 61230.2) / 2)) * 10_000,
      isCrossed: false,
      venueTimeMs: 1_795_000_000_120,
    },
  },
  {
    title: 'spot depth update',
    market: 'spot',
    spec: STREAMS.diff,
    payload:
      '{"e":"depthUpdate","E":1795000000150,"s":"BTCUSDT","U":91234567891,"u":91234567899,"b":[["61234.50","0.00000000"]],"a":[["61234.51","0.90000000"],["61235.00","0.00005000"]]}',
    topic: 'orderbookDelta',
    message: {
      ...SPOT,
      firstSequence: 91_234_567_891,
      sequence: 91_234_567_899,
      previousSequence: null,
      bids: levels([61234.5, 0]),
      asks: levels([61234.51, 0.9], [61235, 0.00005]),
      venueTimeMs: 1_795_000_000_150,
    },
  },
  {
    title: 'futures depth update',
    market: 'futures',
    spec: STREAMS.diff,
    payload:
      '{"e":"depthUpdate","E":1795000000151,"T":1795000000147,"s":"BTCUSDT","U":11800000000470,"u":11800000000920,"pu":11800000000460,"b":[["61230.10","3.900"],["61222.00","0.000"]],"a":[["61230.40","1.500"]],"ps":"BTCUSDT","st":1}',
    topic: 'orderbookDelta',
    message: {
      ...FUTURES,
      firstSequence: 11_800_000_000_470,
      sequence: 11_800_000_000_920,
      previousSequence: 11_800_000_000_460,
      bids: levels([61230.1, 3.9], [61222, 0]),
      asks: levels([61230.4, 1.5]),
      venueTimeMs: 1_795_000_000_151,
    },
  },
  {
    title: 'spot best bid and offer',
    market: 'spot',
    spec: STREAMS.bookTicker,
    payload: '{"u":91234567890,"s":"BTCUSDT","b":"61234.50","B":"1.25000000","a":"61234.51","A":"0.80000000"}',
    topic: 'bbo',
    message: {
      ...SPOT,
      bid: 61234.5,
      bidQty: 1.25,
      ask: 61234.51,
      askQty: 0.8,
      sequence: 91_234_567_890,
      venueTimeMs: null,
    },
  },
  {
    title: 'futures best bid and offer',
    market: 'futures',
    spec: STREAMS.bookTicker,
    payload:
      '{"e":"bookTicker","u":11800000000930,"s":"BTCUSDT","ps":"BTCUSDT","b":"61230.10","B":"3.900","a":"61230.20","A":"3.768","T":1795000000160,"E":1795000000161,"st":1}',
    topic: 'bbo',
    message: {
      ...FUTURES,
      bid: 61230.1,
      bidQty: 3.9,
      ask: 61230.2,
      askQty: 3.768,
      sequence: 11_800_000_000_930,
      venueTimeMs: 1_795_000_000_161,
    },
  },
  {
    title: 'COIN-M best bid and offer, from binance-coinm-btcusd_perp-20240808',
    market: 'futures',
    spec: streamSpec('BTCUSD_PERP', 'BOOK_TICKER', 'btcusd_perp@bookTicker'),
    payload:
      '{"u":1007198632021,"e":"bookTicker","s":"BTCUSD_PERP","ps":"BTCUSD","b":"61804.7","B":"35","a":"61804.8","A":"1645","T":1723161257465,"E":1723161257476}',
    topic: 'bbo',
    message: {
      ...FUTURES,
      symbol: 'BTCUSD_PERP',
      bid: 61804.7,
      bidQty: 35,
      ask: 61804.8,
      askQty: 1645,
      sequence: 1_007_198_632_021,
      venueTimeMs: 1_723_161_257_476,
    },
  },
  {
    title: 'spot aggregated trade',
    market: 'spot',
    spec: STREAMS.aggTrade,
    payload:
      '{"e":"aggTrade","E":1795000000210,"s":"BTCUSDT","a":3300112233,"p":"61234.51000000","q":"0.00300000","f":5512002078,"l":5512002079,"T":1795000000209,"m":false,"M":true}',
    topic: 'trades',
    message: {
      ...SPOT,
      kind: 'aggregate',
      id: 3_300_112_233,
      firstTradeId: 5_512_002_078,
      lastTradeId: 5_512_002_079,
      price: 61234.51,
      qty: 0.003,
      takerSide: 'BUY',
      isBuyerMaker: false,
      tradeTimeMs: 1_795_000_000_209,
      venueTimeMs: 1_795_000_000_210,
    },
  },
  {
    title: 'futures aggregated trade of 2026',
    market: 'futures',
    spec: STREAMS.aggTrade,
    payload:
      '{"e":"aggTrade","E":1795000000310,"a":3477000111,"s":"BTCUSDT","p":"61230.20","q":"0.022","nq":"0.022","f":8150000393,"l":8150000394,"T":1795000000188,"m":true,"st":1}',
    topic: 'trades',
    message: {
      ...FUTURES,
      kind: 'aggregate',
      id: 3_477_000_111,
      firstTradeId: 8_150_000_393,
      lastTradeId: 8_150_000_394,
      price: 61230.2,
      qty: 0.022,
      takerSide: 'SELL',
      isBuyerMaker: true,
      tradeTimeMs: 1_795_000_000_188,
      venueTimeMs: 1_795_000_000_310,
    },
  },
  {
    title: 'spot trade',
    market: 'spot',
    spec: STREAMS.trade,
    payload:
      '{"e":"trade","E":1795000000209,"s":"BTCUSDT","t":5512002079,"p":"61234.51000000","q":"0.00100000","T":1795000000208,"m":false,"M":true}',
    topic: 'trades',
    message: {
      ...SPOT,
      kind: 'single',
      id: 5_512_002_079,
      firstTradeId: 5_512_002_079,
      lastTradeId: 5_512_002_079,
      price: 61234.51,
      qty: 0.001,
      takerSide: 'BUY',
      isBuyerMaker: false,
      tradeTimeMs: 1_795_000_000_208,
      venueTimeMs: 1_795_000_000_209,
    },
  },
  {
    title: 'spot trade with the order ids of former times',
    market: 'spot',
    spec: STREAMS.trade,
    payload:
      '{"e":"trade","E":1795000000209,"s":"BTCUSDT","t":5512002079,"p":"61234.51000000","q":"0.00100000","b":88,"a":50,"T":1795000000208,"m":true,"M":true}',
    topic: 'trades',
    message: {
      ...SPOT,
      kind: 'single',
      id: 5_512_002_079,
      firstTradeId: 5_512_002_079,
      lastTradeId: 5_512_002_079,
      price: 61234.51,
      qty: 0.001,
      takerSide: 'SELL',
      isBuyerMaker: true,
      tradeTimeMs: 1_795_000_000_208,
      venueTimeMs: 1_795_000_000_209,
    },
  },
  {
    title: 'futures trade, from binance-usdm-btcusdt-20240808',
    market: 'futures',
    spec: STREAMS.trade,
    payload:
      '{"e":"trade","E":1723161256322,"T":1723161256321,"s":"BTCUSDT","t":5266583935,"p":"61800.30","q":"0.006","X":"MARKET","m":false}',
    topic: 'trades',
    message: {
      ...FUTURES,
      kind: 'single',
      id: 5_266_583_935,
      firstTradeId: 5_266_583_935,
      lastTradeId: 5_266_583_935,
      price: 61800.3,
      qty: 0.006,
      takerSide: 'BUY',
      isBuyerMaker: false,
      tradeTimeMs: 1_723_161_256_321,
      venueTimeMs: 1_723_161_256_322,
    },
  },
  {
    title: 'spot ticker',
    market: 'spot',
    spec: STREAMS.ticker,
    payload:
      '{"e":"24hrTicker","E":1795000001000,"s":"BTCUSDT","p":"-412.30000000","P":"-0.669","w":"61502.11820000","x":"61646.80000000","c":"61234.51000000","Q":"0.00100000","b":"61234.50000000","B":"1.25000000","a":"61234.51000000","A":"0.80000000","o":"61646.81000000","h":"62010.00000000","l":"60988.00000000","v":"18233.10200000","q":"1121388000.55321799","O":1794913601000,"C":1795000001000,"F":5509900000,"L":5512002079,"n":2102080}',
    topic: 'ticker',
    message: {
      ...SPOT,
      kind: 'full',
      lastPrice: 61234.51,
      lastQty: 0.001,
      priceChange: -412.3,
      priceChangePercent: -0.669,
      weightedAvgPrice: 61502.1182,
      previousClosePrice: 61646.8,
      open: 61646.81,
      high: 62010,
      low: 60988,
      volume: 18233.102,
      quoteVolume: Number('1121388000.55321799'),
      bestBid: 61234.5,
      bestBidQty: 1.25,
      bestAsk: 61234.51,
      bestAskQty: 0.8,
      tradeCount: 2_102_080,
      firstTradeId: 5_509_900_000,
      lastTradeId: 5_512_002_079,
      windowOpenTimeMs: 1_794_913_601_000,
      windowCloseTimeMs: 1_795_000_001_000,
      venueTimeMs: 1_795_000_001_000,
    },
  },
  {
    title: 'futures ticker',
    market: 'futures',
    spec: STREAMS.ticker,
    payload:
      '{"e":"24hrTicker","E":1795000001519,"s":"BTCUSDT","ps":"BTCUSDT","p":"-405.10","P":"-0.657","w":"61499.84","c":"61230.20","Q":"0.002","o":"61635.30","h":"62005.00","l":"60970.10","v":"170340.583","q":"10475930112.41","O":1794913560000,"C":1795000001517,"F":8146500000,"L":8150000394,"n":3500395,"st":1}',
    topic: 'ticker',
    message: {
      ...FUTURES,
      kind: 'full',
      lastPrice: 61230.2,
      lastQty: 0.002,
      priceChange: -405.1,
      priceChangePercent: -0.657,
      weightedAvgPrice: 61499.84,
      open: 61635.3,
      high: 62005,
      low: 60970.1,
      volume: 170340.583,
      quoteVolume: 10475930112.41,
      tradeCount: 3_500_395,
      firstTradeId: 8_146_500_000,
      lastTradeId: 8_150_000_394,
      windowOpenTimeMs: 1_794_913_560_000,
      windowCloseTimeMs: 1_795_000_001_517,
      venueTimeMs: 1_795_000_001_519,
    },
  },
  {
    title: 'spot mini ticker',
    market: 'spot',
    spec: STREAMS.miniTicker,
    payload:
      '{"e":"24hrMiniTicker","E":1795000001000,"s":"BTCUSDT","c":"61234.51000000","o":"61646.81000000","h":"62010.00000000","l":"60988.00000000","v":"18233.10200000","q":"1121388000.55000000"}',
    topic: 'ticker',
    message: {
      ...SPOT,
      kind: 'mini',
      lastPrice: 61234.51,
      priceChange: 61234.51 - 61646.81,
      priceChangePercent: ((61234.51 - 61646.81) / 61646.81) * 100,
      open: 61646.81,
      high: 62010,
      low: 60988,
      volume: 18233.102,
      quoteVolume: 1121388000.55,
      venueTimeMs: 1_795_000_001_000,
    },
  },
  {
    title: 'futures mini ticker',
    market: 'futures',
    spec: STREAMS.miniTicker,
    payload:
      '{"e":"24hrMiniTicker","E":1795000001000,"s":"BTCUSDT","ps":"BTCUSDT","c":"5.00","o":"0.00","h":"6.00","l":"4.00","v":"10.000","q":"50.00","st":1}',
    topic: 'ticker',
    message: {
      ...FUTURES,
      kind: 'mini',
      lastPrice: 5,
      priceChange: 5,
      priceChangePercent: 0,
      open: 0,
      high: 6,
      low: 4,
      volume: 10,
      quoteVolume: 50,
      venueTimeMs: 1_795_000_001_000,
    },
  },
  {
    title: 'mark price of 2026',
    market: 'futures',
    spec: STREAMS.markPrice,
    payload:
      '{"e":"markPriceUpdate","E":1795000002000,"s":"BTCUSDT","p":"61228.70000000","ap":"61228.71000000","P":"61301.22000000","i":"61255.04000000","r":"-0.00004200","T":1795017600000,"st":1}',
    topic: 'funding',
    message: {
      ...FUTURES,
      markPrice: 61228.7,
      markPriceAvg: 61228.71,
      indexPrice: 61255.04,
      estimatedSettlePrice: 61301.22,
      fundingRate: -0.000042,
      nextFundingTimeMs: 1_795_017_600_000,
      venueTimeMs: 1_795_000_002_000,
    },
  },
  {
    title: 'mark price of former times: settlement price after index, no average',
    market: 'futures',
    spec: STREAMS.markPrice,
    payload:
      '{"e":"markPriceUpdate","E":1795000002000,"s":"BTCUSDT","p":"61228.70000000","i":"61255.04000000","P":"61301.22000000","r":"0.00010000","T":1795017600000}',
    topic: 'funding',
    message: {
      ...FUTURES,
      markPrice: 61228.7,
      indexPrice: 61255.04,
      estimatedSettlePrice: 61301.22,
      fundingRate: 0.0001,
      nextFundingTimeMs: 1_795_017_600_000,
      venueTimeMs: 1_795_000_002_000,
    },
  },
  {
    title: 'mark price without scheduled funding',
    market: 'futures',
    spec: STREAMS.markPrice,
    payload:
      '{"e":"markPriceUpdate","E":1795000002000,"s":"BTCUSDT","p":"61228.70000000","r":"0.00000000","T":0,"st":1}',
    topic: 'funding',
    message: {
      ...FUTURES,
      markPrice: 61228.7,
      fundingRate: null,
      nextFundingTimeMs: null,
      venueTimeMs: 1_795_000_002_000,
    },
  },
  {
    title: 'mark price of a delivery contract: empty rate',
    market: 'futures',
    spec: streamSpec('BTCUSDT_261225', 'MARK_PRICE', 'btcusdt_261225@markPrice'),
    payload:
      '{"e":"markPriceUpdate","E":1795000002000,"s":"BTCUSDT_261225","p":"61228.70000000","ap":"61228.70000000","P":"61301.22000000","i":"61255.04000000","r":"","T":1795017600000,"st":1}',
    topic: 'funding',
    message: {
      ...FUTURES,
      symbol: 'BTCUSDT_261225',
      markPrice: 61228.7,
      markPriceAvg: 61228.7,
      indexPrice: 61255.04,
      estimatedSettlePrice: 61301.22,
      fundingRate: null,
      nextFundingTimeMs: null,
      venueTimeMs: 1_795_000_002_000,
    },
  },
  {
    title: 'forced order',
    market: 'futures',
    spec: STREAMS.liquidation,
    payload:
      '{"e":"forceOrder","E":1795000003100,"o":{"s":"ETHUSDT","S":"SELL","o":"LIMIT","f":"IOC","q":"12.500","p":"3011.20","ap":"3014.85","X":"FILLED","l":"2.100","z":"12.500","T":1795000003096},"ps":"ETHUSDT","st":1}',
    topic: 'liquidations',
    message: {
      ...FUTURES,
      symbol: 'ETHUSDT',
      side: 'SELL',
      orderType: 'LIMIT',
      timeInForce: 'IOC',
      qty: 12.5,
      price: 3011.2,
      avgPrice: 3014.85,
      status: 'FILLED',
      lastFilledQty: 2.1,
      filledQty: 12.5,
      tradeTimeMs: 1_795_000_003_096,
      venueTimeMs: 1_795_000_003_100,
    },
  },
  {
    title: 'best bid and offer of a symbol beyond ASCII',
    market: 'futures',
    spec: streamSpec('币安人生USDT', 'BOOK_TICKER', '币安人生usdt@bookTicker'),
    payload:
      '{"e":"bookTicker","u":7,"s":"币安人生USDT","ps":"币安人生USDT","b":"0.1","B":"3","a":"0.2","A":"4","T":1795000000160,"E":1795000000161,"st":1}',
    topic: 'bbo',
    message: {
      ...FUTURES,
      symbol: '币安人生USDT',
      bid: 0.1,
      bidQty: 3,
      ask: 0.2,
      askQty: 4,
      sequence: 7,
      venueTimeMs: 1_795_000_000_161,
    },
  },
]

export function frameOf(example: { readonly spec: StreamSpec }, payload: string): string {
  return `{"stream":"${example.spec.name}","data":${payload}}`
}
