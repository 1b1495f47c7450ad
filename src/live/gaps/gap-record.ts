/**
 * The book-keeping of holes: numbers them, remembers what became of each, and tells bus and audit trail.
 *
 *   open --> filled | unfillable        each gap closes once, or stays visible as open
 *
 * Memory is bounded: closed gaps are kept as far as `CLOSED_KEPT_MAX`, open ones as far as `OPEN_KEPT_MAX`; beyond
 * that the oldest open one is declared unfillable, because a hole that nobody can remember will not be filled.
 */
import type { Clock } from '../../runtime/clock.js'
import type { GapCause, GapEvent, GapUnit } from '../../types/gap.js'
import { LogEventName } from '../../types/log-event.js'
import type { Publisher } from '../../types/publisher.js'
import type { Venue } from '../../types/venue.js'
import type { AuditLog } from '../audit-log.js'
import type { StreamSpec } from '../config/stream-spec.js'

/** Bounds of a hole, inclusive, in `unit`; `missing` is `null` where it cannot be counted. */
export interface GapRange {
  readonly unit: GapUnit
  readonly from: number
  readonly to: number
  readonly missing: number | null
}

/** What a hole is in: a stream's name and the number of its holes. */
export interface GapFeed {
  readonly spec: Pick<StreamSpec, 'symbol' | 'type' | 'detail'>
  gapCount: number
}

/** Numbers holes, over all runs of a feed: an id that was told once means one hole for ever. */
export class GapIds {
  #last = 0

  next(): number {
    return ++this.#last
  }
}

export interface GapRecordOptions {
  /** Default: from 1. */
  readonly ids?: GapIds
  readonly venue: Venue
  readonly clock: Clock
  readonly topic: Publisher<GapEvent>
  readonly audit: AuditLog
}

export interface GapCounts {
  readonly opened: number
  readonly filled: number
  readonly unfillable: number
  /** Open now. */
  readonly open: number
  /** The same by what tore the hole; causes that never occurred are absent. */
  readonly byCause: Readonly<Partial<Record<GapCause, CauseCounts>>>
}

export type CauseCounts = Readonly<Record<GapEvent['kind'], number>>

const OPEN_KEPT_MAX = 10_000
const CLOSED_KEPT_MAX = 1_000

export class GapRecord {
  readonly #options: GapRecordOptions
  readonly #ids: GapIds
  /** By id, oldest first. */
  readonly #open = new Map<number, GapEvent>()
  /** A ring: `#closedCount % CLOSED_KEPT_MAX` is the next place. */
  readonly #closed: GapEvent[] = []
  #closedCount = 0
  #opened = 0
  #filled = 0
  #unfillable = 0
  readonly #byCause = new Map<GapCause, Record<GapEvent['kind'], number>>()

  constructor(options: GapRecordOptions) {
    this.#options = options
    this.#ids = options.ids ?? new GapIds()
  }

  open(feed: GapFeed, range: GapRange, cause: GapCause): GapEvent {
    feed.gapCount++
    this.#opened++
    const { symbol, type, detail } = feed.spec
    const timeMs = this.#options.clock.wallMs()
    const gap: GapEvent = {
      gapId: this.#ids.next(),
      kind: 'opened',
      venue: this.#options.venue,
      symbol,
      streamType: type,
      detail,
      ...range,
      // A wall clock that was set back must not turn the bounds around.
      to: Math.max(range.from, range.to),
      cause,
      openedTimeMs: timeMs,
      timeMs,
    }
    if (this.#open.size >= OPEN_KEPT_MAX) {
      const [oldest] = this.#open.keys()
      if (oldest !== undefined) this.declareUnfillable(oldest)
    }
    this.#open.set(gap.gapId, gap)
    this.#publish(gap, LogEventName.GAP_OPENED)
    return gap
  }

  /** Ids of all that are open, oldest first. */
  openIds(): number[] {
    return [...this.#open.keys()]
  }

  isOpen(gapId: number): boolean {
    return this.#open.has(gapId)
  }

  /** Without effect on a gap that is closed. `to` is the end where it was not known when the gap opened. */
  fill(gapId: number, by: NonNullable<GapEvent['by']>, to?: number): void {
    const gap = this.#take(gapId)
    if (gap === undefined) return
    this.#filled++
    // A wall clock that was set back must not turn the bounds around.
    this.#close({ ...gap, kind: 'filled', to: Math.max(to ?? gap.to, gap.from), by }, LogEventName.GAP_FILLED)
  }

  /** Without effect on a gap that is closed. `range` says what remains missing where a part came after all. */
  declareUnfillable(gapId: number, range: Partial<GapRange> = {}): void {
    const gap = this.#take(gapId)
    if (gap === undefined) return
    this.#unfillable++
    const rest = { ...gap, ...range }
    this.#close({ ...rest, to: Math.max(rest.to, rest.from), kind: 'unfillable' }, LogEventName.GAP_UNFILLABLE)
  }

  counts(): GapCounts {
    return {
      opened: this.#opened,
      filled: this.#filled,
      unfillable: this.#unfillable,
      open: this.#open.size,
      byCause: Object.fromEntries([...this.#byCause].map(([cause, counts]) => [cause, { ...counts }])),
    }
  }

  /** The last word on every gap remembered, by id: all that are open, and the newest of those that are closed. */
  list(): GapEvent[] {
    return [...this.#closed, ...this.#open.values()].sort((a, b) => a.gapId - b.gapId)
  }

  #take(gapId: number): GapEvent | undefined {
    const gap = this.#open.get(gapId)
    this.#open.delete(gapId)
    return gap
  }

  #close(gap: GapEvent, event: LogEventName): void {
    const closed: GapEvent = { ...gap, timeMs: this.#options.clock.wallMs() }
    this.#closed[this.#closedCount++ % CLOSED_KEPT_MAX] = closed
    this.#publish(closed, event)
  }

  #count({ cause, kind }: GapEvent): void {
    let counts = this.#byCause.get(cause)
    if (counts === undefined) {
      counts = { opened: 0, filled: 0, unfillable: 0 }
      this.#byCause.set(cause, counts)
    }
    counts[kind]++
  }

  #publish(gap: GapEvent, event: LogEventName): void {
    this.#count(gap)
    this.#options.topic.publish(gap)
    const { gapId, symbol, streamType, detail, unit, from, to, missing, cause, by } = gap
    const count = missing === null ? 'an unknown number' : String(missing)
    const end = by === undefined ? gap.kind : `${gap.kind} by ${by}`
    this.#options.audit.write(
      event,
      event === LogEventName.GAP_FILLED ? 'INFO' : 'WARNING',
      `gap ${gapId} in ${symbol} ${streamType}: ${rangeText(gap)} (${count} missing, ${cause}) ${end}`,
      { gapId, symbol, streamType, detail, unit, from, to, missing, cause, ...(by === undefined ? {} : { by }) },
    )
  }
}

/** Beyond, a `Date` is invalid. */
const CALENDAR_MS_MAX = 8.64e15

/** Times as people read them; in `data` and on `live.gap` they stay epoch milliseconds. */
function rangeText({ unit, from, to }: GapRange): string {
  const isTime = unit === 'time' || unit === 'openTime'
  // What no calendar knows is shown as it came.
  const text = (bound: number): string =>
    isTime && Math.abs(bound) <= CALENDAR_MS_MAX ? new Date(bound).toISOString() : String(bound)
  return `${unit} ${text(from)} to ${text(to)}`
}
