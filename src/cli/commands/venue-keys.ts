/**
 * Keys that break the simulated venue, so that a person can watch the feed notice and heal. Owns the choice of
 * what is broken; the breaking itself belongs to the venue.
 */
import type { Clock } from '../../runtime/index.js'
import type { SimVenue } from '../../sim/index.js'
import type { FeedHealth, FeedSource, MarketKind, StreamType } from '../../types/index.js'
import { formatAge } from '../format.js'
import type { KeyBinding } from '../keys.js'

/** How long a stalled stream stays silent after it has become stale: time enough to look at it. */
const LOOK_MS = 10_000

/**
 * Streams sent by the venue's timer come first, because they become stale exactly at the threshold; for the
 * others silence is no news until it is long for their own pace.
 */
const STALL_ORDER: readonly StreamType[] = ['DEPTH', 'MARK_PRICE', 'TICKER', 'KLINE', 'MINI_TICKER', 'BOOK_TICKER']

export interface VenueKeysOptions {
  readonly venue: Pick<SimVenue, 'cut' | 'stall'>
  readonly sources: readonly FeedSource[]
  readonly clock: Clock
  /** Of the sources: a stall lasts longer than this, or nobody would see it. */
  readonly stalenessThresholdMs: number
  /** Time factor of the venue, which counts stalls in its own time. */
  readonly speed: number
}

interface Candidate {
  readonly source: string
  readonly market: MarketKind
  readonly feed: FeedHealth
}

export function venueKeys(options: VenueKeysOptions): KeyBinding[] {
  const { venue, clock, stalenessThresholdMs, speed } = options
  const stalledUntil = new Map<string, number>()

  const cut = (): string => {
    const count = venue.cut()
    return count === 0 ? 'no connection is open' : `cut ${count} ${count === 1 ? 'connection' : 'connections'}`
  }

  const stall = (): string => {
    const nowMs = clock.monotonicMs()
    const target = candidates(options.sources).find(
      (candidate) => (stalledUntil.get(keyOf(candidate)) ?? Number.NEGATIVE_INFINITY) <= nowMs,
    )
    if (target === undefined) return 'no stream is left to stall'
    const forMs = stalenessThresholdMs + LOOK_MS
    stalledUntil.set(keyOf(target), nowMs + forMs)
    venue.stall({ market: target.market, stream: target.feed.stream }, forMs * speed)
    return (
      `stalled ${target.source} ${target.feed.stream} for ${formatAge(forMs)}: ` +
      `STALE after ${formatAge(stalenessThresholdMs)}`
    )
  }

  return [
    { key: 'c', help: 'c cut all', action: cut },
    { key: 's', help: 's stall a stream', action: stall },
  ]
}

/** Streams that speak now, the best to stall first. */
function candidates(sources: readonly FeedSource[]): Candidate[] {
  return sources
    .map((source) => source.getHealth())
    .flatMap(({ name, venue, feeds }) =>
      feeds.map((feed) => ({ source: name, market: marketOf(venue), feed }) satisfies Candidate),
    )
    .filter(({ feed }) => feed.state === 'OK')
    .sort((a, b) => rankOf(a.feed.streamType) - rankOf(b.feed.streamType))
}

function rankOf(type: StreamType): number {
  const rank = STALL_ORDER.indexOf(type)
  return rank < 0 ? STALL_ORDER.length : rank
}

function marketOf(venue: string): MarketKind {
  return venue === 'SIM_FUTURES' ? 'futures' : 'spot'
}

function keyOf({ market, feed }: Candidate): string {
  return `${market} ${feed.stream}`
}
