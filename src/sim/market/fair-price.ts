/**
 * The latent fair price of an underlying: a random walk with volatility regimes and jumps, which nobody sees but
 * everybody quotes around.
 *
 * It steps on a fixed grid of venue time from its own random stream, so two markets on the same underlying compute
 * the same path without talking to each other.
 */
import type { Random } from '../../runtime/random.js'
import type { FlowParameters } from './presets.js'

const STEP_US = 250_000
const STEP_S = STEP_US / 1e6
/** Volatility multiplier per regime and the mean time spent in it. */
const REGIMES = [
  { factor: 0.5, meanS: 600 },
  { factor: 1, meanS: 900 },
  { factor: 2.5, meanS: 120 },
] as const
/** Pull towards the start price, so that a run of months stays at prices the tick size suits. */
const REVERSION_PER_S = 2e-6

export class FairPrice {
  readonly #random: Random
  readonly #startLog: number
  readonly #sigma: number
  readonly #jumpChance: number
  readonly #jumpSize: number
  #log: number
  #regime = 1
  #price: number
  #nextStepUs: number

  constructor(random: Random, startPrice: number, startUs: number, flow: FlowParameters, volatility: number) {
    this.#random = random
    this.#startLog = Math.log(startPrice)
    this.#log = this.#startLog
    this.#price = startPrice
    this.#sigma = flow.volatilityPerSecond * volatility * Math.sqrt(STEP_S)
    this.#jumpChance = (flow.jumpsPerHour / 3600) * STEP_S
    this.#jumpSize = flow.jumpSize * Math.sqrt(volatility)
    this.#nextStepUs = startUs + STEP_US
  }

  /** Fair price at a time that never goes back, quote per base. */
  at(timeUs: number): number {
    if (timeUs < this.#nextStepUs) return this.#price
    while (timeUs >= this.#nextStepUs) {
      this.#step()
      this.#nextStepUs += STEP_US
    }
    this.#price = Math.exp(this.#log)
    return this.#price
  }

  /** Volatility now, relative to the middle regime. */
  get activityFactor(): number {
    return REGIMES[this.#regime]!.factor
  }

  #step(): void {
    const random = this.#random
    const regime = REGIMES[this.#regime]!
    if (random.chance(STEP_S / regime.meanS)) this.#regime = random.int(0, REGIMES.length - 1)
    this.#log += this.#sigma * regime.factor * random.normal() - (this.#log - this.#startLog) * REVERSION_PER_S * STEP_S
    if (random.chance(this.#jumpChance)) this.#log += this.#jumpSize * random.normal()
  }
}
