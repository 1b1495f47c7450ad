/**
 * One client's socket as the venue sees it. The protocol (`connection.ts`) speaks through this port, so that
 * real sockets and the in-memory transport run the same code.
 */
export interface ServerWire {
  /** One text frame, normally UTF-8 JSON; faults may send other bytes. */
  send(bytes: Uint8Array): void
  /** One text message in several frames, with an empty ping between them when asked for. */
  sendFragments(parts: readonly Uint8Array[], pingBetween: boolean): void
  ping(payload: string): void
  pong(payload: Uint8Array): void
  /** Closing handshake. */
  close(code: number, reason: string): void
  /** TCP reset: no close frame, the client sees 1006. */
  reset(): void
  /** Orderly end of the TCP stream without a close frame: 1006 as well. */
  fin(): void
  /** Half-open: nothing is read and nothing goes out, the socket stays. */
  hold(): void
  release(): void
  /** Bytes accepted but not yet taken by the network. */
  readonly queuedBytes: number
}
