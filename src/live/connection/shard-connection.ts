/** One connection as the manager of all of them sees it: a socket with its replacement, or a redundant pair. */
import type { ConnectionHealth, ConnectionState } from '../../types/health.js'
import type { ReceiveTimes } from './wall-jump.js'

export interface ShardConnection extends ReceiveTimes {
  /** Stable name, e.g. `public-0`. */
  readonly id: string
  readonly state: ConnectionState
  /** Frames that wait for another socket. */
  readonly heldCount: number
  /**
   * Resolves when open and its streams acknowledged. With `failFast` the first failure rejects and ends the
   * connection; without, failures are retried like any loss.
   */
  start(names: Iterable<string>, failFast: boolean): Promise<void>
  /** Bounded. `error` is what waiting promises get; without one they resolve. */
  stop(error?: Error | null): Promise<void>
  /** Drops what is open and connects anew. */
  restart(reason: string): void
  /** Replaces its sockets without losing data. */
  refresh(reason: string): Promise<void>
  subscribe(names: readonly string[]): Promise<void>
  unsubscribe(names: readonly string[]): Promise<void>
  resubscribe(names: readonly string[]): Promise<void>
  health(): ConnectionHealth
}
