/**
 * The push socket of the page: connects, notices silence, connects again. A page whose link is not `live` shows what
 * it last knew, and says that it is old.
 *
 *   connecting --first message--> live --nothing for SILENCE_MS_MAX--> silent --> (socket replaced) lost
 *        ^                          |                                                  |
 *        +---------- lost <---------+ closed                     lost --back-off--> connecting
 */
import { type InterestMessage, PROTOCOL_VERSION, PUSH_PATH, type PushMessage, SILENCE_MS_MAX } from '../protocol.js'
import { every, later, monotonicMs, openSocket, type PushSocket } from './doors.js'

export type LinkState = 'connecting' | 'live' | 'silent' | 'lost'

const RETRY_MS_MIN = 500
const RETRY_MS_MAX = 5_000
/** A socket silent for this long is given up, whatever it says of itself. */
const GIVE_UP_MS = 10_000

export interface LinkHandlers {
  onMessage(message: PushMessage): void
  onState(state: LinkState): void
  /** The server speaks another version: this page is an old one. */
  onOutdated(): void
}

export class Link {
  readonly #handlers: LinkHandlers
  #socket: PushSocket | null = null
  #state: LinkState = 'connecting'
  #heardMs = 0
  #failures = 0
  #interest: InterestMessage | null = null

  constructor(handlers: LinkHandlers) {
    this.#handlers = handlers
  }

  get state(): LinkState {
    return this.#state
  }

  /** Since the last message. */
  get silentMs(): number {
    return this.#heardMs === 0 ? 0 : monotonicMs() - this.#heardMs
  }

  start(): void {
    this.#connect()
    every(() => this.#check(), 500)
  }

  /** Remembered, and said again after every reconnect. */
  setInterest(interest: InterestMessage): void {
    this.#interest = interest
    this.#sendInterest()
  }

  #connect(): void {
    const socket = openSocket(PUSH_PATH)
    this.#socket = socket
    socket.onopen = () => this.#sendInterest()
    socket.onmessage = ({ data }) => {
      if (typeof data === 'string' && this.#socket === socket) this.#receive(JSON.parse(data) as PushMessage)
    }
    socket.onclose = () => this.#onClosed(socket)
  }

  #receive(message: PushMessage): void {
    if (message.kind === 'full' && message.version !== PROTOCOL_VERSION) {
      this.#handlers.onOutdated()
      return
    }
    this.#heardMs = monotonicMs()
    this.#failures = 0
    this.#handlers.onMessage(message)
    this.#become('live')
  }

  #onClosed(socket: PushSocket): void {
    if (this.#socket !== socket) return
    this.#socket = null
    this.#become('lost')
    const delayMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** this.#failures++)
    later(() => this.#connect(), delayMs)
  }

  #check(): void {
    if (this.#socket === null || this.#heardMs === 0) return
    if (this.silentMs > GIVE_UP_MS && this.#state !== 'connecting') {
      const socket = this.#socket
      socket.onclose = null
      socket.close()
      this.#onClosed(socket)
    } else if (this.#state === 'live' && this.silentMs > SILENCE_MS_MAX) {
      this.#become('silent')
    }
  }

  #sendInterest(): void {
    const socket = this.#socket
    if (this.#interest === null || socket === null || socket.readyState !== socket.OPEN) return
    socket.send(JSON.stringify(this.#interest))
  }

  #become(state: LinkState): void {
    if (this.#state === state) return
    this.#state = state
    this.#handlers.onState(state)
  }
}
