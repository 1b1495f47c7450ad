/** The live table on terminals of several sizes, without colours (tests run without a terminal). */
import { describe, expect, it } from 'vitest'
import { type TablePicture, type TerminalSize, tableLines } from '../../../src/cli/views/table-lines.js'
import { textWidth } from '../../../src/cli/views/text-width.js'
import type { ConnectionHealth, FeedHealth, LogEvent } from '../../../src/types/index.js'
import { connectionHealth, FakeSource, feedHealth } from '../../support/fake-source.js'

const NO_OUTAGES = { outages: [], outagesForgotten: 0, longestOutageMs: 0 }
const ESCAPES = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g')

function source(name: string, feeds: FeedHealth[], connections: ConnectionHealth[] = [connectionHealth()]): FakeSource {
  const fake = new FakeSource(name)
  fake.feeds = feeds
  fake.connections = connections
  return fake
}

function feeds(count: number, overrides: Partial<FeedHealth> = {}): FeedHealth[] {
  return Array.from({ length: count }, (_, index) =>
    feedHealth({ symbol: `S${index}USDT`, stream: `s${index}usdt@aggTrade`, ...overrides }),
  )
}

function picture(sources: readonly FakeSource[], overrides: Partial<TablePicture> = {}): TablePicture {
  return {
    title: 'SIM_SPOT + SIM_FUTURES (seed 7, faults none)',
    upMs: 72_000,
    httpUrl: 'http://127.0.0.1:9464',
    healths: sources.map((fake) => fake.getHealth()),
    record: { ...NO_OUTAGES, logTail: [], gapsOpened: 0, gapsFilled: 0, gapsUnfillable: 0 },
    bus: { topics: [{ topic: 'mkt.bbo', perSecond: 61.2 }], slowest: null, queued: 0, dropped: 0, handlerErrors: 0 },
    filter: 'all',
    page: 0,
    keyHelp: ['q quit', 'c cut all', 's stall a stream'],
    note: '',
    lastValue: () => 'last 61234.5  -5.57%',
    ...overrides,
  }
}

function draw(of: TablePicture, size: TerminalSize): string[] {
  return tableLines(of, size).map((line) => line.replace(ESCAPES, ''))
}

function logEvent(event: LogEvent['event'], timeMs: number): LogEvent {
  return { event, level: 'WARNING', message: `${event} at ${timeMs}`, timeMs, data: {} }
}

describe('the table', () => {
  it.each([
    { columns: 80, rows: 24 },
    { columns: 40, rows: 10 },
    { columns: 20, rows: 4 },
    { columns: 200, rows: 60 },
  ])('fits $columns x $rows with more of everything than there is room', (size) => {
    const many = Array.from({ length: 30 }, (_, index) => connectionHealth({ id: `spot-${index}` }))
    const lines = draw(
      picture([source('spot', feeds(100), many), source('futures', feeds(100), many)], {
        note: 'cut 60 connections',
        record: {
          ...NO_OUTAGES,
          logTail: Array.from({ length: 50 }, (_, index) => logEvent('FEED_STALE', index)),
          gapsOpened: 3,
          gapsFilled: 1,
          gapsUnfillable: 2,
        },
      }),
      size,
    )

    expect(lines.length).toBeLessThan(size.rows)
    for (const line of lines) expect(line.length, line).toBeLessThan(size.columns)
  })

  it('shows address, connection state, reconnects, keys and the note on 80 x 24', () => {
    const text = draw(picture([source('spot', feeds(12))], { note: 'cut 1 connection' }), {
      columns: 80,
      rows: 24,
    }).join('\n')

    expect(text).toContain('http://127.0.0.1:9464')
    expect(text).toMatch(/spot {2}RUNNING {2}spot-0#1 OPEN 00:01:00 {2}reconnects 2/)
    expect(text).toMatch(/^cut 1 connection$/m)
    expect(text).toMatch(/c cut all {2}s stall a stream/)
    expect(text).toContain('last 61234.5  -5.57%')
  })

  it('gives every manager a fair share of the rows', () => {
    const lines = draw(picture([source('spot', feeds(50)), source('futures', feeds(50))]), { columns: 80, rows: 24 })
    const rowsOf = (name: string): number => lines.filter((line) => line.startsWith(`${name} S`)).length

    expect(rowsOf('spot')).toBeGreaterThan(3)
    expect(Math.abs(rowsOf('spot') - rowsOf('futures'))).toBeLessThanOrEqual(1)
    expect(lines.join('\n')).toMatch(/… \d+ more feeds/)
  })

  it('never hides a stale feed below the edge', () => {
    const all = feeds(100)
    all[97] = feedHealth({ symbol: 'LATEUSDT', stream: 'lateusdt@depth20', state: 'STALE', isStale: true })
    const text = draw(picture([source('spot', all)]), { columns: 80, rows: 24 }).join('\n')

    expect(text).toMatch(/LATEUSDT depth20 +STALE/)
    expect(text).toContain('stale 1/100')
  })

  it('shows connections in trouble first and counts the others', () => {
    const connections = Array.from({ length: 20 }, (_, index) =>
      connectionHealth({ id: `spot-${index}`, state: index === 17 ? 'BACKOFF' : 'OPEN' }),
    )
    const text = draw(picture([source('spot', feeds(3), connections)]), { columns: 120, rows: 40 }).join('\n')

    expect(text).toMatch(/spot-17#1 BACKOFF/)
    expect(text).toContain('… 14 more connections, 14 of them OPEN')
  })

  it('shows latency only where there is room for it', () => {
    const one = picture([source('spot', feeds(1))])

    expect(draw(one, { columns: 120, rows: 24 }).join('\n')).toMatch(/p50 +p99/)
    expect(draw(one, { columns: 80, rows: 24 }).join('\n')).not.toContain('p99')
  })

  it('folds a burst of events, so that the healing stays visible', () => {
    const at = Date.UTC(2026, 10, 21, 3, 16, 40)
    const logTail = [
      ...Array.from({ length: 9 }, () => logEvent('CONNECTION_ERROR', at)),
      ...Array.from({ length: 3 }, () => logEvent('CONNECTION_ESTABLISHED', at + 900)),
      ...Array.from({ length: 8 }, () => logEvent('GAP_OPENED', at + 901)),
    ]
    const outage = {
      source: 'spot',
      connectionId: 'spot-0',
      startTimeMs: at,
      endTimeMs: at + 900,
      code: 1006,
      reason: '',
    }
    const lines = draw(
      picture([source('spot', feeds(3))], {
        record: {
          outages: [outage],
          outagesForgotten: 0,
          longestOutageMs: 900,
          logTail,
          gapsOpened: 8,
          gapsFilled: 0,
          gapsUnfillable: 0,
        },
      }),
      { columns: 80, rows: 24 },
    )
    const events = lines.filter((line) => /^03:16:4/.test(line)).map((line) => line.slice(9, 40))

    expect(events[0]).toMatch(/^CONNECTION_ERROR ×9/)
    expect(events[1]).toMatch(/^CONNECTION_ESTABLISHED ×3/)
    expect(events[2]).toMatch(/^GAP_OPENED ×8/)
    expect(lines.join('\n')).toContain('outages 1 healed 1 (0.9s)')
  })

  it('shows both sockets of a redundant pair, since one that is down loses nothing yet', () => {
    const path = { generation: 1, rttMs: null, firstCount: 0, lateCount: 0, lateMs: null }
    const pair = connectionHealth({
      paths: [
        { ...path, path: 'a', state: 'OPEN' },
        { ...path, path: 'b', state: 'BACKOFF' },
      ],
    })
    const lines = draw(picture([source('spot', feeds(2), [pair])]), { columns: 80, rows: 24 })
    expect(lines[1]).toContain('a OPEN  b BACKOFF')
  })

  it('counts outages that are no longer remembered one by one', () => {
    const record = { outages: [], outagesForgotten: 1_200, longestOutageMs: 62_000 }
    const lines = draw(
      picture([source('spot', feeds(1))], {
        record: { ...record, logTail: [], gapsOpened: 0, gapsFilled: 0, gapsUnfillable: 0 },
      }),
      { columns: 80, rows: 24 },
    )
    expect(lines.join('\n')).toMatch(/outages 1 200 healed 1 200 \(/)
  })

  it('shows holes, books, clocks and what the bus carries', () => {
    const spot = source('spot', feeds(2))
    const book = {
      sequence: 1,
      resyncCount: 0,
      appliedCount: 1,
      bufferedCount: 0,
      snapshotCount: 1,
      snapshotFailureCount: 0,
      bidLevels: 5,
      askLevels: 5,
    }
    spot.books = [
      { symbol: 'BTCUSDT', state: 'LIVE', ...book },
      { symbol: 'ETHUSDT', state: 'RESYNCING', ...book },
    ]
    spot.clock = { offsetMs: -12.4, uncertaintyMs: 3, ageMs: 100, sampleCount: 3 }
    const text = draw(
      picture([spot], {
        record: { ...NO_OUTAGES, logTail: [], gapsOpened: 5, gapsFilled: 3, gapsUnfillable: 1 },
        bus: {
          topics: [{ topic: 'mkt.bbo', perSecond: 61.25 }],
          slowest: { subscription: 'strat.demo', durationMs: 0.3, seq: 4, topic: 'mkt.trades' },
          queued: 3,
          dropped: 2,
          handlerErrors: 1,
        },
      }),
      { columns: 140, rows: 24 },
    ).join('\n')

    expect(text).toContain('gaps 5  open 1  filled 3  unfillable 1  books LIVE 1/2  clock spot -12ms ±3.00ms')
    expect(text).toContain(
      'bus  queued 3  dropped 2  handler errors 1  slowest strat.demo 0.30ms on mkt.trades  mkt.bbo 61.3/s',
    )
  })

  it('keeps the keys on a small terminal, and a feed', () => {
    const lines = draw(picture([source('spot', feeds(20))]), { columns: 80, rows: 9 })
    expect(lines.at(-1)).toMatch(/^keys/)
    expect(lines.filter((line) => line.includes('aggTrade')).length).toBeGreaterThan(0)
  })

  it('turns pages and says which one it is', () => {
    const spot = source('spot', feeds(100))
    const first = draw(picture([spot]), { columns: 80, rows: 24 })
    const second = draw(picture([spot], { page: 1 }), { columns: 80, rows: 24 })
    const symbols = (lines: string[]): string[] => lines.flatMap((line) => /^S\d+USDT/.exec(line)?.[0] ?? [])

    expect(symbols(first).length).toBeGreaterThan(5)
    expect(symbols(second).filter((symbol) => symbols(first).includes(symbol))).toEqual([])
    expect(second.join('\n')).toMatch(/… \d+ more feeds, page 2 of \d+/)
    const none = draw(picture([spot], { filter: 'trouble' }), { columns: 80, rows: 24 })
    expect(none).toContain('no feed (streams in trouble)')
  })

  it('lines up symbols in wide characters, and shows no command hidden in a message', () => {
    const spot = source('spot', [
      feedHealth({ symbol: '币安人生USDT', stream: '币安人生usdt@aggTrade' }),
      feedHealth({ symbol: 'BTCUSDT', stream: 'btcusdt@aggTrade' }),
    ])
    const hidden = { ...logEvent('CONNECTION_ERROR', 1), message: 'closed \u001b[2Jwith\nthis' }
    const lines = draw(
      picture([spot], {
        record: { ...NO_OUTAGES, logTail: [hidden], gapsOpened: 0, gapsFilled: 0, gapsUnfillable: 0 },
      }),
      { columns: 80, rows: 24 },
    )
    const column = (line = ''): number => textWidth(line.slice(0, line.indexOf(' OK')))

    expect(column(lines.find((line) => line.startsWith('币安')))).toBe(
      column(lines.find((line) => line.startsWith('BTCUSDT'))),
    )
    expect(lines.join('')).toContain('closed ·[2Jwith·this')
  })

  it('names streams of a source that has no wire names', () => {
    const text = draw(picture([source('hft', feeds(1, { symbol: 'BTCUSDT', stream: 'BTCUSDT' }))]), {
      columns: 80,
      rows: 24,
    }).join('\n')
    expect(text).toMatch(/^BTCUSDT AGG_TRADE +OK/m)
  })
})
