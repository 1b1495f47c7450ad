import { describe, expect, it } from 'vitest'
import { Bus } from '../../src/bus/index.js'
import { VirtualClock } from '../../src/runtime/index.js'
import type { LogEvent } from '../../src/types/index.js'
import { gate, settle, trade } from './support.js'

function busWithLog(): { bus: Bus; clock: VirtualClock; logged: LogEvent[]; told: string[] } {
  const clock = new VirtualClock({ startWallMs: 1_000 })
  const told: string[] = []
  const tell = (message: string): void => {
    told.push(message)
  }
  const bus = new Bus({ clock, logger: { debug: tell, info: tell, warn: tell, error: tell } })
  const logged: LogEvent[] = []
  bus.subscribe('log.event', ({ payload }) => logged.push(payload))
  return { bus, clock, logged, told }
}

describe('a handler that throws', () => {
  it('is counted and reported on log.event, and the others still get the message', () => {
    const { bus, logged } = busWithLog()
    const seen: string[] = []
    bus.subscribe('mkt.trades', () => seen.push('before'))
    const bad = bus.subscribe('mkt.trades', function onTrade() {
      throw new TypeError('no price')
    })
    bus.subscribe('mkt.trades', () => seen.push('after'))
    bus.publish('mkt.trades', trade('BTCUSDT', 1))
    expect(seen).toEqual(['before', 'after'])
    expect(logged).toEqual([
      {
        event: 'HANDLER_ERROR',
        level: 'ERROR',
        message: 'handler "onTrade" failed on mkt.trades seq 1: TypeError: no price',
        timeMs: 1_000,
        data: {
          code: 'HANDLER_FAILED',
          topic: 'mkt.trades',
          seq: 1,
          subscription: 'onTrade',
          subscriptionId: bad.id,
          subscribedTo: 'mkt.trades',
          error: 'TypeError: no price',
          stack: expect.stringContaining('onTrade'),
          count: 1,
        },
      },
    ])
    expect(bad.stats()).toMatchObject({ handlerErrors: 1, delivered: 1, state: 'ACTIVE' })
    expect(bus.stats().topics['mkt.trades']).toMatchObject({ delivered: 3, handlerErrors: 1 })
    expect(bus.health().handlerErrors).toBe(1)
  })

  it('may throw anything', () => {
    const { bus, logged } = busWithLog()
    for (const thrown of [undefined, null, 'text', { a: 1 }]) {
      bus.subscribe('mkt.trades', () => {
        throw thrown
      })
    }
    bus.publish('mkt.trades', trade('BTCUSDT', 1))
    expect(logged.map(({ data }) => data['error'])).toEqual(['undefined', 'null', 'text', '[object Object]'])
    expect(logged.every(({ data }) => data['stack'] === null)).toBe(true)
  })

  it('may throw what cannot be turned into text, and the bus goes on', async () => {
    const { bus, logged } = busWithLog()
    const failing = Object.defineProperty(new Error('x'), 'message', {
      get: () => {
        throw new Error('no message')
      },
    })
    for (const thrown of [Object.create(null) as unknown, failing]) {
      bus.subscribe('mkt.trades', () => {
        throw thrown
      })
      bus.subscribe('mkt.trades', () => Promise.reject(thrown))
    }
    const seen: number[] = []
    bus.subscribe('mkt.trades', ({ seq }) => seen.push(seq))
    bus.publish('mkt.trades', trade('BTCUSDT', 1))
    await settle()
    bus.publish('mkt.trades', trade('BTCUSDT', 2))
    await bus.drain()
    expect(seen).toEqual([1, 2])
    expect(logged.map(({ data }) => data['error'])).toEqual(Array(4).fill('a thrown object that has no text'))
    expect(bus.health().handlerErrors).toBe(8)
  })

  it('is reported once per interval, with the exact number of failures', async () => {
    const { bus, clock, logged } = busWithLog()
    bus.subscribe('mkt.trades', () => {
      throw new Error('always')
    })
    for (let id = 1; id <= 100; id++) bus.publish('mkt.trades', trade('BTCUSDT', id))
    expect(logged.map(({ data }) => data['count'])).toEqual([1])
    await clock.advance(1_000)
    expect(logged.map(({ data }) => data['count'])).toEqual([1, 99])
    expect(logged[1]?.message).toContain('(99 times since the last report)')
    await clock.advance(5_000)
    expect(logged).toHaveLength(2)
    expect(clock.pendingTimerCount).toBe(0)
    bus.publish('mkt.trades', trade('BTCUSDT', 101))
    bus.publish('mkt.trades', trade('BTCUSDT', 102))
    bus.close()
    const counts = logged.map(({ data }) => data['count'] as number)
    expect(counts.reduce((sum, count) => sum + count)).toBe(102)
  })

  it('on log.event itself goes to the logger and never back to log.event', async () => {
    const { bus, clock, logged, told } = busWithLog()
    bus.subscribe('log.*', () => {
      throw new Error('log consumer is broken')
    })
    bus.subscribe('mkt.trades', () => {
      throw new Error('first')
    })
    bus.publish('mkt.trades', trade('BTCUSDT', 1))
    await clock.advance(60_000)
    expect(logged).toHaveLength(1)
    expect(told).toEqual([expect.stringContaining('log consumer is broken')])
    expect(bus.stats().topics['log.event']).toMatchObject({ published: 1, handlerErrors: 1 })
  })

  it('does not unwind a publisher whose logger throws as well', () => {
    const fail = (): void => {
      throw new Error('logger')
    }
    const bus = new Bus({ logger: { debug: fail, info: fail, warn: fail, error: fail } })
    bus.subscribe('log.event', () => {
      throw new Error('log consumer')
    })
    bus.subscribe('mkt.trades', () => {
      throw new Error('handler')
    })
    expect(bus.publish('mkt.trades', trade('BTCUSDT', 1)).seq).toBe(1)
    expect(bus.health().handlerErrors).toBe(2)
  })
})

describe('an asynchronous handler', () => {
  it.each([
    [
      'an async function',
      (run: (id: number) => Promise<void>) => async (e: { payload: { id: number } }) => run(e.payload.id),
    ],
    [
      'a function that returns a promise',
      (run: (id: number) => Promise<void>) => (e: { payload: { id: number } }) => run(e.payload.id),
    ],
    [
      'a function that returns a promise later on only',
      (run: (id: number) => Promise<void>) => (e: { payload: { id: number } }) => {
        const result = run(e.payload.id)
        return e.payload.id >= 3 ? result : undefined
      },
    ],
  ])('(%s) loses, repeats and reorders nothing', async (_, make) => {
    const { bus } = busWithLog()
    const seen: number[] = []
    bus.subscribe(
      'mkt.trades',
      make(async (id) => {
        seen.push(id)
        await Promise.resolve()
      }),
    )
    for (let id = 1; id <= 10; id++) bus.publish('mkt.trades', trade('BTCUSDT', id))
    await bus.drain()
    for (let id = 11; id <= 20; id++) bus.publish('mkt.trades', trade('BTCUSDT', id))
    await bus.drain()
    expect(seen).toEqual(Array.from({ length: 20 }, (_unused, index) => index + 1))
    expect(bus.stats().subscriptions[1]).toMatchObject({ delivery: 'serial', offered: 20, delivered: 20, queued: 0 })
  })

  it('is never entered again before its promise settles', async () => {
    const { bus } = busWithLog()
    const gates = [gate(), gate(), gate()]
    const started: number[] = []
    bus.subscribe('mkt.trades', ({ payload }) => {
      started.push(payload.id)
      return gates[payload.id]?.promise
    })
    for (let id = 0; id < 3; id++) bus.publish('mkt.trades', trade('BTCUSDT', id))
    await settle()
    expect(started).toEqual([0])
    expect(bus.health().queueDepth).toBe(2)
    gates[0]?.open()
    await settle()
    expect(started).toEqual([0, 1])
    gates[1]?.fail(new Error('half way'))
    await settle()
    expect(started).toEqual([0, 1, 2])
  })

  it('starts inside publish when it is idle', () => {
    const { bus } = busWithLog()
    let isStarted = false
    bus.subscribe('mkt.trades', async () => {
      isStarted = true
    })
    bus.publish('mkt.trades', trade('BTCUSDT', 1))
    expect(isStarted).toBe(true)
  })

  it('that rejects is counted and reported like one that throws, and goes on with the next message', async () => {
    const { bus, logged } = busWithLog()
    const seen: number[] = []
    bus.subscribe('mkt.trades', async ({ payload }) => {
      seen.push(payload.id)
      if (payload.id === 1) throw new Error('rejected')
    })
    bus.publish('mkt.trades', trade('BTCUSDT', 1))
    bus.publish('mkt.trades', trade('BTCUSDT', 2))
    await bus.drain()
    expect(seen).toEqual([1, 2])
    expect(logged.map(({ message }) => message)).toEqual([expect.stringContaining('mkt.trades seq 1: rejected')])
  })

  it('that rejects after unsubscribe or close is counted and leaves no unhandled rejection', async () => {
    const { bus, told } = busWithLog()
    const late = gate()
    const subscription = bus.subscribe('mkt.trades', () => late.promise)
    bus.publish('mkt.trades', trade('BTCUSDT', 1))
    bus.publish('mkt.trades', trade('BTCUSDT', 2))
    subscription.unsubscribe()
    bus.close()
    late.fail(new Error('too late'))
    await settle()
    expect(bus.health().handlerErrors).toBe(1)
    expect(told).toEqual([expect.stringContaining('too late')])
    expect(subscription.stats()).toMatchObject({ offered: 2, delivered: 1, discarded: 1, queued: 0 })
  })

  it('may return a thenable that is no promise, even one that misbehaves', async () => {
    const { bus } = busWithLog()
    const seen: number[] = []
    bus.subscribe('mkt.trades', ({ payload }) => {
      seen.push(payload.id)
      return {
        // biome-ignore lint/suspicious/noThenProperty: a foreign promise is the case under test
        then(resolve: () => void, reject: (error: Error) => void) {
          resolve()
          resolve()
          reject(new Error('ignored'))
          throw new Error('ignored too')
        },
      }
    })
    for (let id = 1; id <= 3; id++) bus.publish('mkt.trades', trade('BTCUSDT', id))
    await bus.drain()
    expect(seen).toEqual([1, 2, 3])
    expect(bus.health().handlerErrors).toBe(0)
  })

  it('that unsubscribes itself before its first await is not called again', async () => {
    const { bus } = busWithLog()
    let calls = 0
    const subscription = bus.subscribe('mkt.trades', () => {
      calls += 1
      subscription.unsubscribe()
      return Promise.reject(new Error('after leaving'))
    })
    bus.publish('mkt.trades', trade('BTCUSDT', 1))
    bus.publish('mkt.trades', trade('BTCUSDT', 2))
    await settle()
    expect(calls).toBe(1)
    expect(bus.health().handlerErrors).toBe(1)
  })

  it('returning a plain value stays a synchronous one', () => {
    const { bus } = busWithLog()
    const seen: unknown[] = []
    const subscription = bus.subscribe('mkt.trades', (envelope) => seen.push(envelope))
    bus.subscribe('mkt.trades', () => null)
    // biome-ignore lint/suspicious/noThenProperty: a value that only looks like a promise
    bus.subscribe('mkt.trades', () => ({ then: 'no function' }))
    bus.publish('mkt.trades', trade('BTCUSDT', 1))
    expect(subscription.stats().delivery).toBe('direct')
    expect(
      bus
        .stats()
        .subscriptions.slice(1)
        .every(({ delivery }) => delivery === 'direct'),
    ).toBe(true)
  })
})

describe('queued handlers', () => {
  it('give the event loop its turn while they work off a long queue', async () => {
    const clock = new VirtualClock()
    const bus = new Bus({ clock })
    let calls = 0
    bus.subscribe(
      'mkt.trades',
      () => {
        calls += 1
        clock.advanceSync(1)
      },
      { queued: true },
    )
    for (let id = 1; id <= 100; id++) bus.publish('mkt.trades', trade('BTCUSDT', id))
    expect(calls).toBe(0)
    await settle()
    expect(calls).toBeGreaterThan(5)
    for (let turn = 0; turn < 50; turn++) await clock.advance(0)
    await bus.drain()
    expect(calls).toBe(100)
  })

  it('deliver what they publish in the order of the bus', async () => {
    const bus = new Bus()
    const seen: string[] = []
    bus.subscribe(
      'mkt.trades',
      ({ payload }) => {
        bus.publish('live.gap', { symbol: `gap${payload.id}` } as never)
        seen.push(`trade ${payload.id}`)
      },
      { queued: true },
    )
    bus.subscribe('live.gap', ({ payload }) => seen.push(payload.symbol))
    bus.publish('mkt.trades', trade('BTCUSDT', 1))
    bus.publish('mkt.trades', trade('BTCUSDT', 2))
    await bus.drain()
    expect(seen).toEqual(['trade 1', 'gap1', 'trade 2', 'gap2'])
  })
})

describe('statistics', () => {
  it('name the slowest handler of each topic', async () => {
    const clock = new VirtualClock()
    const bus = new Bus({ clock })
    bus.subscribe('mkt.trades', () => clock.advanceSync(2), { name: 'quick' })
    bus.subscribe('mkt.trades', () => clock.advanceSync(7), { name: 'slow' })
    bus.subscribe('mkt.candles', async () => clock.advanceSync(3), { name: 'async' })
    expect(bus.stats().topics['mkt.trades']?.slowestHandler).toBeNull()
    bus.publish('mkt.trades', trade('BTCUSDT', 1))
    bus.publish('mkt.candles', {} as never)
    await bus.drain()
    expect(bus.stats().topics['mkt.trades']?.slowestHandler).toEqual({ subscription: 'slow', durationMs: 7, seq: 1 })
    expect(bus.stats().topics['mkt.candles']?.slowestHandler).toEqual({ subscription: 'async', durationMs: 3, seq: 1 })
  })
})
