/** A scripted feed set around the monitor: messages arrive when the test says so, on virtual time. */

import type { StreamSpec } from '../../../src/live/config/stream-spec.js'
import { Feed } from '../../../src/live/feed.js'
import { HealthMonitor, type HealthThresholds } from '../../../src/live/health/index.js'
import type { Clock, TimerHandle, TimerOptions } from '../../../src/runtime/clock.js'
import { VirtualClock } from '../../../src/runtime/virtual-clock.js'
import { type ConnectionHealth, ConnectionState } from '../../../src/types/health.js'
import { StreamType } from '../../../src/types/stream.js'

export function spec(overrides: Partial<StreamSpec> = {}): StreamSpec {
  const symbol = overrides.symbol ?? 'BTCUSDT'
  const type = overrides.type ?? StreamType.TRADE
  return {
    symbol,
    type,
    interval: null,
    depthLevels: null,
    updateSpeed: null,
    name: `${symbol.toLowerCase()}@${type.toLowerCase()}`,
    route: '',
    detail: '',
    ...overrides,
  }
}

export function connection(overrides: Partial<ConnectionHealth> = {}): ConnectionHealth {
  return {
    id: 'spot-0',
    route: '',
    generation: 1,
    state: ConnectionState.OPEN,
    url: 'ws://127.0.0.1:1',
    uptimeMs: 0,
    reconnectCount: 0,
    reconnectAttempt: 0,
    lastMessageAgeMs: null,
    rttMs: null,
    nextRefreshInMs: null,
    streamCount: 1,
    paths: [],
    ...overrides,
  }
}

/** A clock whose monotonic time can be moved without running timers: the process was stopped meanwhile. */
export class PausableClock implements Clock {
  readonly inner: VirtualClock = new VirtualClock()
  pausedMs = 0
  /** A machine asleep stops the monotonic clock; only the wall clock goes on. */
  suspend(forMs: number): void {
    this.inner.jumpWall(forMs)
  }
  /** A stopped process: both clocks go on, timers run late. */
  pauseProcess(forMs: number): void {
    this.pausedMs += forMs
    this.inner.jumpWall(forMs)
  }
  wallMs(): number {
    return this.inner.wallMs()
  }
  monotonicMs(): number {
    return this.inner.monotonicMs() + this.pausedMs
  }
  setTimer(action: () => void, delayMs: number, options?: TimerOptions): TimerHandle {
    return this.inner.setTimer(action, delayMs, options)
  }
  setRepeating(action: () => void, periodMs: number, options?: TimerOptions): TimerHandle {
    return this.inner.setRepeating(action, periodMs, options)
  }
  clearTimer(timer: TimerHandle): void {
    this.inner.clearTimer(timer)
  }
}

export interface HealthScene {
  clock: PausableClock
  monitor: HealthMonitor
  feeds: Feed[]
  connections: ConnectionHealth[]
  /** One line per callback, e.g. `stale btcusdt@trade 30000`. */
  log: string[]
  /** Monotonic times of `onCheck`. */
  checkTimesMs: number[]
  add(spec: StreamSpec): Feed
  deliver(feed: Feed, latencyMs?: number): void
  /** Delivers one message on each feed every `everyMs` while time passes. */
  run(forMs: number, everyMs?: number, feeds?: readonly Feed[]): void
}

export const DEFAULT_THRESHOLDS: HealthThresholds = {
  stalenessThresholdMs: 30_000,
  healthCheckIntervalMs: 5_000,
  watchdogTimeoutMs: 60_000,
}

export function scene(specs: readonly StreamSpec[], config: HealthThresholds = DEFAULT_THRESHOLDS): HealthScene {
  const clock = new PausableClock()
  const feeds: Feed[] = []
  const log: string[] = []
  const built: HealthScene = {
    clock,
    feeds,
    log,
    checkTimesMs: [],
    connections: [connection()],
    monitor: new HealthMonitor({
      clock,
      config,
      feeds: () => feeds,
      connections: () => built.connections,
      onStale: (feed, ageMs, limitMs, step) =>
        log.push(
          `stale ${feed.spec.name} after ${ageMs} of ${limitMs}${['', ', resubscribed', ', handed over'][step]}`,
        ),
      onRecovered: (feed) => log.push(`recovered ${feed.spec.name}`),
      onSilent: (feed, silentMs, attempt) => log.push(`silent ${feed.spec.name} ${silentMs} #${attempt}`),
      onResubscribe: (streams) => log.push(`resubscribe ${streams.join(' ')}`),
      onHandOver: (feed, silentMs) => log.push(`hand over ${feed.spec.name} ${silentMs}`),
      onWatchdog: (silentMs) => log.push(`watchdog ${silentMs}`),
      onConnectionSilent: (connectionId, silentMs) => log.push(`connection ${connectionId} silent ${silentMs}`),
      onClockJump: (jumpMs) => log.push(`jump ${jumpMs}`),
      onCheck: () => built.checkTimesMs.push(clock.monotonicMs()),
    }),
    add(streamSpec) {
      const feed = new Feed(streamSpec)
      feed.connectionId = 'spot-0'
      feeds.push(feed)
      return feed
    },
    deliver(feed, latencyMs = Number.NaN) {
      feed.messageCount++
      feed.lastReceiveTimeMs = clock.wallMs()
      feed.lastLatencyMs = latencyMs
      if (!Number.isNaN(latencyMs)) feed.latencySink?.(latencyMs)
    },
    run(forMs, everyMs = 0, only = feeds) {
      if (everyMs === 0) {
        clock.inner.advanceSync(forMs)
        return
      }
      for (let passedMs = 0; passedMs < forMs; passedMs += everyMs) {
        clock.inner.advanceSync(everyMs)
        for (const feed of only) built.deliver(feed)
      }
    },
  }
  for (const streamSpec of specs) built.add(streamSpec)
  return built
}
