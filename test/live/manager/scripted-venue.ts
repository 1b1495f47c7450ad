/**
 * A spot venue in memory that does what the test says and nothing by itself: the manager's own tests need exact
 * moments more than a realistic market. Its only timers belong to open sockets, so that a clock without timers
 * proves that nothing was left.
 */
import type { Clock } from '../../../src/runtime/clock.js'
import type {
  Transport,
  TransportClose,
  TransportOptions,
  TransportSink,
  TransportSocket,
} from '../../../src/runtime/transport.js'

export type ConnectBehaviour = 'open' | 'refuse' | 'hang'
export type ControlBehaviour = 'acknowledge' | 'ignore' | 'reject'

const LATENCY_MS = 2

class ScriptedSocket implements TransportSocket {
  readonly streams: Set<string> = new Set()
  isOpen = false
  #isClosed = false
  readonly #venue: ScriptedVenue
  readonly #sink: TransportSink
  readonly #timers = new Set<object>()

  constructor(venue: ScriptedVenue, sink: TransportSink) {
    this.#venue = venue
    this.#sink = sink
  }

  begin(): void {
    if (this.#venue.connect === 'hang') return
    if (this.#venue.connect === 'refuse')
      this.#later(() => this.end({ code: 1006, reason: '', error: new Error('connect ECONNREFUSED') }))
    else {
      this.#later(() => {
        this.isOpen = true
        this.#sink.onOpen()
      })
    }
  }

  send(text: string): void {
    if (!this.isOpen) return
    const { method, params, id } = JSON.parse(text) as { method: string; params: string[]; id: number }
    this.#venue.requests.push({ method, params })
    if (this.#venue.control === 'ignore') return
    if (this.#venue.control === 'reject' && method === 'SUBSCRIBE') {
      this.#later(() => this.frame({ error: { code: 2, msg: 'Invalid request: invalid stream' }, id }))
      return
    }
    for (const name of params) {
      if (method === 'SUBSCRIBE') this.streams.add(name)
      else this.streams.delete(name)
    }
    this.#later(() => this.frame({ result: null, id }))
  }

  ping(): boolean {
    if (this.#venue.answersPings) this.#later(() => this.#sink.onPong())
    return true
  }

  close(code = 1000, reason = ''): void {
    if (this.#venue.closesSlowly) return
    this.#later(() => this.end({ code, reason }))
  }

  terminate(): void {
    this.#later(() => this.end({ code: 1006, reason: '' }))
  }

  frame(value: unknown): void {
    this.text(JSON.stringify(value))
  }

  text(text: string): void {
    if (!this.isOpen) return
    const bytes = new TextEncoder().encode(text)
    this.#sink.onFrame(bytes, 0, bytes.length, this.#venue.clock.wallMs())
  }

  end(closed: TransportClose): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.isOpen = false
    for (const timer of this.#timers) this.#venue.clock.clearTimer(timer)
    this.#venue.sockets.delete(this)
    this.#sink.onClose(closed)
  }

  #later(action: () => void): void {
    if (this.#isClosed) return
    const timer = this.#venue.clock.setTimer(() => {
      this.#timers.delete(timer)
      action()
    }, LATENCY_MS)
    this.#timers.add(timer)
  }
}

export class ScriptedVenue {
  readonly clock: Clock
  /** What the next connects meet. */
  connect: ConnectBehaviour = 'open'
  control: ControlBehaviour = 'acknowledge'
  answersPings = true
  /** The closing handshake is never answered. */
  closesSlowly = false
  readonly sockets: Set<ScriptedSocket> = new Set()
  readonly requests: { method: string; params: string[] }[] = []
  connectCount = 0
  /** These are acknowledged and never deliver. */
  readonly mute: Set<string> = new Set()
  readonly #ids = new Map<string, number>()

  constructor(clock: Clock) {
    this.clock = clock
  }

  readonly transport: Transport = {
    connect: (_url: string, sink: TransportSink, _options: TransportOptions): TransportSocket => {
      this.connectCount++
      const socket = new ScriptedSocket(this, sink)
      this.sockets.add(socket)
      socket.begin()
      return socket
    },
  }

  /** One aggregated trade on every stream that somebody is subscribed to; ids go on whether it is received or not. */
  deliver(): void {
    for (const name of this.#known) {
      const id = (this.#ids.get(name) ?? 1000) + 1
      this.#ids.set(name, id)
      if (this.mute.has(name)) continue
      for (const socket of [...this.sockets])
        if (socket.streams.has(name)) socket.frame({ stream: name, data: this.#trade(name, id) })
    }
  }

  /** A message that nobody gets: a hole. */
  lose(): void {
    for (const name of this.#known) this.#ids.set(name, (this.#ids.get(name) ?? 1000) + 1)
  }

  /** The last message of each stream once more. */
  repeat(): void {
    for (const [name, id] of this.#ids) {
      for (const socket of [...this.sockets])
        if (socket.streams.has(name)) socket.frame({ stream: name, data: this.#trade(name, id, 1_700_000_000_000) })
    }
  }

  /** The venue starts its ids again, as after a restart of its engine; sockets stay. */
  startAgain(): void {
    this.#ids.clear()
  }

  /** A frame that cannot be read, on every open socket. */
  garble(): void {
    for (const socket of [...this.sockets]) socket.text('{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade"')
  }

  cut(code = 1006): void {
    for (const socket of [...this.sockets]) socket.end({ code, reason: '' })
  }

  get #known(): Set<string> {
    const names = new Set(this.#ids.keys())
    for (const socket of this.sockets) for (const name of socket.streams) names.add(name)
    return names
  }

  #trade(name: string, id: number, timeMs = Math.floor(this.clock.wallMs())): unknown {
    return {
      e: 'aggTrade',
      E: timeMs,
      s: name.slice(0, name.indexOf('@')).toUpperCase(),
      a: id,
      p: '61234.51000000',
      q: '0.00300000',
      f: id,
      l: id,
      T: timeMs,
      m: false,
      M: true,
    }
  }
}
