import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../src/runtime/index.js'
import { SimMarket, TEST_SYMBOLS } from '../../../src/sim/market/index.js'
import { resolveSymbol } from '../../../src/sim/market/symbols.js'
import type { SimPayload } from '../../../src/sim/market-source.js'
import { marketBench } from './support.js'

describe('history of a simulated market', () => {
  // Changes of these numbers mean that every recorded seed tells another story: never by accident.
  it.each([
    [1, '3b44db86e5734e25', 101_617],
    [7, 'eb7ceb974e50178c', 106_601],
    [20_261_120, '8626360d834acab8', 102_888],
  ])('is the same for seed %i on every machine', (seed, hash, events) => {
    const { market, run } = marketBench({ seed, symbols: TEST_SYMBOLS, preset: 'busy' })
    run(30_000)
    expect([market.oracle.historyHash(), market.oracle.eventCount()]).toEqual([hash, events])
  })

  it('does not depend on who watches', () => {
    const alone = marketBench({ seed: 9, symbols: TEST_SYMBOLS })
    const watched = marketBench({ seed: 9, symbols: TEST_SYMBOLS })
    const names = [
      'btcusdt@depth@100ms',
      'btcusdt@bookTicker',
      'ethusdt@trade',
      'quietusdt@kline_1m',
      '!miniTicker@arr',
    ]
    for (let round = 0; round < 10; round++) {
      for (const name of names) watched.collect(round % 2 === 0 ? 'spot' : 'futures', name)
      watched.run(1000)
      alone.run(1000)
      watched.rest('spot', '/api/v3/klines?symbol=BTCUSDT&interval=1h')
      watched.rest('futures', '/fapi/v1/ticker/24hr')
    }
    expect(watched.market.oracle.historyHash()).toBe(alone.market.oracle.historyHash())
    expect(watched.market.oracle.eventCount()).toBe(alone.market.oracle.eventCount())
  })

  it('does not depend on how often the clock wakes the market, nor on its speed', () => {
    const steady = marketBench({ seed: 4 })
    steady.run(20_000)
    const clock = new VirtualClock()
    const fast = new SimMarket({ clock, seed: 4, speed: 50 })
    fast.start()
    clock.advanceSync(400)
    expect(fast.nowMs()).toBe(steady.market.nowMs())
    expect(fast.oracle.historyHash()).toBe(steady.market.oracle.historyHash())
  })

  it('of one symbol does not depend on the other spot symbols', () => {
    const few = marketBench({ seed: 4, symbols: ['ETHUSDT'], markets: ['spot'], extras: false })
    const many = marketBench({ seed: 4, symbols: ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'], markets: ['spot'] })
    const [a, b] = [few.collect('spot', 'ethusdt@trade'), many.collect('spot', 'ethusdt@trade')]
    few.run(5000)
    many.run(5000)
    expect(a.length).toBeGreaterThan(5)
    expect(b).toEqual(a)
  })

  it('stands still between stop and start', () => {
    const { clock, market, run } = marketBench({ seed: 4 })
    run(1000)
    market.stop()
    const now = market.nowMs()
    clock.advanceSync(60_000)
    expect(market.nowMs()).toBe(now)
    expect(clock.pendingTimerCount).toBe(0)
    market.start()
    run(1000)
    expect(market.nowMs()).toBe(now + 1000)
  })
})

describe('streams of a simulated market', () => {
  it('send the same payloads whenever they are opened', () => {
    const names = [
      ['spot', 'btcusdt@depth'],
      ['spot', 'btcusdt@kline_1m'],
      ['spot', 'btcusdt@kline_1s'],
      ['spot', 'btcusdt@ticker'],
      ['futures', 'btcusdt@depth@500ms'],
      ['futures', 'btcusdt@kline_1m'],
      ['futures', 'btcusdt@aggTrade'],
      ['futures', 'btcusdt@bookTicker'],
      ['futures', '!markPrice@arr@1s'],
    ] as const
    const early = marketBench({ seed: 6 })
    const late = marketBench({ seed: 6 })
    const first = names.map(([market, name]) => early.collect(market, name))
    early.run(90_000)
    late.run(61_370)
    const second = names.map(([market, name]) => late.collect(market, name))
    late.run(90_000 - 61_370)
    names.forEach(([, name], index) => {
      const tail = second[index] ?? []
      expect(tail.length, name).toBeGreaterThan(10)
      expect(tail, name).toEqual((first[index] ?? []).slice(-tail.length))
    })
  })

  it('build a payload once for all who listen', () => {
    const { market, run } = marketBench({ seed: 6 })
    const heard: SimPayload[][] = [[], [], []]
    const taps = heard.map((list) => market.tap('spot', 'btcusdt@trade', 'ms', (payload) => list.push(payload)))
    run(2000)
    expect(market.runningStreams).toBe(1)
    expect(heard[0]?.length).toBeGreaterThan(1)
    heard[1]?.forEach((payload, index) => {
      expect(payload).toBe(heard[0]?.[index])
    })
    taps[0]?.close()
    taps[0]?.close()
    const before = heard[0]?.length
    run(2000)
    expect(heard[0]?.length).toBe(before)
    expect(heard[2]?.length).toBeGreaterThan(before ?? 0)
    for (const tap of taps) tap?.close()
    expect(market.runningStreams).toBe(0)
  })

  it.each([
    ['spot', 'BTCUSDT@trade'],
    ['spot', 'nopeusdt@trade'],
    ['spot', 'btcusdt@nope'],
    ['spot', 'btcusdt@depth@0ms'],
    ['spot', 'btcusdt@markPrice'],
    ['spot', '!ticker@arr'],
    ['spot', 'btcusdt_261225@trade'],
    ['spot', '@trade'],
    ['spot', ''],
    ['futures', 'btcusdt@depth20@250ms'],
    ['futures', 'btcusdt@depth7'],
    ['futures', 'btcusdt@kline_1s'],
    ['futures', 'btcusdt@kline_1d@+08:00'],
    ['futures', 'btcusdt@avgPrice'],
    ['futures', 'btcusd_perp@trade'],
    ['futures', 'btcusdt@toString'],
  ] as const)('on %s named %j are known to nobody', (kind, name) => {
    const { market } = marketBench({ symbols: TEST_SYMBOLS })
    expect(market.tap(kind, name, 'ms', () => {})).toBeNull()
  })

  it.each([
    ['btcusdt@depth@100ms', 'public'],
    ['btcusdt@depth20', 'public'],
    ['btcusdt@rpiDepth@500ms', 'public'],
    ['btcusdt@bookTicker', 'public'],
    ['!bookTicker', 'public'],
    ['btcusdt@trade', 'public'],
    ['btcusdt@aggTrade', 'market'],
    ['btcusdt@kline_1m', 'market'],
    ['!markPrice@arr@1s', 'market'],
    ['btcusdt@nothing', 'market'],
  ] as const)('named %s belong to the route %s', (name, route) => {
    expect(marketBench().market.routeOf(name)).toBe(route)
  })

  it('print microseconds on request, and the same history otherwise', () => {
    const { run, collect } = marketBench({ seed: 6 })
    const ms = collect('spot', 'btcusdt@trade')
    const us = collect('spot', 'btcusdt@trade', 'us')
    run(3000)
    const times = us.map(({ text }) => (JSON.parse(text) as { T: number }).T)
    expect(times.length).toBeGreaterThan(1)
    expect(times.some((time) => time % 1000 !== 0)).toBe(true)
    expect(times.map((time) => Math.floor(time / 1000))).toEqual(
      ms.map(({ text }) => (JSON.parse(text) as { T: number }).T),
    )
  })

  it('shift event times, and nothing else, when the venue clock is wrong', () => {
    const right = marketBench({ seed: 6 })
    const wrong = marketBench({ seed: 6 })
    wrong.market.setClockSkew(-1270)
    const [a, b] = [right.collect('futures', 'btcusdt@aggTrade'), wrong.collect('futures', 'btcusdt@aggTrade')]
    right.run(3000)
    wrong.run(3000)
    expect(b.length).toBeGreaterThan(1)
    const shifted = a.map(({ text }) => text.replace(/"E":(\d+)/, (_, E: string) => `"E":${Number(E) - 1270}`))
    expect(b.map(({ text }) => text)).toEqual(shifted)
    expect(wrong.market.oracle.historyHash()).toBe(right.market.oracle.historyHash())
  })

  it('can shuffle keys and add unknown ones without changing a value', () => {
    const plain = marketBench({ seed: 6 })
    const odd = marketBench({ seed: 6, shuffleKeys: true, addUnknownKeys: true })
    const [a, b] = [plain.collect('futures', 'btcusdt@kline_1m'), odd.collect('futures', 'btcusdt@kline_1m')]
    plain.run(5000)
    odd.run(5000)
    expect(b.length).toBeGreaterThan(3)
    b.forEach(({ text }, index) => {
      const { zz, zy, k, ...rest } = JSON.parse(text) as Record<string, unknown> & { k: Record<string, unknown> }
      const { zz: innerZz, zy: innerZy, ...inner } = k
      expect([zz, innerZz, zy]).toEqual(['unknown', 'unknown', innerZy])
      expect({ ...rest, k: inner }).toEqual(JSON.parse(a[index]?.text ?? ''))
    })
    const orders = new Set(b.map(({ text }) => Object.keys(JSON.parse(text) as object).join()))
    expect(orders.size).toBeGreaterThan(1)
  })
})

describe('symbols', () => {
  it.each([
    ['BTCUSDT', 'btcusdt'],
    ['测试USDT', '测试usdt'],
    ['１２３USDT', '１２３usdt'],
    ['BTCUSDT_261225', 'btcusdt_261225'],
  ])('%s is called %s in stream names: only A-Z has a lower case', (symbol, name) => {
    expect(resolveSymbol({ symbol }, 'futures')?.streamName).toBe(name)
  })

  it('know their delivery', () => {
    const spec = resolveSymbol({ symbol: 'BTCUSDT_261225' }, 'futures')
    expect([spec?.pair, spec?.contractType, spec?.deliveryMs]).toEqual([
      'BTCUSDT',
      'CURRENT_QUARTER',
      Date.UTC(2026, 11, 25, 8),
    ])
    expect(resolveSymbol({ symbol: 'BTCUSDT_261225' }, 'spot')).toBeNull()
  })

  it.each([['btcusdt'], [''], ['BTC USDT'], ['BTC@USDT'], ['!A']])('cannot be called %j', (symbol) => {
    expect(() => resolveSymbol({ symbol }, 'spot')).toThrow(/not a listed name/)
  })

  it('must have increments a venue would list', () => {
    expect(() => resolveSymbol({ symbol: 'AUSDT', tickSize: '0' }, 'spot')).toThrow(/above zero/)
    expect(() => resolveSymbol({ symbol: 'AUSDT', tickSize: '1e-3' }, 'spot')).toThrow(/plain decimal/)
    expect(() => resolveSymbol({ symbol: 'AUSDT', tickSize: '0.00001', stepSize: '0.0001' }, 'spot')).toThrow(
      /8 decimals/,
    )
    expect(() => marketBench({ symbols: ['BTCUSDT', 'BTCUSDT'] })).toThrow(/twice/)
  })
})
