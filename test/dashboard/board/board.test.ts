/** The bounded memory behind the page: sockets over time, histories, gaps, log. */
import { describe, expect, it } from 'vitest'
import { CANDLES_MAX, CandleHistory } from '../../../src/dashboard/board/candle-history.js'
import { FeedHistory, SAMPLES_MAX } from '../../../src/dashboard/board/feed-history.js'
import { GapBoard } from '../../../src/dashboard/board/gap-board.js'
import { GenerationTimeline } from '../../../src/dashboard/board/generation-timeline.js'
import { LogTail } from '../../../src/dashboard/board/log-tail.js'
import { Ring } from '../../../src/dashboard/board/ring.js'
import type { Envelope } from '../../../src/types/index.js'
import { candle, connectionHealth, feedHealth, gap, logEvent } from '../support.js'

function envelope<T>(payload: T, source = 'spot'): Envelope<T> {
  return { topic: 't', payload, seq: 1, publishTimeMs: 0, source }
}

describe('the sockets of a connection', () => {
  const at = (generation: number, uptimeMs: number, overrides: object = {}) =>
    connectionHealth({ generation, uptimeMs, reconnectCount: 0, ...overrides })

  it('show an outage as a hole: the end when it was lost, the start of the next as health tells it', () => {
    const timeline = new GenerationTimeline()
    timeline.update(at(1, 1_000), 10_000, true)
    timeline.onLost(1, 12_000)
    timeline.update(at(1, 0, { state: 'BACKOFF' }), 12_050, true)
    timeline.update(at(2, 500, { reconnectCount: 1 }), 15_000, true)
    expect(timeline.views()).toEqual([
      { generation: 1, startMs: 9_000, endMs: 12_000, end: 'lost' },
      { generation: 2, startMs: 14_500, endMs: null, end: null },
    ])
  })

  it('show a hand-over as an overlap: the new one was up before the old one went', () => {
    const timeline = new GenerationTimeline()
    timeline.update(at(1, 1_000), 10_000, true)
    timeline.onReplaced(1, 14_000)
    timeline.update(at(2, 3_000), 15_000, true)
    const [first, second] = timeline.views()
    expect(first).toEqual({ generation: 1, startMs: 9_000, endMs: 14_000, end: 'replaced' })
    expect(second?.startMs).toBe(12_000)
  })

  it('are told apart without an audit trail by what health counts', () => {
    const lost = new GenerationTimeline()
    lost.update(at(1, 1_000), 10_000, true)
    lost.update(at(2, 1_000, { reconnectCount: 1 }), 20_000, true)
    expect(lost.views()[0]).toMatchObject({ endMs: 19_000, end: 'lost' })
    const replaced = new GenerationTimeline()
    replaced.update(at(1, 1_000), 10_000, true)
    replaced.update(at(2, 1_000), 20_000, true)
    expect(replaced.views()[0]).toMatchObject({ endMs: 19_000, end: 'replaced' })
  })

  it('end on purpose with their manager, and begin again with it', () => {
    const timeline = new GenerationTimeline()
    timeline.update(at(1, 1_000), 10_000, true)
    timeline.onManagerStopped(11_000)
    timeline.update(at(1, 100), 20_000, true)
    expect(timeline.views().map(({ startMs, end }) => [startMs, end])).toEqual([
      [9_000, 'closed'],
      [19_900, null],
    ])
  })

  it('are forgotten beyond a number', () => {
    const timeline = new GenerationTimeline()
    for (let generation = 1; generation <= 500; generation++) {
      timeline.update(at(generation, 1), generation * 1_000, true)
    }
    expect(timeline.views().length).toBeLessThanOrEqual(24)
    expect(timeline.views().at(-1)?.generation).toBe(500)
  })
})

describe('the history of streams', () => {
  it('keeps the newest samples, and reads on from a number', () => {
    const history = new FeedHistory()
    const total = SAMPLES_MAX + 50
    for (let index = 0; index < total; index++) history.add([feedHealth({ ratePerSecond: index })], index * 2_000)
    const all = history.read('btcusdt@aggTrade', 0)
    expect(all.timeMs).toHaveLength(SAMPLES_MAX)
    expect(all.rate[0]).toBe(50)
    expect(all.rate.at(-1)).toBe(total - 1)
    expect(history.read('btcusdt@aggTrade', total - 2).rate).toEqual([total - 2, total - 1])
    expect(history.read('nobody', 0).timeMs).toEqual([])
  })

  it('takes no second sample in the same moment, and has holes where a stream was not there', () => {
    const history = new FeedHistory()
    history.add([feedHealth()], 0)
    history.add([feedHealth()], 500)
    expect(history.count).toBe(1)
    history.add([feedHealth(), feedHealth({ stream: 'late', latencyMs: null })], 3_000)
    expect(history.read('late', 0)).toMatchObject({ rate: [null, 2.5], p99: [null, null] })
  })

  it('forgets a stream that is gone, and keeps all while a manager is stopped', () => {
    const history = new FeedHistory()
    history.add([feedHealth(), feedHealth({ stream: 'gone' })], 0)
    history.add([], 5_000)
    expect(history.read('gone', 0).timeMs).toHaveLength(1)
    history.add([feedHealth()], 10_000)
    expect(history.read('gone', 0).timeMs).toEqual([])
  })

  it('goes on when the clock was set back', () => {
    const history = new FeedHistory()
    history.add([feedHealth()], 1_000_000)
    history.add([feedHealth()], 5_000)
    expect(history.count).toBe(2)
  })
})

describe('the candles of a chart', () => {
  it('are the newest of each source, symbol and interval', () => {
    const history = new CandleHistory()
    for (let index = 0; index < CANDLES_MAX + 10; index++) history.add('spot', candle(index * 1_000))
    history.add('futures', candle(7_000, { close: 1 }))
    expect(history.count('spot', 'BTCUSDT', '1m')).toBe(CANDLES_MAX + 10)
    const rows = history.read('spot', 'BTCUSDT', '1m', 0)
    expect(rows).toHaveLength(CANDLES_MAX)
    expect(rows[0]?.[0]).toBe(10_000)
    expect(history.read('futures', 'BTCUSDT', '1m', 0)).toEqual([[7_000, 100, 110, 90, 1, 3, 0]])
    expect(history.read('spot', 'BTCUSDT', '1h', 0)).toEqual([])
  })
})

describe('the ledger of gaps', () => {
  it('has each once, with its end, and counts all that were', () => {
    const board = new GapBoard()
    board.add(envelope(gap()))
    board.add(envelope(gap({ gapId: 1 }), 'futures'))
    board.add(envelope(gap({ kind: 'filled', by: 'snapshot', timeMs: 9_000 })))
    expect(board.totals()).toEqual({ open: 1, filled: 1, unfillable: 0 })
    expect(board.all().map(({ source, state }) => [source, state])).toEqual([
      ['spot', 'filled'],
      ['futures', 'open'],
    ])
    expect(board.takeChanges()).toHaveLength(2)
    expect(board.takeChanges()).toEqual([])
  })

  it('never pushes an open gap out for closed ones', () => {
    const board = new GapBoard()
    board.add(envelope(gap({ gapId: 1 })))
    for (let gapId = 2; gapId < 2_000; gapId++) {
      board.add(envelope(gap({ gapId })))
      board.add(envelope(gap({ gapId, kind: 'unfillable' })))
    }
    expect(board.all().some(({ gapId, state }) => gapId === 1 && state === 'open')).toBe(true)
    expect(board.all().length).toBeLessThan(900)
    expect(board.totals()).toEqual({ open: 1, filled: 0, unfillable: 1_998 })
  })
})

describe('the tail of the log', () => {
  it('numbers its rows and hands out those after a number', () => {
    const log = new LogTail()
    for (let index = 0; index < 1_000; index++) log.add(envelope(logEvent({ message: `m${index}` })))
    expect(log.lastId).toBe(1_000)
    expect(log.rowsAfter(998).map(({ message }) => message)).toEqual(['m998', 'm999'])
    expect(log.rows().length).toBeLessThan(600)
  })

  it('keeps a warning however many traces a connector writes after it, in the order they came', () => {
    const log = new LogTail()
    log.add(envelope(logEvent({ message: 'trouble' })))
    for (let index = 0; index < 5_000; index++) log.add(envelope(logEvent({ level: 'DEBUG', message: `t${index}` })))
    log.add(envelope(logEvent({ message: 'later' })))
    const messages = log.rows().map(({ message }) => message)
    expect([messages[0], messages.at(-2), messages.at(-1)]).toEqual(['trouble', 't4999', 'later'])
    expect(messages.length).toBeLessThan(200)
    expect(log.rowsAfter(log.lastId - 2).map(({ message }) => message)).toEqual(['t4999', 'later'])
  })

  it('remembers the last trouble of a stream, not its good news and not that of another source', () => {
    const log = new LogTail()
    const data = { stream: 's' }
    log.add(envelope(logEvent({ message: 'silent', data })))
    log.add(envelope(logEvent({ level: 'INFO', message: 'speaks', data })))
    log.add(envelope(logEvent({ level: 'ERROR', message: 'of another', data }), 'futures'))
    expect(log.trouble('spot', 's')?.message).toBe('silent')
    expect(log.trouble('spot', 'other')).toBeNull()
  })
})

describe('a ring', () => {
  it('keeps its newest entries in order, however many came', () => {
    const ring = new Ring<number>(4)
    for (let value = 0; value < 23; value++) {
      ring.push(value)
      expect(ring.toArray()).toEqual(
        Array.from({ length: Math.min(4, value + 1) }, (_, i) => value - Math.min(3, value) + i),
      )
    }
    expect(ring.length).toBe(4)
    expect(ring.newest(2)).toEqual([21, 22])
    expect(ring.newest(0)).toEqual([])
  })
})
