/**
 * One socket from connect to its end: a connection generation.
 *
 *     CONNECTING --open--> SUBSCRIBING --all streams answered--> READY
 *          \__________________\__________________________________\--lost, aborted, retired, dropped--> ENDED
 *
 * Owns the socket, its heartbeat, its control messages and its deadlines. Leaves to its owner (the shard
 * supervisor) what an end means and whether there is another. Once ENDED it changes nothing and hands on
 * nothing, whatever the socket still says; `onGone` then tells when the socket has really disappeared.
 */
import type { Clock, TimerHandle } from '../../runtime/clock.js'
import type { Logger } from '../../runtime/logger.js'
import type { Transport, TransportClose, TransportSink, TransportSocket } from '../../runtime/transport.js'
import { ConnectionError, type SubscriptionError } from '../errors.js'
import { FrameKind, type FrameOrigin, type FrameSink } from '../frame.js'
import { type ControlPace, ControlPacer } from './control-pacer.js'
import { type ControlReply, parseControlReply } from './control-reply.js'
import { Heartbeat } from './heartbeat.js'
import type { ConnectionCounters } from './stats.js'
import { type LedgerOptions, SubscriptionLedger } from './subscription-ledger.js'

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
export interface GenerationContext {
  readonly clock: Clock
  readonly logger: Logger
  readonly transport: Transport
  readonly sink: FrameSink
  readonly pace: ControlPace
  readonly counters: ConnectionCounters
  readonly nextControlId: () => number
  readonly connectTimeoutMs: number
  readonly pingIntervalMs: number
  readonly pingTimeoutMs: number
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

export class Generation implements TransportSink {
  readonly origin: FrameOrigin
  readonly url: string
  readonly ledger: SubscriptionLedger
  readonly #attempt: number
  readonly #context: GenerationContext
  readonly #owner: GenerationOwner
  readonly #wanted: ReadonlySet<string>
  readonly #pacer: ControlPacer
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
    this.url = options.url
    this.#attempt = options.attempt
    this.#owner = owner
    this.#context = context
    this.#wanted = wanted
    this.#pacer = new ControlPacer(context.clock, context.pace, () => this.#sendControl())
    this.#heartbeat = new Heartbeat(context.clock, context, {
      sendPing: () => this.#socket?.ping() ?? false,
      lifeCount: () => this.#lifeCount,
      onSilent: () => this.#onSilent(),
    })
    this.ledger = new SubscriptionLedger(
      context.clock,
      wanted,
      {
        wake: () => this.#wake(),
        nextId: context.nextControlId,
        onSubscribed: (names) => this.#onSubscribed(names),
        onUnsubscribed: (names) => owner.onUnsubscribed(this, names),
        onRefused: (error) => this.#onRefused(error),
        onAckTimeout: () => {
          context.counters.ackTimeouts++
        },
        onUnmatchedReply: (reply) => this.#onUnmatchedReply(reply),
      },
      options.ledger,
    )
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
    const { clock, transport, counters, connectTimeoutMs } = this.#context
    counters.countOpening()
    this.#deadline = clock.setTimer(() => {
      this.#deadline = null
      const message = `${this.url} did not open within ${connectTimeoutMs} ms`
      this.abort(this.#error('CONNECTION_TIMEOUT', message), message)
    }, connectTimeoutMs)
    const socket = transport.connect(this.url, this, { connectTimeoutMs })
    this.#socket = socket
    // The transport may have answered inside the call.
    if (this.phase === 'ENDED' && !this.#isGone) this.#terminate(socket)
  }

  /** The wanted streams changed, or something may be sent. */
  reconcile(): void {
    this.#wake()
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
    } else if (kind === FrameKind.CONTROL) this.#onControl(bytes, start, end)
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
      error: wasOpen ? this.#lossError(closed) : this.#connectError(closed),
      // 1008: the venue says that we broke a rule.
      isError: !wasOpen || closed.error !== undefined || closed.code === 1008,
      httpStatus: closed.httpStatus,
      retryAfterMs: closed.retryAfterMs,
    })
  }

  // --- subscriptions ---------------------------------------------------------------------------------

  #wake(): void {
    if (this.#phase === 'SUBSCRIBING' || this.#phase === 'READY') this.#pacer.wake()
  }

  #sendControl(): boolean {
    const message = this.ledger.nextMessage()
    if (message === null) return false
    this.#context.counters.controlMessagesSent++
    this.#socket?.send(message)
    return true
  }

  #onControl(bytes: Uint8Array, start: number, end: number): void {
    const reply = parseControlReply(bytes, start, end)
    if (reply !== null && this.#phase !== 'ENDED') this.ledger.onReply(reply)
  }

  #onSubscribed(names: readonly string[]): void {
    this.#owner.onSubscribed(this, names)
    this.#checkReady()
  }

  #onRefused(error: SubscriptionError): void {
    this.#context.counters.subscriptionsRefused += error.streams.length
    this.#owner.onRefused(this, error)
    this.#checkReady()
  }

  #onUnmatchedReply(reply: ControlReply): void {
    this.#context.counters.controlRepliesUnmatched++
    this.#context.logger.warn('reply to no pending control message', { ...this.origin, reply })
  }

  #checkReady(): void {
    if (this.#phase !== 'SUBSCRIBING' || !this.ledger.isComplete) return
    if (this.#wanted.size > 0 && this.ledger.subscribedNames().length === 0) {
      const message = `${this.url} refused every stream of the connection`
      this.abort(this.#error('CONNECTION_CLOSED', message), message)
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
    const message = `no sign of life from ${this.url} within ${this.#context.pingTimeoutMs} ms of a ping`
    this.abort(this.#error('CONNECTION_CLOSED', message), message)
  }

  // --- ending ----------------------------------------------------------------------------------------

  /** Stops everything but the socket; says whether it had been open. */
  #end(): boolean {
    const wasOpen = this.#openedAtMs !== null
    this.#phase = 'ENDED'
    this.#clearDeadline()
    this.#heartbeat.stop()
    this.#pacer.stop()
    this.ledger.close()
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

  #lossError(closed: TransportClose): ConnectionError {
    const reason = closed.reason === '' ? (closed.error?.message ?? '') : closed.reason
    const message = `connection to ${this.url} closed with code ${closed.code}${reason === '' ? '' : `: ${reason}`}`
    return this.#error('CONNECTION_CLOSED', message, closed)
  }

  #connectError(closed: TransportClose): ConnectionError {
    const cause = closed.error
    if (closed.httpStatus !== undefined) {
      return this.#error(
        'CONNECTION_REFUSED',
        `${this.url} answered the upgrade with HTTP ${closed.httpStatus}`,
        closed,
      )
    }
    if (cause instanceof ConnectionError) return this.#error(cause.code as 'CONNECTION_TIMEOUT', cause.message, closed)
    const why =
      cause?.message || (cause as NodeJS.ErrnoException | undefined)?.code || `closed with code ${closed.code}`
    return this.#error('CONNECTION_FAILED', `cannot connect to ${this.url}: ${why}`, closed)
  }

  #error(
    code: ConstructorParameters<typeof ConnectionError>[0],
    message: string,
    closed?: TransportClose,
  ): ConnectionError {
    const httpStatus = closed?.httpStatus
    return new ConnectionError(code, message, {
      url: this.url,
      reconnectAttempt: this.#attempt,
      httpStatus,
      cause: closed?.error,
      isTerminal: httpStatus === 403 || httpStatus === 451,
    })
  }
}
