/** The page a session leaves behind: its numbers, its verdict, and that nothing in it can run or reach out. */
import { describe, expect, it } from 'vitest'
import { Bus } from '../../../src/bus/index.js'
import { UsageError } from '../../../src/cli/exit.js'
import { SessionReport } from '../../../src/cli/report/session-report.js'
import { SessionRecord } from '../../../src/cli/session-record.js'
import { summarize } from '../../../src/cli/summary.js'
import { MemoryFileStore, VirtualClock } from '../../../src/runtime/index.js'
import type { Candle, GapEvent, LogEvent } from '../../../src/types/index.js'
import { candle } from '../../dashboard/support.js'
import { connectionHealth, FakeSource, feedHealth } from '../../support/fake-source.js'

const PATH = 'out/report.html'

class Session {
  readonly clock = new VirtualClock()
  readonly bus = new Bus({ clock: this.clock })
  readonly files = new MemoryFileStore()
  readonly source = new FakeSource('spot')
  readonly record = new SessionRecord(this.bus)
  readonly report: SessionReport

  constructor(title = 'SIM_SPOT (seed 7, faults none)') {
    const { bus, clock, files, source } = this
    const versions = ['feedbus 0.1.0', 'Node v20']
    source.connections = [connectionHealth({ reconnectCount: 0 })]
    this.report = new SessionReport({ path: PATH, title, bus, clock, files, sources: [source], versions })
  }

  get page(): string {
    return this.files.read(PATH) ?? ''
  }

  finish(failure: string | null = null): string {
    this.report.collect()
    const summary = summarize(72_000, [this.source.getHealth()], this.bus.stats(), this.record)
    this.report.finish({ summary, ended: 'the time was up', failure })
    return this.page
  }

  log(event: LogEvent['event'], level: LogEvent['level'], message: string, data: LogEvent['data'] = {}): void {
    this.bus.publish('log.event', { event, level, message, timeMs: this.clock.wallMs(), data }, { source: 'spot' })
  }

  gap(gapId: number, kind: GapEvent['kind'], from = 100): void {
    const timeMs = this.clock.wallMs()
    this.bus.publish('live.gap', {
      gapId,
      kind,
      venue: 'SIM_SPOT',
      symbol: 'BTCUSDT',
      streamType: 'AGG_TRADE',
      detail: '',
      unit: 'tradeId',
      from,
      to: from + 9,
      missing: 10,
      cause: 'DISCONNECT',
      openedTimeMs: timeMs,
      timeMs,
    })
  }

  candle(index: number, origin: Candle['origin'] = 'stream'): void {
    const openTimeMs = 1_795_000_020_000 + index * 60_000
    const receiveTimeMs = openTimeMs + 60_005
    this.bus.publish('mkt.candles', candle(openTimeMs, { tradeCount: 5, origin, receiveTimeMs }), { source: 'spot' })
  }
}

function factsOf(page: string): { verdict: { level: string; reasons: string[] } } & Record<string, unknown> {
  return JSON.parse(/<script type="application\/json" id="feedbus-report">(.*?)<\/script>/s.exec(page)?.[1] ?? '{}')
}

describe('the report', () => {
  it('begins as a page that says the session runs, and refuses a path that cannot be written', () => {
    expect(new Session().page).toContain('This session has not ended')

    const { bus, clock, source } = new Session()
    const files = new MemoryFileStore()
    files.failure = new Error('EACCES: permission denied')
    expect(
      () => new SessionReport({ path: PATH, title: '', bus, clock, files, sources: [source], versions: [] }),
    ).toThrow(UsageError)
  })

  it('calls a session whole when nothing happened, healed when all holes were filled, else says what is missing', () => {
    expect(factsOf(new Session().finish()).verdict.level).toBe('good')

    const healed = new Session()
    healed.gap(1, 'opened')
    healed.gap(1, 'filled')
    expect(factsOf(healed.finish()).verdict).toMatchObject({ level: 'healed' })

    const incomplete = new Session()
    incomplete.gap(1, 'opened')
    incomplete.gap(1, 'unfillable')
    incomplete.gap(2, 'opened')
    incomplete.source.feeds = [feedHealth({ state: 'STALE', isStale: true })]
    expect(factsOf(incomplete.finish()).verdict).toMatchObject({
      level: 'incomplete',
      reasons: [
        '1 hole in streams could not be filled',
        '1 hole still open at the end',
        '1 stream stale at the end',
        '10 messages received',
      ],
    })

    expect(factsOf(new Session().finish('CONNECT_FAILED no answer')).verdict).toMatchObject({
      level: 'failed',
      reasons: expect.arrayContaining(['CONNECT_FAILED no answer']),
    })
  })

  it('lists each hole once, with its bounds and its last word', () => {
    const session = new Session()
    session.gap(7, 'opened', 4_200)
    session.gap(7, 'filled', 4_200)
    const page = session.finish()

    expect(page.match(/>4200</g)).toHaveLength(1)
    expect(page).toMatch(/>4209<.*>filled</s)
    expect(page).toContain('1 opened, 1 filled, 0 stay')
  })

  it('draws one candle for each, hollow where it was fetched and an empty place where one is missing', () => {
    const session = new Session()
    session.candle(0)
    session.candle(1, 'backfill')
    session.candle(3)
    const page = session.finish()

    expect(page.match(/<g class="candle /g)).toHaveLength(3)
    expect(page.match(/<g class="candle up backfill">/g)).toHaveLength(1)
    expect(page.match(/<rect class="missing"/g)).toHaveLength(1)
    expect(page).toContain('BTCUSDT 1m: 3 candles, 1 fetched over REST')
  })

  it('stays a page of bounded size however long the session was', () => {
    const session = new Session()
    for (let index = 0; index < 5_000; index++) {
      session.gap(index + 1, 'opened')
      session.log('GAP_OPENED', 'WARNING', `gap ${index}`)
      session.candle(index)
    }
    const page = session.finish()

    expect(page.length).toBeLessThan(600_000)
    expect(page).toContain('5 000 opened')
    expect(page).toMatch(/4 800 more not listed/)
    expect(page).toContain('5 000 candles')
    expect(page).toContain('the last 120 drawn')
  })

  it('escapes what comes from outside, and can neither run nor fetch anything', () => {
    const evil = `"><script>alert('x')</script><img src=http://example.com/x onerror=alert(1)>`
    const session = new Session(evil)
    session.source.feeds = [feedHealth({ symbol: evil, stream: evil })]
    session.log('CONNECTION_ERROR', 'ERROR', evil)
    const page = session.finish(evil)

    expect(page).not.toContain('<img')
    expect(page.match(/<script/g)).toEqual(['<script'])
    expect(page).toContain('<script type="application/json"')
    expect(page).not.toMatch(/<[^>]+\s(?:src|href|xlink:href|onerror|onclick)=/)
    expect(page).not.toMatch(/url\(|@import/)
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`)
    expect(factsOf(page)).toMatchObject({ title: evil })
  })
})
