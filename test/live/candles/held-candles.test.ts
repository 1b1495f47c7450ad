/** Live candles that wait for missing ones before them: their order, and the end of the waiting. */
import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { HeldCandles } from '../../../src/live/candles/held-candles.js'
import { VirtualClock } from '../../../src/runtime/index.js'
import type { Candle } from '../../../src/types/candle.js'

const candle = (openTimeMs: number): Candle => ({ openTimeMs }) as Candle

function build(onOver: (held: HeldCandles) => void = (held) => held.takeFirst()) {
  const clock = new VirtualClock()
  const overAtMs: number[] = []
  const held: HeldCandles = new HeldCandles(clock, 1_000, () => {
    overAtMs.push(clock.monotonicMs())
    onOver(held)
  })
  return { clock, held, overAtMs }
}

describe('held candles', () => {
  test.prop([fc.uniqueArray(fc.nat(1_000), { maxLength: 50 })])('come out by rising open time', (openTimes) => {
    const { held } = build()
    for (const openTimeMs of openTimes) held.add(candle(openTimeMs))
    const rising = [...openTimes].sort((a, b) => a - b)
    expect(held.openTimesMs()).toEqual(rising)
    expect(rising.map(() => held.takeFirst()?.openTimeMs)).toEqual(rising)
    expect([held.count, held.takeFirst()]).toEqual([0, undefined])
  })

  it('wait no longer than they may, each from its own arrival', async () => {
    const { clock, held, overAtMs } = build()
    held.add(candle(1))
    held.arm()
    await clock.advance(400)
    held.add(candle(2))
    held.arm()
    await clock.advance(5_000)
    expect(overAtMs).toEqual([1_000, 1_400])
    expect(clock.pendingTimerCount).toBe(0)
  })

  it('wait longer while REST brings candles', async () => {
    const { clock, held, overAtMs } = build()
    held.add(candle(9))
    held.arm()
    for (let at = 0; at < 5; at++) {
      await clock.advance(800)
      held.noteProgress()
    }
    await clock.advance(5_000)
    expect(overAtMs).toEqual([5_000])
  })

  it('begin to wait anew when the first of them has gone', async () => {
    const { clock, held, overAtMs } = build()
    held.add(candle(1))
    held.arm()
    await clock.advance(900)
    held.add(candle(2))
    held.takeFirst()
    await clock.advance(500)
    expect(overAtMs).toEqual([])
    await clock.advance(1_000)
    expect(overAtMs).toEqual([1_900])
  })

  it('leave no timer when they are forgotten, and say how many they were', () => {
    const { clock, held } = build()
    for (const openTimeMs of [1, 2, 3]) held.add(candle(openTimeMs))
    held.arm()
    expect(clock.pendingTimerCount).toBe(1)
    expect(held.clear()).toBe(3)
    expect([held.count, clock.pendingTimerCount]).toEqual([0, 0])
  })
})
