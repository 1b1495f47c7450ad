import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { parseCountRange, parseDuration, parseDurationRange } from '../../../src/sim/faults/duration.js'
import { FAULT_VARIANTS, FaultPlanError, loadFaultPlan, parseFaultRule } from '../../../src/sim/faults/plan.js'
import { BUILT_IN_PLANS } from '../../../src/sim/faults/presets.js'
import { globMatches, matchesPath, matchesStream } from '../../../src/sim/faults/selector.js'

describe('a fault plan', () => {
  it('may be a built-in name, each of which is a valid plan', () => {
    expect(Object.keys(BUILT_IN_PLANS)).toEqual(['none', 'gentle', 'rough', 'limits', 'handover'])
    for (const name of Object.keys(BUILT_IN_PLANS)) expect(loadFaultPlan(name).kind).toBe('rules')
  })

  it('reads times, ranges and counts as people write them', () => {
    expect(
      parseFaultRule({ fault: 'dropDiff', at: '1.5s', for: '3s..20s', run: '1..25', on: { symbol: 'ETHUSDT' } }),
    ).toMatchObject({
      at: 1500,
      for: { min: 3000, max: 20_000 },
      run: { min: 1, max: 25 },
    })
    expect(['250ms', '2m', '1h', '-3s', 7].map(parseDuration)).toEqual([250, 120_000, 3_600_000, -3000, 7])
    expect(['5', '5 s', 'soon', ''].map(parseDuration)).toEqual([null, null, null, null])
    expect([parseDurationRange('20s..3s'), parseCountRange('1.5'), parseCountRange('3')]).toEqual([
      null,
      null,
      { min: 3, max: 3 },
    ])
  })

  it.each([
    [{ rules: [{ fault: 'explode' }] }, /rules\[0\]\.fault: "explode" is not one of reset, close, /],
    [{ rules: [{ fault: 'reset', variant: 'soft' }] }, /rules\[0\]\.variant: "soft": reset knows rst, fin/],
    [{ rules: [{ fault: 'close', variant: 'x' }] }, /close has no variants/],
    [{ rules: [{ fault: 'reset', at: 'soon' }] }, /rules\[0\]\.at: "soon" is not a time/],
    [{ rules: [{ fault: 'reset', at: '1s', every: '2s' }] }, /give either at or every/],
    [{ rules: [{ fault: 'reset', probability: 0.1 }] }, /together with per/],
    [{ rules: [{ fault: 'reset', on: { symbl: 'X' } }] }, /rules\[0\]\.on: .*symbl/],
    [{ rules: [{ fault: 'httpStatus' }] }, /httpStatus needs a status/],
    [{ rules: [{ fault: 'connectFail', variant: 'refused' }] }, /needs a time to open it again/],
    [{ rules: [{ fault: 'clockSkew' }] }, /needs an offset/],
    [{ rulez: [] }, /rulez/],
  ])('that is wrong names the field (%#)', (plan, message) => {
    expect(() => loadFaultPlan(plan as never)).toThrow(FaultPlanError)
    expect(() => loadFaultPlan(plan as never)).toThrow(message)
  })

  it('that is neither built in nor a file says so', () => {
    expect(() => loadFaultPlan('nonesuch.yaml')).toThrow(
      /neither a built-in plan \(none, gentle, rough, limits, handover\) nor a file/,
    )
  })

  it('knows every kind of the catalogue', () => {
    const catalogue =
      'reset close halfOpen silentAll silentStream ackSilent connectFail httpStatus slowHandshake slowLink framing duplicate reorder dropDiff spliceVariant oldSnapshot snapshotFail candleClose serverShutdown ageCut control venueReset clockSkew pingFlood'
    for (const kind of catalogue.split(' ')) expect(Object.keys(FAULT_VARIANTS)).toContain(kind)
  })
})

describe('a selector', () => {
  it('matches streams by name, pattern, symbol and interval', () => {
    expect(matchesStream({ stream: 'btcusdt@*' }, 'btcusdt@depth@100ms')).toBe(true)
    expect(matchesStream({ symbol: 'BTCUSDT', interval: '1m' }, 'btcusdt@kline_1m')).toBe(true)
    expect(matchesStream({ symbol: 'BTCUSDT' }, 'btcusdtx@trade')).toBe(false)
    expect(matchesStream({ symbol: '测试USDT' }, '测试usdt@trade')).toBe(true)
    expect([
      matchesPath('depth', '/api/v3/depth'),
      matchesPath('*', '/x'),
      matchesPath('epth', '/api/v3/depth'),
    ]).toEqual([true, true, false])
  })

  test.prop([
    fc.string(),
    fc.array(fc.constantFrom('a', 'b', '*', '@'), { maxLength: 8 }).map((parts) => parts.join('')),
  ])('reads a pattern as a slow obvious version does', (tail, pattern) => {
    const text = `ab${tail}@a`
    const escaped = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    expect(globMatches(pattern, text)).toBe(new RegExp(`^${escaped.join('[^]*')}$`).test(text))
  })
})
