/** What a user of the manager notices: restarts, reports, and a state folder that cannot be used. */
import { describe, expect, it } from 'vitest'
import { Bus } from '../../../src/bus/index.js'
import { LiveDataFeedManager, streamConfig } from '../../../src/live/index.js'
import { MemoryFileStore, SeededRandom, VirtualClock } from '../../../src/runtime/index.js'
import { settled } from '../manager/rig.js'
import { ScriptedVenue } from '../manager/scripted-venue.js'
import { candleRig, complaints, countComplaints, gapComplaints, ofStream } from './rig.js'

const STREAMS = [streamConfig('BTCUSDT', 'KLINE', { interval: '1s' })]

describe('a manager with a state folder', () => {
  it('goes on after a restart with the candle after the last, each exactly once over ten restarts', async () => {
    const rig = await candleRig({ seed: 3, config: { streams: STREAMS, candles: { stateDir: 'state' } } })
    const random = new SeededRandom(3, 'restarts')
    for (let restart = 0; restart < 10; restart++) {
      await rig.clock.advance(random.int(1_000, 9_000))
      await settled(rig.manager.stop(), rig.clock)
      await rig.clock.advance(random.int(0, 20_000))
      await rig.restarted()
    }
    await rig.clock.advance(10_000)
    expect([...complaints(rig, 'BTCUSDT', '1s'), ...gapComplaints(rig)]).toEqual([])
    const candles = ofStream(rig, 'BTCUSDT', '1s')
    expect(candles.filter((candle) => candle.origin === 'backfill').length).toBeGreaterThan(30)
    const stats = rig.manager.getStats().candles
    expect(stats).toMatchObject({ lost: 0, held: 0, openGaps: 0 })
    expect(stats?.stream).toBeGreaterThan(3)
    await rig.end()
  })

  it('does not look back over a restart without one', async () => {
    const rig = await candleRig({ seed: 4, config: { streams: STREAMS } })
    await rig.clock.advance(5_000)
    await settled(rig.manager.stop(), rig.clock)
    const before = rig.candles.length
    await rig.clock.advance(30_000)
    await rig.restarted()
    await rig.clock.advance(5_000)
    const after = rig.candles.slice(before)
    expect(after.length).toBeGreaterThan(2)
    expect(after.every((candle) => candle.origin === 'stream')).toBe(true)
    await rig.end()
  })

  it('fails the start with STATE_UNAVAILABLE when the folder cannot be used, and is FAILED', async () => {
    const clock = new VirtualClock()
    const files = new MemoryFileStore()
    files.failure = new Error('EROFS: read-only file system')
    const bus = new Bus({ clock })
    const events: string[] = []
    bus.subscribe('log.event', ({ payload }) => events.push(payload.event))
    const manager = new LiveDataFeedManager(
      {
        venue: 'SIM_SPOT',
        streams: STREAMS,
        candles: { stateDir: 'state' },
        connection: { baseUrl: 'ws://127.0.0.1:1' },
      },
      bus,
      { runtime: { clock, files }, transport: new ScriptedVenue(clock).transport },
    )
    await expect(settled(manager.start(), clock)).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' })
    expect(manager.state).toBe('FAILED')
    expect(events).toContain('FEED_START_FAILED')
    await settled(manager.stop(), clock)
  })
})

// A candle that waited for missing ones, and one that repeated a fetched one, counted as published when it came.
describe('the counters of a manager', () => {
  it('count a waiting candle as held, then as published when its turn has come', async () => {
    const rig = await candleRig({ seed: 6, config: { streams: STREAMS, candles: { holdMsMax: 20_000 } } })
    await rig.clock.advance(4_000)
    rig.venue.inject({ fault: 'httpStatus', status: 503, on: { rest: 'klines' }, for: 8_000 })
    rig.venue.inject({ fault: 'candleClose', variant: 'missing', count: 1 })
    await rig.clock.runUntil(() => (rig.manager.getStats().candles?.held ?? 0) > 1, 20_000)
    const waiting = rig.manager.getStats()
    expect(waiting.messagesHeld).toBeGreaterThan(1)
    expect(countComplaints(rig)).toEqual([])
    await rig.clock.runUntil(() => rig.manager.getStats().candles?.held === 0, 60_000)
    const after = rig.manager.getStats()
    expect(after.messagesHeld).toBe(0)
    expect(after.messagesPublished).toBeGreaterThanOrEqual(waiting.messagesPublished + waiting.messagesHeld)
    expect(after.candles?.backfilled).toBeGreaterThan(0)
    expect(countComplaints(rig)).toEqual([])
    await rig.end()
  })

  it('count candles that still wait when the feed ends as never published', async () => {
    const rig = await candleRig({ seed: 6, config: { streams: STREAMS, candles: { holdMsMax: 20_000 } } })
    await rig.clock.advance(4_000)
    rig.venue.inject({ fault: 'httpStatus', status: 503, on: { rest: 'klines' }, for: 60_000 })
    rig.venue.inject({ fault: 'candleClose', variant: 'missing', count: 1 })
    await rig.clock.runUntil(() => (rig.manager.getStats().candles?.held ?? 0) > 1, 20_000)
    const { messagesHeld, messagesIgnored } = rig.manager.getStats()
    await settled(rig.manager.stop(), rig.clock)
    const ended = rig.manager.getStats()
    expect(ended.candles?.discarded).toBeGreaterThanOrEqual(messagesHeld)
    expect(ended.messagesIgnored).toBeGreaterThanOrEqual(messagesIgnored + messagesHeld)
    expect(countComplaints(rig)).toEqual([])
    await rig.end()
  })
})

// The venue's clock ran ahead by more than the grace time and was set right. Each candle was now fetched before it
// was over, which made a repetition of the frame that came; so the clock was never read again, and half candles were
// published for ever.
describe('a venue whose clock was ahead and is set right', () => {
  it('is believed again: candles are whole from then on', async () => {
    const rig = await candleRig({ seed: 5, config: { streams: STREAMS, candles: { closeGraceMs: 500 } } })
    await rig.clock.advance(4_000)
    rig.venue.inject({ fault: 'clockSkew', offset: 1_700, for: 6_000 })
    await rig.clock.advance(8_000)
    const before = ofStream(rig, 'BTCUSDT', '1s').length
    await rig.clock.advance(12_000)
    const after = ofStream(rig, 'BTCUSDT', '1s').slice(before)
    expect(after.length).toBeGreaterThan(8)
    for (const candle of after) {
      const [truth] = rig.venue.oracle.candles('BTCUSDT', '1s', { fromMs: candle.openTimeMs, toMs: candle.openTimeMs })
      expect([candle.openTimeMs, candle.close, candle.volume]).toEqual([
        truth?.openTime,
        Number(truth?.close),
        Number(truth?.volume),
      ])
    }
    await rig.end()
  })
})
