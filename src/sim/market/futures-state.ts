/**
 * What a futures contract has beyond its book: index and mark price, funding, open interest, and leveraged positions
 * that get liquidated. Sampled once per whole second of venue time.
 *
 * Index, mark and rates are whole numbers of 10^-8.
 */
import type { Random } from '../../runtime/random.js'
import { Side, TimeInForce } from '../match/index.js'
import type { Instrument } from './instrument.js'
import { intervalOpen } from './intervals.js'
import { ReferenceBars } from './reference-bars.js'
import { TradeKind } from './trade-log.js'

const SECOND_US = 1_000_000
export const REFERENCE_SCALE = 8
const UNIT = 10 ** REFERENCE_SCALE
const YEAR_MS = 31_557_600_000
const HOUR_MS = 3_600_000
/** Interest part of the funding rate and the band in which the premium is damped, per 8 hours. */
const INTEREST = 1e-4
const DAMPING = 5e-4
/** Cap and floor of the funding rate. */
export const FUNDING_CAP = 0.02
const BASIS_MEAN = 1e-4
const BASIS_DEVIATION = 7e-4
const BASIS_MEMORY_S = 3600
const MARK_MEMORY_S = 30
const PREMIUM_MEMORY_S = 1800
const SETTLE_MEMORY_S = 3600
const POSITIONS_MAX = 160
const POSITION_CHANCE = 0.03
const MAINTENANCE = 0.004
const LEVERAGES = [10, 20, 25, 50, 50, 75, 100, 125] as const
const LIQUIDATIONS_PER_SAMPLE_MAX = 2
const SETTLED_MAX = 1000

export interface Settlement {
  /** A few ms after the hour, as at the venue. */
  readonly timeMs: number
  readonly rateUnits: number
  readonly markUnits: number
}

/** The order that closed a position by force. */
export interface ForcedOrder {
  readonly side: Side
  readonly lots: number
  /** Limit in ticks. */
  readonly price: number
  /** Sum of ticks times lots over the fills. */
  readonly filledValue: number
  readonly filledLots: number
  readonly lastLots: number
  readonly timeUs: number
}

interface Position {
  readonly side: Side
  readonly lots: number
  readonly liquidationUnits: number
}

export class FuturesState {
  readonly markBars: ReferenceBars
  readonly indexBars: ReferenceBars
  readonly #instrument: Instrument
  readonly #random: Random
  readonly #tickUnits: number
  readonly #positions: Position[] = []
  #basis: number
  #markBasis = 0
  #premium: number
  #indexUnits: number
  #markUnits: number
  #settleUnits: number
  #openInterestLots: number
  #nextFundingMs: number
  #settled: Settlement[] | null = null
  readonly #liveSettlements: Settlement[] = []
  #lastForced: ForcedOrder | null = null
  nextSampleUs: number

  constructor(instrument: Instrument, random: Random, tick: number) {
    const { spec, startUs } = instrument
    this.#instrument = instrument
    this.#random = random
    this.#tickUnits = tick * UNIT
    const isPerpetual = spec.contractType === 'PERPETUAL'
    this.#basis = isPerpetual ? BASIS_MEAN + BASIS_DEVIATION * random.normal() : this.#deliveryBasis(startUs)
    this.#premium = this.#basis
    this.#markBasis = this.#basis
    this.#indexUnits = Math.round(spec.startPrice * UNIT)
    this.#markUnits = Math.round(spec.startPrice * (1 + this.#basis) * UNIT)
    this.#settleUnits = this.#indexUnits
    this.#openInterestLots = Math.round(
      ((40_000_000 * spec.activity + 50_000) / spec.startPrice) * (10 ** spec.qtyScale / spec.lotUnits),
    )
    this.#nextFundingMs = this.#fundingAfter(startUs / 1000)
    this.nextSampleUs = Math.floor(startUs / SECOND_US) * SECOND_US + SECOND_US
    this.markBars = new ReferenceBars(startUs, this.#markUnits)
    this.indexBars = new ReferenceBars(startUs, this.#indexUnits)
  }

  /** Premium of the contract over the underlying that makers quote around, as a fraction. */
  get basis(): number {
    return this.#basis
  }

  get markUnits(): number {
    return this.#markUnits
  }

  get indexUnits(): number {
    return this.#indexUnits
  }

  /** Estimated settlement price: an average of the index. */
  get settleUnits(): number {
    return this.#settleUnits
  }

  get openInterestLots(): number {
    return this.#openInterestLots
  }

  get hasFunding(): boolean {
    return this.#instrument.spec.fundingIntervalHours > 0
  }

  /** Running estimate of the rate that applies at `nextFundingMs`. */
  get rateUnits(): number {
    return this.hasFunding ? Math.round(this.#rate() * UNIT) : 0
  }

  /** Epoch ms; 0 without funding. */
  get nextFundingMs(): number {
    return this.hasFunding ? this.#nextFundingMs : 0
  }

  /** The latest forced order. */
  get lastForced(): ForcedOrder | null {
    return this.#lastForced
  }

  /** Past settlements, oldest first, including some from before the start. */
  settlements(): readonly Settlement[] {
    if (!this.hasFunding) return []
    this.#settled ??= this.#settlementsBeforeStart()
    return [...this.#settled, ...this.#liveSettlements]
  }

  /** After a halt: no samples for the time in between. */
  resumeAt(timeUs: number): void {
    this.nextSampleUs = Math.floor(timeUs / SECOND_US) * SECOND_US + SECOND_US
    this.#nextFundingMs = this.#fundingAfter(timeUs / 1000)
  }

  onTrade(takerSide: Side, price: number, lots: number): void {
    const random = this.#random
    const change = Math.round(lots * (random.next() - 0.5))
    this.#openInterestLots = Math.max(1, this.#openInterestLots + change)
    if (!random.chance(POSITION_CHANCE)) return
    const leverage = LEVERAGES[random.int(0, LEVERAGES.length - 1)]!
    const room = 1 / leverage - MAINTENANCE
    const entryUnits = price * this.#tickUnits
    if (this.#positions.length >= POSITIONS_MAX) this.#positions.shift()
    this.#positions.push({
      side: takerSide,
      lots: Math.max(1, lots * random.int(1, 4)),
      liquidationUnits: entryUnits * (takerSide === Side.BUY ? 1 - room : 1 + room),
    })
  }

  /** Takes the readings of one second and does what follows from them. */
  sample(timeUs: number): void {
    this.nextSampleUs = timeUs + SECOND_US
    const instrument = this.#instrument
    const fair = instrument.fairPrice(timeUs)
    this.#stepBasis(timeUs)
    this.#indexUnits = Math.round(fair * UNIT)
    const contract = this.#contractUnits()
    const premium = contract / this.#indexUnits - 1
    this.#markBasis += (premium - this.#markBasis) / MARK_MEMORY_S
    this.#premium += (premium - this.#premium) / PREMIUM_MEMORY_S
    this.#markUnits = Math.round(this.#indexUnits * (1 + this.#markBasis))
    this.#settleUnits += Math.round((this.#indexUnits - this.#settleUnits) / SETTLE_MEMORY_S)
    this.markBars.add(timeUs, this.#markUnits)
    this.indexBars.add(timeUs, this.#indexUnits)
    if (this.hasFunding && timeUs / 1000 >= this.#nextFundingMs) this.#settle()
    this.#liquidate(timeUs)
    if (this.#random.chance(2e-5)) {
      instrument.operate(timeUs, () => instrument.recordOffBook(timeUs, 0, 0, false, TradeKind.NA))
    }
  }

  #contractUnits(): number {
    const { book } = this.#instrument
    const bid = book.bestPrice(Side.BUY)
    const ask = book.bestPrice(Side.SELL)
    if (bid === null || ask === null) return this.#indexUnits * (1 + this.#basis)
    return ((bid + ask) / 2) * this.#tickUnits
  }

  #stepBasis(timeUs: number): void {
    if (this.#instrument.spec.contractType !== 'PERPETUAL') {
      this.#basis = this.#deliveryBasis(timeUs)
      return
    }
    const pull = (BASIS_MEAN - this.#basis) / BASIS_MEMORY_S
    this.#basis += pull + BASIS_DEVIATION * Math.sqrt(2 / BASIS_MEMORY_S) * this.#random.normal()
  }

  /** Five percent a year until delivery. */
  #deliveryBasis(timeUs: number): number {
    return (0.05 * Math.max(0, this.#instrument.spec.deliveryMs - timeUs / 1000)) / YEAR_MS
  }

  #rate(): number {
    const damped = Math.max(-DAMPING, Math.min(DAMPING, INTEREST - this.#premium))
    const eightHours = Math.max(-FUNDING_CAP, Math.min(FUNDING_CAP, this.#premium + damped))
    return (eightHours * this.#instrument.spec.fundingIntervalHours) / 8
  }

  #settle(): void {
    this.#liveSettlements.push({
      timeMs: this.#nextFundingMs + this.#random.int(0, 12),
      rateUnits: this.rateUnits,
      markUnits: this.#markUnits,
    })
    if (this.#liveSettlements.length > SETTLED_MAX) this.#liveSettlements.shift()
    this.#nextFundingMs = this.#fundingAfter(this.#nextFundingMs)
  }

  /** First settlement later than `timeMs`, on the UTC grid of the contract. */
  #fundingAfter(timeMs: number): number {
    const length = this.#instrument.spec.fundingIntervalHours * HOUR_MS
    if (length === 0) return 0
    const day = intervalOpen('1d', timeMs)
    return day + (Math.floor((timeMs - day) / length) + 1) * length
  }

  #settlementsBeforeStart(): Settlement[] {
    const { spec, startUs } = this.#instrument
    const random = this.#random.split('settled')
    const length = spec.fundingIntervalHours * HOUR_MS
    const last = this.#fundingAfter(startUs / 1000) - length
    return Array.from({ length: 100 }, (_, index) => ({
      timeMs: last - (99 - index) * length + random.int(0, 12),
      rateUnits: Math.round((INTEREST + 5e-5 * random.normal()) * (spec.fundingIntervalHours / 8) * UNIT),
      markUnits: Math.round(spec.startPrice * (1 + 0.01 * random.normal()) * UNIT),
    }))
  }

  #liquidate(timeUs: number): void {
    const mark = this.#markUnits
    let done = 0
    for (let index = 0; index < this.#positions.length && done < LIQUIDATIONS_PER_SAMPLE_MAX; index++) {
      const position = this.#positions[index]!
      const isDue = position.side === Side.BUY ? mark <= position.liquidationUnits : mark >= position.liquidationUnits
      if (!isDue) continue
      this.#positions.splice(index, 1)
      index--
      done++
      this.#force(position, timeUs)
    }
  }

  #force(position: Position, timeUs: number): void {
    const instrument = this.#instrument
    const side = position.side === Side.BUY ? Side.SELL : Side.BUY
    const slack = 1 + (side === Side.SELL ? -1 : 1) * 0.01
    const price = Math.max(1, Math.round((this.#markUnits * slack) / this.#tickUnits))
    const { lots } = position
    instrument.operate(timeUs, () => {
      const result = instrument.book.submit({ side, price, lots, timeInForce: TimeInForce.IOC })
      const left = lots - result.filledLots
      const markTicks = Math.max(1, Math.round(this.#markUnits / this.#tickUnits))
      // What the book cannot take goes to the opposite positions; now and then the insurance fund steps in.
      if (left > 0) instrument.recordOffBook(timeUs, markTicks, left, side === Side.SELL, TradeKind.ADL)
      else if (this.#random.chance(0.02)) {
        instrument.recordOffBook(timeUs, markTicks, 1, side === Side.SELL, TradeKind.INSURANCE_FUND)
      }
      if (result.filledLots === 0) return
      this.#lastForced = {
        side,
        lots,
        price,
        filledValue: result.filledValue,
        filledLots: result.filledLots,
        lastLots: result.lastFilledLots,
        timeUs,
      }
    })
  }
}
