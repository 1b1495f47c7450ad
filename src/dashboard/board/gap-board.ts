/** Gaps as a ledger: each once, with how it ended; open ones are never pushed out by closed ones. */
import type { Envelope } from '../../types/envelope.js'
import type { GapEvent } from '../../types/gap.js'
import type { GapTotals, GapView } from '../protocol.js'

const OPEN_MAX = 500
const CLOSED_MAX = 300

export class GapBoard {
  /** Oldest first, by source and id. */
  readonly #open = new Map<string, GapView>()
  readonly #closed = new Map<string, GapView>()
  #changed = new Map<string, GapView>()
  #openCount = 0
  #filled = 0
  #unfillable = 0

  add({ payload, source }: Envelope<GapEvent>): void {
    const key = `${source} ${payload.gapId}`
    const known = this.#open.get(key)
    const view = viewOf(payload, source)
    if (payload.kind === 'opened') {
      if (known === undefined) this.#openCount++
      this.#open.set(key, view)
    } else {
      if (payload.kind === 'filled') this.#filled++
      else this.#unfillable++
      // A gap that was open before anybody listened ends here without having begun.
      if (known !== undefined) this.#openCount--
      this.#open.delete(key)
      this.#closed.set(key, view)
    }
    dropOldest(this.#open, OPEN_MAX)
    dropOldest(this.#closed, CLOSED_MAX)
    this.#changed.set(key, view)
  }

  totals(): GapTotals {
    return { open: this.#openCount, filled: this.#filled, unfillable: this.#unfillable }
  }

  /** All that are kept, oldest first. */
  all(): GapView[] {
    return [...this.#closed.values(), ...this.#open.values()].sort((a, b) => a.openedTimeMs - b.openedTimeMs)
  }

  /** What changed since the last call. */
  takeChanges(): GapView[] {
    if (this.#changed.size === 0) return []
    const changes = [...this.#changed.values()]
    this.#changed = new Map()
    return changes
  }
}

function viewOf(gap: GapEvent, source: string): GapView {
  return {
    source,
    gapId: gap.gapId,
    state: gap.kind === 'opened' ? 'open' : gap.kind,
    symbol: gap.symbol,
    streamType: gap.streamType,
    detail: gap.detail,
    unit: gap.unit,
    from: gap.from,
    to: gap.to,
    missing: gap.missing,
    cause: gap.cause,
    by: gap.by ?? null,
    openedTimeMs: gap.openedTimeMs,
    closedTimeMs: gap.kind === 'opened' ? null : gap.timeMs,
  }
}

function dropOldest(map: Map<string, unknown>, capacity: number): void {
  if (map.size <= capacity) return
  for (const key of map.keys()) {
    map.delete(key)
    return
  }
}
