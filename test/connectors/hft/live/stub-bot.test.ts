/** The stub: its market, its orders, its time. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  type LiveBot,
  LiveInstrument,
  OrderStatus,
  OrderType,
  ReturnCode,
  StubConnectorBot,
  type StubConnectorBotOptions,
  StubDepth,
  StubOrderDict,
  TimeInForce,
} from '../../../../src/connectors/hft/live/index.js'
import { MemoryFileStore, VirtualClock } from '../../../../src/runtime/index.js'
import { describeBotContract } from './bot-contract.js'

const LONG_NS = 10_000_000_000n

describeBotContract('StubConnectorBot', () => {
  const bot = new StubConnectorBot({ seed: 5 })
  return Promise.resolve({ bot, feed: () => bot.faults.silence(false), quiet: () => bot.faults.silence(true) })
})

/** Text of every feed of a run: what arrived and when. */
async function streamHash(bot: StubConnectorBot, feeds: number, between: () => Promise<unknown>): Promise<string> {
  const hash = createHash('sha256')
  for (let count = 0; count < feeds; count++) {
    expect(await bot.waitNextFeed(false, LONG_NS)).toBe(ReturnCode.MARKET_FEED)
    for (const { ev, exchTs, localTs, px, qty } of bot.lastTrades(0))
      hash.update(`${ev} ${exchTs} ${localTs} ${px} ${qty}\n`)
    bot.clearLastTrades(0)
    hash.update(`${JSON.stringify(bot.depth(0).snapshot())}\n`)
    await between()
  }
  return hash.digest('hex')
}

/** Counts trades and changes of the top over a run. */
async function shares(options: StubConnectorBotOptions, feeds: number): Promise<{ trades: number; tops: number }> {
  const bot = new StubConnectorBot({ ...options, maxFeeds: feeds })
  let tops = 0
  let last = ''
  while ((await bot.waitNextFeed(false, LONG_NS)) === ReturnCode.MARKET_FEED) {
    const { bestBid, bestAsk, bestBidQty, bestAskQty } = bot.depth(0)
    expect(bestAsk).toBeGreaterThan(bestBid)
    const top = `${bestBid} ${bestAsk} ${bestBidQty} ${bestAskQty}`
    if (top !== last) tops++
    last = top
  }
  return { trades: bot.lastTrades(0).length / feeds, tops: tops / feeds }
}

describe('StubConnectorBot: market', () => {
  it('B07 brings a trade with 70 % and a new top with 80 % of its feeds', async () => {
    const { trades, tops } = await shares({ seed: 11 }, 10_000)
    expect(Math.abs(trades - 0.7)).toBeLessThan(0.015)
    expect(Math.abs(tops - 0.8)).toBeLessThan(0.015)
  })

  it('B07 takes both shares as options', async () => {
    expect(await shares({ tradeProb: 1, depthProb: 0 }, 200)).toEqual({ trades: 1, tops: 1 / 200 })
    expect((await shares({ tradeProb: 0, depthProb: 1 }, 200)).trades).toBe(0)
  })

  it('B08 walks with the volatility it is given and keeps the spread between half and one and a half', async () => {
    const stepsOf = async (volatility: number): Promise<number> => {
      const bot = new StubConnectorBot({ volatility, depthProb: 1, maxFeeds: 2_000 })
      const mids: number[] = []
      while ((await bot.waitNextFeed(false, LONG_NS)) === ReturnCode.MARKET_FEED) {
        const { bestBid, bestAsk, tickSize } = bot.depth(0)
        expect(bestAsk - bestBid).toBeGreaterThanOrEqual(0.5 - 1e-9)
        expect(bestAsk - bestBid).toBeLessThanOrEqual(1.5 + 2 * tickSize + 1e-9)
        mids.push((bestBid + bestAsk) / 2)
      }
      const steps = mids.slice(1).map((mid, index) => mid / mids[index]! - 1)
      return Math.sqrt(steps.reduce((sum, step) => sum + step * step, 0) / steps.length)
    }
    expect(await stepsOf(1e-4)).toBeCloseTo(1e-4, 5)
    expect(await stepsOf(1e-3)).toBeCloseTo(1e-3, 4)
  })

  it('B15 L7 starts at the base price it is given', async () => {
    for (const basePrice of [100, 50_000, 123_456]) {
      const bot = new StubConnectorBot({ basePrice })
      await bot.waitNextFeed(false, LONG_NS)
      const { bestBid, bestAsk } = bot.depth(0)
      expect(Math.abs((bestBid + bestAsk) / 2 - basePrice)).toBeLessThan(1)
    }
  })

  it('B14 ends after 1000 feeds: call 1001 returns 1', async () => {
    const bot = new StubConnectorBot()
    for (let call = 1; call <= 1000; call++) expect(await bot.waitNextFeed(true, LONG_NS)).toBe(ReturnCode.MARKET_FEED)
    expect(await bot.waitNextFeed(true, LONG_NS)).toBe(ReturnCode.END_OF_DATA)
    expect(await bot.waitNextFeed(true, LONG_NS)).toBe(ReturnCode.END_OF_DATA)
  })

  it('B12 has 100 us from venue to bot and 1 ms from request to reply', async () => {
    const bot = new StubConnectorBot()
    await bot.waitNextFeed(false, LONG_NS)
    const feed = bot.feedLatency(0)
    expect(feed && feed.local - feed.exch).toBe(100_000n)
    await bot.submitBuyOrder(0, 1n, 1, 1, TimeInForce.GTC, OrderType.LIMIT, true)
    const order = bot.orderLatency(0)
    expect(order && [order.exch - order.req, order.resp - order.req]).toEqual([500_000n, 1_000_000n])
  })

  it('B12 varies latencies by the share of jitter it is given', async () => {
    const bot = new StubConnectorBot({ latencyJitter: 0.5 })
    const seen = new Set<bigint>()
    for (let count = 0; count < 100; count++) {
      await bot.waitNextFeed(false, LONG_NS)
      const { exch, local } = bot.feedLatency(0)!
      seen.add(local - exch)
    }
    expect(seen.size).toBeGreaterThan(50)
    for (const latency of seen) {
      expect(latency).toBeGreaterThanOrEqual(50_000n)
      expect(latency).toBeLessThanOrEqual(150_000n)
    }
  })

  it('B13 brings the same stream for the same seed, also beside another bot, and the one pinned here', async () => {
    const idle = (): Promise<void> => Promise.resolve()
    const other = new StubConnectorBot({ seed: 42 })
    const alone = await streamHash(new StubConnectorBot({ seed: 42 }), 500, idle)
    const beside = await streamHash(new StubConnectorBot({ seed: 42 }), 500, () => other.waitNextFeed(true, LONG_NS))
    expect(beside).toBe(alone)
    expect(alone).toBe('4b3008cbd0d5bde66717cbfc9cbe63c0721b5f12d734178499fe33eb893226ea')
    expect(await streamHash(new StubConnectorBot({ seed: 43 }), 500, idle)).not.toBe(alone)
  })

  it('A40 B16 has the defaults of its documents and the classes of its interface', () => {
    const bot = new StubConnectorBot({ basePrice: 50_000, seed: 42 })
    const asLiveBot: LiveBot = bot
    expect(asLiveBot.depth(0)).toBeInstanceOf(StubDepth)
    expect(asLiveBot.orders(0)).toBeInstanceOf(StubOrderDict)
    expect(bot.depth(0)).toMatchObject({ tickSize: 0.01, lotSize: 0.001 })
  })

  it('refuses options that cannot be, by name', () => {
    const wrong: StubConnectorBotOptions[] = [
      { basePrice: 0 },
      { spread: -1 },
      { tradeProb: 1.1 },
      { fillProb: Number.NaN },
      { instruments: [] },
      { feedIntervalMs: 0 },
      { seed: 0.5 },
    ]
    for (const options of wrong) {
      const name = Object.keys(options)[0]!
      expect(() => new StubConnectorBot(options)).toThrow(name)
    }
  })

  it('serves several instruments in turn', async () => {
    const instruments = ['AUSDT', 'BUSDT'].map((symbol) => new LiveInstrument(symbol, { tickSize: 0.1, lotSize: 1 }))
    const bot = new StubConnectorBot({ instruments })
    await bot.waitNextFeed(false, LONG_NS)
    expect([bot.depth(0).bestBidQty > 0, bot.depth(1).bestBidQty > 0]).toEqual([true, false])
    await bot.waitNextFeed(false, LONG_NS)
    expect(bot.depth(1).bestBid).not.toBe(bot.depth(0).bestBid)
  })
})

describe('StubConnectorBot: orders', () => {
  const { GTC, GTX, IOC, FOK } = TimeInForce
  const { LIMIT, MARKET } = OrderType

  it('B10 fills a resting order that is only touched about three times in ten, and never by a coin at submit', async () => {
    // Without a walk the market touches the best prices and never goes through them.
    const bot = new StubConnectorBot({ volatility: 0, depthProb: 0, maxFeeds: 4_000, seed: 3 })
    await bot.waitNextFeed(false, LONG_NS)
    const price = bot.depth(0).bestBid
    await bot.submitBuyOrder(0, 1n, price, 1e9, GTC, LIMIT, true)
    expect(bot.orders(0).get(1n)).toMatchObject({ status: OrderStatus.NEW, filledQty: 0 })
    while ((await bot.waitNextFeed(false, LONG_NS)) === ReturnCode.MARKET_FEED);
    const { touches, touchFills } = bot.stats()
    expect(touches).toBeGreaterThan(1_000)
    expect(Math.abs(touchFills / touches - 0.3)).toBeLessThan(0.04)
  })

  it('B10 fills a resting order for certain when the market trades through it', async () => {
    const bot = new StubConnectorBot({ fillProb: 0, volatility: 1e-3, seed: 9 })
    await bot.waitNextFeed(false, LONG_NS)
    const { bestBid } = bot.depth(0)
    await bot.submitBuyOrder(0, 1n, bestBid, 0.01, GTC, LIMIT, true)
    while (bot.orders(0).get(1n)?.status !== OrderStatus.FILLED) {
      expect(await bot.waitNextFeed(true, LONG_NS)).not.toBe(ReturnCode.END_OF_DATA)
    }
    expect(bot.orders(0).get(1n)).toMatchObject({ avgPrice: bestBid, filledQty: 0.01, maker: true })
  })

  it('B10 fills only what is there: the rest of a GTC order rests, of an IOC expires, FOK and GTX expire whole', async () => {
    const bot = new StubConnectorBot({ volatility: 0, depthProb: 0, tradeProb: 0 })
    await bot.waitNextFeed(false, LONG_NS)
    const { asks } = bot.depth(0).snapshot()
    const [first, second] = [asks[0]!, asks[1]!]
    const qty = first.qty + second.qty + 10
    const statusOf = (orderId: bigint): OrderStatus | undefined => bot.orders(0).get(orderId)?.status
    await bot.submitBuyOrder(0, 1n, second.price, qty, GTC, LIMIT, true)
    await bot.elapse(1_000_000n)
    const order = bot.orders(0).get(1n)!
    expect(order.status).toBe(OrderStatus.PARTIALLY_FILLED)
    expect(order.filledQty).toBeCloseTo(first.qty + second.qty, 6)
    const notional = first.price * first.qty + second.price * second.qty
    expect(order.avgPrice).toBeCloseTo(notional / (first.qty + second.qty), 6)
    await bot.submitBuyOrder(0, 2n, second.price, qty, IOC, LIMIT, true)
    await bot.submitBuyOrder(0, 3n, second.price, qty, FOK, LIMIT, true)
    await bot.submitBuyOrder(0, 4n, second.price, 0.001, GTX, LIMIT, true)
    await bot.submitBuyOrder(0, 5n, 0, 0.001, GTC, MARKET, true)
    await bot.elapse(10_000_000n)
    expect([2n, 3n, 4n, 5n].map(statusOf)).toEqual([
      OrderStatus.EXPIRED,
      OrderStatus.EXPIRED,
      OrderStatus.EXPIRED,
      OrderStatus.FILLED,
    ])
  })

  it('B11 L7 keeps a position equal to the sum of its fills, and does not cancel what is filled', async () => {
    const bot = new StubConnectorBot({ seed: 21, volatility: 1e-3 })
    let orderId = 0n
    while ((await bot.waitNextFeed(true, LONG_NS)) !== ReturnCode.END_OF_DATA) {
      if (bot.orders(0).size > 60) continue
      const { bestBid, bestAsk } = bot.depth(0)
      const submit = orderId % 2n === 0n ? bot.submitBuyOrder : bot.submitSellOrder
      await submit.call(bot, 0, orderId, orderId % 3n === 0n ? bestAsk : bestBid, 0.005, GTC, LIMIT, false)
      orderId++
    }
    const orders = [...bot.orders(0).values()]
    const filled = orders.filter((order) => order.status === OrderStatus.FILLED)
    expect(filled.length).toBeGreaterThan(10)
    expect(bot.position(0)).toBeCloseTo(
      orders.reduce((sum, { side, filledQty }) => sum + side * filledQty, 0),
      9,
    )
    expect(await bot.cancel(0, filled[0]!.orderId, true)).toBe(ReturnCode.INVALID_ORDER_STATUS)
  })

  it('A04 waits in vain for a venue that does not answer: 17', async () => {
    const bot = new StubConnectorBot({ orderTimeoutMs: 0.5 })
    expect(await bot.submitBuyOrder(0, 1n, 1, 1, GTC, LIMIT, true)).toBe(ReturnCode.TIMEOUT)
  })

  it('A04 hands out the codes it was told to fail with', async () => {
    const bot = new StubConnectorBot()
    bot.faults.failNext(ReturnCode.CUSTOM)
    expect(await bot.waitNextFeed(true, LONG_NS)).toBe(ReturnCode.CUSTOM)
    bot.faults.losePeer()
    expect(await bot.waitNextFeed(true, LONG_NS)).toBe(ReturnCode.INTERRUPTED)
    expect(await bot.submitBuyOrder(0, 1n, 1, 1, GTC, LIMIT, true)).toBe(ReturnCode.INTERRUPTED)
  })
})

describe('StubConnectorBot: time and recordings', () => {
  it('follows a clock when it is given one: nothing comes before its time', async () => {
    const clock = new VirtualClock()
    const bot = new StubConnectorBot({ pace: clock, feedIntervalMs: 10 })
    let feeds = 0
    const reading = (async () => {
      while ((await bot.waitNextFeed(true, LONG_NS)) === ReturnCode.MARKET_FEED) feeds++
    })()
    await clock.advance(9)
    expect(feeds).toBe(0)
    await clock.advance(992)
    expect(feeds).toBe(100)
    await bot.close()
    await reading
    expect(clock.pendingTimerCount).toBe(0)
  })

  it('L7 lives in its own time: ten seconds of silence take none', async () => {
    const bot = new StubConnectorBot()
    bot.faults.silence(true)
    const before = bot.currentTimestamp
    expect(await bot.waitNextFeed(true, LONG_NS)).toBe(ReturnCode.OK)
    expect(bot.currentTimestamp - before).toBe(LONG_NS)
  })

  it('B23 replays a recording of itself to the same hash', async () => {
    const files = new MemoryFileStore()
    const recorded = new StubConnectorBot({ files, seed: 8 })
    recorded.record('run.jsonl')
    const idle = (): Promise<void> => Promise.resolve()
    const hash = await streamHash(recorded, 300, idle)
    await recorded.close()
    const replay = StubConnectorBot.fromRecording('run.jsonl', { files })
    expect(await streamHash(replay, 300, idle)).toBe(hash)
    expect(await replay.waitNextFeed(true, LONG_NS)).toBe(ReturnCode.END_OF_DATA)
  })

  it('B23 names the line of a recording that cannot be read', () => {
    const files = new MemoryFileStore()
    const open = (): unknown => StubConnectorBot.fromRecording('x', { files })
    expect(open).toThrow(expect.objectContaining({ code: 'LIVE_RECORDING_INVALID' }))
    files.replace('x', '{"format":"other"}\n')
    expect(open).toThrow('x, line 1')
    files.replace('x', '{"format":"feedbus-stub-recording","version":1,"instruments":[]}\n[0,[[1,2]]]\n')
    expect(open).toThrow('x, line 2')
  })
})
