/** Exit codes of the command, and the error that carries one. */

export const ExitCode = {
  OK: 0,
  /** The feed could not start, failed for good, or something unexpected happened. */
  RUNTIME_FAILURE: 1,
  /** Wrong usage or configuration: nothing was started. */
  WRONG_USAGE: 2,
} as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

/** Wrong use of the command line; the message is printed as it is. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
