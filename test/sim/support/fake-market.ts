/** A market source that says what a test tells it to: any name it was told about can be tapped, payloads are pushed by hand. */
import type { Clock } from '../../../src/runtime/index.js'
import type {
  MarketOracle,
  MarketSource,
  OracleBook,
  PayloadIds,
  RestReply,
  SimPayload,
  StreamTap,
  TimeUnit,
} from '../../../src/sim/market-source.js'
import type { MarketKind } from '../../../src/types/venue.js'

const PUBLIC = /@(depth|bookTicker|rpiDepth|trade$)/

export class FakeMarket implements MarketSource {
  readonly markets: readonly MarketKind[]
  readonly oracle: MarketOracle
  readonly restCalls: { market: MarketKind; path: string; params: string; timeUnit: TimeUnit }[] = []
  /** Answer of the next REST calls. */
  reply: RestReply = { status: 200, body: '{"ok":true}', weight: 1 }
  readonly books: Map<number, OracleBook> = new Map()
  readonly #clock: Clock
  readonly #taps = new Map<string, Set<(payload: SimPayload) => void>>()
  readonly #known: (stream: string) => boolean

  constructor(clock: Clock, options: { markets?: readonly MarketKind[]; known?: (stream: string) => boolean } = {}) {
    this.#clock = clock
    this.markets = options.markets ?? ['spot', 'futures']
    this.#known = options.known ?? ((stream) => /^(btcusdt|ethusdt|测试usdt)@|^!/.test(stream))
    this.oracle = {
      symbols: () => ['BTCUSDT', 'ETHUSDT'],
      book: () => [...this.books.values()].at(-1) ?? null,
      bookAt: (_symbol, updateId) => [...this.books].filter(([id]) => id <= updateId).at(-1)?.[1] ?? null,
      candles: () => [],
      trades: () => [],
      ticker: () => null,
      funding: () => null,
      historyHash: () => 'fake',
      eventCount: () => 0,
    }
  }

  start(): void {}

  stop(): void {
    this.#taps.clear()
  }

  nowMs(): number {
    return this.#clock.wallMs()
  }

  tap(market: MarketKind, stream: string, timeUnit: TimeUnit, emit: (payload: SimPayload) => void): StreamTap | null {
    if (!this.#known(stream)) return null
    const key = `${market} ${stream} ${timeUnit}`
    const taps = this.#taps.get(key) ?? new Set()
    this.#taps.set(key, taps)
    taps.add(emit)
    return { close: () => void taps.delete(emit) }
  }

  routeOf(stream: string): 'public' | 'market' {
    return PUBLIC.test(stream) || stream === '!bookTicker' ? 'public' : 'market'
  }

  rest(market: MarketKind, path: string, params: URLSearchParams, timeUnit: TimeUnit): RestReply {
    this.restCalls.push({ market, path, params: params.toString(), timeUnit })
    return this.reply
  }

  /** Sends one payload to all taps of the stream. */
  push(
    stream: string,
    text: string,
    ids: PayloadIds = {},
    market: MarketKind = 'spot',
    timeUnit: TimeUnit = 'ms',
  ): void {
    for (const emit of this.#taps.get(`${market} ${stream} ${timeUnit}`) ?? []) emit({ text, ids })
  }

  /** A spot diff with ids `[U, u]`. */
  pushDiff(U: number, u: number = U, stream = 'btcusdt@depth@100ms', market: MarketKind = 'spot'): void {
    this.push(stream, `{"e":"depthUpdate","s":"BTCUSDT","U":${U},"u":${u},"b":[],"a":[]}`, { U, u }, market)
  }

  isTapped(stream: string, market: MarketKind = 'spot', timeUnit: TimeUnit = 'ms'): boolean {
    return (this.#taps.get(`${market} ${stream} ${timeUnit}`)?.size ?? 0) > 0
  }
}
