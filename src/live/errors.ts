/**
 * Errors of the live feed. Programmer mistakes throw at the call site; venue trouble is data (it changes
 * state, is counted, is published) and becomes one of these only where a promise has to reject.
 */
import { LiveFeedError, type LiveFeedErrorOptions } from '../types/errors.js'

export { HandlerError, LiveFeedError } from '../types/errors.js'

/** One problem of a configuration, ready to print. */
export interface ConfigIssue {
  /** Path of the field, e.g. `streams[1].interval`; `''` for the whole. */
  readonly path: string
  /** What is wrong, with the bad value, the allowed ones and a suggestion where there is one. */
  readonly message: string
  /** Position in the file the configuration came from, when known: `feed.yaml:7`. */
  readonly location?: string
}

/** Code `CONFIG_INVALID`. */
export class ConfigError extends LiveFeedError {
  override readonly name = 'ConfigError'
  readonly issues: readonly ConfigIssue[]

  constructor(issues: readonly ConfigIssue[], cause?: unknown) {
    super('CONFIG_INVALID', issues.map(formatConfigIssue).join('\n'), { cause, isTerminal: true })
    this.issues = issues
  }
}

/** `CONFIG_INVALID feed.yaml:7 venue: "BINANCE_SPTO" is not one of …` */
export function formatConfigIssue(issue: ConfigIssue): string {
  const where = [issue.location, issue.path === '' ? undefined : `${issue.path}:`].filter((part) => part !== undefined)
  return ['CONFIG_INVALID', ...where, issue.message].join(' ')
}

export type ConnectionErrorCode =
  /** Refused, reset, name not resolved, TLS: no socket was established. */
  | 'CONNECTION_FAILED'
  /** Not open within `connectTimeoutMs`. */
  | 'CONNECTION_TIMEOUT'
  /** The venue answered the upgrade with an HTTP status, e.g. 429, 418, 403, 451, 503. */
  | 'CONNECTION_REFUSED'
  /** The socket closed while something was waiting on it. */
  | 'CONNECTION_CLOSED'
  /** `maxReconnectAttempts` consecutive failures. */
  | 'RECONNECTS_EXHAUSTED'

export class ConnectionError extends LiveFeedError {
  override readonly name = 'ConnectionError'
  readonly url: string
  /** Consecutive failures so far; 0 for the first connect. */
  readonly reconnectAttempt: number
  readonly httpStatus: number | undefined

  constructor(
    code: ConnectionErrorCode,
    message: string,
    fields: { url: string; reconnectAttempt: number; httpStatus?: number | undefined } & LiveFeedErrorOptions,
  ) {
    super(code, message, fields)
    this.url = fields.url
    this.reconnectAttempt = fields.reconnectAttempt
    this.httpStatus = fields.httpStatus
  }
}

export type SubscriptionErrorCode =
  /** The venue answered SUBSCRIBE with an error. */
  | 'SUBSCRIPTION_REJECTED'
  /** No acknowledgement in time. */
  | 'SUBSCRIPTION_TIMEOUT'

export class SubscriptionError extends LiveFeedError {
  override readonly name = 'SubscriptionError'
  /** Wire names of the streams concerned. */
  readonly streams: readonly string[]
  /** Error code of the venue when it sent one. */
  readonly venueCode: number | undefined

  constructor(
    code: SubscriptionErrorCode,
    message: string,
    fields: { streams: readonly string[]; venueCode?: number | undefined } & LiveFeedErrorOptions,
  ) {
    super(code, message, fields)
    this.streams = fields.streams
    this.venueCode = fields.venueCode
  }
}

/** Code `MESSAGE_INVALID`: a frame or payload that could not be read or holds an impossible value. */
export class MessageParseError extends LiveFeedError {
  override readonly name = 'MessageParseError'
  /** Wire name, or `''` when the frame did not say. */
  readonly stream: string
  /** The first bytes as text, at most 200 characters. */
  readonly excerpt: string

  constructor(message: string, fields: { stream: string; excerpt: string; cause?: unknown }) {
    super('MESSAGE_INVALID', message, fields)
    this.stream = fields.stream
    this.excerpt = fields.excerpt
  }
}

export type LifecycleErrorCode =
  /** `start()` while not stopped. */
  | 'ALREADY_RUNNING'
  /** An operation that needs a running manager. */
  | 'NOT_RUNNING'
  /** `stop()` was called while `start()` was still waiting. */
  | 'STOPPED_DURING_START'

export class LifecycleError extends LiveFeedError {
  override readonly name = 'LifecycleError'

  constructor(code: LifecycleErrorCode, message: string) {
    super(code, message, { isTerminal: true })
  }
}
