/** Pieces of page state for tests of what the page makes of them. */
import { PageState } from '../../../src/dashboard/page/model/state.js'
import type { ConnectionView, FeedView, FullMessage, GapView, ManagerView } from '../../../src/dashboard/protocol.js'

export const NOW_MS = 1_795_000_000_000

export function managerView(overrides: Partial<ManagerView> = {}): ManagerView {
  return {
    name: 'spot',
    venue: 'SIM_SPOT',
    state: 'RUNNING',
    timeMs: NOW_MS,
    uptimeMs: 180_000,
    messageCount: 1_000,
    errorCount: 0,
    clock: null,
    healthPeriodMs: 1_000,
    connections: [connectionView()],
    bookCount: 0,
    books: [],
    ...overrides,
  }
}

export function connectionView(overrides: Partial<ConnectionView> = {}): ConnectionView {
  return {
    id: 'spot-0',
    route: '',
    generation: 1,
    state: 'OPEN',
    url: 'ws://127.0.0.1/stream',
    uptimeMs: 180_000,
    reconnectCount: 0,
    reconnectAttempt: 0,
    lastMessageAgeMs: 10,
    rttMs: 1,
    nextRefreshInMs: 3_600_000,
    streamCount: 6,
    paths: [],
    generations: [{ generation: 1, startMs: NOW_MS - 180_000, endMs: null, end: null }],
    ...overrides,
  }
}

export function feedView(overrides: Partial<FeedView> = {}): FeedView {
  return {
    source: 'spot',
    stream: 'btcusdt@aggTrade',
    symbol: 'BTCUSDT',
    streamType: 'AGG_TRADE',
    detail: '',
    connectionId: 'spot-0',
    state: 'OK',
    messageCount: 10,
    errorCount: 0,
    gapCount: 0,
    ratePerSecond: 2,
    ageMs: 100,
    p50: 1,
    p99: 4,
    ...overrides,
  }
}

export function gapView(overrides: Partial<GapView> = {}): GapView {
  return {
    source: 'spot',
    gapId: 1,
    state: 'open',
    symbol: 'BTCUSDT',
    streamType: 'AGG_TRADE',
    detail: '',
    unit: 'tradeId',
    from: 1,
    to: 5,
    missing: 5,
    cause: 'DISCONNECT',
    by: null,
    openedTimeMs: NOW_MS - 5_000,
    closedTimeMs: null,
    ...overrides,
  }
}

export function fullMessage(overrides: Partial<FullMessage> = {}): FullMessage {
  return {
    kind: 'full',
    version: 1,
    nowMs: NOW_MS,
    title: 'test',
    startedMs: NOW_MS - 200_000,
    managers: [managerView()],
    feeds: [feedView()],
    log: [],
    gaps: [],
    gapTotals: { open: 0, filled: 0, unfillable: 0 },
    process: {
      eventLoopDelayP50Ms: 1,
      eventLoopDelayP99Ms: 2,
      eventLoopDelayMaxMs: 3,
      heapUsedBytes: 1e7,
      heapLimitBytes: 4e9,
      rssBytes: 1e8,
      cpuShare: 0.1,
      published: 1,
      publishedPerSecond: 1,
      delivered: 1,
      dropped: 0,
      handlerErrors: 0,
      queueDepth: 0,
      queues: [],
      subscriptionCount: 4,
      viewerCount: 1,
    },
    topics: [],
    ...overrides,
  }
}

export function pageState(overrides: Partial<FullMessage> = {}): PageState {
  const state = new PageState()
  state.apply(fullMessage(overrides))
  return state
}
