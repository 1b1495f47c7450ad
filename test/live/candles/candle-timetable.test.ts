/** When candles are due, by the calendar of their interval. */
import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { CandleTimetable } from '../../../src/live/candles/candle-timetable.js'

const MINUTE_MS = 60_000

describe('the timetable of a candle stream', () => {
  it('expects a candle its interval and the grace time after it opened', () => {
    const timetable = new CandleTimetable('1m', 3_000)
    expect(timetable.dueMs(MINUTE_MS)).toBe(2 * MINUTE_MS + 3_000)
    expect(timetable.endOfDue(MINUTE_MS, 2 * MINUTE_MS + 2_999)).toBe(MINUTE_MS)
    expect(timetable.endOfDue(MINUTE_MS, 2 * MINUTE_MS + 3_000)).toBe(2 * MINUTE_MS)
    expect(timetable.endOfDue(MINUTE_MS, 5 * MINUTE_MS + 3_000)).toBe(5 * MINUTE_MS)
  })

  it('counts months by the calendar, over a leap year', () => {
    const timetable = new CandleTimetable('1M', 3_000)
    const january = Date.UTC(2024, 0, 1)
    expect(timetable.next(january)).toBe(Date.UTC(2024, 1, 1))
    expect(timetable.endOfDue(january, Date.UTC(2024, 2, 1) + 2_999)).toBe(Date.UTC(2024, 1, 1))
    expect(timetable.endOfDue(january, Date.UTC(2024, 2, 1) + 3_000)).toBe(Date.UTC(2024, 2, 1))
    expect(timetable.before(Date.UTC(2025, 0, 1), 12)).toBe(january)
    expect(timetable.count(january, Date.UTC(2025, 0, 1))).toBe(12)
  })

  test.prop([
    fc.constantFrom('1s' as const, '1m' as const, '4h' as const, '1d' as const, '1M' as const),
    fc.integer({ min: 0, max: 10_000 }),
    fc.integer({ min: 0, max: 60 }),
    fc.integer({ min: 0, max: 60_000 }),
  ])('has everything before the end due, and nothing from there on', (interval, closeGraceMs, length, extraMs) => {
    const timetable = new CandleTimetable(interval, closeGraceMs)
    const from = Date.UTC(2024, 0, 1)
    let at = from
    for (let step = 0; step < length; step++) at = timetable.next(at)
    const nowMs = at + extraMs
    const end = timetable.endOfDue(from, nowMs)
    expect(timetable.dueMs(end)).toBeGreaterThan(nowMs)
    if (end > from) expect(timetable.dueMs(timetable.before(end))).toBeLessThanOrEqual(nowMs)
    expect(timetable.before(end, timetable.count(from, end))).toBe(from)
  })
})
