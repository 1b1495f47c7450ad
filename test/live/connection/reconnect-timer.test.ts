/** When a shard connects again after a loss, by itself: attempts, delays and the time without a connection. */
import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import type { EndReason } from '../../../src/live/connection/reconnect-policy.js'
import { ReconnectTimer } from '../../../src/live/connection/reconnect-timer.js'
import { SeededRandom, VirtualClock } from '../../../src/runtime/index.js'
import { CONFIG } from './rig.js'

const LOST: EndReason = { code: 1006, reason: '', httpStatus: undefined, retryAfterMs: undefined }

function timer(config: Partial<typeof CONFIG> = {}, seed = 1) {
  const clock = new VirtualClock()
  const connects: number[] = []
  const reconnects = new ReconnectTimer(
    clock,
    new SeededRandom(seed),
    { ...CONFIG, reconnectJitter: 0, ...config },
    () => connects.push(clock.monotonicMs()),
  )
  return { clock, connects, reconnects }
}

describe('the reconnect timer', () => {
  it('doubles the delay with each failure, and the quick attempt after a healthy connection does not count', () => {
    const { reconnects } = timer()
    const delays = [true, false, false, false].map((wasHealthy) => {
      const decision = reconnects.decide(LOST, wasHealthy)
      reconnects.retry(decision)
      return decision.delayMs
    })
    expect(delays).toEqual([50, 1_000, 2_000, 4_000])
    expect(reconnects.attempt).toBe(4)
  })

  it('connects once, after the delay of the last retry', async () => {
    const { clock, connects, reconnects } = timer()
    reconnects.retry(reconnects.decide(LOST, false))
    await clock.advance(999)
    expect(connects).toEqual([])
    await clock.advance(60_000)
    expect(connects).toEqual([1_000])
  })

  it('connects not at all once cleared, and leaves no timer', async () => {
    const { clock, connects, reconnects } = timer()
    reconnects.retry(reconnects.decide(LOST, false))
    reconnects.clear()
    expect(clock.pendingTimerCount).toBe(0)
    await clock.advance(60_000)
    expect(connects).toEqual([])
  })

  it('begins with the first delays again when failures are forgotten', () => {
    const { reconnects } = timer()
    for (let times = 0; times < 5; times++) reconnects.retry(reconnects.decide(LOST, false))
    reconnects.forgetAttempts()
    expect(reconnects.attempt).toBe(0)
    expect(reconnects.decide(LOST, true)).toMatchObject({ delayMs: 50, isQuick: true })
    reconnects.clear()
  })

  it('is exhausted after as many attempts as are allowed', () => {
    const { reconnects } = timer({ maxReconnectAttempts: 2 })
    const exhausted = [0, 1, 2].map(() => {
      const { isExhausted } = reconnects
      if (!isExhausted) reconnects.retry(reconnects.decide(LOST, false))
      return isExhausted
    })
    expect(exhausted).toEqual([false, false, true])
    reconnects.clear()
  })

  it('measures the time without a connection from the loss, and counts only losses that ended', async () => {
    const { clock, reconnects } = timer()
    expect(reconnects.noteEstablished()).toBeNull()
    reconnects.noteLoss()
    await clock.advance(700)
    expect(reconnects.noteEstablished()).toBe(700)
    reconnects.noteLoss()
    reconnects.forgetLoss()
    expect(reconnects.noteEstablished()).toBeNull()
    expect(reconnects.reconnectCount).toBe(1)
  })

  test.prop([
    fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
    fc.nat(),
    fc.double({ min: 0, max: 1, noNaN: true }),
  ])(
    'waits between the quick delay and the longest, jitter included, whatever was healthy before',
    (healthy, seed, reconnectJitter) => {
      const { reconnects } = timer({ reconnectJitter }, seed)
      for (const wasHealthy of healthy) {
        const decision = reconnects.decide(LOST, wasHealthy)
        const base = decision.isQuick ? 50 : 1_000
        expect(decision.delayMs).toBeGreaterThanOrEqual(base * (1 - reconnectJitter) - 1)
        expect(decision.delayMs).toBeLessThanOrEqual(60_000 * (1 + reconnectJitter) + 1)
        expect(decision.isQuick).toBe(wasHealthy && reconnects.attempt === 0)
        reconnects.retry(decision)
      }
      reconnects.clear()
    },
  )
})
