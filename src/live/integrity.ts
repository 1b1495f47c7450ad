/**
 * What makes a feed whole: maintained books, the record of holes, and the REST requests that heal both. Put
 * together here, so that the manager tells one part what happened and not four.
 */
import type { Bus } from '../bus/index.js'
import type { Runtime } from '../runtime/runtime.js'
import { LiveFeedError } from '../types/errors.js'
import type { GapEvent } from '../types/gap.js'
import type { FeedHealth } from '../types/health.js'
import type { Publisher } from '../types/publisher.js'
import { StreamType } from '../types/stream.js'
import { T_CANDLES, T_TRADES } from '../types/topics.js'
import type { AuditLog } from './audit-log.js'
import { MaintainedBooks } from './books/index.js'
import { candleGaps } from './candle-gaps.js'
import {
  type CandlePositions,
  CandleSequencer,
  MemoryPositions,
  PositionFile,
  positionFilePath,
} from './candles/index.js'
import { VenueClock } from './clock/venue-clock.js'
import { type LiveFeedConfig, venueInfo } from './config/index.js'
import type { Feed } from './feed.js'
import { type GapIds, GapLedger } from './gaps/index.js'
import type { MarketPublishers } from './handlers/index.js'
import { bookPublishers } from './publishers.js'
import { RequestGovernor } from './rest/request-governor.js'
import { sharedBudget } from './rest/weight-budget.js'
import { AggTradeRequests, TradeBackfill } from './trades/index.js'

export interface IntegrityOptions {
  readonly name: string
  readonly config: LiveFeedConfig
  readonly bus: Bus
  readonly runtime: Runtime
  readonly gapTopic: Publisher<GapEvent>
  /** Of all runs. */
  readonly gapIds: GapIds
  readonly audit: AuditLog
  /** Health changed and should be published soon. */
  readonly onChange: () => void
  readonly onError: (code: string) => void
}

export class Integrity {
  readonly rest: RequestGovernor
  readonly gaps: GapLedger
  readonly books: MaintainedBooks
  readonly candles: CandleSequencer
  /** `null` unless asked for. */
  readonly trades: TradeBackfill | null
  readonly venueClock: VenueClock

  constructor({ name, config, bus, runtime, gapTopic, gapIds, audit, onChange, onError }: IntegrityOptions) {
    const { clock, random, http } = runtime
    const info = venueInfo(config.venue)
    const { restUrl } = config.connection
    const weightPerMinute = info.restLimits.requestWeightPerMinute
    this.rest = new RequestGovernor({
      restUrl,
      http,
      clock,
      random: random.split('rest'),
      weightPerMinute,
      budget: sharedBudget(runtime, restUrl, weightPerMinute),
    })
    const onFailure = (message: string, error: unknown): void => {
      if (error instanceof LiveFeedError) onError(error.code)
      runtime.logger.warn(`${name}: ${message}`, { error: String(error) })
    }
    this.trades = config.trades.backfillTrades
      ? new TradeBackfill({
          config: config.trades,
          requests: new AggTradeRequests(this.rest, info, clock),
          clock,
          random: random.split('trades'),
          gaps: {
            fill: (gapId, by) => this.gaps.fill(gapId, by),
            declareUnfillable: (gapId, range) => this.gaps.declareUnfillable(gapId, range),
          },
          out: bus.topic(T_TRADES, { source: name }),
          onFailure,
        })
      : null
    this.gaps = new GapLedger({ venue: info.venue, clock, topic: gapTopic, ids: gapIds, audit, healer: this.trades })
    this.venueClock = new VenueClock({
      path: info.restPaths.time,
      rest: this.rest,
      clock,
      intervalMs: config.connection.restUrl === '' ? 0 : config.health.clockCheckIntervalMs,
      // Not an error of the feed: the offset is merely unknown, and the next attempt comes.
      onFailure: (error) => runtime.logger.debug(`${name}: no time of the venue`, { error: String(error) }),
    })
    this.books = new MaintainedBooks({
      info,
      config: config.book,
      clock,
      random,
      rest: this.rest,
      ...bookPublishers(bus, name, runtime.logger),
      audit,
      continuity: this.gaps,
      onState: onChange,
      onError,
    })
    this.candles = new CandleSequencer({
      venue: info,
      config: config.candles,
      clock,
      random,
      rest: this.rest,
      out: bus.topic(T_CANDLES, { source: name }),
      gaps: candleGaps(this.gaps),
      openPositions: () => openPositions(name, config, runtime),
      onFailure,
    })
  }

  /** What handlers publish to: books and candles are kept whole in front of their topics. */
  before(publishers: MarketPublishers): MarketPublishers {
    const trades = this.trades ?? publishers.trades
    return { ...publishers, orderbookDelta: this.books, candles: this.candles, trades }
  }

  onAdded(feed: Feed): void {
    this.books.onAdded(feed)
    this.candles.add(feed)
  }

  onRemoved(feed: Feed): void {
    this.gaps.onRemoved(feed)
    this.books.onRemoved(feed)
    this.candles.remove(feed)
    if (feed.spec.type === StreamType.AGG_TRADE) this.trades?.release(feed.spec.symbol)
  }

  /** The socket that carried these streams is gone. */
  onDisconnected(feeds: readonly Feed[]): void {
    this.gaps.onDisconnected(feeds)
    this.books.onDisconnected(feeds)
    this.candles.onDisconnected(feeds)
  }

  /** A socket carries these streams again. */
  onEstablished(feeds: readonly Feed[]): void {
    this.gaps.onEstablished(feeds)
    this.candles.onConnected(feeds)
  }

  onRejected(feed: Feed): void {
    this.gaps.onRejected(feed)
    this.books.onRejected(feed)
  }

  onReset(feed: Feed): void {
    // What is being fetched has ids that mean other trades from now on.
    if (feed.spec.type === StreamType.AGG_TRADE) this.trades?.release(feed.spec.symbol)
    this.gaps.onReset(feed)
  }

  onStale(feed: Feed): void {
    this.gaps.onStale(feed)
    this.books.onSilence(feed)
  }

  /** With the state of a book where it says more than the messages of its stream do. */
  feedHealth(feeds: readonly FeedHealth[], feedOf: (stream: string) => Feed | undefined): FeedHealth[] {
    return feeds.map((health) => {
      const feed = feedOf(health.stream)
      const isRebuilding = feed !== undefined && this.books.stateOf(feed) === 'RESYNCING'
      return isRebuilding && health.state === 'OK' ? { ...health, state: 'RESYNCING' } : health
    })
  }

  /** Ends requests and timers; books that looked alive say that they are not kept any more. */
  stop(): void {
    this.venueClock.stop()
    this.trades?.stop()
    this.candles.stop()
    this.books.stop()
    this.gaps.stop()
    this.rest.stop()
  }
}

/** Where the candle streams are: from the state file when there is a folder for it. */
function openPositions(name: string, config: LiveFeedConfig, { files, clock, logger }: Runtime): CandlePositions {
  const { stateDir } = config.candles
  if (stateDir === null) return new MemoryPositions()
  return PositionFile.open({ files, path: positionFilePath(stateDir, name), clock, logger })
}
