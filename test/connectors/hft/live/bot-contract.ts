/** What every live bot does, whatever is behind it. Each implementation runs this suite from its own test file. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  LIVE_BOT_MEMBERS,
  type LiveBot,
  type LiveDepth,
  OrderStatus,
  OrderType,
  ReturnCode,
  TimeInForce,
} from '../../../../src/connectors/hft/live/index.js'

export interface BotUnderTest {
  readonly bot: LiveBot
  /** Makes sure that a feed comes, now or soon. */
  feed(): void
  /** No feed comes any more until the next `feed`. */
  quiet(): void
  /** From now on orders that cross fill; a venue of a script has to be told. */
  fills?(): void
  /** Ends what stands behind the bot. */
  dispose?(): Promise<void>
}

/** What a bot answers for wants of time: generous, a failure only takes longer with it. */
const LONG_NS = 10_000_000_000n

export function describeBotContract(name: string, make: () => Promise<BotUnderTest>): void {
  describe(`${name}: the contract of a live bot`, () => {
    let under: BotUnderTest
    let bot: LiveBot
    beforeEach(async () => {
      under = await make()
      bot = under.bot
    })
    afterEach(async () => {
      await bot.close()
      await under.dispose?.()
    })

    const { GTC } = TimeInForce
    const { LIMIT } = OrderType
    /** Waits for a book with both sides. */
    const book = async (): Promise<LiveDepth> => {
      under.feed()
      expect(await bot.waitNextFeed(false, LONG_NS)).toBe(ReturnCode.MARKET_FEED)
      const depth = bot.depth(0)
      expect(depth.bestBid).toBeLessThan(depth.bestAsk)
      return depth
    }

    it('A02 B17 has every member of the interface', () => {
      expect(LIVE_BOT_MEMBERS).toHaveLength(21)
      expect(LIVE_BOT_MEMBERS.filter((member) => !(member in bot))).toEqual([])
      expect(bot.numAssets).toBe(1)
      expect(typeof bot.currentTimestamp).toBe('bigint')
    })

    it('A04 returns 2 for a feed and 0 when none comes in time', async () => {
      await book()
      under.quiet()
      while ((await bot.waitNextFeed(true, 1n)) !== ReturnCode.OK);
      expect(await bot.waitNextFeed(true, 5_000_000n)).toBe(ReturnCode.OK)
    })

    it('A04 returns 16 for an instrument it does not have, or throws where it returns a value', async () => {
      expect(await bot.submitBuyOrder(9, 1n, 100, 1, GTC, LIMIT, false)).toBe(ReturnCode.INSTRUMENT_NOT_FOUND)
      expect(await bot.cancel(9, 1n, false)).toBe(ReturnCode.INSTRUMENT_NOT_FOUND)
      expect(() => bot.depth(9)).toThrow(expect.objectContaining({ code: 'LIVE_BOT_FAILED', returnCode: 16 }))
    })

    it('B09 takes an order once: the same id again is 10, an unknown one to cancel is 12', async () => {
      const { bestBid } = await book()
      const price = bestBid * 0.9
      expect(await bot.submitBuyOrder(0, 5n, price, 0.5, GTC, LIMIT, true)).toBe(ReturnCode.OK)
      expect(await bot.submitBuyOrder(0, 5n, price, 0.5, GTC, LIMIT, true)).toBe(ReturnCode.ORDER_ID_EXIST)
      expect(await bot.cancel(0, 6n, true)).toBe(ReturnCode.ORDER_NOT_FOUND)
      expect(bot.orders(0).get(5n)).toMatchObject({ status: OrderStatus.NEW, leavesQty: 0.5, filledQty: 0 })
    })

    it('B11 cancels a resting order once, and never one that ended', async () => {
      const { bestAsk } = await book()
      await bot.submitSellOrder(0, 5n, bestAsk * 1.1, 0.5, GTC, LIMIT, true)
      expect(await bot.cancel(0, 5n, true)).toBe(ReturnCode.OK)
      expect(bot.orders(0).get(5n)?.status).toBe(OrderStatus.CANCELED)
      expect(await bot.cancel(0, 5n, true)).toBe(ReturnCode.INVALID_ORDER_STATUS)
    })

    it('B11 fills an order that crosses, at the price of the other side, and moves the position', async () => {
      const { bestAsk } = await book()
      expect(bot.position(0)).toBe(0)
      under.fills?.()
      expect(await bot.submitBuyOrder(0, 5n, bestAsk, 0.001, GTC, LIMIT, true)).toBe(ReturnCode.OK)
      while (bot.position(0) === 0) await bot.waitNextFeed(true, 1_000_000_000n)
      const order = bot.orders(0).get(5n)
      expect(order).toMatchObject({ status: OrderStatus.FILLED, filledQty: 0.001, leavesQty: 0 })
      expect(order?.avgPrice).toBeCloseTo(bestAsk, 6)
      expect(bot.position(0)).toBeCloseTo(0.001, 9)
      expect(bot.stateValues(0)).toMatchObject({ position: bot.position(0), balance: 0 })
      expect(await bot.cancel(0, 5n, true)).toBe(ReturnCode.INVALID_ORDER_STATUS)
    })

    it('tells of the reply to an order: 3 to who waits for it, and to who asked for replies', async () => {
      const { bestBid } = await book()
      under.quiet()
      await bot.submitBuyOrder(0, 5n, bestBid * 0.9, 0.5, GTC, LIMIT, false)
      expect(await bot.waitOrderResponse(0, 5n, LONG_NS)).toBe(ReturnCode.ORDER_RESPONSE)
      let code = await bot.waitNextFeed(true, LONG_NS)
      while (code === ReturnCode.MARKET_FEED) code = await bot.waitNextFeed(true, LONG_NS)
      expect(code).toBe(ReturnCode.ORDER_RESPONSE)
      const latency = bot.orderLatency(0)
      expect(latency === null ? null : latency.resp - latency.req > 0n && latency.exch > latency.req).toBe(true)
    })

    it('lists orders by a walk that later orders do not disturb, and forgets those that ended', async () => {
      const { bestBid } = await book()
      await bot.submitBuyOrder(0, 1n, bestBid * 0.9, 0.5, GTC, LIMIT, true)
      await bot.submitBuyOrder(0, 2n, bestBid * 0.9, 0.5, GTC, LIMIT, true)
      const walk = bot.orders(0).values()
      await bot.cancel(0, 1n, true)
      bot.clearInactiveOrders(0)
      expect(walk.hasNext()).toBe(true)
      expect(walk.get()?.orderId).toBe(1n)
      expect([...walk].map((order) => order.orderId)).toEqual([2n])
      expect(walk.get()).toBeNull()
      expect(bot.orders(0)).toMatchObject({ size: 1 })
      expect([bot.orders(0).contains(1n), bot.orders(0).contains(2n)]).toEqual([false, true])
    })

    it('refuses modify, and arguments that cannot be', async () => {
      await expect(bot.modify(0, 1n, 1, 1, false)).rejects.toMatchObject({ code: 'LIVE_UNSUPPORTED' })
      const impossible = [
        bot.submitBuyOrder(0, 1n, 0, 1, GTC, LIMIT, false),
        bot.submitBuyOrder(0, 1n, 100, Number.NaN, GTC, LIMIT, false),
        bot.submitBuyOrder(0, -1n, 100, 1, GTC, LIMIT, false),
        bot.submitBuyOrder(0, 1n, 100, 1, 7 as TimeInForce, LIMIT, false),
      ]
      for (const call of impossible) await expect(call).rejects.toMatchObject({ code: 'LIVE_OPTION_INVALID' })
    })

    it('ends a wait with 18 when its signal aborts, and every wait when it is closed', async () => {
      await book()
      under.quiet()
      while ((await bot.waitNextFeed(true, 1n)) !== ReturnCode.OK);
      expect(await bot.waitNextFeed(true, LONG_NS, AbortSignal.abort())).toBe(ReturnCode.INTERRUPTED)
      expect(await bot.close()).toBe(ReturnCode.OK)
      expect(await bot.waitNextFeed(true, LONG_NS)).toBe(ReturnCode.INTERRUPTED)
      expect(await bot.submitBuyOrder(0, 9n, 100, 1, GTC, LIMIT, true)).toBe(ReturnCode.INTERRUPTED)
      expect(await bot.close()).toBe(ReturnCode.OK)
    })

    it('elapses, and gotoEnd changes nothing', async () => {
      await book()
      expect(await bot.elapse(1_000_000n)).toBe(ReturnCode.OK)
      expect(await bot.elapseBt(1_000_000n)).toBe(ReturnCode.OK)
      expect(await bot.gotoEnd()).toBe(ReturnCode.OK)
    })

    it('knows the latency of feeds after the first', async () => {
      await book()
      const latency = bot.feedLatency(0)
      expect(latency === null ? null : latency.local - latency.exch).toBe(100_000n)
    })
  })
}
