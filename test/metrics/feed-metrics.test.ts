import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { FeedMetrics, METRIC_DEFINITIONS } from '../../src/metrics/index.js'
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
})
