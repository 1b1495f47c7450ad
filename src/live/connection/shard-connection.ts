/**
 * The contract between the manager of all connections and one of them: what it is, what it is given, and what it
 * shares with the others. Kept by a socket with its replacement (`ShardSupervisor`) and by a redundant pair.
 */
import type { Random } from '../../runtime/random.js'
import type { ConnectionHealth, ConnectionState } from '../../types/health.js'
import type { StreamSpec } from '../config/stream-spec.js'
import type { ConnectionConfig } from '../config/types.js'
import type { LiveSignals, Signals } from '../signals.js'
import type { ConnectLimiter } from './connect-limiter.js'
import type { GenerationContext } from './generation.js'
import type { ConnectionTuning } from './tuning.js'
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
  /**
   * Bounded: sockets that do not close by themselves are ended. `error` is what waiting promises get; without one
   * they resolve, because a connection that lost its last stream owes nothing.
   */
  stop(error?: Error | null): Promise<void>
  /** Drops what is open and connects anew; does nothing where that is under way already. */
  restart(reason: string): void
  /**
   * Replaces its sockets without losing data; joins a hand-over under way. Resolves when the replacement has taken
   * over, or when a connection that was down is back; a failing replacement is retried while the old socket stays.
   * Rejects when the connection stops or fails.
   */
  refresh(reason: string): Promise<void>
  /** Resolves when all are acknowledged, at once for those that are. */
  subscribe(names: readonly string[]): Promise<void>
  /** Resolves when the venue has confirmed, or there is no socket that carries them. */
  unsubscribe(names: readonly string[]): Promise<void>
  /** Takes only these streams off and puts them on again. Resolves when they are acknowledged. */
  resubscribe(names: readonly string[]): Promise<void>
  health(): ConnectionHealth
}

/** What the shards of a manager share. */
export interface ShardContext extends GenerationContext {
  readonly config: ConnectionConfig
  readonly tuning: ConnectionTuning
  readonly limiter: ConnectLimiter
  readonly signals: Signals<LiveSignals>
  readonly streamsPerMessageMax: number
  readonly connectionLifetimeMs: number
  /** How long a hand-over waits for the stream to arrive on both sockets. */
  readonly handOverWaitMs: (streamName: string) => number
  /** `undefined` for a stream that is not assigned (any more). */
  readonly specOf: (streamName: string) => StreamSpec | undefined
}

export interface ShardOptions {
  /** Stable name of the connection, e.g. `public-0`. */
  readonly id: string
  readonly route: string
  readonly url: string
  readonly random: Random
  /** The venue refused streams that were never subscribed before: the shard has dropped them. */
  readonly onStreamsDropped: (names: readonly string[]) => void
  /** Whether a hand-over may begin now; if not, it begins with `resumeHandOver`. Default: always. */
  readonly mayHandOver?: () => boolean
}
