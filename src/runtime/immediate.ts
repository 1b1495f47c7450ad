/** The turn after this one, as an injected thing: for loops that poll between other work of the event loop. */

export interface ImmediateOptions {
  /** Do not keep the process alive for it. */
  readonly unref?: boolean
}

/** Runs `action` once, after the I/O callbacks of this turn; the result cancels it. */
export type RunNextTurn = (action: () => void, options?: ImmediateOptions) => () => void

export const runNextTurn: RunNextTurn = (action, options) => {
  const handle = setImmediate(action)
  if (options?.unref) handle.unref()
  return () => clearImmediate(handle)
}
