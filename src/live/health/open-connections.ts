/** Which connections can carry data now, and since when: silence on any other says nothing about a stream. */
import { type ConnectionHealth, ConnectionState } from '../../types/health.js'

/** One generation of a connection that can carry data. */
export interface OpenConnection {
  readonly generation: number
  /** Running time (without pauses of the process) since when. */
  readonly sinceMs: number
  /** Running time since when its own silence counts. */
  watchdogArmedAtMs: number
}

export class OpenConnections {
  #open: ReadonlyMap<string, OpenConnection> = new Map()

  get size(): number {
    return this.#open.size
  }

  get(connectionId: string): OpenConnection | undefined {
    return this.#open.get(connectionId)
  }

  entries(): Iterable<[string, OpenConnection]> {
    return this.#open
  }

  /** Takes note of the states as they are now; a new generation begins anew. */
  follow(connections: readonly ConnectionHealth[], runningMs: number): void {
    const open = new Map<string, OpenConnection>()
    for (const { id, generation, state } of connections) {
      if (state !== ConnectionState.OPEN && state !== ConnectionState.REFRESHING) continue
      const known = this.#open.get(id)
      const isSame = known?.generation === generation
      open.set(id, isSame ? known : { generation, sinceMs: runningMs, watchdogArmedAtMs: runningMs })
    }
    this.#open = open
  }
}
