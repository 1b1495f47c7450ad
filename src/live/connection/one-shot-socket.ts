/**
 * The socket class handed to `reconnecting-websocket`: a subclass of `ws` that lives once.
 *
 * Owns what the wrapper gets wrong or hides (each point seen with 4.4.0 over ws 8.23.0):
 *
 * - On a connect timeout the wrapper removes its listeners before it closes, and `ws` then emits `error`
 *   to nobody, which ends the process. A permanent `error` listener lives here.
 * - The wrapper constructs with `(url, protocols)` only, so the options of `ws` are set here.
 * - The wrapper listens through the EventTarget form of `ws`, which turns every text frame into a string.
 *   Frames are taken with `on('message')`, as bytes, and `addEventListener('message')` does nothing.
 * - The wrapper reports 1000 for whatever ended in an error. The real code is taken here.
 *
 * Leaves attempts, deadlines and meaning of frames to others.
 */
import type { Agent, ClientRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type ClientOptions, type RawData, WebSocket } from 'ws'
import type { Clock } from '../../runtime/clock.js'
import type { TransportClose } from '../../runtime/transport.js'

/** What a socket tells its connection. Opening is told by the wrapper, everything else from here. */
export interface SocketEvents {
  frame(bytes: Uint8Array, start: number, end: number, receiveTimeMs: number): void
  ping(): void
  pong(): void
  /** Once, when the socket is gone. */
  closed(closed: TransportClose): void
}

export interface SocketOptions {
  readonly clock: Clock
  readonly connectTimeoutMs: number
  /** Larger frames end the connection with 1009. */
  readonly payloadBytesMax: number
  /** How long a closing handshake may take before the socket is destroyed. */
  readonly closeTimeoutMs: number
  /** For proxies; Node's own `http.Agent` contract. */
  readonly agent?: Agent | undefined
}

/** The part of a socket that the wrapper and the transport use. `ping` and `terminate` are features to detect. */
export interface OneShotSocket {
  readonly readyState: number
  send(text: string): void
  close(code?: number, reason?: string): void
  ping?(): void
  terminate?(): void
}

/** Opens a socket; may throw, which counts as a failed connect. */
export type SocketFactory = (url: string, events: SocketEvents, options: SocketOptions) => OneShotSocket

/** The production factory. */
export const createVenueSocket: SocketFactory = (url, events, options) => new VenueSocket(url, events, options)

// `closeTimeout` is newer than the published typings.
type VenueSocketOptions = ClientOptions & { closeTimeout: number }

class VenueSocket extends WebSocket implements OneShotSocket {
  #failure: Error | undefined
  #httpStatus: number | undefined
  #retryAfterMs: number | undefined
  /** The code with which the closing handshake was started on our side: ours, or that of a protocol violation. */
  #sentCloseCode: number | undefined
  /** Epoch ms of the socket read whose frames are being emitted; NaN when reads cannot be observed. */
  #readTimeMs = Number.NaN

  constructor(url: string, events: SocketEvents, options: SocketOptions) {
    const wsOptions: VenueSocketOptions = {
      handshakeTimeout: options.connectTimeoutMs,
      maxPayload: options.payloadBytesMax,
      perMessageDeflate: false,
      closeTimeout: options.closeTimeoutMs,
      agent: options.agent,
    }
    super(url, wsOptions)
    const clock = options.clock
    let rawSocket: Socket | undefined

    this.on('error', (error) => {
      this.#failure ??= error
    })
    this.on('upgrade', (response: IncomingMessage) => {
      rawSocket = response.socket
    })
    this.on('unexpected-response', (_request: ClientRequest, response: IncomingMessage) => {
      this.#httpStatus = response.statusCode
      this.#retryAfterMs = parseRetryAfter(response.headers['retry-after'], clock.wallMs())
      response.resume()
      this.terminate()
    })
    this.on('open', () => {
      // Only now: a data listener added before `ws` attached its own could swallow the first bytes. All
      // frames of one read are emitted synchronously inside this event, so they share one clock reading.
      rawSocket?.prependListener('data', () => {
        this.#readTimeMs = clock.wallMs()
      })
      // `ws` closes with 1006 on a reset and keeps the reason to itself.
      rawSocket?.once('error', (error: Error) => {
        this.#failure ??= error
      })
    })
    this.on('message', (data: RawData) => {
      const bytes = data instanceof Uint8Array ? data : bytesOf(data)
      const readTimeMs = this.#readTimeMs
      events.frame(bytes, 0, bytes.length, Number.isNaN(readTimeMs) ? clock.wallMs() : readTimeMs)
    })
    this.on('ping', () => events.ping())
    this.on('pong', () => events.pong())
    this.on('close', (code, reason) => {
      const error = this.#failure
      events.closed({
        code: error !== undefined && this.#sentCloseCode !== undefined ? this.#sentCloseCode : code,
        reason: reason.toString(),
        ...(error === undefined ? {} : { error }),
        ...(this.#httpStatus === undefined ? {} : { httpStatus: this.#httpStatus }),
        ...(this.#retryAfterMs === undefined ? {} : { retryAfterMs: this.#retryAfterMs }),
      })
    })
  }

  /** `ws` itself calls this with the code of a protocol violation; the wrapper calls it again afterwards. */
  override close(code?: number, reason?: string | Buffer): void {
    if (this.readyState === WebSocket.OPEN) this.#sentCloseCode ??= code
    super.close(code, reason)
  }

  // The event map of the typings cannot be narrowed by name in an override, hence the plain signature.
  override addEventListener(type: string, ...rest: unknown[]): void {
    if (type === 'message') return
    const add = super.addEventListener as (type: string, ...rest: unknown[]) => void
    add.call(this, type, ...rest)
  }
}

/** The shape every standard WebSocket class has: Node 22's, a browser's, and the one a mock installs. */
export interface StandardSocketClass {
  new (url: string): StandardSocket
}

export interface StandardSocket extends OneShotSocket {
  binaryType: string
  addEventListener(type: string, listener: (event: never) => void): void
}

/**
 * Sockets of a standard WebSocket class, read at each connect, e.g. `() => globalThis.WebSocket`. Such a
 * class has no ping and no terminate, and gives text frames as strings; use it for protocol-level tests.
 */
export function standardSockets(socketClass: () => StandardSocketClass): SocketFactory {
  return (url, events, options) => {
    const Standard = socketClass()
    const socket = new Standard(url)
    let failure: Error | undefined
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('message', (event: { data: unknown }) => {
      const bytes = typeof event.data === 'string' ? Buffer.from(event.data) : bytesOf(event.data as RawData)
      events.frame(bytes, 0, bytes.length, options.clock.wallMs())
    })
    socket.addEventListener('error', (event: { error?: unknown; message?: string }) => {
      failure ??= event.error instanceof Error ? event.error : new Error(event.message ?? 'socket error')
    })
    socket.addEventListener('close', (event: { code?: number; reason?: string }) => {
      events.closed({
        code: event.code ?? 1006,
        reason: event.reason ?? '',
        ...(failure === undefined ? {} : { error: failure }),
      })
    })
    return socket
  }
}

/** `Retry-After` as delta seconds or as an HTTP date, in milliseconds from `nowMs`; undefined when absent or unreadable. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.trim() ?? ''
  if (text === '') return undefined
  if (/^\d+$/.test(text)) return Number(text) * 1000
  const dateMs = Date.parse(text)
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs)
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data)
  return data instanceof Uint8Array ? data : new Uint8Array(data)
}
