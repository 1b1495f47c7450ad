/**
 * The way from an accepted event to its consumers: a bounded queue, then the bus, then the hooks, in order and one at
 * a time. Where events come from, and what is wrong with those that are refused, is the stream's.
 *
 * The queue fills only while a hook's promise is pending; synchronous hooks get every event in the turn it came.
 */
import { BookSnapshot } from '../../market/book-snapshot.js'
import { PackedPriceLevels } from '../../market/price-levels.js'
import { LogEventName } from '../../types/log-event.js'
import { BookState } from '../../types/order-book.js'
import { EventQueue, type QueueOverflow } from './event-queue.js'
import type { DepthUpdate, TradeTick } from './parse.js'
import type { SourceCore } from './source-core.js'
import type { TradeHook } from './stream-options.js'
import type { StreamSymbols, SymbolState } from './stream-symbols.js'

export type Parcel =
  | { readonly kind: 'trade'; readonly value: TradeTick; readonly receiveTimeMs: number }
  | { readonly kind: 'depth'; readonly value: DepthUpdate; readonly receiveTimeMs: number }

export interface StreamDeliveryOptions {
  readonly core: SourceCore
  readonly symbols: StreamSymbols
  readonly maxQueue: number
  readonly overflow: QueueOverflow
  /** In the order they are asked. */
  readonly hooks: readonly TradeHook[]
}

export class StreamDelivery {
  readonly #core: SourceCore
  readonly #symbols: StreamSymbols
  readonly #queue: EventQueue<Parcel>
  readonly #hooks: readonly TradeHook[]
  #isDispatching = false
  #onRoom: (() => void) | null = null
  #overloadLoggedAtMs = Number.NEGATIVE_INFINITY

  constructor({ core, symbols, maxQueue, overflow, hooks }: StreamDeliveryOptions) {
    this.#core = core
    this.#symbols = symbols
    this.#queue = new EventQueue(maxQueue, overflow)
    this.#hooks = hooks
  }

  /** Events that wait. */
  get waiting(): number {
    return this.#queue.length
  }

  get droppedCount(): number {
    return this.#queue.droppedCount
  }

  push(parcel: Parcel): void {
    const dropped = this.#queue.push(parcel)
    if (dropped !== undefined) this.#onDropped(dropped)
  }

  /** Hands on what waits; does nothing while a hook's promise is pending, which goes on by itself. */
  flush(): void {
    if (!this.#isDispatching) this.#dispatch()
  }

  /** `null` when there is room for one more; else resolves when there is, or after `release`. */
  room(): Promise<void> | null {
    if (this.#queue.overflow !== 'block' || !this.#queue.isFull) return null
    return new Promise((resolve) => {
      this.#onRoom = () => {
        this.#onRoom = null
        resolve()
      }
    })
  }

  /** Lets go of whoever waits for room. */
  release(): void {
    this.#onRoom?.()
  }

  clear(): void {
    this.#queue.clear()
  }

  #onDropped({ kind, value }: Parcel): void {
    const { clock } = this.#core.runtime
    this.#symbols.onDropped(value.symbol, kind, value.timestampMs)
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#overloadLoggedAtMs < 1_000) return
    this.#overloadLoggedAtMs = nowMs
    const { droppedCount, capacity, overflow } = this.#queue
    this.#core.audit.write(
      LogEventName.BUS_OVERLOAD,
      'WARNING',
      `${this.#core.name}: ${droppedCount} events dropped so far, ${capacity} wait for their consumers`,
      { droppedCount, capacity, overflow },
    )
  }

  #dispatch(): void {
    this.#isDispatching = true
    for (let parcel = this.#queue.shift(); parcel !== undefined; parcel = this.#queue.shift()) {
      const pending = this.#deliver(parcel)
      this.#onRoom?.()
      if (pending === null) continue
      void pending.then(() => this.#dispatch())
      return
    }
    this.#isDispatching = false
    this.#symbols.onQueueEmpty()
  }

  /** `null` when everybody was synchronous; else resolves, never rejects, when the last hook is done. */
  #deliver(parcel: Parcel): Promise<void> | null {
    const symbol = this.#symbols.of(parcel.value.symbol)
    if (symbol === undefined) return null
    if (parcel.kind === 'depth') {
      this.#publishBook(symbol, parcel.value, parcel.receiveTimeMs)
      return null
    }
    const { value: tick, receiveTimeMs } = parcel
    this.#publishTrade(tick, receiveTimeMs)
    const pending = this.#hooks.flatMap((hook) => {
      try {
        const result = hook.ingestTrade(tick)
        return result instanceof Promise ? [result.catch((error: unknown) => this.#onHookError(error, tick))] : []
      } catch (error) {
        this.#onHookError(error, tick)
        return []
      }
    })
    return pending.length === 0 ? null : Promise.all(pending).then(() => {})
  }

  #onHookError(error: unknown, tick: TradeTick): void {
    this.#core.countError()
    this.#core.audit.write(LogEventName.HANDLER_ERROR, 'ERROR', `a hook failed on trade ${tick.id}: ${String(error)}`, {
      code: 'HANDLER_FAILED',
      error: String(error),
    })
  }

  #publishTrade(tick: TradeTick, receiveTimeMs: number): void {
    const { id, price, qty, isBuyerMaker, timestampMs } = tick
    this.#core.trades.publish({
      venue: this.#core.venue,
      symbol: tick.symbol,
      kind: 'single',
      id,
      firstTradeId: id,
      lastTradeId: id,
      price,
      qty,
      takerSide: tick.side === 'buy' ? 'BUY' : 'SELL',
      isBuyerMaker,
      tradeTimeMs: timestampMs,
      venueTimeMs: timestampMs,
      receiveTimeMs,
    })
  }

  #publishBook(symbol: SymbolState, update: DepthUpdate, receiveTimeMs: number): void {
    const { venue } = this.#core
    const { bids, asks, lastUpdateId: sequence, timestampMs: venueTimeMs } = update
    const numbers = [...bids.flat(), ...asks.flat()]
    const picture = new BookSnapshot(
      venue,
      update.symbol,
      new PackedPriceLevels(numbers, 0, bids.length),
      new PackedPriceLevels(numbers, 2 * bids.length, asks.length),
      sequence,
      BookState.LIVE,
      venueTimeMs,
      receiveTimeMs,
    )
    this.#symbols.onBook(symbol, picture)
    this.#core.books.publish(picture)
    const [bid] = bids
    const [ask] = asks
    if (bid === undefined || ask === undefined || !symbol.isNewTop(bid, ask)) return
    this.#core.bbo.publish({
      venue,
      symbol: update.symbol,
      bid: bid[0],
      bidQty: bid[1],
      ask: ask[0],
      askQty: ask[1],
      sequence,
      venueTimeMs,
      receiveTimeMs,
    })
  }
}
