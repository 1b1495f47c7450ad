/** Options of the live client with their defaults, checked once. */
import type { Clock } from '../../../runtime/clock.js'
import type { Logger } from '../../../runtime/logger.js'
import { type Random, randomSeed, SeededRandom } from '../../../runtime/random.js'
import { createRuntime } from '../../../runtime/runtime.js'
import { LiveClientError } from './errors.js'
import type { ConnectionHealth, OrderResponse } from './models.js'

/** Why a connection counts as lost. */
export type LossReason =
  /** No feed within the feed timeout. */
  | 'STALE'
  /** The bot says that no more data will come. */
  | 'END_OF_DATA'
  /** The connector process is gone. */
  | 'PEER_LOST'

export interface LiveClientOptions {
  /** Trades kept for the reader; the oldest is dropped beyond. Default 1000. */
  readonly tradeQueueSize?: number
  /** Default 1000. */
  readonly bookQueueSize?: number
  /** Default 100. */
  readonly snapshotQueueSize?: number
  /** Default 5000. */
  readonly healthCheckIntervalMs?: number
  /** How long the bot waits for a feed, and how long silence may last. Default 10 s. */
  readonly feedTimeoutNs?: bigint
  /** Once per loss; armed again when data is back. */
  readonly onConnectionLost?: ((health: ConnectionHealth, reason: LossReason) => void) | null
  /** Failures of the bot and of these functions. */
  readonly onError?: ((error: LiveClientError) => void) | null
  /** Each change of one of our orders, as replies arrive. */
  readonly onOrderResponse?: ((response: OrderResponse) => void) | null
  /** Shortest bot time between two snapshots of one asset. Default 1000. */
  readonly snapshotIntervalMs?: number
  /** Levels per side in a snapshot. Default 20. */
  readonly snapshotLevels?: number
  readonly runtime?: { readonly clock?: Clock; readonly random?: Random; readonly logger?: Logger }
}

export interface ClientSettings {
  readonly tradeQueueSize: number
  readonly bookQueueSize: number
  readonly snapshotQueueSize: number
  readonly healthCheckIntervalMs: number
  readonly feedTimeoutNs: bigint
  readonly onConnectionLost: ((health: ConnectionHealth, reason: LossReason) => void) | null
  readonly onError: ((error: LiveClientError) => void) | null
  readonly onOrderResponse: ((response: OrderResponse) => void) | null
  readonly snapshotIntervalMs: number
  readonly snapshotLevels: number
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** Throws `LIVE_OPTION_INVALID` naming the option. */
export function clientSettings(options: LiveClientOptions): ClientSettings {
  const { clock, logger } = createRuntime({ ...options.runtime })
  const settings: ClientSettings = {
    tradeQueueSize: options.tradeQueueSize ?? 1000,
    bookQueueSize: options.bookQueueSize ?? 1000,
    snapshotQueueSize: options.snapshotQueueSize ?? 100,
    healthCheckIntervalMs: options.healthCheckIntervalMs ?? 5_000,
    feedTimeoutNs: options.feedTimeoutNs ?? 10_000_000_000n,
    onConnectionLost: options.onConnectionLost ?? null,
    onError: options.onError ?? null,
    onOrderResponse: options.onOrderResponse ?? null,
    snapshotIntervalMs: options.snapshotIntervalMs ?? 1_000,
    snapshotLevels: options.snapshotLevels ?? 20,
    clock,
    random: options.runtime?.random ?? new SeededRandom(randomSeed(), 'live-client'),
    logger,
  }
  for (const name of ['tradeQueueSize', 'bookQueueSize', 'snapshotQueueSize', 'snapshotLevels'] as const) {
    if (!(Number.isSafeInteger(settings[name]) && settings[name] >= 1))
      refuse(name, settings[name], 'a whole number from 1')
  }
  if (!(settings.healthCheckIntervalMs > 0)) refuse('healthCheckIntervalMs', settings.healthCheckIntervalMs, 'above 0')
  if (!(settings.snapshotIntervalMs >= 0)) refuse('snapshotIntervalMs', settings.snapshotIntervalMs, 'from 0')
  if (settings.feedTimeoutNs <= 0n) refuse('feedTimeoutNs', settings.feedTimeoutNs, 'above 0')
  return settings
}

function refuse(name: string, value: unknown, rule: string): never {
  const message = `LiveClient: ${name} must be ${rule}; it is ${String(value)}`
  throw new LiveClientError('LIVE_OPTION_INVALID', message, { isTerminal: true })
}
