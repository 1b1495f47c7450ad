/** Errors of connector sources. Trouble of a running connector is data; these are for promises and programmer mistakes. */
import { LiveFeedError, type LiveFeedErrorOptions } from '../../types/errors.js'

export type ConnectorErrorCode =
  /** An option of a connector or source that cannot be. */
  | 'CONNECTOR_OPTIONS'
  /** Connecting failed, and the attempts are used up. */
  | 'CONNECTOR_UNREACHABLE'
  /** The wrapper was used while it was not connected. */
  | 'CONNECTOR_NOT_CONNECTED'

export class ConnectorError extends LiveFeedError {
  override readonly name = 'ConnectorError'

  constructor(code: ConnectorErrorCode, message: string, options: LiveFeedErrorOptions = {}) {
    super(code, message, { isTerminal: code === 'CONNECTOR_OPTIONS', ...options })
  }
}
