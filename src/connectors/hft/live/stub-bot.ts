/**
 * A live bot without a connector: same interface as the native ones, a market of its own from a seed, orders that
 * fill when prices cross, and latencies. For tests, examples and a strategy's first hour.
 *
 * It lives in virtual time: a wait jumps to what it waits for, so a thousand feeds take a moment and every run with
 * one seed and one sequence of calls is the same. With `pace` its time follows a clock instead.
 * Owns time and delivery; prices are StubMarket's, matching is StubVenue's, and what all bots share is BotBase's.
 */
import { type Random, SeededRandom } from '../../../runtime/random.js'
import { AssetState, assetAt } from './asset-state.js'
import { BotBase } from './bot-base.js'
import { OrderStatus, OrderType, ReturnCode } from './codes.js'
import { LiveClientError } from './errors.js'
import { EventGate, type GateCheck } from './event-gate.js'
import type { OrderArguments } from './order-arguments.js'
import { OrderTable, TrackedOrder } from './order-table.js'
import { StubFaults } from './stub-faults.js'
import type { StubFeed, StubFeedSource } from './stub-market.js'
import { StubMarket } from './stub-market.js'
import { type StubConnectorBotOptions, type StubSettings, stubSettings } from './stub-options.js'
import { RecordingWriter, StubRecording } from './stub-recording.js'
import { StubTime } from './stub-time.js'
import { type StubReply, StubVenue } from './stub-venue.js'
import { TickDepth } from './tick-depth.js'

export class StubDepth extends TickDepth {}
export { OrderTable as StubOrderDict, TrackedOrder as StubOrder }

export interface StubStats {
  /** Feeds delivered. */
  readonly feeds: number
  readonly touches: number
  readonly touchFills: number
}

export class StubConnectorBot extends BotBase<StubDepth> {
  /** Trouble on demand, for tests of what a program does about it. */
  readonly faults: StubFaults
  readonly #settings: StubSettings
  readonly #source: StubFeedSource
  readonly #latencyRandom: Random
  readonly #venues: StubVenue[]
  readonly #time: StubTime
  readonly #gate: EventGate
  #recorder: RecordingWriter | null = null
  /** Feeds made by the market, and those that arrived here. */
  #madeFeeds = 0
  #feeds = 0
  #marketHasEnded = false

  constructor(options: StubConnectorBotOptions = {}, source?: StubFeedSource) {
    const settings = stubSettings(options)
    const { instruments, seed, fillProb } = settings
    super(instruments.map((each) => new AssetState(each, new StubDepth(each))))
    this.#settings = settings
    const random = new SeededRandom(seed, 'hft-stub')
    this.#source = source ?? new StubMarket(instruments, settings, random)
    this.#latencyRandom = random.split('latency')
    this.#venues = instruments.map((each, index) => new StubVenue(each, fillProb, random.split(`venue-${index}`)))
    this.#time = new StubTime(this.#settings.startTimestamp, this.#settings.pace)
    this.#gate = new EventGate(this.#time.clock)
    this.faults = new StubFaults(() => this.#gate.wake())
    this.#scheduleFeed()
  }

  /** A bot whose market is a recording made by {@link record}. Ends with it, or at `maxFeeds` when that is given. */
  static fromRecording(path: string, options: StubConnectorBotOptions = {}): StubConnectorBot {
    const recording = new StubRecording(stubSettings(options).files, path)
    const maxFeeds = options.maxFeeds ?? recording.feedCount
    return new StubConnectorBot({ ...options, maxFeeds, instruments: recording.instruments }, recording)
  }

  /** Writes every feed made from now on to a file; until `close`. Replaces the file. */
  record(path: string): void {
    this.#recorder?.close()
    this.#recorder = new RecordingWriter(this.#settings.files, path, this.#settings.instruments)
  }

  override get currentTimestamp(): bigint {
    return this.#time.nowNs
  }

  override position(assetNo: number): number {
    const asset = assetAt(this.assets, assetNo, 'position')
    if (this.faults.isPositionUnknown) {
      throw new LiveClientError('LIVE_POSITION_UNKNOWN', `the position of ${asset.instrument.symbol} is not known`)
    }
    return asset.position
  }

  override async cancel(assetNo: number, orderId: bigint, wait: boolean): Promise<ReturnCode> {
    const order = this.cancellableAt(assetNo, orderId)
    if (typeof order === 'number') return order
    const asset = this.assets[assetNo]!
    order.req = OrderStatus.CANCELED
    order.localTimestamp = this.#time.nowNs
    const venue = this.#venues[assetNo]!
    this.#request(asset, order, (exchTs) => {
      const reply = venue.cancel(orderId, exchTs)
      // Too late: the end of the order is on its way here already.
      return reply === null ? [lateCancel(order, exchTs)] : [reply]
    })
    return wait ? this.#replyTo(assetNo, orderId) : ReturnCode.OK
  }

  override waitOrderResponse(
    assetNo: number,
    orderId: bigint,
    timeoutNs: bigint,
    signal?: AbortSignal,
  ): Promise<ReturnCode> {
    const order = this.orderAt(assetNo, orderId)
    if (typeof order === 'number') return Promise.resolve(order)
    const replies = order.replyCount
    const check: GateCheck = () => {
      if (this.isClosed || this.faults.isPeerLost) return ReturnCode.INTERRUPTED
      if (order.replyCount > replies || order.req === OrderStatus.NONE) return ReturnCode.ORDER_RESPONSE
      return null
    }
    return this.#wait(check, timeoutNs, signal)
  }

  override waitNextFeed(includeOrderResp: boolean, timeoutNs: bigint, signal?: AbortSignal): Promise<ReturnCode> {
    const check: GateCheck = () => {
      if (this.isClosed) return ReturnCode.INTERRUPTED
      const fault = this.faults.takeCode()
      if (fault !== null) return fault
      const next = this.#gate.takeNext(includeOrderResp)
      if (next !== null) return next
      return this.#marketHasEnded && this.#time.queue.size === 0 ? ReturnCode.END_OF_DATA : null
    }
    return this.#wait(check, timeoutNs, signal)
  }

  override async elapse(durationNs: bigint, signal?: AbortSignal): Promise<ReturnCode> {
    const code = await this.#wait(() => (this.isClosed ? ReturnCode.INTERRUPTED : null), durationNs, signal)
    const hasEnded = this.#marketHasEnded && this.#time.queue.size === 0
    return code === ReturnCode.OK && hasEnded ? ReturnCode.END_OF_DATA : code
  }

  override async close(): Promise<ReturnCode> {
    if (this.isClosed) return ReturnCode.OK
    this.isClosed = true
    this.#recorder?.close()
    this.#time.close()
    this.#gate.wake()
    return this.faults.closeCode
  }

  /** What the stub did so far; not part of the bot interface. */
  stats(): StubStats {
    const sum = (of: (venue: StubVenue) => number): number => this.#venues.reduce((total, each) => total + of(each), 0)
    return {
      feeds: this.#feeds,
      touches: sum((venue) => venue.stats.touches),
      touchFills: sum((venue) => venue.stats.touchFills),
    }
  }

  protected override async submit(asked: OrderArguments): Promise<ReturnCode> {
    const asset = this.assetFor(asked)
    if (typeof asset === 'number') return asset
    const { side, assetNo, orderId, price, qty, timeInForce, orderType, wait } = asked
    const { tickSize } = asset.instrument
    const priceTick = orderType === OrderType.MARKET ? 0 : Math.round(price / tickSize)
    const localTimestamp = this.#time.nowNs
    const init = { orderId, side, priceTick, tickSize, qty, orderType, timeInForce, localTimestamp }
    const order = new TrackedOrder(init)
    asset.orders.add(order)
    const venue = this.#venues[assetNo]!
    this.#request(asset, order, (exchTs) => venue.submit(init, exchTs))
    return wait ? this.#replyTo(assetNo, orderId) : ReturnCode.OK
  }

  /** A request reaches the venue after half the round trip; what it answers takes the other half. */
  #request(asset: AssetState<StubDepth>, order: TrackedOrder, act: (exchTs: bigint) => StubReply[]): void {
    if (this.faults.isPeerLost) return
    const roundTripNs = this.#latency(this.#settings.orderLatencyNs)
    const thereNs = roundTripNs / 2n
    const requestNs = order.localTimestamp
    this.#time.add(requestNs + thereNs, () => {
      const exchTs = this.#time.queue.nowNs
      for (const reply of act(exchTs)) this.#deliverReply(asset, reply, requestNs, requestNs + roundTripNs)
    })
  }

  #deliverReply(asset: AssetState<StubDepth>, reply: StubReply, requestNs: bigint | null, atNs: bigint): void {
    this.#time.add(atNs, () => {
      const order = asset.orders.get(reply.orderId)
      if (order === null) return
      const filledBefore = order.filledQty
      if (!order.apply(reply.reply)) return
      asset.position += order.side * (order.filledQty - filledBefore)
      const exch = reply.reply.exchTimestamp
      if (requestNs !== null) asset.orders.latency = { req: requestNs, exch, resp: this.#time.queue.nowNs }
      this.#gate.countReply()
    })
  }

  #scheduleFeed(): void {
    if (this.#madeFeeds >= this.#settings.maxFeeds) {
      this.#marketHasEnded = true
      return
    }
    this.#time.add(this.#time.queue.nowNs + this.#settings.feedIntervalNs, () => this.#makeFeed())
  }

  #makeFeed(): void {
    if (!this.faults.isSilent && !this.faults.isPeerLost) {
      const feed = this.#source.next(this.#madeFeeds)
      if (feed === null) {
        this.#marketHasEnded = true
        return
      }
      this.#madeFeeds++
      this.#recorder?.write(feed)
      this.#publish(feed)
    }
    this.#scheduleFeed()
  }

  /** At the venue now, here after the feed latency. */
  #publish(feed: StubFeed): void {
    const asset = assetAt(this.assets, feed.assetNo, 'feed')
    const venue = this.#venues[feed.assetNo]!
    const exchTs = this.#time.queue.nowNs
    const replies = feed.events.flatMap((event) => venue.onEvent(event, exchTs))
    replies.push(...venue.onBook(exchTs))
    const halfRoundTripNs = this.#settings.orderLatencyNs / 2n
    for (const reply of replies) this.#deliverReply(asset, reply, null, exchTs + halfRoundTripNs)
    const localTs = exchTs + this.#latency(this.#settings.feedLatencyNs)
    this.#time.add(localTs, () => {
      for (const [ev, px, qty] of feed.events) asset.applyFeed({ ev, exchTs, localTs, px, qty })
      this.#feeds++
      this.#gate.countFeed()
    })
  }

  #latency(meanNs: bigint): bigint {
    const { latencyJitter } = this.#settings
    if (latencyJitter === 0) return meanNs
    const factor = 1 + latencyJitter * (2 * this.#latencyRandom.next() - 1)
    return BigInt(Math.round(Number(meanNs) * factor))
  }

  #replyTo(assetNo: number, orderId: bigint): Promise<ReturnCode> {
    return this.awaitReply(assetNo, orderId, this.#settings.orderTimeoutNs)
  }

  #wait(check: GateCheck, timeoutNs: bigint, signal?: AbortSignal): Promise<ReturnCode> {
    return this.#time.wait(this.#gate, check, timeoutNs, signal)
  }
}

/** The venue's answer to a cancel of an order it does not have any more: no status at all. */
function lateCancel(order: TrackedOrder, exchTimestamp: bigint): StubReply {
  const { orderId, leavesQty, maker } = order
  return {
    orderId,
    reply: { leavesQty, execQty: 0, execPriceTick: 0, exchTimestamp, status: OrderStatus.NONE, maker },
  }
}
