/**
 * The shipped alert rules in a real Prometheus that scrapes a real run: each fault is made on the simulated venue
 * (or in the process) until its alert fires, then healed until it is resolved. The rule file is the shipped one
 * with every duration divided by sixty; thresholds and expressions are untouched.
 *
 * No fault has a time of its own: each lasts until this file has seen its alert, however slow the machine. Deadlines
 * only decide how long a failure takes.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Bus } from '../../../src/bus/index.js'
import { HttpServer } from '../../../src/http/index.js'
import { LiveDataFeedManager, parseStreamList } from '../../../src/live/index.js'
import { FeedMetrics } from '../../../src/metrics/index.js'
import { NodeEventLoopMonitor, SystemClock } from '../../../src/runtime/index.js'
import { type InjectedFault, SimVenue } from '../../../src/sim/index.js'
import { boardQueries, fasterRules, readRules } from '../../support/deploy.js'
import { FakeSource } from '../../support/fake-source.js'
import { describeWithPrometheus, type FiredAlert, RunningPrometheus } from '../../support/prometheus.js'
import { waitFor } from '../../support/wait-for.js'

const FASTER = 60
const INTERVAL_MS = 250
const FIRE_MS = 180_000
const RESOLVE_MS = 180_000
/** Of a test that waits for a few of those; more than they can add up to in a failure that is reported in words. */
const TEST_MS = 2 * (FIRE_MS + RESOLVE_MS)

/** One manager on a venue of its own, so that no fault reaches another. */
class Line {
  readonly venue: SimVenue
  readonly manager: LiveDataFeedManager

  static async start(bus: Bus, name: string, streams: string): Promise<Line> {
    const venue = await SimVenue.start({ symbols: ['BTCUSDT'], market: 'spot', seed: 7 })
    const manager = new LiveDataFeedManager(
      {
        venue: 'SIM_SPOT',
        streams: parseStreamList(streams, ['BTCUSDT']),
        connection: {
          baseUrl: venue.wsUrl,
          restUrl: venue.restUrl,
          baseReconnectDelayMs: 100,
          firstReconnectDelayMs: 1,
        },
        health: { stalenessThresholdMs: 1_500, healthCheckIntervalMs: 500, clockCheckIntervalMs: 1_000 },
        candles: { holdMsMax: 2_000 },
      },
      bus,
      { name },
    )
    return new Line(venue, manager)
  }

  private constructor(venue: SimVenue, manager: LiveDataFeedManager) {
    this.venue = venue
    this.manager = manager
  }

  async stop(): Promise<void> {
    await this.manager.stop()
    await this.venue.stop()
  }
}

describeWithPrometheus('alerts on a running feed', ['prometheus'], (program = '') => {
  const clock = new SystemClock()
  const bus = new Bus({ clock })
  const eventLoop = new NodeEventLoopMonitor({ clock, windowMs: 2_000 })
  // A source that is not a manager, with everything a health may say: redundant pair, venue clock, book.
  const other = new FakeSource('other')
  const metrics = new FeedMetrics({ bus, clock, eventLoop, sources: [other] })
  const lines = new Map<string, Line>()
  let http: HttpServer
  let prometheus: RunningPrometheus
  let neverSpeaks: InjectedFault

  const line = (name: string): Line => {
    const found = lines.get(name)
    if (found === undefined) throw new Error(`no line ${name}`)
    return found
  }
  const alerts = async (name: string): Promise<FiredAlert[]> =>
    (await prometheus.alerts()).filter((alert) => alert.name === name)
  const fired = new Set<string>()
  /** Waits until the alert fires with these labels, and says this about it. */
  const fires = async (
    name: string,
    labels: Readonly<Record<string, string>> = {},
    annotations: Readonly<Record<string, RegExp>> = {},
  ): Promise<void> => {
    let seen: FiredAlert[] = []
    await waitFor(
      async () => {
        seen = await alerts(name)
        return seen.some(
          (alert) =>
            alert.state === 'firing' &&
            Object.entries(labels).every(([label, value]) => alert.labels[label] === value) &&
            Object.entries(annotations).every(([key, text]) => text.test(alert.annotations[key] ?? '')),
        )
      },
      { timeoutMs: FIRE_MS, pollMs: 100, what: () => `${name} to fire; last seen: ${JSON.stringify(seen)}` },
    )
    fired.add(name)
  }
  /** Makes the same fault again and again, each time after the one before took effect, until the alert fires. */
  const firesWhile = async (
    name: string,
    labels: Readonly<Record<string, string>>,
    strike: () => unknown,
    effects: () => number,
  ): Promise<void> => {
    const state = { isFiring: false }
    const striking = (async () => {
      while (!state.isFiring) {
        const before = effects()
        await strike()
        // A fault that met a part in the middle of healing has no effect of its own: it is made again.
        await waitFor(() => state.isFiring || effects() > before, { timeoutMs: 2_000 }).catch(() => {})
      }
    })()
    try {
      await fires(name, labels)
    } finally {
      state.isFiring = true
      await striking
    }
  }
  const isResolved = (name: string): Promise<true> =>
    waitFor(async () => (await alerts(name)).length === 0, {
      timeoutMs: RESOLVE_MS,
      pollMs: 100,
      what: `${name} to be resolved`,
    })

  beforeAll(async () => {
    // As an application has one; its calls are what the slowest handler is about.
    bus.subscribe('mkt.bbo', () => {})
    other.clock = { offsetMs: 2, uncertaintyMs: 1, ageMs: 500, sampleCount: 4 }
    other.connections = other.connections.map((connection) => ({
      ...connection,
      paths: ['a', 'b'].map((path) => ({
        path,
        generation: 1,
        state: 'OPEN' as const,
        rttMs: 1,
        firstCount: 50,
        lateCount: 50,
        lateMs: { p50: 1, p99: 4 },
      })),
    }))
    const started = [
      ['stale', 'depth:20@100ms,aggTrade'],
      ['silent', 'bookTicker,ticker'],
      ['storm', 'bookTicker'],
      ['gaps', 'aggTrade'],
      ['books', 'depth:full@100ms,kline:1s'],
      ['rest', 'depth:full@100ms'],
      ['candles', 'kline:1s'],
      ['clock', 'bookTicker'],
      ['down', 'bookTicker'],
    ] as const
    for (const [name, streams] of started) {
      const one = await Line.start(bus, name, streams)
      lines.set(name, one)
      if (name === 'silent') neverSpeaks = one.venue.inject({ fault: 'silentStream', on: { stream: 'btcusdt@ticker' } })
      await one.manager.start()
      metrics.add(one.manager)
    }
    http = await HttpServer.start({ metrics, sources: [] })
    prometheus = await RunningPrometheus.start(program, {
      targetPort: http.port,
      rules: fasterRules(FASTER),
      intervalMs: INTERVAL_MS,
    })
    await waitFor(async () => (await prometheus.query('up == 1')).length === 1, {
      timeoutMs: FIRE_MS,
      what: 'the first scrape',
    })
  }, TEST_MS)

  afterAll(async () => {
    await prometheus?.stop()
    await http?.stop()
    for (const one of lines.values()) await one.stop()
    metrics.close()
    eventLoop.close()
    bus.close()
  })

  it('names the stream that was acknowledged and never spoke, until it does', { timeout: TEST_MS }, async () => {
    await fires('FeedbusSubscriptionSilent', { manager: 'silent' }, { description: /BTCUSDT TICKER/ })
    neverSpeaks.end()
    await isResolved('FeedbusSubscriptionSilent')
  })

  it('is quiet while nothing is wrong', { timeout: TEST_MS }, async () => {
    const speaking = async (): Promise<(string | undefined)[]> =>
      (await prometheus.query('feedbus_messages_received_total{manager!="other"} > 0')).map(
        ({ metric }) => metric['manager'],
      )
    await waitFor(async () => new Set(await speaking()).size === lines.size, {
      timeoutMs: FIRE_MS,
      what: 'messages of every manager',
    })
    // A late event loop is the truth on a machine that does other things as well, and what it delays comes to rest.
    const wrong = async (): Promise<FiredAlert[]> =>
      (await prometheus.alerts()).filter(({ name }) => name !== 'FeedbusEventLoopLag')
    let last: FiredAlert[] = []
    await waitFor(
      async () => {
        last = await wrong()
        return last.length === 0
      },
      { timeoutMs: RESOLVE_MS, pollMs: 100, what: () => `no alert; last seen: ${JSON.stringify(last)}` },
    )
  })

  it('fires for candles that are given up', { timeout: TEST_MS }, async () => {
    const { venue } = line('candles')
    const refusal = venue.inject({ fault: 'httpStatus', status: 500, on: { rest: '*' } })
    venue.inject({ fault: 'candleClose', variant: 'missing', probability: 1, per: 'frame', count: 2 })
    await fires('FeedbusCandlesLost', { manager: 'candles' })
    refusal.end()
    // It looks back on an hour: that it is resolved is seen at the end.
  })

  it('fires for a stalled stream and names it, and resolves when it speaks again', { timeout: TEST_MS }, async () => {
    const stall = line('stale').venue.inject({ fault: 'silentStream', on: { stream: 'btcusdt@depth20@100ms' } })
    await fires(
      'FeedbusFeedStale',
      { manager: 'stale' },
      { summary: /^1 stale streams in stale$/, description: /BTCUSDT DEPTH 20@100ms/ },
    )
    stall.end()
    await isResolved('FeedbusFeedStale')
  })

  it('fires for a connection that is cut again and again, and resolves', { timeout: TEST_MS }, async () => {
    const { venue, manager } = line('storm')
    const cut = (): Promise<boolean> => waitFor(() => venue.cut() > 0, { timeoutMs: FIRE_MS, what: 'a socket to cut' })
    const reconnects = (): number => manager.getHealth().connections[0]?.reconnectCount ?? 0
    await firesWhile('FeedbusReconnectStorm', { manager: 'storm' }, cut, reconnects)
    await isResolved('FeedbusReconnectStorm')
  })

  it('fires for trades that get lost, and resolves', { timeout: TEST_MS }, async () => {
    const { venue, manager } = line('gaps')
    const drop = (): InjectedFault =>
      venue.inject({ fault: 'dropDiff', variant: 'trade', probability: 1, per: 'frame', count: 1 })
    const gaps = (): number => manager.getHealth().feeds[0]?.gapCount ?? 0
    await firesWhile('FeedbusGapRate', { manager: 'gaps' }, drop, gaps)
    await isResolved('FeedbusGapRate')
  })

  it('fires for a book that is rebuilt again and again, and resolves', { timeout: TEST_MS }, async () => {
    const { venue, manager } = line('books')
    const isLive = (): boolean => manager.getHealth().books[0]?.state === 'LIVE'
    const drop = async (): Promise<void> => {
      await waitFor(isLive, { timeoutMs: FIRE_MS, what: 'a whole book' })
      venue.inject({ fault: 'dropDiff', variant: 'depth', probability: 1, per: 'frame', count: 1 })
    }
    const resyncs = (): number => manager.getHealth().books[0]?.resyncCount ?? 0
    await firesWhile('FeedbusBookResyncRate', { manager: 'books' }, drop, resyncs)
    await isResolved('FeedbusBookResyncRate')
  })

  it('fires for a venue that limits requests and for the book that waits for them, and resolves', {
    timeout: TEST_MS,
  }, async () => {
    const { venue } = line('rest')
    const refusal = venue.inject({ fault: 'httpStatus', status: 429, retryAfter: '1s', on: { rest: '*' } })
    venue.inject({ fault: 'dropDiff', variant: 'depth', probability: 1, per: 'frame', count: 1 })
    await fires('FeedbusRestLimited', { manager: 'rest' })
    await fires('FeedbusBookNotLive', { manager: 'rest' })
    refusal.end()
    await isResolved('FeedbusBookNotLive')
    await isResolved('FeedbusRestLimited')
  })

  it('fires for a venue whose clock is set, and resolves when it is set right', { timeout: TEST_MS }, async () => {
    const step = line('clock').venue.inject({ fault: 'clockSkew', variant: 'step', offset: '3s' })
    await fires('FeedbusVenueClockOff', { manager: 'clock' })
    step.end()
    await isResolved('FeedbusVenueClockOff')
  })

  it('fires for a subscriber that does not keep up, and resolves when it is gone', { timeout: TEST_MS }, async () => {
    const slow = bus.stream('mkt.bbo', { capacity: 2, overflow: 'dropOldest' })
    await fires('FeedbusBusOverload', { topic: 'mkt.bbo' }, { summary: /^a subscriber of mkt\.bbo is too slow$/ })
    await slow.return()
    await isResolved('FeedbusBusOverload')
  })

  it('fires for a manager that stopped, and resolves when it runs again', { timeout: TEST_MS }, async () => {
    const { manager } = line('down')
    await manager.stop()
    await fires('FeedbusManagerDown', { manager: 'down' })
    await manager.start()
    await isResolved('FeedbusManagerDown')
  })

  it('fires for an event loop that is blocked, and resolves', { timeout: TEST_MS }, async () => {
    const blocking = clock.setRepeating(() => {
      const end = clock.monotonicMs() + 150
      while (clock.monotonicMs() < end);
    }, 300)
    try {
      await fires('FeedbusEventLoopLag')
    } finally {
      clock.clearTimer(blocking)
    }
    await isResolved('FeedbusEventLoopLag')
  })

  it('finds data for every query of the Grafana board', { timeout: TEST_MS }, async () => {
    let empty: string[] = []
    const isFull = async (): Promise<boolean> => {
      empty = []
      for (const { panel, expr } of boardQueries()) {
        if ((await prometheus.query(expr)).length === 0) empty.push(`${panel}: ${expr}`)
      }
      return empty.length === 0
    }
    // A rate needs two samples close together: a scrape that came late leaves a moment without one.
    await waitFor(isFull, { timeoutMs: FIRE_MS, pollMs: 100, what: () => `data for ${empty.join('; ')}` })
  })

  it('fires for a process that does not answer, and resolves when it does', { timeout: TEST_MS }, async () => {
    const { port } = http
    await http.stop()
    await fires('FeedbusProcessAbsent')
    // Any socket of this machine may have been given the port meanwhile.
    http = await waitFor(() => HttpServer.start({ port, metrics, sources: [] }).catch(() => null), {
      timeoutMs: FIRE_MS,
      what: `port ${port}`,
    })
    await isResolved('FeedbusProcessAbsent')
  })

  it('has seen every alert fire, leaves nothing firing behind, and every rule healthy', {
    timeout: TEST_MS,
  }, async () => {
    await waitFor(async () => (await prometheus.alerts()).length === 0, {
      timeoutMs: RESOLVE_MS,
      what: 'silence',
    })
    expect([...fired].sort()).toEqual(
      readRules()
        .flatMap(({ alert }) => alert ?? [])
        .sort(),
    )
    const broken = await prometheus.brokenRules()
    expect(broken).toEqual([])
    for (const { record } of readRules()) {
      if (record === undefined) continue
      // The process was away a moment ago: a rate needs two samples again.
      await waitFor(async () => (await prometheus.query(record)).length > 0, { timeoutMs: FIRE_MS, what: record })
    }
  })
})
