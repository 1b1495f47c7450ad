/** Errors of the HTTP server. Each code has a section in `docs/errors.md`. */
import { LiveFeedError, type LiveFeedErrorOptions } from '../types/errors.js'

export type HttpServerErrorCode =
  /** Another process listens on that port. */
  | 'HTTP_PORT_IN_USE'
  /** The address cannot be listened on: no permission, or not an address of this machine. */
  | 'HTTP_LISTEN_FAILED'

export class HttpServerError extends LiveFeedError {
  override readonly name = 'HttpServerError'
  readonly host: string
  readonly port: number

  constructor(
    code: HttpServerErrorCode,
    message: string,
    fields: { host: string; port: number } & LiveFeedErrorOptions,
  ) {
    super(code, message, fields)
    this.host = fields.host
    this.port = fields.port
  }
}
