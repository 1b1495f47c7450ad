/**
 * Handlers by stream type: the table that says which class reads which stream. To add one, see
 * `docs/adding-a-handler.md`.
 */
import type { StreamType } from '../../types/stream.js'
import type { MarketKind, Venue } from '../../types/venue.js'
import type { StreamSpec } from '../config/stream-spec.js'
import { FrameCursor } from '../decode/index.js'
import { AggTradeHandler } from './agg-trade-handler.js'
import { BookTickerHandler } from './book-ticker-handler.js'
import type { ContinuityCheck } from './continuity.js'
import { DiffDepthHandler } from './diff-depth-handler.js'
import type { MarketPublishers, StreamHandler } from './handler.js'
import { KlineHandler } from './kline-handler.js'
import { LiquidationHandler } from './liquidation-handler.js'
import { MarkPriceHandler } from './mark-price-handler.js'
import { MiniTickerHandler } from './mini-ticker-handler.js'
import { PartialDepthHandler } from './partial-depth-handler.js'
import type { HandlerContext } from './payload-handler.js'
import { TickerHandler } from './ticker-handler.js'
import { TradeHandler } from './trade-handler.js'

export type { ContinuityCheck } from './continuity.js'
export type { MarketPublishers, StreamHandler } from './handler.js'
export { PayloadOutcome } from './handler.js'

export interface HandlerOptions {
  readonly venue: Venue
  readonly market: MarketKind
  readonly publishers: MarketPublishers
  /** Forming candles go to `publishers.partialCandles`; without it, or when that is `null`, they are ignored. */
  readonly emitPartialCandles: boolean
  /** Sees every new id before its message is published. */
  readonly continuity?: ContinuityCheck | null
}

export interface HandlerFactory {
  /** A new handler for one stream; it keeps what it needs to know about that stream between messages. */
  handlerFor(spec: StreamSpec): StreamHandler
}

type HandlerClass = new (spec: StreamSpec, context: HandlerContext) => StreamHandler

/** `DEPTH` is two kinds: with levels a partial book, without a diff stream. */
const HANDLER_CLASSES: Readonly<Record<Exclude<StreamType, 'DEPTH'>, HandlerClass>> = {
  KLINE: KlineHandler,
  BOOK_TICKER: BookTickerHandler,
  MARK_PRICE: MarkPriceHandler,
  AGG_TRADE: AggTradeHandler,
  TRADE: TradeHandler,
  TICKER: TickerHandler,
  MINI_TICKER: MiniTickerHandler,
  LIQUIDATION: LiquidationHandler,
}

export function createHandlers(options: HandlerOptions): HandlerFactory {
  const { publishers } = options
  const context: HandlerContext = {
    venue: options.venue,
    market: options.market,
    publishers: options.emitPartialCandles ? publishers : { ...publishers, partialCandles: null },
    cursor: new FrameCursor(),
    continuity: options.continuity ?? null,
  }
  return {
    handlerFor: (spec) => {
      if (spec.type !== 'DEPTH') return new HANDLER_CLASSES[spec.type](spec, context)
      return spec.depthLevels === null ? new DiffDepthHandler(spec, context) : new PartialDepthHandler(spec, context)
    },
  }
}
