import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { StreamSpec } from '../../../src/live/config/stream-spec.js'
import { ConnectionState, FeedState } from '../../../src/types/health.js'
import { StreamType } from '../../../src/types/stream.js'
import { connection, DEFAULT_THRESHOLDS, type HealthScene, scene, spec } from './fixtures.js'

const TRADE = spec()
const TICKER = spec({ type: StreamType.TICKER, name: 'btcusdt@ticker' })
const PARTIAL = spec({ type: StreamType.DEPTH, name: 'btcusdt@depth5', depthLevels: 5 })
const LIQUIDATION = spec({ type: StreamType.LIQUIDATION, name: 'btcusdt@forceOrder', route: 'market' })

describe('staleness', () => {
  it('reports a stream stale once after the threshold and recovered once with its next message', () => {
    const { monitor, run, log, feeds, deliver } = scene([TRADE])
    monitor.start()
    run(10_000, 500)
    run(31_500)
    expect(monitor.feedHealth()[0]).toMatchObject({ state: FeedState.STALE, isStale: true })
    run(20_000)
    expect(log).toEqual(['stale btcusdt@trade after 30000 of 30000'])
    deliver(feeds[0]!)
    run(1_000)
    expect(log).toEqual(['stale btcusdt@trade after 30000 of 30000', 'recovered btcusdt@trade'])
    expect(monitor.feedHealth()[0]).toMatchObject({ state: FeedState.OK, isStale: false })
  })

  it('does not call a stream stale that has never received anything', () => {
    const { monitor, run } = scene([TRADE])
    monitor.start()
    run(120_000)
    expect(monitor.feedHealth()[0]).toMatchObject({
      state: FeedState.NEVER_RECEIVED,
      isStale: false,
      lastMessageAgeMs: null,
      latencyMs: null,
    })
  })

  it('never calls liquidations stale, whatever their silence', () => {
    const { monitor, run, log, feeds, deliver } = scene([LIQUIDATION])
    monitor.start()
    deliver(feeds[0]!)
    run(24 * 3_600_000)
    expect(log).toEqual([])
    expect(monitor.feedHealth()[0]).toMatchObject({ state: FeedState.OK, lastMessageAgeMs: 24 * 3_600_000 })
  })

  it('learns the pace of an illiquid stream instead of flapping', () => {
    const { monitor, run, log } = scene([TRADE])
    monitor.start()
    run(10 * 25_000, 25_000)
    run(100_000)
    expect(log).toEqual([])
    run(200_000)
    expect(log.filter((line) => line.startsWith('stale'))).toEqual(['stale btcusdt@trade after 250000 of 250000'])
  })

  it('does not learn from one outage that a busy stream may be silent', () => {
    const { monitor, run, log } = scene([TRADE])
    monitor.start()
    run(10_000, 100)
    run(600_000)
    run(20_000, 100)
    log.length = 0
    run(31_000)
    expect(log).toContain('stale btcusdt@trade after 30000 of 30000')
  })

  it('gives a timer-driven stream three periods even when the threshold is shorter', () => {
    const markPrice = spec({ type: StreamType.MARK_PRICE, name: 'btcusdt@markPrice', route: 'market' })
    const { monitor, run, log } = scene([markPrice], { ...DEFAULT_THRESHOLDS, stalenessThresholdMs: 1_000 })
    monitor.start()
    run(60_000, 3_000)
    expect(log).toEqual([])
    run(9_500)
    expect(log).toEqual(['stale btcusdt@markPrice after 9000 of 9000'])
  })

  it('does not take rejected messages for a sign of life', () => {
    const { monitor, run, log, feeds } = scene([TRADE])
    monitor.start()
    run(10_000, 500)
    for (let second = 0; second < 40; second++) {
      run(1_000)
      feeds[0]!.messageCount++
      feeds[0]!.rejectedCount++
    }
    expect(log).toEqual(['stale btcusdt@trade after 30000 of 30000'])
    expect(monitor.feedHealth()[0]).toMatchObject({ errorCount: 40, lastMessageAgeMs: 40_000 })
  })

  it('does not take repeated messages for a sign of life, except in pictures that repeat by nature', () => {
    const { monitor, run, log, feeds } = scene([TRADE, PARTIAL])
    monitor.start()
    run(10_000, 500)
    for (let second = 0; second < 40; second++) {
      run(1_000)
      for (const feed of feeds) {
        feed.messageCount++
        feed.duplicateCount++
        feed.lastReceiveTimeMs += 1_000
      }
    }
    expect(log.filter((line) => line.startsWith('stale'))).toHaveLength(1)
    expect(monitor.feedHealth()).toMatchObject([
      { state: 'STALE', isStale: true, lastMessageAgeMs: 40_000 },
      { state: 'OK', isStale: false },
    ])
  })

  it('never says OK beyond threshold plus one check, nor STALE while messages flow (any pattern of silence)', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 90_000 }), { minLength: 1, maxLength: 40 }), (gapsMs) => {
        const config = { stalenessThresholdMs: 10_000, healthCheckIntervalMs: 2_000, watchdogTimeoutMs: 1e9 }
        const { monitor, clock, feeds, deliver, run, log } = scene([TICKER], config)
        monitor.start()
        deliver(feeds[0]!)
        let transitions = 0
        let longestMs = 0
        for (const gapMs of gapsMs) {
          run(gapMs)
          const health = monitor.feedHealth()[0]!
          if (gapMs > longestMs * 3 + 12_000) expect(health.state).toBe(FeedState.STALE)
          longestMs = Math.max(longestMs, gapMs)
          if (gapMs <= 10_000) expect(health.state).not.toBe(FeedState.STALE)
          deliver(feeds[0]!)
          run(1_000)
          expect(monitor.feedHealth()[0]!.state).toBe(FeedState.OK)
          deliver(feeds[0]!)
        }
        for (const line of log) {
          if (line.startsWith('stale')) expect(++transitions).toBe(1)
          if (line.startsWith('recovered')) expect(--transitions).toBe(0)
        }
        monitor.stop()
        expect(clock.inner.pendingTimerCount).toBe(0)
      }),
      { numRuns: 100 },
    )
  })
})

describe('silent subscriptions', () => {
  it('asks for one resubscription after the first deadline and reports a second one', () => {
    const { monitor, run, log, feeds } = scene([TRADE, TICKER])
    monitor.start()
    run(3_000, 500, [feeds[0]!])
    expect(log).toEqual([])
    run(1_000, 500, [feeds[0]!])
    expect(log).toEqual(['silent btcusdt@ticker 3000 #1', 'resubscribe btcusdt@ticker'])
    run(3_000, 500, [feeds[0]!])
    expect(log).toEqual([
      'silent btcusdt@ticker 3000 #1',
      'resubscribe btcusdt@ticker',
      'silent btcusdt@ticker 6000 #2',
      'hand over btcusdt@ticker 6000',
    ])
  })

  it('reports a last time when the socket opened for the stream does not help either, and then rests', () => {
    const { monitor, run, log, feeds, connections } = scene([TRADE, TICKER])
    monitor.start()
    run(7_000, 500, [feeds[0]!])
    expect(log.at(-1)).toBe('hand over btcusdt@ticker 6000')
    connections.splice(0, 1, connection({ generation: 2 }))
    run(40_000, 500, [feeds[0]!])
    expect(log.slice(4)).toEqual(['silent btcusdt@ticker 10000 #3'])
  })

  it('replaces a connection for silent streams once in ten minutes at most', () => {
    const { monitor, run, log, feeds } = scene([TRADE, TICKER, spec({ symbol: 'ETHUSDT', type: 'TICKER' })])
    monitor.start()
    run(300_000, 500, [feeds[0]!])
    expect(log.filter((line) => line.startsWith('hand over'))).toHaveLength(1)
    // Subscribing again goes on, at growing distances.
    expect(log.filter((line) => line.startsWith('resubscribe'))).toEqual(
      Array(3).fill('resubscribe btcusdt@ticker ethusdt@ticker'),
    )
  })

  // Both steps had met trouble of their own (the resubscription an acknowledged silence, the new socket a close by the
  // venue); the stream stayed silent until the next restart, with its connection in best order.
  it('never gives a stream up: all steps again after a pause that doubles up to ten minutes', () => {
    for (const hasSpoken of [false, true]) {
      const { monitor, run, log, feeds } = scene([TRADE, TICKER])
      monitor.start()
      if (hasSpoken) run(5_000, 500)
      const gaps: number[] = []
      let sinceMs = 0
      for (let passedMs = 0; passedMs < 7_200_000; passedMs += 500) {
        const before = log.filter((line) => line.startsWith('resubscribe')).length
        run(500, 500, [feeds[0]!])
        sinceMs += 500
        if (log.filter((line) => line.startsWith('resubscribe')).length === before) continue
        gaps.push(sinceMs)
        sinceMs = 0
      }
      expect(gaps[1]).toBeGreaterThanOrEqual(45_000)
      expect(gaps[1]).toBeLessThanOrEqual(60_000)
      expect(gaps.at(-1)).toBeGreaterThan(590_000)
      expect(gaps.at(-1)).toBeLessThan(620_000)
      const handOvers = log.filter((line) => line.startsWith('hand over')).length
      expect(handOvers).toBeGreaterThan(1)
      expect(handOvers).toBeLessThan(9)
    }
  })

  it('waits for the connection before it counts, and starts anew with each generation', () => {
    const { monitor, run, log, ...rest } = scene([TICKER])
    const built = { monitor, run, log, ...rest }
    built.connections.splice(0, 1, connection({ state: ConnectionState.CONNECTING }))
    monitor.start()
    run(30_000)
    expect(log).toEqual([])
    built.connections.splice(0, 1, connection({ generation: 2 }))
    run(4_000)
    expect(log).toEqual(['silent btcusdt@ticker 3000 #1', 'resubscribe btcusdt@ticker'])
    built.connections.splice(0, 1, connection({ generation: 3 }))
    run(4_000)
    expect(log.slice(2)).toEqual(['silent btcusdt@ticker 3000 #1', 'resubscribe btcusdt@ticker'])
  })

  it('puts no deadline on liquidations', () => {
    const { monitor, run, log } = scene([LIQUIDATION])
    monitor.start()
    run(3_600_000)
    expect(log).toEqual([])
  })

  it('climbs step by step for a stream that stopped while others of its connection speak', () => {
    const { monitor, run, log, feeds } = scene([TRADE, TICKER])
    monitor.start()
    run(10_000, 500)
    run(4_000, 500, [feeds[0]!])
    expect(log).toEqual(['resubscribe btcusdt@ticker'])
    run(35_000, 500, [feeds[0]!])
    expect(log).toEqual([
      'resubscribe btcusdt@ticker',
      'hand over btcusdt@ticker 6000',
      'stale btcusdt@ticker after 30000 of 30000, handed over',
    ])
  })

  it('climbs for a stream without a timer as well, by its own pace', () => {
    const { monitor, run, log, feeds } = scene([TRADE, TICKER])
    monitor.start()
    run(20_000, 500)
    run(30_500, 500, [feeds[1]!])
    // What it is shows at once; the report of it waits for what may still help, and says what was tried.
    expect(monitor.feedHealth().map(({ state }) => state)).toEqual(['STALE', 'OK'])
    expect(log).toEqual(['resubscribe btcusdt@trade'])
    run(31_500, 500, [feeds[1]!])
    expect(log).toEqual([
      'resubscribe btcusdt@trade',
      'hand over btcusdt@trade 40000',
      'stale btcusdt@trade after 40000 of 30000, handed over',
    ])
  })

  it('reports nothing of a stream that a step has brought back', () => {
    const { monitor, run, log, feeds } = scene([TRADE, TICKER])
    monitor.start()
    run(20_000, 500)
    run(36_000, 500, [feeds[1]!])
    run(10_000, 500)
    expect(log).toEqual(['resubscribe btcusdt@trade'])
    expect(monitor.feedHealth().map(({ state }) => state)).toEqual(['OK', 'OK'])
  })

  it('leaves a stream alone that is as quiet as its market', () => {
    const { monitor, run, log, feeds, deliver } = scene([TRADE, TICKER])
    monitor.start()
    for (let message = 0; message < 40; message++) {
      deliver(feeds[0]!)
      run(7_000 + (message % 5) * 3_000, 500, [feeds[1]!])
    }
    // Four times its mean: rare, and no fault.
    run(52_000, 500, [feeds[1]!])
    expect(log).toEqual([])
  })

  it('does not hold a timer against a symbol for which the venue sends changes only', () => {
    const { monitor, run, log, feeds, deliver } = scene([TICKER, TRADE])
    monitor.start()
    run(1_000, 500)
    for (let message = 0; message < 40; message++) {
      deliver(feeds[0]!)
      run(4_000 + (message % 4) * 2_500, 500, [feeds[1]!])
    }
    expect(log.filter((line) => line.startsWith('hand over'))).toEqual([])
    log.length = 0
    run(15_000, 500, [feeds[1]!])
    expect(log).toEqual([])
  })

  it('begins again at the first step after a message', () => {
    const { monitor, run, log, feeds } = scene([TRADE, TICKER])
    monitor.start()
    for (let silence = 0; silence < 3; silence++) {
      run(10_000, 500)
      run(5_000, 500, [feeds[0]!])
    }
    expect(log).toEqual(Array.from({ length: 3 }, () => 'resubscribe btcusdt@ticker'))
  })

  it('leaves a connection that is silent as a whole to the watchdog', () => {
    const { monitor, run, log } = scene([TRADE, TICKER])
    monitor.start()
    run(10_000, 500)
    run(62_000)
    expect(log.filter((line) => line.startsWith('resubscribe'))).toEqual([])
    expect(log.at(-1)).toBe('watchdog 60000')
  })
})

describe('watchdog', () => {
  it('fires once per timeout while nothing speaks, and not while one stream does', () => {
    const { monitor, run, log, feeds } = scene([TRADE, TICKER])
    monitor.start()
    run(200_000, 500, [feeds[0]!])
    expect(log.filter((line) => line.startsWith('watchdog'))).toEqual([])
    run(125_000)
    expect(log.filter((line) => line.startsWith('watchdog'))).toEqual(['watchdog 60000', 'watchdog 60000'])
  })

  it('rests while no connection is open, and counts from the moment one is', () => {
    const { monitor, run, log, connections } = scene([TRADE])
    monitor.start()
    run(10_000, 500)
    connections.splice(0, 1, connection({ state: ConnectionState.BACKOFF }))
    run(300_000)
    connections.splice(0, 1, connection({ generation: 2 }))
    run(59_000)
    expect(log.filter((line) => line.startsWith('watchdog'))).toEqual([])
    run(3_000)
    expect(log.filter((line) => line.startsWith('watchdog'))).toHaveLength(1)
  })

  it('does not restart a feed of liquidations alone', () => {
    const { monitor, run, log } = scene([LIQUIDATION])
    monitor.start()
    run(3_600_000)
    expect(log).toEqual([])
  })

  it('does not restart a feed of one illiquid symbol at its natural pace', () => {
    const { monitor, run, log } = scene([TRADE])
    monitor.start()
    run(400_000, 40_000)
    run(3_600_000, 90_000)
    expect(log.filter((line) => line.startsWith('watchdog'))).toEqual([])
  })

  describe('of one connection', () => {
    /** The first feed is on `spot-0`, the others on `spot-1`. */
    function twoConnections(...others: readonly StreamSpec[]): HealthScene {
      const built = scene([TRADE, ...others])
      built.connections.push(connection({ id: 'spot-1' }))
      for (const feed of built.feeds.slice(1)) feed.connectionId = 'spot-1'
      built.monitor.start()
      return built
    }
    const alarms = (log: readonly string[]): string[] => log.filter((line) => /^(connection|watchdog)/.test(line))

    it('fires once per timeout when it fell silent as a whole while others speak', () => {
      const { run, log, feeds } = twoConnections(TICKER, LIQUIDATION)
      run(10_000, 500)
      run(59_000, 500, [feeds[0]!])
      expect(alarms(log)).toEqual([])
      run(3_000, 500, [feeds[0]!])
      expect(alarms(log)).toEqual(['connection spot-1 silent 60000'])
      run(62_000, 500, [feeds[0]!])
      expect(alarms(log)).toHaveLength(2)
    })

    it('gives each generation of the connection its own time', () => {
      const { run, log, feeds, connections } = twoConnections(TICKER)
      run(10_000, 500)
      run(50_000, 500, [feeds[0]!])
      connections.splice(1, 1, connection({ id: 'spot-1', generation: 2 }))
      run(55_000, 500, [feeds[0]!])
      expect(alarms(log)).toEqual([])
      run(10_000, 500, [feeds[0]!])
      expect(alarms(log)).toHaveLength(1)
    })

    it('does not fire for streams that are silent by nature, never spoke, or are quiet at their own pace', () => {
      const quiet = spec({ symbol: 'QUIETUSDT' })
      const { run, log, feeds } = twoConnections(LIQUIDATION, spec({ symbol: 'UNKNOWN', type: 'TICKER' }), quiet)
      run(2_000, 500, [feeds[0]!, feeds[3]!])
      run(3_600_000, 1_000, [feeds[0]!])
      expect(alarms(log)).toEqual([])
    })
  })
})

describe('clocks', () => {
  it.each([3_600_000, -3_600_000, 1_500, -1_500])('keeps ages true when the wall clock steps by %i ms', (jumpMs) => {
    const { monitor, run, log, clock, feeds } = scene([TRADE, TICKER])
    monitor.start()
    run(10_000, 500)
    run(2_300)
    clock.inner.jumpWall(jumpMs)
    run(700)
    for (const health of monitor.feedHealth()) {
      expect(health.state).toBe(FeedState.OK)
      expect(health.lastMessageAgeMs).toBeCloseTo(3_000, -1)
    }
    for (const feed of feeds) expect(clock.wallMs() - feed.lastReceiveTimeMs).toBeCloseTo(3_000, -1)
    run(28_000)
    expect(log.filter((line) => line.startsWith('stale'))).toHaveLength(2)
    expect(log[0]).toBe(`jump ${jumpMs}`)
  })

  it('raises no alarm after the machine slept for ten minutes', () => {
    const { monitor, run, log, clock } = scene([TRADE])
    monitor.start()
    run(10_000, 500)
    clock.suspend(600_000)
    run(5_000)
    run(5_000, 500)
    expect(log).toEqual(['jump 600000'])
  })

  it('does not hold a stopped process against the venue, but reports the true age', () => {
    const { monitor, run, log, clock } = scene([TRADE])
    monitor.start()
    run(10_000, 500)
    clock.pauseProcess(600_000)
    run(1_000)
    expect(log).toEqual([])
    expect(monitor.feedHealth()[0]).toMatchObject({ state: FeedState.OK })
    expect(monitor.feedHealth()[0]!.lastMessageAgeMs).toBeGreaterThanOrEqual(600_000)
    run(40_000)
    expect(log.map((line) => line.split(' ')[0])).toEqual(['stale'])
  })
})

describe('numbers', () => {
  it('gives the rate over the last ten seconds', () => {
    const { monitor, run } = scene([TRADE])
    monitor.start()
    run(60_000, 100)
    expect(monitor.feedHealth()[0]!.ratePerSecond).toBeCloseTo(10, 0)
    run(60_000, 1_000)
    expect(monitor.feedHealth()[0]!.ratePerSecond).toBeCloseTo(1, 0)
    run(20_000)
    expect(monitor.feedHealth()[0]!.ratePerSecond).toBe(0)
  })

  it('calls onCheck at the configured interval, also when streams are looked at more often', () => {
    const built = scene([TRADE])
    built.monitor.start()
    built.run(60_000, 500)
    expect(built.checkTimesMs.slice(0, 4)).toEqual([5_000, 10_000, 15_000, 20_000])
    expect(built.checkTimesMs).toHaveLength(12)
  })

  it('forgets streams that were removed and gives their sink back', () => {
    const { monitor, run, feeds } = scene([TRADE, TICKER])
    monitor.start()
    run(2_000, 500)
    const removed = feeds.pop()!
    run(2_000)
    expect(monitor.feedHealth().map((health) => health.stream)).toEqual(['btcusdt@trade'])
    expect(removed.latencySink).toBeNull()
  })

  it('leaves no timer after stop and can start again', () => {
    const { monitor, run, clock, log } = scene([TRADE])
    monitor.start()
    monitor.start()
    run(5_000, 500)
    expect(clock.inner.pendingTimerCount).toBe(1)
    monitor.stop()
    monitor.stop()
    expect(clock.inner.pendingTimerCount).toBe(0)
    run(100_000)
    monitor.start()
    run(3_000, 500)
    expect(log.filter((line) => line.startsWith('watchdog'))).toEqual([])
    monitor.stop()
  })
})
