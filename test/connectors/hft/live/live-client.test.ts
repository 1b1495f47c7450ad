/** The live client over the stub: queues and life cycle. */
import { describe, expect, it } from 'vitest'
import { clientSettings } from '../../../../src/connectors/hft/live/client-options.js'
import {
  type BookUpdate,
  LiveClient,
  LiveInstrument,
  ReturnCode,
  Side,
  StubConnectorBot,
  type Trade,
  using,
} from '../../../../src/connectors/hft/live/index.js'
import { HashMapMarketDepthLiveBot } from '../../../../src/connectors/hft/live/native-bot.js'
import { EventKind } from '../../../../src/connectors/hft/native/types.js'
import { waitFor } from '../../../support/wait-for.js'
import { drained, Rig } from './live-client-rig.js'
import { batch, feed, LoopbackConnection } from './loopback-connection.js'

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
