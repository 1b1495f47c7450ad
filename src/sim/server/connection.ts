/**
 * One client's connection as the venue runs it: subscriptions, control messages, limits, pings, age, and what
 * goes out. Knows no sockets - it speaks through a `ServerWire` - and no market - frames come from the hub.
 *
 *     OPEN --close frame sent or received--> CLOSING --socket gone--> CLOSED
 *     OPEN --reset, fin---------------------------------------------> CLOSED
 *
 * A held (half-open) connection stays OPEN: nothing is read, answered or sent until it is released.
 */
import type { Buffer } from 'node:buffer'
import type { Clock, Random, TimerHandle } from '../../runtime/index.js'
import type { MarketKind } from '../../types/venue.js'
import type { FaultEngine } from '../faults/fault-engine.js'
import type { ControlFault, FaultConnection } from '../faults/fault-target.js'
import type { MarketSource, TimeUnit } from '../market-source.js'
import type { SimOracle } from '../oracle/oracle.js'
import type { FrameOutcome, ViolationRule } from '../oracle/records.js'
import { type ControlRequest, type ErrorShape, errorReply, parseControl, successReply } from './control-message.js'
import { encode, type OutboundFrame } from './frame.js'
import { type MarketLimits, type SimLimits, TokenBucket } from './limits.js'
import { LinkShaper } from './link-shaper.js'
import { ReplyQueue } from './reply-queue.js'
import type { FuturesRoute } from './request-path.js'
import { ServerPinger } from './server-pinger.js'
import type { FrameListener, StreamFeed, StreamHub } from './stream-hub.js'
import type { ServerWire } from './wire.js'

export interface ConnectionOptions {
  /** `nested` is what the wire shows; `mixed` draws per error. */
  readonly errorShape: ErrorShape | 'mixed'
  /** Leave the id out of errors. */
  readonly errorWithoutId: boolean
  /** Deliver every stream on every route, as before the routes were introduced. */
  readonly legacyRoutes: boolean
  /** How often an acknowledgement comes after some data, and by how much at most. */
  readonly lateAckChance: number
  readonly lateAckMsMax: number
}

export interface ConnectionContext {
  readonly clock: Clock
  readonly source: MarketSource
  readonly hub: StreamHub
  readonly oracle: SimOracle
  readonly faults: FaultEngine
  readonly limits: SimLimits
  readonly options: ConnectionOptions
  /** Told once, when the connection has ended. */
  readonly onClosed: (connection: VenueConnection) => void
}

export interface ConnectionRequest {
  readonly index: number
  readonly market: MarketKind
  readonly route: FuturesRoute | null
  readonly combined: boolean
  readonly timeUnit: TimeUnit
  readonly address: string
  readonly target: string
}

interface Subscription {
  /** `null`: acknowledged, listed, silent. */
  readonly feed: StreamFeed | null
  /** Fault that silences it, and whether a new subscription heals it. */
  muted: { readonly fault: number; readonly healsOnResubscribe: boolean } | null
}

const TOO_MANY_SUBSCRIPTIONS = { code: 4, msg: 'Too many subscriptions', id: null }
/** A frame kept back for reordering goes out after this long at the latest. */
const HOLD_BACK_MS = 1000

export class VenueConnection implements FaultConnection, FrameListener {
  readonly index: number
  readonly market: MarketKind
  readonly route: FuturesRoute | null
  readonly address: string
  readonly #context: ConnectionContext
  readonly #limits: MarketLimits
  readonly #wire: ServerWire
  readonly #random: Random
  readonly #request: ConnectionRequest
  readonly #subscriptions = new Map<string, Subscription>()
  readonly #bucket: TokenBucket
  readonly #heldBack: { feed: StreamFeed; frame: OutboundFrame; fault: number; timer: TimerHandle }[] = []
  readonly #timers = new Set<TimerHandle>()
  readonly #shaper: LinkShaper
  readonly #replies: ReplyQueue
  readonly #pinger: ServerPinger
  #combined: boolean
  #state: 'open' | 'closing' | 'closed' = 'open'
  #isHeld = false
  #lastText = '{}'

  constructor(request: ConnectionRequest, wire: ServerWire, random: Random, context: ConnectionContext) {
    this.index = request.index
    this.market = request.market
    this.route = request.route
    this.address = request.address
    this.#request = request
    this.#combined = request.combined
    this.#wire = wire
    this.#random = random
    this.#context = context
    this.#limits = request.market === 'spot' ? context.limits.spot : context.limits.futures
    const { clock } = context
    this.#bucket = new TokenBucket(this.#limits.messagesPerSecond, this.#limits.messageBurst, clock.monotonicMs())
    this.#shaper = new LinkShaper(clock, (bytes) => wire.send(bytes))
    this.#replies = new ReplyQueue(clock, (text) => this.sendBytes(encode(text)))
    this.#pinger = new ServerPinger(clock, {
      intervalMs: this.#limits.pingIntervalMs,
      timeoutMs: this.#limits.pongTimeoutMs,
      payload: () => String(Math.floor(context.source.nowMs())),
      send: (payload) => this.ping(payload),
      onTimeout: () => this.#onPongTimeout(),
    })
  }

  /** Begins the life of an accepted connection with the streams its URL named. */
  open(streams: readonly string[]): void {
    const { clock, oracle } = this.#context
    oracle.onConnection({
      connection: this.index,
      event: 'opened',
      address: this.address,
      market: this.market,
      path: this.#request.target,
      code: null,
      reason: '',
    })
    this.#pinger.start()
    this.#timers.add(clock.setTimer(() => this.#onLifetimeEnd(), this.#limits.lifetimeMs))
    this.#subscribe(streams)
  }

  // --- what the client does -------------------------------------------------------------------------------

  onText(text: string): void {
    if (this.#state !== 'open' || this.#isHeld || !this.#takeToken()) return
    this.#context.oracle.onControlMessage(this.index)
    const message = parseControl(text)
    if (!message.ok) {
      this.#replies.send(errorReply(message.refusal, this.#drawShape(), this.#withId()))
      return
    }
    this.#handle(message.request)
  }

  /** Text frames only; a binary one is closed as unsupported data (our choice, the venue documents none). */
  onBinary(): void {
    if (this.#state !== 'open' || this.#isHeld) return
    this.#violate('protocol', 'binary frame')
    this.closeWith(1003, 'Unsupported data')
  }

  onPing(payload: Uint8Array): void {
    if (this.#state !== 'open' || this.#isHeld || !this.#takeToken()) return
    this.#wire.pong(payload)
  }

  /** An answer counts as life; an unsolicited pong is accepted and does not. */
  onPong(payload: string): void {
    if (this.#state !== 'open' || this.#isHeld || !this.#takeToken()) return
    this.#pinger.onPong(payload)
  }

  /** A frame broke the WebSocket protocol or a size limit; the socket side has closed it already. */
  onProtocolError(code: number, detail: string): void {
    this.#violate(code === 1009 ? 'frameSize' : 'protocol', detail)
  }

  /** The socket is gone. */
  onClosed(code: number, reason: string): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#release()
    this.#context.oracle.onConnection({
      connection: this.index,
      event: 'closed',
      address: this.address,
      market: this.market,
      path: this.#request.target,
      code,
      reason,
    })
    this.#context.onClosed(this)
  }

  // --- data -----------------------------------------------------------------------------------------------

  onStreamFrame(feed: StreamFeed, frame: OutboundFrame): void {
    if (this.#state !== 'open') return
    if (this.#context.faults.onFrame(this, feed, frame)) return
    const muted = this.#subscriptions.get(feed.name)?.muted
    if (muted !== null && muted !== undefined) this.drop(feed, frame, muted.fault)
    else this.deliver(feed, frame, 'delivered', null)
  }

  deliver(feed: StreamFeed, frame: OutboundFrame, outcome: FrameOutcome, fault: number | null): void {
    if (this.#state !== 'open' || this.#isHeld) {
      this.#context.oracle.onSent(this.index, feed, frame, 'dropped', fault)
      return
    }
    if (this.#heldBack.length > 0) this.#flushHeldBack(feed.name, true)
    this.#transmit(feed, frame, outcome, fault)
    if (this.#heldBack.length > 0) this.#flushHeldBack(feed.name, false)
  }

  deliverFragments(feed: StreamFeed, frame: OutboundFrame, pieces: number, pingBetween: boolean, fault: number): void {
    if (this.#state !== 'open' || this.#isHeld) {
      this.drop(feed, frame, fault)
      return
    }
    // A narrow link hands on whole frames; fragments that overtook them would turn a stream around.
    if (this.#shaper.isBusy) {
      this.deliver(feed, frame, 'delivered', fault)
      return
    }
    const bytes = this.#bytesOf(frame)
    const parts: Uint8Array[] = []
    for (let piece = 0; piece < pieces; piece++) {
      const from = Math.floor((bytes.length * piece) / pieces)
      parts.push(bytes.subarray(from, Math.floor((bytes.length * (piece + 1)) / pieces)))
    }
    this.#wire.sendFragments(parts, pingBetween)
    this.#lastText = frame.text
    this.#context.oracle.onSent(this.index, feed, frame, 'delivered', fault)
  }

  drop(feed: StreamFeed, frame: OutboundFrame, fault: number): void {
    this.#context.oracle.onSent(this.index, feed, frame, 'dropped', fault)
  }

  holdBack(feed: StreamFeed, frame: OutboundFrame, fault: number): void {
    const timer = this.#context.clock.setTimer(() => this.#flushHeldBack(feed.name, true), HOLD_BACK_MS)
    this.#heldBack.push({ feed, frame, fault, timer })
  }

  // --- what faults and the venue do to it -----------------------------------------------------------------

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  get lastText(): string {
    return this.#lastText
  }

  get queuedBytes(): number {
    return this.#wire.queuedBytes + this.#shaper.queuedBytes
  }

  streamNames(): readonly string[] {
    return [...this.#subscriptions.keys()]
  }

  listensTo(feed: StreamFeed): boolean {
    return this.#subscriptions.get(feed.name)?.feed === feed
  }

  mute(stream: string, fault: number, healsOnResubscribe: boolean): void {
    const subscription = this.#subscriptions.get(stream)
    if (subscription !== undefined) subscription.muted = { fault, healsOnResubscribe }
  }

  unmute(stream: string): void {
    const subscription = this.#subscriptions.get(stream)
    if (subscription !== undefined) subscription.muted = null
  }

  sendBytes(bytes: Uint8Array): void {
    if (this.#state === 'open' && !this.#isHeld) this.#shaper.send(bytes)
  }

  ping(payload: string): void {
    if (this.#state === 'open' && !this.#isHeld) this.#wire.ping(payload)
  }

  pong(payload: string): void {
    if (this.#state === 'open' && !this.#isHeld) this.#wire.pong(encode(payload))
  }

  /** Spot announces a restart on every connection; futures has no such event. */
  announceShutdown(): boolean {
    if (this.market !== 'spot' || this.#state !== 'open') return false
    const factor = this.#request.timeUnit === 'us' ? 1000 : 1
    const payload = `{"e":"serverShutdown","E":${Math.floor(this.#context.source.nowMs() * factor)}}`
    this.sendBytes(encode(this.#combined ? `{"stream":"!serverShutdown","data":${payload}}` : payload))
    return true
  }

  /** Nothing happens on a held connection: no close frame could pass. */
  closeWith(code: number, reason: string): void {
    if (this.#state !== 'open' || this.#isHeld) return
    this.#state = 'closing'
    this.#shaper.flush()
    this.#release()
    this.#wire.close(code, reason)
  }

  reset(): void {
    if (this.#state === 'closed') return
    this.#state = 'closing'
    this.#release()
    this.#wire.reset()
  }

  fin(): void {
    if (this.#state === 'closed') return
    this.#state = 'closing'
    this.#release()
    this.#wire.fin()
  }

  hold(): void {
    this.#isHeld = true
    this.#wire.hold()
  }

  release(): void {
    if (!this.#isHeld) return
    this.#isHeld = false
    this.#wire.release()
  }

  limitBandwidth(bytesPerSecond: number | null): void {
    this.#shaper.limit(bytesPerSecond)
  }

  // --- control messages -----------------------------------------------------------------------------------

  #handle(request: ControlRequest): void {
    const streams = 'streams' in request ? request.streams : []
    const fault = this.#context.faults.onControl(this, request.method, streams)
    if (fault?.kind === 'error') {
      const refusal = { code: fault.code, msg: fault.msg, id: request.id }
      this.#replies.send(errorReply(refusal, fault.shape, fault.withId))
      return
    }
    switch (request.method) {
      case 'SUBSCRIBE':
        if (!this.#subscribe(request.streams)) return
        this.#acknowledge(successReply(request.id, 'null'), fault)
        return
      case 'UNSUBSCRIBE':
        for (const name of request.streams) this.#unsubscribe(name)
        this.#acknowledge(successReply(request.id, 'null'), fault)
        return
      case 'LIST_SUBSCRIPTIONS':
        this.#acknowledge(successReply(request.id, JSON.stringify(this.streamNames())), fault)
        return
      case 'SET_PROPERTY':
        this.#combined = request.combined
        this.#acknowledge(successReply(request.id, 'null'), fault)
        return
      case 'GET_PROPERTY':
        this.#acknowledge(successReply(request.id, String(this.#combined)), fault)
        return
    }
  }

  /** False when the venue refused and closed. */
  #subscribe(names: readonly string[]): boolean {
    const fresh = names.filter((name) => !this.#subscriptions.has(name))
    if (this.#subscriptions.size + fresh.length > this.#limits.streamsPerConnectionMax) {
      this.#violate('streamsPerConnection', `${this.#subscriptions.size + fresh.length} streams`)
      this.#replies.send(errorReply(TOO_MANY_SUBSCRIPTIONS, this.#drawShape(), false))
      this.#replies.flush()
      this.closeWith(1008, 'Invalid request')
      return false
    }
    const silent = this.#context.faults.onSubscribe(this, names)
    for (const name of names) {
      const known = this.#subscriptions.get(name)
      const fault = silent.get(name)
      if (known !== undefined) {
        if (fault !== undefined) known.muted = { fault, healsOnResubscribe: true }
        else if (known.muted?.healsOnResubscribe === true) known.muted = null
        continue
      }
      const feed = this.#delivers(name) ? this.#context.hub.feed(this.market, name, this.#request.timeUnit) : null
      const muted = fault === undefined ? null : { fault, healsOnResubscribe: true }
      this.#subscriptions.set(name, { feed, muted })
      feed?.listeners.add(this)
    }
    return true
  }

  #unsubscribe(name: string): void {
    this.#subscriptions.get(name)?.feed?.listeners.delete(this)
    this.#subscriptions.delete(name)
  }

  /** Futures serve a stream on its own route only; a connection without route behaves like `/public`. */
  #delivers(name: string): boolean {
    if (this.market === 'spot' || this.#context.options.legacyRoutes) return true
    return (this.route ?? 'public') === this.#context.source.routeOf(name)
  }

  // --- replies --------------------------------------------------------------------------------------------

  #acknowledge(text: string, fault: ControlFault | null): void {
    if (fault?.kind === 'lost') return
    if (fault?.kind === 'late') {
      this.#replies.send(text, fault.delayMs)
      return
    }
    const { lateAckChance, lateAckMsMax } = this.#context.options
    const isLate = lateAckChance > 0 && this.#random.chance(lateAckChance)
    this.#replies.send(text, isLate ? this.#random.int(1, lateAckMsMax) : 0)
  }

  #drawShape(): ErrorShape {
    const { errorShape } = this.#context.options
    if (errorShape !== 'mixed') return errorShape
    return this.#random.chance(0.5) ? 'nested' : 'flat'
  }

  #withId(): boolean {
    return !this.#context.options.errorWithoutId
  }

  // --- sending --------------------------------------------------------------------------------------------

  #transmit(feed: StreamFeed, frame: OutboundFrame, outcome: FrameOutcome, fault: number | null): void {
    this.#shaper.send(this.#bytesOf(frame))
    this.#lastText = frame.text
    this.#context.oracle.onSent(this.index, feed, frame, outcome, fault)
    if (this.queuedBytes > this.#context.limits.sendQueueBytesMax) {
      this.#violate('slowConsumer', `${this.queuedBytes} bytes waiting`)
      this.reset()
    }
  }

  #bytesOf(frame: OutboundFrame): Buffer {
    return this.#combined ? frame.wrapped : frame.raw
  }

  /** Sends what was kept back: of the given stream (`isSame`), or of all others. */
  #flushHeldBack(stream: string, isSame: boolean): void {
    const due = this.#heldBack.filter(({ feed }) => (feed.name === stream) === isSame)
    if (due.length === 0) return
    for (const item of due) {
      this.#heldBack.splice(this.#heldBack.indexOf(item), 1)
      this.#context.clock.clearTimer(item.timer)
      if (this.#state === 'open') this.#transmit(item.feed, item.frame, 'delayed', item.fault)
    }
  }

  // --- limits and life ------------------------------------------------------------------------------------

  #takeToken(): boolean {
    if (this.#bucket.take(this.#context.clock.monotonicMs())) return true
    this.#violate('messageRate', `more than ${this.#limits.messagesPerSecond} per second`)
    this.closeWith(1008, 'Too many requests')
    return false
  }

  #onPongTimeout(): void {
    if (this.#isHeld) return
    this.#violate('pongTimeout', `no pong for ${this.#limits.pongTimeoutMs} ms`)
    this.closeWith(1008, 'Pong timeout')
  }

  #onLifetimeEnd(): void {
    if (this.#isHeld) return
    this.#violate('lifetime', `${this.#limits.lifetimeMs} ms old`)
    this.closeWith(1001, '')
  }

  #violate(rule: ViolationRule, detail: string): void {
    this.#context.oracle.onViolation(rule, this.address, this.index, detail)
  }

  #release(): void {
    const { clock } = this.#context
    for (const timer of this.#timers) clock.clearTimer(timer)
    this.#timers.clear()
    this.#pinger.stop()
    for (const { timer } of this.#heldBack.splice(0)) clock.clearTimer(timer)
    this.#replies.discard()
    for (const { feed } of this.#subscriptions.values()) feed?.listeners.delete(this)
    this.#subscriptions.clear()
    this.#shaper.discard()
  }
}
