/**
 * One symbol on one market: its book, executions, candles and history, advanced through venue time event by event.
 *
 * What happens depends on the seed, the symbol and the start time alone: not on how often `advanceTo` is called, nor
 * on other symbols, nor on who watches. Streams hang on as timers and watchers, which may read everything and change
 * nothing.
 *
 * Times are whole microseconds of venue time, so that no two operations share a stamp and both time units print
 * exactly.
 */
import type { Random } from '../../runtime/random.js'
import type { BookListener, RestingOrder } from '../match/index.js'
import { MatchingBook, Side } from '../match/index.js'
import { AggregateRun } from './aggregate-run.js'
import { ChangeJournal, levelKey } from './change-journal.js'
import { FairPrice } from './fair-price.js'
import { FuturesState } from './futures-state.js'
import { HistoryDigest } from './history-digest.js'
import { InstrumentText, tradeValue } from './instrument-text.js'
import { MINUTE_MS } from './intervals.js'
import { MinuteBars } from './minute-bars.js'
import { OrderFlow } from './order-flow.js'
import type { FlowParameters } from './presets.js'
import type { SymbolSpec, SymbolStatus } from './symbols.js'
import { TradeKind, TradeLog, type TradeRecord } from './trade-log.js'
import { TradeNumbers } from './trade-numbers.js'
import { UpdateIds } from './update-ids.js'
import { WarmHistory } from './warm-history.js'

/** Something due at fixed times, such as a diff every 100 ms. */
export interface StreamTimer {
  dueUs: number
  /** Called with the book as of `dueUs`; must move `dueUs` on. */
  fire(): void
}

/** Called after each operation that changed the book or executed something. */
export type OperationWatcher = () => void

export interface InstrumentOptions {
  readonly spec: SymbolSpec
  readonly random: Random
  /** Random stream of the underlying, shared by name with the other market. */
  readonly fairRandom: Random
  readonly flow: FlowParameters
  readonly startUs: number
  readonly warmupMinutes: number
  readonly journalSize: number
  readonly tradesKept: number
  readonly minutesKept: number
  /** Position among the futures symbols and their number: they share one counter of update ids. */
  readonly idLane: number
  readonly idLanes: number
}

/** Median notional of orders, in quote currency. */
const MAKER_NOTIONAL = 900
const TAKER_NOTIONAL = 260
/** Bursts and orders with several fills make live trading so much denser than the base rate of takers (24 h runs). */
const WARM_TRADES_PER_TAKER = 4
const WARM_TRADES_PER_MINUTE_MAX = 2500
/** Mean size of a live fill over the median order of a taker, likewise. */
const WARM_SIZE = 1.7
export const AGGREGATION_US = 100_000

export class Instrument implements BookListener {
  readonly spec: SymbolSpec
  readonly text: InstrumentText
  readonly book: MatchingBook
  readonly journal: ChangeJournal
  readonly trades: TradeLog
  /** Executions are counted without a break inside; these are the ids that clients read. */
  readonly numbers: TradeNumbers = new TradeNumbers()
  readonly bars: MinuteBars
  readonly warm: () => WarmHistory
  readonly digest: HistoryDigest = new HistoryDigest()
  /** Funding, mark price and liquidations; `null` on spot. */
  readonly futures: FuturesState | null
  readonly startUs: number
  /** Beginning of all history, epoch ms: when the symbol was listed. */
  readonly onboardMs: number
  /** First live trade id; smaller ones belong to the warm-up. */
  readonly firstTradeId: number
  readonly firstAggregateId: number
  /** Offset of this symbol's stream cadences, so that not all symbols send at once. */
  readonly phaseUs: number

  status: SymbolStatus
  /** Off the list: REST does not know it any more. Its history stays true. */
  isDelisted = false
  /** When the next operation, sample or stream timer is due; the market skips the instrument until then. */
  nextDueUs: number
  /** The time everything has been carried out up to. */
  nowUs: number
  lastChangeUs: number
  lastTradeUs: number
  /** First trade id of the operation in progress or just done. */
  operationFirstTradeId: number

  readonly #flow: OrderFlow
  readonly #fair: FairPrice
  readonly #timers: StreamTimer[] = []
  #watchers: readonly OperationWatcher[] = []
  readonly #updateIds: UpdateIds
  readonly #aggregates: AggregateRun
  #operationUs: number
  #isRecording = false
  #hasChanged = false
  #operation = 0

  constructor(options: InstrumentOptions) {
    const { spec, random, startUs, flow } = options
    this.spec = spec
    this.startUs = startUs
    this.onboardMs = (Math.floor(startUs / 1000 / MINUTE_MS) - options.warmupMinutes) * MINUTE_MS
    this.status = spec.status
    this.text = new InstrumentText(spec)
    const numbers = random.split('numbers')
    this.phaseUs = numbers.int(0, 99) * 1000
    const isSpot = spec.market === 'spot'
    this.#updateIds = new UpdateIds({
      market: spec.market,
      startUs,
      spotOffset: isSpot ? numbers.int(0, 1_000_000_000) : 0,
      lane: options.idLane,
      lanes: options.idLanes,
    })
    const firstTradeId = 5_000_000_000 + numbers.int(0, 900_000_000)
    this.firstAggregateId = 3_000_000_000 + numbers.int(0, 500_000_000)
    this.#aggregates = new AggregateRun(this.firstAggregateId)
    this.firstTradeId = firstTradeId
    this.trades = new TradeLog(firstTradeId, options.tradesKept)
    this.operationFirstTradeId = firstTradeId
    this.journal = new ChangeJournal(options.journalSize)
    this.#operationUs = startUs
    this.lastChangeUs = startUs
    this.lastTradeUs = startUs

    const tick = spec.tickUnits / 10 ** spec.priceScale
    const lot = spec.contractClass === 2 ? 100 / spec.startPrice : spec.lotUnits / 10 ** spec.qtyScale
    this.#fair = new FairPrice(options.fairRandom, spec.startPrice, startUs, flow, spec.volatility)
    this.futures = isSpot ? null : new FuturesState(this, random.split('futures'), tick)
    const takerLots = Math.max(1, TAKER_NOTIONAL / spec.startPrice / lot)
    this.book = new MatchingBook(this)
    this.#flow = new OrderFlow({
      book: this.book,
      random: random.split('flow'),
      flow,
      activity: spec.activity,
      emptySidesPerHour: spec.emptySidesPerHour,
      makerLots: Math.max(1, MAKER_NOTIONAL / spec.startPrice / lot),
      takerLots,
      startUs,
      fairTicks: (timeUs) => (this.#fair.at(timeUs) * (1 + (this.futures?.basis ?? 0))) / tick,
      activityFactor: () => this.#fair.activityFactor,
    })
    this.#flow.seed(startUs)
    this.#isRecording = true

    const tradesPerMinute = flow.operationsPerSecond * flow.takerShare * spec.activity * 60
    const startTicks = Math.max(1, Math.round(spec.startPrice / tick))
    let warm: WarmHistory | null = null
    this.warm = () => {
      warm ??= new WarmHistory({
        random: random.split('warm'),
        walkRandom: options.fairRandom,
        startUs,
        startPrice: startTicks,
        minutes: options.warmupMinutes,
        tradesPerMinute: Math.min(WARM_TRADES_PER_MINUTE_MAX, tradesPerMinute * WARM_TRADES_PER_TAKER),
        medianLots: Math.max(1, takerLots * WARM_SIZE),
        volatilityPerMinute: flow.volatilityPerSecond * spec.volatility * Math.sqrt(60),
        endTradeId: firstTradeId,
        endAggregateId: this.firstAggregateId,
        valueOf: (price, lots) => tradeValue(spec, price, lots),
      })
      return warm
    }
    this.bars = new MinuteBars(startUs, startTicks, options.minutesKept, () => this.warm().rows())
    this.nextDueUs = 0
    this.nowUs = startUs
    this.#schedule()
  }

  /** Update id of the newest change of the book, and of the book as it was at the start. */
  get lastUpdateId(): number {
    return this.#updateIds.lastId
  }

  get firstUpdateId(): number {
    return this.#updateIds.firstId
  }

  get isTrading(): boolean {
    return this.status === 'TRADING'
  }

  /** Fair price of the underlying, quote per base; times must not go back. */
  fairPrice(timeUs: number): number {
    return this.#fair.at(timeUs)
  }

  /** Start of the aggregation window of an execution (futures). */
  aggregationBucket(timeUs: number): number {
    return Math.floor((timeUs - this.phaseUs) / AGGREGATION_US)
  }

  /** Last price in ticks. */
  get lastPrice(): number {
    return this.bars.current.close
  }

  /** The last execution, be it live or of the warm-up; `null` if there never was one. */
  lastTrade(): TradeRecord | null {
    const { trades } = this
    for (let id = trades.endId - 1; id >= trades.beginId; id--) {
      if (trades.kind(id) === TradeKind.MARKET) return trades.record(id)
    }
    const warm = this.warm()
    const minute = warm.minuteOf(trades.beginId - 1)
    return minute === null ? null : (warm.trades(minute).at(-1) ?? null)
  }

  /** Carries out everything due up to and including `timeUs`. */
  advanceTo(timeUs: number): void {
    for (;;) {
      const operationUs = this.isTrading ? this.#flow.nextUs : Number.POSITIVE_INFINITY
      const sampleUs = this.#nextSampleUs()
      const timer = this.#nextTimer()
      const timerUs = timer?.dueUs ?? Number.POSITIVE_INFINITY
      const dueUs = Math.min(operationUs, sampleUs, timerUs)
      if (dueUs > timeUs) {
        this.nextDueUs = dueUs
        this.nowUs = Math.max(this.nowUs, timeUs)
        return
      }
      this.nowUs = dueUs
      // At equal times what happens comes before what is shown.
      if (operationUs === dueUs) {
        this.#begin(operationUs)
        this.#flow.step()
        this.#finish()
      } else if (sampleUs === dueUs) this.futures!.sample(sampleUs)
      else timer!.fire()
    }
  }

  /** Runs `action` as one operation at `timeUs`, e.g. a forced order. */
  operate(timeUs: number, action: () => void): void {
    this.#begin(timeUs)
    action()
    this.#finish()
  }

  /** An execution outside the book: it has a trade id but no part in aggregates, candles or statistics. */
  recordOffBook(timeUs: number, price: number, lots: number, isBuyerMaker: boolean, kind: TradeKind): void {
    this.#aggregates.end()
    this.trades.push(price, lots, timeUs, isBuyerMaker, -1, kind)
    this.digest.add(2, price, lots, timeUs - this.startUs)
    this.#hasChanged = true
    this.lastTradeUs = timeUs
  }

  setStatus(status: SymbolStatus, timeUs: number): void {
    const wasTrading = this.isTrading
    this.status = status
    if (!wasTrading && this.isTrading) {
      this.#flow.resumeAt(timeUs)
      this.futures?.resumeAt(timeUs)
    }
    this.#schedule()
  }

  /**
   * Update ids begin again below all that were given: what a venue that lost its counter looks like. Executions keep
   * their numbers. `false` when there are no smaller ids left.
   */
  restartUpdateIds(): boolean {
    if (!this.#updateIds.restart()) return false
    this.journal.beginEpoch(this.lastUpdateId)
    return true
  }

  /**
   * Ids of executions and aggregates begin again below all that were given, in streams, candles and REST alike; the
   * book keeps its ids. `false` when there are no smaller ids left.
   */
  restartTradeIds(): boolean {
    if (!this.numbers.restart(this.trades.endId, this.#aggregates.nextId)) return false
    // No aggregate reaches over the beginning.
    this.#aggregates.end()
    return true
  }

  addTimer(timer: StreamTimer): void {
    this.#timers.push(timer)
    this.#schedule()
  }

  removeTimer(timer: StreamTimer): void {
    const index = this.#timers.indexOf(timer)
    if (index >= 0) this.#timers.splice(index, 1)
    this.#schedule()
  }

  /** Watchers are replaced, not changed, so that one may leave while all are being called. */
  addWatcher(watcher: OperationWatcher): void {
    this.#watchers = [...this.#watchers, watcher]
  }

  removeWatcher(watcher: OperationWatcher): void {
    this.#watchers = this.#watchers.filter((other) => other !== watcher)
  }

  onLevel(side: Side, price: number, oldLots: number, newLots: number): void {
    if (!this.#isRecording) return
    const timeUs = this.#operationUs
    const id = this.#updateIds.next(timeUs)
    this.lastChangeUs = timeUs
    this.#hasChanged = true
    this.journal.push(id, timeUs, levelKey(side, price), oldLots)
    this.digest.add(side, price, newLots, timeUs - this.startUs)
  }

  onTrade(maker: RestingOrder, takerSide: Side, price: number, lots: number): void {
    const timeUs = this.#operationUs
    const isBuyerMaker = maker.side === Side.BUY
    const aggregateId = this.#aggregates.idOf(price, isBuyerMaker, this.#aggregationGroup(timeUs))
    const id = this.trades.push(price, lots, timeUs, isBuyerMaker, aggregateId, TradeKind.MARKET)
    const value = tradeValue(this.spec, price, lots)
    this.bars.addTrade(timeUs, id, price, lots, value, takerSide === Side.BUY)
    this.digest.add(3, price, lots, timeUs - this.startUs)
    this.lastTradeUs = timeUs
    this.#hasChanged = true
    this.futures?.onTrade(takerSide, price, lots)
  }

  onRemoved(order: RestingOrder): void {
    this.#flow.forget(order)
  }

  #begin(timeUs: number): void {
    this.#operationUs = timeUs
    this.#operation++
    this.#hasChanged = false
    this.operationFirstTradeId = this.trades.endId
  }

  #finish(): void {
    if (!this.#hasChanged || this.#watchers.length === 0) return
    for (const watcher of this.#watchers) watcher()
  }

  /** What joins executions into aggregates: the taker order on spot, the time window on futures. */
  #aggregationGroup(timeUs: number): number {
    return this.spec.market === 'spot' ? this.#operation : this.aggregationBucket(timeUs)
  }

  #nextTimer(): StreamTimer | null {
    const timers = this.#timers
    let next: StreamTimer | null = null
    for (let index = 0; index < timers.length; index++) {
      const timer = timers[index]!
      if (next === null || timer.dueUs < next.dueUs) next = timer
    }
    return next
  }

  #nextSampleUs(): number {
    return this.futures !== null && this.isTrading ? this.futures.nextSampleUs : Number.POSITIVE_INFINITY
  }

  #schedule(): void {
    this.nextDueUs = Math.min(
      this.isTrading ? this.#flow.nextUs : Number.POSITIVE_INFINITY,
      this.#nextSampleUs(),
      this.#nextTimer()?.dueUs ?? Number.POSITIVE_INFINITY,
    )
  }
}
