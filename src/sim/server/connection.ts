/**
 * One client's connection as the venue runs it: control messages, limits, pings, age, and what goes out. Knows no
 * sockets - it speaks through a `ServerWire` - and no market - frames come from the hub. Which streams it has is
 * ConnectionStreams', how control messages are answered ControlReplies', what faults keep back HeldFrames'.
 *
 *     OPEN --close frame sent or received--> CLOSING --socket gone--> CLOSED
 *     OPEN --reset, fin---------------------------------------------> CLOSED
 *
 * A held (half-open) connection stays OPEN: nothing is read, answered or sent until it is released.
 */
import type { Buffer } from 'node:buffer'
import type { Random, TimerHandle } from '../../runtime/index.js'
import type { MarketKind } from '../../types/venue.js'
import type { FaultConnection } from '../faults/fault-target.js'
import type { FrameOutcome, ViolationRule } from '../oracle/records.js'
import type { ConnectionContext, ConnectionRequest } from './connection-context.js'
import { ConnectionStreams } from './connection-streams.js'
import { type ControlRequest, parseControl } from './control-message.js'
import { ControlReplies } from './control-replies.js'
import { encode, type OutboundFrame } from './frame.js'
import { HeldFrames } from './held-frames.js'
import { type MarketLimits, TokenBucket } from './limits.js'
import { LinkShaper } from './link-shaper.js'
import type { FuturesRoute } from './request-path.js'
import { ServerPinger } from './server-pinger.js'
import type { FrameListener, StreamFeed } from './stream-hub.js'
import type { ServerWire } from './wire.js'

const TOO_MANY_SUBSCRIPTIONS = { code: 4, msg: 'Too many subscriptions', id: null }

export class VenueConnection implements FaultConnection, FrameListener {
  readonly index: number
  readonly market: MarketKind
  readonly route: FuturesRoute | null
  readonly address: string
  readonly #context: ConnectionContext
  readonly #limits: MarketLimits
  readonly #wire: ServerWire
  readonly #request: ConnectionRequest
  readonly #streams = new ConnectionStreams(this)
  readonly #bucket: TokenBucket
  readonly #held: HeldFrames
  readonly #shaper: LinkShaper
  readonly #replies: ControlReplies
  readonly #pinger: ServerPinger
  #lifetime: TimerHandle | null = null
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
    this.#context = context
    this.#limits = request.market === 'spot' ? context.limits.spot : context.limits.futures
    const { clock } = context
    this.#bucket = new TokenBucket(this.#limits.messagesPerSecond, this.#limits.messageBurst, clock.monotonicMs())
    this.#shaper = new LinkShaper(clock, (bytes) => wire.send(bytes))
    this.#held = new HeldFrames(clock, (feed, frame, fault) => {
      if (this.#state === 'open') this.#transmit(feed, frame, 'delayed', fault)
    })
    this.#replies = new ControlReplies(clock, random, context.options, (text) => this.sendBytes(encode(text)))
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
    this.#lifetime = clock.setTimer(() => this.#onLifetimeEnd(), this.#limits.lifetimeMs)
    this.#subscribe(streams)
  }

  // --- what the client does -------------------------------------------------------------------------------

  onText(text: string): void {
    if (this.#state !== 'open' || this.#isHeld || !this.#takeToken()) return
    this.#context.oracle.onControlMessage(this.index)
    const message = parseControl(text)
    if (message.ok) this.#handle(message.request)
    else this.#replies.refuse(message.refusal)
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
    const fault = this.#streams.mutedBy(feed.name)
    if (fault !== null) this.drop(feed, frame, fault)
    else this.deliver(feed, frame, 'delivered', null)
  }

  deliver(feed: StreamFeed, frame: OutboundFrame, outcome: FrameOutcome, fault: number | null): void {
    if (this.#state !== 'open' || this.#isHeld) {
      this.#context.oracle.onSent(this.index, feed, frame, 'dropped', fault)
      return
    }
    if (!this.#held.isEmpty) this.#held.flush(feed.name, true)
    this.#transmit(feed, frame, outcome, fault)
    if (!this.#held.isEmpty) this.#held.flush(feed.name, false)
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
    this.#held.hold(feed, frame, fault)
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
    return this.#streams.names()
  }

  listensTo(feed: StreamFeed): boolean {
    return this.#streams.listensTo(feed)
  }

  mute(stream: string, fault: number, healsOnResubscribe: boolean): void {
    this.#streams.mute(stream, fault, healsOnResubscribe)
  }

  unmute(stream: string): void {
    this.#streams.unmute(stream)
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
      this.#replies.refuseAs({ code: fault.code, msg: fault.msg, id: request.id }, fault.shape, fault.withId)
      return
    }
    switch (request.method) {
      case 'SUBSCRIBE':
        if (!this.#subscribe(request.streams)) return
        this.#replies.acknowledge(request.id, 'null', fault)
        return
      case 'UNSUBSCRIBE':
        for (const name of request.streams) this.#streams.remove(name)
        this.#replies.acknowledge(request.id, 'null', fault)
        return
      case 'LIST_SUBSCRIPTIONS':
        this.#replies.acknowledge(request.id, JSON.stringify(this.streamNames()), fault)
        return
      case 'SET_PROPERTY':
        this.#combined = request.combined
        this.#replies.acknowledge(request.id, 'null', fault)
        return
      case 'GET_PROPERTY':
        this.#replies.acknowledge(request.id, String(this.#combined), fault)
        return
    }
  }

  /** False when the venue refused and closed. */
  #subscribe(names: readonly string[]): boolean {
    const count = this.#streams.countWith(names)
    if (count > this.#limits.streamsPerConnectionMax) {
      this.#violate('streamsPerConnection', `${count} streams`)
      this.#replies.refuse(TOO_MANY_SUBSCRIPTIONS)
      this.#replies.flush()
      this.closeWith(1008, 'Invalid request')
      return false
    }
    const silent = this.#context.faults.onSubscribe(this, names)
    for (const name of names) this.#streams.add(name, silent.get(name), (fresh) => this.#feedOf(fresh))
    return true
  }

  /** The feed behind a name; `null` for what this connection never delivers. */
  #feedOf(name: string): StreamFeed | null {
    return this.#delivers(name) ? this.#context.hub.feed(this.market, name, this.#request.timeUnit) : null
  }

  /** Futures serve a stream on its own route only; a connection without route behaves like `/public`. */
  #delivers(name: string): boolean {
    if (this.market === 'spot' || this.#context.options.legacyRoutes) return true
    return (this.route ?? 'public') === this.#context.source.routeOf(name)
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
    if (this.#lifetime !== null) this.#context.clock.clearTimer(this.#lifetime)
    this.#lifetime = null
    this.#pinger.stop()
    this.#held.discard()
    this.#replies.discard()
    this.#streams.clear()
    this.#shaper.discard()
  }
}
