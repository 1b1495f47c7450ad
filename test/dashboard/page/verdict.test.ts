/** The sentence on top answers: alive, since when, what was lost, which stream is slow. */
import { describe, expect, it } from 'vitest'
import { tilesOf, verdictOf } from '../../../src/dashboard/page/model/verdict.js'
import { connectionView, feedView, gapView, managerView, NOW_MS, pageState } from './support.js'

const TWO = [feedView(), feedView({ stream: 'ethusdt@aggTrade', symbol: 'ETHUSDT', p99: 38 })]

describe('the verdict', () => {
  it('says that all deliver, for how long, and that nothing was lost', () => {
    expect(verdictOf(pageState({ feeds: TWO }))).toEqual({
      tone: 'ok',
      headline: 'All 2 streams deliver. Running 3 min. Nothing lost.',
      problems: [],
    })
  })

  it.each([
    [{ open: 0, filled: 1, unfillable: 0 }, '1 gap, filled.'],
    [{ open: 0, filled: 3, unfillable: 0 }, '3 gaps, all filled.'],
    [{ open: 0, filled: 2, unfillable: 1 }, '3 gaps: 2 filled, 1 lost for good.'],
  ])('counts gaps %j as "%s"', (gapTotals, text) => {
    expect(verdictOf(pageState({ feeds: TWO, gapTotals })).headline).toContain(text)
  })

  it('names the stream that is silent, and for how long now', () => {
    const silent = feedView({ state: 'STALE', ageMs: 9_000 })
    // Health is three seconds old: the silence has gone on.
    const state = pageState({ feeds: [silent, TWO[1] as never], managers: [managerView({ timeMs: NOW_MS - 3_000 })] })
    const verdict = verdictOf(state)
    expect(verdict.tone).toBe('bad')
    expect(verdict.headline).toBe('btcusdt@aggTrade silent for 12 s. 1 of 2 streams deliver.')
  })

  it('names the manager when there are several', () => {
    const state = pageState({
      managers: [managerView(), managerView({ name: 'futures' })],
      feeds: [feedView(), feedView({ source: 'futures', state: 'STALE', ageMs: 12_000 })],
    })
    expect(verdictOf(state).headline).toContain('btcusdt@aggTrade (futures) silent for 12 s.')
  })

  it('says the longest silence first and counts the rest', () => {
    const feeds = [5, 50, 20, 30, 40].map((seconds) =>
      feedView({ stream: `s${seconds}`, state: 'STALE', ageMs: seconds * 1_000 }),
    )
    const { headline, problems } = verdictOf(pageState({ feeds }))
    expect(headline).toContain('s50 silent for 50 s.')
    expect(problems.slice(0, 3)).toEqual(['s40 silent for 40 s.', 's30 silent for 30 s.', '2 more streams are silent.'])
  })

  it('says that a connection is down long before its streams count as silent', () => {
    const connections = [connectionView({ state: 'BACKOFF', reconnectAttempt: 2, streamCount: 6 })]
    const { tone, headline } = verdictOf(pageState({ managers: [managerView({ connections })] }))
    expect(tone).toBe('bad')
    expect(headline).toContain('Connection spot-0 of spot is down and reconnecting, attempt 2; 6 streams wait for it.')
  })

  it('says that one socket of a redundant pair is missing, although everything arrives', () => {
    const path = { generation: 2, rttMs: null, firstCount: 1, lateCount: 1, lateMs: null }
    const paths = [
      { ...path, path: 'a', state: 'OPEN' as const },
      { ...path, path: 'b', state: 'BACKOFF' as const },
    ]
    const { tone, headline } = verdictOf(
      pageState({ feeds: TWO, managers: [managerView({ connections: [connectionView({ paths })] })] }),
    )
    expect(tone).toBe('warn')
    expect(headline).toBe(
      'Connection spot-0 of spot runs without path b: all arrives, over one socket only. All 2 streams deliver.',
    )
  })

  it.each([
    ['FAILED', 'bad', 'spot has failed'],
    ['STARTING', 'warn', 'spot is starting.'],
    ['STOPPING', 'warn', 'spot is stopping.'],
    ['STOPPED', 'warn', 'spot is stopped.'],
  ] as const)('a manager that is %s is %s', (state, tone, text) => {
    const verdict = verdictOf(pageState({ managers: [managerView({ state }), managerView({ name: 'other' })] }))
    expect(verdict.tone).toBe(tone)
    expect(verdict.headline).toContain(text)
  })

  it('never calls alive what has not reported for long', () => {
    const { tone, headline } = verdictOf(pageState({ managers: [managerView({ timeMs: NOW_MS - 40_000 })] }))
    expect(tone).toBe('bad')
    expect(headline).toContain('spot has not reported its health for 40 s.')
  })

  it('waits for a stream that just started, then says that it has not spoken', () => {
    const feeds = [feedView(), feedView({ stream: 'x', state: 'NEVER_RECEIVED', ageMs: null })]
    expect(verdictOf(pageState({ feeds, managers: [managerView({ uptimeMs: 5_000 })] }))).toMatchObject({
      tone: 'ok',
      headline: expect.stringContaining('1 of 2 streams deliver, 1 had nothing to say yet.'),
    })
    expect(verdictOf(pageState({ feeds }))).toMatchObject({
      tone: 'warn',
      headline: expect.stringContaining('x has not sent anything yet.'),
    })
  })

  it('does not wait for liquidations, which may not come for days', () => {
    const feeds = [feedView(), feedView({ streamType: 'LIQUIDATION', state: 'NEVER_RECEIVED', ageMs: null })]
    expect(verdictOf(pageState({ feeds })).tone).toBe('ok')
  })

  it('tells open gaps, books being rebuilt and an overloaded process, the worst first', () => {
    const state = pageState({
      feeds: [feedView({ state: 'STALE', ageMs: 12_000 })],
      gapTotals: { open: 2, filled: 0, unfillable: 0 },
      managers: [managerView({ bookCount: 1, books: [{ symbol: 'BTCUSDT', state: 'RESYNCING', resyncCount: 1 }] })],
    })
    if (state.process !== null) state.process = { ...state.process, eventLoopDelayP99Ms: 400 }
    const { headline, problems } = verdictOf(state)
    expect(headline).toContain('silent')
    expect(problems).toEqual([
      'The book of BTCUSDT is being rebuilt.',
      '2 gaps are open, being filled.',
      'This process is overloaded: its event loop is 400 ms late.',
      'Running 3 min. 2 gaps: 0 filled, 2 open.',
    ])
  })

  it('is quiet about feeds that were stopped on purpose', () => {
    expect(verdictOf(pageState({ managers: [managerView({ state: 'STOPPED' })] }))).toMatchObject({
      tone: 'idle',
      headline: 'The feed is stopped.',
    })
    expect(verdictOf(pageState({ managers: [], feeds: [] }))).toMatchObject({ tone: 'idle' })
  })
})

describe('the numbers under it', () => {
  it('are how many deliver, for how long, what was lost, the slowest stream, and how much comes', () => {
    const tiles = tilesOf(pageState({ feeds: TWO }))
    expect(tiles.map(({ value }) => value)).toEqual(['2 of 2', '3 min', 'Nothing', '38.0 ms', '4/s'])
    expect(tiles[3]?.detail).toBe('p99 of ETHUSDT aggTrade')
  })

  it('say how many messages are missing for good', () => {
    const lost = tilesOf(
      pageState({
        gaps: [gapView({ state: 'unfillable', closedTimeMs: NOW_MS }), gapView({ gapId: 2, state: 'filled' })],
        gapTotals: { open: 0, filled: 1, unfillable: 1 },
      }),
    )[2]
    expect(lost).toMatchObject({ value: '1 gap', tone: 'bad', detail: '1 filled, 0 open; 5 messages missing' })
  })
})
