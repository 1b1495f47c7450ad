/**
 * A venue that can be listened to for days of virtual time without growing: numbered trades, best bids and offers,
 * depth updates with their book, partial books and candles, made as cheaply as possible. Keeps nothing about a
 * socket that is closed. No faults of its own: the test cuts it.
 */
import type { Clock, TimerHandle } from '../../../src/runtime/clock.js'
import type { HttpClient, HttpRequest, HttpResponse } from '../../../src/runtime/http-client.js'
import type { Transport, TransportOptions, TransportSink, TransportSocket } from '../../../src/runtime/transport.js'

const TICK_MS = 100
const MINUTE_MS = 60_000
const LEVELS = 40
const LATENCY_MS = 5

export class EndlessVenue implements Transport, HttpClient {
  readonly sockets: Set<EndlessSocket> = new Set()
  /** Data frames handed to sockets, each counted once per socket. */
  frames = 0
  readonly #clock: Clock
  readonly #symbols: readonly string[]
  readonly #tradesPerTick: number
  #timer: TimerHandle | null = null
  #tick = 0
  #tradeId = 0

  constructor(clock: Clock, symbols: readonly string[], tradesPerTick: number) {
    this.#clock = clock
    this.#symbols = symbols
    this.#tradesPerTick = tradesPerTick
  }

  start(): void {
    this.#timer = this.#clock.setRepeating(() => this.#send(), TICK_MS)
  }

  stop(): void {
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer)
    this.#timer = null
  }

  connect(_url: string, sink: TransportSink, _options: TransportOptions): TransportSocket {
    return new EndlessSocket(this.#clock, sink, this.sockets)
  }

  /** The socket dies without a word. */
  reset(): void {
    for (const socket of [...this.sockets]) socket.end(1006)
  }

  async get({ url }: HttpRequest): Promise<HttpResponse> {
    const { pathname, searchParams } = new URL(url)
    const body = pathname.endsWith('/time')
      ? JSON.stringify({ serverTime: Math.floor(this.#clock.wallMs()) })
      : pathname.endsWith('/depth')
        ? JSON.stringify({ lastUpdateId: this.#tick, bids: this.#side(-1), asks: this.#side(1) })
        : JSON.stringify(this.#klines(Number(searchParams.get('startTime')), Number(searchParams.get('limit'))))
    return { status: 200, headers: new Map(), body }
  }

  #send(): void {
    const time = Math.floor(this.#clock.wallMs())
    this.#tick++
    const minuteEnds = Math.floor(time / MINUTE_MS) !== Math.floor((time - TICK_MS) / MINUTE_MS)
    const first = this.#tradeId + 1
    this.#tradeId += this.#tradesPerTick
    // Named per tick, so that every message differs, as on the wire.
    const price = (60_000 + (this.#tick % 997) / 10).toFixed(2)
    const sockets = [...this.sockets]
    for (const symbol of this.#symbols) {
      const name = symbol.toLowerCase()
      for (let id = first; id <= this.#tradeId; id++) {
        this.#to(
          sockets,
          `${name}@trade`,
          `{"e":"trade","E":${time},"s":"${symbol}","t":${id},"p":"${price}","q":"0.01000000","T":${time},"m":true,"M":true}`,
        )
        this.#to(
          sockets,
          `${name}@bookTicker`,
          `{"u":${id},"s":"${symbol}","b":"${price}","B":"1.00000000","a":"60200.00","A":"2.00000000"}`,
        )
      }
      const tick = this.#tick
      const level = (tick % LEVELS) + 1
      const qty = `${1 + (tick % 7)}.00000000`
      this.#to(
        sockets,
        `${name}@depth@100ms`,
        `{"e":"depthUpdate","E":${time},"s":"${symbol}","U":${tick},"u":${tick},"b":[["${60_000 - level}.00","${qty}"]],"a":[["${60_000 + level}.00","${qty}"]]}`,
      )
      if (tick % 10 === 0) {
        this.#to(
          sockets,
          `${name}@depth5`,
          `{"lastUpdateId":${tick},"bids":[["${60_000 - level}.00","${qty}"]],"asks":[["${60_000 + level}.00","${qty}"]]}`,
        )
        const open = Math.floor(time / MINUTE_MS) * MINUTE_MS
        this.#to(sockets, `${name}@kline_1m`, this.#kline(symbol, open, time, false))
      }
      if (minuteEnds) {
        const open = (Math.floor(time / MINUTE_MS) - 1) * MINUTE_MS
        this.#to(sockets, `${name}@kline_1m`, this.#kline(symbol, open, time, true))
      }
    }
  }

  #to(sockets: readonly EndlessSocket[], stream: string, data: string): void {
    let bytes: Buffer | null = null
    for (const socket of sockets) {
      if (!socket.subscribed.has(stream)) continue
      bytes ??= Buffer.from(`{"stream":"${stream}","data":${data}}`)
      this.frames++
      socket.deliver(bytes)
    }
  }

  #kline(symbol: string, open: number, time: number, isOver: boolean): string {
    return `{"e":"kline","E":${time},"s":"${symbol}","k":{"t":${open},"T":${open + MINUTE_MS - 1},"s":"${symbol}","i":"1m","f":1,"L":2,"o":"60000.00","c":"60001.00","h":"60002.00","l":"59999.00","v":"3.00000000","n":2,"x":${isOver},"q":"180000.00000000","V":"1.00000000","Q":"60000.00000000","B":"0"}}`
  }

  #klines(from: number, limit: number): unknown[] {
    const rows: unknown[] = []
    const now = this.#clock.wallMs()
    for (let open = Math.ceil(from / MINUTE_MS) * MINUTE_MS; open <= now && rows.length < limit; open += MINUTE_MS) {
      const end = open + MINUTE_MS - 1
      rows.push([open, '60000', '60002', '59999', '60001', '3', end, '180000', 2, '1', '60000', '0'])
    }
    return rows
  }

  #side(sign: 1 | -1): string[][] {
    return Array.from({ length: LEVELS }, (_, index) => [`${60_000 + sign * (index + 1)}.00`, '1.00000000'])
  }
}

class EndlessSocket implements TransportSocket {
  readonly subscribed: Set<string> = new Set()
  readonly #clock: Clock
  readonly #sink: TransportSink
  readonly #open: Set<EndlessSocket>
  #isOver = false

  constructor(clock: Clock, sink: TransportSink, open: Set<EndlessSocket>) {
    this.#clock = clock
    this.#sink = sink
    this.#open = open
    this.#later(() => {
      open.add(this)
      sink.onOpen()
    })
  }

  deliver(bytes: Buffer): void {
    this.#sink.onFrame(bytes, 0, bytes.length, this.#clock.wallMs())
  }

  end(code: number): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#open.delete(this)
    this.#sink.onClose({ code, reason: '' })
  }

  send(text: string): void {
    const { method, params, id } = JSON.parse(text) as { method: string; params: string[]; id: number }
    this.#later(() => {
      for (const name of params) {
        if (method === 'SUBSCRIBE') this.subscribed.add(name)
        else this.subscribed.delete(name)
      }
      this.deliver(Buffer.from(`{"result":null,"id":${id}}`))
    })
  }

  ping(): boolean {
    this.#later(() => this.#sink.onPong())
    return true
  }

  close(code = 1000): void {
    this.#clock.setTimer(() => this.end(code), LATENCY_MS)
  }

  terminate(): void {
    this.#clock.setTimer(() => this.end(1006), 0)
  }

  #later(action: () => void): void {
    this.#clock.setTimer(() => {
      if (!this.#isOver) action()
    }, LATENCY_MS)
  }
}
