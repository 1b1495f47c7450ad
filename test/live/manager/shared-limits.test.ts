/** Several managers in one process on one venue: the venue counts per address, so they share what it allows. */
import { describe, expect, it } from 'vitest'
import { Bus } from '../../../src/bus/index.js'
import { LiveDataFeedManager, type LiveFeedConfigInput, streamConfig } from '../../../src/live/index.js'
import { createRuntime, ProcessShared, SeededRandom, SystemClock, VirtualClock } from '../../../src/runtime/index.js'
import { settled } from './rig.js'
import { ScriptedVenue } from './scripted-venue.js'

function managers(count: number, shared: () => ProcessShared, baseUrl: (index: number) => string) {
  const clock = new VirtualClock()
  const venue = new ScriptedVenue(clock)
  const connects: number[] = []
  const requested: number[] = []
  const transport: ScriptedVenue['transport'] = {
    connect: (url, sink, options) => {
      connects.push(clock.monotonicMs())
      return venue.transport.connect(url, sink, options)
    },
  }
  const config: LiveFeedConfigInput = {
    venue: 'SIM_SPOT',
    streams: [streamConfig('BTCUSDT', 'DEPTH')],
    health: { clockCheckIntervalMs: 0 },
  }
  const built = Array.from({ length: count }, (_, index) => {
    const url = baseUrl(index)
    return new LiveDataFeedManager(
      { ...config, connection: { baseUrl: url, restUrl: url.replace('ws', 'http'), reconnectDelayMsMax: 1_500 } },
      new Bus({ clock }),
      {
        name: `feed-${index}`,
        transport,
        runtime: {
          clock,
          random: new SeededRandom(index),
          http: {
            get: async () => {
              requested.push(clock.monotonicMs())
              return { status: 429, headers: new Map([['retry-after', '30']]), body: '' }
            },
          },
          shared: shared(),
        },
      },
    )
  })
  return { clock, built, connects, requested, venue }
}

function share(): () => ProcessShared {
  const shared = new ProcessShared()
  return () => shared
}

describe('managers of one process on one venue', () => {
  it('space their connects together, and apart from those of another venue', async () => {
    const same = managers(5, share(), () => 'ws://venue.test')
    await settled(Promise.all(same.built.map((one) => one.start())), same.clock)
    expect(same.connects).toHaveLength(5)
    for (let at = 1; at < 5; at++)
      expect((same.connects[at] ?? 0) - (same.connects[at - 1] ?? 0)).toBeGreaterThanOrEqual(100)
    await settled(Promise.all(same.built.map((one) => one.stop())), same.clock)

    const apart = managers(5, share(), (index) => `ws://venue-${index}.test`)
    await settled(Promise.all(apart.built.map((one) => one.start())), apart.clock)
    expect(apart.connects).toEqual(apart.connects.map(() => apart.connects[0]))
    await settled(Promise.all(apart.built.map((one) => one.stop())), apart.clock)
    expect(apart.clock.pendingTimerCount).toBe(0)
  })

  /** Most connects within any five minutes of eleven, while the venue cuts and refuses without end. */
  async function connectsMax(shared: () => ProcessShared): Promise<number> {
    const { clock, built, connects, venue } = managers(8, shared, () => 'ws://venue.test')
    await settled(Promise.all(built.map((one) => one.start())), clock)
    for (let second = 0; second < 660; second++) {
      venue.connect = second % 20 < 10 ? 'open' : 'refuse'
      venue.cut()
      await clock.advance(1_000)
    }
    await settled(Promise.all(built.map((one) => one.stop())), clock)
    expect(clock.pendingTimerCount).toBe(0)
    return Math.max(...connects.map((at) => connects.filter((other) => other >= at && other < at + 300_000).length))
  }

  it('stay inside the connects the venue allows in five minutes, however many of them retry', async () => {
    const together = await connectsMax(share())
    expect(together).toBeLessThanOrEqual(270)
    expect(together).toBeGreaterThan(200)
    // The same without sharing breaks the venue's limit.
    expect(await connectsMax(() => new ProcessShared())).toBeGreaterThan(300)
  })

  it('all stop asking REST when the venue has refused one of them', async () => {
    const { clock, built, requested, venue } = managers(3, share(), () => 'ws://venue.test')
    await settled(Promise.all(built.map((one) => one.start())), clock)
    const diff = (id: number) => ({ e: 'depthUpdate', E: clock.wallMs(), s: 'BTCUSDT', U: id, u: id, b: [], a: [] })
    for (const socket of [...venue.sockets]) {
      socket.frame({ stream: 'btcusdt@depth', data: diff(1) })
      await clock.advance(1_000)
    }
    expect(requested).toHaveLength(1)
    await clock.advance(20_000)
    expect(requested).toHaveLength(1)
    await settled(Promise.all(built.map((one) => one.stop())), clock)
  })
})

describe('what a process shares', () => {
  it('is one for all on the clock of the machine, and its own for a clock that was injected', () => {
    expect(createRuntime().shared).toBe(createRuntime({ clock: new SystemClock() }).shared)
    const clock = new VirtualClock()
    expect(createRuntime({ clock }).shared).not.toBe(createRuntime({ clock }).shared)
    const shared = new ProcessShared()
    expect(createRuntime({ shared }).shared).toBe(shared)
  })
})
