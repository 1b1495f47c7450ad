/** A feed source that is whatever the test says, for everything that only reads health. */
import type { FeedSource } from '../../src/types/feed-source.js'
import {
  type BookHealth,
  type ConnectionHealth,
  ConnectionState,
  type FeedHealth,
  FeedManagerState,
  FeedState,
  type FeedSystemHealth,
  type VenueClockHealth,
} from '../../src/types/health.js'
import { StreamType } from '../../src/types/stream.js'
import { Venue } from '../../src/types/venue.js'

export function feedHealth(overrides: Partial<FeedHealth> = {}): FeedHealth {
  return {
    symbol: 'BTCUSDT',
    streamType: StreamType.AGG_TRADE,
    detail: '',
    stream: 'btcusdt@aggTrade',
    connectionId: 'spot-0',
    state: FeedState.OK,
    isStale: false,
    messageCount: 10,
    errorCount: 0,
    ratePerSecond: 2.5,
    lastMessageAgeMs: 120,
    latencyMs: { p50: 3, p99: 12 },
    gapCount: 0,
    ...overrides,
  }
}

export function connectionHealth(overrides: Partial<ConnectionHealth> = {}): ConnectionHealth {
  return {
    id: 'spot-0',
    route: '',
    generation: 1,
    state: ConnectionState.OPEN,
    url: 'ws://127.0.0.1:9001/stream',
    uptimeMs: 60_000,
    reconnectCount: 2,
    reconnectAttempt: 0,
    lastMessageAgeMs: 20,
    rttMs: 1.5,
    nextRefreshInMs: 3_600_000,
    streamCount: 1,
    paths: [],
    ...overrides,
  }
}

export class FakeSource implements FeedSource {
  readonly name: string
  state: FeedManagerState = FeedManagerState.RUNNING
  feeds: FeedHealth[] = [feedHealth()]
  connections: ConnectionHealth[] = [connectionHealth()]
  books: BookHealth[] = []
  clock: VenueClockHealth | null = null
  /** How often health was asked for. */
  healthCalls = 0

  constructor(name = 'spot') {
    this.name = name
  }

  start(): Promise<void> {
    return Promise.resolve()
  }

  stop(): Promise<void> {
    return Promise.resolve()
  }

  getHealth(): FeedSystemHealth {
    this.healthCalls++
    return {
      name: this.name,
      venue: Venue.SIM_SPOT,
      state: this.state,
      timeMs: 1_795_000_000_000,
      uptimeMs: 90_000,
      totalMessageCount: 10,
      totalErrorCount: 0,
      connections: this.connections,
      feeds: this.feeds,
      books: this.books,
      clock: this.clock,
      bus: { published: 0, delivered: 0, dropped: 0, handlerErrors: 0, queueDepth: 0 },
    }
  }
}
