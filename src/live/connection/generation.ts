/**
 * One socket from connect to its end: a connection generation.
 *
 *     CONNECTING --open--> SUBSCRIBING --all streams answered--> READY
 *          \__________________\__________________________________\--lost, aborted, retired, dropped--> ENDED
 *
 * Owns the socket, its phase, its deadlines and the way of its frames to the sink. Leaves signs of life to
 * `Heartbeat`, subscriptions on the wire to `ControlChannel`, the wording of errors to `socket-errors.ts`, and to its
 * owner (the shard supervisor) what an end means and whether there is another. Once ENDED it changes nothing and hands
 * on nothing, whatever the socket still says; `onGone` then tells when the socket has really disappeared.
 */
import type { TimerHandle } from '../../runtime/clock.js'
import type { Transport, TransportClose, TransportSink, TransportSocket } from '../../runtime/transport.js'
import type { ConnectionError, SubscriptionError } from '../errors.js'
import { FrameKind, type FrameOrigin, type FrameSink } from '../frame.js'
import { ControlChannel, type ControlContext, type ControlPort } from './control-channel.js'
import { Heartbeat, type HeartbeatOptions } from './heartbeat.js'
import { connectError, lossError, type SocketPlace, socketError } from './socket-errors.js'
import type { LedgerOptions, SubscriptionLedger } from './subscription-ledger.js'

export type GenerationPhase = 'CONNECTING' | 'SUBSCRIBING' | 'READY' | 'ENDED'

/** Why a generation ended without its owner wanting it. */
export interface GenerationEnd {
  readonly code: number
  readonly reason: string
  /** The socket had been open. */
  readonly wasOpen: boolean
  readonly error: ConnectionError | SubscriptionError
  /** Worth reporting as an error: anything but a socket that simply closed. */
  readonly isError: boolean
  readonly httpStatus: number | undefined
  readonly retryAfterMs: number | undefined
}

export interface GenerationOwner {
  onOpened(generation: Generation): void
  /** Open, and every wanted stream acknowledged or refused one by one. Once. */
  onReady(generation: Generation): void
  onSubscribed(generation: Generation, names: readonly string[]): void
  onUnsubscribed(generation: Generation, names: readonly string[]): void
  onRefused(generation: Generation, error: SubscriptionError): void
  /** The venue announced that it will close this socket. */
  onShutdownAnnounced(generation: Generation): void
  /** Data has flowed for the healthy time. Once. */
  onHealthy(generation: Generation): void
  /** Ended by anything but the owner. Once, and never after `retire` or `drop`. */
  onEnded(generation: Generation, end: GenerationEnd): void
  /** The socket no longer exists. Once, always. */
  onGone(generation: Generation): void
}

/** Stands between the socket and the frame sink while two sockets overlap; hands on through `deliver`. */
export interface FrameGate {
  /** `bytes` may be read during the call only. */
  onFrame(from: Generation, bytes: Uint8Array, start: number, end: number, receiveTimeMs: number): void
}

/** What every generation of a manager shares. */
export interface GenerationContext extends ControlContext, HeartbeatOptions {
  readonly transport: Transport
  readonly sink: FrameSink
  readonly connectTimeoutMs: number
  readonly healthyAfterMs: number
  readonly closeTimeoutMs: number
}

export interface GenerationOptions {
  readonly origin: FrameOrigin
  readonly url: string
  /** Which reconnect attempt this is, for errors; 0 for a first connect or a refresh. */
  readonly attempt: number
  /** Names of the streams the shard wants; the shard changes it and calls `reconcile`. */
  readonly wanted: ReadonlySet<string>
  readonly owner: GenerationOwner
  readonly context: GenerationContext
  readonly ledger: LedgerOptions
}

/** A terminated socket reports its end within a turn; one that does not is given up after this long. */
const GONE_TIMEOUT_MS = 250

export class Generation implements TransportSink, ControlPort {
  readonly origin: FrameOrigin
  readonly #place: SocketPlace
  readonly #context: GenerationContext
  readonly #owner: GenerationOwner
  readonly #wanted: ReadonlySet<string>
  readonly #control: ControlChannel
  readonly #heartbeat: Heartbeat
  #socket: TransportSocket | null = null
  #phase: GenerationPhase = 'CONNECTING'
  #isGone = false
  #openedAtMs: number | null = null
  /** Connect deadline first, later the deadline of closing. */
  #deadline: TimerHandle | null = null
  #lifeCount = 0
  #lastReceiveTimeMs: number | null = null
  /** Receive time of the first data frame; NaN before it, and once health has been told. */
  #firstDataTimeMs = Number.NaN
  #isHealthy = false
  #isShutdownAnnounced = false
  /** Only during a hand-over. */
  gate: FrameGate | null = null

  constructor(options: GenerationOptions) {
    const { owner, context, wanted } = options
    this.origin = options.origin
    this.#place = { url: options.url, attempt: options.attempt }
    this.#owner = owner
    this.#context = context
    this.#wanted = wanted
    this.#control = new ControlChannel(options.origin, wanted, context, options.ledger, this)
    this.#heartbeat = new Heartbeat(context.clock, context, {
      sendPing: () => this.#socket?.ping() ?? false,
      lifeCount: () => this.#lifeCount,
      onSilent: () => this.#onSilent(),
    })
  }

  /** What this socket is subscribed to. */
  get ledger(): SubscriptionLedger {
    return this.#control.ledger
  }

  get phase(): GenerationPhase {
    return this.#phase
  }

  get rttMs(): number | null {
    return this.#heartbeat.rttMs
  }

  /** Monotonic; `null` before. */
  get openedAtMs(): number | null {
    return this.#openedAtMs
  }

  /** Wall clock of the last frame; `null` before the first. */
  get lastReceiveTimeMs(): number | null {
    return this.#lastReceiveTimeMs
  }

  /** The wall clock jumped: keeps the age of the last frame true. */
  shiftReceiveTime(byMs: number): void {
    if (this.#lastReceiveTimeMs !== null) this.#lastReceiveTimeMs += byMs
  }

  /** Data has flowed for the healthy time. */
  get isHealthy(): boolean {
    return this.#isHealthy
  }

  get isShutdownAnnounced(): boolean {
    return this.#isShutdownAnnounced
  }

  connect(): void {
    if (this.#phase !== 'CONNECTING') return
    const { url } = this.#place
    const { clock, transport, counters, connectTimeoutMs } = this.#context
    counters.countOpening()
    this.#deadline = clock.setTimer(() => {
      this.#deadline = null
      const message = `${url} did not open within ${connectTimeoutMs} ms`
      this.abort(socketError(this.#place, 'CONNECTION_TIMEOUT', message), message)
    }, connectTimeoutMs)
    const socket = transport.connect(url, this, { connectTimeoutMs })
    this.#socket = socket
    // The transport may have answered inside the call.
    if (this.phase === 'ENDED' && !this.#isGone) this.#terminate(socket)
  }

  /** The wanted streams changed, or something may be sent. */
  reconcile(): void {
    this.#control.wake()
    this.#checkReady()
  }

  /** Ends it for a reason found on our side: told to the owner like any other loss. */
  abort(error: ConnectionError | SubscriptionError, reason: string, isError = true): void {
    if (this.#phase === 'ENDED') return
    const wasOpen = this.#end()
    if (this.#socket !== null) this.#terminate(this.#socket)
    const unsaid = { httpStatus: undefined, retryAfterMs: undefined }
    this.#owner.onEnded(this, { code: 1006, reason, wasOpen, error, isError, ...unsaid })
  }

  /** The owner is done with it: closing handshake, bounded. */
  retire(): void {
    if (this.#phase === 'ENDED') return
    const wasOpen = this.#end()
    const socket = this.#socket
    if (socket === null || this.#isGone) return
    if (!wasOpen) {
      this.#terminate(socket)
      return
    }
    this.#deadline = this.#context.clock.setTimer(() => this.#terminate(socket), this.#context.closeTimeoutMs)
    socket.close(1000)
  }

  /** The owner is done with it: ended at once. */
  drop(): void {
    if (this.#phase === 'ENDED') return
    this.#end()
    if (this.#socket !== null) this.#terminate(this.#socket)
  }

  // --- TransportSink ---------------------------------------------------------------------------------

  onOpen(): void {
    if (this.#phase !== 'CONNECTING') return
    this.#clearDeadline()
    this.#context.counters.connectsOpened++
    this.#phase = 'SUBSCRIBING'
    this.#control.open()
    this.#openedAtMs = this.#context.clock.monotonicMs()
    this.#heartbeat.start()
    this.#owner.onOpened(this)
    this.reconcile()
  }

  onFrame(bytes: Uint8Array, start: number, end: number, receiveTimeMs: number): void {
    const counters = this.#context.counters
    counters.bytesReceived += end - start
    if (this.#phase === 'ENDED') {
      counters.framesLate++
      return
    }
    this.#lifeCount++
    this.#lastReceiveTimeMs = receiveTimeMs
    if (this.gate === null) this.deliver(bytes, start, end, receiveTimeMs)
    else this.gate.onFrame(this, bytes, start, end, receiveTimeMs)
  }

  /** Hands a frame of this socket to the sink; for the gate, which may have held it back. */
  deliver(bytes: Uint8Array, start: number, end: number, receiveTimeMs: number): void {
    const counters = this.#context.counters
    if (this.#phase === 'ENDED') {
      counters.framesLate++
      return
    }
    let kind: FrameKind
    try {
      kind = this.#context.sink.onFrame(bytes, start, end, receiveTimeMs, this.origin)
    } catch (error) {
      // A throw here would unwind into the socket and end the process.
      counters.framesFailed++
      this.#context.logger.error('frame sink threw', { connectionId: this.origin.connectionId, error: String(error) })
      return
    }
    if (kind === FrameKind.HELD) {
      if (!this.#isHealthy) this.#onDataBeforeHealthy(receiveTimeMs)
      return
    }
    counters.framesByKind[kind] = (counters.framesByKind[kind] ?? 0) + 1
    if (kind === FrameKind.DATA || kind === FrameKind.REDUNDANT) {
      if (!this.#isHealthy) this.#onDataBeforeHealthy(receiveTimeMs)
    } else if (kind === FrameKind.CONTROL) this.#control.onFrame(bytes, start, end)
    else if (kind === FrameKind.SERVER_SHUTDOWN) this.#onShutdown()
  }

  onPing(): void {
    this.#lifeCount++
  }

  onPong(): void {
    this.#lifeCount++
    if (this.#phase !== 'ENDED') this.#heartbeat.onPong()
  }

  onClose(closed: TransportClose): void {
    if (this.#isGone) return
    const wasEnded = this.#phase === 'ENDED'
    const wasOpen = wasEnded || this.#end()
    this.#gone(closed.code)
    if (wasEnded) return
    this.#owner.onEnded(this, {
      code: closed.code,
      reason: closed.reason,
      wasOpen,
      error: wasOpen ? lossError(this.#place, closed) : connectError(this.#place, closed),
      // 1008: the venue says that we broke a rule.
      isError: !wasOpen || closed.error !== undefined || closed.code === 1008,
      httpStatus: closed.httpStatus,
      retryAfterMs: closed.retryAfterMs,
    })
  }

  // --- ControlPort -----------------------------------------------------------------------------------

  send(message: string): void {
    this.#socket?.send(message)
  }

  onSubscribed(names: readonly string[]): void {
    this.#owner.onSubscribed(this, names)
    this.#checkReady()
  }

  onUnsubscribed(names: readonly string[]): void {
    this.#owner.onUnsubscribed(this, names)
  }

  onRefused(error: SubscriptionError): void {
    this.#owner.onRefused(this, error)
    this.#checkReady()
  }

  #checkReady(): void {
    const { ledger } = this.#control
    if (this.#phase !== 'SUBSCRIBING' || !ledger.isComplete) return
    if (this.#wanted.size > 0 && ledger.subscribedNames().length === 0) {
      const message = `${this.#place.url} refused every stream of the connection`
      this.abort(socketError(this.#place, 'CONNECTION_CLOSED', message), message)
      return
    }
    this.#phase = 'READY'
    this.#owner.onReady(this)
  }

  // --- signs of life ---------------------------------------------------------------------------------

  #onDataBeforeHealthy(receiveTimeMs: number): void {
    // Not yet set, or the wall clock went back: the span would be too short for as long as it went back.
    if (!(receiveTimeMs >= this.#firstDataTimeMs)) this.#firstDataTimeMs = receiveTimeMs
    else if (receiveTimeMs - this.#firstDataTimeMs >= this.#context.healthyAfterMs && this.#phase !== 'ENDED') {
      this.#isHealthy = true
      this.#owner.onHealthy(this)
    }
  }

  #onShutdown(): void {
    this.#isShutdownAnnounced = true
    if (this.#phase !== 'ENDED') this.#owner.onShutdownAnnounced(this)
  }

  #onSilent(): void {
    this.#context.counters.pingTimeouts++
    const message = `no sign of life from ${this.#place.url} within ${this.#context.pingTimeoutMs} ms of a ping`
    this.abort(socketError(this.#place, 'CONNECTION_CLOSED', message), message)
  }

  // --- ending ----------------------------------------------------------------------------------------

  /** Stops everything but the socket; says whether it had been open. */
  #end(): boolean {
    const wasOpen = this.#openedAtMs !== null
    this.#phase = 'ENDED'
    this.#clearDeadline()
    this.#heartbeat.stop()
    this.#control.close()
    return wasOpen
  }

  #terminate(socket: TransportSocket): void {
    this.#clearDeadline()
    this.#deadline = this.#context.clock.setTimer(() => this.#gone(1006), GONE_TIMEOUT_MS)
    socket.terminate()
  }

  #gone(code: number): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#clearDeadline()
    this.#context.counters.countClose(code)
    this.#owner.onGone(this)
  }

  #clearDeadline(): void {
    if (this.#deadline !== null) this.#context.clock.clearTimer(this.#deadline)
    this.#deadline = null
  }
}
