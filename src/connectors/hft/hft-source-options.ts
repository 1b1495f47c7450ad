/** What a user of the HFT source may choose, and what is refused before anything is opened. */
import type { Runtime } from '../../runtime/runtime.js'
import { busSymbol, HFT_CONNECTOR_KINDS } from './connector-kinds.js'
import { ConnectorError } from './errors.js'
import type { HftConnectorKind, NodeOptions } from './native/types.js'
import type { OpenHftConnection } from './open-connection.js'

/** One symbol to register. Tick and lot size of the first bot that registers a symbol count for all. */
export interface HftInstrument {
  /** Either case; the wire gets what the kind of connector needs. */
  readonly symbol: string
  /** Smallest price step, in quote currency. */
  readonly tickSize: number
  /** Smallest quantity step, in base units. */
  readonly lotSize: number
}

export interface HftSourceOptions {
  /** Name the connector process was started with. */
  readonly connector: string
  readonly kind: HftConnectorKind
  readonly instruments: readonly HftInstrument[]
  /** Source of all envelopes. Default `hft`. */
  readonly name?: string
  /** Levels per side on `mkt.orderbook`. Default 20. */
  readonly bookLevels?: number
  /** How long `start` waits for the connector process. Default 5 000. */
  readonly waitForConnectorMs?: number
  /** Default `pump`. */
  readonly mode?: 'pump' | 'poll'
  readonly ringRecords?: number
  readonly node?: NodeOptions
  /** Silence of a stream that makes it stale. Default 30 000. */
  readonly stalenessThresholdMs?: number
  /** Default 5 000. */
  readonly healthCheckIntervalMs?: number
  /** Silence of everything that raises the alarm. Default 60 000. */
  readonly watchdogTimeoutMs?: number
  readonly runtime?: Partial<Runtime>
  /** Where connections come from. Default: the native addon. */
  readonly open?: OpenHftConnection
}

/** Throws `ConnectorError` `CONNECTOR_OPTIONS`, naming the option and what it may be. */
export function checkOptions({
  connector,
  kind,
  instruments,
  bookLevels,
}: Pick<HftSourceOptions, 'connector' | 'kind' | 'instruments' | 'bookLevels'>): void {
  const refuse = (message: string): never => {
    throw new ConnectorError('CONNECTOR_OPTIONS', message)
  }
  if (connector === '') refuse('connector is empty: give the name the connector process was started with')
  if (!HFT_CONNECTOR_KINDS.includes(kind)) {
    refuse(`kind "${kind}" is not one of ${HFT_CONNECTOR_KINDS.join(', ')}`)
  }
  if (instruments.length === 0) refuse('instruments is empty: name at least one symbol')
  if (bookLevels !== undefined && !(Number.isInteger(bookLevels) && bookLevels > 0)) {
    refuse(`bookLevels ${bookLevels} is not a whole number from 1`)
  }
  for (const { symbol, tickSize, lotSize } of instruments) {
    busSymbol(symbol)
    if (!(tickSize > 0 && Number.isFinite(tickSize))) refuse(`tickSize ${tickSize} of ${symbol} is not above 0`)
    if (!(lotSize > 0 && Number.isFinite(lotSize))) refuse(`lotSize ${lotSize} of ${symbol} is not above 0`)
  }
}
