import { afterEach, expect, it } from 'vitest'
import { NodeEventLoopMonitor, VirtualClock } from '../../src/runtime/index.js'
import { waitFor } from '../support/wait-for.js'

const monitors: NodeEventLoopMonitor[] = []
afterEach(() => {
  for (const monitor of monitors.splice(0)) monitor.close()
})

function monitor(options: ConstructorParameters<typeof NodeEventLoopMonitor>[0] = {}): NodeEventLoopMonitor {
  const created = new NodeEventLoopMonitor(options)
  monitors.push(created)
  return created
}

function block(forMs: number): void {
  const end = performance.now() + forMs
  while (performance.now() < end);
}

it('sees a blocked event loop in full, for one window', async () => {
  const clock = new VirtualClock()
  const loop = monitor({ clock, windowMs: 10_000 })
  expect(loop.delay()).toBeNull()
  await waitFor(() => loop.delay() !== null)

  block(200)
  // As long as it was blocked, less the time to the next sample.
  await waitFor(() => (loop.delay()?.maxMs ?? 0) >= 150)
  const delay = loop.delay()
  expect(delay?.p50Ms).toBeLessThanOrEqual(delay?.p99Ms ?? -1)
  expect(delay?.p99Ms).toBeLessThanOrEqual(delay?.maxMs ?? -1)

  // Half a window later the other histogram answers, which has seen it too; after a whole one it is forgotten.
  await clock.advance(5_000)
  expect(loop.delay()?.maxMs).toBeGreaterThanOrEqual(150)
  await clock.advance(5_000)
  // A machine that stood still meanwhile was seen as well: that is forgotten a window later.
  await waitFor(
    async () => {
      await waitFor(() => loop.delay() !== null)
      if ((loop.delay()?.maxMs ?? 150) < 150) return true
      await clock.advance(5_000)
      return false
    },
    { what: 'a window without a blocked loop' },
  )
})

it('adds up the time the loop was busy', async () => {
  const loop = monitor()
  const before = loop.activeMs()
  block(100)
  await new Promise((resolve) => setImmediate(resolve))
  expect(loop.activeMs() - before).toBeGreaterThanOrEqual(99)
})

it('leaves no timer behind', () => {
  const clock = new VirtualClock()
  const loop = monitor({ clock })
  expect(clock.pendingTimerCount).toBe(1)
  loop.close()
  loop.close()
  expect(clock.pendingTimerCount).toBe(0)
})
