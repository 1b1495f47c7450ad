/**
 * Low-rate signals between the parts of the live feed, over `mitt`. A listener that throws is reported and
 * silences nobody: mitt alone would stop at it.
 */
import mittModule, { type Emitter } from 'mitt'
import type { ConnectionState } from '../types/health.js'
import type { ConnectionError, SubscriptionError } from './errors.js'

// Under nodenext the default import of mitt types as the module; at run time it is the function.
const mitt = mittModule as unknown as typeof mittModule.default

/** What the connection layer tells the manager and health. Never per message. */
export type LiveSignals = {
  connectionState: { connectionId: string; state: ConnectionState; previous: ConnectionState }
  /** A socket is open and every stream of it acknowledged. `downMs` since the loss; 0 for the first. */
  connectionEstablished: { connectionId: string; generation: number; url: string; streamCount: number; downMs: number }
  connectionDisconnected: { connectionId: string; generation: number; url: string; code: number; reason: string }
  connectionReconnecting: { connectionId: string; attempt: number; delayMs: number; code: number; reason: string }
  connectionError: { connectionId: string; error: ConnectionError | SubscriptionError }
  connectionRefreshed: {
    connectionId: string
    fromGeneration: number
    toGeneration: number
    reason: string
    overlapMs: number
  }
  /** Bounded reconnects used up: this connection will not come back by itself. */
  connectionFailed: { connectionId: string; error: ConnectionError | SubscriptionError }
}

export interface Signals<Events extends Record<string, unknown>> {
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void
  clear(): void
}

export function createSignals<Events extends Record<string, unknown>>(
  onListenerError: (error: unknown, name: keyof Events) => void,
): Signals<Events> {
  const emitter: Emitter<Events> = mitt<Events>()
  return {
    on: (name, listener) => {
      const guarded = (event: Events[typeof name]): void => {
        try {
          listener(event)
        } catch (error) {
          onListenerError(error, name)
        }
      }
      emitter.on(name, guarded)
      return () => emitter.off(name, guarded)
    },
    emit: (name, event) => emitter.emit(name, event),
    clear: () => emitter.all.clear(),
  }
}
