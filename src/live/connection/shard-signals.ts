/**
 * What one shard says about itself: each signal of its life with the name, address and numbers that go with it.
 *
 * Leaves when something is said to the supervisor. Whoever listens may stop the shard from inside the call, so a
 * caller has completed its state before.
 */
import type { ConnectionState } from '../../types/health.js'
import type { ConnectionError, SubscriptionError } from '../errors.js'
import type { LiveSignals, Signals } from '../signals.js'
import type { Generation, GenerationEnd } from './generation.js'

export class ShardSignals {
  readonly #signals: Signals<LiveSignals>
  readonly #connectionId: string
  readonly #url: string

  constructor(signals: Signals<LiveSignals>, connectionId: string, url: string) {
    this.#signals = signals
    this.#connectionId = connectionId
    this.#url = url
  }

  state(state: ConnectionState, previous: ConnectionState): void {
    this.#signals.emit('connectionState', { connectionId: this.#connectionId, state, previous })
  }

  /** `downMs` since an open connection was lost, 0 when none was. */
  established({ origin }: Generation, streamCount: number, downMs: number): void {
    this.#signals.emit('connectionEstablished', {
      connectionId: this.#connectionId,
      generation: origin.generation,
      url: this.#url,
      streamCount,
      downMs,
    })
  }

  refreshed(from: Generation, to: Generation, reason: string, overlapMs: number): void {
    this.#signals.emit('connectionRefreshed', {
      connectionId: this.#connectionId,
      fromGeneration: from.origin.generation,
      toGeneration: to.origin.generation,
      reason,
      overlapMs,
    })
  }

  /** A socket ended: the loss where it had been open, the error where it is one. */
  lost({ origin }: Generation, end: GenerationEnd): void {
    if (end.wasOpen) {
      this.#signals.emit('connectionDisconnected', {
        connectionId: this.#connectionId,
        generation: origin.generation,
        url: this.#url,
        code: end.code,
        reason: reasonOf(end),
      })
    }
    if (end.isError) this.error(end.error)
  }

  reconnecting(attempt: number, delayMs: number, end: GenerationEnd): void {
    const { code } = end
    const connectionId = this.#connectionId
    this.#signals.emit('connectionReconnecting', { connectionId, attempt, delayMs, code, reason: reasonOf(end) })
  }

  error(error: ConnectionError | SubscriptionError): void {
    this.#signals.emit('connectionError', { connectionId: this.#connectionId, error })
  }

  /** It has given up for good. */
  failed(error: ConnectionError): void {
    this.#signals.emit('connectionFailed', { connectionId: this.#connectionId, error })
  }
}

function reasonOf(end: GenerationEnd): string {
  return end.reason || end.error.message
}
