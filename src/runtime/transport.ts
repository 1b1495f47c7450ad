/**
 * The door to sockets. Production uses `ws`, simulations an in-memory venue, replay a recording: the
 * connection layer never knows which.
 */

/** What happens on one socket, in this order: at most one `onOpen`, any frames, exactly one `onClose`. */
export interface TransportSink {
  onOpen(): void
  /**
   * One text frame. The bytes are `bytes[start … end)`; they belong to the transport and may be
   * overwritten after the call returns. At least 16 readable bytes follow `end` inside the underlying
   * ArrayBuffer where the transport can arrange it; readers must not rely on it.
   * `receiveTimeMs` is epoch ms with fraction, taken when the bytes arrived.
   */
  onFrame(bytes: Uint8Array, start: number, end: number, receiveTimeMs: number): void
  onPing(): void
  /** Answer to our ping. */
  onPong(): void
  /**
   * The socket is gone, whoever ended it; also when it never opened. Nothing is called afterwards.
   * `code` as in RFC 6455 (1006 when no close frame came), `error` when one caused it.
   */
  onClose(closed: TransportClose): void
}

export interface TransportClose {
  readonly code: number
  readonly reason: string
  readonly error?: Error
  /** Status of a refused upgrade, e.g. 429, with its `Retry-After` in ms when sent. */
  readonly httpStatus?: number
  readonly retryAfterMs?: number
}

export interface TransportSocket {
  /** Text frame. Ignored when not open. */
  send(text: string): void
  /** Ping frame. `false` when this socket cannot ping (a mocked one), so that no pong is awaited. */
  ping(): boolean
  /** Starts the closing handshake; `onClose` follows. Safe in any state. */
  close(code?: number, reason?: string): void
  /** Ends the socket at once; `onClose` follows. Safe in any state. */
  terminate(): void
}

export interface TransportOptions {
  /** Give up when the socket is not open after this long; `onClose` with an error follows. */
  readonly connectTimeoutMs: number
}

export interface Transport {
  /** Never throws for venue trouble: everything that goes wrong arrives at `sink.onClose`. */
  connect(url: string, sink: TransportSink, options: TransportOptions): TransportSocket
}
