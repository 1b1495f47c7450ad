/**
 * The production transport: `ws` inside `reconnecting-websocket`, used as a one-shot socket.
 *
 * One instance of the wrapper is one connection generation: it normalizes opening and enforces the connect
 * timeout, and with `maxRetries: 0` it never connects a second time. Attempts, back-off and hand-over
 * belong to the supervisor (see docs/adr/0005-reconnecting-websocket-as-a-one-shot-socket.md).
 *
 * Rules that shaped it: the wrapper creates its socket one timer turn after construction, and a close before
 * that yields no event at all; a constructor that throws there becomes an unhandled rejection and leaves its
 * connect timer running. Both are caught here, so `onClose` comes exactly once in every case.
 */
import type { Agent } from 'node:http'
import type { Clock } from '../../runtime/clock.js'
import { SystemClock } from '../../runtime/system-clock.js'
import type {
  Transport,
  TransportClose,
  TransportOptions,
  TransportSink,
  TransportSocket,
} from '../../runtime/transport.js'
import { ConnectionError } from '../errors.js'
import { ReconnectingWebSocket } from './interop.js'
import { createVenueSocket, type OneShotSocket, type SocketEvents, type SocketFactory } from './one-shot-socket.js'

export interface WsTransportOptions {
  readonly clock?: Clock
  /** Frames above this end the connection with 1009. Default 8 MiB; the largest known frame is below 1 MiB. */
  readonly payloadBytesMax?: number
  /** How long a closing handshake may take. Default 1 000 ms. */
  readonly closeTimeoutMs?: number
  /** Proxy support, as for `http.request`. */
  readonly agent?: Agent
  /** Opens the sockets; tests give `standardSockets(() => globalThis.WebSocket)`. */
  readonly createSocket?: SocketFactory
}

const OPEN = 1
const CLOSED = 3

export class WsTransport implements Transport {
  readonly #clock: Clock
  readonly #payloadBytesMax: number
  readonly #closeTimeoutMs: number
  readonly #agent: Agent | undefined
  readonly #createSocket: SocketFactory

  constructor(options: WsTransportOptions = {}) {
    this.#clock = options.clock ?? new SystemClock()
    this.#payloadBytesMax = options.payloadBytesMax ?? 8 * 1024 * 1024
    this.#closeTimeoutMs = options.closeTimeoutMs ?? 1_000
    this.#agent = options.agent
    this.#createSocket = options.createSocket ?? createVenueSocket
  }

  connect(url: string, sink: TransportSink, options: TransportOptions): TransportSocket {
    return new WsConnection(url, sink, options.connectTimeoutMs, (events) =>
      this.#createSocket(url, events, {
        clock: this.#clock,
        connectTimeoutMs: options.connectTimeoutMs,
        payloadBytesMax: this.#payloadBytesMax,
        closeTimeoutMs: this.#closeTimeoutMs,
        agent: this.#agent,
      }),
    )
  }
}

class WsConnection implements TransportSocket, SocketEvents {
  readonly #url: string
  readonly #sink: TransportSink
  readonly #connectTimeoutMs: number
  readonly #wrapper: ReconnectingWebSocket
  /** `null` until the wrapper's first timer turn. */
  #socket: OneShotSocket | null = null
  #isOpened = false
  #isTimedOut = false
  #isClosed = false

  constructor(
    url: string,
    sink: TransportSink,
    connectTimeoutMs: number,
    createSocket: (events: SocketEvents) => OneShotSocket,
  ) {
    this.#url = url
    this.#sink = sink
    this.#connectTimeoutMs = connectTimeoutMs
    this.#wrapper = new ReconnectingWebSocket(url, [], {
      WebSocket: socketClassFor(() => this.#create(createSocket)),
      maxRetries: 0,
      connectionTimeout: connectTimeoutMs,
      // Its uptime timer only serves the retry counter; with 0 it does not outlive the turn.
      minUptime: 0,
      maxEnqueuedMessages: 0,
    })
    this.#wrapper.binaryType = 'arraybuffer'
    this.#wrapper.addEventListener('open', () => {
      if (this.#isClosed) return
      this.#isOpened = true
      this.#sink.onOpen()
    })
    this.#wrapper.addEventListener('error', (event) => {
      if (event.message === 'TIMEOUT' && !this.#isOpened) {
        this.#isTimedOut = true
        this.terminate()
      }
    })
  }

  send(text: string): void {
    if (!this.#isClosed && this.#socket?.readyState === OPEN) this.#socket.send(text)
  }

  ping(): boolean {
    const socket = this.#socket
    if (typeof socket?.ping !== 'function') return false
    if (socket.readyState === OPEN) socket.ping()
    return true
  }

  close(code = 1000, reason = ''): void {
    if (this.#isClosed) return
    this.#wrapper.close(code, reason)
    this.#closeUncreated()
  }

  terminate(): void {
    if (this.#isClosed) return
    const socket = this.#socket
    if (socket === null) {
      this.#wrapper.close()
      this.#closeUncreated()
    } else if (typeof socket.terminate === 'function') {
      socket.terminate()
    } else {
      // A standard socket cannot be ended at once: let it go, and hear no more of it.
      this.#wrapper.close()
      queueMicrotask(() => this.closed({ code: 1006, reason: '' }))
    }
  }

  frame(bytes: Uint8Array, start: number, end: number, receiveTimeMs: number): void {
    if (!this.#isClosed) this.#sink.onFrame(bytes, start, end, receiveTimeMs)
  }

  pong(): void {
    if (!this.#isClosed) this.#sink.onPong()
  }

  closed(closed: TransportClose): void {
    if (this.#isClosed) return
    this.#isClosed = true
    // Also clears the wrapper's connect timer, which would otherwise hold the process.
    this.#wrapper.close()
    this.#sink.onClose(this.#isOpened ? closed : this.#refusal(closed))
  }

  #create(createSocket: (events: SocketEvents) => OneShotSocket): OneShotSocket {
    const events: SocketEvents = {
      frame: (bytes, start, end, receiveTimeMs) => this.frame(bytes, start, end, receiveTimeMs),
      ping: () => {
        if (!this.#isClosed) this.#sink.onPing()
      },
      pong: () => this.pong(),
      closed: (closed) => this.closed(closed),
    }
    try {
      this.#socket = createSocket(events)
    } catch (cause) {
      this.#socket = STILLBORN
      const error = cause instanceof Error ? cause : new Error(String(cause))
      // After the wrapper finished constructing, so that its connect timer exists and is cleared.
      queueMicrotask(() => this.closed({ code: 1006, reason: '', error }))
    }
    return this.#socket
  }

  /** The wrapper tells nothing when it is closed before it created its socket. */
  #closeUncreated(): void {
    if (this.#socket === null) queueMicrotask(() => this.closed({ code: 1006, reason: '' }))
  }

  /** Names what kept the socket from opening; `ws` itself only says that it was closed early. */
  #refusal(closed: TransportClose): TransportClose {
    if (this.#isTimedOut) {
      const message = `${this.#url} did not open within ${this.#connectTimeoutMs} ms`
      return {
        ...closed,
        error: new ConnectionError('CONNECTION_TIMEOUT', message, { url: this.#url, reconnectAttempt: 0 }),
      }
    }
    if (closed.httpStatus !== undefined) {
      const message = `${this.#url} answered the upgrade with HTTP ${closed.httpStatus}`
      const fields = { url: this.#url, reconnectAttempt: 0, httpStatus: closed.httpStatus }
      return { ...closed, error: new ConnectionError('CONNECTION_REFUSED', message, fields) }
    }
    return closed
  }
}

/** Stands in for a socket whose constructor threw. */
const STILLBORN: OneShotSocket & { addEventListener(): void; removeEventListener(): void } = {
  readyState: CLOSED,
  send: () => {},
  close: () => {},
  addEventListener: () => {},
  removeEventListener: () => {},
}

/** The wrapper wants a class; a constructor that returns an object yields that object. */
function socketClassFor(create: () => OneShotSocket): unknown {
  function OneShot(): OneShotSocket {
    return create()
  }
  return Object.assign(OneShot, { CONNECTING: 0, OPEN, CLOSING: 2, CLOSED })
}
