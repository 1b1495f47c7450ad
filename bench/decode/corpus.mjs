/**
 * Frames of every stream kind as the venue writes them, seeded: same seed, same bytes. Synthetic; prices
 * walk, ids rise, sizes are those of real frames (performance notes of the project, captures of 2024).
 */

const SYMBOL = 'BTCUSDT'
const START_MS = 1_795_000_000_000

/** Where handlers publish, by the names they know. */
export const TOPICS = /** @type {const} */ ([
  'candles',
  'partialCandles',
  'orderbook',
  'orderbookDelta',
  'bbo',
  'trades',
  'funding',
  'ticker',
  'liquidations',
])

/** sfc32, so that a corpus does not depend on the program it is measured with. */
export function seeded(seed) {
  let a = seed | 0
  let b = 0x9e3779b9 | 0
  let c = 0x243f6a88
  let d = 1
  const next = () => {
    const t = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return (t >>> 0) / 4294967296
  }
  for (let i = 0; i < 12; i++) next()
  return next
}

const spotStreams = {
  bookTicker: { type: 'BOOK_TICKER', name: 'btcusdt@bookTicker' },
  aggTrade: { type: 'AGG_TRADE', name: 'btcusdt@aggTrade' },
  trade: { type: 'TRADE', name: 'btcusdt@trade' },
  kline: { type: 'KLINE', name: 'btcusdt@kline_1m', interval: '1m' },
  ticker: { type: 'TICKER', name: 'btcusdt@ticker' },
  miniTicker: { type: 'MINI_TICKER', name: 'btcusdt@miniTicker' },
  diff: { type: 'DEPTH', name: 'btcusdt@depth@100ms' },
  depth20: { type: 'DEPTH', name: 'btcusdt@depth20@100ms', depthLevels: 20 },
}
const futuresStreams = {
  bookTicker: spotStreams.bookTicker,
  aggTrade: spotStreams.aggTrade,
  trade: spotStreams.trade,
  kline: spotStreams.kline,
  ticker: spotStreams.ticker,
  miniTicker: spotStreams.miniTicker,
  diff: spotStreams.diff,
  depth20: spotStreams.depth20,
  markPrice: { type: 'MARK_PRICE', name: 'btcusdt@markPrice@1s' },
  liquidation: { type: 'LIQUIDATION', name: 'btcusdt@forceOrder' },
}

/** The stream kinds of a market, as `StreamSpec`. */
export function streamSpecs(market) {
  return Object.entries(market === 'spot' ? spotStreams : futuresStreams).map(([kind, stream]) => ({
    kind,
    spec: {
      symbol: SYMBOL,
      type: stream.type,
      interval: stream.interval ?? null,
      depthLevels: stream.depthLevels ?? null,
      updateSpeed: null,
      name: stream.name,
      route: '',
      detail: '',
    },
  }))
}

/** `count` combined frames of one kind as texts. */
export function frames(market, kind, count, seed) {
  const stream = (market === 'spot' ? spotStreams : futuresStreams)[kind]
  const random = seeded(seed)
  const make = market === 'spot' ? spotPayloads(random) : futuresPayloads(random)
  return Array.from({ length: count }, () => `{"stream":"${stream.name}","data":${JSON.stringify(make[kind]())}}`)
}

function walk(random, priceDigits, qtyDigits) {
  let price = 61234.5
  let id = 91234567890
  let timeMs = START_MS
  return {
    price: (offset = 0) => (price + offset).toFixed(priceDigits),
    qty: () => (random() < 0.2 ? random() * 30 : random() * 2).toFixed(qtyDigits),
    move() {
      price += (random() - 0.5) * 4
      id += 1 + Math.floor(random() * 40)
      timeMs += 1 + Math.floor(random() * 120)
      return timeMs
    },
    id: () => id,
    levels: (count, sign, step) => {
      let offset = sign * step
      return Array.from({ length: count }, (_, index) => {
        offset += index === 0 ? 0 : sign * step * (1 + Math.floor(random() * 30))
        return [(price + offset).toFixed(priceDigits), (0.001 + random() * 3).toFixed(qtyDigits)]
      })
    },
    changes: (count) =>
      Array.from({ length: count }, () => [
        (price + (random() - 0.5) * 80).toFixed(priceDigits),
        random() < 0.4 ? (0).toFixed(qtyDigits) : (random() * 3).toFixed(qtyDigits),
      ]),
  }
}

function spotPayloads(random) {
  const w = walk(random, 2, 8)
  const price = (offset) => `${w.price(offset)}000000`
  const levels = (rows) => rows.map(([p, q]) => [`${p}000000`, q])
  return {
    bookTicker: () => {
      w.move()
      return { u: w.id(), s: SYMBOL, b: price(0), B: w.qty(), a: price(0.01), A: w.qty() }
    },
    aggTrade: () => {
      const E = w.move()
      const m = random() < 0.5
      return {
        e: 'aggTrade',
        E,
        s: SYMBOL,
        a: w.id(),
        p: price(0),
        q: w.qty(),
        f: w.id(),
        l: w.id() + 1,
        T: E - 1,
        m,
        M: true,
      }
    },
    trade: () => {
      const E = w.move()
      return { e: 'trade', E, s: SYMBOL, t: w.id(), p: price(0), q: w.qty(), T: E - 1, m: random() < 0.5, M: true }
    },
    kline: () => kline(w, random, price, w.qty),
    ticker: () => {
      const E = w.move()
      return {
        e: '24hrTicker',
        E,
        s: SYMBOL,
        p: `-${w.qty()}`,
        P: '-0.669',
        w: price(1),
        x: price(2),
        c: price(0),
        Q: w.qty(),
        b: price(-0.01),
        B: w.qty(),
        a: price(0.01),
        A: w.qty(),
        o: price(-5),
        h: price(300),
        l: price(-300),
        v: (18233 + random()).toFixed(8),
        q: (1121388000 + random()).toFixed(8),
        O: E - 86_400_000,
        C: E,
        F: w.id() - 9e6,
        L: w.id(),
        n: 9_000_000,
      }
    },
    miniTicker: () => ({
      e: '24hrMiniTicker',
      E: w.move(),
      s: SYMBOL,
      c: price(0),
      o: price(-5),
      h: price(300),
      l: price(-300),
      v: (18233 + random()).toFixed(8),
      q: (1121388000 + random()).toFixed(8),
    }),
    diff: () => {
      const E = w.move()
      const count = 4 + Math.floor(random() * 26)
      const bids = Math.floor(count * random())
      return {
        e: 'depthUpdate',
        E,
        s: SYMBOL,
        U: w.id() - 3,
        u: w.id(),
        b: levels(w.changes(bids)),
        a: levels(w.changes(count - bids)),
      }
    },
    depth20: () => {
      w.move()
      return { lastUpdateId: w.id(), bids: levels(w.levels(20, -1, 0.01)), asks: levels(w.levels(20, 1, 0.01)) }
    },
  }
}

function futuresPayloads(random) {
  const w = walk(random, 2, 3)
  const price = (offset) => w.price(offset)
  return {
    bookTicker: () => {
      const E = w.move()
      return {
        e: 'bookTicker',
        u: w.id(),
        s: SYMBOL,
        ps: SYMBOL,
        b: price(0),
        B: w.qty(),
        a: price(0.1),
        A: w.qty(),
        T: E - 1,
        E,
        st: 1,
      }
    },
    aggTrade: () => {
      const E = w.move()
      const q = w.qty()
      return {
        e: 'aggTrade',
        E,
        a: w.id(),
        s: SYMBOL,
        p: price(0),
        q,
        nq: q,
        f: w.id(),
        l: w.id() + 1,
        T: E - 100,
        m: random() < 0.5,
        st: 1,
      }
    },
    trade: () => {
      const E = w.move()
      return { e: 'trade', E, T: E - 1, s: SYMBOL, t: w.id(), p: price(0), q: w.qty(), X: 'MARKET', m: random() < 0.5 }
    },
    kline: () => kline(w, random, price, w.qty),
    ticker: () => {
      const E = w.move()
      return {
        e: '24hrTicker',
        E,
        s: SYMBOL,
        ps: SYMBOL,
        p: '-405.10',
        P: '-0.657',
        w: price(1),
        c: price(0),
        Q: w.qty(),
        o: price(-5),
        h: price(300),
        l: price(-300),
        v: (170340 + random()).toFixed(3),
        q: (10475930112 + random()).toFixed(2),
        O: E - 86_400_000,
        C: E,
        F: w.id() - 9e6,
        L: w.id(),
        n: 3_500_395,
        st: 1,
      }
    },
    miniTicker: () => ({
      e: '24hrMiniTicker',
      E: w.move(),
      s: SYMBOL,
      ps: SYMBOL,
      c: price(0),
      o: price(-5),
      h: price(300),
      l: price(-300),
      v: (170340 + random()).toFixed(3),
      q: (10475930112 + random()).toFixed(2),
      st: 1,
    }),
    diff: () => {
      const E = w.move()
      const count = 4 + Math.floor(random() * 30)
      const bids = Math.floor(count * random())
      return {
        e: 'depthUpdate',
        E,
        T: E - 3,
        s: SYMBOL,
        ps: SYMBOL,
        U: w.id() - 3,
        u: w.id(),
        pu: w.id() - 40,
        b: w.changes(bids),
        a: w.changes(count - bids),
        st: 1,
      }
    },
    depth20: () => {
      const E = w.move()
      return {
        e: 'depthUpdate',
        E,
        T: E - 3,
        s: SYMBOL,
        ps: SYMBOL,
        U: w.id() - 3,
        u: w.id(),
        pu: w.id() - 40,
        b: w.levels(20, -1, 0.1),
        a: w.levels(20, 1, 0.1),
        st: 1,
      }
    },
    markPrice: () => ({
      e: 'markPriceUpdate',
      E: w.move(),
      s: SYMBOL,
      p: `${price(0)}000000`,
      ap: `${price(0)}000000`,
      P: `${price(60)}000000`,
      i: `${price(20)}000000`,
      r: '0.00004200',
      T: START_MS + 28_800_000,
      st: 1,
    }),
    liquidation: () => {
      const E = w.move()
      const q = w.qty()
      return {
        e: 'forceOrder',
        E,
        o: {
          s: SYMBOL,
          S: random() < 0.5 ? 'SELL' : 'BUY',
          o: 'LIMIT',
          f: 'IOC',
          q,
          p: price(0),
          ap: price(1),
          X: 'FILLED',
          l: w.qty(),
          z: q,
          T: E - 4,
        },
      }
    },
  }
}

function kline(w, random, price, qty) {
  const E = w.move()
  const t = E - (E % 60_000)
  return {
    e: 'kline',
    E,
    s: SYMBOL,
    k: {
      t,
      T: t + 59_999,
      s: SYMBOL,
      i: '1m',
      f: w.id() - 978,
      L: w.id(),
      o: price(0),
      c: price(1),
      h: price(9),
      l: price(-9),
      v: qty(),
      n: Math.floor(random() * 2000),
      x: false,
      q: `9074${qty()}`,
      V: qty(),
      Q: `4837${qty()}`,
      B: '0',
    },
  }
}
