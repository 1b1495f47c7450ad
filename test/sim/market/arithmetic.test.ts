/** Exact decimals and calendar arithmetic, against slow obvious versions. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatRatio,
  formatScaled,
  formatScaledBig,
  parseDecimal,
  WideSum,
  withDecimals,
} from '../../../src/sim/market/decimal.js'
import { intervalOpen, nextIntervalOpen, parseInterval, parseTimeZone } from '../../../src/sim/market/intervals.js'

describe('decimal text', () => {
  it('of whole numbers is exact up to 2^53', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: 0, max: 12 }), (value, decimals) => {
        expect(formatScaled(value, decimals)).toBe(formatScaledBig(BigInt(value), decimals))
        expect(BigInt(formatScaled(value, decimals).replace('.', ''))).toBe(BigInt(value))
      }),
      { numRuns: 2000 },
    )
  })

  it('of ratios is rounded half away from zero', () => {
    expect(formatRatio(1n, 8n, 2)).toBe('0.13')
    expect(formatRatio(-1n, 8n, 2)).toBe('-0.13')
    expect(formatRatio(10n, 3n, 4)).toBe('3.3333')
    expect(formatRatio(5n, 0n, 1)).toBe('0.0')
  })

  it('gets and loses digits at its end', () => {
    expect(['1', '1.5', '1.234'].map((text) => withDecimals(text, 2))).toEqual(['1.00', '1.50', '1.23'])
    expect(withDecimals('1.9', 0)).toBe('1')
    expect(parseDecimal('0.10')).toEqual({ units: 10, decimals: 2 })
    expect(() => parseDecimal('.5')).toThrow(/plain decimal/)
  })
})

describe('wide sum', () => {
  it('is exact far beyond 2^53, also when values leave it again', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 999_999_999_999_999 }), { maxLength: 60 }), (values) => {
        const sum = new WideSum()
        const doubled = new WideSum()
        for (const value of values) sum.add(value)
        doubled.addSum(sum)
        doubled.addSum(sum)
        const truth = values.reduce((total, value) => total + BigInt(value), 0n)
        expect(sum.toBigInt()).toBe(truth)
        expect(doubled.toBigInt()).toBe(2n * truth)
        expect(sum.format(8)).toBe(formatScaledBig(truth, 8))
        for (const value of values) sum.add(-value)
        expect(sum.toBigInt()).toBe(0n)
      }),
    )
  })
})

describe('candle intervals', () => {
  it('hold every moment exactly once, in any time zone', () => {
    const interval = fc.constantFrom('1s', '1m', '3m', '15m', '1h', '8h', '1d', '3d', '1w', '1M' as const)
    const zone = fc.constantFrom('+00:00', '+08:00', '-12:00', '5:30')
    fc.assert(
      fc.property(interval, zone, fc.integer({ min: 1.5e12, max: 2e12 }), (name, zoneText, timeMs) => {
        const parsed = parseInterval(name, 'spot')!
        const zoneMs = parseTimeZone(zoneText)!
        const open = intervalOpen(parsed, timeMs, zoneMs)
        const next = nextIntervalOpen(parsed, open, zoneMs)
        expect(open <= timeMs && timeMs < next).toBe(true)
        expect(intervalOpen(parsed, next, zoneMs)).toBe(next)
        expect(intervalOpen(parsed, next - 1, zoneMs)).toBe(open)
      }),
      { numRuns: 1000 },
    )
  })

  it('tell a minute from a month, and know no seconds on futures', () => {
    expect(nextIntervalOpen('1M', Date.UTC(2026, 11, 1))).toBe(Date.UTC(2027, 0, 1))
    expect([parseInterval('1M', 'spot'), parseInterval('1s', 'futures'), parseInterval('2m', 'spot')]).toEqual([
      '1M',
      null,
      null,
    ])
    expect(['+14:00', '15', '-12:01', 'x'].map(parseTimeZone)).toEqual([50_400_000, null, null, null])
  })
})
