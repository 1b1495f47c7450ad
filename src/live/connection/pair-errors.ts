/**
 * What the errors of two paths mean for their pair. Pure.
 *
 * A pair carries what one of its paths carries, so it fails a caller only where both did: streams that both refused,
 * or a connection that both have given up.
 */
import { ConnectionError, SubscriptionError } from '../errors.js'
import { mergeSubscriptionErrors } from './stream-waiters.js'

/** One path that will not come back by itself. */
export interface FailedPath {
  /** `a` or `b`. */
  readonly path: string
  readonly error: ConnectionError | SubscriptionError
}

/** Both paths have given up. Its `cause` is an `AggregateError` with the error of each, in the order of `failures`. */
export function bothPathsFailed(id: string, url: string, failures: readonly FailedPath[]): ConnectionError {
  const errors = failures.map(({ error }) => error)
  const attempts = errors.map((error) => (error instanceof ConnectionError ? error.reconnectAttempt : 0))
  const why = failures.map(({ path, error }) => `path ${path}: ${error.message}`).join('; ')
  return new ConnectionError('RECONNECTS_EXHAUSTED', `connection ${id} has given up on both paths (${why})`, {
    url,
    reconnectAttempt: Math.max(0, ...attempts),
    cause: new AggregateError(errors, `both paths of ${id}`),
    isTerminal: true,
  })
}

/** Why no path did what was asked of each; `null` when together they did after all. */
export function pairRejection(errors: readonly Error[]): Error | null {
  const refusals = errors.filter((error) => error instanceof SubscriptionError)
  const [first] = refusals
  if (first === undefined || refusals.length < errors.length) {
    return errors.find((error) => !(error instanceof SubscriptionError)) ?? null
  }
  const refused = first.streams.filter((name) => refusals.every(({ streams }) => streams.includes(name)))
  // What one path refused, the other carries.
  if (refused.length === 0) return null
  const merged = mergeSubscriptionErrors(refusals)
  if (refusals.every(({ streams }) => streams.length === refused.length)) return merged
  const { code, message, venueCode, isTerminal } = merged
  return new SubscriptionError(code as 'SUBSCRIPTION_REJECTED', message, {
    streams: refused,
    venueCode,
    isTerminal,
    cause: merged,
  })
}
