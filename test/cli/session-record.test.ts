/** What the closing summary says, from events on the bus alone. */
import { describe, expect, it } from 'vitest'
import { Bus } from '../../src/bus/index.js'
import { SessionRecord } from '../../src/cli/session-record.js'
import { summarize, summaryLines } from '../../src/cli/summary.js'
import type { LogEvent } from '../../src/types/index.js'
import { connectionHealth, FakeSource, feedHealth } from '../support/fake-source.js'

const START_MS = Date.UTC(2026, 10, 21, 3, 16, 39)

function logEvent(event: LogEvent['event'], timeMs: number, data: LogEvent['data'] = {}): LogEvent {
  return { event, level: 'WARNING', message: event, timeMs, data }
}

function lost(bus: Bus, connectionId: string, timeMs: number, reason = 'read ECONNRESET'): void {
  bus.publish(
    'log.event',
    logEvent('CONNECTION_DISCONNECTED', timeMs, {
      connectionId,
      code: 1006,
      reason: `connection to ws://127.0.0.1:1/stream closed with code 1006: ${reason}`,
    }),
    { source: 'spot' },
  )
}

function established(bus: Bus, connectionId: string, timeMs: number): void {
  bus.publish('log.event', logEvent('CONNECTION_ESTABLISHED', timeMs, { connectionId }), { source: 'spot' })
}

function lines(bus: Bus, record: SessionRecord, source = new FakeSource()): string[] {
  return summaryLines(summarize(72_000, [source.getHealth()], bus.stats(), record))
}

describe('outages of a session', () => {
  it('last from the loss to the next establishment of the same connection', () => {
    const bus = new Bus()
    const record = new SessionRecord(bus)
    established(bus, 'spot-0', START_MS - 5_000)
    lost(bus, 'spot-0', START_MS)
    lost(bus, 'spot-1', START_MS + 100)
    established(bus, 'spot-0', START_MS + 900)

    expect(record.outages.map(({ connectionId, endTimeMs }) => [connectionId, endTimeMs])).toEqual([
      ['spot-0', START_MS + 900],
      ['spot-1', null],
    ])
    const text = lines(bus, record).join('\n')
    expect(text).toContain('outage  spot spot-0 at 03:16:39 UTC, code 1006 "read ECONNRESET", healed after 0.9s')
    expect(text).toContain('outage  spot spot-1 at 03:16:39 UTC, code 1006 "read ECONNRESET", not healed')
  })

  it('count once while failed attempts go on', () => {
    const bus = new Bus()
    const record = new SessionRecord(bus)
    lost(bus, 'spot-0', START_MS)
    lost(bus, 'spot-0', START_MS + 500)

    expect(record.outages.length).toBe(1)
  })
})

describe('a session with outages for days', () => {
  it('keeps the newest and those that last, counts the others, and its summary stays readable', () => {
    const bus = new Bus()
    const record = new SessionRecord(bus)
    lost(bus, 'spot-9', START_MS)
    for (let index = 0; index < 2_000; index++) {
      lost(bus, 'spot-0', START_MS + index * 1_000)
      established(bus, 'spot-0', START_MS + index * 1_000 + (index === 3 ? 800 : 400))
    }

    expect(record.outages.length).toBe(500)
    expect(record.outagesForgotten).toBe(1_501)
    expect(record.longestOutageMs).toBe(800)
    expect(record.outages[0]).toMatchObject({ connectionId: 'spot-9', endTimeMs: null })
    const text = lines(bus, record)
    expect(text.filter((line) => line.startsWith('  outage '))).toHaveLength(20)
    expect(text).toContain('  outages  1 981 before the following ones')
  })

  it('keeps warnings in its tail however many traces a connector writes', () => {
    const bus = new Bus()
    const record = new SessionRecord(bus)
    lost(bus, 'spot-0', START_MS)
    const trace: LogEvent = { ...logEvent('connector_trade', START_MS), level: 'DEBUG' }
    for (let index = 0; index < 500; index++) bus.publish('log.event', trace, { source: 'hft' })

    expect(record.logTail.map(({ event }) => event)).toEqual(['CONNECTION_DISCONNECTED'])
    expect(record.count('connector_trade')).toBe(500)
  })
})

describe('the summary', () => {
  it('names messages per topic, gaps, the worst age and its stream', () => {
    const bus = new Bus()
    const record = new SessionRecord(bus)
    const source = new FakeSource()
    source.feeds = [feedHealth({ stream: 'btcusdt@depth20', lastMessageAgeMs: 6_900 }), feedHealth()]
    source.connections = [connectionHealth({ reconnectCount: 2 })]
    bus.publish('live.health', source.getHealth())
    source.feeds = [feedHealth({ stream: 'btcusdt@depth20', lastMessageAgeMs: 20 })]
    bus.publish('live.health', source.getHealth())

    const text = lines(bus, record, source).join('\n')
    expect(text).toMatch(/^summary after 00:01:12$/m)
    expect(text).toMatch(/spot {2}SIM_SPOT RUNNING {2}10 messages on 1 feed, 0 errors, 2 reconnects$/m)
    expect(text).toMatch(/live\.health {2}2$/m)
    expect(text).toContain('worst age 6.9s (btcusdt@depth20)')
  })

  it('says what is stale or never spoke at the end', () => {
    const bus = new Bus()
    const source = new FakeSource()
    source.feeds = [
      feedHealth({ state: 'STALE', isStale: true }),
      feedHealth({ state: 'NEVER_RECEIVED', lastMessageAgeMs: null }),
    ]

    expect(lines(bus, new SessionRecord(bus), source).join('\n')).toMatch(/2 feeds, .*1 stale, 1 never received/)
  })

  it('fits a terminal of 80 columns as long as names are short', () => {
    const bus = new Bus()
    const record = new SessionRecord(bus)
    lost(bus, 'spot-0', START_MS, '')
    for (const line of lines(bus, record)) expect(line.length, line).toBeLessThanOrEqual(80)
  })

  it('counts no more once the record is closed', () => {
    const bus = new Bus()
    const record = new SessionRecord(bus)
    record.close()
    lost(bus, 'spot-0', START_MS)

    expect(record.outages).toEqual([])
  })
})

describe('the log tail', () => {
  it('keeps the newest fifty and counts all', () => {
    const bus = new Bus()
    const record = new SessionRecord(bus)
    for (let index = 0; index < 60; index++) bus.publish('log.event', logEvent('FEED_STALE', START_MS + index))

    expect(record.count('FEED_STALE')).toBe(60)
    expect(record.logTail.length).toBe(50)
    expect(record.logTail[0]?.timeMs).toBe(START_MS + 10)
  })
})
