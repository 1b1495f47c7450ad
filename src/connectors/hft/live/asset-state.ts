/** What a bot knows of one instrument: book, trades, orders, position, latencies. Shared by stub and native bots. */
import { EventFlag, EventKind } from '../native/types.js'
import { ReturnCode } from './codes.js'
import { botFailure } from './errors.js'
import type { BotEvent, FeedLatency } from './live-bot.js'
import type { LiveInstrument } from './live-instrument.js'
import { OrderTable } from './order-table.js'
import type { WritableDepth } from './tick-depth.js'

export class AssetState<D extends WritableDepth> {
  readonly instrument: LiveInstrument
  readonly depth: D
  readonly orders: OrderTable = new OrderTable()
  readonly trades: BotEvent[] = []
  feedLatency: FeedLatency | null = null
  position = 0
  /** Venue time of the latest word on the position. */
  positionTime = 0n

  constructor(instrument: LiveInstrument, depth: D) {
    this.instrument = instrument
    this.depth = depth
  }

  /**
   * Takes one market event in. The kind is compared as an enumeration (3 clears and is no trade), and what makes a
   * bid a bid is the buy bit alone: deletes that a connector makes up carry no other flag.
   */
  applyFeed(event: BotEvent): void {
    const isBuy = (event.ev & EventFlag.BUY) !== 0
    const isSell = (event.ev & EventFlag.SELL) !== 0
    switch (event.ev & 0xff) {
      case EventKind.TRADE:
        if (this.instrument.lastTradesCapacity > 0 && isBuy !== isSell) this.trades.push(event)
        break
      case EventKind.DEPTH:
      case EventKind.DEPTH_SNAPSHOT:
      case EventKind.BBO:
        if (isBuy !== isSell) this.depth.set(isBuy, Math.round(event.px / this.instrument.tickSize), event.qty)
        break
      case EventKind.DEPTH_CLEAR:
        if (isBuy || !isSell) this.depth.clear(true)
        if (isSell || !isBuy) this.depth.clear(false)
        break
      default:
        return
    }
    // Levels of a snapshot have no receive time.
    if (event.localTs > 0n) this.feedLatency = { exch: event.exchTs, local: event.localTs }
  }

  clearDepth(): void {
    this.depth.clear(true)
    this.depth.clear(false)
  }
}

/** The asset, or an error that names the call. */
export function assetAt<D extends WritableDepth>(
  assets: readonly AssetState<D>[],
  assetNo: number,
  call: string,
): AssetState<D> {
  const asset = assets[assetNo]
  if (asset === undefined) throw botFailure(`${call}(${assetNo})`, ReturnCode.INSTRUMENT_NOT_FOUND)
  return asset
}

/** One, or all without a number. */
export function assetsOf<D extends WritableDepth>(
  assets: readonly AssetState<D>[],
  assetNo: number | undefined,
  call: string,
): readonly AssetState<D>[] {
  return assetNo === undefined ? assets : [assetAt(assets, assetNo, call)]
}
