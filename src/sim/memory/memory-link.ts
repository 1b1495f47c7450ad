/**
 * One in-memory connection: a client's `TransportSocket` on one side, the venue's `ServerWire` on the other,
 * a latency lane in each direction, and the states a real socket would show. Pings of the venue are answered
 * by the client's side at once, as `ws` does.
 *
 *     connecting -> open -> closing -> ended       (ended: `onClose` was called, nothing follows)
 */
import { Buffer } from 'node:buffer'
import type { Clock, Random, TimerHandle, TransportClose, TransportSink, TransportSocket } from '../../runtime/index.js'
import type { VenueConnection } from '../server/connection.js'
import type { UpgradeDecision } from '../server/venue-core.js'
import type { ServerWire } from '../server/wire.js'
import { DelayLane, type LatencyRange } from './delay-lane.js'

export interface MemoryLinkOptions {
  readonly clock: Clock
  /** Clock of the client, for receive times. */
  readonly clientClock: Clock
  readonly random: Random
  readonly latency: LatencyRange
  readonly connectTimeoutMs: number
  readonly onEnded: (link: MemoryLink) => void
}

/** As in `ws`: a peer that never answers a close frame is given up after this. */
const CLOSE_TIMEOUT_MS = 30_000

const FAILURES: Readonly<Record<'reset' | 'refused' | 'name' | 'tls', readonly [code: string, text: string]>> = {
  reset: ['ECONNRESET', 'read ECONNRESET'],
  refused: ['ECONNREFUSED', 'connect ECONNREFUSED'],
  name: ['ENOTFOUND', 'getaddrinfo ENOTFOUND'],
  tls: ['ECONNRESET', 'Client network socket disconnected before secure TLS connection was established'],
}

export class MemoryLink {
  readonly client: TransportSocket
  readonly #options: MemoryLinkOptions
  readonly #sink: TransportSink
  readonly #up: DelayLane
  readonly #down: DelayLane
  readonly #server: ServerWire
  #state: 'connecting' | 'open' | 'closing' | 'ended' = 'connecting'
  #connection: VenueConnection | null = null
  /** Connect timeout, later close timeout. */
  #deadline: TimerHandle | null = null

  constructor(sink: TransportSink, options: MemoryLinkOptions) {
    this.#sink = sink
    this.#options = options
    this.#up = new DelayLane(options.clock, options.random.split('up'), options.latency)
    this.#down = new DelayLane(options.clock, options.random.split('down'), options.latency)
    this.client = {
      send: (text) => this.#clientSend(text),
      ping: () => this.#clientPing(),
      close: (code, reason) => this.#clientClose(code, reason),
      terminate: () => this.#clientTerminate(),
    }
    this.#server = this.#serverWire()
  }

  /** Asks the venue for an upgrade; `decide` runs when the request has arrived there. */
  connect(decide: () => UpgradeDecision): void {
    const { connectTimeoutMs, clientClock } = this.#options
    this.#deadline = clientClock.setTimer(() => {
      this.#end({ code: 1006, reason: '', error: new Error(`no answer within ${connectTimeoutMs} ms`) })
    }, connectTimeoutMs)
    this.#up.push(() => {
      const decision = decide()
      if (decision.delayMs > 0) this.#options.clock.setTimer(() => this.#onDecision(decision), decision.delayMs)
      else this.#onDecision(decision)
    })
  }

  /** Fails without any venue involved, e.g. a URL that is none. */
  fail(error: Error): void {
    this.#options.clientClock.setTimer(() => this.#end({ code: 1006, reason: '', error }), 0)
  }

  /** The venue stops: everybody is told at once. */
  abort(): void {
    this.#connection?.onClosed(1001, '')
    this.#end({ code: 1001, reason: '' })
  }

  #onDecision(decision: UpgradeDecision): void {
    if (this.#state !== 'connecting') return
    switch (decision.kind) {
      case 'accept':
        // Before anything the new connection sends.
        this.#down.push(() => this.#onOpen())
        this.#connection = decision.open(this.#server)
        return
      case 'refuse': {
        const seconds = Number(decision.headers.get('retry-after') ?? Number.NaN)
        const error = new Error(`Unexpected server response: ${decision.status}`)
        const closed = { code: 1006, reason: '', error, httpStatus: decision.status }
        this.#down.push(() => this.#end(Number.isNaN(seconds) ? closed : { ...closed, retryAfterMs: seconds * 1000 }))
        return
      }
      case 'fail': {
        const [code, text] = FAILURES[decision.how]
        this.#down.push(() => this.#end({ code: 1006, reason: '', error: Object.assign(new Error(text), { code }) }))
      }
    }
  }

  #onOpen(): void {
    if (this.#state !== 'connecting') return
    this.#state = 'open'
    this.#clearDeadline()
    this.#sink.onOpen()
  }

  // --- the client's side ----------------------------------------------------------------------------------

  #clientSend(text: string): void {
    if (this.#state === 'open') this.#up.push(() => this.#connection?.onText(text))
  }

  #clientPing(): boolean {
    if (this.#state === 'open') this.#up.push(() => this.#connection?.onPing(new Uint8Array(0)))
    return true
  }

  #clientClose(code = 1000, reason = ''): void {
    if (this.#state === 'connecting') this.#clientTerminate()
    if (this.#state !== 'open') return
    this.#state = 'closing'
    this.#deadline = this.#options.clientClock.setTimer(() => this.#clientTerminate(), CLOSE_TIMEOUT_MS)
    this.#up.push(() => {
      this.#connection?.onClosed(code, reason)
      this.#down.push(() => this.#end({ code, reason }))
    })
  }

  #clientTerminate(): void {
    if (this.#state === 'ended') return
    this.#state = 'closing'
    this.#down.clear()
    this.#up.push(() => this.#connection?.onClosed(1006, ''))
    // Later, as with a socket: the caller's own code runs first.
    this.#options.clientClock.setTimer(() => this.#end({ code: 1006, reason: '' }), 0)
  }

  #end(closed: TransportClose): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#clearDeadline()
    this.#down.clear()
    this.#sink.onClose(closed)
    this.#options.onEnded(this)
  }

  #clearDeadline(): void {
    if (this.#deadline !== null) this.#options.clientClock.clearTimer(this.#deadline)
    this.#deadline = null
  }

  // --- the venue's side -----------------------------------------------------------------------------------

  #serverWire(): ServerWire {
    const link = this
    const { clientClock } = this.#options
    const frame = (bytes: Uint8Array): void => {
      this.#down.push(() => {
        if (this.#isReceiving) this.#sink.onFrame(bytes, 0, bytes.length, clientClock.wallMs())
      }, bytes.length)
    }
    const gone = (code: number, reason: string): void => {
      this.#down.push(() => {
        this.#end({ code, reason })
        this.#up.push(() => this.#connection?.onClosed(code, reason))
      })
    }
    const ping = (payload: string): void => {
      this.#down.push(() => {
        if (!this.#isReceiving) return
        this.#up.push(() => this.#connection?.onPong(payload))
        this.#sink.onPing()
      })
    }
    return {
      get queuedBytes() {
        return link.#down.queuedBytes
      },
      send: frame,
      sendFragments: (parts, pingBetween) => {
        // A transport hands over whole messages; only the pings between are to be seen.
        if (pingBetween) for (let index = 1; index < parts.length; index++) ping('')
        frame(Buffer.concat(parts))
      },
      ping,
      pong: () => {
        this.#down.push(() => {
          if (this.#isReceiving) this.#sink.onPong()
        })
      },
      close: gone,
      reset: () => {
        // A reset throws away what was still under way.
        this.#down.clear()
        gone(1006, '')
      },
      fin: () => gone(1006, ''),
      hold: () => {
        this.#up.hold()
        this.#down.hold()
      },
      release: () => {
        this.#up.release()
        this.#down.release()
      },
    }
  }

  get #isReceiving(): boolean {
    return this.#state === 'open' || this.#state === 'closing'
  }
}
