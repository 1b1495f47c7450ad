/** One REST call: its parameters, and replies in the venue's shape. */
import type { MarketKind } from '../../../types/venue.js'
import type { RestReply } from '../../market-source.js'
import type { Instrument } from '../instrument.js'
import type { Stamps } from '../payload/stamps.js'

/** The market as REST sees it. */
export interface RestView {
  readonly market: MarketKind
  /** All listed instruments, also those that do not trade; COIN-M contracts are not among them. */
  readonly listed: readonly Instrument[]
  /** COIN-M contracts, which a few futures replies include. */
  readonly coinMargined: readonly Instrument[]
  find(symbol: string): Instrument | null
  /** Venue time everything has happened up to; a few ms behind the venue's clock. */
  readonly nowUs: number
  /** The venue's clock. */
  readonly wallUs: number
  readonly rateLimits: RateLimits
}

/** Limits as told in `exchangeInfo`; the server enforces them. */
export interface RateLimits {
  readonly spotWeightPerMinute: number
  readonly futuresWeightPerMinute: number
  readonly rawRequestsPer5Minutes: number
}

export class RestError extends Error {
  readonly status: number
  readonly code: number
  /** Weight of the refused call where it differs from that of a good one. */
  readonly weight: number | null

  constructor(code: number, message: string, status = 400, weight: number | null = null) {
    super(message)
    this.status = status
    this.code = code
    this.weight = weight
  }
}

export function reply(body: string, weight: number): RestReply {
  return { status: 200, body, weight }
}

export function errorReply(status: number, code: number, message: string, weight: number): RestReply {
  return { status, body: JSON.stringify({ code, msg: message }), weight }
}

export class RestRequest {
  readonly view: RestView
  readonly stamps: Stamps
  readonly #params: URLSearchParams
  /** Symbols in any letter case. */
  readonly #anyCase: boolean

  constructor(view: RestView, params: URLSearchParams, stamps: Stamps, anyCase: boolean) {
    this.view = view
    this.stamps = stamps
    this.#params = params
    this.#anyCase = anyCase
  }

  get isSpot(): boolean {
    return this.view.market === 'spot'
  }

  text(name: string): string | null {
    const value = this.#params.get(name)
    return value === null || value === '' ? null : value
  }

  mandatory(name: string): string {
    const value = this.text(name)
    if (value === null) {
      throw new RestError(-1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`)
    }
    return value
  }

  /** A whole number, `null` when absent. Throws `-1100` for anything else. */
  integer(name: string): number | null {
    const value = this.text(name)
    if (value === null) return null
    if (!/^\d{1,20}$/.test(value)) {
      throw new RestError(-1100, `Illegal characters found in parameter '${name}'; legal range is '^[0-9]{1,20}$'.`)
    }
    return Number(value)
  }

  /** A time in ms or us as whole microseconds. */
  timeUs(name: string): number | null {
    const value = this.integer(name)
    // The venue takes either unit and tells them apart by size.
    return value === null ? null : value > 1e14 ? value : value * 1000
  }

  /** `limit` from 1 to `max`; futures refuses larger ones, spot cuts them. */
  limit(defaultLimit: number, max: number): number {
    const value = this.integer('limit')
    if (value === null) return defaultLimit
    if (value < 1 || (value > max && !this.isSpot)) {
      throw new RestError(-1130, "Data sent for parameter 'limit' is not valid.")
    }
    return Math.min(value, max)
  }

  instrument(): Instrument {
    return this.find(this.mandatory('symbol'))
  }

  find(symbol: string): Instrument {
    const instrument = this.view.find(this.#anyCase ? upperAscii(symbol) : symbol)
    if (instrument === null) throw new RestError(-1121, 'Invalid symbol.')
    return instrument
  }

  /** `symbol`, or `symbols` (spot), or `null` for all. `isOne` decides between an object and an array. */
  selection(): { readonly instruments: readonly Instrument[]; readonly isOne: boolean } | null {
    const symbol = this.text('symbol')
    const symbols = this.isSpot ? this.text('symbols') : null
    if (symbol !== null && symbols !== null) {
      throw new RestError(-1128, "Combination of optional parameters invalid. Send either 'symbol' or 'symbols'.")
    }
    if (symbol !== null) return { instruments: [this.find(symbol)], isOne: true }
    if (symbols === null) return null
    return { instruments: parseNames(symbols, 'symbols').map((name) => this.find(name)), isOne: false }
  }
}

/** A JSON array of strings. */
export function parseNames(text: string, parameter: string): string[] {
  let names: unknown
  try {
    names = JSON.parse(text)
  } catch {
    names = null
  }
  if (!Array.isArray(names) || names.length === 0 || names.some((name) => typeof name !== 'string')) {
    throw new RestError(-1100, `Illegal characters found in parameter '${parameter}'; legal range is a JSON array.`)
  }
  return names as string[]
}

export function upperAscii(text: string): string {
  return text.replace(/[a-z]/g, (letter) => letter.toUpperCase())
}
