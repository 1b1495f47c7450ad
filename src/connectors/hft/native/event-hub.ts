/** Listeners of a connection's events. One that throws does not keep the others from hearing. */
import type { HftConnectionEvents } from './types.js'

type Listener<E extends keyof HftConnectionEvents> = (payload: HftConnectionEvents[E]) => void
type Listeners = { [E in keyof HftConnectionEvents]: Set<Listener<E>> }

export class EventHub {
  readonly #listeners: Listeners = {
    peerChanged: new Set(),
    peerLost: new Set(),
    overflow: new Set(),
    decodeError: new Set(),
    closed: new Set(),
  }

  on<E extends keyof HftConnectionEvents>(event: E, listener: Listener<E>): () => void {
    const listeners: Set<Listener<E>> = this.#listeners[event]
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
    }
  }

  emit<E extends keyof HftConnectionEvents>(event: E, payload: HftConnectionEvents[E]): void {
    const failures: unknown[] = []
    for (const listener of [...this.#listeners[event]]) {
      try {
        listener(payload)
      } catch (error) {
        failures.push(error)
      }
    }
    // Like an event emitter: a listener's defect is the program's, not the connection's.
    if (failures.length > 0) throw failures[0]
  }
}
