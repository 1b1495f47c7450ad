/**
 * What can be said about a configuration that may have wrong fields: the parts that are valid by themselves. Rules
 * between fields read it, so that all problems come at once instead of one after the other.
 */
import {
  type ParsedConfig,
  type ParsedConnection,
  SUBSCRIBE_FLAGS,
  type SubscribeFlag,
  validFields,
  validSection,
  validSymbol,
} from './schema.js'
import type { BookConfig, HealthConfig } from './types.js'

/** The parts of a configuration that are valid by themselves; `undefined` where a field is not. */
export interface ConfigView {
  readonly venue: ParsedConfig['venue'] | undefined
  readonly defaultKlineInterval: ParsedConfig['defaultKlineInterval'] | undefined
  /** Valid ones, with the index they have in the input. */
  readonly symbols: readonly { readonly symbol: string; readonly index: number }[]
  /** Symbols are given, right or wrong. */
  readonly hasSymbols: boolean
  readonly hasStreams: boolean
  readonly flags: Readonly<Partial<Record<SubscribeFlag, boolean>>>
  readonly orderbookDepth: ParsedConfig['orderbookDepth'] | undefined
  /** As written: each field is checked against its type and venue by `streams.ts`. */
  readonly streams: readonly Readonly<Record<string, unknown>>[]
  /** With defaults filled in; `connectionGiven` holds the names that were written. */
  readonly connection: Partial<ParsedConnection>
  readonly connectionGiven: ReadonlySet<string>
  readonly health: Partial<HealthConfig>
  readonly book: Partial<BookConfig>
}

/** Never fails: what cannot be read is left out. */
export function viewOf(input: unknown): ConfigView {
  const record = asRecord(input)
  const root = validFields(record)
  const symbols = Array.isArray(record['symbols']) ? record['symbols'] : []
  const streams = Array.isArray(record['streams']) ? record['streams'] : []
  return {
    venue: root.venue,
    defaultKlineInterval: root.defaultKlineInterval,
    symbols: symbols.flatMap((value: unknown, index) => {
      const symbol = validSymbol(value)
      return symbol === undefined ? [] : [{ symbol, index }]
    }),
    hasSymbols: !isAbsentOrEmpty(record['symbols']),
    hasStreams: !isAbsentOrEmpty(record['streams']),
    flags: Object.fromEntries(SUBSCRIBE_FLAGS.map((name) => [name, root[name] ?? false])),
    orderbookDepth: root.orderbookDepth,
    streams: streams.map(asRecord),
    connection: validSection('connection', asRecord(record['connection'])),
    connectionGiven: new Set(Object.keys(asRecord(record['connection']))),
    health: validSection('health', asRecord(record['health'])),
    book: validSection('book', asRecord(record['book'])),
  }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

function isAbsentOrEmpty(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0)
}
