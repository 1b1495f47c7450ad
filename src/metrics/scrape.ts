/** One consistent picture of everything a scrape reads, taken once per scrape. */
import type { BusStats } from '../bus/index.js'
import type { FeedManagerStats } from '../live/stats.js'
import type { EventLoopDelay, EventLoopMonitor } from '../runtime/index.js'
import type { FeedSource } from '../types/feed-source.js'
import type { FeedSystemHealth } from '../types/health.js'

/** A feed source, with counters when it keeps them (the feed manager does). */
export interface MetricsSource extends FeedSource {
  getStats?(): FeedManagerStats
}

export interface SourceScrape {
  /** Labels of everything this source exports. */
  readonly labels: { readonly manager: string; readonly venue: string }
  readonly health: FeedSystemHealth
  readonly stats: FeedManagerStats | null
  /** Of each feed, in order; made once, because ten metrics use them. */
  readonly feedLabels: readonly Labels[]
  readonly bookLabels: readonly Labels[]
}

export type Labels = Readonly<Record<string, string>>

export interface Scrape {
  readonly sources: readonly SourceScrape[]
  readonly bus: BusStats | null
  readonly eventLoop: { readonly delay: EventLoopDelay | null; readonly activeMs: number } | null
}

export function scrape(
  sources: Iterable<MetricsSource>,
  bus: { stats(): BusStats } | null,
  eventLoop: EventLoopMonitor | null,
): Scrape {
  return {
    sources: [...sources].map((source) => {
      const health = source.getHealth()
      const labels = { manager: health.name, venue: health.venue }
      return {
        labels,
        health,
        stats: source.getStats?.() ?? null,
        feedLabels: health.feeds.map(({ symbol, streamType, detail }) => ({
          ...labels,
          symbol,
          stream_type: streamType,
          detail,
        })),
        bookLabels: health.books.map(({ symbol }) => ({ ...labels, symbol })),
      }
    }),
    bus: bus?.stats() ?? null,
    eventLoop: eventLoop === null ? null : { delay: eventLoop.delay(), activeMs: eventLoop.activeMs() },
  }
}
