/** The native bots over a connection in memory: what records do to books, orders and positions. */
import { describe, expect, it } from 'vitest'
import { byConnector } from '../../../../src/connectors/hft/live/connection-ports.js'
import {
  checkPlatform,
  HashMapMarketDepthLiveBot,
  LiveClient,
  LiveInstrument,
  type NativeLiveBotOptions,
  OrderStatus,
  OrderType,
  ReturnCode,
  ROIVectorMarketDepthLiveBot,
  TimeInForce,
} from '../../../../src/connectors/hft/live/index.js'
import { EventKind, RecordKind } from '../../../../src/connectors/hft/native/types.js'
import { VirtualClock } from '../../../../src/runtime/index.js'
import { describeBotContract } from './bot-contract.js'
import { batch, feed, LoopbackConnection, T0 } from './loopback-connection.js'

const LONG_NS = 10_000_000_000n
const instrument = new LiveInstrument('BTCUSDT', {
  tickSize: 0.1,
  lotSize: 0.001,
  connector: 'bf',
  roiLb: 90,
  roiUb: 110,
})

type AnyBot = HashMapMarketDepthLiveBot | ROIVectorMarketDepthLiveBot

/** A bot, open, with its connection. */
async function opened(
  options: NativeLiveBotOptions = {},
  Bot: typeof HashMapMarketDepthLiveBot | typeof ROIVectorMarketDepthLiveBot = HashMapMarketDepthLiveBot,
): Promise<{ bot: AnyBot; connection: LoopbackConnection }> {
  let connection: LoopbackConnection | undefined
  const bot = new Bot([instrument], {
    openConnection: (given) => {
      connection = new LoopbackConnection(given)
      return Promise.resolve(connection)
    },
    ...options,
  })
  await bot.open()
  return { bot, connection: connection! }
}

for (const Bot of [HashMapMarketDepthLiveBot, ROIVectorMarketDepthLiveBot]) {
  describeBotContract(`${Bot.name} in memory`, async () => {
    const { bot, connection } = await opened({}, Bot)
    return { bot, feed: () => connection.sendBook(), quiet: () => {} }
  })
}

describe('native bots: books', () => {
  const levels = (bot: AnyBot): [string, string] => {
    const { bids, asks } = bot.depth(0).snapshot()
    const text = (side: readonly { price: number; qty: number }[]): string =>
      side.map(({ price, qty }) => `${price}x${qty}`).join(' ')
    return [text(bids), text(asks)]
  }

  it('L3 tells kinds apart as an enumeration: a clear is no trade, a trade changes no book', async () => {
    const { bot, connection } = await opened()
    connection.sendBook()
    connection.send(feed(EventKind.DEPTH_CLEAR, 'buy', 0, 0))
    expect(bot.lastTrades(0)).toEqual([])
    expect(levels(bot)).toEqual(['', '100.2x1'])
    connection.send(feed(EventKind.TRADE, 'sell', 100.2, 3), feed(EventKind.FILL, 'buy', 100, 3))
    expect(levels(bot)).toEqual(['', '100.2x1'])
    expect(bot.lastTrades(0).map(({ px, qty }) => [px, qty])).toEqual([[100.2, 3]])
    bot.clearLastTrades()
    expect(bot.lastTrades(0)).toEqual([])
  })

  it('takes snapshots, flagless deletes and best prices: kind and side decide, not the other bits', async () => {
    const { bot, connection } = await opened()
    connection.sendBook()
    connection.send(feed(EventKind.DEPTH, 'buy', 99.9, 2), feed(EventKind.DEPTH, 'buy', 100, 0, 0))
    expect(levels(bot)).toEqual(['99.9x2', '100.2x1'])
    connection.send(feed(EventKind.BBO, 'sell', 100.1, 4))
    expect(levels(bot)[1]).toBe('100.1x4 100.2x1')
    const snapshot = [feed(EventKind.DEPTH_SNAPSHOT, 'buy', 98, 1), feed(EventKind.DEPTH_SNAPSHOT, 'sell', 99, 1)]
    connection.send(...batch(true, ...snapshot.map((record) => ({ ...record, localTs: 0n }))))
    expect(levels(bot)).toEqual(['98x1', '99x1'])
    expect(bot.feedLatency(0)).toEqual({ exch: T0, local: T0 + 100_000n })
  })

  it('says that a feed came at the end of a batch, and counts batches for everybody and for us apart', async () => {
    const { bot, connection } = await opened()
    const [start, level, end] = batch(false, feed(EventKind.DEPTH, 'buy', 100, 1))
    const addressed = batch(true, feed(EventKind.DEPTH_SNAPSHOT, 'buy', 98, 1))
    connection.send(start!, level!)
    expect(await bot.waitNextFeed(false, 1_000_000n)).toBe(ReturnCode.OK)
    connection.send(...addressed)
    expect(await bot.waitNextFeed(false, 1_000_000n)).toBe(ReturnCode.OK)
    connection.send(end!)
    expect(await bot.waitNextFeed(false, LONG_NS)).toBe(ReturnCode.MARKET_FEED)
  })

  it('A03 keeps arrays of one range and ignores prices outside', async () => {
    const { bot, connection } = await opened({}, ROIVectorMarketDepthLiveBot)
    const depth = (bot as ROIVectorMarketDepthLiveBot).depth(0)
    expect([depth.roiLbTick, depth.roiUbTick, depth.bidDepth.length, depth.askDepth.length]).toEqual([
      900, 1100, 201, 201,
    ])
    connection.sendBook(3, 4)
    connection.send(feed(EventKind.DEPTH, 'buy', 89.9, 7), feed(EventKind.DEPTH, 'sell', 110.1, 7))
    expect([depth.bidDepth[100], depth.askDepth[102]]).toEqual([3, 4])
    expect(depth.snapshot()).toEqual({ bids: [{ price: 100, qty: 3 }], asks: [{ price: 100.2, qty: 4 }] })
    connection.send(feed(EventKind.DEPTH, 'buy', 100, 0))
    expect([depth.bestBid, depth.bestBidTick, depth.bestBidQty]).toEqual([Number.NaN, Number.NaN, 0])
    const plain = new LiveInstrument('BTCUSDT', { tickSize: 0.1, lotSize: 1 })
    expect(() => new ROIVectorMarketDepthLiveBot([plain])).toThrow('roiLb and roiUb')
  })

  it('empties its books when the connector was restarted, and asks again when records were lost', async () => {
    const clock = new VirtualClock()
    const { bot, connection } = await opened({ clock })
    connection.sendBook()
    connection.emit('peerChanged', { publisherTag: 2n, previous: 1n })
    expect(levels(bot)).toEqual(['', ''])
    const overflow = { reason: 'ring', dropped: 5n } as const
    for (let times = 0; times < 5; times++) connection.emit('overflow', overflow)
    expect(connection.requests.filter((request) => request === 'resync BTCUSDT')).toHaveLength(1)
    await clock.advance(1_000)
    expect(connection.requests.filter((request) => request === 'resync BTCUSDT')).toHaveLength(2)
    connection.emit('overflow', overflow)
    await bot.close()
    expect([clock.pendingTimerCount, connection.listenerCount, connection.onRecords]).toEqual([0, 0, null])
  })
})

describe('native bots: orders, positions, connectors', () => {
  const submit = (bot: AnyBot, id: bigint, price: number, wait = true): Promise<ReturnCode> =>
    bot.submitBuyOrder(0, id, price, 0.5, TimeInForce.GTX, OrderType.LIMIT, wait)

  it('sends prices on the grid, and counts an execution that is reported twice once', async () => {
    const { bot, connection } = await opened()
    expect(await submit(bot, 1n, 100.2499999)).toBe(ReturnCode.OK)
    expect(connection.requests).toEqual(['register BTCUSDT 0.1 0.001', 'submit 1 BUY 100.2 0.5 GTX'])
    await Promise.resolve()
    expect(bot.orders(0).get(1n)).toMatchObject({ filledQty: 0.5, avgPrice: 100.2, status: OrderStatus.FILLED })
    expect(bot.position(0)).toBe(0.5)
  })

  it('ignores replies that are older, that come after the end, or that belong to other bots', async () => {
    const { bot, connection } = await opened()
    await submit(bot, 1n, 99)
    const reply = { kind: RecordKind.ORDER, symbol: 'btcusdt', leavesQty: 0.5, execQty: 0, execPriceTick: 0n } as const
    const known = bot.orders(0).get(1n)!
    connection.send({ ...reply, orderId: 1n, status: 'Canceled', exchTs: known.exchTimestamp - 1n })
    connection.send({ ...reply, orderId: 99n, status: 'New', exchTs: known.exchTimestamp + 1n })
    expect([known.status, bot.orders(0).size]).toEqual([OrderStatus.NEW, 1])
    connection.send({ ...reply, orderId: 1n, status: 'Expired', exchTs: known.exchTimestamp + 1n })
    connection.send({ ...reply, orderId: 1n, status: 'Filled', execQty: 0.5, exchTs: known.exchTimestamp + 2n })
    expect(known).toMatchObject({ status: OrderStatus.EXPIRED, filledQty: 0 })
  })

  it('lets a cancel that came too late say nothing about the order', async () => {
    const { bot, connection } = await opened()
    await submit(bot, 1n, 99)
    connection.isMute = true
    await bot.cancel(0, 1n, false)
    const known = bot.orders(0).get(1n)!
    const reply = { kind: RecordKind.ORDER, symbol: 'btcusdt', orderId: 1n } as const
    connection.send({ ...reply, status: 'None', exchTs: known.exchTimestamp + 9n })
    expect([known.status, known.cancellable]).toEqual([OrderStatus.NEW, true])
    const fill = { leavesQty: 0, execQty: 0.5, execPriceTick: 990n, exchTs: known.exchTimestamp + 1n }
    connection.send({ ...reply, ...fill, status: 'Filled' })
    expect(known).toMatchObject({ status: OrderStatus.FILLED, avgPrice: 99 })
  })

  it('A04 times out with 17, and ends a wait at once with 18 when the connector is gone', async () => {
    const { bot, connection } = await opened({ orderTimeoutMs: 1 })
    connection.isMute = true
    expect(await submit(bot, 1n, 99)).toBe(ReturnCode.TIMEOUT)
    const waiting = bot.waitOrderResponse(0, 1n, LONG_NS)
    connection.emit('peerLost', { publisherTag: 1n })
    expect(await waiting).toBe(ReturnCode.INTERRUPTED)
    expect(await bot.waitNextFeed(true, LONG_NS)).toBe(ReturnCode.INTERRUPTED)
    expect(await bot.waitNextFeed(true, 1_000_000n)).toBe(ReturnCode.OK)
  })

  it('L6 A20 throws for a position that cannot be known, instead of looking flat', async () => {
    const unopened = new HashMapMarketDepthLiveBot([instrument])
    expect(() => unopened.position(0)).toThrow(expect.objectContaining({ code: 'LIVE_POSITION_UNKNOWN' }))
    const { bot, connection } = await opened()
    expect(new LiveClient(bot).getPosition()).toBe(0)
    connection.emit('peerLost', { publisherTag: 1n })
    expect(() => new LiveClient(bot).getPosition()).toThrow('its connector is gone')
  })

  it('A04 hands on an error of the connector as 19, with its text', async () => {
    const { bot, connection } = await opened()
    connection.send({ kind: RecordKind.ERROR, error: { kind: 'OrderError', value: { code: -5022n } } })
    expect(await bot.waitNextFeed(true, LONG_NS)).toBe(ReturnCode.CUSTOM)
    expect(bot.takeError()?.message).toBe('connector bf reported: OrderError {"code":-5022}')
    expect(bot.takeError()).toBeNull()
  })

  it('A38 names the connector it looked for and the instrument that wanted it', async () => {
    const absent = Object.assign(new Error('DoesNotExist'), { code: 'IPC_SERVICE_NOT_FOUND' })
    const bot = new HashMapMarketDepthLiveBot([instrument], {
      waitForConnectorMs: 250,
      openConnection: () => Promise.reject(absent),
    })
    const error = await bot.open().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'LIVE_CONNECTOR_ABSENT', cause: absent })
    for (const part of ['"bf"', 'BTCUSDT', '250 ms', 'connector bf binancefutures CONFIG']) {
      expect((error as Error).message).toContain(part)
    }
  })

  it('opens one connection per connector, and again after a failure', async () => {
    const names: string[] = []
    const of = (symbol: string, connector: string): LiveInstrument =>
      new LiveInstrument(symbol, { tickSize: 0.1, lotSize: 1, connector })
    const bot = new HashMapMarketDepthLiveBot([of('BTCUSDT', 'a'), of('ETHUSDT', 'b'), of('XRPUSDT', 'a')], {
      openConnection: (options) => {
        names.push(options.connector)
        if (names.length === 2) return Promise.reject(new Error('busy'))
        return Promise.resolve(new LoopbackConnection(options))
      },
    })
    await expect(bot.open()).rejects.toThrow('busy')
    await bot.open()
    expect(names).toEqual(['a', 'b', 'b'])
    const twoKinds = [
      of('BTCUSDT', 'a'),
      new LiveInstrument('X', { tickSize: 1, lotSize: 1, connector: 'a', kind: 'bybit' }),
    ]
    expect(() => byConnector(twoKinds)).toThrow('cannot be both binancefutures and bybit')
  })

  it('A37 refuses systems without the shared-memory layer by name', () => {
    for (const [platform, release] of [
      ['linux', '4.19.0'],
      ['linux', '6.1.0-9-amd64'],
      ['darwin', '19.0.0'],
    ] as const) {
      expect(() => checkPlatform(platform, release)).not.toThrow()
    }
    for (const [platform, release] of [
      ['linux', '4.18.9'],
      ['darwin', '18.7.0'],
      ['win32', '10.0.22631'],
    ] as const) {
      expect(() => checkPlatform(platform, release)).toThrow(`${platform} ${release}`)
    }
  })
})
