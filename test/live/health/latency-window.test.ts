import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LatencyWindow } from '../../../src/live/health/index.js'

/** The obvious version: sort everything. */
function exactQuantile(samples: readonly number[], quantile: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.max(1, Math.ceil(quantile * sorted.length)) - 1]!
}

describe('latency window', () => {
  it('is null without samples and ignores what is not a number', () => {
    const window = new LatencyWindow()
    window.record(Number.NaN)
    expect(window.summary()).toBeNull()
  })

  it('agrees with sorted samples within four percent, negative ones included', () => {
    const latency = fc.oneof(
      fc.double({ min: -5_000, max: 60_000, noNaN: true }),
      fc.double({ min: -2, max: 2, noNaN: true }),
    )
    fc.assert(
      fc.property(fc.array(latency, { minLength: 1, maxLength: 500 }), (samples) => {
        const window = new LatencyWindow()
        for (const sample of samples) window.record(sample)
        const summary = window.summary()!
        for (const [quantile, value] of [
          [0.5, summary.p50],
          [0.99, summary.p99],
        ] as const) {
          const exact = exactQuantile(samples, quantile)
          expect(Math.abs(value - exact)).toBeLessThanOrEqual(Math.max(0.035, Math.abs(exact) * 0.04))
        }
      }),
    )
  })

  it('keeps the sign of a venue clock that runs ahead', () => {
    const window = new LatencyWindow()
    for (let i = 0; i < 100; i++) window.record(-1_270)
    expect(window.summary()!.p50).toBeCloseTo(-1_270, -2)
  })

  it('holds infinities and absurd values in its last buckets', () => {
    const window = new LatencyWindow()
    window.record(Number.POSITIVE_INFINITY)
    window.record(Number.NEGATIVE_INFINITY)
    const summary = window.summary()!
    expect(Number.isFinite(summary.p50)).toBe(true)
    expect(Number.isFinite(summary.p99)).toBe(true)
  })

  it('forgets samples after two rotations', () => {
    const window = new LatencyWindow()
    window.record(5)
    window.rotate()
    expect(window.summary()!.p50).toBeCloseTo(5, 0)
    window.rotate()
    expect(window.summary()).toBeNull()
  })

  it('keeps quantiles right when a bucket reaches its limit', () => {
    const window = new LatencyWindow()
    for (let i = 0; i < 200_000; i++) window.record(i % 100 === 0 ? 900 : 3)
    const summary = window.summary()!
    expect(summary.p50).toBeCloseTo(3, 0)
    expect(summary.p99).toBeLessThan(1_000)
  })

  it('costs a thousand feeds less than five megabytes', () => {
    expect(new LatencyWindow().byteLength * 1_000).toBeLessThan(5_000_000)
  })
})
