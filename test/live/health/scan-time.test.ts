/** Time as the scans of the monitor see it: pauses of the process left out, steps of the wall clock told. */
import { describe, expect, it } from 'vitest'
import { OpenConnections } from '../../../src/live/health/open-connections.js'
import { ScanTime } from '../../../src/live/health/scan-time.js'
import { VirtualClock } from '../../../src/runtime/virtual-clock.js'
import { ConnectionState } from '../../../src/types/health.js'
import { connection } from './fixtures.js'

const SCAN_MS = 1_000

async function scanAfter(clock: VirtualClock, time: ScanTime, ms: number): Promise<void> {
  await clock.advance(ms)
  time.beginScan()
  time.endScan()
}

describe('the time of scans', () => {
  it('runs with the clock while scans are on time', async () => {
    const clock = new VirtualClock()
    const time = new ScanTime(clock, SCAN_MS)
    const startMs = time.runningMs
    for (const ms of [1_000, 1_900, 2_500]) await scanAfter(clock, time, ms)
    expect([time.runningMs - startMs, time.pausedMs]).toEqual([5_400, 0])
  })

  it('leaves out what a late scan is late by', async () => {
    const clock = new VirtualClock()
    const time = new ScanTime(clock, SCAN_MS)
    const startMs = time.runningMs
    await scanAfter(clock, time, 1_000)
    await scanAfter(clock, time, 61_000)
    expect([time.newlyPausedMs, time.runningMs - startMs]).toEqual([60_000, 2_000])
    await scanAfter(clock, time, 1_000)
    expect([time.newlyPausedMs, time.pausedMs, time.runningMs - startMs]).toEqual([0, 60_000, 3_000])
  })

  it('does not take the time between stop and start for a pause', async () => {
    const clock = new VirtualClock()
    const time = new ScanTime(clock, SCAN_MS)
    await clock.advance(600_000)
    clock.jumpWall(5_000)
    time.restart()
    await scanAfter(clock, time, 1_000)
    expect([time.pausedMs, time.takeWallJump()]).toEqual([0, 0])
  })

  it.each([
    [19, [0, 0]],
    [-3_600_000, [-3_600_000, 0]],
    [5_000, [5_000, 0]],
  ])('tells a step of the wall clock by %i ms once, and slewing never', async (byMs, jumps) => {
    const clock = new VirtualClock()
    const time = new ScanTime(clock, SCAN_MS)
    clock.jumpWall(byMs)
    await scanAfter(clock, time, 1_000)
    const first = time.takeWallJump()
    await scanAfter(clock, time, 1_000)
    expect([first, time.takeWallJump()]).toEqual(jumps)
    expect(time.pausedMs).toBe(0)
  })
})

describe('open connections', () => {
  it('are those that carry data, each since its generation opened', () => {
    const open = new OpenConnections()
    open.follow([connection({ id: 'a' }), connection({ id: 'b', state: ConnectionState.BACKOFF })], 100)
    expect([open.size, open.get('a')?.sinceMs, open.get('b')]).toEqual([1, 100, undefined])
    open.follow([connection({ id: 'a', state: ConnectionState.REFRESHING }), connection({ id: 'b' })], 200)
    expect([open.get('a')?.sinceMs, open.get('b')?.sinceMs]).toEqual([100, 200])
    open.follow([connection({ id: 'a', generation: 2 })], 300)
    expect([open.size, open.get('a')?.sinceMs, open.get('a')?.watchdogArmedAtMs]).toEqual([1, 300, 300])
  })
})
