/** Errors of the live client and its bots. Match on `code`; `docs/errors.md` has a section for each. */
import { LiveFeedError } from '../../../types/errors.js'
import { returnCodeText } from './codes.js'

export type LiveClientErrorCode =
  /** `start()` while running. */
  | 'LIVE_CLIENT_RUNNING'
  /** A call that needs an open client or bot after `close()`. */
  | 'LIVE_CLIENT_CLOSED'
  /** An option, an instrument or an argument that cannot be. */
  | 'LIVE_OPTION_INVALID'
  /** The bot answered with a return code of 10 or above. */
  | 'LIVE_BOT_FAILED'
  /** A function given by the user threw. */
  | 'LIVE_CALLBACK_FAILED'
  /** The position cannot be known now. */
  | 'LIVE_POSITION_UNKNOWN'
  /** The connector did not appear in time. */
  | 'LIVE_CONNECTOR_ABSENT'
  /** This operating system has no shared-memory layer. */
  | 'LIVE_PLATFORM_UNSUPPORTED'
  /** The call exists in the interface and cannot work live. */
  | 'LIVE_UNSUPPORTED'
  /** A recording that is none, or of another version. */
  | 'LIVE_RECORDING_INVALID'

export class LiveClientError extends LiveFeedError {
  override readonly name = 'LiveClientError'
  /** Return code of the bot, for `LIVE_BOT_FAILED`. */
  readonly returnCode: number | undefined

  constructor(
    code: LiveClientErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly isTerminal?: boolean; readonly returnCode?: number } = {},
  ) {
    super(code, message, options)
    this.returnCode = options.returnCode
  }
}

/** `LIVE_BOT_FAILED` for a return code, naming the call. */
export function botFailure(call: string, returnCode: number, cause?: unknown): LiveClientError {
  const message = `${call} returned ${returnCode}: ${returnCodeText(returnCode)}`
  return new LiveClientError('LIVE_BOT_FAILED', message, { returnCode, cause })
}

/** The error itself when it is one of ours, otherwise wrapped with what was called. */
export function callbackFailure(what: string, cause: unknown): LiveClientError {
  if (cause instanceof LiveClientError) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new LiveClientError('LIVE_CALLBACK_FAILED', `${what} threw: ${reason}`, { cause })
}
