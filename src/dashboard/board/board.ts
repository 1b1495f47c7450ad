/**
 * What every viewer sees: managers, streams, gaps, log. Listens to the low-rate topics only (health, gaps, log,
 * finalized candles), also while nobody looks, so that a page opened later has a past. Nothing here is called per
 * market message.
 *
 * Memory is bounded: see the files beside this one for each part's bound.
 */
import type { Bus, Subscription } from '../../bus/index.js'
import type { Envelope } from '../../types/envelope.js'
import type { LogEvent } from '../../types/log-event.js'
import type { BoardPart, FeedChange, FeedView, ManagerView, StreamKey } from '../protocol.js'
import { CandleHistory } from './candle-history.js'
import { GapBoard } from './gap-board.js'
import { LogTail } from './log-tail.js'
import { ManagerBoard } from './manager-board.js'

/** What changed since the last round; nothing for a part that did not. */
export type BoardChanges = Partial<Omit<BoardPart, 'process' | 'topics'>> & {
  readonly feedChanges?: readonly FeedChange[]
}

export class Board {
  readonly candles: CandleHistory = new CandleHistory()
  readonly log: LogTail = new LogTail()
  readonly gaps: GapBoard = new GapBoard()
  /** By name, in order of appearance. */
  readonly #managers = new Map<string, ManagerBoard>()
  readonly #subscriptions: readonly Subscription[]
  #isHealthNew = false
  #sentFeeds: readonly FeedView[] = []
  #sentLogId = 0

  constructor(bus: Bus) {
    // Last in order: those who trade on a message get it first.
    const options = { priority: -1_000, replayLast: true }
    this.#subscriptions = [
      bus.subscribe(
        'live.health',
        ({ payload }) => {
          const known = this.#managers.get(payload.name)
          if (known === undefined) this.#managers.set(payload.name, new ManagerBoard(payload))
          else known.update(payload)
          this.#isHealthNew = true
        },
        { ...options, name: 'dashboard health' },
      ),
      bus.subscribe('live.gap', (envelope) => this.gaps.add(envelope), { ...options, name: 'dashboard gaps' }),
      bus.subscribe('log.event', (envelope) => this.#onLog(envelope), { ...options, name: 'dashboard log' }),
      bus.subscribe('mkt.candles', ({ payload, source }) => this.candles.add(source, payload), {
        ...options,
        name: 'dashboard candles',
      }),
    ]
  }

  manager(name: string): ManagerBoard | undefined {
    return this.#managers.get(name)
  }

  /** Candle intervals that a source has streams of for a symbol, as the source lists them. */
  intervals(source: string, symbol: string): readonly string[] {
    const intervals: string[] = []
    for (const feed of this.#managers.get(source)?.feeds ?? []) {
      if (feed.streamType === 'KLINE' && feed.symbol === symbol) intervals.push(feed.detail)
    }
    return intervals
  }

  hasStream({ source, stream }: StreamKey): boolean {
    return this.#managers.get(source)?.feeds.some((feed) => feed.stream === stream) ?? false
  }

  hasSymbol(source: string, symbol: string): boolean {
    return this.#managers.get(source)?.feeds.some((feed) => feed.symbol === symbol) ?? false
  }

  full(): Omit<BoardPart, 'process' | 'topics'> {
    return {
      managers: this.#managerViews(),
      feeds: this.#feedViews(),
      log: this.log.rows(),
      gaps: this.gaps.all(),
      gapTotals: this.gaps.totals(),
    }
  }

  takeChanges(): BoardChanges {
    const changes: { -readonly [Part in keyof BoardChanges]: BoardChanges[Part] } = {}
    if (this.#isHealthNew) {
      this.#isHealthNew = false
      changes.managers = this.#managerViews()
      const feeds = this.#feedViews()
      if (hasSameStreams(feeds, this.#sentFeeds)) {
        const feedChanges = changesBetween(this.#sentFeeds, feeds)
        if (feedChanges.length > 0) changes.feedChanges = feedChanges
      } else {
        changes.feeds = feeds
      }
      this.#sentFeeds = feeds
    }
    const gaps = this.gaps.takeChanges()
    if (gaps.length > 0) {
      changes.gaps = gaps
      changes.gapTotals = this.gaps.totals()
    }
    if (this.log.lastId > this.#sentLogId) {
      changes.log = this.log.rowsAfter(this.#sentLogId)
      this.#sentLogId = this.log.lastId
    }
    return changes
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe()
  }

  #onLog(envelope: Envelope<LogEvent>): void {
    this.log.add(envelope)
    const { event, data, timeMs } = envelope.payload
    if (event !== 'CONNECTION_DISCONNECTED' && event !== 'CONNECTION_REFRESHED') return
    const { connectionId, generation, fromGeneration } = data
    const manager = this.#managers.get(envelope.source)
    if (manager === undefined || typeof connectionId !== 'string') return
    const timeline = manager.timeline(connectionId)
    if (event === 'CONNECTION_DISCONNECTED' && typeof generation === 'number') timeline.onLost(generation, timeMs)
    if (event === 'CONNECTION_REFRESHED' && typeof fromGeneration === 'number') {
      timeline.onReplaced(fromGeneration, timeMs)
    }
  }

  #managerViews(): ManagerView[] {
    return [...this.#managers.values()].map((manager) => manager.view())
  }

  #feedViews(): FeedView[] {
    return [...this.#managers.values()].flatMap((manager) => manager.feedViews())
  }
}

function hasSameStreams(a: readonly FeedView[], b: readonly FeedView[]): boolean {
  return (
    a.length === b.length &&
    a.every((feed, index) => {
      const other = b[index]
      return feed.stream === other?.stream && feed.source === other.source && feed.connectionId === other.connectionId
    })
  )
}

function changesBetween(before: readonly FeedView[], after: readonly FeedView[]): FeedChange[] {
  const changes: FeedChange[] = []
  after.forEach((feed, index) => {
    const old = before[index]
    if (old === undefined) return
    const isSame =
      old.state === feed.state &&
      old.messageCount === feed.messageCount &&
      old.errorCount === feed.errorCount &&
      old.gapCount === feed.gapCount &&
      old.ratePerSecond === feed.ratePerSecond &&
      old.ageMs === feed.ageMs &&
      old.p50 === feed.p50 &&
      old.p99 === feed.p99
    if (isSame) return
    const { state, messageCount, errorCount, gapCount, ratePerSecond, ageMs, p50, p99 } = feed
    changes.push([index, state, messageCount, errorCount, gapCount, ratePerSecond, ageMs, p50, p99])
  })
  return changes
}
