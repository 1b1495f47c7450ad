/** A real WebSocket client that remembers everything it saw, in order. */
import { WebSocket } from 'ws'
import { waitFor } from '../../support/wait-for.js'

export interface SeenClose {
  readonly code: number
  readonly reason: string
  /** Status of a refused upgrade. */
  readonly httpStatus: number | null
  readonly retryAfter: string | null
  readonly error: Error | null
}

export class SocketClient {
  readonly ws: WebSocket
  readonly frames: string[] = []
  readonly binaryFrames: Buffer[] = []
  readonly pings: string[] = []
  readonly pongs: string[] = []
  closed: SeenClose | null = null
  isOpen = false
  /** Error of the TCP socket under an established connection, e.g. `ECONNRESET`. */
  tcpError: (Error & { code?: string }) | null = null
  #httpStatus: number | null = null
  #retryAfter: string | null = null
  #error: Error | null = null

  constructor(url: string, options: { autoPong?: boolean; ca?: string; headers?: Record<string, string> } = {}) {
    this.ws = new WebSocket(url, { perMessageDeflate: true, autoPong: options.autoPong ?? true, ...options })
    this.ws.on('upgrade', (response) => {
      response.socket.on('error', (error) => {
        this.tcpError = error
      })
    })
    this.ws.on('open', () => {
      this.isOpen = true
    })
    this.ws.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) this.binaryFrames.push(data)
      else this.frames.push(data.toString('utf8'))
    })
    this.ws.on('ping', (payload: Buffer) => this.pings.push(payload.toString('utf8')))
    this.ws.on('pong', (payload: Buffer) => this.pongs.push(payload.toString('utf8')))
    this.ws.on('unexpected-response', (request, response) => {
      this.#httpStatus = response.statusCode ?? null
      this.#retryAfter = response.headers['retry-after'] ?? null
      response.resume()
      request.destroy()
      this.closed ??= this.#close(1006, '')
    })
    this.ws.on('error', (error) => {
      this.#error = error
    })
    this.ws.on('close', (code, reason) => {
      this.closed ??= this.#close(code, reason.toString('utf8'))
    })
  }

  async opened(): Promise<this> {
    await waitFor(() => this.isOpen || this.closed !== null, { what: 'the connection to open' })
    if (!this.isOpen) throw new Error(`not opened: ${JSON.stringify(this.closed)}`)
    return this
  }

  closedBy(): Promise<SeenClose> {
    return waitFor(() => this.closed, { what: 'the connection to close' })
  }

  /** Waits until `count` frames have come. */
  async got(count: number): Promise<readonly string[]> {
    await waitFor(() => this.frames.length >= count, {
      what: () => `${count} frames; got ${this.frames.length}: ${this.frames.slice(-3).join(' | ')}`,
    })
    return this.frames
  }

  send(message: unknown): void {
    this.ws.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  /** Sends a request and waits for the reply with the same id. */
  async ask(message: { readonly id: number | string }): Promise<Record<string, unknown>> {
    this.send(message)
    const mark = `"id":${JSON.stringify(message.id)}`
    const reply = await waitFor(() => this.frames.find((frame) => frame.endsWith(`${mark}}`)), {
      what: `the reply ${mark}`,
    })
    return JSON.parse(reply) as Record<string, unknown>
  }

  async close(): Promise<void> {
    if (this.ws.readyState === WebSocket.CONNECTING) this.ws.terminate()
    else this.ws.close()
    await this.closedBy()
  }

  #close(code: number, reason: string): SeenClose {
    return { code, reason, httpStatus: this.#httpStatus, retryAfter: this.#retryAfter, error: this.#error }
  }
}
