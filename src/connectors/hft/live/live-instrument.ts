/** One instrument of a bot: its name, its grid, and the connector that delivers it. */
import type { HftConnectorKind } from '../native/types.js'
import { LiveClientError } from './errors.js'

export interface LiveInstrumentOptions {
  /** Smallest price step. */
  readonly tickSize: number
  /** Smallest quantity step. */
  readonly lotSize: number
  /** Name the connector process was started with. Default: the kind. */
  readonly connector?: string
  /** Program behind it. Default `binancefutures`. */
  readonly kind?: HftConnectorKind
  /** Trades to make room for at once; 0 collects none. It bounds nothing: trades stay until cleared. Default 1000. */
  readonly lastTradesCapacity?: number
  /** Lowest price an ROI book keeps. */
  readonly roiLb?: number | null
  /** Highest price an ROI book keeps. */
  readonly roiUb?: number | null
}

export class LiveInstrument {
  /** As given; the connection spells it as the connector needs. */
  readonly symbol: string
  readonly tickSize: number
  readonly lotSize: number
  readonly connector: string
  readonly kind: HftConnectorKind
  readonly lastTradesCapacity: number
  readonly roiLb: number | null
  readonly roiUb: number | null

  /** Throws `LIVE_OPTION_INVALID` naming the option. */
  constructor(symbol: string, options: LiveInstrumentOptions) {
    this.symbol = symbol
    this.tickSize = options.tickSize
    this.lotSize = options.lotSize
    this.kind = options.kind ?? 'binancefutures'
    this.connector = options.connector ?? this.kind
    this.lastTradesCapacity = options.lastTradesCapacity ?? 1000
    this.roiLb = options.roiLb ?? null
    this.roiUb = options.roiUb ?? null
    this.#check()
  }

  static builder(): LiveInstrumentBuilder {
    return new LiveInstrumentBuilder()
  }

  #check(): void {
    if (this.symbol.trim() === '') refuse('symbol', this.symbol, 'must not be empty')
    if (this.connector.trim() === '') refuse('connector', this.connector, 'must not be empty')
    if (!(this.tickSize > 0 && Number.isFinite(this.tickSize))) refuse('tickSize', this.tickSize, 'must be above 0')
    if (!(this.lotSize > 0 && Number.isFinite(this.lotSize))) refuse('lotSize', this.lotSize, 'must be above 0')
    if (!(Number.isSafeInteger(this.lastTradesCapacity) && this.lastTradesCapacity >= 0)) {
      refuse('lastTradesCapacity', this.lastTradesCapacity, 'must be a whole number from 0')
    }
    if ((this.roiLb === null) !== (this.roiUb === null)) refuse('roiLb', this.roiLb, 'and roiUb go together')
    if (this.roiLb === null || this.roiUb === null) return
    if (!(this.roiLb >= 0 && this.roiLb < this.roiUb && Number.isFinite(this.roiUb))) {
      refuse('roiLb', this.roiLb, `must be from 0 and below roiUb, which is ${this.roiUb}`)
    }
  }
}

/** The same, one value at a time. */
export class LiveInstrumentBuilder {
  #symbol = ''
  readonly #options: { -readonly [Name in keyof LiveInstrumentOptions]: LiveInstrumentOptions[Name] } = {
    tickSize: 0,
    lotSize: 0,
  }

  symbol(symbol: string): this {
    this.#symbol = symbol
    return this
  }

  connector(name: string): this {
    this.#options.connector = name
    return this
  }

  kind(kind: HftConnectorKind): this {
    this.#options.kind = kind
    return this
  }

  tickSize(step: number): this {
    this.#options.tickSize = step
    return this
  }

  lotSize(step: number): this {
    this.#options.lotSize = step
    return this
  }

  lastTradesCapacity(count: number): this {
    this.#options.lastTradesCapacity = count
    return this
  }

  roiLb(price: number): this {
    this.#options.roiLb = price
    return this
  }

  roiUb(price: number): this {
    this.#options.roiUb = price
    return this
  }

  /** Throws `LIVE_OPTION_INVALID` for what is missing or wrong. */
  build(): LiveInstrument {
    return new LiveInstrument(this.#symbol, this.#options)
  }
}

function refuse(option: string, value: unknown, rule: string): never {
  throw new LiveClientError('LIVE_OPTION_INVALID', `LiveInstrument ${option} ${rule}; it is ${String(value)}`, {
    isTerminal: true,
  })
}
