/** Health of the live client, over the stub. */
import { describe, expect, it } from 'vitest'
import { type ConnectionHealth, FAILURE_CODES, ReturnCode, Side } from '../../../../src/connectors/hft/live/index.js'
import { Rig } from './live-client-rig.js'

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
