import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VenueClock } from '../../../src/live/clock/venue-clock.js'
import type { RestAnswer } from '../../../src/live/rest/request-governor.js'
import { delay, VirtualClock } from '../../../src/runtime/index.js'

interface Way {
  readonly thereMs: number
  readonly backMs: number
}

/** A venue whose clock is `offsetMs` ahead of ours, behind a way with these delays, one per request. */
function rig(options: { offsetMs: number; ways: Way[]; intervalMs?: number; body?: (timeMs: number) => string }) {
  const clock = new VirtualClock()
  const failures: unknown[] = []
  let asked = 0
  const startWallMs = clock.wallMs()
  const state = { offsetMs: options.offsetMs }
  const startMonotonicMs = clock.monotonicMs()
  const venueMs = (): number => startWallMs + clock.monotonicMs() - startMonotonicMs + state.offsetMs
  const venueClock = new VenueClock({
    path: '/api/v3/time',
    clock,
    intervalMs: options.intervalMs ?? 60_000,
    onFailure: (error) => failures.push(error),
    rest: {
      async get(): Promise<RestAnswer> {
        const way = options.ways[Math.min(asked++, options.ways.length - 1)] as Way
        const sentMonotonicMs = clock.monotonicMs()
        await delay(clock, way.thereMs)
        const body = options.body?.(venueMs()) ?? JSON.stringify({ serverTime: Math.floor(venueMs()) })
        await delay(clock, way.backMs)
        return { status: 200, headers: new Map(), body, sentMonotonicMs, answeredMonotonicMs: clock.monotonicMs() }
      },
    },
  })
  return { clock, venueClock, failures, state, asked: () => asked }
}

describe('the clock of the venue', () => {
  it('is unknown before the first answer', async () => {
    const { clock, venueClock } = rig({ offsetMs: 5_000, ways: [{ thereMs: 20, backMs: 20 }] })
    venueClock.start()
    await clock.advance(39)
    expect(venueClock.health()).toBeNull()
    await clock.advance(1)
    expect(venueClock.health()?.offsetMs).toBeCloseTo(5_000, -0.1)
    venueClock.stop()
  })

  it('lies within the uncertainty that is stated, whatever the way there and back takes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: -10_000_000, max: 10_000_000 }),
        fc.array(
          fc.record({ thereMs: fc.integer({ min: 0, max: 3_000 }), backMs: fc.integer({ min: 0, max: 3_000 }) }),
          { minLength: 1, maxLength: 6 },
        ),
        fc.integer({ min: 1, max: 300_000 }),
        async (offsetMs, ways, waitMs) => {
          const { clock, venueClock } = rig({ offsetMs, ways })
          venueClock.start()
          await clock.advance(6_001 + waitMs)
          const health = venueClock.health()
          expect(health).not.toBeNull()
          expect(Math.abs((health?.offsetMs ?? 0) - offsetMs)).toBeLessThanOrEqual((health?.uncertaintyMs ?? 0) + 1e-6)
          venueClock.stop()
        },
      ),
      { numRuns: 200 },
    )
  })

  it('is judged by the quickest answer, not the newest', async () => {
    const { clock, venueClock } = rig({
      offsetMs: -250,
      ways: [
        { thereMs: 2, backMs: 2 },
        { thereMs: 0, backMs: 900 },
      ],
    })
    venueClock.start()
    await clock.advance(10_000)
    const health = venueClock.health()
    expect(health?.sampleCount).toBeGreaterThan(2)
    expect(health?.uncertaintyMs).toBeLessThan(5)
    expect(Math.abs((health?.offsetMs ?? 0) + 250)).toBeLessThan(3)
    venueClock.stop()
  })

  it('follows a jump of our own clock at once', async () => {
    const { clock, venueClock } = rig({ offsetMs: 0, ways: [{ thereMs: 1, backMs: 1 }] })
    venueClock.start()
    await clock.advance(10)
    clock.jumpWall(-3_600_000)
    expect(Math.abs((venueClock.health()?.offsetMs ?? 0) - 3_600_000)).toBeLessThan(3)
    venueClock.stop()
  })

  it('is found again when the venue sets its clock', async () => {
    const { clock, venueClock, state } = rig({
      offsetMs: 0,
      ways: [
        { thereMs: 1, backMs: 1 },
        { thereMs: 20, backMs: 20 },
      ],
    })
    venueClock.start()
    await clock.advance(10_000)
    expect(Math.abs(venueClock.health()?.offsetMs ?? Number.NaN)).toBeLessThan(3)
    state.offsetMs = 1_500
    await clock.advance(61_000)
    expect(Math.abs((venueClock.health()?.offsetMs ?? 0) - 1_500)).toBeLessThan(3)
    venueClock.stop()
  })

  it('stays as it was while the venue does not answer, and grows less certain', async () => {
    const { clock, venueClock, failures } = rig({
      offsetMs: 40,
      ways: [{ thereMs: 1, backMs: 1 }],
      body: (timeMs) => (clockIsBroken ? '<html>' : JSON.stringify({ serverTime: Math.floor(timeMs) })),
    })
    let clockIsBroken = false
    venueClock.start()
    await clock.advance(10)
    const before = venueClock.health()
    clockIsBroken = true
    await clock.advance(600_000)
    const after = venueClock.health()
    expect(failures.length).toBeGreaterThan(5)
    expect(failures[0]).toMatchObject({ code: 'MESSAGE_INVALID' })
    expect(after?.offsetMs).toBeCloseTo(before?.offsetMs ?? 0, 3)
    expect(after?.uncertaintyMs).toBeGreaterThan((before?.uncertaintyMs ?? 0) + 50)
    venueClock.stop()
  })

  it('is asked for at the interval, never when that is 0, and never again after stop', async () => {
    const one = rig({ offsetMs: 0, ways: [{ thereMs: 1, backMs: 1 }], intervalMs: 30_000 })
    one.venueClock.start()
    await one.clock.advance(6_100)
    const first = one.asked()
    await one.clock.advance(300_000)
    expect(one.asked() - first).toBe(10)
    one.venueClock.stop()
    const last = one.asked()
    await one.clock.advance(300_000)
    expect(one.asked()).toBe(last)
    expect(one.clock.pendingTimerCount).toBe(0)

    const none = rig({ offsetMs: 0, ways: [{ thereMs: 1, backMs: 1 }], intervalMs: 0 })
    none.venueClock.start()
    await none.clock.advance(300_000)
    expect(none.asked()).toBe(0)
  })
})
