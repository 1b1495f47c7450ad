/** The live client over the stub: queues, orders, health, life cycle. */
import { describe, expect, it } from 'vitest'
import { clientSettings } from '../../../../src/connectors/hft/live/client-options.js'
import {
  type BookUpdate,
  type ConnectionHealth,
  EventType,
  FAILURE_CODES,
  LiveClient,
  LiveClientError,
  type LiveClientOptions,
  LiveInstrument,
  type LossReason,
  MarketStatistics,
  type OrderResponse,
  OrderStatus,
  OrderType,
  ReturnCode,
  returnCodeText,
  Side,
  StubConnectorBot,
  type StubConnectorBotOptions,
  TimeInForce,
  type Trade,
  using,
} from '../../../../src/connectors/hft/live/index.js'
import { HashMapMarketDepthLiveBot } from '../../../../src/connectors/hft/live/native-bot.js'
import { EventKind } from '../../../../src/connectors/hft/native/types.js'
import { VirtualClock } from '../../../../src/runtime/index.js'
import { waitFor } from '../../../support/wait-for.js'
import { batch, feed, LoopbackConnection } from './loopback-connection.js'

/** A client over a stub that follows the same virtual clock, with what it reported. */
class Rig {
  readonly clock = new VirtualClock()
  readonly bot: StubConnectorBot
  readonly client: LiveClient
  readonly losses: LossReason[] = []
  readonly errors: LiveClientError[] = []
  readonly responses: OrderResponse[] = []
  readonly logs: { readonly message: string; readonly data: Readonly<Record<string, unknown>> | undefined }[] = []

  constructor(options: LiveClientOptions = {}, stub: StubConnectorBotOptions = {}) {
    const { clock, logs } = this
    const log = (message: string, data?: Readonly<Record<string, unknown>>): void => void logs.push({ message, data })
    this.bot = new StubConnectorBot({ pace: clock, maxFeeds: Number.POSITIVE_INFINITY, ...stub })
    this.client = new LiveClient(this.bot, {
      onConnectionLost: (_health, reason) => this.losses.push(reason),
      onError: (error) => this.errors.push(error),
      onOrderResponse: (response) => this.responses.push(response),
      runtime: { clock, logger: { debug: log, info: log, warn: log, error: log } },
      ...options,
    })
  }

  /** Lets a call that waits for the stub have its time. */
  async settled<T>(call: Promise<T>): Promise<T> {
    const [value] = await Promise.all([call, this.clock.advance(5)])
    return value
  }

  end(): Promise<void> {
    return this.client.close()
  }
}

function drained<T>(take: () => T | null): T[] {
  const all: T[] = []
  for (let next = take(); next !== null; next = take()) all.push(next)
  return all
}

describe('LiveInstrument', () => {
  it('A01 is the same from its constructor and from its builder', () => {
    const options = { tickSize: 0.1, lotSize: 0.001, connector: 'bf', lastTradesCapacity: 5, roiLb: 10, roiUb: 20 }
    const built = LiveInstrument.builder()
      .connector('bf')
      .symbol('BTCUSDT')
      .tickSize(0.1)
      .lotSize(0.001)
      .lastTradesCapacity(5)
      .roiLb(10)
      .roiUb(20)
      .build()
    expect(built).toEqual(new LiveInstrument('BTCUSDT', options))
    expect(new LiveInstrument('BTCUSDT', { tickSize: 0.1, lotSize: 1 })).toMatchObject({
      connector: 'binancefutures',
      kind: 'binancefutures',
      lastTradesCapacity: 1000,
      roiLb: null,
    })
  })

  it('A01 refuses a tick or lot of 0 or below, a range upside down, and empty names', () => {
    const good = { tickSize: 0.1, lotSize: 0.001 }
    const wrong: [string, object][] = [
      ['tickSize', { tickSize: 0 }],
      ['tickSize', { tickSize: Number.NaN }],
      ['lotSize', { lotSize: -1 }],
      ['roiLb', { roiLb: 20, roiUb: 20 }],
      ['roiLb', { roiLb: 20 }],
      ['connector', { connector: ' ' }],
      ['lastTradesCapacity', { lastTradesCapacity: -1 }],
    ]
    for (const [name, change] of wrong) {
      const make = (): unknown => new LiveInstrument('BTCUSDT', { ...good, ...change })
      expect(make).toThrow(
        expect.objectContaining({ code: 'LIVE_OPTION_INVALID', message: expect.stringContaining(name) }),
      )
    }
    expect(() => LiveInstrument.builder().symbol('X').build()).toThrow('tickSize')
    expect(() => new LiveInstrument('', good)).toThrow('symbol')
  })
})

describe('codes and errors', () => {
  it('A04 A28 have the numbers of the API and a text each', () => {
    expect(Object.values(ReturnCode)).toEqual([0, 1, 2, 3, 10, 12, 14, 16, 17, 18, 19])
    expect(new Set(Object.values(ReturnCode).map(returnCodeText)).size).toBe(11)
    expect(returnCodeText(77)).toBe('unknown return code 77')
    expect(Object.values(OrderStatus)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 255])
    expect(TimeInForce).toEqual({ GTC: 0, GTX: 1, FOK: 2, IOC: 3 })
    expect(OrderType).toEqual({ LIMIT: 0, MARKET: 1 })
    expect(Side).toEqual({ BUY: 1, SELL: -1 })
    expect(Object.keys(EventType)).toEqual(['TRADE', 'BOOK_UPDATE', 'SNAPSHOT'])
  })

  it('A29 A42 keep code and cause', () => {
    const cause = new Error('below')
    const error = new LiveClientError('LIVE_BOT_FAILED', 'text', { cause, returnCode: 17 })
    expect(error).toMatchObject({ name: 'LiveClientError', code: 'LIVE_BOT_FAILED', cause, returnCode: 17 })
  })
})

describe('LiveClient: queues', () => {
  it('A05 has the documented defaults', () => {
    const { clock: _clock, random: _random, logger: _logger, ...settings } = clientSettings({})
    expect(settings).toEqual({
      tradeQueueSize: 1000,
      bookQueueSize: 1000,
      snapshotQueueSize: 100,
      healthCheckIntervalMs: 5_000,
      feedTimeoutNs: 10_000_000_000n,
      onConnectionLost: null,
      onError: null,
      onOrderResponse: null,
      snapshotIntervalMs: 1_000,
      snapshotLevels: 20,
    })
    expect(() => clientSettings({ tradeQueueSize: 0 })).toThrow('tradeQueueSize')
    expect(() => clientSettings({ feedTimeoutNs: 0n })).toThrow('feedTimeoutNs')
  })

  it('A06 drops the oldest at the bound, counts it exactly, and says so at most once a second', async () => {
    const rig = new Rig({}, { tradeProb: 1, depthProb: 0 })
    await rig.client.start()
    await rig.clock.advance(10_000.2)
    expect([rig.bot.stats().feeds, rig.client.dropped.trades]).toEqual([1000, 0])
    await rig.clock.advance(10)
    expect(rig.client.dropped).toEqual({ trades: 1, books: 0, snapshots: 0 })
    await rig.clock.advance(2_500)
    expect(rig.client.dropped.trades).toBe(251)
    const warnings = rig.logs.filter(({ message }) => message.includes('queue is full'))
    expect(warnings).toHaveLength(3)
    const left = drained(() => rig.client.getTradeNowait())
    expect(left).toHaveLength(1000)
    await rig.end()
  })

  it('A07 A08 do the same for books and snapshots', async () => {
    const rig = new Rig(
      { bookQueueSize: 10, snapshotQueueSize: 5, snapshotIntervalMs: 0, tradeQueueSize: 10_000 },
      { tradeProb: 0, depthProb: 1 },
    )
    await rig.client.start()
    await rig.clock.advance(300.2)
    expect(rig.client.dropped).toEqual({ trades: 0, books: 20, snapshots: 25 })
    expect(drained(() => rig.client.getBookUpdateNowait())).toHaveLength(10)
    expect(drained(() => rig.client.getSnapshotNowait())).toHaveLength(5)
    await rig.end()
  })

  it('A18 gives null from an empty queue, and first in, first out', async () => {
    const rig = new Rig({}, { tradeProb: 1 })
    expect([rig.client.getTradeNowait(), rig.client.getBookUpdateNowait(), rig.client.getSnapshotNowait()]).toEqual([
      null,
      null,
      null,
    ])
    await rig.client.start()
    await rig.clock.advance(500)
    const times = drained(() => rig.client.getTradeNowait()).map(({ timestamp }) => timestamp)
    expect(times.length).toBe(49)
    expect(times).toEqual([...times].sort((a, b) => (a < b ? -1 : 1)))
    await rig.end()
  })

  it('A19 resolves on arrival, gives null at the timeout, and loses no wake-up with two readers', async () => {
    const rig = new Rig({}, { tradeProb: 1 })
    await rig.client.start()
    const early = rig.client.getTrade(5)
    const both = [rig.client.getTrade(1_000), rig.client.getTrade(1_000)]
    await rig.clock.advance(40)
    expect(await early).toBeNull()
    const [first, second] = await Promise.all(both)
    expect(first!.timestamp).toBeLessThan(second!.timestamp)
    const waiting = rig.client.getSnapshot()
    drained(() => rig.client.getSnapshotNowait())
    await rig.clock.advance(1_100)
    expect(await waiting).toMatchObject({ assetNo: 0 })
    expect(await rig.client.getBookUpdate()).toMatchObject({ assetNo: 0 })
    await rig.end()
  })

  it('A32 warns once about a second reader of one queue', async () => {
    const rig = new Rig()
    await rig.client.start()
    const reads = [1, 2, 3].map(() => rig.client.getTrade())
    expect(rig.logs.filter(({ message }) => message.includes('two readers wait for trades'))).toHaveLength(1)
    await rig.end()
    expect(await Promise.all(reads)).toEqual([null, null, null])
  })

  it('A23 L3 makes trades of trades only, with the taker side of their bits', async () => {
    const connection = new LoopbackConnection({ connector: 'bf', kind: 'binancefutures' })
    const instrument = new LiveInstrument('BTCUSDT', { tickSize: 0.1, lotSize: 0.001 })
    const bot = new HashMapMarketDepthLiveBot([instrument], { openConnection: () => Promise.resolve(connection) })
    const client = new LiveClient(bot)
    await client.start()
    connection.sendBook()
    connection.send(
      ...batch(
        false,
        feed(EventKind.TRADE, 'buy', 100.2, 1),
        feed(EventKind.DEPTH_CLEAR, 'buy', 1, 1),
        feed(EventKind.TRADE, 'sell', 100, 2),
      ),
    )
    const trades = [await client.getTrade(5_000), await client.getTrade(5_000)]
    expect(trades).toMatchObject([
      { price: 100.2, qty: 1, side: Side.BUY, assetNo: 0 },
      { price: 100, qty: 2, side: Side.SELL, assetNo: 0 },
    ])
    expect(client.getTradeNowait()).toBeNull()
    await client.close()
  })

  it('A24 L2 brings a book update on every change of the top, from a connector that never trades', async () => {
    const connection = new LoopbackConnection({ connector: 'bf', kind: 'binancefutures' })
    const instrument = new LiveInstrument('BTCUSDT', { tickSize: 0.1, lotSize: 0.001 })
    const bot = new HashMapMarketDepthLiveBot([instrument], { openConnection: () => Promise.resolve(connection) })
    const client = new LiveClient(bot)
    await client.start()
    const seen: BookUpdate[] = []
    for (const qty of [1, 2, 2, 3]) {
      connection.sendBook(qty)
      connection.send(feed(EventKind.DEPTH, 'buy', 90, qty))
      const update = await client.getBookUpdate(100)
      if (update !== null) seen.push(update)
    }
    expect(seen.map(({ bidPrice, bidQty, askPrice, askQty }) => [bidPrice, bidQty, askPrice, askQty])).toEqual([
      [100, 1, 100.2, 1],
      [100, 2, 100.2, 1],
      [100, 3, 100.2, 1],
    ])
    await client.close()
  })

  it('A25 gives snapshots sorted from the best price, as deep as asked', async () => {
    const rig = new Rig({ snapshotLevels: 3 })
    await rig.client.start()
    await rig.clock.advance(100)
    const snapshot = rig.client.getSnapshotNowait()!
    const prices = (side: readonly { price: number }[]): number[] => side.map(({ price }) => price)
    expect(prices(snapshot.bids)).toHaveLength(3)
    expect(prices(snapshot.bids)).toEqual(prices(snapshot.bids).sort((a, b) => b - a))
    expect(prices(snapshot.asks)).toEqual(prices(snapshot.asks).sort((a, b) => a - b))
    expect(snapshot.bids[0]!.price).toBeLessThan(snapshot.asks[0]!.price)
    await rig.end()
  })
})

describe('LiveClient: orders', () => {
  const far = { side: Side.BUY, price: 100, qty: 0.5 } as const

  it('A16 gives ids that rise and differ, also to calls made at the same time', async () => {
    const rig = new Rig()
    await rig.client.start()
    const sent = await Promise.all(Array.from({ length: 50 }, () => rig.client.submitOrder(far)))
    const ids = sent.map(({ orderId }) => orderId)
    expect(new Set(ids).size).toBe(50)
    expect(ids.slice(1).every((id, index) => id > ids[index]!)).toBe(true)
    expect(sent.every(({ status, error }) => status === 'submitted' && error === null)).toBe(true)
    expect(ids[0]! >> 32n).toBe(ids[49]! >> 32n)
    await rig.end()
  })

  it('A16 A42 answers with the text of a code that failed, and rejects only what cannot be', async () => {
    const rig = new Rig()
    await rig.client.start()
    await rig.client.submitOrder({ ...far, orderId: 7n })
    expect(await rig.client.submitOrder({ ...far, orderId: 7n })).toMatchObject({
      status: 'error',
      error: 'an order with this id exists already (10)',
    })
    expect(await rig.client.submitOrder({ ...far, assetNo: 3 }).catch((error: unknown) => error)).toMatchObject({
      status: 'error',
      error: 'there is no instrument with this number (16)',
    })
    await expect(rig.client.submitOrder({ ...far, qty: 0 })).rejects.toBeInstanceOf(LiveClientError)
    await rig.end()
  })

  it('A17 L4 says cancelled after the confirmation, and submitted while it is only asked for', async () => {
    const rig = new Rig()
    await rig.client.start()
    const { orderId } = await rig.settled(rig.client.submitOrder({ ...far, wait: true }))
    const asked = await rig.client.cancelOrder(orderId)
    expect(asked).toMatchObject({ orderId, status: 'submitted', error: null })
    await rig.clock.advance(5)
    expect(rig.client.getOrderResponse(orderId)).toMatchObject({ status: 'cancelled' })
    const second = await rig.settled(rig.client.submitOrder({ ...far, wait: true }))
    expect(await rig.settled(rig.client.cancelOrder(second.orderId, { wait: true }))).toMatchObject({
      status: 'cancelled',
    })
    expect(await rig.client.cancelOrder(second.orderId)).toMatchObject({
      status: 'error',
      error: 'the state of the order does not allow this (14)',
    })
    expect(await rig.client.cancelOrder(1n)).toMatchObject({
      status: 'error',
      error: 'there is no order with this id (12)',
    })
    await rig.end()
  })

  it('A17 cancels an order whose submit is still on its way, after its answer', async () => {
    const rig = new Rig()
    await rig.client.start()
    const { orderId } = await rig.client.submitOrder(far)
    expect(await rig.settled(rig.client.cancelOrder(orderId, { wait: true }))).toMatchObject({ status: 'cancelled' })
    await rig.end()
  })

  it('A26 L4 tells filled quantity and average price from the replies', async () => {
    const rig = new Rig({}, { volatility: 0, depthProb: 0, tradeProb: 0 })
    await rig.client.start()
    await rig.clock.advance(20)
    const [first, second] = rig.bot.depth(0).snapshot().asks
    const qty = first!.qty + second!.qty / 2
    const order = { side: Side.BUY, price: second!.price, qty, wait: true } as const
    const { orderId } = await rig.settled(rig.client.submitOrder(order))
    const notional = first!.price * first!.qty + second!.price * (second!.qty / 2)
    const response = rig.client.getOrderResponse(orderId)!
    expect(response).toMatchObject({ status: 'submitted', filledQty: qty, error: null })
    expect(response.avgPrice).toBeCloseTo(notional / qty, 4)
    expect(rig.responses.at(-1)).toMatchObject({ orderId, filledQty: qty })
    expect(rig.client.getPosition()).toBeCloseTo(qty, 9)
    await rig.end()
  })

  it('A26 says error for an order that the venue let expire', async () => {
    const rig = new Rig()
    await rig.client.start()
    await rig.clock.advance(20)
    const price = rig.bot.depth(0).bestAsk + 10
    const order = { side: Side.BUY, price, qty: 0.001, timeInForce: TimeInForce.GTX, wait: true } as const
    expect(await rig.settled(rig.client.submitOrder(order))).toMatchObject({
      status: 'error',
      error: 'the venue says the order is expired',
    })
    await rig.end()
  })

  it('A21 lists orders that can still be filled', async () => {
    const rig = new Rig()
    await rig.client.start()
    const kept = await rig.settled(rig.client.submitOrder({ ...far, wait: true }))
    const ended = await rig.settled(rig.client.submitOrder({ ...far, wait: true }))
    await rig.settled(rig.client.cancelOrder(ended.orderId, { wait: true }))
    const order = {
      orderId: kept.orderId,
      side: Side.BUY,
      price: 100,
      qty: 0.5,
      leavesQty: 0.5,
      status: OrderStatus.NEW,
    }
    expect(rig.client.getOrders()).toEqual(new Map([[kept.orderId, order]]))
    await rig.end()
  })

  it('lets the bot forget ended orders, and still knows how they ended', async () => {
    const rig = new Rig()
    await rig.client.start()
    const { orderId } = await rig.settled(rig.client.submitOrder({ ...far, wait: true }))
    await rig.settled(rig.client.cancelOrder(orderId, { wait: true }))
    await rig.clock.advance(5_000)
    expect(rig.bot.orders(0).size).toBe(0)
    expect(rig.client.getOrderResponse(orderId)).toMatchObject({ status: 'cancelled' })
    expect(await rig.client.cancelOrder(orderId)).toMatchObject({ error: expect.stringContaining('(14)') })
    await rig.end()
  })

  it('A20 L6 throws for a position that is not known', async () => {
    const rig = new Rig()
    expect(rig.client.getPosition()).toBe(0)
    rig.bot.faults.isPositionUnknown = true
    expect(() => rig.client.getPosition()).toThrow(LiveClientError)
    await rig.end()
  })
})

describe('LiveClient: health', () => {
  it('A09 checks at 5, 10 and 15 s', async () => {
    const checks: number[] = []
    const rig = new Rig()
    const original = rig.bot.clearInactiveOrders.bind(rig.bot)
    rig.bot.clearInactiveOrders = (assetNo) => {
      checks.push(rig.clock.monotonicMs())
      original(assetNo)
    }
    await rig.client.start()
    await rig.clock.advance(15_500)
    expect(checks).toEqual([5_000, 10_000, 15_000])
    await rig.end()
  })

  it('A10 L5 turns stale after ten seconds without a feed, and passes that time to the bot', async () => {
    const rig = new Rig()
    const timeouts = new Set<bigint>()
    const original = rig.bot.waitNextFeed.bind(rig.bot)
    rig.bot.waitNextFeed = (include, timeoutNs, signal) => {
      timeouts.add(timeoutNs)
      return original(include, timeoutNs, signal)
    }
    await rig.client.start()
    expect(rig.client.health.connected).toBe(true)
    await rig.clock.advance(1_000)
    rig.bot.faults.silence(true)
    await rig.clock.advance(9_900)
    expect([rig.client.health.connected, rig.losses]).toEqual([true, []])
    await rig.clock.advance(200)
    expect([rig.client.health.connected, rig.losses]).toEqual([false, ['STALE']])
    expect(timeouts).toEqual(new Set([10_000_000_000n]))
    await rig.end()
  })

  it('A11 L5 tells a loss once, and the next one after data came back', async () => {
    const seen: ConnectionHealth[] = []
    const rig = new Rig({ onConnectionLost: (health) => seen.push(health) })
    await rig.client.start()
    for (const losses of [1, 2]) {
      rig.bot.faults.silence(true)
      await rig.clock.advance(40_000)
      expect(seen).toHaveLength(losses)
      rig.bot.faults.silence(false)
      await rig.clock.advance(2_000)
      expect(rig.client.health.connected).toBe(true)
    }
    expect(seen.every(({ connected }) => !connected)).toBe(true)
    await rig.end()
  })

  it('A11 tells a connector that is gone at once, without waiting for staleness', async () => {
    const rig = new Rig()
    await rig.client.start()
    await rig.clock.advance(100)
    rig.bot.faults.losePeer()
    await rig.clock.advance(1)
    expect(rig.losses).toEqual(['PEER_LOST'])
    expect(rig.errors).toMatchObject([{ code: 'LIVE_BOT_FAILED', returnCode: 18 }])
    await rig.end()
  })

  it('A12 reports every failing code of the bot, and goes on', async () => {
    const rig = new Rig()
    await rig.client.start()
    for (const code of FAILURE_CODES) rig.bot.faults.failNext(code)
    await rig.clock.advance(2_000)
    expect(rig.errors.map(({ returnCode }) => returnCode)).toEqual(FAILURE_CODES)
    expect(rig.client.health.connected).toBe(true)
    await rig.end()
  })

  it('A12 reports what a callback or a bot throws, and survives an onError that throws', async () => {
    const rig = new Rig({
      onOrderResponse: () => {
        throw new Error('user')
      },
    })
    await rig.client.start()
    await rig.settled(rig.client.submitOrder({ side: Side.BUY, price: 1, qty: 1, wait: true }))
    expect(rig.errors).toMatchObject([{ code: 'LIVE_CALLBACK_FAILED', message: 'onOrderResponse threw: user' }])
    rig.bot.waitNextFeed = () => Promise.reject(new Error('bot'))
    await rig.clock.advance(500)
    expect(rig.errors.at(-1)?.message).toBe('waitNextFeed threw: bot')
    await rig.end()

    const loud = new Rig({
      onError: () => {
        throw new Error('handler of errors')
      },
    })
    await loud.client.start()
    loud.bot.faults.failNext(ReturnCode.CUSTOM)
    await loud.clock.advance(1_000)
    expect(loud.logs.map(({ message }) => message)).toContain('onError threw: handler of errors')
    expect(loud.client.health.connected).toBe(true)
    await loud.end()
  })

  it('A22 A27 has null before the first feed and reply, then latencies, times and the clock of the bot', async () => {
    const rig = new Rig()
    expect(rig.client.health).toEqual({
      connected: false,
      feedLatencyNs: null,
      orderLatencyNs: null,
      lastFeedTime: null,
      lastOrderTime: null,
    })
    await rig.client.start()
    await rig.clock.advance(100)
    await rig.settled(rig.client.submitOrder({ side: Side.SELL, price: 1e6, qty: 1, wait: true }))
    await rig.clock.advance(20)
    const { health } = rig.client
    expect(health).toMatchObject({ connected: true, feedLatencyNs: 100_000n, orderLatencyNs: 1_000_000n })
    expect(health.lastFeedTime! > health.lastOrderTime!).toBe(true)
    expect([typeof rig.client.currentTimestamp, rig.client.numAssets]).toEqual(['bigint', 1])
    await rig.end()
  })
})

describe('LiveClient: life cycle', () => {
  it('A13 refuses a second start, and any after close', async () => {
    const rig = new Rig()
    await rig.client.start()
    await expect(rig.client.start()).rejects.toMatchObject({
      code: 'LIVE_CLIENT_RUNNING',
      message: expect.stringContaining('already running'),
    })
    await rig.client.stop()
    await rig.client.start()
    await rig.end()
    await expect(rig.client.start()).rejects.toMatchObject({ code: 'LIVE_CLIENT_CLOSED' })
  })

  it('A14 stops at once in the middle of a wait, twice if asked, and leaves no timer', async () => {
    const rig = new Rig()
    await rig.client.stop()
    await rig.client.start()
    rig.bot.faults.silence(true)
    await rig.clock.advance(100)
    await rig.client.stop()
    await rig.client.stop()
    expect([rig.clock.pendingTimerCount, rig.client.isRunning]).toEqual([0, false])
    expect(await rig.client.getTrade(1_000)).toBeNull()
    await rig.end()
  })

  it('A15 closes the bot once, and logs a close that was not clean instead of throwing it', async () => {
    const rig = new Rig()
    let closes = 0
    const original = rig.bot.close.bind(rig.bot)
    rig.bot.close = () => {
      closes++
      return original()
    }
    rig.bot.faults.closeCode = ReturnCode.CUSTOM
    await rig.client.start()
    await Promise.all([rig.client.close(), rig.client.close()])
    await rig.client.close()
    expect(closes).toBe(1)
    expect(rig.logs.filter(({ message }) => message === 'bot did not close cleanly')).toHaveLength(1)

    const broken = new Rig()
    broken.bot.close = () => Promise.reject(new Error('stuck'))
    await broken.client.close()
    expect(broken.errors).toMatchObject([{ message: 'closing the bot threw: stuck' }])
  })

  it('A30 disposes at the end of a scope, also when the scope throws', async () => {
    const rig = new Rig()
    const failing = using(rig.client, (client) => {
      expect(client.isRunning).toBe(true)
      throw new Error('strategy')
    })
    await expect(failing).rejects.toThrow('strategy')
    expect(rig.client.isRunning).toBe(false)
    expect(await rig.bot.waitNextFeed(true, 1n)).toBe(ReturnCode.INTERRUPTED)
    const other = new Rig()
    expect(await using(other.client, () => 5)).toBe(5)
    const disposed = new Rig()
    await disposed.client.start()
    await disposed.client[Symbol.asyncDispose]()
    expect(await disposed.bot.waitNextFeed(true, 1n)).toBe(ReturnCode.INTERRUPTED)
  })

  it('A31 ends in the same state by hand', async () => {
    const rig = new Rig()
    try {
      await rig.client.start()
      await rig.clock.advance(100)
    } finally {
      await rig.client.close()
    }
    expect([rig.client.isRunning, rig.clock.pendingTimerCount]).toEqual([false, 0])
    expect(await rig.bot.waitNextFeed(true, 1n)).toBe(ReturnCode.INTERRUPTED)
  })

  it('A33 promise 1: start runs the reading of feeds and the health checks in the background', async () => {
    const rig = new Rig()
    await rig.clock.advance(6_000)
    expect(rig.client.getTradeNowait()).toBeNull()
    await rig.client.start()
    await rig.clock.advance(6_000)
    expect(rig.client.getTradeNowait()).not.toBeNull()
    await rig.end()
  })

  it('A33 promise 2: events wait in queues for their reader', async () => {
    const rig = new Rig()
    await rig.client.start()
    await rig.clock.advance(1_000)
    await rig.client.stop()
    const trades = drained(() => rig.client.getTradeNowait())
    expect(trades.length).toBeGreaterThan(50)
    await rig.end()
  })

  it('A33 promise 3: leaving the scope cleans up', async () => {
    const rig = new Rig()
    await using(rig.client, () => rig.clock.advance(100))
    expect(rig.clock.pendingTimerCount).toBe(0)
  })

  it('A33 promise 4: losses and errors call back', async () => {
    const rig = new Rig()
    await rig.client.start()
    rig.bot.faults.failNext(ReturnCode.CUSTOM)
    rig.bot.faults.silence(true)
    await rig.clock.advance(15_000)
    expect([rig.losses, rig.errors.map(({ code }) => code)]).toEqual([['STALE'], ['LIVE_BOT_FAILED']])
    await rig.end()
  })

  it('says that data ended, and ends the readers that wait for more', async () => {
    const rig = new Rig({}, { maxFeeds: 10 })
    await rig.client.start()
    await rig.clock.advance(50)
    drained(() => rig.client.getBookUpdateNowait())
    const waiting = (async () => {
      while ((await rig.client.getBookUpdate()) !== null);
    })()
    await rig.clock.advance(200)
    await waiting
    expect(await rig.client.getBookUpdate()).toBeNull()
    expect([rig.losses, rig.client.health.connected]).toEqual([['END_OF_DATA'], false])
    await rig.end()
  })

  it('A41 collects a hundred trades in a unit test of a strategy, in no time', async () => {
    const client = new LiveClient(new StubConnectorBot({ seed: 42 }))
    const trades: Trade[] = []
    await using(client, async () => {
      while (trades.length < 100) {
        const trade = await client.getTrade(1_000)
        if (trade !== null) trades.push(trade)
      }
    })
    expect(trades.every(({ price, qty }) => price > 0 && qty > 0)).toBe(true)
  })

  it('lets timers and sockets have their turn while a stub brings data as fast as it can', async () => {
    const client = new LiveClient(new StubConnectorBot({ maxFeeds: Number.POSITIVE_INFINITY }))
    await client.start()
    await waitFor(() => client.dropped.trades > 1_000, { what: 'a thousand dropped trades' })
    await client.close()
  })
})

describe('MarketStatistics', () => {
  it('B03 has nothing to say at first', () => {
    const statistics = new MarketStatistics()
    expect(statistics).toMatchObject({
      totalTrades: 0,
      totalVolume: 0,
      tradesPerSecond: null,
      lastBid: null,
      lastAsk: null,
      spread: null,
      minSpread: null,
      maxSpread: null,
      depthUpdates: 0,
    })
    expect(String(statistics)).toContain('n/a')
  })

  it('B03 sums volumes by side and prints them with four digits', () => {
    const statistics = new MarketStatistics()
    for (let count = 0; count < 100; count++) {
      const isBuy = count % 2 === 0
      const trade = {
        qty: isBuy ? 0.2 : 0.1,
        side: isBuy ? Side.BUY : Side.SELL,
        timestamp: BigInt(count) * 100_000_000n,
      }
      statistics.onTrade(trade)
    }
    expect(statistics.totalTrades).toBe(100)
    expect([statistics.buyVolume, statistics.sellVolume, statistics.totalVolume].map((qty) => qty.toFixed(4))).toEqual([
      '10.0000',
      '5.0000',
      '15.0000',
    ])
    expect(statistics.tradesPerSecond).toBeCloseTo(10, 9)
    expect(String(statistics)).toMatch(/Total trades: +100\n[\s\S]*Total volume: +15\.0000/)
  })

  it('B03 keeps the narrowest and the widest spread, and does not count an empty side as a price', () => {
    const statistics = new MarketStatistics()
    for (const [bidPrice, askPrice] of [
      [100, 101],
      [100, 100.5],
      [99, 102],
      [Number.NaN, 102],
    ] as const) {
      statistics.onBookUpdate({ bidPrice, askPrice })
    }
    expect(statistics).toMatchObject({
      depthUpdates: 4,
      lastBid: 99,
      lastAsk: 102,
      spread: 3,
      minSpread: 0.5,
      maxSpread: 3,
    })
  })
})
