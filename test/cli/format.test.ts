import { describe, expect, it } from 'vitest'
import {
  formatAge,
  formatClock,
  formatCount,
  formatLatency,
  formatNumber,
  formatRate,
  formatTimeOfDay,
} from '../../src/cli/format.js'

describe('text for a terminal', () => {
  it.each([
    [0, '00:00:00'],
    [72_900, '00:01:12'],
    [86_399_999, '23:59:59'],
    [90_061_000, '1d 01:01:01'],
    [-5, '00:00:00'],
  ])('writes %d ms as clock %s', (ms, text) => {
    expect(formatClock(ms)).toBe(text)
  })

  it.each([
    [null, '-'],
    [0, '0.0s'],
    [-3, '0.0s'],
    [99_949, '99.9s'],
    [99_950, '2m'],
    [720_000, '12m'],
    [7_200_000, '2h'],
  ])('writes an age of %s ms as %s', (ms, text) => {
    expect(formatAge(ms)).toBe(text)
  })

  it.each([
    [0.213, '0.21ms'],
    [-0.5, '-0.50ms'],
    [12.4, '12ms'],
    [-1_270, '-1.3s'],
  ])('writes a latency of %d ms as %s, sign included', (ms, text) => {
    expect(formatLatency(ms)).toBe(text)
  })

  it.each([
    [0, '0'],
    [999, '999'],
    [1_000, '1 000'],
    [12_345_678, '12 345 678'],
  ])('groups the digits of %d as %j', (count, text) => {
    expect(formatCount(count)).toBe(text)
  })

  it('writes rates below a hundred with one decimal', () => {
    expect([formatRate(0), formatRate(99.94), formatRate(1_234.5)]).toEqual(['0.0', '99.9', '1235'])
  })

  it('writes the time of day in UTC', () => {
    expect(formatTimeOfDay(Date.UTC(2026, 10, 21, 12, 0, 31))).toBe('12:00:31')
  })

  it('never writes a small price in exponents', () => {
    expect([formatNumber(0), formatNumber(61_234.5), formatNumber(1.2e-7), formatNumber(-3e-8)]).toEqual([
      '0',
      '61234.5',
      '0.00000012',
      '-0.00000003',
    ])
  })
})
