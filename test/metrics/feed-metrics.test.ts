import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Bus } from '../../src/bus/index.js'
import { LiveDataFeedManager } from '../../src/live/index.js'
import { FeedMetrics, METRIC_DEFINITIONS } from '../../src/metrics/index.js'
import type { EventLoopDelay } from '../../src/runtime/index.js'
import { FeedManagerState, FeedState } from '../../src/types/health.js'
import { connectionHealth, FakeSource, feedHealth } from '../support/fake-source.js'

const BOUNDED_LABELS = [
  'manager',
  'venue',
  'symbol',
  'stream_type',
  'detail',
  'connection',
  'route',
  'topic',
  'state',
  'code',
  'event',
  'kind',
  'cause',
  'origin',
  'path',
  'quantile',
]

function samples(text: string, name: string): Map<string, number> {
  const found = new Map<string, number>()
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:]+)(\{.*\})? (\S+)$/.exec(line)
    if (match !== null && match[1] === name) found.set(match[2] ?? '', Number(match[3]))
  }
  return found
}

const FEED_LABELS = 'manager="spot",venue="SIM_SPOT",symbol="BTCUSDT",stream_type="AGG_TRADE",detail=""'

describe('metric table', () => {
  it('uses one prefix, a help sentence each, and bounded labels only', () => {
    for (const { name, type, help, labels } of METRIC_DEFINITIONS) {
      expect(name).toMatch(/^feedbus_[a-z_]+$/)
      expect(help).toMatch(/\.$/)
      expect(BOUNDED_LABELS).toEqual(expect.arrayContaining([...labels]))
      expect(name.endsWith('_total'), name).toBe(type === 'counter')
    }
    expect(new Set(METRIC_DEFINITIONS.map(({ name }) => name)).size).toBe(METRIC_DEFINITIONS.length)
  })

  it('agrees with docs/metrics.md: same names, types and labels, in the same order', () => {
    const doc = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')
    const rows = [...doc.matchAll(/^\| `(feedbus_\w+)` \| (\w+) \| ([^|]*) \| ([^|]*) \|$/gm)].map((row) => ({
      name: row[1],
      type: row[2],
      labels: [...(row[3] ?? '').matchAll(/`(\w+)`/g)].map((label) => label[1]),
      help: row[4],
    }))
    expect(rows).toEqual(
      METRIC_DEFINITIONS.map(({ name, type, labels, help }) => ({ name, type, labels: [...labels], help })),
    )
  })
})

describe('export', () => {
  it('shows feeds, connections and the manager state of every source', async () => {
    const metrics = new FeedMetrics({
      sources: [new FakeSource('spot'), new FakeSource('futures')],
      processMetrics: false,
    })
    const text = await metrics.text()
    expect(samples(text, 'feedbus_feed_messages_total').get(`{${FEED_LABELS}}`)).toBe(10)
    expect(samples(text, 'feedbus_feed_latency_seconds').get(`{${FEED_LABELS},quantile="0.99"}`)).toBe(0.012)
    expect(samples(text, 'feedbus_connection_reconnects_total').size).toBe(2)
    const states = samples(text, 'feedbus_manager_state')
    expect(states.get('{manager="futures",venue="SIM_SPOT",state="RUNNING"}')).toBe(1)
    expect([...states.values()].reduce((sum, value) => sum + value, 0)).toBe(2)
    metrics.close()
  })

  it('follows the source from scrape to scrape, and forgets feeds that went', async () => {
    const source = new FakeSource()
    const metrics = new FeedMetrics({ sources: [source], processMetrics: false })
    await metrics.text()
    source.feeds = [feedHealth({ symbol: 'ETHUSDT', messageCount: 3, state: FeedState.STALE, isStale: true })]
    source.state = FeedManagerState.FAILED
    const text = await metrics.text()
    const messages = samples(text, 'feedbus_feed_messages_total')
    expect(messages.size).toBe(1)
    expect([...messages.values()]).toEqual([3])
    expect([...samples(text, 'feedbus_feed_stale').values()]).toEqual([1])
    expect(samples(text, 'feedbus_manager_state').get('{manager="spot",venue="SIM_SPOT",state="FAILED"}')).toBe(1)
    metrics.close()
  })

  it('keeps two streams of one symbol and type apart by their detail', async () => {
    const source = new FakeSource()
    source.feeds = [feedHealth({ detail: '1m' }), feedHealth({ detail: '5m', messageCount: 4 })]
    const metrics = new FeedMetrics({ sources: [source], processMetrics: false })
    expect([...samples(await metrics.text(), 'feedbus_feed_messages_total').values()]).toEqual([10, 4])
    metrics.close()
  })

  it('leaves out what is not known instead of exporting zero', async () => {
    const source = new FakeSource()
    source.feeds = [feedHealth({ lastMessageAgeMs: null, latencyMs: null, state: FeedState.NEVER_RECEIVED })]
    source.connections = [connectionHealth({ rttMs: null, lastMessageAgeMs: null, nextRefreshInMs: null })]
    const metrics = new FeedMetrics({ sources: [source], processMetrics: false })
    const text = await metrics.text()
    for (const name of [
      'feedbus_feed_last_message_age_seconds',
      'feedbus_feed_latency_seconds',
      'feedbus_connection_rtt_seconds',
      'feedbus_connection_last_message_age_seconds',
      'feedbus_connection_next_refresh_seconds',
      'feedbus_bus_queue_depth',
    ]) {
      expect(samples(text, name).size, name).toBe(0)
    }
    expect([...samples(text, 'feedbus_feed_received').values()]).toEqual([0])
    metrics.close()
  })

  it('takes one picture per scrape, shared by all metrics', async () => {
    const source = new FakeSource()
    const metrics = new FeedMetrics({ sources: [source], processMetrics: false })
    await metrics.text()
    expect(source.healthCalls).toBe(1)
    await metrics.text()
    expect(source.healthCalls).toBe(2)
    metrics.close()
  })

  it('takes one picture when the registry itself is scraped, and the same values', async () => {
    const source = new FakeSource()
    const metrics = new FeedMetrics({ sources: [source], processMetrics: false })
    const direct = await metrics.registry.metrics()
    expect(source.healthCalls).toBe(1)
    expect(direct).toBe(await metrics.text())
    metrics.close()
  })

  it('adds and removes sources', async () => {
    const source = new FakeSource()
    const metrics = new FeedMetrics({ processMetrics: false })
    expect(samples(await metrics.text(), 'feedbus_manager_state').size).toBe(0)
    metrics.add(source)
    expect(samples(await metrics.text(), 'feedbus_manager_state').size).toBe(5)
    metrics.remove(source)
    expect(samples(await metrics.text(), 'feedbus_manager_state').size).toBe(0)
    metrics.close()
  })

  it('brings event loop delay and heap of the process, and leaves the global registry alone', async () => {
    const { register } = await import('prom-client')
    const metrics = new FeedMetrics()
    const text = await metrics.text()
    expect(text).toContain('nodejs_eventloop_lag_seconds')
    expect(text).toContain('nodejs_heap_size_used_bytes')
    expect(await register.metrics()).toBe('\n')
    metrics.close()
  })

  it('exports negative latency as it is', async () => {
    const source = new FakeSource()
    source.feeds = [feedHealth({ latencyMs: { p50: -1_270, p99: -1_260 } })]
    const metrics = new FeedMetrics({ sources: [source], processMetrics: false })
    expect([...samples(await metrics.text(), 'feedbus_feed_latency_seconds').values()]).toEqual([-1.27, -1.26])
    metrics.close()
  })

  it('shows the venue clock and both sockets of a redundant pair, and neither where there is none', async () => {
    const plain = new FakeSource('plain')
    const source = new FakeSource('spot')
    source.clock = { offsetMs: -12.5, uncertaintyMs: 3, ageMs: 4_000, sampleCount: 5 }
    const path = { generation: 2, state: 'OPEN', rttMs: 1.5, firstCount: 70, lateCount: 30, lateMs: null } as const
    const late = { ...path, path: 'b', state: 'BACKOFF', rttMs: null, lateMs: { p50: 2, p99: 9 } } as const
    source.connections = [connectionHealth({ paths: [{ ...path, path: 'a' }, late] })]
    const metrics = new FeedMetrics({ sources: [plain, source], processMetrics: false })
    const text = await metrics.text()

    expect([...samples(text, 'feedbus_venue_clock_offset_seconds')]).toEqual([
      ['{manager="spot",venue="SIM_SPOT"}', -0.0125],
    ])
    const labels = (rest: string): string => `{manager="spot",venue="SIM_SPOT",connection="spot-0",route="",${rest}}`
    expect(Object.fromEntries(samples(text, 'feedbus_path_open'))).toEqual({
      [labels('path="a"')]: 1,
      [labels('path="b"')]: 0,
    })
    expect([...samples(text, 'feedbus_path_rtt_seconds')]).toEqual([[labels('path="a"'), 0.0015]])
    expect(samples(text, 'feedbus_path_late_seconds').get(labels('path="b",quantile="0.99"'))).toBe(0.009)
    metrics.close()
  })

  it('counts gap events by cause and kind, from zero on', async () => {
    const bus = new Bus()
    const manager = new LiveDataFeedManager({ venue: 'BINANCE_SPOT', symbols: ['BTCUSDT'] }, bus, { name: 'spot' })
    const metrics = new FeedMetrics({ sources: [manager], processMetrics: false })
    const gaps = samples(await metrics.text(), 'feedbus_gap_events_total')

    expect(gaps.size).toBe(18)
    expect(new Set(gaps.values())).toEqual(new Set([0]))
    expect(gaps.has('{manager="spot",venue="BINANCE_SPOT",cause="SEQUENCE",kind="unfillable"}')).toBe(true)
    metrics.close()
    bus.close()
  })

  it('says how late the event loop came round, and nothing before it knows', async () => {
    const eventLoop = {
      delayed: null as EventLoopDelay | null,
      delay: () => eventLoop.delayed,
      activeMs: () => 1_500,
      close: () => {},
    }
    const metrics = new FeedMetrics({ processMetrics: false, eventLoop })
    expect(samples(await metrics.text(), 'feedbus_event_loop_delay_seconds').size).toBe(0)
    eventLoop.delayed = { p50Ms: 0.2, p99Ms: 5, maxMs: 320 }
    const text = await metrics.text()

    expect(Object.fromEntries(samples(text, 'feedbus_event_loop_delay_seconds'))).toEqual({
      '{quantile="0.5"}': 0.0002,
      '{quantile="0.99"}': 0.005,
      '{quantile="1"}': 0.32,
    })
    expect([...samples(text, 'feedbus_event_loop_active_seconds_total').values()]).toEqual([1.5])
    metrics.close()
  })

  it('writes what the client library writes, whatever is in a label', async () => {
    const source = new FakeSource('a "quoted" back\\slash\nand a line')
    source.books = [
      {
        symbol: 'BTCUSDT',
        state: 'LIVE',
        sequence: 1,
        resyncCount: 2,
        appliedCount: 3,
        bufferedCount: 0,
        snapshotCount: 3,
        snapshotFailureCount: 1,
        bidLevels: 10,
        askLevels: 10,
      },
    ]
    // Two sources of one name: a series must still be there once.
    const metrics = new FeedMetrics({ sources: [source, source, new FakeSource(source.name)], processMetrics: false })
    const text = await metrics.text()

    expect(await metrics.registry.metrics()).toBe(text)
    const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    const names = series.map((line) => line.slice(0, line.lastIndexOf(' ')))
    expect(new Set(names).size).toBe(names.length)
    expect(text).toContain('manager="a \\"quoted\\" back\\\\slash\\nand a line"')
    metrics.close()
  })
})
