import { describe, expect, it } from 'vitest'
import { Bus } from '../../../src/bus/index.js'
import { ConfigError, LiveDataFeedManager } from '../../../src/live/index.js'
import { FeedManagerState, FeedState } from '../../../src/types/health.js'
import { ETH, type Rig, rig, SOL, settled } from './rig.js'

/** Brings a fresh manager into each state and keeps it there. */
const REACH: Record<FeedManagerState, (built: Rig) => Promise<void>> = {
  STOPPED: async () => {},
  STARTING: async (built) => {
    built.venue.connect = 'hang'
    const starting = built.manager.start()
    starting.catch(() => {})
    await built.clock.advance(50)
  },
  RUNNING: async (built) => {
    await built.started()
  },
  STOPPING: async (built) => {
    await built.started()
    built.venue.closesSlowly = true
    void built.manager.stop()
    await built.clock.advance(10)
  },
  FAILED: async (built) => {
    built.venue.connect = 'refuse'
    await settled(built.manager.start(), built.clock).catch(() => {})
    built.venue.connect = 'open'
  },
}

const STATES = Object.values(FeedManagerState)

async function expectNothingLeft(built: Rig): Promise<void> {
  await built.stopped()
  expect(built.manager.state).toBe(FeedManagerState.STOPPED)
  expect(built.venue.sockets.size).toBe(0)
  expect(built.clock.pendingTimerCount).toBe(0)
  const publishedCount = built.bus.health().published
  await built.clock.advance(120_000)
  expect(built.bus.health().published).toBe(publishedCount)
}

describe('every operation in every state', () => {
  it.each(STATES)('start while %s', async (state) => {
    const built = rig()
    await REACH[state](built)
    expect(built.manager.state).toBe(state)
    const mayStart = state === 'STOPPED' || state === 'FAILED'
    const start = settled(built.manager.start(), built.clock)
    if (mayStart) {
      await start
      expect(built.manager.state).toBe(FeedManagerState.RUNNING)
    } else {
      await expect(start).rejects.toMatchObject({ name: 'LifecycleError', code: 'ALREADY_RUNNING' })
      expect(built.manager.state).toBe(state)
    }
    await expectNothingLeft(built)
  })

  it.each(STATES)('stop while %s', async (state) => {
    const built = rig()
    await REACH[state](built)
    const first = built.manager.stop()
    const second = built.manager.stop()
    if (state !== 'STOPPED') expect(second).toBe(first)
    await settled(Promise.all([first, second]), built.clock)
    expect(built.manager.state).toBe(FeedManagerState.STOPPED)
    await expectNothingLeft(built)
  })

  it.each(
    STATES.flatMap((state) =>
      (['subscribe', 'unsubscribe', 'refresh'] as const).map((operation) => ({ state, operation })),
    ),
  )('$operation while $state', async ({ state, operation }) => {
    const built = rig()
    await REACH[state](built)
    const call = settled(
      operation === 'refresh' ? built.manager.refresh() : built.manager[operation]([ETH]),
      built.clock,
    )
    if (state === 'RUNNING') await call
    else await expect(call).rejects.toMatchObject({ name: 'LifecycleError', code: 'NOT_RUNNING' })
    await expectNothingLeft(built)
  })

  it.each(STATES)('getHealth and getStats while %s', async (state) => {
    const built = rig()
    await REACH[state](built)
    expect(built.manager.getHealth()).toMatchObject({ name: 'test', venue: 'SIM_SPOT', state })
    expect(built.manager.getStats()).toMatchObject({ name: 'test', state })
    expect(() => JSON.stringify(built.manager.getHealth())).not.toThrow()
    await expectNothingLeft(built)
  })
})

describe('start', () => {
  it('resolves when every stream is acknowledged and publishes each state on the way', async () => {
    const built = rig()
    await built.started()
    expect(built.states()).toEqual(['STARTING', 'RUNNING'])
    expect(built.events()).toEqual(['CONNECTION_ESTABLISHED', 'FEED_STARTED'])
    expect(
      built.manager.getHealth().feeds.map(({ stream, connectionId, state }) => ({ stream, connectionId, state })),
    ).toEqual([
      { stream: 'btcusdt@aggTrade', connectionId: 'spot-0', state: FeedState.NEVER_RECEIVED },
      { stream: 'ethusdt@aggTrade', connectionId: 'spot-0', state: FeedState.NEVER_RECEIVED },
    ])
    await built.stopped()
    expect(built.states()).toEqual(['STARTING', 'RUNNING', 'STOPPING', 'STOPPED'])
    expect(built.events().slice(2)).toEqual(['FEED_STOPPING', 'FEED_STOPPED'])
  })

  it('fails with the address when nobody listens there, and can be started again', async () => {
    const built = rig()
    built.venue.connect = 'refuse'
    await expect(settled(built.manager.start(), built.clock)).rejects.toMatchObject({
      name: 'ConnectionError',
      code: 'CONNECTION_FAILED',
      url: 'ws://127.0.0.1:1/stream',
    })
    expect(built.states()).toEqual(['STARTING', 'FAILED'])
    expect(built.events()).toContain('FEED_START_FAILED')
    expect(built.clock.pendingTimerCount).toBe(0)
    built.venue.connect = 'open'
    await built.started()
    await built.flow(500)
    expect(built.manager.getStats().messagesPublished).toBeGreaterThan(0)
    await expectNothingLeft(built)
  })

  it('fails when the venue refuses a subscription', async () => {
    const built = rig()
    built.venue.control = 'reject'
    await expect(settled(built.manager.start(), built.clock)).rejects.toMatchObject({
      name: 'SubscriptionError',
      code: 'SUBSCRIPTION_REJECTED',
    })
    expect(built.manager.state).toBe(FeedManagerState.FAILED)
    await expectNothingLeft(built)
  })

  it('leaves no feed that looks alive, and neither does a stop', async () => {
    // After both, feeds went on to be reported as OK.
    for (const end of ['stop', 'fail'] as const) {
      const built = rig({ connection: { maxReconnectAttempts: 1 } })
      await built.started()
      await built.flow(2_000)
      expect(built.manager.getHealth().feeds.map(({ state }) => state)).toEqual(['OK', 'OK'])
      if (end === 'stop') await built.stopped()
      else {
        built.venue.connect = 'refuse'
        built.venue.cut()
        await built.clock.advance(120_000)
      }
      expect(built.manager.state).toBe(end === 'stop' ? 'STOPPED' : 'FAILED')
      const stale = { state: 'STALE', isStale: true, ratePerSecond: 0 }
      expect(built.manager.getHealth().feeds).toMatchObject([stale, stale])
      expect(built.health.at(-1)?.feeds).toMatchObject([stale, stale])
      await built.stopped()
    }
  })

  it('rejects with STOPPED_DURING_START when stopped meanwhile', async () => {
    const built = rig()
    built.venue.control = 'ignore'
    const start = built.manager.start()
    start.catch(() => {})
    await built.clock.advance(100)
    await built.stopped()
    await expect(start).rejects.toMatchObject({ name: 'LifecycleError', code: 'STOPPED_DURING_START' })
    expect(built.states()).toEqual(['STARTING', 'STOPPING', 'STOPPED'])
    expect(built.events()).not.toContain('FEED_START_FAILED')
  })

  // A stop between the settling of an awaited promise and its continuation let the start go on: it left the
  // health timer behind, or entered RUNNING after STOPPING.
  it('is undone by a stop at any moment, to the microtask', async () => {
    for (let turns = 0; turns < 12; turns++) {
      for (const afterMs of [0, 2, 4, 500, 502, 504]) {
        const built = rig()
        const start = built.manager.start()
        start.catch(() => {})
        if (afterMs > 0) await built.clock.advance(afterMs - 0.5)
        built.clock.advanceSync(0.5)
        for (let turn = 0; turn < turns; turn++) await Promise.resolve()
        await expectNothingLeft(built)
        expect(built.states().at(-1)).toBe('STOPPED')
      }
    }
  })

  it('begins with the configured streams again after a stop', async () => {
    const built = rig()
    await built.started()
    await settled(built.manager.subscribe([SOL]), built.clock)
    await built.stopped()
    await built.started()
    expect(built.manager.getHealth().feeds.map((feed) => feed.symbol)).toEqual(['BTCUSDT', 'ETHUSDT'])
    await expectNothingLeft(built)
  })

  it('demands an address for a simulated venue and says how to get one', () => {
    expect(() => new LiveDataFeedManager({ venue: 'SIM_SPOT', symbols: ['BTCUSDT'] }, new Bus())).toThrow(ConfigError)
    expect(() => new LiveDataFeedManager({ venue: 'SIM_SPOT', symbols: ['BTCUSDT'] }, new Bus())).toThrow(
      /SimVenue\.start/,
    )
  })

  it('is named after its venue unless told otherwise', () => {
    const manager = new LiveDataFeedManager({ venue: 'BINANCE_SPOT', symbols: ['BTCUSDT'] }, new Bus())
    expect(manager.name).toBe('binance_spot')
  })
})

describe('stop', () => {
  it('takes less than two seconds when the venue never answers the close', async () => {
    const built = rig()
    await built.started()
    built.venue.closesSlowly = true
    await expectNothingLeft(built)
  })

  it('may be called from a subscriber of any state change', async () => {
    for (const state of ['STARTING', 'RUNNING', 'STOPPING'] as const) {
      const built = rig()
      const stops: Promise<void>[] = []
      built.bus.subscribe('live.health', (envelope) => {
        if (envelope.payload.state === state) stops.push(built.manager.stop())
      })
      const start = built.manager.start()
      start.catch(() => {})
      await built.clock.advance(100)
      if (state === 'STOPPING') stops.push(built.manager.stop())
      await settled(Promise.all(stops), built.clock)
      expect(stops.length).toBeGreaterThan(0)
      expect(built.manager.state).toBe(FeedManagerState.STOPPED)
      expect(built.states().at(-1)).toBe('STOPPED')
      await expectNothingLeft(built)
    }
  })

  it('lets a subscriber start again at the moment it is stopped', async () => {
    const built = rig()
    await built.started()
    const starts: Promise<void>[] = []
    built.bus.subscribe('log.event', (envelope) => {
      if (envelope.payload.event === 'FEED_STOPPED' && starts.length === 0) starts.push(built.manager.start())
    })
    await built.stopped()
    await settled(Promise.all(starts), built.clock)
    expect(built.manager.state).toBe(FeedManagerState.RUNNING)
    await expectNothingLeft(built)
  })

  it('rejects what waits for the venue', async () => {
    const built = rig()
    await built.started()
    built.venue.control = 'ignore'
    const subscribing = built.manager.subscribe([SOL])
    const refreshing = built.manager.refresh()
    subscribing.catch(() => {})
    refreshing.catch(() => {})
    await built.clock.advance(100)
    await built.stopped()
    await expect(subscribing).rejects.toMatchObject({ code: 'NOT_RUNNING' })
    await expect(refreshing).rejects.toMatchObject({ code: 'NOT_RUNNING' })
  })

  it('survives a bus that was closed first', async () => {
    const built = rig()
    await built.started()
    built.bus.close()
    built.venue.deliver()
    await settled(built.manager.stop(), built.clock)
    expect(built.manager.state).toBe(FeedManagerState.STOPPED)
    expect(built.clock.pendingTimerCount).toBe(0)
  })

  it('does not start for a bus that is closed: it would run for nobody and look alive', async () => {
    const built = rig()
    built.bus.close()
    await expect(built.manager.start()).rejects.toMatchObject({ code: 'BUS_CLOSED' })
    expect(built.manager.state).toBe(FeedManagerState.STOPPED)
    expect(built.clock.pendingTimerCount).toBe(0)
  })
})

describe('options of a manager', () => {
  it.each([
    [{ nmae: 'x' }, /options\.nmae: there is no such option; there are name, runtime, transport/],
    ['my_feed', /options: is not an object/],
    [{ name: '' }, /options\.name: must not be empty/],
  ])('%j is refused', (options, message) => {
    const make = () =>
      new LiveDataFeedManager({ venue: 'BINANCE_SPOT', symbols: ['BTCUSDT'] }, new Bus(), options as never)
    expect(make).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) }))
  })
})

describe('FAILED', () => {
  it('is reached with an event and a health message when bounded reconnects are used up', async () => {
    const built = rig({ connection: { maxReconnectAttempts: 3 } })
    await built.started()
    await built.flow(1_000)
    built.venue.connect = 'refuse'
    built.venue.cut()
    await built.clock.advance(60_000)
    expect(built.manager.state).toBe(FeedManagerState.FAILED)
    expect(built.log.find((event) => event.event === 'FEED_FAILED')).toMatchObject({
      level: 'ERROR',
      data: { code: 'RECONNECTS_EXHAUSTED' },
    })
    expect(built.health.at(-1)?.state).toBe(FeedManagerState.FAILED)
    expect(built.venue.sockets.size).toBe(0)
    expect(built.clock.pendingTimerCount).toBe(0)
    built.venue.connect = 'open'
    await built.started()
    expect(built.manager.state).toBe(FeedManagerState.RUNNING)
    await expectNothingLeft(built)
  })

  it('is never reached by an unbounded manager, however long the outage', async () => {
    const built = rig()
    await built.started()
    built.venue.connect = 'refuse'
    built.venue.cut()
    await built.clock.advance(24 * 3_600_000)
    expect(built.manager.state).toBe(FeedManagerState.RUNNING)
    built.venue.connect = 'open'
    await built.clock.advance(90_000)
    await built.flow(1_000)
    expect(built.manager.getHealth().connections[0]?.state).toBe('OPEN')
    await expectNothingLeft(built)
  })
})
