/**
 * The errors of one socket: what its transport reports becomes a coded error that names address and attempt. Pure.
 *
 * A status 403 or 451 of the upgrade is a door that stays closed, so such an error is terminal.
 */
import type { TransportClose } from '../../runtime/transport.js'
import { ConnectionError, type ConnectionErrorCode } from '../errors.js'

/** Which socket it was. */
export interface SocketPlace {
  readonly url: string
  /** Which reconnect attempt it was; 0 for a first connect or a refresh. */
  readonly attempt: number
}

export function socketError(
  { url, attempt }: SocketPlace,
  code: ConnectionErrorCode,
  message: string,
  closed?: TransportClose,
): ConnectionError {
  const httpStatus = closed?.httpStatus
  return new ConnectionError(code, message, {
    url,
    reconnectAttempt: attempt,
    httpStatus,
    cause: closed?.error,
    isTerminal: httpStatus === 403 || httpStatus === 451,
  })
}

/** A socket that had been open has closed. */
export function lossError(place: SocketPlace, closed: TransportClose): ConnectionError {
  const reason = closed.reason === '' ? (closed.error?.message ?? '') : closed.reason
  const message = `connection to ${place.url} closed with code ${closed.code}${reason === '' ? '' : `: ${reason}`}`
  return socketError(place, 'CONNECTION_CLOSED', message, closed)
}

/** No socket was established. */
export function connectError(place: SocketPlace, closed: TransportClose): ConnectionError {
  const { url } = place
  const { code, error: cause, httpStatus } = closed
  if (httpStatus !== undefined) {
    return socketError(place, 'CONNECTION_REFUSED', `${url} answered the upgrade with HTTP ${httpStatus}`, closed)
  }
  // The transport knew better than we could say.
  if (cause instanceof ConnectionError) {
    return socketError(place, cause.code as ConnectionErrorCode, cause.message, closed)
  }
  const why = cause?.message || (cause as NodeJS.ErrnoException | undefined)?.code || `closed with code ${code}`
  return socketError(place, 'CONNECTION_FAILED', `cannot connect to ${url}: ${why}`, closed)
}
