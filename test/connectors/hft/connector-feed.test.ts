/** The connector feed, in the four groups of its checklist; ids in brackets name the row a test covers. */
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { Bus } from '../../../src/bus/index.js'
import {
  ConnectorWrapper,
  createDataSource,
  getSettings,
  HftConnectorStream,
  overrideSettings,
  parseDepthEvent,
  parseTimestamp,
  parseTradeEvent,
  readSettings,
  StubbedConnector,
  setupConnectorMode,
  statusRoutes,
  type TradeTick,
} from '../../../src/connectors/hft/index.js'
import { HttpServer } from '../../../src/http/index.js'
import { VirtualClock } from '../../../src/runtime/index.js'
import { FakeSource } from '../../support/fake-source.js'
import { depthEvent, ScriptedConnector, StreamRig, tradeEvent } from './scripted-connector.js'

const TIME_MS = Date.UTC(2024, 0, 15, 12, 34, 56)

describe('connector parsing', () => {
  it.each([
    ['a Date', new Date(TIME_MS + 1), TIME_MS + 1],
    ['epoch milliseconds', TIME_MS + 2, TIME_MS + 2],
    ['ISO text with microseconds', '2024-01-15T12:34:56.789123+00:00', TIME_MS + 789.123],
    ['ISO text with Z', '2024-01-15T12:34:56Z', TIME_MS],
    ['ISO text with another zone', '2024-01-15T14:34:56+02:00', TIME_MS],
    ['ISO text without a zone, which is UTC', '2024-01-15 12:34:56.5', TIME_MS + 500],
  ])('[D03] takes the time as %s', (_form, value, expected) => {
    expect(parseTimestamp(value)).toBeCloseTo(expected as number, 3)
  })

  it.each([
    [undefined],
    [Number.NaN],
    [1_700_000_000],
    [1.7e15],
    ['yesterday'],
    ['2024-13-45T00:00:00Z'],
    [new Date(Number.NaN)],
    [5n],
  ])('[D03] refuses the time %s with a reason', (value) => {
    expect(parseTimestamp(value)).toMatch(/^timestamp is /)
  })

  it('[D12] reads a trade with the snake case keys of the original, and with camel case ones', () => {
    const expected = {
      value: expect.objectContaining({
        price: 100.5,
        qty: 0.25,
        side: 'buy',
        isBuyerMaker: false,
        id: 12_345,
        symbol: 'BTCUSDT',
      }),
    }
    expect(parseTradeEvent(tradeEvent(), 'BTCUSDT')).toEqual(expected)
    expect(parseTradeEvent(tradeEvent({ is_buyer_maker: undefined, isBuyerMaker: false }), 'BTCUSDT')).toEqual(expected)
    expect(parseTradeEvent(tradeEvent({ symbol: 'ethusdt' }), 'BTCUSDT')).toEqual({
      value: expect.objectContaining({ symbol: 'ETHUSDT' }),
    })
  })

  it.each([
    [{ price: 0 }, 'price is 0'],
    [{ price: '100' }, 'price is "100"'],
    [{ qty: Number.POSITIVE_INFINITY }, 'qty is'],
    [{ side: 'BUY' }, "not 'buy' or 'sell'"],
    [{ is_buyer_maker: 0 }, 'isBuyerMaker is 0'],
    [{ is_buyer_maker: true }, 'contradict'],
    [{ id: 1.5 }, 'id is 1.5'],
    [{ id: undefined }, 'id is undefined'],
    [{ symbol: 7 }, 'symbol is 7'],
  ])('[D12] refuses a trade with %o', (overrides, reason) => {
    expect(parseTradeEvent(tradeEvent(overrides), 'BTCUSDT')).toEqual({ problem: expect.stringContaining(reason) })
  })

  it('[D13] reads levels as pairs or objects, sorts them and leaves out empty ones', () => {
    const parsed = parseDepthEvent(
      depthEvent({ bids: [[99, 1], { price: 100, qty: 2 }, [98, 0]], last_update_id: undefined, lastUpdateId: 7 }),
      'BTCUSDT',
    )
    expect(parsed).toEqual({
      value: expect.objectContaining({
        bids: [
          [100, 2],
          [99, 1],
        ],
        lastUpdateId: 7,
      }),
    })
  })

  it.each([
    [{ bids: 'many' }, 'bids is "many"'],
    [{ asks: [[1]] }, 'asks[0]'],
    [{ asks: [null] }, 'asks[0]'],
    [{ bids: [[100.1, 1]] }, 'crossed'],
    [{ bids: [[-1, 1]] }, 'bids[0]'],
    [{ last_update_id: -1 }, 'lastUpdateId is -1'],
  ])('[D13] refuses a depth event with %o', (overrides, reason) => {
    expect(parseDepthEvent(depthEvent(overrides), 'BTCUSDT')).toEqual({ problem: expect.stringContaining(reason) })
  })

  it('[D03] never throws, whatever it is given, and keeps only sorted books', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom(
            'timestamp',
            'price',
            'qty',
            'side',
            'id',
            'bids',
            'asks',
            'lastUpdateId',
            'isBuyerMaker',
            'symbol',
          ),
          fc.anything(),
        ),
        (event) => {
          parseTradeEvent(event, 'X')
          parseDepthEvent(event, 'X')
        },
      ),
      { numRuns: 300 },
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 0, max: 9 }))), (bids) => {
        const parsed = parseDepthEvent(depthEvent({ bids, asks: [[501, 1]] }), 'X')
        const prices = 'value' in parsed ? parsed.value.bids.map(([price]) => price) : null
        expect(prices).toEqual([...(prices ?? [])].sort((a, b) => b - a))
        expect(prices).toHaveLength(bids.filter(([, qty]) => qty > 0).length)
      }),
    )
  })
})

describe('stubbed connector', () => {
  it('[D01] connects, subscribes, speaks and disconnects as the contract says', async () => {
    const clock = new VirtualClock()
    const stub = new StubbedConnector({ clock })
    expect(stub).toBeInstanceOf(ConnectorWrapper)
    expect(await stub.isConnected()).toBe(false)
    await expect(stub.subscribeTrades('BTCUSDT')).rejects.toMatchObject({ code: 'CONNECTOR_NOT_CONNECTED' })
    await expect(stub.nextEvent()).rejects.toMatchObject({ code: 'CONNECTOR_NOT_CONNECTED' })
    await stub.connect()
    expect(await stub.nextEvent()).toBeNull()
    await stub.subscribeTrades('BTCUSDT')
    expect(await stub.nextEvent()).toMatchObject({ type: 'trade' })
    expect(stub.getHealthStatus()).toEqual({
      connected: true,
      subscribedTrades: true,
      subscribedDepth: false,
      eventCounter: 1,
    })
    await stub.disconnect()
    await stub.disconnect()
    expect(stub.getHealthStatus()).toMatchObject({ connected: false, subscribedTrades: false })
  })

  async function eventsOf(seed: number, count: number): Promise<string> {
    const clock = new VirtualClock()
    const stub = new StubbedConnector({ seed, clock })
    await stub.connect()
    await stub.subscribeTrades('BTCUSDT')
    await stub.subscribeDepth('BTCUSDT')
    const events: unknown[] = []
    while (events.length < count) {
      events.push(await stub.nextEvent())
      await clock.advance(50)
    }
    return JSON.stringify(events)
  }

  it('[D04] says the same for the same seed, and something else for another', async () => {
    expect(await eventsOf(7, 200)).toBe(await eventsOf(7, 200))
    expect(await eventsOf(7, 200)).not.toBe(await eventsOf(8, 200))
  })

  it('[D04] makes only events that parse, of both kinds, near its base price', async () => {
    const events = JSON.parse(await eventsOf(1, 400)) as Record<string, unknown>[]
    const trades = events.filter(({ type }) => type === 'trade')
    const depths = events.filter(({ type }) => type === 'depth')
    expect(trades.length + depths.length).toBe(400)
    expect(Math.min(trades.length, depths.length)).toBeGreaterThan(100)
    for (const event of trades)
      expect(parseTradeEvent(event, 'X')).toHaveProperty('value.price', expect.closeTo(50_000, -3))
    for (const event of depths) expect(parseDepthEvent(event, 'X')).toHaveProperty('value.bids.length', 10)
  })

  it('[D04] has one event per interval, and no endless backlog after a pause', async () => {
    const clock = new VirtualClock()
    const stub = new StubbedConnector({ clock, eventIntervalMs: 50 })
    await stub.connect()
    await stub.subscribeDepth('BTCUSDT')
    const take = async (): Promise<number> => {
      let count = 0
      while ((await stub.nextEvent()) !== null) count++
      return count
    }
    expect(await take()).toBe(1)
    await clock.advance(500)
    expect(await take()).toBe(10)
    await clock.advance(86_400_000)
    expect(await take()).toBe(1_001)
  })
})

describe('connector stream', () => {
  it('[D02] publishes trades, books and best prices under its name', async () => {
    const rig = new StreamRig({ name: 'mine' })
    const sources: string[] = []
    rig.bus.subscribe('mkt.*', ({ source }) => sources.push(source))
    await rig.stream.start()
    await rig.feed(tradeEvent(), depthEvent(), depthEvent({ last_update_id: 43 }))
    expect(rig.seen('mkt.trades')).toEqual([
      expect.objectContaining({
        venue: 'SIM_FUTURES',
        symbol: 'BTCUSDT',
        id: 12_345,
        takerSide: 'BUY',
        isBuyerMaker: false,
        tradeTimeMs: TIME_MS + 1.25,
      }),
    ])
    expect(rig.seen('mkt.orderbook').map(({ sequence, state }) => [sequence, state])).toEqual([
      [42, 'LIVE'],
      [43, 'LIVE'],
    ])
    expect(rig.seen('mkt.bbo')).toEqual([expect.objectContaining({ bid: 100, bidQty: 1, ask: 100.1, askQty: 1 })])
    expect(new Set(sources)).toEqual(new Set(['mine']))
    await rig.stream.stop()
  })

  it('[D02] starts once, stops idempotently, and starts again', async () => {
    const rig = new StreamRig({ symbols: ['btcusdt', 'ETHUSDT'] })
    await rig.stream.start()
    await expect(rig.stream.start()).rejects.toMatchObject({ code: 'ALREADY_RUNNING' })
    expect(rig.connector.calls).toEqual([
      'connect',
      'trades BTCUSDT',
      'depth BTCUSDT',
      'trades ETHUSDT',
      'depth ETHUSDT',
    ])
    await Promise.all([rig.stream.stop(), rig.stream.stop()])
    expect(rig.stream.state).toBe('STOPPED')
    expect(rig.clock.pendingTimerCount).toBe(0)
    expect(rig.connector.calls.at(-1)).toBe('disconnect')
    await rig.stream.start()
    await rig.feed(tradeEvent())
    expect(rig.seen('mkt.trades')).toHaveLength(1)
    await rig.stream.stop()
  })

  it('[D02] can be stopped while it is still connecting', async () => {
    const rig = new StreamRig()
    rig.connector.failures = 99
    const starting = rig.stream.start()
    starting.catch(() => {})
    await rig.clock.advance(700)
    await rig.stream.stop()
    await expect(starting).rejects.toMatchObject({ code: 'STOPPED_DURING_START' })
    expect(rig.clock.pendingTimerCount).toBe(0)
    expect(rig.stream.state).toBe('STOPPED')
  })

  it('[D03] counts and logs bad events, and goes on', async () => {
    const rig = new StreamRig()
    await rig.stream.start()
    await rig.feed(
      tradeEvent({ price: 'x' }),
      { type: 'weather' },
      depthEvent({ bids: 3 }),
      tradeEvent({ symbol: 'DOGEUSDT' }),
      tradeEvent(),
    )
    expect(rig.seen('mkt.trades')).toHaveLength(1)
    expect(rig.stream.connectorMetrics()).toMatchObject({ tradeParseErrors: 3, depthParseErrors: 1 })
    const errors = rig.lines.map((line) => JSON.parse(line)).filter(({ event }) => event.endsWith('parse_error'))
    expect(errors.map(({ event, count }) => [event, count])).toEqual([
      ['connector_trade_parse_error', 1],
      ['connector_trade_parse_error', 2],
      ['connector_depth_parse_error', 1],
      ['connector_trade_parse_error', 3],
    ])
    await rig.stream.stop()
  })

  it('[D07] asks again after the poll interval when there was no event, and at once when there was', async () => {
    const rig = new StreamRig({ pollIntervalMs: 100 })
    await rig.stream.start()
    await rig.clock.advance(300)
    expect(rig.connector.pollTimes).toEqual([0, 100, 200, 300])
    await rig.feed(tradeEvent(), tradeEvent(), tradeEvent())
    expect(rig.connector.pollTimes.slice(4)).toEqual([400, 400, 400, 400])
    await rig.stream.stop()
  })

  it('[D16] writes the documented lines, on standard error and on the bus', async () => {
    const rig = new StreamRig({ eventLog: 'all' })
    await rig.stream.start()
    await rig.feed(tradeEvent(), depthEvent())
    const at = '2024-01-15T12:34:56.000000+00:00'
    expect(rig.lines).toEqual([
      `{"timestamp":"${at}","event":"connector_connected","symbol":"BTCUSDT","connector":"hft"}`,
      `{"timestamp":"2024-01-15T12:34:56.100000+00:00","event":"connector_trade","price":100.5,"qty":0.25,"side":"buy","lag_ms":98.75,"queue_size":0,"connector":"hft"}`,
      `{"timestamp":"2024-01-15T12:34:56.100000+00:00","event":"connector_depth","lag_ms":98,"queue_size":0,"bids":2,"asks":2,"connector":"hft"}`,
    ])
    expect(
      rig
        .seen('log.event')
        .filter(({ event }) => event.startsWith('connector_'))
        .map(({ event, data }) => [event, data]),
    ).toEqual(
      rig.lines.map((line) => {
        const { timestamp: _, event, ...data } = JSON.parse(line)
        return [event, data]
      }),
    )
    await rig.stream.stop()
  })

  it('[D16] samples lines of single events unless told otherwise, while counters stay exact', async () => {
    const rig = new StreamRig()
    await rig.stream.start()
    await rig.feed(...Array.from({ length: 200 }, (_, id) => tradeEvent({ id })))
    expect(rig.lines.filter((line) => line.includes('connector_trade'))).toHaveLength(10)
    expect(rig.stream.connectorMetrics().tradesPerMinute).toBe(200)
    await rig.stream.stop()
  })

  it('[D18] tries after 0.5, 1, 2, 4 and 8 s, then gives up with state and event', async () => {
    const rig = new StreamRig()
    rig.connector.failures = 99
    await expect(rig.settled(rig.stream.start(), 60_000)).rejects.toMatchObject({ code: 'CONNECTOR_UNREACHABLE' })
    expect(rig.connector.connectTimes).toEqual([0, 500, 1_500, 3_500, 7_500, 15_500])
    expect(rig.stream.state).toBe('FAILED')
    expect(rig.events).toContain('FEED_START_FAILED')
    await rig.clock.advance(100_000)
    expect(rig.connector.connectTimes).toHaveLength(6)
    await rig.stream.stop()
    expect(rig.clock.pendingTimerCount).toBe(0)
  })

  it('[D17] tells every failed attempt with its number', async () => {
    const rig = new StreamRig()
    rig.connector.failures = 2
    await rig.settled(rig.stream.start(), 60_000)
    const errors = rig.lines
      .map((line) => JSON.parse(line))
      .filter(({ event }) => event === 'connector_connection_error')
    expect(errors).toEqual([
      expect.objectContaining({ error: 'refused', attempt: 0, connector: 'hft' }),
      expect.objectContaining({ error: 'refused', attempt: 1 }),
    ])
    expect(rig.stream.state).toBe('RUNNING')
    await rig.stream.stop()
  })

  it('[D19] notices a lost connection, announces the hole, subscribes again and marks the book meanwhile', async () => {
    const rig = new StreamRig()
    await rig.stream.start()
    await rig.feed(tradeEvent(), depthEvent())
    rig.connector.isOpen = false
    await rig.clock.advance(100)
    expect(rig.seen('mkt.orderbook').at(-1)?.state).toBe('RESYNCING')
    expect(rig.stream.getHealth().connections[0]).toMatchObject({ state: 'BACKOFF' })
    expect(rig.seen('live.gap').map(({ kind, streamType, cause }) => [kind, streamType, cause])).toEqual([
      ['opened', 'TRADE', 'DISCONNECT'],
      ['opened', 'DEPTH', 'DISCONNECT'],
    ])
    await rig.clock.advance(500)
    expect(rig.connector.calls.slice(-3)).toEqual(['connect', 'trades BTCUSDT', 'depth BTCUSDT'])
    await rig.feed(depthEvent({ last_update_id: 50 }))
    expect(rig.seen('mkt.orderbook').at(-1)).toMatchObject({ state: 'LIVE', sequence: 50 })
    expect(rig.stream.gaps().map(({ kind }) => kind)).toEqual(['unfillable', 'filled'])
    expect(rig.stream.getHealth().connections[0]).toMatchObject({
      state: 'OPEN',
      reconnectCount: 1,
      reconnectAttempt: 0,
    })
    await rig.stream.stop()
  })

  it('[D19] treats a failing nextEvent as a lost connection, and fails for good when attempts are used up', async () => {
    const rig = new StreamRig()
    await rig.stream.start()
    rig.connector.nextError = new Error('socket gone')
    rig.connector.failures = 99
    await rig.clock.advance(20_000)
    expect(rig.lines.some((line) => line.includes('socket gone'))).toBe(true)
    expect(rig.stream.state).toBe('FAILED')
    expect(rig.events).toContain('FEED_FAILED')
    await rig.stream.stop()
  })

  it('[D20] gives every trade once and in order to both hooks, and isolates one that fails', async () => {
    const seen: string[] = []
    const rig = new StreamRig({
      contextService: { ingestTrade: ({ id }) => void seen.push(`context ${id}`) },
      strategyEngine: {
        ingestTrade: ({ id }) => {
          seen.push(`strategy ${id}`)
          if (id === 2) throw new Error('bad strategy')
        },
      },
    })
    await rig.stream.start()
    await rig.feed(tradeEvent({ id: 1 }), tradeEvent({ id: 2 }), tradeEvent({ id: 3 }))
    expect(seen).toEqual(['context 1', 'strategy 1', 'context 2', 'strategy 2', 'context 3', 'strategy 3'])
    expect(rig.seen('log.event').filter(({ event }) => event === 'HANDLER_ERROR')).toHaveLength(1)
    await rig.stream.stop()
  })

  function slowHook(): {
    readonly ids: number[]
    readonly release: () => void
    ingestTrade(tick: TradeTick): Promise<void>
  } {
    const ids: number[] = []
    let release = (): void => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    return {
      ids,
      release: () => release(),
      ingestTrade: ({ id }) => {
        ids.push(id)
        return gate
      },
    }
  }

  it.each([
    ['dropOldest', [1, 8, 9, 10], 6],
    ['dropNewest', [1, 2, 3, 4], 6],
    ['block', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0],
  ] as const)(
    '[D09] keeps MAX_QUEUE events while a hook is slow (%s), with an exact count of the others',
    async (overflow, expected, dropped) => {
      const hook = slowHook()
      const rig = new StreamRig({ maxQueue: 3, overflow, strategyEngine: hook })
      await rig.stream.start()
      await rig.feed(...Array.from({ length: 10 }, (_, index) => tradeEvent({ id: index + 1 })))
      expect(rig.stream.connectorStatus().queueSize).toBe(3)
      hook.release()
      await rig.feed()
      expect(hook.ids).toEqual(expected)
      expect(rig.stream.connectorMetrics().droppedCount).toBe(dropped)
      const gaps = rig.stream.gaps()
      expect(gaps.map(({ kind, cause, missing }) => [kind, cause, missing])).toEqual(
        dropped === 0 ? [] : [['unfillable', 'OVERFLOW', dropped]],
      )
      await rig.stream.stop()
    },
  )

  it('[D14] calls a silent stream stale, marks its book, and recovers with the next event', async () => {
    const rig = new StreamRig()
    await rig.stream.start()
    await rig.feed(tradeEvent(), depthEvent())
    await rig.clock.advance(40_000)
    expect(rig.stream.getHealth().feeds.map(({ state }) => state)).toEqual(['STALE', 'STALE'])
    expect(rig.seen('mkt.orderbook').at(-1)?.state).toBe('STALE')
    await rig.feed(depthEvent({ last_update_id: 60 }))
    await rig.clock.advance(5_000)
    expect(rig.events).toContain('FEED_RECOVERED')
    expect(rig.seen('mkt.orderbook').at(-1)?.state).toBe('LIVE')
    await rig.stream.stop()
  })

  it('[D14, D15] is shown by the HTTP server in exactly the documented shapes', async () => {
    const rig = new StreamRig()
    const server = await HttpServer.start({ sources: [rig.stream], routes: statusRoutes([rig.stream]) })
    const get = async (path: string): Promise<unknown> => (await fetch(`${server.url}${path}`)).json()
    await rig.stream.start()
    await rig.feed(...Array.from({ length: 240 }, (_, id) => tradeEvent({ id })), depthEvent())
    expect(await get('/ws/health')).toEqual({
      connector: {
        connected: true,
        last_ts: '2024-01-15T12:34:56.002000+00:00',
        queue_size: 0,
        reconnection_attempts: 0,
        connector_health: {
          connected: true,
          subscribed_trades: true,
          subscribed_depth: true,
          event_counter: expect.any(Number),
        },
      },
    })
    expect(await get('/metrics.json')).toEqual({
      trades: { per_minute_count: 240, per_second_rate: 4, queue_size: 0 },
      depth: { per_minute_count: 1, per_second_rate: 0.017, queue_size: 0 },
    })
    await rig.clock.advance(61_000)
    expect(await get('/metrics.json')).toMatchObject({ trades: { per_minute_count: 0, per_second_rate: 0 } })
    await rig.stream.stop()
    await server.stop()
  })

  it('[D14, D15] has the same shapes for a source that is no connector, from its health', () => {
    const bodies = statusRoutes([new FakeSource()]).map(({ answer }) => JSON.parse(answer().body))
    expect(bodies).toEqual([
      {
        connector: {
          connected: true,
          last_ts: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/),
          queue_size: 0,
          reconnection_attempts: 0,
          connector_health: { connected: true, subscribed_trades: true, subscribed_depth: false, event_counter: 10 },
        },
      },
      {
        trades: { per_minute_count: 150, per_second_rate: 2.5, queue_size: 0 },
        depth: { per_minute_count: 0, per_second_rate: 0, queue_size: 0 },
      },
    ])
  })

  it('[D24] carries on with a second connector when the first is given up', async () => {
    const clock = new VirtualClock()
    const bus = new Bus({ clock })
    const streams = ['primary', 'backup'].map((name, seed) => {
      const connector = new StubbedConnector({ clock, seed })
      return { connector, stream: new HftConnectorStream(connector, bus, { name, runtime: { clock }, logLine: null }) }
    })
    const [primary, backup] = streams as [(typeof streams)[0], (typeof streams)[0]]
    const bySource: string[] = []
    bus.subscribe('mkt.trades', ({ source }) => bySource.push(source))
    bus.subscribe('log.event', ({ payload, source }) => {
      if (payload.event === 'FEED_FAILED' && source === 'primary') void backup.stream.start()
    })
    await primary.stream.start()
    await clock.advance(1_000)
    expect(new Set(bySource)).toEqual(new Set(['primary']))
    primary.connector.connect = () => Promise.reject(new Error('venue closed'))
    await primary.connector.disconnect()
    await clock.advance(20_000)
    expect(primary.stream.state).toBe('FAILED')
    expect(bySource.at(-1)).toBe('backup')
    await Promise.all(streams.map(({ stream }) => stream.stop()))
    expect(clock.pendingTimerCount).toBe(0)
  })
})

describe('connector configuration', () => {
  let restore = (): void => {}
  afterEach(() => {
    restore()
    restore = () => {}
  })

  it('[D05, D06, D07, D08, D09, D10] has the documented defaults', () => {
    expect(readSettings({})).toEqual({
      dataSource: 'binance_ws',
      connectorName: null,
      connectorPollIntervalMs: 100,
      connectorPaperTrading: true,
      maxQueue: 1_000,
      symbol: 'BTCUSDT',
    })
  })

  it('[D05, D06, D07, D08, D09, D10] reads every variable', () => {
    const env = {
      DATA_SOURCE: 'hft_connector',
      CONNECTOR_NAME: 'binance_hft',
      CONNECTOR_POLL_INTERVAL_MS: '25',
      CONNECTOR_PAPER_TRADING: 'False',
      MAX_QUEUE: '5000',
      SYMBOL: 'ethusdt',
    }
    expect(readSettings(env)).toEqual({
      dataSource: 'hft_connector',
      connectorName: 'binance_hft',
      connectorPollIntervalMs: 25,
      connectorPaperTrading: false,
      maxQueue: 5_000,
      symbol: 'ETHUSDT',
    })
  })

  it('[D05] names every bad variable with what it may be', () => {
    expect(() =>
      readSettings({ DATA_SOURCE: 'hft', CONNECTOR_POLL_INTERVAL_MS: '0', CONNECTOR_PAPER_TRADING: 'maybe' }),
    ).toThrow(
      'DATA_SOURCE: "hft" is not binance_ws or hft_connector\nCONNECTOR_POLL_INTERVAL_MS: "0" is not whole milliseconds from 1\nCONNECTOR_PAPER_TRADING: "maybe" is not true or false',
    )
  })

  it('[D10] is cached, and can be overridden in tests', () => {
    expect(getSettings()).toBe(getSettings())
    const before = getSettings()
    restore = overrideSettings({ dataSource: 'hft_connector' })
    expect(getSettings()).toEqual({ ...before, dataSource: 'hft_connector' })
    restore()
    expect(getSettings()).toBe(before)
  })

  it('[D11] sets up the stub unless told otherwise, with what the settings say', async () => {
    const clock = new VirtualClock()
    const settings = readSettings({ SYMBOL: 'ETHUSDT', MAX_QUEUE: '7' })
    const bus = new Bus({ clock })
    const stream = setupConnectorMode({ bus, settings, logLine: null, runtime: { clock } })
    expect(stream.connector).toBeInstanceOf(StubbedConnector)
    await stream.start()
    await clock.advance(1_000)
    expect(bus.last('mkt.trades')?.payload).toMatchObject({ symbol: 'ETHUSDT', venue: 'SIM_FUTURES' })
    await stream.stop()
  })

  it('[D11] takes a custom connector, which is handed the settings', () => {
    const clock = new VirtualClock()
    const settings = readSettings({ CONNECTOR_NAME: 'mine' })
    const connector = new ScriptedConnector(clock)
    let given: unknown = null
    const stream = setupConnectorMode({ bus: new Bus({ clock }), settings }, (handed) => {
      given = handed
      return connector
    })
    expect(stream.connector).toBe(connector)
    expect(given).toBe(settings)
  })

  it('[D08] asks for more than a variable before it gives up paper trading', () => {
    const settings = readSettings({ CONNECTOR_PAPER_TRADING: 'false' })
    const bus = new Bus()
    expect(() => setupConnectorMode({ bus, settings })).toThrow('allowLiveTrading')
    expect(setupConnectorMode({ bus, settings, allowLiveTrading: true })).toBeInstanceOf(HftConnectorStream)
  })

  it('[D05] switches the source by a variable, without a change of code', () => {
    const binance = new FakeSource()
    const choose = (env: Record<string, string>): unknown =>
      createDataSource({ bus: new Bus(), settings: readSettings(env), binanceWs: () => binance })
    expect(choose({})).toBe(binance)
    expect(choose({ DATA_SOURCE: 'hft_connector' })).toBeInstanceOf(HftConnectorStream)
  })

  it.each([
    [{ maxQueue: 0 }, 'maxQueue 0'],
    [{ pollIntervalMs: 0 }, 'pollIntervalMs 0'],
    [{ symbols: [] }, 'symbols is empty'],
    [{ symbols: ['BTC/USDT'] }, '"BTC/USDT" is not a symbol'],
  ])('refuses %o', (options, message) => {
    expect(() => new StreamRig(options)).toThrow(message)
  })
})
