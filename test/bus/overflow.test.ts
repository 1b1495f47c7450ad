import { describe, expect, it } from 'vitest'
import { Bus, type OverflowPolicy, type SubscribeOptions, type SubscriptionStats } from '../../src/bus/index.js'
import { delay, VirtualClock } from '../../src/runtime/index.js'
import type { LogEvent } from '../../src/types/index.js'
import { candle, gate, settle, trade } from './support.js'

/**
 * A publisher with one message per millisecond and a consumer that takes ten, for 1 000 messages. The
 * symbols go round, so that conflation has `symbols` keys.
 */
async function overload(
  options: SubscribeOptions,
  symbols = 1,
): Promise<{ stats: SubscriptionStats; seen: number[]; logged: LogEvent[]; bus: Bus; queuedMax: number }> {
  const clock = new VirtualClock()
  const bus = new Bus({ clock })
  const seen: number[] = []
  const logged: LogEvent[] = []
  bus.subscribe('log.event', ({ payload }) => logged.push(payload))
  const subscription = bus.subscribe(
    'mkt.trades',
    async ({ payload }) => {
      seen.push(payload.id)
      await delay(clock, 10)
    },
    options,
  )
  let queuedMax = 0
  for (let id = 1; id <= 1_000; id++) {
    bus.publish('mkt.trades', trade(`S${id % symbols}`, id))
    queuedMax = Math.max(queuedMax, subscription.stats().queued)
    await clock.advance(1)
  }
  await clock.advance(100_000)
  await bus.drain()
  return { stats: subscription.stats(), seen, logged, bus, queuedMax }
}

function expectConserved(stats: SubscriptionStats): void {
  expect(stats.delivered + stats.dropped + stats.queued + stats.discarded).toBe(stats.offered)
}

describe('a consumer ten times too slow', () => {
  const capacity = 20

  it.each(['dropOldest', 'dropNewest', 'block'] as const)(
    'with %s loses exactly what does not fit, and counts it',
    async (overflow) => {
      const { stats, seen, logged, bus, queuedMax } = await overload({ capacity, overflow })
      expect(queuedMax).toBe(capacity)
      expect(stats).toMatchObject({
        offered: 1_000,
        delivered: seen.length,
        dropped: 1_000 - seen.length,
        queued: 0,
        conflated: 0,
      })
      // One per 10 ms while messages come, and what waits at the end.
      expect(seen.length).toBe(100 + capacity)
      expect(seen).toEqual([...seen].sort((a, b) => a - b))
      expect(new Set(seen).size).toBe(seen.length)
      if (overflow === 'dropOldest') {
        expect(seen.slice(-capacity)).toEqual(Array.from({ length: capacity }, (_, index) => 981 + index))
      } else {
        expect(seen.slice(0, capacity)).toEqual(Array.from({ length: capacity }, (_, index) => 1 + index))
      }
      expect(bus.stats().topics['mkt.trades']).toMatchObject({ published: 1_000, dropped: stats.dropped })
      expect(bus.health()).toMatchObject({ dropped: stats.dropped, queueDepth: 0 })
      const events = logged.filter(({ event }) => event === 'BUS_OVERLOAD')
      expect(events.reduce((sum, { data }) => sum + (data['count'] as number), 0)).toBe(stats.dropped)
      // 1 000 ms of overload at one report per second: the first at once, then sums.
      expect(events.length).toBeLessThanOrEqual(3)
      expect(events[0]).toMatchObject({
        level: 'WARNING',
        data: { topic: 'mkt.trades', overflow, capacity, queued: capacity, count: 1 },
      })
    },
  )

  it('with conflate reads the newest of every key in turn', async () => {
    const { stats, seen, logged, queuedMax } = await overload({ capacity, overflow: 'conflate' }, 5)
    expectConserved(stats)
    expect(queuedMax).toBeLessThanOrEqual(5)
    expect(stats).toMatchObject({ offered: 1_000, delivered: seen.length, conflated: stats.dropped, queued: 0 })
    // The newest message of each of the five keys arrived.
    expect([...seen].sort((a, b) => a - b).slice(-5)).toEqual([996, 997, 998, 999, 1_000])
    // No key starves: each is read once per round.
    const perKey = [0, 1, 2, 3, 4].map((key) => seen.filter((id) => id % 5 === key).length)
    expect(Math.max(...perKey) - Math.min(...perKey)).toBeLessThanOrEqual(2)
    // Conflation was asked for: no overload.
    expect(logged).toEqual([])
  })

  it('with conflate and more keys than places drops the key that waited longest, and says so', async () => {
    const { stats, logged, queuedMax } = await overload({ capacity, overflow: 'conflate' }, 50)
    expectConserved(stats)
    expect(queuedMax).toBe(capacity)
    expect(stats.dropped).toBeGreaterThan(stats.conflated)
    expect(logged.map(({ event }) => event)).toContain('BUS_OVERLOAD')
  })

  it('with fail gets everything up to the overflow and nothing after, and is told', async () => {
    const failures: unknown[] = []
    const { stats, seen, logged, bus } = await overload({
      capacity,
      overflow: 'fail',
      onFail: (error) => failures.push(error),
    })
    expect(failures).toEqual([expect.objectContaining({ code: 'SUBSCRIPTION_OVERFLOW', topic: 'mkt.trades' })])
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, index) => index + 1))
    expect(stats).toMatchObject({
      state: 'FAILED',
      dropped: 1,
      delivered: seen.length,
      offered: seen.length + 1,
      queued: 0,
    })
    expect(logged).toEqual([expect.objectContaining({ event: 'BUS_OVERLOAD', level: 'ERROR' })])
    expect(bus.stats().subscriptions.map(({ topic }) => topic)).toEqual(['log.event'])
    expect(bus.stats().topics['mkt.trades']?.subscriptions).toBe(0)
  })

  it('leaves a quick subscriber of the same topic with every message', async () => {
    const clock = new VirtualClock()
    const bus = new Bus({ clock })
    let quick = 0
    bus.subscribe('mkt.trades', () => new Promise(() => {}), { capacity: 1 })
    bus.subscribe('mkt.trades', () => quick++)
    for (let id = 1; id <= 500; id++) bus.publish('mkt.trades', trade('A', id))
    expect(quick).toBe(500)
  })

  it('on log.event overflows without making more log events', async () => {
    const clock = new VirtualClock()
    const told: string[] = []
    const tell = (message: string): void => {
      told.push(message)
    }
    const bus = new Bus({ clock, logger: { debug: tell, info: tell, warn: tell, error: tell } })
    bus.subscribe('log.event', () => new Promise(() => {}), { capacity: 1, overflow: 'dropNewest' })
    for (let n = 0; n < 10; n++) {
      bus.publish('log.event', { event: 'FEED_STARTED', level: 'INFO', message: '', timeMs: 0, data: {} })
      await settle()
    }
    await clock.advance(10_000)
    expect(bus.stats().topics['log.event']).toMatchObject({ published: 10, dropped: 8 })
    expect(told).toHaveLength(2)
  })
})

describe('conflation', () => {
  function stalled(options: SubscribeOptions): { bus: Bus; seen: string[]; open: () => Promise<void> } {
    const bus = new Bus()
    const first = gate()
    const seen: string[] = []
    bus.subscribe(
      'mkt.>',
      async ({ topic, seq, source }) => {
        seen.push(`${source}${topic} ${seq}`)
        await first.promise
      },
      options,
    )
    return {
      bus,
      seen,
      open: async () => {
        first.open()
        await bus.drain()
      },
    }
  }

  it('keeps topics, sources and candle intervals apart', async () => {
    const { bus, seen, open } = stalled({ overflow: 'conflate', queued: true })
    bus.publish('mkt.trades', trade('A', 1))
    bus.publish('mkt.trades', trade('A', 2))
    bus.publish('mkt.trades', trade('A', 3), { source: 'other ' })
    bus.publish('mkt.liquidations', trade('A', 4) as never)
    bus.publish('mkt.candles', candle('A', '1m', 5))
    bus.publish('mkt.candles', candle('A', '1h', 6))
    bus.publish('mkt.candles', candle('A', '1m', 7))
    await open()
    expect(seen).toEqual(['mkt.trades 2', 'other mkt.trades 3', 'mkt.liquidations 1', 'mkt.candles 3', 'mkt.candles 2'])
  })

  it('uses the key function of the subscriber, per topic', async () => {
    const { bus, seen, open } = stalled({ overflow: 'conflate', key: () => 'all' } as never)
    bus.publish('mkt.trades', trade('A', 1))
    bus.publish('mkt.trades', trade('B', 2), { source: 'other ' })
    bus.publish('mkt.liquidations', trade('A', 3) as never)
    await open()
    expect(seen).toEqual(['other mkt.trades 2', 'mkt.liquidations 1'])
  })

  it('loses nothing to a key function that throws', async () => {
    const { bus, seen, open } = stalled({
      overflow: 'conflate',
      key: () => {
        throw new Error('key')
      },
    } as never)
    for (let id = 1; id <= 3; id++) bus.publish('mkt.trades', trade('A', id))
    await open()
    expect(seen).toEqual(['mkt.trades 1', 'mkt.trades 2', 'mkt.trades 3'])
    expect(bus.health()).toMatchObject({ handlerErrors: 3, dropped: 0 })
  })
})

describe('block', () => {
  const options = { capacity: 2, overflow: 'block' } as const

  it('lets publishers that ask wait for room and lose nothing, in the order they asked', async () => {
    const clock = new VirtualClock()
    const bus = new Bus({ clock })
    const seen: number[] = []
    let queuedMax = 0
    const slow = bus.subscribe(
      'mkt.trades',
      async ({ payload }) => {
        seen.push(payload.id)
        queuedMax = Math.max(queuedMax, slow.stats().queued)
        await delay(clock, 10)
      },
      options,
    )
    const handle = bus.topic('mkt.trades', { source: 'feed' })
    const publisher = async (from: number): Promise<void> => {
      for (let id = from; id < from + 20; id++) await handle.publishWhenReady(trade('A', id))
    }
    const all = Promise.all([publisher(0), publisher(100), publisher(200)])
    await clock.advance(10_000)
    await all
    await bus.drain()
    expect(slow.stats()).toMatchObject({ offered: 60, delivered: 60, dropped: 0 })
    expect(queuedMax).toBeLessThanOrEqual(2)
    for (const from of [0, 100, 200]) {
      expect(seen.filter((id) => id >= from && id < from + 20)).toEqual(Array.from({ length: 20 }, (_, n) => from + n))
    }
  })

  it('tells one careful publisher with ready() and room when to go on', async () => {
    const clock = new VirtualClock()
    const bus = new Bus({ clock })
    const handle = bus.topic('mkt.trades')
    expect(handle.room).toBe(Number.POSITIVE_INFINITY)
    const slow = bus.subscribe('mkt.trades', () => delay(clock, 10), options)
    expect(handle.room).toBe(2)
    const published = (async () => {
      for (let id = 0; id < 30; id++) {
        await bus.ready('mkt.trades')
        handle.publish(trade('A', id))
      }
    })()
    await clock.advance(10_000)
    await published
    expect(slow.stats()).toMatchObject({ offered: 30, delivered: 30, dropped: 0 })
  })

  it('never blocks nor unbounds for a publisher that does not ask: the message is dropped, counted, announced', () => {
    const bus = new Bus()
    const logged: string[] = []
    bus.subscribe('log.event', ({ payload }) => logged.push(payload.message))
    const slow = bus.subscribe('mkt.trades', () => {}, options)
    for (let id = 0; id < 5; id++) bus.publish('mkt.trades', trade('A', id))
    expect(slow.stats()).toMatchObject({ queued: 2, dropped: 3 })
    expect(logged).toEqual([expect.stringContaining('too slow')])
  })

  it('serves waiting publishers when the full subscriber leaves or a stream is read', async () => {
    const bus = new Bus()
    const slow = bus.subscribe('mkt.trades', () => new Promise(() => {}), { capacity: 1, overflow: 'block' })
    bus.publish('mkt.trades', trade('A', 1))
    await settle()
    bus.publish('mkt.trades', trade('A', 2))
    const third = bus.publishWhenReady('mkt.trades', trade('A', 3))
    await settle()
    expect(bus.health().published).toBe(2)
    slow.unsubscribe()
    expect((await third).seq).toBe(3)

    const stream = bus.stream('mkt.trades', { capacity: 1, overflow: 'block' })
    bus.publish('mkt.trades', trade('A', 4))
    const fifth = bus.publishWhenReady('mkt.trades', trade('A', 5))
    const ids = [(await stream.next()).value?.payload.id, (await stream.next()).value?.payload.id]
    await fifth
    expect(ids).toEqual([4, 5])
    expect(stream.stats()).toMatchObject({ offered: 2, delivered: 2, dropped: 0 })
  })

  it('from inside a handler waits for the end of the delivery', async () => {
    const bus = new Bus()
    const seen: number[] = []
    bus.subscribe('mkt.trades', ({ payload }) => {
      if (payload.id === 1) void bus.publishWhenReady('mkt.trades', trade('A', 2))
    })
    bus.subscribe('mkt.trades', ({ payload }) => seen.push(payload.id), { capacity: 1, overflow: 'block' })
    bus.publish('mkt.trades', trade('A', 1))
    await bus.drain()
    expect(seen).toEqual([1, 2])
  })

  it('rejects waiting publishers with BUS_CLOSED when the bus closes', async () => {
    const bus = new Bus()
    bus.subscribe('mkt.trades', () => {}, { capacity: 1, overflow: 'block' })
    bus.publish('mkt.trades', trade('A', 1))
    const waiting = expect(bus.publishWhenReady('mkt.trades', trade('A', 2))).rejects.toMatchObject({
      code: 'BUS_CLOSED',
    })
    const ready = expect(bus.ready('mkt.trades')).rejects.toMatchObject({ code: 'BUS_CLOSED' })
    bus.close()
    await Promise.all([waiting, ready])
  })
})

describe('stream', () => {
  it('has every message from the call on, before anybody reads', async () => {
    const bus = new Bus()
    const stream = bus.stream('mkt.trades')
    for (let id = 1; id <= 3; id++) bus.publish('mkt.trades', trade('A', id))
    const ids: number[] = []
    for await (const { payload } of stream) {
      ids.push(payload.id)
      if (payload.id === 3) bus.publish('mkt.trades', trade('A', 4))
      if (payload.id === 4) break
    }
    expect(ids).toEqual([1, 2, 3, 4])
  })

  it('unsubscribes when the loop is left by break or by an exception', async () => {
    const bus = new Bus()
    const handle = bus.topic('mkt.trades')
    const run = async (leave: () => void): Promise<void> => {
      for await (const _ of bus.stream('mkt.trades')) leave()
    }
    const thrown = run(() => {
      throw new Error('out')
    })
    expect(handle.subscriberCount).toBe(1)
    handle.publish(trade('A', 1))
    handle.publish(trade('A', 2))
    await expect(thrown).rejects.toThrow('out')
    expect(handle.subscriberCount).toBe(0)
    expect(bus.stats().subscriptions).toEqual([])
  })

  it('hands messages to concurrent reads in order and ends them all on return', async () => {
    const bus = new Bus()
    const stream = bus.stream('mkt.trades')
    const reads = [stream.next(), stream.next(), stream.next(), stream.next()]
    bus.publish('mkt.trades', trade('A', 1))
    bus.publish('mkt.trades', trade('A', 2))
    await stream.return()
    const results = await Promise.all(reads)
    expect(results.map(({ done, value }) => (done === true ? 'end' : value?.payload.id))).toEqual([1, 2, 'end', 'end'])
    expect((await stream.next()).done).toBe(true)
  })

  it.each([
    ['dropOldest', [8, 9, 10]],
    ['dropNewest', [1, 2, 3]],
    ['block', [1, 2, 3]],
    ['conflate', [9, 10]],
  ] satisfies [OverflowPolicy, number[]][])('keeps within its bound with %s', async (overflow, expected) => {
    const bus = new Bus()
    const stream = bus.stream('mkt.trades', { capacity: 3, overflow })
    for (let id = 1; id <= 10; id++) bus.publish('mkt.trades', trade(`S${id % 2}`, id))
    const stats = stream.stats()
    expect(stats).toMatchObject({ offered: 10, queued: expected.length, dropped: 10 - expected.length })
    bus.close()
    const ids: number[] = []
    for await (const { payload } of stream) ids.push(payload.id)
    expect(ids).toEqual(expected)
  })

  it('with fail gives what waited, then throws, then ends', async () => {
    const bus = new Bus()
    const stream = bus.stream('mkt.trades', { capacity: 2, overflow: 'fail' })
    for (let id = 1; id <= 5; id++) bus.publish('mkt.trades', trade('A', id))
    expect((await stream.next()).value?.payload.id).toBe(1)
    expect((await stream.next()).value?.payload.id).toBe(2)
    await expect(stream.next()).rejects.toMatchObject({ code: 'SUBSCRIPTION_OVERFLOW' })
    expect((await stream.next()).done).toBe(true)
    expect(stream.stats()).toMatchObject({ offered: 3, delivered: 2, dropped: 1, queued: 0 })
  })

  it('ends a waiting reader when the bus closes, and discards on return what nobody read', async () => {
    const bus = new Bus()
    const waiting = bus.stream('mkt.trades').next()
    const unread = bus.stream('mkt.bbo')
    bus.publish('mkt.bbo', { symbol: 'A' } as never)
    bus.close()
    expect((await waiting).done).toBe(true)
    await unread.return()
    expect(unread.stats()).toMatchObject({ offered: 1, delivered: 0, discarded: 1, queued: 0, state: 'ENDED' })
  })

  it('does not hold up drain', async () => {
    const bus = new Bus()
    bus.stream('mkt.trades')
    bus.publish('mkt.trades', trade('A', 1))
    await bus.drain()
    expect(bus.health().queueDepth).toBe(1)
  })
})
