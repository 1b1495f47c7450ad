/** From settings to a source: the switch that changes where an application's data comes from without changing its code. */
import type { Bus } from '../../bus/index.js'
import type { FeedSource } from '../../types/feed-source.js'
import type { ConnectorWrapper } from './connector-wrapper.js'
import { ConnectorError } from './errors.js'
import { HftConnectorStream } from './hft-connector-stream.js'
import { getSettings, type Settings } from './settings.js'
import type { HftConnectorStreamOptions } from './stream-options.js'
import { StubbedConnector } from './stubbed-connector.js'

/** Makes the connector that `DATA_SOURCE=hft_connector` stands for. */
export type ConnectorFactory = (settings: Settings) => ConnectorWrapper

export interface ConnectorModeOptions extends HftConnectorStreamOptions {
  readonly bus: Bus
  /** Default: those of the process. */
  readonly settings?: Settings
  /** Needed with `CONNECTOR_PAPER_TRADING=false`: real orders are never the result of one variable alone. */
  readonly allowLiveTrading?: boolean
}

/**
 * A stream over the connector that `factory` makes; without one over `StubbedConnector`, whose data is simulated and
 * labelled so. Starts nothing. Throws `CONNECTOR_OPTIONS`.
 */
export function setupConnectorMode(options: ConnectorModeOptions, factory?: ConnectorFactory): HftConnectorStream {
  const { bus, settings = getSettings(), allowLiveTrading = false, ...stream } = options
  if (!settings.connectorPaperTrading && !allowLiveTrading) {
    throw new ConnectorError(
      'CONNECTOR_OPTIONS',
      'CONNECTOR_PAPER_TRADING=false asks for real orders: the application must also pass allowLiveTrading: true',
    )
  }
  const clock = stream.runtime?.clock
  const connector = factory?.(settings) ?? new StubbedConnector(clock === undefined ? {} : { clock })
  return new HftConnectorStream(connector, bus, {
    symbols: [settings.symbol],
    pollIntervalMs: settings.connectorPollIntervalMs,
    maxQueue: settings.maxQueue,
    ...stream,
  })
}

export interface DataSourceOptions extends ConnectorModeOptions {
  /** The source of `DATA_SOURCE=binance_ws`, made only when asked for; usually a `LiveDataFeedManager`. */
  readonly binanceWs: (settings: Settings) => FeedSource
  /** The connector of `DATA_SOURCE=hft_connector`; default: the stub. */
  readonly connector?: ConnectorFactory
}

/** The source that the settings name. Starts nothing. */
export function createDataSource(options: DataSourceOptions): FeedSource {
  const { binanceWs, connector, ...mode } = options
  const settings = mode.settings ?? getSettings()
  if (settings.dataSource === 'binance_ws') return binanceWs(settings)
  return setupConnectorMode({ ...mode, settings }, connector)
}
