/**
 * A transport whose other end is the test: sockets open, answer, stay silent and die as told, on an injected
 * clock, without a network.
 *
 * By default a socket behaves like a healthy venue: it opens, acknowledges control messages, answers pings and
 * the closing handshake, each after `latencyMs`. A test changes `behaviour` (for sockets to come) or one
 * socket's own copy of it.
 */
import type { Clock } from '../../src/runtime/clock.js'
import type {
  Transport,
  TransportClose,
  TransportOptions,
  TransportSink,
  TransportSocket,
} from '../../src/runtime/transport.js'

export interface SocketBehaviour {
  /** `refuse`: closes before opening, with `refusal`. `hang`: says nothing. */
  connect: 'open' | 'refuse' | 'hang'
  refusal: TransportClose
  acknowledges: boolean
  pongs: boolean
  /** `false`: the socket cannot ping, as a mocked one. */
  canPing: boolean
  answersClose: boolean
  latencyMs: number
  /** Extra wait before an acknowledgement. */
  ackDelayMs: number
}

export interface ControlMessage {
  readonly method: string
  readonly params: readonly string[]
  readonly id: number
}

const HEALTHY: SocketBehaviour = {
  connect: 'open',
  refusal: { code: 1006, reason: '', error: new Error('connect ECONNREFUSED') },
  acknowledges: true,
  pongs: true,
  canPing: true,
  answersClose: true,
  latencyMs: 5,
  ackDelayMs: 0,
}

export class ScriptedTransport implements Transport {
  readonly behaviour: SocketBehaviour
  /** Every socket ever asked for, in order. */
  readonly sockets: ScriptedSocket[] = []
  /** Called for each new socket, before anything happens on it. */
  onConnect: ((socket: ScriptedSocket) => void) | null = null
  readonly #clock: Clock

  constructor(clock: Clock, behaviour: Partial<SocketBehaviour> = {}) {
    this.#clock = clock
    this.behaviour = { ...HEALTHY, ...behaviour }
  }

  connect(url: string, sink: TransportSink, options: TransportOptions): ScriptedSocket {
    const socket = new ScriptedSocket(this.#clock, url, sink, options, this.behaviour, this.sockets.length)
    this.sockets.push(socket)
    this.onConnect?.(socket)
    socket.begin()
    return socket
  }

  /** Sockets whose `onClose` has not been called. */
  get live(): ScriptedSocket[] {
    return this.sockets.filter((socket) => socket.state !== 'closed')
  }

  get open(): ScriptedSocket[] {
    return this.sockets.filter((socket) => socket.state === 'open')
  }

  /** The newest socket. */
  get last(): ScriptedSocket {
    const socket = this.sockets.at(-1)
    if (socket === undefined) throw new Error('nobody has connected')
    return socket
  }

  /** A data frame on every open socket that is subscribed to the stream, as a venue would send it. */
  publish(stream: string, data: unknown): number {
    const receivers = this.open.filter((socket) => socket.subscribed.has(stream))
    for (const socket of receivers) socket.data(stream, data)
    return receivers.length
  }
}

export class ScriptedSocket implements TransportSocket {
  readonly url: string
  readonly options: TransportOptions
  readonly index: number
  readonly connectedAtMs: number
  readonly behaviour: SocketBehaviour
  state: 'connecting' | 'open' | 'closing' | 'closed' = 'connecting'
  /** Everything sent to the venue, with the monotonic time. */
  readonly sent: { readonly atMs: number; readonly message: ControlMessage }[] = []
  /** What the venue believes this socket is subscribed to. */
  readonly subscribed: Set<string> = new Set()
  pingCount = 0
  /** How our side ended it. */
  closedWith: { readonly code: number; readonly reason: string } | null = null
  isTerminated = false
  /** Half-open: see `stall`. */
  isStalled = false
  /** Frames delivered to the client. */
  frameCount = 0
  /** Answers a control message instead of the default; return nothing for silence. */
  onControl: ((message: ControlMessage, socket: ScriptedSocket) => void) | null = null
  /** The client's end; a connection generation in production code. */
  readonly sink: TransportSink
  readonly #clock: Clock

  constructor(
    clock: Clock,
    url: string,
    sink: TransportSink,
    options: TransportOptions,
    behaviour: SocketBehaviour,
    index: number,
  ) {
    this.#clock = clock
    this.sink = sink
    this.url = url
    this.options = options
    this.behaviour = { ...behaviour }
    this.index = index
    this.connectedAtMs = clock.monotonicMs()
  }

  begin(): void {
    const { connect, refusal } = this.behaviour
    if (connect === 'open') this.#later(() => this.open())
    else if (connect === 'refuse') this.#later(() => this.close_(refusal))
  }

  // --- the venue's side --------------------------------------------------------------------------------

  open(): void {
    if (this.state !== 'connecting') return
    this.state = 'open'
    this.sink.onOpen()
  }

  /** One frame, also while our side is closing, as the wire would. */
  frame(frame: unknown): void {
    if (this.state === 'connecting' || this.state === 'closed') return
    this.frameCount++
    const bytes = Buffer.from(typeof frame === 'string' ? frame : JSON.stringify(frame))
    this.sink.onFrame(bytes, 0, bytes.length, this.#clock.wallMs())
  }

  data(stream: string, data: unknown): void {
    this.frame({ stream, data })
  }

  acknowledge(id: number): void {
    this.frame({ result: null, id })
  }

  /** Ping from the venue; answering it is the transport's own business. */
  pingFromVenue(): void {
    if (this.state === 'open') this.sink.onPing()
  }

  /** Pong nobody asked for. */
  pong(): void {
    if (this.state !== 'closed' && this.state !== 'connecting') this.sink.onPong()
  }

  /** The venue ends it: close frame, or 1006 for a reset. */
  fail(code = 1006, reason = '', more: Partial<TransportClose> = {}): void {
    this.close_({ code, reason, ...more })
  }

  /** Goes half-open: the socket stays, nothing is answered any more. */
  stall(): void {
    this.isStalled = true
    Object.assign(this.behaviour, { acknowledges: false, pongs: false, answersClose: false })
  }

  // --- our side ----------------------------------------------------------------------------------------

  send(text: string): void {
    if (this.state !== 'open') return
    const message = JSON.parse(text) as ControlMessage
    this.sent.push({ atMs: this.#clock.monotonicMs(), message })
    if (this.onControl !== null) {
      this.onControl(message, this)
      return
    }
    if (this.behaviour.acknowledges) this.#later(() => this.apply(message), this.behaviour.ackDelayMs)
  }

  /** What a venue does with a control message: acknowledges it and (un)subscribes. */
  apply(message: ControlMessage): void {
    for (const name of message.params) {
      if (message.method === 'SUBSCRIBE') this.subscribed.add(name)
      else this.subscribed.delete(name)
    }
    this.acknowledge(message.id)
  }

  ping(): boolean {
    if (!this.behaviour.canPing) return false
    this.pingCount++
    if (this.state === 'open' && this.behaviour.pongs) this.#later(() => this.pong())
    return true
  }

  close(code = 1000, reason = ''): void {
    if (this.state === 'closed') return
    this.closedWith ??= { code, reason }
    const wasConnecting = this.state === 'connecting'
    this.state = 'closing'
    if (wasConnecting || this.behaviour.answersClose) this.#later(() => this.close_({ code, reason }))
  }

  terminate(): void {
    this.isTerminated = true
    if (this.state !== 'closed') this.#later(() => this.close_({ code: 1006, reason: '' }), -this.behaviour.latencyMs)
  }

  private close_(closed: TransportClose): void {
    if (this.state === 'closed') return
    this.state = 'closed'
    this.sink.onClose(closed)
  }

  #later(action: () => void, extraMs = 0): void {
    this.#clock.setTimer(action, this.behaviour.latencyMs + extraMs)
  }
}
