/** One stream falls silent among 200: found, cured or named within 30 s, and nobody else notices. */
import { afterEach, describe, expect, it } from 'vitest'
import { Bus } from '../../../src/bus/index.js'
import { LiveDataFeedManager, type StreamConfig, streamConfig } from '../../../src/live/index.js'
import { SeededRandom, VirtualClock } from '../../../src/runtime/index.js'
import { SimHttpClient, SimTransport, SimVenue } from '../../../src/sim/index.js'
import type { LogEvent } from '../../../src/types/log-event.js'
import { waitFor } from '../../support/wait-for.js'
import { settled } from './rig.js'

const SYMBOLS = Array.from({ length: 40 }, (_, index) => `C${index}USDT`)
const MUTE = 'c7usdt@ticker'

/** 200 streams on one connection. */
function streams(): StreamConfig[] {
  return SYMBOLS.flatMap((symbol) => [
    streamConfig(symbol, 'TRADE'),
    streamConfig(symbol, 'BOOK_TICKER'),
    streamConfig(symbol, 'TICKER'),
    streamConfig(symbol, 'MINI_TICKER'),
    streamConfig(symbol, 'DEPTH', { depthLevels: 5 }),
  ])
}

class Observed {
  readonly log: LogEvent[] = []
  gaps = 0
  readonly lost: string[] = []

  constructor(bus: Bus) {
    const last = new Map<string, number>()
    bus.subscribe('log.event', ({ payload }) => this.log.push(payload))
    bus.subscribe('live.gap', ({ payload }) => {
      if (payload.unit !== 'time') this.gaps++
    })
    bus.subscribe('mkt.trades', ({ payload: { symbol, id } }) => {
      const before = last.get(symbol)
      if (before !== undefined && id !== before + 1) this.lost.push(`${symbol}: ${id} after ${before}`)
      last.set(symbol, id)
    })
  }

  of(event: string): LogEvent[] {
    return this.log.filter((entry) => entry.event === event)
  }
}

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

async function virtual() {
  const clock = new VirtualClock()
  const venue = await SimVenue.start({
    listen: false,
    clock,
    symbols: SYMBOLS,
    market: 'spot',
    preset: 'calm',
    warmupBars: 2,
    extras: false,
  })
  const bus = new Bus({ clock })
  const observed = new Observed(bus)
  const manager = new LiveDataFeedManager(
    { venue: 'SIM_SPOT', streams: streams(), connection: { baseUrl: 'ws://sim', restUrl: 'http://sim' } },
    bus,
    {
      runtime: { clock, random: new SeededRandom(3), http: new SimHttpClient(venue) },
      transport: new SimTransport(venue),
    },
  )
  ends.push(async () => {
    await settled(manager.stop(), clock)
    await venue.stop()
  })
  const state = (name: string) => manager.getHealth().feeds.find((feed) => feed.stream === name)
  return { clock, venue, manager, observed, state }
}

describe('one muted stream among 200', () => {
  it('is heard again after its resubscription, and the connection stays', async () => {
    const { clock, venue, manager, observed, state } = await virtual()
    await settled(manager.start(), clock)
    await clock.advance(20_000)
    venue.inject({ fault: 'silentStream', variant: 'resubscribe', on: { stream: MUTE } })
    const before = state(MUTE)?.messageCount ?? 0
    await clock.advance(12_000)
    expect(state(MUTE)?.messageCount).toBeGreaterThan(before + 3)
    expect(state(MUTE)?.state).toBe('OK')
    expect(manager.getStats()).toMatchObject({ resubscriptions: 1, connection: { refreshes: 0, reconnects: 0 } })
    expect(observed.of('FEED_STALE')).toEqual([])
    expect(observed.lost).toEqual([])
    expect(observed.gaps).toBe(0)
  })

  it('moves its connection to a new socket when that is what helps, and nobody loses anything', async () => {
    const { clock, venue, manager, observed, state } = await virtual()
    await settled(manager.start(), clock)
    await clock.advance(20_000)
    // On the first socket for good, whatever is subscribed there.
    venue.inject({ every: '50ms', fault: 'silentStream', variant: 'reconnect', on: { stream: MUTE, connection: 1 } })
    await clock.advance(25_000)
    expect(state(MUTE)?.state).toBe('OK')
    expect(state(MUTE)?.lastMessageAgeMs).toBeLessThan(3_000)
    expect(manager.getStats()).toMatchObject({ resubscriptions: 1, connection: { refreshes: 1, reconnects: 0 } })
    expect(observed.of('CONNECTION_REFRESHED')[0]?.message).toContain(`${MUTE} is silent`)
    expect(observed.of('WATCHDOG_TRIGGERED')).toEqual([])
    expect(observed.lost).toEqual([])
    expect(observed.gaps).toBe(0)
  })

  it('is called stale with what was tried when nothing helps, once', async () => {
    const { clock, venue, manager, observed, state } = await virtual()
    await settled(manager.start(), clock)
    await clock.advance(20_000)
    venue.inject({ fault: 'silentStream', on: { stream: MUTE }, for: '10m' })
    await clock.advance(33_000)
    expect(state(MUTE)?.isStale).toBe(true)
    expect(observed.of('FEED_STALE').map((event) => event.message)).toEqual([
      expect.stringContaining('subscribed again and moved to another connection, in vain'),
    ])
    expect(manager.getHealth().feeds.filter((feed) => feed.isStale)).toHaveLength(1)
    await clock.advance(120_000)
    expect(observed.of('FEED_STALE')).toHaveLength(1)
    // Subscribed again twice more, after growing pauses.
    expect(manager.getStats()).toMatchObject({ resubscriptions: 3, connection: { refreshes: 1, reconnects: 0 } })
    expect(observed.lost).toEqual([])
    expect(observed.gaps).toBe(0)
  })

  it('is found when it never spoke at all', async () => {
    const { clock, venue, manager, observed, state } = await virtual()
    venue.inject({ fault: 'ackSilent', on: { stream: MUTE }, count: 1 })
    await settled(manager.start(), clock)
    await clock.advance(30_000)
    expect(observed.of('SUBSCRIPTION_SILENT').map((event) => event.data['attempt'])).toEqual([1])
    expect(state(MUTE)?.state).toBe('OK')
    expect(observed.lost).toEqual([])
  })
})

describe('over real sockets', () => {
  it('a stream that stopped is subscribed again, then moved to a new socket', async () => {
    const venue = await SimVenue.start({
      symbols: ['BTCUSDT', 'ETHUSDT'],
      market: 'spot',
      warmupBars: 2,
      extras: false,
    })
    const bus = new Bus()
    const observed = new Observed(bus)
    const manager = new LiveDataFeedManager(
      {
        venue: 'SIM_SPOT',
        streams: ['BTCUSDT', 'ETHUSDT'].flatMap((symbol) => [
          streamConfig(symbol, 'TRADE'),
          streamConfig(symbol, 'DEPTH', { depthLevels: 5, updateSpeed: '100ms' }),
        ]),
        connection: { baseUrl: venue.wsUrl, restUrl: venue.restUrl },
        health: { stalenessThresholdMs: 1_500, healthCheckIntervalMs: 250, watchdogTimeoutMs: 60_000 },
      },
      bus,
    )
    ends.push(async () => {
      await manager.stop()
      await venue.stop()
    })
    await manager.start()
    const count = (): number =>
      manager.getHealth().feeds.find((feed) => feed.stream === 'btcusdt@depth5@100ms')?.messageCount ?? 0
    await waitFor(() => count() > 20, { what: 'the pace of the stream to be known' })
    const on = { stream: 'btcusdt@depth5@100ms', connection: 1 }
    venue.inject({ every: '20ms', fault: 'silentStream', variant: 'reconnect', on })
    const refreshed = (): boolean => (manager.getStats().connection?.refreshes ?? 0) > 0
    await waitFor(refreshed, { what: 'the hand-over' })
    const before = count()
    await waitFor(() => count() > before, { what: 'the stream on the new socket' })
    expect(manager.getStats().resubscriptions).toBeGreaterThanOrEqual(1)
    expect(manager.getStats().connection).toMatchObject({ reconnects: 0 })
    expect(observed.lost).toEqual([])
    expect(observed.gaps).toBe(0)
  })
})
