import { describe, expect, it } from 'vitest'
import { Bus } from '../../../src/bus/index.js'
import { LiveDataFeedManager } from '../../../src/live/index.js'
import { VirtualClock } from '../../../src/runtime/index.js'
import { FeedManagerState, FeedState } from '../../../src/types/health.js'
import { BTC, ETH, rig, SOL, settled } from './rig.js'
import { ScriptedVenue } from './scripted-venue.js'

describe('health messages', () => {
  it('come every check interval, and at once when something changes', async () => {
    const built = rig()
    await built.started()
    built.health.length = 0
    await built.flow(20_000)
    expect(built.health).toHaveLength(4)
    // The moment after a message is for coalescing; a change outside of it is published at once.
    await built.clock.advance(100)
    built.health.length = 0
    built.venue.cut()
    expect(built.health.map((health) => health.connections[0]?.state)).toEqual(['BACKOFF'])
    await built.stopped()
  })

  it('are few when many connections change together', async () => {
    const built = rig({
      symbols: Array.from({ length: 100 }, (_, index) => `S${index}USDT`),
      connection: { streamsPerConnectionMax: 5 },
    })
    await built.started()
    expect(built.manager.getHealth().connections).toHaveLength(21)
    built.health.length = 0
    built.venue.cut()
    await built.clock.advance(100)
    expect(built.health.length).toBeLessThanOrEqual(3)
    expect(built.health.at(-1)?.connections.every((connection) => connection.state === 'BACKOFF')).toBe(true)
    await built.stopped()
  })

  it('carry rates, latency and the true counts', async () => {
    const built = rig()
    await built.started()
    await built.flow(20_000)
    const health = built.manager.getHealth()
    expect(health.feeds[0]).toMatchObject({ state: FeedState.OK, isStale: false, messageCount: 200, errorCount: 0 })
    expect(health.feeds[0]?.ratePerSecond).toBeCloseTo(10, 0)
    expect(health.feeds[0]?.latencyMs).not.toBeNull()
    expect(health.totalMessageCount).toBe(400)
    expect(health.uptimeMs).toBeGreaterThan(19_000)
    expect(built.manager.getStats()).toMatchObject({ messagesReceived: 400, messagesPublished: 400, errorsCount: 0 })
    await built.stopped()
    expect(built.manager.getHealth()).toMatchObject({ uptimeMs: 0, totalMessageCount: 400 })
  })
})

describe('a cut', () => {
  it('goes red when it lasts, and green again with the first messages', async () => {
    const built = rig()
    await built.started()
    await built.flow(5_000)
    built.venue.connect = 'refuse'
    built.venue.cut()
    await built.clock.advance(40_000)
    expect(built.manager.state).toBe(FeedManagerState.RUNNING)
    expect(built.manager.getHealth().feeds.map((feed) => feed.isStale)).toEqual([true, true])
    expect(built.events().filter((event) => event === 'FEED_STALE')).toHaveLength(2)
    built.venue.connect = 'open'
    await built.clock.advance(60_000)
    await built.flow(2_000)
    expect(built.manager.getHealth().feeds.map((feed) => feed.isStale)).toEqual([false, false])
    expect(built.events().filter((event) => event === 'FEED_RECOVERED')).toHaveLength(2)
    expect(built.events()).toContain('CONNECTION_DISCONNECTED')
    expect(built.events()).toContain('CONNECTION_RECONNECTING')
    expect(built.events()).not.toContain('WATCHDOG_TRIGGERED')
    await built.stopped()
  })

  it('opens an exact gap when ids are missing afterwards, declares it unfillable, and counts it', async () => {
    const built = rig({ streams: [BTC] })
    await built.started()
    await built.flow(1_000)
    built.venue.cut()
    for (let lost = 0; lost < 25; lost++) built.venue.lose()
    await built.clock.advance(5_000)
    await built.flow(500)
    expect(built.gaps).toMatchObject([
      {
        gapId: 1,
        kind: 'opened',
        symbol: 'BTCUSDT',
        unit: 'tradeId',
        from: 1011,
        to: 1035,
        missing: 25,
        cause: 'DISCONNECT',
      },
      { gapId: 1, kind: 'unfillable', from: 1011, to: 1035 },
    ])
    expect(built.manager.getHealth().feeds[0]?.gapCount).toBe(1)
    expect(built.events().filter((event) => event.startsWith('GAP_'))).toEqual(['GAP_OPENED', 'GAP_UNFILLABLE'])
    await built.stopped()
  })

  it('opens no gap when nothing is missing', async () => {
    const built = rig()
    await built.started()
    await built.flow(1_000)
    built.venue.cut()
    await built.clock.advance(5_000)
    await built.flow(1_000)
    expect(built.gaps).toEqual([])
    await built.stopped()
  })

  it('tells a hole without a disconnect apart', async () => {
    const built = rig({ streams: [BTC] })
    await built.started()
    await built.flow(1_000)
    built.venue.lose()
    await built.flow(200)
    expect(built.gaps[0]).toMatchObject({ cause: 'SEQUENCE', from: 1011, to: 1011, missing: 1 })
    await built.stopped()
  })

  it('tells when the venue started its ids again, and loses nothing over it', async () => {
    const built = rig({ streams: [BTC] })
    const ids: number[] = []
    built.bus.subscribe('mkt.trades', ({ payload }) => ids.push(payload.id))
    await built.started()
    await built.flow(10_000)
    built.venue.startAgain()
    const fromMs = built.clock.wallMs()
    await built.flow(5_000)
    const { feeds } = built.manager.getHealth()
    const { duplicatesDropped, messagesPublished } = built.manager.getStats()
    expect([messagesPublished, duplicatesDropped]).toEqual([150, 0])
    expect(ids.slice(100)).toEqual(Array.from({ length: 50 }, (_, index) => 1001 + index))
    expect(built.gaps).toMatchObject([
      { kind: 'opened', symbol: 'BTCUSDT', unit: 'time', missing: null, cause: 'RESET' },
      { kind: 'unfillable', cause: 'RESET' },
    ])
    // From the last message under the old ids to the first under the new.
    expect(built.gaps[0]).toMatchObject({ from: fromMs, to: fromMs + 100 })
    expect(feeds[0]?.gapCount).toBe(1)
    await built.stopped()
  })

  it('does not take one message repeated for long for a new start', async () => {
    const built = rig({ streams: [BTC] })
    await built.started()
    await built.flow(1_000)
    for (let repeats = 0; repeats < 40; repeats++) {
      await built.clock.advance(500)
      built.venue.repeat()
    }
    expect(built.manager.getStats()).toMatchObject({ messagesPublished: 10, duplicatesDropped: 40 })
    expect(built.gaps).toEqual([])
    await built.flow(100)
    expect(built.gaps).toEqual([])
    await built.stopped()
  })

  it('opens no gap at the baseline: the first message of a stream', async () => {
    const built = rig({ streams: [BTC] })
    await built.started()
    await built.flow(500)
    await settled(built.manager.unsubscribe([BTC]), built.clock)
    built.venue.lose()
    await settled(built.manager.subscribe([BTC]), built.clock)
    await built.flow(500)
    expect(built.gaps).toEqual([])
    await built.stopped()
  })
})

describe('a logger that throws', () => {
  it('ends neither the read loop of a socket nor anything else', async () => {
    const clock = new VirtualClock()
    const venue = new ScriptedVenue(clock)
    const refuse = (): never => {
      throw new Error('disk full')
    }
    const manager = new LiveDataFeedManager(
      { venue: 'SIM_SPOT', streams: [BTC], connection: { baseUrl: 'ws://127.0.0.1:1' } },
      new Bus({ clock }),
      {
        runtime: { clock, logger: { debug: refuse, info: refuse, warn: refuse, error: refuse } },
        transport: venue.transport,
      },
    )
    await settled(manager.start(), clock)
    for (const socket of venue.sockets) socket.frame({ result: null, id: 987_654 })
    await clock.advance(100)
    clock.jumpWall(60_000)
    await clock.advance(2_000)
    expect(manager.state).toBe('RUNNING')
    expect(manager.getStats().connection?.controlRepliesUnmatched).toBe(1)
    await settled(manager.stop(), clock)
  })
})

describe('silence', () => {
  it('of one acknowledged stream: names it, subscribes it again, replaces its socket, then says so a last time', async () => {
    const built = rig()
    built.venue.mute.add('ethusdt@aggTrade')
    await built.started()
    await built.flow(110_000)
    const silent = built.log.filter((event) => event.event === 'SUBSCRIPTION_SILENT')
    expect(silent.map((event) => [event.level, event.data['stream'], event.data['attempt']])).toEqual([
      ['WARNING', 'ethusdt@aggTrade', 1],
      ['ERROR', 'ethusdt@aggTrade', 2],
      ['ERROR', 'ethusdt@aggTrade', 3],
    ])
    expect(built.venue.requests.slice(1)).toEqual([
      { method: 'UNSUBSCRIBE', params: ['ethusdt@aggTrade'] },
      { method: 'SUBSCRIBE', params: ['ethusdt@aggTrade'] },
      { method: 'SUBSCRIBE', params: ['btcusdt@aggTrade', 'ethusdt@aggTrade'] },
    ])
    expect(built.gaps).toEqual([])
    expect(built.manager.getStats().resubscriptions).toBe(1)
    expect(built.manager.getHealth().feeds[1]).toMatchObject({ state: FeedState.NEVER_RECEIVED, isStale: false })
    expect(built.venue.connectCount).toBe(2)
    await built.stopped()
  })

  it('of one stream that had delivered: stale, subscribed again once, the others lose nothing', async () => {
    const built = rig()
    await built.started()
    await built.flow(10_000)
    built.venue.mute.add('ethusdt@aggTrade')
    await built.flow(55_000)
    expect(built.log.filter((event) => event.event === 'FEED_STALE').map((event) => event.data['stream'])).toEqual([
      'ethusdt@aggTrade',
    ])
    expect(built.manager.getStats().resubscriptions).toBe(1)
    expect(built.gaps).toEqual([])
    // Each of its own once, with the copies of the hand-over dropped.
    expect(built.manager.getStats().messagesPublished).toBe(650 + 100)
    expect(built.manager.getHealth().feeds[0]).toMatchObject({ state: FeedState.OK })
    built.venue.mute.clear()
    await built.flow(2_000)
    expect(built.events()).toContain('FEED_RECOVERED')
    await built.stopped()
  })

  it('of everything: the watchdog restarts the connections, although pongs are fine', async () => {
    const built = rig()
    await built.started()
    await built.flow(5_000)
    await built.clock.advance(70_000)
    expect(built.events().filter((event) => event === 'WATCHDOG_TRIGGERED')).toHaveLength(1)
    expect(built.venue.connectCount).toBe(2)
    await built.flow(5_000)
    expect(built.manager.getHealth().feeds.every((feed) => feed.state === FeedState.OK)).toBe(true)
    expect(built.manager.getStats().watchdogRestarts).toBe(1)
    await built.stopped()
  })

  it('of one connection while another speaks: that one is restarted, the other is left alone', async () => {
    const built = rig({ connection: { baseUrl: 'ws://127.0.0.1:1', streamsPerConnectionMax: 1 } })
    await built.started()
    await built.flow(5_000)
    built.venue.mute.add('ethusdt@aggTrade')
    await built.flow(62_000)
    built.venue.mute.clear()
    await built.flow(5_000)
    expect(built.log.filter(({ event }) => event === 'WATCHDOG_TRIGGERED').map(({ data }) => data)).toEqual([
      { connectionId: 'spot-1', silentMs: expect.any(Number) },
    ])
    const { connections, feeds } = built.manager.getHealth()
    expect(connections.map(({ id, reconnectCount }) => [id, reconnectCount])).toEqual([
      ['spot-0', 0],
      ['spot-1', 1],
    ])
    expect(feeds.every((feed) => feed.state === FeedState.OK)).toBe(true)
    expect(built.manager.getStats().watchdogRestarts).toBe(1)
    await built.stopped()
  })

  it('of a machine that slept ten minutes raises no alarm', async () => {
    const built = rig()
    await built.started()
    await built.flow(10_000)
    built.clock.jumpWall(600_000)
    await built.flow(10_000)
    expect(built.events()).toEqual(['CONNECTION_ESTABLISHED', 'FEED_STARTED'])
    await built.stopped()
  })
})

describe('garbage', () => {
  it('is counted exactly, told at once and then at most every ten seconds', async () => {
    const built = rig()
    await built.started()
    for (let second = 0; second < 30; second++) {
      await built.flow(1_000)
      for (let count = 0; count < 100; count++) built.venue.garble()
    }
    await built.flow(10_000)
    const told = built.log.filter((event) => event.event === 'MESSAGE_REJECTED')
    expect(told.length).toBeGreaterThanOrEqual(3)
    expect(told.length).toBeLessThanOrEqual(6)
    expect(told.reduce((sum, event) => sum + (event.data['count'] as number), 0)).toBe(3_000)
    expect(built.manager.getStats().errorsByCode).toEqual({ MESSAGE_INVALID: 3_000 })
    expect(built.manager.getHealth().totalErrorCount).toBe(3_000)
    await built.stopped()
  })
})

describe('streams while running', () => {
  it('come and go, idempotently, and their counts stay in the totals', async () => {
    const built = rig()
    await built.started()
    await settled(built.manager.subscribe([SOL, SOL, BTC]), built.clock)
    await built.flow(1_000)
    expect(built.manager.getHealth().feeds.map((feed) => [feed.symbol, feed.messageCount])).toEqual([
      ['BTCUSDT', 10],
      ['ETHUSDT', 10],
      ['SOLUSDT', 10],
    ])
    await settled(built.manager.unsubscribe([SOL, ETH]), built.clock)
    await settled(built.manager.unsubscribe([ETH]), built.clock)
    await built.flow(1_000)
    expect(built.manager.getHealth().feeds.map((feed) => feed.symbol)).toEqual(['BTCUSDT'])
    expect(built.manager.getStats().messagesReceived).toBe(40)
    await built.stopped()
  })

  it('may be added and removed in overlapping calls: the last word wins', async () => {
    const built = rig()
    await built.started()
    const calls = [
      built.manager.subscribe([SOL]),
      built.manager.unsubscribe([SOL, ETH]),
      built.manager.subscribe([SOL]),
      built.manager.subscribe([ETH]),
      built.manager.unsubscribe([ETH]),
    ]
    await settled(Promise.all(calls), built.clock)
    await built.flow(3_000)
    expect(built.manager.getHealth().feeds.map((feed) => feed.symbol)).toEqual(['BTCUSDT', 'SOLUSDT'])
    expect(built.manager.getHealth().feeds.every((feed) => feed.messageCount > 20)).toBe(true)
    const unplaced = built.manager.getStats().router?.unplaced
    await built.flow(3_000)
    expect(built.manager.getStats().router?.unplaced).toBe(unplaced)
    await built.stopped()
  })

  it('are checked against the venue before anything is sent', async () => {
    const built = rig()
    await built.started()
    const bad = { symbol: 'BTCUSDT', type: 'MARK_PRICE' } as const
    await expect(built.manager.subscribe([bad])).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    expect(built.venue.requests).toHaveLength(1)
    await built.stopped()
  })

  it('that the venue refuses are left out, and the manager goes on', async () => {
    const built = rig()
    await built.started()
    built.venue.control = 'reject'
    await expect(settled(built.manager.subscribe([SOL]), built.clock)).rejects.toMatchObject({
      code: 'SUBSCRIPTION_REJECTED',
      streams: ['solusdt@aggTrade'],
    })
    expect(built.manager.getHealth().feeds.map((feed) => feed.symbol)).toEqual(['BTCUSDT', 'ETHUSDT'])
    expect(built.manager.state).toBe(FeedManagerState.RUNNING)
    await built.stopped()
  })

  it('are handed over to a new socket by refresh, without a gap or a duplicate', async () => {
    const built = rig()
    await built.started()
    await built.flow(1_000)
    const trades: number[] = []
    built.bus.subscribe('mkt.trades', (envelope) => {
      if (envelope.payload.symbol === 'BTCUSDT') trades.push(envelope.payload.id)
    })
    const refreshing = built.manager.refresh()
    await built.flow(3_000)
    await refreshing
    await built.flow(1_000)
    expect(built.events()).toContain('CONNECTION_REFRESHED')
    expect(trades).toEqual(Array.from({ length: 40 }, (_, index) => 1011 + index))
    expect(built.gaps).toEqual([])
    await built.stopped()
  })
})
