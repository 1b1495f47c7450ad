/** Where connections to a connector come from: the one door to the native layer, which is loaded when a source opens. */
import { ConnectorError } from './errors.js'
import type { HftConnection, HftConnectionOptions } from './native/types.js'

export type OpenHftConnection = (options: HftConnectionOptions) => Promise<HftConnection>

/** Opens a connection through the native addon; rejects with `NATIVE_UNAVAILABLE` where that is absent. */
export const openHftConnection: OpenHftConnection = (options) => {
  const message = `connector ${options.connector}: the native layer is not part of this build`
  return Promise.reject(new ConnectorError('CONNECTOR_UNREACHABLE', message, { isTerminal: true }))
}
