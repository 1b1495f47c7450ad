/** What can go wrong with a REST request after the governor has done what it can. */
import { LiveFeedError, type LiveFeedErrorOptions } from '../../types/errors.js'

export type RestErrorCode =
  /** The venue answered with an error for this request (wrong symbol, wrong limit): asking again cannot help. */
  | 'REST_REFUSED'
  /** No usable answer after all attempts: network, timeout, server error. */
  | 'REST_UNAVAILABLE'
  /** An answer with a good status whose body is not what was asked for: cut off, or a proxy's page. */
  | 'REST_UNREADABLE'
  /** The governor was stopped while the request was waiting or under way. */
  | 'REST_STOPPED'

export class RestError extends LiveFeedError {
  override readonly name = 'RestError'
  /** Path with query, without the address. */
  readonly path: string
  readonly httpStatus: number | undefined
  /** Error code of the venue, e.g. -1121, when the body held one. */
  readonly venueCode: number | undefined

  constructor(
    code: RestErrorCode,
    message: string,
    fields: {
      path: string
      httpStatus?: number | undefined
      venueCode?: number | undefined
    } & LiveFeedErrorOptions,
  ) {
    super(code, message, fields)
    this.path = fields.path
    this.httpStatus = fields.httpStatus
    this.venueCode = fields.venueCode
  }
}
