/** One consistent picture of everything a scrape reads, taken once per scrape. */
import type { BusStats } from '../bus/index.js'
import type { FeedManagerStats } from '../live/stats.js'
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
}

export interface Scrape {
  readonly sources: readonly SourceScrape[]
  readonly bus: BusStats | null
}

export function scrape(sources: Iterable<MetricsSource>, bus: { stats(): BusStats } | null): Scrape {
  return {
    sources: [...sources].map((source) => {
      const health = source.getHealth()
      return {
        labels: { manager: health.name, venue: health.venue },
        health,
        stats: source.getStats?.() ?? null,
      }
    }),
    bus: bus?.stats() ?? null,
  }
}
