/**
 * One manager as the page shows it, from its `live.health` messages: the manager and its connections as they are,
 * its streams as rows of which only the changing part is sent.
 */
import type { ConnectionHealth, FeedHealth, FeedSystemHealth } from '../../types/health.js'
import type { ConnectionView, FeedView, ManagerView } from '../protocol.js'
import { FeedHistory } from './feed-history.js'
import { GenerationTimeline } from './generation-timeline.js'

export class ManagerBoard {
  readonly history: FeedHistory = new FeedHistory()
  readonly #timelines = new Map<string, GenerationTimeline>()
  #health: FeedSystemHealth
  #healthPeriodMs: number | null = null

  constructor(health: FeedSystemHealth) {
    this.#health = health
    this.update(health)
  }

  get feeds(): readonly FeedHealth[] {
    return this.#health.feeds
  }

  update(health: FeedSystemHealth): void {
    const betweenMs = health.timeMs - this.#health.timeMs
    // Messages at state changes come in between; only the longer waits tell the period.
    if (betweenMs > 500 && betweenMs < 120_000) {
      this.#healthPeriodMs = Math.max(betweenMs, (this.#healthPeriodMs ?? 0) * 0.9)
    }
    this.#health = health
    this.history.add(health.feeds, health.timeMs)
    const isUp = health.state === 'RUNNING' || health.state === 'STARTING'
    for (const connection of health.connections) {
      this.timeline(connection.id).update(connection, health.timeMs, isUp)
    }
    const ids = new Set(health.connections.map(({ id }) => id))
    // A stopped manager has no connections any more; what they were stays to be looked at.
    if (ids.size === 0) {
      for (const timeline of this.#timelines.values()) timeline.onManagerStopped(health.timeMs)
      return
    }
    for (const id of this.#timelines.keys()) if (!ids.has(id)) this.#timelines.delete(id)
  }

  timeline(connectionId: string): GenerationTimeline {
    let timeline = this.#timelines.get(connectionId)
    if (timeline === undefined) {
      timeline = new GenerationTimeline()
      this.#timelines.set(connectionId, timeline)
    }
    return timeline
  }

  view(): ManagerView {
    const health = this.#health
    return {
      name: health.name,
      venue: health.venue,
      state: health.state,
      timeMs: health.timeMs,
      uptimeMs: health.uptimeMs,
      messageCount: health.totalMessageCount,
      errorCount: health.totalErrorCount,
      clock: health.clock ?? null,
      healthPeriodMs: this.#healthPeriodMs,
      connections: health.connections.map((connection) => this.#connectionView(connection)),
      bookCount: health.books.length,
      books: health.books
        .filter(({ state, resyncCount }) => state !== 'LIVE' || resyncCount > 0)
        .map(({ symbol, state, resyncCount }) => ({ symbol, state, resyncCount })),
    }
  }

  feedViews(): FeedView[] {
    const source = this.#health.name
    return this.#health.feeds.map((feed) => ({
      source,
      stream: feed.stream,
      symbol: feed.symbol,
      streamType: feed.streamType,
      detail: feed.detail,
      connectionId: feed.connectionId,
      state: feed.state,
      messageCount: feed.messageCount,
      errorCount: feed.errorCount,
      gapCount: feed.gapCount,
      ratePerSecond: shortened(feed.ratePerSecond) ?? 0,
      ageMs: feed.lastMessageAgeMs === null ? null : Math.round(feed.lastMessageAgeMs),
      p50: shortened(feed.latencyMs?.p50),
      p99: shortened(feed.latencyMs?.p99),
    }))
  }

  #connectionView(connection: ConnectionHealth): ConnectionView {
    return {
      id: connection.id,
      route: connection.route,
      generation: connection.generation,
      state: connection.state,
      url: connection.url,
      uptimeMs: connection.uptimeMs,
      reconnectCount: connection.reconnectCount,
      reconnectAttempt: connection.reconnectAttempt,
      lastMessageAgeMs: connection.lastMessageAgeMs,
      rttMs: connection.rttMs,
      nextRefreshInMs: connection.nextRefreshInMs,
      streamCount: connection.streamCount,
      // Sources outside of this library may be older than redundant paths.
      paths: connection.paths ?? [],
      generations: this.timeline(connection.id).views(),
    }
  }
}

/** Three digits are what a person reads. */
function shortened(value: number | null | undefined): number | null {
  return value === null || value === undefined || !Number.isFinite(value) ? null : Number(value.toPrecision(3))
}
