/**
 * What a thousand feeds cost. Bounds are far above what is measured and below what would hurt; the printed
 * numbers are for whoever changes the monitor.
 */
import { describe, expect, it } from 'vitest'
import { FeedMetrics } from '../../../src/metrics/index.js'
import { type Clock, SystemClock } from '../../../src/runtime/index.js'
import { FakeSource, feedHealth } from '../../support/fake-source.js'
import { scene, spec } from './fixtures.js'

const FEEDS = 1_000

describe(`${FEEDS} feeds`, () => {
  it('hold a few megabytes of statistics, and no more after hours', () => {
    const specs = Array.from({ length: FEEDS }, (_, index) => spec({ symbol: `S${index}USDT` }))
    const built = scene(specs)
    built.monitor.start()
    // Every feed gets samples of all kinds, so that whatever is allocated lazily is there.
    const fill = (minutes: number): void => {
      for (let minute = 0; minute < minutes; minute++) {
        built.run(60_000)
        for (const feed of built.feeds) built.deliver(feed, (minute * 37) % 500)
      }
    }
    fill(3)
    const buffersBefore = process.memoryUsage().arrayBuffers
    fill(120)
    const grown = process.memoryUsage().arrayBuffers - buffersBefore
    expect(grown).toBeLessThan(500_000)
    expect(built.monitor.feedHealth()).toHaveLength(FEEDS)
    built.monitor.stop()
  })

  it('are scanned and reported in a small part of the time between two scans', () => {
    const specs = Array.from({ length: FEEDS }, (_, index) => spec({ symbol: `S${index}USDT` }))
    const built = scene(specs)
    built.monitor.start()
    for (const feed of built.feeds) built.deliver(feed, 3)
    built.run(5_000)
    const start = performance.now()
    built.run(100_000)
    const scanMs = (performance.now() - start) / 100
    const reportStart = performance.now()
    for (let round = 0; round < 20; round++) built.monitor.feedHealth()
    const reportMs = (performance.now() - reportStart) / 20
    console.log(`scan ${scanMs.toFixed(2)} ms, report ${reportMs.toFixed(2)} ms per ${FEEDS} feeds`)
    expect(scanMs).toBeLessThan(200)
    expect(reportMs).toBeLessThan(200)
    built.monitor.stop()
  })

  it('are scraped in small steps, with turns for others in between', async () => {
    const source = new FakeSource()
    source.feeds = Array.from({ length: FEEDS }, (_, index) => feedHealth({ symbol: `S${index}USDT` }))
    // Each look at this clock finds more time gone than a turn may take, however quick the machine is.
    const clock = new SystemClock()
    let looks = 0
    const hurried: Clock = {
      wallMs: () => clock.wallMs(),
      monotonicMs: () => clock.monotonicMs() + 100 * looks++,
      setTimer: (action, delayMs, options) => clock.setTimer(action, delayMs, options),
      setRepeating: (action, periodMs, options) => clock.setRepeating(action, periodMs, options),
      clearTimer: (timer) => clock.clearTimer(timer),
    }
    const metrics = new FeedMetrics({ sources: [source], processMetrics: false, clock: hurried })
    await metrics.text()
    let turns = 0
    let longestMs = 0
    let lastMs = performance.now()
    let isDone = false
    const watch = (): void => {
      const nowMs = performance.now()
      longestMs = Math.max(longestMs, nowMs - lastMs)
      lastMs = nowMs
      turns++
      if (!isDone) setImmediate(watch)
    }
    setImmediate(watch)
    const start = performance.now()
    const text = await metrics.text()
    isDone = true
    const tookMs = performance.now() - start
    console.log(
      `scrape ${tookMs.toFixed(0)} ms, longest step ${longestMs.toFixed(0)} ms, ${text.split('\n').length} lines`,
    )
    expect(turns).toBeGreaterThan(4)
    expect(source.healthCalls).toBe(2)
    metrics.close()
  })
})
