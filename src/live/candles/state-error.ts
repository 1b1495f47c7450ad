/** Why the state directory could not be used. */
import { LiveFeedError } from '../../types/errors.js'

/** Code `STATE_UNAVAILABLE`: the state file cannot be read or written, so a restart could not go on where this one ended. */
export class StateError extends LiveFeedError {
  override readonly name = 'StateError'
  readonly path: string

  constructor(message: string, fields: { path: string; cause: unknown }) {
    super('STATE_UNAVAILABLE', message, { cause: fields.cause, isTerminal: true })
    this.path = fields.path
  }
}
