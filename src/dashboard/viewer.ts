/**
 * One open page. It is never waited for: what its socket cannot take is left out, and it gets everything anew once
 * it has caught up.
 */
import type { WebSocket } from 'ws'
import { readInterest } from './interest.js'
import type { InterestMessage } from './protocol.js'

/** Text waiting in the socket beyond which a page counts as slow. */
const BUFFERED_BYTES_MAX = 1_000_000
/** A page this long behind is gone or hopeless. */
const BEHIND_MS_MAX = 30_000
/** A person clicks; a program that asks more often is none of ours. */
const INTERESTS_MAX = 50
const INTERESTS_PERIOD_MS = 10_000

/** Close codes of RFC 6455. */
const GOING_AWAY = 1001
const POLICY_VIOLATION = 1008

export class Viewer {
  readonly #socket: WebSocket
  readonly #onInterest: (interest: InterestMessage) => void
  readonly #nowMs: () => number
  #behindSinceMs: number | null = null
  #periodStartMs = 0
  #interestsInPeriod = 0
  /** Has nothing yet, or missed something: the next message must be a full one. */
  needsFull = true

  constructor(
    socket: WebSocket,
    handlers: { onInterest(interest: InterestMessage): void; onGone(): void; nowMs(): number },
  ) {
    this.#socket = socket
    this.#onInterest = handlers.onInterest
    this.#nowMs = handlers.nowMs
    socket.on('message', (data, isBinary) => this.#onMessage(data.toString(), isBinary))
    socket.on('close', handlers.onGone)
    // A close event follows each error.
    socket.on('error', () => {})
  }

  /** Whether it can take a message now. A page that cannot for long is cut off. */
  isReady(): boolean {
    if (this.#socket.bufferedAmount <= BUFFERED_BYTES_MAX) {
      this.#behindSinceMs = null
      return true
    }
    this.needsFull = true
    const nowMs = this.#nowMs()
    this.#behindSinceMs ??= nowMs
    if (nowMs - this.#behindSinceMs > BEHIND_MS_MAX) this.#socket.terminate()
    return false
  }

  send(text: string): void {
    this.#socket.send(text)
  }

  /** Says goodbye. The socket is gone when its peer answers, or at `terminate`. */
  close(): void {
    this.#socket.close(GOING_AWAY, 'feedbus stops')
  }

  terminate(): void {
    this.#socket.terminate()
  }

  #onMessage(text: string, isBinary: boolean): void {
    const nowMs = this.#nowMs()
    if (nowMs - this.#periodStartMs > INTERESTS_PERIOD_MS) {
      this.#periodStartMs = nowMs
      this.#interestsInPeriod = 0
    }
    const interest = isBinary ? null : readInterest(text)
    if (interest === null || ++this.#interestsInPeriod > INTERESTS_MAX) {
      this.#socket.close(POLICY_VIOLATION, interest === null ? 'not an interest message' : 'too many messages')
      return
    }
    this.#onInterest(interest)
  }
}
