/** What a report keeps of a long session: thinned without losing a message, and connections from the audit trail. */
import { fc, it } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { ConnectionLives, CountSeries } from '../../../src/cli/report/series.js'
import type { LogEvent } from '../../../src/types/index.js'

function log(event: LogEvent['event'], timeMs: number, data: LogEvent['data']): LogEvent {
  return { event, level: 'INFO', message: event, timeMs, data }
}

describe('counts over time', () => {
  const steps = fc.array(fc.record({ ms: fc.nat(5_000), count: fc.nat(500), stale: fc.nat(3) }), { maxLength: 400 })

  it.prop([steps, fc.integer({ min: 4, max: 64 })])(
    'loses no message and no stale moment by thinning, and stays within its bound',
    (all, pointsMax) => {
      const series = new CountSeries(pointsMax)
      let timeMs = 1_000
      let total = 0
      series.add({ timeMs, total, stale: 0 })
      for (const { ms, count, stale } of all) {
        timeMs += ms
        total += count
        series.add({ timeMs, total, stale })
        expect(series.length).toBeLessThanOrEqual(pointsMax)
      }
      const rates = series.rates()
      const drawn = rates.reduce((sum, rate) => sum + (rate.perSecond * (rate.toMs - rate.fromMs)) / 1_000, 0)
      // Messages that came with no time passing have no rate.
      if (timeMs > 1_000) expect(drawn).toBeCloseTo(total, 6)
      if (rates.length > 0) {
        expect(rates[0]?.fromMs).toBe(1_000)
        expect(rates.at(-1)?.toMs).toBe(timeMs)
        expect(Math.max(...rates.map((rate) => rate.stale))).toBe(Math.max(...all.map(({ stale }) => stale)))
      }
    },
  )

  it('draws no spike from two messages of health within milliseconds', () => {
    const series = new CountSeries()
    for (const [timeMs, total] of [
      [0, 0],
      [1_000, 100],
      [1_010, 103],
      [2_000, 200],
    ] as const) {
      series.add({ timeMs, total, stale: 0 })
    }
    expect(series.rates().map(({ perSecond }) => Math.round(perSecond))).toEqual([100, 100])
  })

  it('counts on when a source was started again', () => {
    const series = new CountSeries()
    for (const [timeMs, total] of [
      [0, 0],
      [1_000, 500],
      [2_000, 40],
    ] as const) {
      series.add({ timeMs, total, stale: 0 })
    }
    expect(series.rates().map(({ perSecond }) => perSecond)).toEqual([500, 40])
  })
})

describe('life of connections', () => {
  it('is one segment per socket, with how it ended', () => {
    const lives = new ConnectionLives()
    const id = { connectionId: 'spot-0' }
    lives.onLog(log('CONNECTION_ESTABLISHED', 1_000, { ...id, generation: 1 }), 'spot')
    lives.onLog(log('CONNECTION_DISCONNECTED', 5_000, { ...id, generation: 1, code: 1006 }), 'spot')
    lives.onLog(log('CONNECTION_ESTABLISHED', 5_400, { ...id, generation: 2 }), 'spot')
    const refreshed = { ...id, fromGeneration: 2, toGeneration: 3, overlapMs: 300, reason: 'age' }
    lives.onLog(log('CONNECTION_REFRESHED', 9_000, refreshed), 'spot')

    expect(lives.list()).toMatchObject([{ source: 'spot', connectionId: 'spot-0' }])
    expect(lives.list()[0]?.segments).toEqual([
      { fromGeneration: 1, toGeneration: 1, startMs: 1_000, endMs: 5_000, end: 'lost', why: 'code 1006' },
      { fromGeneration: 2, toGeneration: 2, startMs: 5_400, endMs: 9_000, end: 'handed over', why: 'age' },
      { fromGeneration: 3, toGeneration: 3, startMs: 8_700, endMs: null, end: null, why: '' },
    ])
  })

  it('joins old segments when a connection does not stay up for days', () => {
    const lives = new ConnectionLives(10)
    const data = { connectionId: 'spot-0', code: 1006 }
    for (let generation = 1; generation <= 500; generation++) {
      lives.onLog(log('CONNECTION_ESTABLISHED', generation * 1_000, { ...data, generation }), 'spot')
      lives.onLog(log('CONNECTION_DISCONNECTED', generation * 1_000 + 500, { ...data, generation }), 'spot')
    }
    const segments = lives.list()[0]?.segments ?? []
    expect(segments).toHaveLength(10)
    expect(segments[0]).toMatchObject({ fromGeneration: 1, toGeneration: 491, startMs: 1_000 })
    expect(segments.at(-1)).toMatchObject({ fromGeneration: 500, toGeneration: 500 })
  })
})
