/**
 * Reads the captured exchange data beside the project: the frames as recorded and the truth computed from
 * them independently. Format: `captures/README.md` of that data.
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** Every recording, without folder and ending. */
export const CAPTURES: readonly string[] = [
  'binance-spot-btcusdt-20240808',
  'binance-usdm-btcusdt-20240808',
  'binance-usdm-ethusdt-20240808',
  'binance-coinm-btcusd_perp-20240808',
  'binance-spot-4sym-20211012',
  'binance-usdm-4sym-20210722',
  'binanceus-spot-4sym-20211012',
  'binancetr-spot-4sym-20230410',
]

export interface CaptureRecord {
  readonly recv_ns: string
  readonly kind: 'ws' | 'rest' | 'connect'
  readonly stream?: string
  readonly url?: string
  readonly raw?: string
}

export function readCapture(path: string): CaptureRecord[] {
  return gunzipSync(readFileSync(path))
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as CaptureRecord)
}

/** Sum of decimals without rounding: the numbers are written shortest, which is the venue's decimal again. */
export function exactSum(values: Iterable<number>, places = 12): string {
  let sum = 0n
  for (const value of values) sum += scaled(value, places)
  return unscaled(sum, places)
}

/** Product sum (price times qty) without rounding. */
export function exactProductSum(pairs: Iterable<readonly [number, number]>, places = 12): string {
  let sum = 0n
  for (const [a, b] of pairs) sum += scaled(a, places) * scaled(b, places)
  return unscaled(sum, 2 * places)
}

function scaled(value: number, places: number): bigint {
  const text = value.toString().includes('e') ? value.toFixed(places) : value.toString()
  const [whole = '0', fraction = ''] = text.split('.')
  if (fraction.length > places) throw new Error(`${text} has more than ${places} decimals`)
  return BigInt(whole + fraction.padEnd(places, '0'))
}

function unscaled(sum: bigint, places: number): string {
  const digits = sum.toString().padStart(places + 1, '0')
  const text = `${digits.slice(0, -places)}.${digits.slice(-places)}`
  return text.replace(/\.?0+$/, '')
}

/** The parts of a truth file that the tests compare with. */
export interface CaptureTruth {
  readonly ws_by_stream: Readonly<Record<string, number>>
  readonly symbols: Readonly<Record<string, SymbolTruth>>
}

export interface SymbolTruth {
  readonly bookTicker?: {
    readonly count: number
    readonly last: {
      readonly u: number
      readonly b: string
      readonly B: string
      readonly a: string
      readonly A: string
    }
  }
  readonly trade?: TradeTruth
  readonly aggTrade?: TradeTruth
  readonly kline?: { readonly updates: number; readonly closed: readonly KlineTruth[] }
}

export interface TradeTruth {
  readonly count: number
  readonly first_id: number
  readonly last_id: number
  readonly sum_qty: string
  readonly sum_quote: string
  readonly buyer_is_maker: number
}

export interface KlineTruth {
  readonly t: number
  readonly T: number
  readonly E: number
  readonly n: number
  readonly o: string
  readonly h: string
  readonly l: string
  readonly c: string
  readonly v: string
  readonly q: string
  readonly V: string
  readonly Q: string
}

export function readTruth(path: string): CaptureTruth {
  return JSON.parse(readFileSync(path, 'utf8')) as CaptureTruth
}
