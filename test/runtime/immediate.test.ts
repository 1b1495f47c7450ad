import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { nextTurn, turnsOf } from '../../src/runtime/immediate.js'
import { type Clock, SystemClock, VirtualClock } from '../../src/runtime/index.js'

describe('the next turn', () => {
  it('comes on the real clock before any timer, once what is ready now has been served', async () => {
    const clock = new SystemClock()
    const order: string[] = []
    // From an I/O callback the order of the event loop is certain: immediates, then timers.
    await readFile(new URL(import.meta.url))
    const timer = new Promise<void>((resolve) => {
      clock.setTimer(() => {
        order.push('timer')
        resolve()
      }, 1)
    })
    queueMicrotask(() => order.push('microtask'))
    await nextTurn(clock)
    order.push('turn')
    await timer
    expect(order).toEqual(['microtask', 'turn', 'timer'])
  })

  it('comes on a simulated clock when that moves, and not before', async () => {
    const clock = new VirtualClock()
    let isThere = false
    const turn = nextTurn(clock).then(() => {
      isThere = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(isThere).toBe(false)
    expect(clock.pendingTimerCount).toBe(1)
    await clock.advance(0)
    expect(isThere).toBe(true)
    expect(clock.monotonicMs()).toBe(0)
    await turn
  })

  it('is what the clock says it is', async () => {
    const inner = new VirtualClock()
    const asked: (() => void)[] = []
    const clock: Clock = {
      wallMs: () => inner.wallMs(),
      monotonicMs: () => inner.monotonicMs(),
      setTimer: () => expect.unreachable('a clock with turns of its own needs no timer for them'),
      setRepeating: (action, periodMs) => inner.setRepeating(action, periodMs),
      clearTimer: (timer) => inner.clearTimer(timer),
      runNextTurn: (action) => {
        asked.push(action)
        return () => {}
      },
    }
    const turn = nextTurn(clock)
    expect(asked).toHaveLength(1)
    asked[0]?.()
    await turn
  })

  it.each([
    ['real', new SystemClock()],
    ['simulated', new VirtualClock()],
  ])('does not come once it was cancelled (%s clock)', async (_, clock) => {
    const came: string[] = []
    const cancel = turnsOf(clock)(() => came.push('cancelled'))
    turnsOf(clock)(() => came.push('kept'))
    cancel()
    if (clock instanceof VirtualClock) await clock.advance(0)
    else await nextTurn(clock)
    expect(came).toEqual(['kept'])
  })
})
