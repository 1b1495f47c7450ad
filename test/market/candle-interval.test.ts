/** When candles open and close. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  candlesBetween,
  closeTimeMs,
  fixedIntervalMs,
  intervalMsMax,
  nextOpenTimeMs,
  openTimeAtMs,
  previousOpenTimeMs,
} from '../../src/market/index.js'
import { CANDLE_INTERVALS } from '../../src/types/stream.js'

const at = (text: string): number => Date.parse(`${text}Z`)

describe('candle intervals', () => {
  it.each([
    ['1s', '2026-11-20T23:59:59', '2026-11-21T00:00:00'],
    ['1m', '2026-11-20T23:59:00', '2026-11-21T00:00:00'],
    ['15m', '2026-11-20T10:45:00', '2026-11-20T11:00:00'],
    ['4h', '2026-11-20T20:00:00', '2026-11-21T00:00:00'],
    ['1d', '2024-02-28T00:00:00', '2024-02-29T00:00:00'],
    ['1w', '2026-11-16T00:00:00', '2026-11-23T00:00:00'],
    ['1M', '2026-01-01T00:00:00', '2026-02-01T00:00:00'],
    ['1M', '2026-12-01T00:00:00', '2027-01-01T00:00:00'],
  ] as const)('a %s candle from %s is followed by one from %s', (interval, from, next) => {
    expect(nextOpenTimeMs(at(from), interval)).toBe(at(next))
    expect(previousOpenTimeMs(at(next), interval)).toBe(at(from))
    expect(closeTimeMs(at(from), interval)).toBe(at(next) - 1)
    expect(openTimeAtMs(at(next) - 1, interval)).toBe(at(from))
    expect(openTimeAtMs(at(next), interval)).toBe(at(next))
    expect(candlesBetween(at(from), at(next), interval)).toBe(1)
  })

  it('open weeks on Monday and months on the first, also before the epoch', () => {
    expect(new Date(openTimeAtMs(at('2026-11-20T12:00:00'), '1w')).getUTCDay()).toBe(1)
    expect(openTimeAtMs(at('2024-02-29T12:00:00'), '1M')).toBe(at('2024-02-01T00:00:00'))
    expect(openTimeAtMs(at('1969-12-31T12:00:00'), '1w')).toBe(at('1969-12-29T00:00:00'))
  })

  it('have a fixed length except the month, which has a longest', () => {
    expect(fixedIntervalMs('1m')).toBe(60_000)
    expect(fixedIntervalMs('1M')).toBeNull()
    expect(intervalMsMax('1M')).toBe(31 * 86_400_000)
    expect(intervalMsMax('3d')).toBe(3 * 86_400_000)
  })

  it('count candles between open times, none backwards', () => {
    expect(candlesBetween(at('2026-01-01T00:00:00'), at('2027-03-01T00:00:00'), '1M')).toBe(14)
    expect(candlesBetween(at('2026-01-02T00:00:00'), at('2026-01-01T00:00:00'), '1d')).toBe(0)
  })

  it('place every time in exactly one candle, and step forward and back to it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...CANDLE_INTERVALS),
        fc.integer({ min: 0, max: 4_102_444_800_000 }),
        (interval, timeMs) => {
          const open = openTimeAtMs(timeMs, interval)
          const next = nextOpenTimeMs(open, interval)
          expect(open <= timeMs && timeMs < next).toBe(true)
          expect(openTimeAtMs(open, interval)).toBe(open)
          expect(previousOpenTimeMs(next, interval)).toBe(open)
          expect(next - open).toBeLessThanOrEqual(intervalMsMax(interval))
        },
      ),
      { numRuns: 2_000 },
    )
  })
})
