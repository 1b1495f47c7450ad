/**
 * The simulated market: many instruments, one clock, and the streams and replies derived from them.
 *
 * Venue time advances in quanta of 10 ms. Within a quantum each instrument carries out what is due, at exact times of
 * its own; then come the streams over all symbols. The history of an instrument depends on the seed, its name and the
 * start time only, so watching changes nothing and any number of quanta may be carried out late and at once.
 */
import type { Clock, TimerHandle } from '../../runtime/clock.js'
import type { Random } from '../../runtime/random.js'
import { SeededRandom } from '../../runtime/random.js'
import type { MarketKind } from '../../types/venue.js'
import { SimOptionError } from '../errors.js'
import type { MarketOracle, MarketSource, RestReply, SimPayload, StreamTap, TimeUnit } from '../market-source.js'
import { Instrument } from './instrument.js'
import { SimOracle } from './oracle.js'
import { type ClockError, Stamps } from './payload/stamps.js'
import { type FlowParameters, MARKET_PRESETS, type MarketPreset } from './presets.js'
import { pastDepthBody } from './rest/depth-reply.js'
import type { RateLimits, RestView } from './rest/rest-request.js'
import { answerRest } from './rest/rest-router.js'
import { payloadRewriter } from './rewrite.js'
import { StreamHub } from './stream/stream-hub.js'
import { resolveStream, routeOf } from './stream/stream-names.js'
import type { MarketTimer, MarketView } from './stream/stream-source.js'
import type { SymbolInput, SymbolSpec, SymbolStatus } from './symbols.js'
import { coinMarginedSpec, DEFAULT_SYMBOLS, EXTRA_SYMBOLS, resolveSymbol } from './symbols.js'

export interface SimMarketOptions {
  readonly clock: Clock
  /** Seed of everything random; ignored when `random` is given. Default 1. */
  readonly seed?: number
  readonly random?: Random
  /** Default: BTCUSDT and ETHUSDT. A bare name takes known or invented properties. */
  readonly symbols?: readonly (string | SymbolInput)[]
  /** Default both. */
  readonly markets?: readonly MarketKind[]
  /** Default `normal`. */
  readonly preset?: MarketPreset
  /** Overrides single numbers of the preset. */
  readonly flow?: Partial<FlowParameters>
  /** Venue seconds per clock second. Default 1. */
  readonly speed?: number
  /** Venue time at the start, epoch ms. Default: the clock's wall time at construction. */
  readonly startWallMs?: number
  /** Minutes of history before the start. Default 1500. */
  readonly warmupBars?: number
  /** List silent symbols in every state beside the given ones, and COIN-M rows in futures arrays. Default true. */
  readonly extras?: boolean
  /** Object keys of payloads in random order. Default false. */
  readonly shuffleKeys?: boolean
  /** Keys in payloads that no client knows. Default false. */
  readonly addUnknownKeys?: boolean
  /** As printed by `exchangeInfo`. */
  readonly rateLimits?: Partial<RateLimits>
  /** Whether the `/api/v1` paths of old answer. Default true. */
  readonly legacyV1?: boolean
  /** Executions kept per symbol; older ones can no longer be asked for. Default 50 000. */
  readonly tradesKept?: number
}

const QUANTUM_US = 10_000
/** So many quanta at a time; then others may run before the market catches up. */
const QUANTA_PER_TURN_MAX = 1000
const CONTRACT_INFO_US = 600_000_000
const MINUTES_KEPT = 20_160
const JOURNAL_TOTAL = 4_000_000
const WARM_EVERY_TURNS = 3

export class SimMarket implements MarketSource {
  readonly markets: readonly MarketKind[]
  readonly oracle: MarketOracle
  readonly #clock: Clock
  readonly #speed: number
  readonly #startUs: number
  readonly #legacyV1: boolean
  readonly #rateLimits: RateLimits
  /** All instruments in listing order: user symbols, silent extras, COIN-M. */
  readonly #instruments: readonly Instrument[]
  readonly #bySymbol = new Map<string, Instrument>()
  readonly #byStreamName = new Map<string, Instrument>()
  readonly #views: Readonly<Record<MarketKind, MarketView>>
  readonly #hub: StreamHub
  readonly #clockError: ClockError = { skewUs: 0 }
  readonly #timers: MarketTimer[] = []
  readonly #contractListeners = new Set<(instrument: Instrument, hasNewBrackets: boolean) => void>()
  /** Everything up to here has happened. */
  #processedUs: number
  #startMonotonicMs: number | null = null
  #stoppedUs: number | null = null
  #timer: TimerHandle | null = null
  #turns = 0
  #nextToWarm = 0

  constructor(options: SimMarketOptions) {
    const { clock } = options
    this.#clock = clock
    this.markets = options.markets ?? ['spot', 'futures']
    this.#speed = options.speed ?? 1
    if (!(this.#speed > 0)) throw new RangeError(`speed must be above zero: ${this.#speed}`)
    this.#startUs = Math.floor((options.startWallMs ?? clock.wallMs()) * 1000)
    this.#processedUs = this.#startUs
    this.#legacyV1 = options.legacyV1 ?? true
    this.#rateLimits = {
      spotWeightPerMinute: 6000,
      futuresWeightPerMinute: 2400,
      rawRequestsPer5Minutes: 300_000,
      ...options.rateLimits,
    }
    const random = options.random ?? new SeededRandom(options.seed ?? 1)
    this.#instruments = this.#makeInstruments(options, random)
    for (const instrument of this.#instruments) {
      const { market, symbol, streamName, contractClass } = instrument.spec
      if (contractClass === 2) continue
      this.#bySymbol.set(`${market}/${symbol}`, instrument)
      this.#byStreamName.set(`${market}/${streamName}`, instrument)
    }
    this.#views = { spot: this.#viewOf('spot'), futures: this.#viewOf('futures') }
    this.#hub = new StreamHub(
      payloadRewriter(
        { shuffleKeys: options.shuffleKeys ?? false, addUnknownKeys: options.addUnknownKeys ?? false },
        random.split('keys'),
      ),
    )
    this.oracle = new SimOracle(this.#oracleView())
    this.#timers.push(this.#contractInfoTimer())
  }

  /** Number of streams somebody listens to. */
  get runningStreams(): number {
    return this.#hub.size
  }

  /** Epoch ms at which the market began. */
  get startWallMs(): number {
    return this.#startUs / 1000
  }

  /** Begins, or goes on after `stop` at the venue time it stopped. */
  start(): void {
    if (this.#timer !== null) return
    const doneMs = ((this.#stoppedUs ?? this.#startUs) - this.#startUs) / 1000
    this.#startMonotonicMs = this.#clock.monotonicMs() - doneMs / this.#speed
    this.#stoppedUs = null
    this.#scheduleTurn()
  }

  stop(): void {
    if (this.#timer === null) return
    this.#clock.clearTimer(this.#timer)
    this.#timer = null
    this.#stoppedUs = this.#nowUs()
  }

  nowMs(): number {
    return (this.#nowUs() + this.#clockError.skewUs) / 1000
  }

  /** Makes the venue's clock wrong by so much: event times and `serverTime` shift, history does not. */
  setClockSkew(skewMs: number): void {
    this.#clockError.skewUs = Math.round(skewMs * 1000)
  }

  tap(market: MarketKind, stream: string, timeUnit: TimeUnit, emit: (payload: SimPayload) => void): StreamTap | null {
    if (!this.markets.includes(market)) return null
    const stamps = new Stamps(timeUnit, this.#clockError)
    return this.#hub.join(
      `${market}/${timeUnit}/${stream}`,
      () =>
        resolveStream({
          market,
          name: stream,
          view: this.#views[market],
          instrument: (streamName) => this.#reached(this.#byStreamName.get(`${market}/${streamName}`) ?? null),
          stamps,
        }),
      emit,
    )
  }

  routeOf(stream: string): 'public' | 'market' {
    return routeOf(stream)
  }

  rest(market: MarketKind, path: string, params: URLSearchParams, timeUnit: TimeUnit): RestReply {
    return answerRest(this.#restView(market), path, params, new Stamps(timeUnit, this.#clockError), this.#legacyV1)
  }

  /**
   * A REST `depth` body as it was at an earlier update id, for showing old snapshots; `null` for an unknown symbol or
   * an id the journal no longer reaches.
   */
  pastDepth(market: MarketKind, symbol: string, levels: number, updateId: number): string | null {
    const instrument = this.#reached(this.#bySymbol.get(`${market}/${symbol}`) ?? null)
    if (instrument === null) return null
    return pastDepthBody(instrument, new Stamps('ms', this.#clockError), this.#processedUs, levels, updateId)
  }

  /** Halts or resumes a symbol. Part of the market's history: a halted symbol keeps its REST data and sends nothing. */
  setStatus(market: MarketKind, symbol: string, status: SymbolStatus): boolean {
    const instrument = this.#reached(this.#bySymbol.get(`${market}/${symbol}`) ?? null)
    if (instrument === null) return false
    instrument.setStatus(status, this.#processedUs)
    this.#announce(instrument, false)
    return true
  }

  /** Takes a symbol off the list, or puts it back: without it REST answers "Invalid symbol" and streams are silent. */
  setListed(market: MarketKind, symbol: string, isListed: boolean): boolean {
    const instrument = this.#reached(this.#bySymbol.get(`${market}/${symbol}`) ?? null)
    if (instrument === null) return false
    instrument.isDelisted = !isListed
    return this.setStatus(market, symbol, isListed ? 'TRADING' : market === 'spot' ? 'BREAK' : 'SETTLING')
  }

  /** Update ids of a symbol begin again with smaller ones; its book, trades and candles go on. */
  restartUpdateIds(market: MarketKind, symbol: string): boolean {
    return this.#reached(this.#bySymbol.get(`${market}/${symbol}`) ?? null)?.restartUpdateIds() ?? false
  }

  /** Ids of executions and aggregates of a symbol begin again with smaller ones; its book goes on. */
  restartTradeIds(market: MarketKind, symbol: string): boolean {
    return this.#reached(this.#bySymbol.get(`${market}/${symbol}`) ?? null)?.restartTradeIds() ?? false
  }

  #nowUs(): number {
    if (this.#stoppedUs !== null) return this.#stoppedUs
    if (this.#startMonotonicMs === null) return this.#startUs
    return this.#startUs + (this.#clock.monotonicMs() - this.#startMonotonicMs) * this.#speed * 1000
  }

  #scheduleTurn(): void {
    const nextUs = this.#nextQuantumUs()
    const waitMs = (nextUs - this.#nowUs()) / 1000 / this.#speed
    this.#timer = this.#clock.setTimer(() => this.#turn(), Math.max(0, waitMs))
  }

  #nextQuantumUs(): number {
    return (Math.floor(this.#processedUs / QUANTUM_US) + 1) * QUANTUM_US
  }

  #turn(): void {
    // Half a microsecond of tolerance: the monotonic clock counts in fractions.
    const targetUs = this.#nowUs() + 0.5
    for (let quanta = 0; quanta < QUANTA_PER_TURN_MAX && this.#nextQuantumUs() <= targetUs; quanta++) {
      this.#runQuantum(this.#nextQuantumUs())
      if (this.#timer === null) return
    }
    if (++this.#turns % WARM_EVERY_TURNS === 0) this.#warmOne()
    this.#scheduleTurn()
  }

  #runQuantum(endUs: number): void {
    const instruments = this.#instruments
    for (let index = 0; index < instruments.length; index++) {
      const instrument = instruments[index]!
      if (instrument.nextDueUs <= endUs) instrument.advanceTo(endUs)
    }
    this.#processedUs = endUs
    for (let timer = this.#dueTimer(endUs); timer !== null; timer = this.#dueTimer(endUs)) timer.fire()
  }

  #dueTimer(endUs: number): MarketTimer | null {
    let next: MarketTimer | null = null
    for (const timer of this.#timers) {
      if (timer.dueUs <= endUs && (next === null || timer.dueUs < next.dueUs)) next = timer
    }
    return next
  }

  /** Makes warm-up history ahead of need, one symbol at a time. */
  #warmOne(): void {
    const instrument = this.#instruments[this.#nextToWarm]
    if (instrument === undefined) return
    this.#nextToWarm++
    instrument.bars.warm()
  }

  /** Brings an instrument that had nothing to do to the present. */
  #reached(instrument: Instrument | null): Instrument | null {
    instrument?.advanceTo(this.#processedUs)
    return instrument
  }

  #makeInstruments(options: SimMarketOptions, random: Random): readonly Instrument[] {
    const flow = { ...MARKET_PRESETS[options.preset ?? 'normal'], ...options.flow }
    const specs = this.#specs(options)
    const futuresCount = specs.filter(({ market }) => market === 'futures').length
    let lane = 0
    return specs.map(
      (spec) =>
        new Instrument({
          spec,
          random: random.split(`${spec.market}/${spec.symbol}`),
          fairRandom: random.split(`fair/${spec.base}${spec.quote === 'USD' ? 'USDT' : spec.quote}`),
          flow,
          startUs: this.#startUs,
          warmupMinutes: Math.max(1, options.warmupBars ?? 1500),
          journalSize: Math.min(262_144, Math.max(4096, 2 ** Math.floor(Math.log2(JOURNAL_TOTAL / specs.length)))),
          tradesKept: options.tradesKept ?? 50_000,
          minutesKept: Math.max(MINUTES_KEPT, (options.warmupBars ?? 1500) * 2),
          idLane: spec.market === 'futures' ? lane++ : 0,
          idLanes: futuresCount,
        }),
    )
  }

  #specs(options: SimMarketOptions): SymbolSpec[] {
    const given = (options.symbols ?? DEFAULT_SYMBOLS).map((input) =>
      typeof input === 'string' ? { symbol: input } : input,
    )
    const hasExtras = options.extras ?? true
    const names = new Set(given.map(({ symbol }) => symbol))
    if (names.size !== given.length) throw new SimOptionError(['symbols: a symbol is listed twice'])
    const inputs = [...given, ...(hasExtras ? EXTRA_SYMBOLS.filter(({ symbol }) => !names.has(symbol)) : [])]
    const specs = this.markets.flatMap((market) =>
      inputs.map((input) => resolveSymbol(input, market)).filter((spec) => spec !== null),
    )
    if (hasExtras && this.markets.includes('futures')) specs.push(coinMarginedSpec())
    return specs
  }

  #viewOf(market: MarketKind): MarketView {
    const all = this.#instruments.filter(({ spec }) => spec.market === market)
    const processed = (): number => this.#processedUs
    return {
      get instruments() {
        return all.filter(({ isTrading }) => isTrading)
      },
      get nowUs() {
        return processed()
      },
      addTimer: (timer) => {
        this.#timers.push(timer)
      },
      removeTimer: (timer) => {
        const index = this.#timers.indexOf(timer)
        if (index >= 0) this.#timers.splice(index, 1)
      },
      onContractInfo: (listener) => {
        this.#contractListeners.add(listener)
        return () => this.#contractListeners.delete(listener)
      },
    }
  }

  #restView(market: MarketKind): RestView {
    const all = this.#instruments.filter(({ spec, isDelisted }) => spec.market === market && !isDelisted)
    const find = (symbol: string): Instrument | null => this.#bySymbol.get(`${market}/${symbol}`) ?? null
    return {
      market,
      listed: all.filter(({ spec }) => spec.contractClass === 1),
      coinMargined: all.filter(({ spec }) => spec.contractClass === 2),
      find: (symbol) => (find(symbol)?.isDelisted === true ? null : find(symbol)),
      nowUs: this.#processedUs,
      wallUs: Math.floor(this.#nowUs()),
      rateLimits: this.#rateLimits,
    }
  }

  #oracleView(): ConstructorParameters<typeof SimOracle>[0] {
    const processed = (): number => this.#processedUs
    return {
      get nowUs() {
        return processed()
      },
      instruments: this.#instruments,
      find: (symbol, market) => this.#reached(this.#bySymbol.get(`${market}/${symbol}`) ?? null),
    }
  }

  /** From time to time a contract gets new leverage brackets. */
  #contractInfoTimer(): MarketTimer {
    const perpetuals = this.#instruments.filter(({ futures, isTrading }) => futures !== null && isTrading)
    let turn = 0
    const timer: MarketTimer = {
      dueUs: this.#startUs + CONTRACT_INFO_US / 5,
      fire: () => {
        timer.dueUs += CONTRACT_INFO_US
        const instrument = perpetuals[turn++ % Math.max(1, perpetuals.length)]
        if (instrument !== undefined) this.#announce(instrument, true)
      },
    }
    return timer
  }

  #announce(instrument: Instrument, hasNewBrackets: boolean): void {
    if (instrument.futures === null) return
    for (const listener of this.#contractListeners) listener(instrument, hasNewBrackets)
  }
}
