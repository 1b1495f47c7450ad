/** Actions by nanosecond, run in order: the stub's own time. Equal times run in the order they were added. */

interface QueuedAction {
  readonly atNs: bigint
  readonly run: () => void
}

export class VirtualQueue {
  #nowNs: bigint
  /** Ascending; a stub has a handful of actions waiting. */
  readonly #actions: QueuedAction[] = []

  constructor(startNs: bigint) {
    this.#nowNs = startNs
  }

  get nowNs(): bigint {
    return this.#nowNs
  }

  get size(): number {
    return this.#actions.length
  }

  /** When the next action is due; `null` when none is left. */
  get nextNs(): bigint | null {
    return this.#actions[0]?.atNs ?? null
  }

  add(atNs: bigint, run: () => void): void {
    let at = this.#actions.length
    while (at > 0 && this.#actions[at - 1]!.atNs > atNs) at--
    this.#actions.splice(at, 0, { atNs, run })
  }

  /** Runs the next action if it is due by `limitNs`. */
  runNext(limitNs: bigint): boolean {
    const next = this.#actions[0]
    if (next === undefined || next.atNs > limitNs) return false
    this.#actions.shift()
    if (next.atNs > this.#nowNs) this.#nowNs = next.atNs
    next.run()
    return true
  }

  /** Moves to `toNs`, running what is due on the way. */
  advance(toNs: bigint): void {
    while (this.runNext(toNs)) {
      // Each action may add more.
    }
    if (toNs > this.#nowNs) this.#nowNs = toNs
  }

  clear(): void {
    this.#actions.length = 0
  }
}
