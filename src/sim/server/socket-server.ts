/**
 * The venue on real sockets: `node:http` or `node:https` for REST, and the server half of `ws`, which is known
 * in this file only. Turns socket events into calls of the core and back; decides nothing about the protocol.
 *
 * Grace periods run on the system clock, because sockets do not know virtual time.
 */
import { Buffer } from 'node:buffer'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { gzip } from 'node:zlib'
import { type WebSocket, WebSocketServer } from 'ws'
import { SystemClock } from '../../runtime/index.js'
import type { MarketKind } from '../../types/venue.js'
import type { TlsPair } from '../tls/self-signed.js'
import type { VenueConnection } from './connection.js'
import type { SimHttpReply } from './rest-dispatch.js'
import type { VenueCore } from './venue-core.js'
import type { ServerWire } from './wire.js'

export interface SocketServerOptions {
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
  readonly tls: TlsPair | null
  /** Market of connections without a futures route on this port. */
  readonly unroutedMarket?: MarketKind | undefined
}

/** How long a client may take to answer a close frame before its socket is cut. */
const CLOSE_GRACE_MS = 500
const GZIP_BYTES_MIN = 1024
const STATUS_TEXT: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  414: 'URI Too Long',
  418: "I'm a teapot",
  429: 'Too Many Requests',
  451: 'Unavailable For Legal Reasons',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
}

export class SocketServer {
  readonly #core: VenueCore
  readonly #options: SocketServerOptions
  readonly #server: Server
  readonly #wss: WebSocketServer
  readonly #sockets = new Set<WebSocket>()
  readonly #rawSockets = new Set<Socket>()
  readonly #systemClock = new SystemClock()
  #port = 0
  #isStopping = false

  constructor(core: VenueCore, options: SocketServerOptions) {
    this.#core = core
    this.#options = options
    const { tls } = options
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => this.#onRequest(request, response)
    this.#server =
      tls === null
        ? createServer({ noDelay: true }, onRequest)
        : createTlsServer({ noDelay: true, cert: tls.certPem, key: tls.keyPem }, onRequest)
    this.#wss = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      // Extension offers are declined, as on the venue.
      perMessageDeflate: false,
      // Pongs count against the client's limits and must stop on a held connection, so the core answers.
      autoPong: false,
      maxPayload: core.limits.clientFrameBytesMax,
    })
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#onUpgrade(request, socket, head),
    )
    this.#server.on('connection', (socket: Socket) => {
      this.#rawSockets.add(socket)
      socket.once('close', () => this.#rawSockets.delete(socket))
    })
    // A client that breaks off a TLS handshake or sends something else than HTTP.
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy())
    this.#server.on('clientError', (_error: Error, socket: Duplex) => socket.destroy())
  }

  get port(): number {
    return this.#port
  }

  async listen(): Promise<void> {
    await this.#listenOn(this.#options.port)
    this.#port = (this.#server.address() as AddressInfo).port
  }

  /** Stops or resumes accepting; connections that exist stay. */
  setListening(isListening: boolean): void {
    if (this.#isStopping || isListening === this.#server.listening) return
    if (!isListening) {
      this.#server.close()
      return
    }
    this.#listenOn(this.#port).catch(() => {
      // The port is briefly held by the closing listener; try again shortly.
      this.#systemClock.setTimer(() => this.setListening(true), 20)
    })
  }

  /** Closes every connection politely, then for good; resolves when no socket is left. */
  async stop(): Promise<void> {
    this.#isStopping = true
    const ended = [...this.#sockets].map((ws) => new Promise<void>((resolve) => ws.once('close', () => resolve())))
    for (const socket of this.#sockets) socket.close(1001)
    const closed = new Promise<void>((resolve) => {
      if (this.#server.listening) this.#server.close(() => resolve())
      else resolve()
    })
    const cut = this.#systemClock.setTimer(() => {
      for (const socket of this.#sockets) socket.terminate()
      for (const socket of this.#rawSockets) socket.destroy()
    }, CLOSE_GRACE_MS)
    this.#server.closeIdleConnections()
    await closed
    await this.#noSocketsLeft()
    // Connections are told of their end a moment after the socket's.
    await Promise.all(ended)
    this.#systemClock.clearTimer(cut)
    this.#wss.close()
  }

  #noSocketsLeft(): Promise<void> {
    const waiting = [...this.#rawSockets].map(
      (socket) =>
        new Promise<void>((resolve) => (socket.destroyed ? resolve() : socket.once('close', () => resolve()))),
    )
    return Promise.all(waiting).then(() => {})
  }

  #listenOn(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host: this.#options.host, port }, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
  }

  // --- WebSocket ------------------------------------------------------------------------------------------

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    const address = (socket as Socket).remoteAddress ?? 'unknown'
    const decision = this.#core.upgrade({
      target: request.url ?? '/',
      address,
      unroutedMarket: this.#options.unroutedMarket,
    })
    this.#afterDelay(decision.delayMs, () => {
      if (socket.destroyed) return
      switch (decision.kind) {
        case 'fail':
          resetSocket(socket as Socket)
          return
        case 'refuse':
          this.#refuse(socket, decision.status, decision.headers, decision.body)
          return
        case 'accept':
          this.#wss.handleUpgrade(request, socket, head, (ws) => {
            this.#attach(ws, socket as Socket, decision.open)
          })
      }
    })
  }

  #refuse(socket: Duplex, status: number, headers: ReadonlyMap<string, string>, body: string): void {
    const lines = [
      `HTTP/1.1 ${status} ${STATUS_TEXT[status] ?? 'Refused'}`,
      'Connection: close',
      'Content-Type: application/json;charset=UTF-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `Date: ${new Date(this.#core.source.nowMs()).toUTCString()}`,
      ...[...headers].map(([name, value]) => `${name}: ${value}`),
    ]
    socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`)
  }

  #attach(ws: WebSocket, socket: Socket, open: (wire: ServerWire) => VenueConnection): void {
    this.#sockets.add(ws)
    const connection = open(new SocketWire(ws, socket, this.#systemClock))
    ws.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) connection.onBinary()
      else connection.onText(data.toString('utf8'))
    })
    ws.on('ping', (payload: Buffer) => connection.onPing(payload))
    ws.on('pong', (payload: Buffer) => connection.onPong(payload.toString('utf8')))
    ws.on('error', (error: Error & { code?: string }) => {
      const isSize = error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
      if (error.code?.startsWith('WS_ERR') === true) connection.onProtocolError(isSize ? 1009 : 1002, error.message)
    })
    ws.on('close', (code: number, reason: Buffer) => {
      this.#sockets.delete(ws)
      connection.onClosed(code, reason.toString('utf8'))
    })
  }

  // --- REST -----------------------------------------------------------------------------------------------

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const headers = new Map<string, string>()
    for (const [name, value] of Object.entries(request.headers)) {
      if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value)
    }
    // Bodies carry nothing that is simulated, but must be read before the next request on this socket.
    request.resume()
    const address = request.socket.remoteAddress ?? 'unknown'
    const asked = { method: request.method ?? 'GET', target: request.url ?? '/', headers, address }
    this.#core.handleRest(asked, (reply) => {
      this.#afterDelay(reply.delayMs, () => {
        if (response.destroyed) return
        if (reply.ending === 'hang') resetSocket(request.socket)
        else this.#respond(response, reply, headers.get('accept-encoding') ?? '')
      })
    })
  }

  #respond(response: ServerResponse, reply: SimHttpReply, acceptEncoding: string): void {
    response.sendDate = false
    const body = Buffer.from(reply.body)
    const finish = (bytes: Buffer, isZipped: boolean): void => {
      if (response.destroyed) return
      response.statusCode = reply.status
      for (const [name, value] of reply.headers) response.setHeader(name, value)
      if (isZipped) response.setHeader('content-encoding', 'gzip')
      response.setHeader('content-length', bytes.length)
      if (reply.ending === 'cut') {
        response.write(bytes.subarray(0, bytes.length >> 1), () => response.destroy())
        return
      }
      response.end(bytes)
    }
    if (body.length < GZIP_BYTES_MIN || !/\bgzip\b/.test(acceptEncoding)) {
      finish(body, false)
      return
    }
    gzip(body, { level: 1 }, (error, zipped) => (error === null ? finish(zipped, true) : finish(body, false)))
  }

  #afterDelay(delayMs: number, action: () => void): void {
    if (delayMs <= 0) action()
    else this.#core.clock.setTimer(action, delayMs, { unref: true })
  }
}

/** `ServerWire` over one `ws` socket. */
class SocketWire implements ServerWire {
  readonly #ws: WebSocket
  readonly #socket: Socket
  readonly #clock: SystemClock

  constructor(ws: WebSocket, socket: Socket, clock: SystemClock) {
    this.#ws = ws
    this.#socket = socket
    this.#clock = clock
  }

  get queuedBytes(): number {
    return this.#ws.bufferedAmount
  }

  send(bytes: Uint8Array): void {
    if (this.#isOpen) this.#ws.send(bytes, { binary: false })
  }

  sendFragments(parts: readonly Uint8Array[], pingBetween: boolean): void {
    if (!this.#isOpen) return
    parts.forEach((part, index) => {
      this.#ws.send(part, { binary: false, fin: index === parts.length - 1 })
      if (pingBetween && index < parts.length - 1) this.#ws.ping()
    })
  }

  ping(payload: string): void {
    if (this.#isOpen) this.#ws.ping(payload)
  }

  pong(payload: Uint8Array): void {
    if (this.#isOpen) this.#ws.pong(payload)
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, reason)
    const cut = this.#clock.setTimer(() => this.#ws.terminate(), CLOSE_GRACE_MS, { unref: true })
    this.#ws.once('close', () => this.#clock.clearTimer(cut))
  }

  reset(): void {
    resetSocket(this.#socket)
  }

  fin(): void {
    this.#socket.end()
    const cut = this.#clock.setTimer(() => this.#ws.terminate(), CLOSE_GRACE_MS, { unref: true })
    this.#ws.once('close', () => this.#clock.clearTimer(cut))
  }

  hold(): void {
    this.#ws.pause()
  }

  release(): void {
    this.#ws.resume()
  }

  get #isOpen(): boolean {
    return this.#ws.readyState === this.#ws.OPEN
  }
}

/** A TCP reset where the socket can (not through TLS), else the hardest end there is. */
function resetSocket(socket: Socket): void {
  if (typeof socket.resetAndDestroy === 'function' && !('encrypted' in socket)) socket.resetAndDestroy()
  else socket.destroy()
}
