import { describe, expect, it } from 'vitest'
import { Bus, BusError, type Subscription } from '../../src/bus/index.js'
import { SystemClock, VirtualClock } from '../../src/runtime/index.js'
import type { LogEvent } from '../../src/types/index.js'
import { candle, gate, settle, trade } from './support.js'

function errorOf(action: () => unknown): BusError {
  try {
    action()
  } catch (error) {
    expect(error).toBeInstanceOf(BusError)
    return error as BusError
  }
  throw new Error('nothing was thrown')
}

describe('publish', () => {
  it('delivers before it returns, numbered per topic from 1 without holes', () => {
    const bus = new Bus({ clock: new VirtualClock({ startWallMs: 5_000 }) })
    const seen: string[] = []
    bus.subscribe('mkt.trades', ({ topic, seq, payload }) => seen.push(`${topic} ${seq} ${payload.id}`))
    bus.publish('mkt.trades', trade('BTCUSDT', 7))
    bus.publish('mkt.candles', candle('BTCUSDT', '1m', 1))
    const envelope = bus.publish('mkt.trades', trade('BTCUSDT', 8), { source: 'feed', causeSeq: 1 })
    expect(seen).toEqual(['mkt.trades 1 7', 'mkt.trades 2 8'])
    expect(envelope).toEqual({
      topic: 'mkt.trades',
      payload: trade('BTCUSDT', 8),
      seq: 2,
      publishTimeMs: 5_000,
      source: 'feed',
      causeSeq: 1,
    })
  })

  it('serves higher priorities first and equal ones in order of subscription, patterns included', () => {
    const bus = new Bus()
    const order: string[] = []
    bus.subscribe('mkt.*', () => order.push('pattern'))
    bus.subscribe('mkt.trades', () => order.push('low'), { priority: -1 })
    bus.subscribe('mkt.trades', () => order.push('second'))
    bus.subscribe('mkt.trades', () => order.push('high'), { priority: 5 })
    bus.publish('mkt.trades', trade('BTCUSDT', 1))
    expect(order).toEqual(['high', 'pattern', 'second', 'low'])
  })

  it('gives one subscriber list to a running delivery: who joins or leaves during it changes the next message only', () => {
    const bus = new Bus()
    const seen: string[] = []
    const late: { subscription?: Subscription } = {}
    const victim: { subscription?: Subscription } = {}
    bus.subscribe('mkt.trades', ({ seq }) => {
      seen.push(`first ${seq}`)
      late.subscription ??= bus.subscribe('mkt.trades', (envelope) => seen.push(`late ${envelope.seq}`))
      if (seq === 2) victim.subscription?.unsubscribe()
    })
    victim.subscription = bus.subscribe('mkt.trades', ({ seq }) => seen.push(`victim ${seq}`))
    for (let id = 1; id <= 3; id++) bus.publish('mkt.trades', trade('BTCUSDT', id))
    expect(seen).toEqual(['first 1', 'victim 1', 'first 2', 'late 2', 'first 3', 'late 3'])
  })

  it('lets a handler unsubscribe itself, twice', () => {
    const bus = new Bus()
    let calls = 0
    const subscription = bus.subscribe('mkt.trades', () => {
      calls += 1
      subscription.unsubscribe()
      subscription.unsubscribe()
    })
    bus.publish('mkt.trades', trade('BTCUSDT', 1))
    bus.publish('mkt.trades', trade('BTCUSDT', 2))
    expect(calls).toBe(1)
    expect(subscription.state).toBe('ENDED')
  })

  it('shows every subscriber the same order when handlers publish: cause before effect, on all topics', () => {
    const bus = new Bus()
    const early: string[] = []
    const late: string[] = []
    bus.subscribe('mkt.>', ({ topic, seq }) => early.push(`${topic} ${seq}`))
    bus.subscribe('mkt.trades', ({ payload, seq }) => {
      if (payload.id === 1) {
        bus.publish('mkt.trades', trade('BTCUSDT', 2), { causeSeq: seq })
        bus.publish('mkt.candles', candle('BTCUSDT', '1m', 1), { causeSeq: seq })
        bus.publish('mkt.trades', trade('BTCUSDT', 3), { causeSeq: seq })
      }
    })
    bus.subscribe('mkt.>', ({ topic, seq }) => late.push(`${topic} ${seq}`))
    bus.publish('mkt.trades', trade('BTCUSDT', 1))
    expect(early).toEqual(['mkt.trades 1', 'mkt.trades 2', 'mkt.candles 1', 'mkt.trades 3'])
    expect(late).toEqual(early)
  })

  it('never runs a handler inside another', () => {
    const bus = new Bus()
    let depth = 0
    let depthMax = 0
    bus.subscribe('mkt.>', ({ seq, topic }) => {
      depth += 1
      depthMax = Math.max(depthMax, depth)
      if (seq < 5) bus.publish(topic === 'mkt.trades' ? 'mkt.liquidations' : 'mkt.trades', trade('B', seq) as never)
      depth -= 1
    })
    bus.publish('mkt.trades', trade('BTCUSDT', 1))
    expect(depthMax).toBe(1)
    expect(bus.health().published).toBeGreaterThan(5)
  })

  it('stops two handlers that answer each other for ever, and goes on afterwards', () => {
    const bus = new Bus()
    const logged: LogEvent[] = []
    bus.subscribe('log.event', ({ payload }) => logged.push(payload))
    const echo = bus.subscribe('mkt.trades', ({ payload }) => bus.publish('mkt.trades', payload))
    bus.publish('mkt.trades', trade('BTCUSDT', 1))
    expect(bus.stats().topics['mkt.trades']).toMatchObject({ published: 1_000_001, handlerErrors: 1 })
    expect(logged.map(({ message }) => message)).toEqual([expect.stringContaining('answer each other without end')])
    echo.unsubscribe()
    let count = 0
    bus.subscribe('mkt.trades', () => count++)
    bus.publish('mkt.trades', trade('BTCUSDT', 2))
    expect(count).toBe(1)
  })

  it('reads an injected clock for every message', () => {
    const clock = new VirtualClock({ startWallMs: 1_000 })
    const bus = new Bus({ clock })
    const times: number[] = []
    bus.subscribe('mkt.trades', ({ publishTimeMs }) => times.push(publishTimeMs))
    bus.publish('mkt.trades', trade('BTCUSDT', 1))
    clock.advanceSync(2.5)
    bus.publish('mkt.trades', trade('BTCUSDT', 2))
    expect(times).toEqual([1_000, 1_002.5])
  })

  it('shares a reading of the system clock within one job and takes a new one in the next', async () => {
    class CountingClock extends SystemClock {
      reads = 0
      override wallMs(): number {
        this.reads += 1
        return this.reads
      }
    }
    const clock = new CountingClock()
    const bus = new Bus({ clock })
    const publish = (): number => bus.publish('mkt.trades', trade('BTCUSDT', 1)).publishTimeMs
    publish()
    await settle()
    const first = publish()
    expect(publish()).toBe(first)
    await Promise.resolve()
    expect(publish()).toBe(first + 1)
    for (let n = 0; n < 1_000; n++) publish()
    expect(clock.reads).toBeGreaterThan(first + 3)
    const exact = new Bus({ clock, exactPublishTimes: true })
    const before = exact.publish('mkt.trades', trade('BTCUSDT', 1)).publishTimeMs
    expect(exact.publish('mkt.trades', trade('BTCUSDT', 1)).publishTimeMs).toBe(before + 1)
  })

  it('reads the clock again at once after slow handlers', () => {
    class SlowWorld extends SystemClock {
      nowMs = 1_000
      override wallMs(): number {
        return this.nowMs
      }
      override monotonicMs(): number {
        return this.nowMs
      }
    }
    const clock = new SlowWorld()
    const bus = new Bus({ clock })
    bus.subscribe('mkt.trades', () => {
      clock.nowMs += 5
    })
    const lags: number[] = []
    for (let n = 0; n < 20; n++) {
      const truth = clock.nowMs
      lags.push(truth - bus.publish('mkt.trades', trade('BTCUSDT', n)).publishTimeMs)
    }
    expect(lags.slice(2).every((lag) => lag === 0)).toBe(true)
  })
})

describe('topic handle', () => {
  it('is the same object for the same topic and source and writes its source', () => {
    const bus = new Bus()
    const handle = bus.topic('mkt.trades', { source: 'feed-a' })
    expect(bus.topic('mkt.trades', { source: 'feed-a' })).toBe(handle)
    expect(bus.topic('mkt.trades')).not.toBe(handle)
    const sources: string[] = []
    expect(handle.subscriberCount).toBe(0)
    bus.subscribe('mkt.trades', ({ source, causeSeq }) => sources.push(`${source} ${causeSeq}`))
    expect(handle.subscriberCount).toBe(1)
    handle.publish(trade('BTCUSDT', 1), 41)
    expect(sources).toEqual(['feed-a 41'])
    expect(handle.last()?.payload.id).toBe(1)
  })

  it('shares the numbering of the topic with other sources', () => {
    const bus = new Bus()
    bus.topic('mkt.trades', { source: 'a' }).publish(trade('BTCUSDT', 1))
    bus.topic('mkt.trades', { source: 'b' }).publish(trade('BTCUSDT', 1))
    expect(bus.publish('mkt.trades', trade('BTCUSDT', 1)).seq).toBe(3)
  })
})

describe('last and replayLast', () => {
  it('keeps the last message per symbol, and candles per symbol and interval', () => {
    const bus = new Bus()
    expect(bus.last('mkt.trades')).toBeUndefined()
    bus.publish('mkt.trades', trade('BTCUSDT', 1))
    bus.publish('mkt.trades', trade('ETHUSDT', 2))
    bus.publish('mkt.trades', trade('BTCUSDT', 3))
    bus.publish('mkt.trades', trade('ETHUSDT', 4))
    bus.publish('mkt.trades', trade('ETHUSDT', 5))
    expect(bus.last('mkt.trades')?.payload.id).toBe(5)
    expect(bus.last('mkt.trades', 'BTCUSDT')?.payload.id).toBe(3)
    expect(bus.last('mkt.trades', 'XRPUSDT')).toBeUndefined()
    bus.publish('mkt.candles', candle('BTCUSDT', '1h', 60))
    bus.publish('mkt.candles', candle('BTCUSDT', '1m', 1))
    expect(bus.last('mkt.candles', 'BTCUSDT 1h')?.payload.close).toBe(60)
    expect(bus.last('mkt.candles', 'BTCUSDT')?.payload.close).toBe(1)
  })

  it('remembers the last message of each source, because two venues publish the same symbol', () => {
    const bus = new Bus()
    bus.topic('mkt.trades', { source: 'spot' }).publish(trade('BTCUSDT', 1))
    bus.topic('mkt.trades', { source: 'futures' }).publish(trade('BTCUSDT', 2))
    expect(bus.last('mkt.trades', 'BTCUSDT')?.payload.id).toBe(2)
    expect(bus.last('mkt.trades', 'BTCUSDT', 'spot')?.payload.id).toBe(1)
    expect(bus.last('mkt.trades', undefined, 'futures')?.payload.id).toBe(2)
    expect(bus.last('mkt.trades', 'BTCUSDT', 'nobody')).toBeUndefined()
  })

  it('keeps two venues apart that publish the same symbol', () => {
    const bus = new Bus()
    const spot = bus.topic('mkt.trades', { source: 'spot' })
    const futures = bus.topic('mkt.trades', { source: 'futures' })
    spot.publish(trade('BTCUSDT', 1, 'SIM_SPOT'))
    futures.publish(trade('BTCUSDT', 2, 'SIM_FUTURES'))
    const replayed: string[] = []
    bus.subscribe('mkt.trades', ({ payload, source }) => replayed.push(`${source} ${payload.id}`), { replayLast: true })
    expect(replayed).toEqual(['spot 1', 'futures 2'])
    expect(spot.last('BTCUSDT')?.payload.id).toBe(2)
  })

  it('hands over the last message per key first, in publish order, then the live ones, each once', () => {
    const bus = new Bus()
    for (const [symbol, id] of [
      ['A', 1],
      ['B', 2],
      ['C', 3],
      ['A', 4],
    ] as const) {
      bus.publish('mkt.trades', trade(symbol, id))
    }
    const seen: number[] = []
    bus.subscribe('mkt.trades', ({ seq }) => seen.push(seq), { replayLast: true })
    bus.publish('mkt.trades', trade('B', 5))
    expect(seen).toEqual([2, 3, 4, 5])
  })

  it('replays without hole or repetition when subscribed inside a handler with messages pending', () => {
    const bus = new Bus()
    const seen: number[] = []
    bus.publish('mkt.trades', trade('A', 1))
    const trigger = bus.subscribe('mkt.trades', () => {
      trigger.unsubscribe()
      bus.publish('mkt.trades', trade('B', 3))
      bus.subscribe('mkt.trades', ({ seq }) => seen.push(seq), { replayLast: true })
      bus.publish('mkt.trades', trade('B', 4))
    })
    bus.publish('mkt.trades', trade('A', 2))
    expect(seen).toEqual([2, 3, 4])
  })

  it('replays to a pattern, a queue and a stream alike', async () => {
    const bus = new Bus()
    bus.publish('mkt.trades', trade('A', 1))
    bus.publish('mkt.candles', candle('A', '1m', 2))
    const seen: string[] = []
    bus.subscribe('mkt.*', ({ topic }) => seen.push(topic), { replayLast: true, queued: true })
    expect(seen).toEqual([])
    await bus.drain()
    expect(seen).toEqual(['mkt.trades', 'mkt.candles'])
    const stream = bus.stream('mkt.trades', { replayLast: true })
    expect((await stream.next()).value?.payload.id).toBe(1)
    await stream.return()
  })
})

describe('topic names', () => {
  it('covers topics that come up after the pattern was subscribed', () => {
    const bus = new Bus()
    const seen: string[] = []
    bus.subscribe('mkt.>', ({ topic }) => seen.push(topic))
    bus.subscribe('*.health', ({ topic }) => seen.push(`health ${topic}`))
    bus.publish('mkt.orderbook.delta', {} as never)
    bus.publish('live.health', { name: 'x' } as never)
    expect(seen).toEqual(['mkt.orderbook.delta', 'health live.health'])
  })

  it.each([
    ['', /cannot be empty/],
    ['mkt..trades', /segment 2 is empty/],
    ['mkt.trades.', /segment 3 is empty/],
    ['mkt.tra des', /letters, digits/],
    ['mkt.*', /wildcards are for subscribing/],
    [undefined, /a topic is a string, not undefined/],
  ])('refuses to publish on %j and says why', (name, reason) => {
    const bus = new Bus()
    const error = errorOf(() => bus.publish(name as never, {} as never))
    expect(error.code).toBe('TOPIC_INVALID')
    expect(error.isTerminal).toBe(true)
    expect(error.message).toMatch(reason)
    expect(errorOf(() => bus.topic(name as never)).code).toBe('TOPIC_INVALID')
  })

  it.each([
    ['mkt.>.x', /only be the last segment/],
    ['mkt.tra*', /mixes text and wildcard/],
    ['>.mkt', /only be the last/],
    ['mkt. ', /letters, digits/],
    [null, /not null/],
  ])('refuses to subscribe to %j and says why', (pattern, reason) => {
    const error = errorOf(() => new Bus().subscribe(pattern as never, () => {}))
    expect(error.code).toBe('TOPIC_INVALID')
    expect(error.message).toMatch(reason)
  })

  it.each([
    [{ capacity: 0 }, /capacity 0/],
    [{ capacity: 1.5 }, /capacity 1.5/],
    [{ capacity: 2_000_000 }, /capacity 2000000/],
    [{ overflow: 'explode' }, /"explode" is not one of block, dropOldest/],
    [{ priority: Number.NaN }, /priority NaN/],
    [{ key: () => 'x' }, /key is for overflow "conflate" only/],
    [{ capacty: 3 }, /no option "capacty"; there are capacity, overflow/],
  ])('refuses the options %j and says why', (options, reason) => {
    const error = errorOf(() => new Bus().subscribe('mkt.trades', () => {}, options as never))
    expect(error.code).toBe('SUBSCRIPTION_OPTION_INVALID')
    expect(error.message).toMatch(reason)
  })

  it('refuses a handler that is no function', () => {
    expect(errorOf(() => new Bus().subscribe('mkt.trades', undefined as never)).code).toBe(
      'SUBSCRIPTION_OPTION_INVALID',
    )
  })
})

describe('close', () => {
  it('refuses publish, subscribe and stream afterwards with BUS_CLOSED, and is idempotent', async () => {
    const bus = new Bus()
    const handle = bus.topic('mkt.trades')
    const subscription = bus.subscribe('mkt.trades', () => {})
    handle.publish(trade('BTCUSDT', 1))
    bus.close()
    bus.close()
    expect(subscription.state).toBe('ENDED')
    expect(errorOf(() => bus.publish('mkt.trades', trade('BTCUSDT', 2))).code).toBe('BUS_CLOSED')
    expect(errorOf(() => handle.publish(trade('BTCUSDT', 2))).code).toBe('BUS_CLOSED')
    expect(errorOf(() => bus.subscribe('mkt.trades', () => {})).code).toBe('BUS_CLOSED')
    expect(errorOf(() => bus.stream('mkt.trades')).code).toBe('BUS_CLOSED')
    await expect(bus.ready('mkt.trades')).rejects.toMatchObject({ code: 'BUS_CLOSED' })
    await expect(bus.publishWhenReady('mkt.trades', trade('B', 1))).rejects.toMatchObject({ code: 'BUS_CLOSED' })
    await bus.drain()
    expect(bus.last('mkt.trades')?.seq).toBe(1)
    expect(bus.health()).toMatchObject({ published: 1, delivered: 1 })
  })

  it('inside a handler ends the delivery: nobody is called any more', () => {
    const bus = new Bus()
    const seen: string[] = []
    bus.subscribe('mkt.trades', () => {
      seen.push('first')
      bus.publish('mkt.trades', trade('A', 2))
      bus.close()
      expect(errorOf(() => bus.publish('mkt.trades', trade('A', 3))).code).toBe('BUS_CLOSED')
    })
    bus.subscribe('mkt.trades', () => seen.push('second'))
    bus.publish('mkt.trades', trade('A', 1))
    expect(seen).toEqual(['first'])
    expect(bus.isClosed).toBe(true)
  })

  it('leaves no timer behind', () => {
    const clock = new VirtualClock()
    const bus = new Bus({ clock })
    bus.subscribe('mkt.trades', () => {
      throw new Error('x')
    })
    bus.publish('mkt.trades', trade('A', 1))
    expect(clock.pendingTimerCount).toBe(1)
    bus.close()
    expect(clock.pendingTimerCount).toBe(0)
  })
})

describe('drain', () => {
  it('may be asked for inside a handler, and resolves when the delivery is over', async () => {
    const bus = new Bus()
    let drained: Promise<void> | null = null
    bus.subscribe('mkt.trades', () => {
      drained = bus.drain()
    })
    bus.publish('mkt.trades', trade('BTCUSDT', 1))
    await expect(drained).resolves.toBeUndefined()
  })

  it('waits for queued messages and for the call in flight', async () => {
    const bus = new Bus()
    const gates = [gate(), gate()]
    const done: number[] = []
    bus.subscribe('mkt.trades', async ({ payload }) => {
      await gates[payload.id]?.promise
      done.push(payload.id)
    })
    bus.publish('mkt.trades', trade('A', 0))
    bus.publish('mkt.trades', trade('A', 1))
    let isDrained = false
    const drained = bus.drain().then(() => {
      isDrained = true
    })
    gates[0]?.open()
    await settle()
    expect([isDrained, done]).toEqual([false, [0]])
    gates[1]?.open()
    await drained
    expect(done).toEqual([0, 1])
  })

  it('gives up after timeoutMs and names who is still at work', async () => {
    const clock = new VirtualClock()
    const bus = new Bus({ clock })
    bus.subscribe('mkt.trades', () => new Promise(() => {}), { name: 'stuck' })
    bus.publish('mkt.trades', trade('A', 1))
    const drained = expect(bus.drain({ timeoutMs: 100 })).rejects.toMatchObject({
      code: 'DRAIN_TIMEOUT',
      message: expect.stringContaining('"stuck"'),
    })
    await clock.advance(100)
    await drained
  })

  it('ends when the busy subscription is unsubscribed or the bus closes', async () => {
    const bus = new Bus()
    const stuck = bus.subscribe('mkt.trades', () => new Promise(() => {}))
    bus.publish('mkt.trades', trade('A', 1))
    const first = bus.drain()
    stuck.unsubscribe()
    await first
    bus.subscribe('mkt.trades', () => new Promise(() => {}))
    bus.publish('mkt.trades', trade('A', 2))
    const second = bus.drain()
    bus.close()
    await second
  })
})
