/** The three views as a session drives them, on a virtual clock. */
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { Bus } from '../../../src/bus/index.js'
import { SessionRecord } from '../../../src/cli/session-record.js'
import { type SessionSummary, summarize } from '../../../src/cli/summary.js'
import { NdjsonView } from '../../../src/cli/views/ndjson-view.js'
import { PlainView } from '../../../src/cli/views/plain-view.js'
import { TableView } from '../../../src/cli/views/table-view.js'
import type { SessionContext } from '../../../src/cli/views/view.js'
import { VirtualClock } from '../../../src/runtime/index.js'
import type { LogEvent } from '../../../src/types/index.js'
import { FakeSource, feedHealth } from '../../support/fake-source.js'

const EVENT: LogEvent = {
  event: 'FEED_STALE',
  level: 'WARNING',
  message: 'btcusdt@depth20: no message for 5.9 s',
  timeMs: Date.UTC(2026, 10, 21, 3, 23, 48),
  data: {},
}

function session(): {
  context: SessionContext
  clock: VirtualClock
  source: FakeSource
  summary: () => SessionSummary
} {
  const clock = new VirtualClock()
  const bus = new Bus({ clock })
  const source = new FakeSource('spot')
  const record = new SessionRecord(bus)
  const context: SessionContext = {
    title: 'SIM_SPOT (seed 7, faults none)',
    bus,
    clock,
    sources: [source],
    record,
    startedMonotonicMs: clock.monotonicMs(),
    httpUrl: 'http://127.0.0.1:9464',
    keyHelp: ['q quit'],
  }
  return { context, clock, source, summary: () => summarize(9_000, [source.getHealth()], bus.stats(), record) }
}

class Lines {
  text = ''
  write(text: string): void {
    this.text += text
  }
}

describe('the plain view', () => {
  it('prints a status line every five seconds, events at once on the log, and the summary', async () => {
    const { context, clock, summary } = session()
    const out = new Lines()
    const log = new Lines()
    const view = new PlainView(out, log)
    view.start(context)
    await clock.advance(10_000)
    view.log(EVENT, 'spot')
    view.log({ ...EVENT, level: 'DEBUG', event: 'connector_trade' }, 'hft')
    view.finish(summary())

    expect(out.text.split('\n')).toContain('dashboard  http://127.0.0.1:9464/')
    expect(out.text.match(/^00:00:(05|10) {2}spot {2}RUNNING {2}10 messages/gm)).toHaveLength(2)
    expect(out.text).toMatch(/^summary after 00:00:09$/m)
    expect(log.text).toBe('03:23:48 WARNING FEED_STALE spot: btcusdt@depth20: no message for 5.9 s\n')
    expect(clock.pendingTimerCount).toBe(0)
  })
})

describe('the JSON view', () => {
  it('prints nothing but JSON objects that name their kind', async () => {
    const { context, clock, summary } = session()
    const out = new Lines()
    const view = new NdjsonView(out)
    view.start(context)
    view.note('port 9464 is in use; taking a free one')
    view.log(EVENT, 'spot')
    await clock.advance(5_000)
    view.finish(summary())

    const kinds = out.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).kind)
    expect(kinds).toEqual(['started', 'note', 'log', 'health', 'summary'])
  })
})

class Screen extends PassThrough {
  columns = 80
  rows = 24
  isTTY = true
  text = ''

  constructor() {
    super()
    this.setEncoding('utf8')
    this.on('data', (chunk: string) => {
      this.text += chunk
    })
  }
}

/** Between the marks of synchronized output. */
const WHOLE_PICTURE = new RegExp(`^${String.fromCharCode(27)}\\[\\?2026h.*${String.fromCharCode(27)}\\[\\?2026l$`, 's')

describe('the table view', () => {
  it('redraws while the session runs, answers a key at once, and leaves the summary on the screen', async () => {
    const { context, clock, source, summary } = session()
    const screen = new Screen()
    const view = new TableView(screen as unknown as NodeJS.WriteStream)
    view.start(context)
    const calls = source.healthCalls
    await clock.advance(1_000)
    expect(source.healthCalls - calls).toBe(3)
    view.note('cut 1 connection')
    expect(screen.text).toContain('cut 1 connection')

    view.finish(summary())
    const drawn = source.healthCalls
    await clock.advance(5_000)
    expect(source.healthCalls).toBe(drawn)
    expect(screen.text).toContain('summary after 00:00:09')
  })

  it('follows the size of the terminal', async () => {
    const { context, clock, summary } = session()
    const screen = new Screen()
    const view = new TableView(screen as unknown as NodeJS.WriteStream)
    view.start(context)
    expect(screen.text).not.toContain('p99')
    screen.columns = 140
    await clock.advance(400)
    expect(screen.text).toContain('p99')
    view.finish(summary())
  })

  it('writes each picture at once, as one that a terminal may show only when it is whole', async () => {
    const { context, clock, summary } = session()
    const screen = new Screen()
    const writes: string[] = []
    screen.on('data', (chunk: string) => writes.push(chunk))
    const view = new TableView(screen as unknown as NodeJS.WriteStream)
    view.start(context)
    for (let frame = 0; frame < 6; frame++) await clock.advance(333)

    expect(writes.length).toBeGreaterThan(1)
    expect(writes.length).toBeLessThanOrEqual(7)
    for (const write of writes) expect(write).toMatch(WHOLE_PICTURE)
    view.finish(summary())
  })

  it('begins anew when the terminal is resized, since its lines may have been folded', async () => {
    const { context, summary } = session()
    const screen = new Screen()
    const view = new TableView(screen as unknown as NodeJS.WriteStream)
    view.start(context)
    screen.text = ''
    screen.columns = 40
    screen.emit('resize')

    expect(screen.text.startsWith('\u001b[2J\u001b[H')).toBe(true)
    expect(screen.text).toContain('feedbus')
    view.finish(summary())
    expect(screen.listenerCount('resize')).toBe(0)
  })

  it('turns pages and filters by its own keys', () => {
    const { context, source, summary } = session()
    source.feeds = Array.from({ length: 60 }, (_, index) =>
      feedHealth({ symbol: `S${index}USDT`, stream: `s${index}usdt@aggTrade` }),
    )
    const screen = new Screen()
    const view = new TableView(screen as unknown as NodeJS.WriteStream)
    view.start(context)
    const press = (key: string): string | null | undefined => view.keys.find((binding) => binding.key === key)?.action()

    press('n')
    expect(screen.text).toMatch(/page 2 of \d/)
    screen.text = ''
    press('p')
    expect(screen.text).not.toMatch(/page 2/)
    expect(press('f')).toBe('showing streams in trouble')
    view.finish(summary())
  })

  it('forgets what a key did after ten seconds', async () => {
    const { context, clock, summary } = session()
    const screen = new Screen()
    const view = new TableView(screen as unknown as NodeJS.WriteStream)
    view.start(context)
    view.note('cut 1 connection')
    await clock.advance(11_000)
    screen.text = ''
    screen.emit('resize')
    expect(screen.text).not.toContain('cut 1 connection')
    view.finish(summary())
  })
})
