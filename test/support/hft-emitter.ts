/** The listening half of a connection to a connector, for connections that are made up. */
import type { HftConnectionEvents } from '../../src/connectors/hft/native/types.js'

export class HftEmitter {
  readonly #listeners = new Map<keyof HftConnectionEvents, Set<(payload: never) => void>>()

  /** Those that listen to anything. */
  get listenerCount(): number {
    return [...this.#listeners.values()].reduce((sum, set) => sum + set.size, 0)
  }

  on<E extends keyof HftConnectionEvents>(event: E, listener: (payload: HftConnectionEvents[E]) => void): () => void {
    const set = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, set)
    set.add(listener)
    return () => set.delete(listener)
  }

  emit<E extends keyof HftConnectionEvents>(event: E, payload: HftConnectionEvents[E]): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(payload as never)
  }
}
