/**
 * Which streams are shown when not all have room: trouble first, then a fair share of every manager, page by page.
 * Pure, but for the place where one is.
 */
import type { FeedHealth, FeedSystemHealth } from '../../types/index.js'

export interface FeedRow {
  readonly health: FeedSystemHealth
  readonly feed: FeedHealth
  /** Position among the feeds of its manager. */
  readonly index: number
}

/** `all`, `trouble` (anything but OK), or the streams of one manager. */
export type FeedFilter = 'all' | 'trouble' | { readonly manager: string }

export interface FeedPage {
  /** In the order of the whole list. */
  readonly rows: readonly FeedRow[]
  /** Streams that pass the filter. */
  readonly count: number
  /** From 0. */
  readonly page: number
  readonly pageCount: number
}

/**
 * `room`: lines there are for streams; a line that says which page this is takes one of them when it is needed.
 * `page` may be any whole number: after the last page comes the first.
 */
export function feedPage(
  healths: readonly FeedSystemHealth[],
  filter: FeedFilter,
  page: number,
  room: number,
): FeedPage {
  const all = healths.flatMap((health) => health.feeds.map((feed, index) => ({ health, feed, index })))
  const passing = all.filter((row) => passes(row, filter))
  if (passing.length <= room) return { rows: passing, count: passing.length, page: 0, pageCount: 1 }
  const size = Math.max(1, room - 1)
  const pageCount = Math.ceil(passing.length / size)
  const shown = ((page % pageCount) + pageCount) % pageCount
  const ordered = [...passing].sort((a, b) => urgency(b.feed) - urgency(a.feed) || a.index - b.index)
  const chosen = new Set(ordered.slice(shown * size, (shown + 1) * size))
  return { rows: passing.filter((row) => chosen.has(row)), count: passing.length, page: shown, pageCount }
}

/** Where a person is in the list. */
export class FeedPlace {
  page = 0
  filter: FeedFilter = 'all'

  next(): void {
    this.page++
  }

  previous(): void {
    this.page--
  }

  /** The next filter: all, trouble, then each manager when there are several. Says which. */
  nextFilter(managers: readonly string[]): string {
    const filters: FeedFilter[] = [
      'all',
      'trouble',
      ...(managers.length > 1 ? managers.map((manager) => ({ manager })) : []),
    ]
    const at = filters.findIndex((filter) => filterName(filter) === filterName(this.filter))
    this.filter = filters[(at + 1) % filters.length] ?? 'all'
    this.page = 0
    return filterName(this.filter)
  }
}

export function filterName(filter: FeedFilter): string {
  if (filter === 'all') return 'all streams'
  return filter === 'trouble' ? 'streams in trouble' : `streams of ${filter.manager}`
}

function passes({ health, feed }: FeedRow, filter: FeedFilter): boolean {
  if (filter === 'all') return true
  return filter === 'trouble' ? feed.state !== 'OK' : health.name === filter.manager
}

function urgency(feed: FeedHealth): number {
  return { STALE: 3, RESYNCING: 2, NEVER_RECEIVED: 1, OK: 0 }[feed.state]
}
