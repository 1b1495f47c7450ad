/** What the page makes of what it was pushed. */
import { describe, expect, it } from 'vitest'
import * as format from '../../../src/dashboard/page/model/format.js'
import { gridOf } from '../../../src/dashboard/page/model/grid.js'
import { ladderOf, sparkline } from '../../../src/dashboard/page/model/ladder.js'
import type { MarketState } from '../../../src/dashboard/page/model/state.js'
import { barsOf, spanOf, ticksOf } from '../../../src/dashboard/page/model/timeline.js'
import { feedSign } from '../../../src/dashboard/page/model/tones.js'
import type { CandleRow, LadderView, UpdateMessage } from '../../../src/dashboard/protocol.js'
import { connectionView, feedView, gapView, managerView, NOW_MS, pageState } from './support.js'

const update = (overrides: Partial<UpdateMessage>): UpdateMessage => ({ kind: 'update', nowMs: NOW_MS, ...overrides })
const row = (openTimeMs: number): CandleRow => [openTimeMs, 1, 2, 0, 1, 5, 0]

describe('the state of the page', () => {
  it('is the same after the same update came twice', () => {
    const state = pageState({ gaps: [gapView()], log: [] })
    const market = { key: { source: 'spot', symbol: 'BTCUSDT', interval: '' } }
    state.apply(update({ views: { market: { ...market, candles: [row(1), row(2)], forming: row(3) } } }))
    const change = update({
      feedChanges: [[0, 'STALE', 11, 0, 0, 1, 9_000, null, null]],
      gaps: [gapView({ state: 'filled', closedTimeMs: NOW_MS })],
      log: [{ id: 7, timeMs: 1, level: 'INFO', source: '', event: 'E', message: 'm' }],
      views: {
        market: { ...market, newCandles: [row(3)], forming: null },
        raw: { topic: 't', newEnvelopes: [{ seq: 5, publishTimeMs: 0, source: '', payload: '1', isCut: false }] },
      },
    })
    state.apply(change)
    const once = JSON.stringify([state.feeds, [...state.gaps], state.log, state.market?.candles, state.raw])
    state.apply(change)
    expect(JSON.stringify([state.feeds, [...state.gaps], state.log, state.market?.candles, state.raw])).toBe(once)
    expect(state.feeds[0]?.state).toBe('STALE')
    expect(state.market?.candles.map(([time]) => time)).toEqual([1, 2, 3])
    expect(state.market?.forming).toBeNull()
  })

  it('forgets one market when another is chosen', () => {
    const state = pageState()
    const key = (symbol: string) => ({ source: 'spot', symbol, interval: '' })
    state.apply(update({ views: { market: { key: key('BTCUSDT'), candles: [row(1)], intervals: ['1m'] } } }))
    state.apply(update({ views: { market: { key: key('ETHUSDT'), newCandles: [row(2)] } } }))
    expect(state.market?.candles.map(([time]) => time)).toEqual([2])
    expect(state.market?.intervals).toEqual([])
  })

  it('appends samples that are new only', () => {
    const state = pageState()
    const key = { source: 'spot', stream: 'btcusdt@aggTrade' }
    const columns = (...times: number[]) => ({
      timeMs: times,
      rate: times,
      p50: times,
      p99: times,
      ageMs: times,
    })
    state.apply(update({ views: { stream: { key, history: columns(1, 2), trouble: null } } }))
    state.apply(update({ views: { stream: { key, newSamples: columns(2, 3) } } }))
    expect(state.stream?.history.timeMs).toEqual([1, 2, 3])
    expect(state.stream?.history.rate).toEqual([1, 2, 3])
  })

  it('never drops an open gap to make room', () => {
    const state = pageState({ gaps: [gapView({ gapId: 1 })] })
    const gaps = Array.from({ length: 900 }, (_, index) => gapView({ gapId: index + 2, state: 'filled' }))
    state.apply(update({ gaps }))
    expect(state.gaps.size).toBeLessThanOrEqual(500)
    expect(state.gaps.get('spot 1')?.state).toBe('open')
  })
})

describe('the table of streams', () => {
  const feeds = [
    feedView({ streamType: 'TICKER', stream: 'btcusdt@ticker' }),
    feedView({ streamType: 'KLINE', detail: '1m', stream: 'btcusdt@kline_1m' }),
    feedView({ symbol: 'ETHUSDT', streamType: 'KLINE', detail: '1m', stream: 'ethusdt@kline_1m', state: 'STALE' }),
    feedView({ source: 'hft', symbol: 'BTCUSDT', streamType: 'DEPTH', stream: 'x', connectionId: '' }),
  ]
  const managers = [managerView(), managerView({ name: 'hft', connections: [] })]
  const all = { text: '', onlyProblems: false }

  it('has a group per manager, a row per symbol, and columns in the order one expects', () => {
    const { lines, columnCount, symbols } = gridOf({ managers, feeds }, all)
    expect(lines.map((line) => (line.kind === 'group' ? line.columns : line.symbol))).toEqual([
      ['kline 1m', 'ticker'],
      'BTCUSDT',
      'ETHUSDT',
      ['depth'],
      'BTCUSDT',
    ])
    expect(columnCount).toBe(2)
    expect(symbols).toBe(3)
    const eth = lines[2]
    expect(eth?.kind === 'row' ? eth.cells.map((cell) => cell?.stream ?? null) : []).toEqual(['ethusdt@kline_1m', null])
  })

  it.each([
    [{ text: 'eth', onlyProblems: false }, ['ETHUSDT']],
    [{ text: 'HFT', onlyProblems: false }, ['BTCUSDT']],
    [{ text: 'kline_1m', onlyProblems: false }, ['BTCUSDT', 'ETHUSDT']],
    [{ text: '', onlyProblems: true }, ['ETHUSDT']],
    [{ text: 'btc', onlyProblems: true }, []],
  ])('filtered by %j shows %j', (filter, symbols) => {
    const { lines } = gridOf({ managers, feeds }, filter)
    expect(lines.flatMap((line) => (line.kind === 'row' ? [line.symbol] : []))).toEqual(symbols)
  })

  it('counts the streams of a connection that is down as problems', () => {
    const down = [managerView({ connections: [connectionView({ state: 'CONNECTING' })] })]
    const { lines } = gridOf({ managers: down, feeds: feeds.slice(0, 2) }, { text: '', onlyProblems: true })
    expect(lines.flatMap((line) => (line.kind === 'row' ? [line.symbol] : []))).toEqual(['BTCUSDT'])
  })

  it('gives every state a shape and a word of its own', () => {
    const signs = [
      feedSign(feedView({ ageMs: 100 })),
      feedSign(feedView({ ageMs: 4_000 })),
      feedSign(feedView({ state: 'RESYNCING' })),
      feedSign(feedView({ state: 'STALE' })),
      feedSign(feedView({ state: 'NEVER_RECEIVED', ageMs: null })),
      feedSign(feedView(), true),
    ]
    expect(new Set(signs.map(({ glyph }) => glyph)).size).toBe(signs.length)
    expect(new Set(signs.map(({ word }) => word)).size).toBe(signs.length)
  })
})

describe('sockets over time', () => {
  it('lie on one axis from the first socket to now, neighbours in two lanes', () => {
    const generations = [
      { generation: 1, startMs: NOW_MS - 600_000, endMs: NOW_MS - 300_000, end: 'lost' as const },
      { generation: 2, startMs: NOW_MS - 240_000, endMs: NOW_MS - 60_000, end: 'replaced' as const },
      { generation: 3, startMs: NOW_MS - 66_000, endMs: null, end: null },
    ]
    const span = spanOf([managerView({ connections: [connectionView({ generations })] })], NOW_MS)
    const bars = barsOf(generations, span)
    expect(bars.map(({ lane, kind }) => [lane, kind])).toEqual([
      [0, 'lost'],
      [1, 'replaced'],
      [0, 'current'],
    ])
    const [first, second, third] = bars as [(typeof bars)[0], (typeof bars)[0], (typeof bars)[0]]
    expect(first.left + first.width).toBeLessThan(second.left)
    expect(second.left + second.width).toBeGreaterThan(third.left)
    expect(third.left + third.width).toBeCloseTo(100, 5)
    expect(first.title).toBe('socket #1, lost after 5 min; 1 min without a socket')
    expect(second.title).toBe('socket #2, replaced after 3 min; 6.0 s overlap')
  })

  it('are cut at half an hour, and what ended before is left out', () => {
    const generations = [
      { generation: 1, startMs: NOW_MS - 9e6, endMs: NOW_MS - 8e6, end: 'lost' as const },
      { generation: 2, startMs: NOW_MS - 8e6, endMs: null, end: null },
    ]
    const span = spanOf([managerView({ connections: [connectionView({ generations })] })], NOW_MS)
    expect(span.endMs - span.startMs).toBe(1_800_000)
    expect(barsOf(generations, span)).toMatchObject([{ generation: 2, left: 0, width: 100 }])
  })

  it.each([60_000, 240_000, 1_800_000])('have few, round ticks over %d ms', (lengthMs) => {
    const ticks = ticksOf({ startMs: NOW_MS - lengthMs, endMs: NOW_MS })
    expect(ticks.length).toBeGreaterThanOrEqual(2)
    expect(ticks.length).toBeLessThanOrEqual(7)
    expect(ticks[0]?.text).toBe('now')
  })
})

describe('the ladder', () => {
  const book: LadderView = {
    state: 'LIVE',
    sequence: 1,
    bids: [
      [99, 1],
      [98.5, 3],
    ],
    asks: [
      [101, 2],
      [102, 2],
    ],
    mid: 100,
    spread: 2,
    spreadBps: 200,
    isCrossed: false,
    receiveTimeMs: NOW_MS,
  }
  const market: MarketState = {
    key: { source: 'spot', symbol: 'BTCUSDT', interval: '' },
    intervals: [],
    candles: [],
    forming: null,
    book,
    bbo: null,
    funding: null,
    spreads: [],
  }
  const depth = feedView({ streamType: 'DEPTH', stream: 'd' })

  it('has the best prices at the spread, with what lies up to each level', () => {
    const ladder = ladderOf(market, managerView(), [depth], 10)
    expect(ladder?.asks.map(({ price }) => price)).toEqual([102, 101])
    expect(ladder?.bids.map(({ price, share }) => [price, share])).toEqual([
      [99, 0.25],
      [98.5, 1],
    ])
    expect(ladder).toMatchObject({ digits: 1, state: 'LIVE', reason: '' })
  })

  it.each([
    ['the book is being rebuilt', { ...market, book: { ...book, state: 'RESYNCING' as const } }, managerView(), depth],
    ['its stream is silent', market, managerView(), feedView({ streamType: 'DEPTH', state: 'STALE' })],
    ['its connection is down', market, managerView({ connections: [connectionView({ state: 'BACKOFF' })] }), depth],
    ['the feed is stopped', market, managerView({ state: 'STOPPED' }), depth],
  ])('is not live when %s', (_why, state, manager, feed) => {
    const ladder = ladderOf(state, manager, [feed], 10)
    expect(ladder?.state).not.toBe('LIVE')
    expect(ladder?.reason).not.toBe('')
  })

  it('falls back to the best prices where there is no depth, and to nothing', () => {
    const bbo = { bid: 1, bidQty: 2, ask: 3, askQty: 4, receiveTimeMs: 0 }
    expect(ladderOf({ ...market, book: null, bbo }, managerView(), [], 10)).toMatchObject({
      bids: [{ price: 1, qty: 2 }],
      asks: [{ price: 3, qty: 4 }],
    })
    expect(ladderOf({ ...market, book: null }, managerView(), [], 10)).toBeNull()
  })

  it('draws a flat line for values that do not move, and none for one value', () => {
    expect(sparkline([5], 100, 20)).toBe('')
    expect(sparkline([5, 5, 5], 100, 20)).toBe('0.0,19.0 50.0,19.0 100.0,19.0')
    expect(sparkline([0, 10], 100, 20)).toBe('0.0,19.0 100.0,1.0')
  })
})

describe('numbers and times', () => {
  it.each([
    [180, '0.2 s'],
    [14_000, '14 s'],
    [59_800, '60 s'],
    [192_000, '3 min 12 s'],
    [7_500_000, '2 h 5 min'],
    [270_000_000, '3 d 3 h'],
    [-5, '0.0 s'],
  ])('a duration of %d ms is "%s"', (ms, text) => {
    expect(format.duration(ms)).toBe(text)
  })

  it('are short, exact where it matters, and never say what is not known', () => {
    expect(format.countdown(11_564_000)).toBe('03:12:44')
    expect(format.latency(0.214)).toBe('0.21 ms')
    expect(format.latency(-41.83)).toBe('-41.8 ms')
    expect(format.latency(null)).toBe('–')
    expect(format.count(1_234_567)).toBe('1 234 567')
    expect(format.rate(0.2)).toBe('0.2/s')
    expect(format.price(61_234.5, 2)).toBe('61234.50')
    expect(format.digitsOf(0.00012)).toBe(5)
    expect(format.commonDigits([1, 1.5, 1.25])).toBe(2)
    expect(format.basisPoints(0.00163)).toBe('0.0016')
    expect(format.timeOfDay(Date.UTC(2026, 10, 20, 12, 0, 31))).toBe('12:00:31')
    expect(format.streamLabel('SOMETHING_ELSE', 'x')).toBe('something_else x')
  })
})
