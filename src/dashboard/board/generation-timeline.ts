/**
 * The sockets a connection has had, told from health alone: a new generation number is a new socket, and health
 * says how long it has been up, so two that overlapped are drawn with their overlap.
 */
import type { ConnectionHealth } from '../../types/health.js'
import type { GenerationView } from '../protocol.js'

const GENERATIONS_MAX = 24

export class GenerationTimeline {
  #generations: GenerationView[] = []
  #reconnectCount = 0

  /** `isManagerUp` false: what ends now was ended on purpose. */
  update(connection: ConnectionHealth, timeMs: number, isManagerUp: boolean): void {
    const { state, generation, uptimeMs, reconnectCount } = connection
    const isCarrying = state === 'OPEN' || state === 'REFRESHING'
    const current = this.#generations.at(-1)
    if (!isCarrying) {
      this.#end(timeMs, isManagerUp ? 'lost' : 'closed')
      return
    }
    if (current !== undefined && current.generation === generation && current.endMs === null) return
    const startMs = timeMs - uptimeMs
    // Between two looks one socket went and another came. A counted reconnect says that the first was lost; its
    // exact end and that of a hand-over, with the overlap, come with the audit trail.
    if (current !== undefined && current.endMs === null) {
      this.#end(Math.max(startMs, current.startMs), reconnectCount > this.#reconnectCount ? 'lost' : 'replaced')
    }
    this.#reconnectCount = reconnectCount
    // Numbers start again when the manager does.
    this.#generations.push({ generation, startMs, endMs: null, end: null })
    if (this.#generations.length > GENERATIONS_MAX) this.#generations.shift()
  }

  /** The audit trail knows when and why a socket ended; health only knows that it has. */
  onLost(generation: number, timeMs: number): void {
    this.#amend(generation, timeMs, 'lost')
  }

  onReplaced(generation: number, timeMs: number): void {
    this.#amend(generation, timeMs, 'replaced')
  }

  onManagerStopped(timeMs: number): void {
    this.#end(timeMs, 'closed')
  }

  views(): readonly GenerationView[] {
    return this.#generations
  }

  #end(timeMs: number, end: GenerationView['end']): void {
    const current = this.#generations.at(-1)
    if (current === undefined || current.endMs !== null) return
    this.#generations = [...this.#generations.slice(0, -1), { ...current, endMs: timeMs, end }]
  }

  #amend(generation: number, timeMs: number, end: GenerationView['end']): void {
    const index = this.#generations.findLastIndex((each) => each.generation === generation)
    const known = this.#generations[index]
    if (known === undefined || timeMs < known.startMs) return
    this.#generations = this.#generations.with(index, { ...known, endMs: timeMs, end })
  }
}
