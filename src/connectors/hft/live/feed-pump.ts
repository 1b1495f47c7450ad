/**
 * The loop that asks a bot for feeds and turns them into events: trades, book updates on a change of the top,
 * snapshots. It knows no queues and no orders; it tells what it found.
 */
import { type Clock, delay } from '../../../runtime/clock.js'
import { nextTurn } from '../../../runtime/immediate.js'
import { EventFlag, EventKind } from '../native/types.js'
import { isFailure, ReturnCode, Side } from './codes.js'
import { botFailure, callbackFailure, type LiveClientError } from './errors.js'
import type { ExplainsFailure, LiveBot } from './live-bot.js'
import type { BookUpdate, DepthSnapshot, Trade } from './models.js'

export interface FeedSink {
  onTrade(trade: Trade): void
  onBookUpdate(update: BookUpdate): void
  onSnapshot(snapshot: DepthSnapshot): void
  /** After the events of a feed. */
  onFeed(): void
  onOrderReplies(): void
  /** A whole feed timeout without a feed, by the bot's time. */
  onSilence(): void
  onEndOfData(): void
  onPeerLost(): void
  onError(error: LiveClientError): void
}

export interface FeedPumpOptions {
  readonly clock: Clock
  readonly feedTimeoutNs: bigint
  readonly snapshotIntervalNs: bigint
  readonly snapshotLevels: number
}

/** Feeds taken before timers and sockets get their turn. */
const FEEDS_PER_TURN = 64
/** After a failure of the bot, so that a lasting one does not spin. */
const FAILURE_PAUSE_MS = 100

interface Top {
  bidPrice: number
  bidQty: number
  askPrice: number
  askQty: number
  /** Bot time of the latest snapshot. */
  snapshotTime: bigint | null
}

export class FeedPump {
  readonly #bot: LiveBot
  readonly #sink: FeedSink
  readonly #options: FeedPumpOptions
  readonly #tops: Top[]

  constructor(bot: LiveBot, sink: FeedSink, options: FeedPumpOptions) {
    this.#bot = bot
    this.#sink = sink
    this.#options = options
    this.#tops = Array.from({ length: bot.numAssets }, () => ({
      bidPrice: Number.NaN,
      bidQty: 0,
      askPrice: Number.NaN,
      askQty: 0,
      snapshotTime: null,
    }))
  }

  /** Resolves when `signal` aborts or the data ends. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, feedTimeoutNs } = this.#options
    for (let count = 1; !signal.aborted; count++) {
      const code = await this.#next(feedTimeoutNs, signal)
      if (signal.aborted) return
      if (code === ReturnCode.END_OF_DATA) {
        this.#sink.onEndOfData()
        return
      }
      if (code !== null && !isFailure(code)) this.#handle(code)
      const pauseMs = code === null || isFailure(code) ? FAILURE_PAUSE_MS : code === ReturnCode.OK ? 1 : 0
      if (pauseMs > 0) await delay(clock, pauseMs, signal).catch(() => {})
      else if (count % FEEDS_PER_TURN === 0) await nextTurn(clock)
    }
  }

  /** The code, failures reported; `null` when the bot threw. */
  async #next(timeoutNs: bigint, signal: AbortSignal): Promise<ReturnCode | null> {
    try {
      const code = await this.#bot.waitNextFeed(true, timeoutNs, signal)
      if (isFailure(code) && !signal.aborted) {
        if (code === ReturnCode.INTERRUPTED) this.#sink.onPeerLost()
        this.#sink.onError(botFailure('waitNextFeed', code, explanation(this.#bot)))
      }
      return code
    } catch (error) {
      if (!signal.aborted) this.#sink.onError(callbackFailure('waitNextFeed', error))
      return null
    }
  }

  #handle(code: ReturnCode): void {
    try {
      if (code === ReturnCode.MARKET_FEED) this.#collect()
      else if (code === ReturnCode.ORDER_RESPONSE) this.#sink.onOrderReplies()
      else this.#sink.onSilence()
    } catch (error) {
      this.#sink.onError(callbackFailure('reading the bot', error))
    }
  }

  #collect(): void {
    for (let assetNo = 0; assetNo < this.#bot.numAssets; assetNo++) {
      this.#collectTrades(assetNo)
      this.#collectDepth(assetNo)
    }
    this.#sink.onFeed()
  }

  #collectTrades(assetNo: number): void {
    const trades = this.#bot.lastTrades(assetNo)
    if (trades.length === 0) return
    for (const { ev, exchTs, px, qty } of trades) {
      // Kinds are an enumeration: 3, a clear, has the bit of a trade and is none.
      if ((ev & 0xff) !== EventKind.TRADE) continue
      const side = (ev & EventFlag.BUY) !== 0 ? Side.BUY : Side.SELL
      this.#sink.onTrade({ timestamp: exchTs, price: px, qty, side, assetNo })
    }
    this.#bot.clearLastTrades(assetNo)
  }

  #collectDepth(assetNo: number): void {
    const depth = this.#bot.depth(assetNo)
    const top = this.#tops[assetNo]!
    const { bestBid: bidPrice, bestBidQty: bidQty, bestAsk: askPrice, bestAskQty: askQty } = depth
    const isSame =
      Object.is(bidPrice, top.bidPrice) &&
      bidQty === top.bidQty &&
      Object.is(askPrice, top.askPrice) &&
      askQty === top.askQty
    if (isSame) return
    Object.assign(top, { bidPrice, bidQty, askPrice, askQty })
    const timestamp = this.#bot.currentTimestamp
    this.#sink.onBookUpdate({ timestamp, bidPrice, bidQty, askPrice, askQty, assetNo })
    const sinceNs = top.snapshotTime === null ? null : timestamp - top.snapshotTime
    if (sinceNs !== null && sinceNs < this.#options.snapshotIntervalNs) return
    top.snapshotTime = timestamp
    this.#sink.onSnapshot({ timestamp, ...depth.snapshot(this.#options.snapshotLevels), assetNo })
  }
}

function explanation(bot: LiveBot & Partial<ExplainsFailure>): Error | undefined {
  return bot.takeError?.() ?? undefined
}
