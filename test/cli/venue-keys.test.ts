/** The two keys of the demo, on a real simulated venue under a virtual clock. */
import { describe, expect, it } from 'vitest'
import { Bus } from '../../src/bus/index.js'
import { venueKeys } from '../../src/cli/commands/venue-keys.js'
import { LiveDataFeedManager, parseStreamList } from '../../src/live/index.js'
import { VirtualClock } from '../../src/runtime/index.js'
import { SimHttpClient, SimTransport, SimVenue } from '../../src/sim/index.js'
import type { FeedHealth } from '../../src/types/index.js'
import { Venue } from '../../src/types/index.js'

const STALENESS_MS = 5_000

interface Demo {
  readonly venue: SimVenue
  readonly manager: LiveDataFeedManager
  press(key: string): string | null
  stale(): string[]
  states(): string[]
  events: string[]
  stop(): Promise<void>
}

async function startDemo(): Promise<Demo> {
  const clock = new VirtualClock()
  const venue = await SimVenue.start({ clock, seed: 7, market: 'spot', symbols: ['BTCUSDT', 'ETHUSDT'], listen: false })
  const bus = new Bus({ clock })
  const events: string[] = []
  bus.subscribe('log.event', ({ payload }) => events.push(payload.event))
  const manager = new LiveDataFeedManager(
    {
      venue: Venue.SIM_SPOT,
      streams: parseStreamList('kline:1s,depth:20,bookTicker', ['BTCUSDT', 'ETHUSDT']),
      connection: { baseUrl: 'ws://sim', restUrl: 'http://sim' },
      health: { stalenessThresholdMs: STALENESS_MS, healthCheckIntervalMs: 1_000 },
    },
    bus,
    { name: 'spot', runtime: { clock, http: new SimHttpClient(venue) }, transport: new SimTransport(venue) },
  )
  const started = manager.start()
  await venue.advance(1_000)
  await started
  await venue.advance(4_000)
  const keys = venueKeys({ venue, sources: [manager], clock, stalenessThresholdMs: STALENESS_MS, speed: 1 })
  return {
    venue,
    manager,
    events,
    press: (key) => {
      const binding = keys.find((candidate) => candidate.key === key)
      if (binding === undefined) throw new Error(`no key ${key}`)
      return binding.action()
    },
    stale: () =>
      manager
        .getHealth()
        .feeds.filter((feed: FeedHealth) => feed.isStale)
        .map((feed) => feed.stream),
    states: () => manager.getHealth().connections.map((connection) => connection.state),
    stop: async () => {
      await Promise.all([manager.stop(), venue.advance(2_000)])
      await venue.stop()
    },
  }
}

describe('key s', () => {
  it('makes exactly one stream stale within seven seconds, and lets it recover by itself', async () => {
    const demo = await startDemo()
    try {
      expect(demo.stale()).toEqual([])
      expect(demo.press('s')).toMatch(/^stalled spot btcusdt@depth20 for 15\.0s: STALE after 5\.0s$/)
      await demo.venue.advance(7_000)
      expect(demo.stale()).toEqual(['btcusdt@depth20'])
      expect(demo.events).toContain('FEED_STALE')

      await demo.venue.advance(12_000)
      expect(demo.stale()).toEqual([])
      expect(demo.events).toContain('FEED_RECOVERED')
    } finally {
      await demo.stop()
    }
  })

  it('takes another stream each time, and says so when none is left', async () => {
    const demo = await startDemo()
    try {
      const streams = new Set(Array.from({ length: 6 }, () => demo.press('s')?.split(' ')[2]))
      expect(streams.size).toBe(6)
      expect(demo.press('s')).toBe('no stream is left to stall')
    } finally {
      await demo.stop()
    }
  })
})

describe('key c', () => {
  it('cuts every connection, which come back by themselves', async () => {
    const demo = await startDemo()
    try {
      expect(demo.press('c')).toBe('cut 1 connection')
      await demo.venue.advance(100)
      expect(demo.states()).toEqual(['BACKOFF'])
      expect(demo.press('c')).toBe('no connection is open')

      await demo.venue.advance(5_000)
      expect(demo.states()).toEqual(['OPEN'])
      expect(demo.manager.getHealth().connections[0]?.reconnectCount).toBe(1)
    } finally {
      await demo.stop()
    }
  })
})
