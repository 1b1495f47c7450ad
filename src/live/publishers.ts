/**
 * The topics of one manager on a bus. Everything is published under the manager's name. A bus that was
 * closed under a running manager is a defect of the caller: for health, gaps and log it is reported once and
 * throws at nobody.
 */
import type { Bus } from '../bus/index.js'
import type { Logger } from '../runtime/logger.js'
import { LiveFeedError } from '../types/errors.js'
import type { GapEvent } from '../types/gap.js'
import type { FeedSystemHealth } from '../types/health.js'
import type { LogEvent } from '../types/log-event.js'
import type { OrderBookDelta, OrderBookSnapshot } from '../types/order-book.js'
import type { Publisher } from '../types/publisher.js'
import {
  T_BBO,
  T_CANDLES,
  T_CANDLES_PARTIAL,
  T_FUNDING,
  T_LIQUIDATIONS,
  T_LIVE_GAP,
  T_LIVE_HEALTH,
  T_LOG_EVENT,
  T_ORDERBOOK,
  T_ORDERBOOK_DELTA,
  T_TICKER,
  T_TRADES,
} from '../types/topics.js'
import type { MarketPublishers } from './handlers/handler.js'

export interface LivePublishers {
  readonly health: Publisher<FeedSystemHealth>
  readonly gaps: Publisher<GapEvent>
  readonly log: Publisher<LogEvent>
}

export function livePublishers(bus: Bus, source: string, logger: Logger): LivePublishers {
  const onClosed = reportOnce(logger, source)
  return {
    health: guarded(bus.topic(T_LIVE_HEALTH, { source }), onClosed),
    gaps: guarded(bus.topic(T_LIVE_GAP, { source }), onClosed),
    log: guarded(bus.topic(T_LOG_EVENT, { source }), onClosed),
  }
}

export function marketPublishers(bus: Bus, source: string, emitPartialCandles: boolean): MarketPublishers {
  return {
    candles: bus.topic(T_CANDLES, { source }),
    partialCandles: emitPartialCandles ? bus.topic(T_CANDLES_PARTIAL, { source }) : null,
    orderbook: bus.topic(T_ORDERBOOK, { source }),
    orderbookDelta: bus.topic(T_ORDERBOOK_DELTA, { source }),
    bbo: bus.topic(T_BBO, { source }),
    trades: bus.topic(T_TRADES, { source }),
    funding: bus.topic(T_FUNDING, { source }),
    ticker: bus.topic(T_TICKER, { source }),
    liquidations: bus.topic(T_LIQUIDATIONS, { source }),
  }
}

/** Where maintained books publish, also from timers, where nobody could catch what a closed bus throws. */
export function bookPublishers(
  bus: Bus,
  source: string,
  logger: Logger,
): { readonly pictures: Publisher<OrderBookSnapshot>; readonly deltas: Publisher<OrderBookDelta> } {
  const onClosed = reportOnce(logger, source)
  return {
    pictures: guarded(bus.topic(T_ORDERBOOK, { source }), onClosed),
    deltas: guarded(bus.topic(T_ORDERBOOK_DELTA, { source }), onClosed),
  }
}

function guarded<T>(topic: Publisher<T>, onClosed: (error: LiveFeedError) => void): Publisher<T> {
  return {
    publish(payload) {
      try {
        topic.publish(payload)
      } catch (error) {
        if (!(error instanceof LiveFeedError)) throw error
        onClosed(error)
      }
    },
  }
}

function reportOnce(logger: Logger, source: string): (error: LiveFeedError) => void {
  let isReported = false
  return (error) => {
    if (isReported) return
    isReported = true
    logger.error(`${source}: ${error.message}`, { code: error.code })
  }
}
