/**
 * What differs between the kinds of connector program: the venue behind it and the spelling of symbols.
 *
 * A connector keys its books by the literal symbol it was given, and Binance events arrive in lower case: a symbol
 * registered as `BTCUSDT` loses every depth record while its trades pass. So the spelling is not the caller's choice.
 */

import { ConnectorVenue, Venue } from '../../types/venue.js'
import { ConnectorError } from './errors.js'
import type { HftConnectorKind } from './native/types.js'

/** Kinds in the order of the documentation. */
export const HFT_CONNECTOR_KINDS: readonly HftConnectorKind[] = ['binancefutures', 'binancespot', 'bybit']

const VENUES: Readonly<Record<HftConnectorKind, Venue>> = {
  binancefutures: Venue.BINANCE_FUTURES,
  binancespot: Venue.BINANCE_SPOT,
  bybit: ConnectorVenue.BYBIT,
}

/** Venue named in payloads of this kind of connector. */
export function venueOfKind(kind: HftConnectorKind): Venue {
  return VENUES[kind]
}

/** `btcusdt` or `BTCUSDT`, as this kind of connector writes it. */
export function wireSymbol(kind: HftConnectorKind, symbol: string): string {
  return kind === 'bybit' ? symbol.toUpperCase() : symbol.toLowerCase()
}

/** Upper case, as everywhere on the bus. Throws `CONNECTOR_OPTIONS` for what is no symbol. */
export function busSymbol(symbol: string): string {
  if (/^[A-Za-z0-9_-]{1,32}$/.test(symbol)) return symbol.toUpperCase()
  throw new ConnectorError('CONNECTOR_OPTIONS', `"${symbol}" is not a symbol; write it as the venue does, e.g. btcusdt`)
}
