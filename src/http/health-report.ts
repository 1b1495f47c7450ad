/** Several managers as one answer to "is everything fine?". */
import {
  type ConnectionHealth,
  ConnectionState,
  type FeedHealth,
  FeedManagerState,
  FeedState,
  type FeedSystemHealth,
} from '../types/health.js'

export interface HealthReport {
  /** `ok` when every manager is RUNNING, no connection is down and no feed is stale. */
  readonly status: 'ok' | 'unhealthy'
  readonly timeMs: number
  /** What makes it unhealthy, one sentence each, for a person. */
  readonly problems: readonly string[]
  /** Not a failure by itself, but worth a look: streams that never had a message. */
  readonly warnings: readonly string[]
  readonly managers: readonly FeedSystemHealth[]
}

export interface ReadyReport {
  readonly status: 'ready' | 'not ready'
  readonly managers: readonly { readonly name: string; readonly state: FeedManagerState }[]
}

export function healthReport(managers: readonly FeedSystemHealth[], timeMs: number): HealthReport {
  const problems = managers.flatMap(problemsOf)
  if (managers.length === 0) problems.push('no feed manager is registered')
  return {
    status: problems.length === 0 ? 'ok' : 'unhealthy',
    timeMs,
    problems,
    warnings: managers.flatMap(warningsOf),
    managers,
  }
}

/** Ready: every manager has reached RUNNING, whatever its feeds deliver. */
export function readyReport(managers: readonly FeedSystemHealth[]): ReadyReport {
  const isReady = managers.length > 0 && managers.every((manager) => manager.state === FeedManagerState.RUNNING)
  return {
    status: isReady ? 'ready' : 'not ready',
    managers: managers.map(({ name, state }) => ({ name, state })),
  }
}

function problemsOf(manager: FeedSystemHealth): string[] {
  const problems = manager.feeds.filter((feed) => feed.isStale).map((feed) => staleText(manager, feed))
  // A lost connection makes feeds stale only after the threshold; an operator should not have to wait for that.
  problems.unshift(...manager.connections.filter(isDown).map((connection) => downText(manager, connection)))
  if (manager.state !== FeedManagerState.RUNNING) problems.unshift(`${manager.name} is ${manager.state}`)
  return problems
}

function isDown({ state }: ConnectionHealth): boolean {
  return state !== ConnectionState.OPEN && state !== ConnectionState.REFRESHING
}

function downText(manager: FeedSystemHealth, connection: ConnectionHealth): string {
  return `${manager.name}: connection ${connection.id} is ${connection.state}, ${connection.streamCount} streams wait for it`
}

function staleText(manager: FeedSystemHealth, feed: FeedHealth): string {
  const ageMs = feed.lastMessageAgeMs
  const since = ageMs === null ? '' : ` for ${(ageMs / 1_000).toFixed(1)} s`
  return `${manager.name}: ${feed.stream} is stale, no message${since}`
}

function warningsOf(manager: FeedSystemHealth): string[] {
  if (manager.state !== FeedManagerState.RUNNING) return []
  return manager.feeds
    .filter((feed) => feed.state === FeedState.NEVER_RECEIVED)
    .map((feed) => `${manager.name}: ${feed.stream} has never received a message`)
}
