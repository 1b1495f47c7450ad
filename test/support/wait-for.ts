/** Waiting for something to become true, with a deadline; never for a guessed time. */

export interface WaitOptions {
  /** Generous by default: the deadline only decides how long a failure takes. */
  readonly timeoutMs?: number
  /** What is awaited, for the failure text; a function is asked at the end and can name the state reached. */
  readonly what?: string | (() => string)
  readonly pollMs?: number
}

/**
 * Resolves with the first value of `condition` that is not false, null or undefined. Rejects after the
 * deadline. Polls on the real event loop, so it also works beside a virtual clock and under fake timers.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions = {},
): Promise<Exclude<T, false | null | undefined>> {
  const timeoutMs = options.timeoutMs ?? 60_000
  const start = performance.now()
  for (;;) {
    const value = await condition()
    if (value !== false && value !== null && value !== undefined) return value as Exclude<T, false | null | undefined>
    if (performance.now() - start > timeoutMs) {
      const what = typeof options.what === 'function' ? options.what() : (options.what ?? 'the condition')
      throw new Error(`waited ${timeoutMs} ms for ${what}`)
    }
    await new Promise((resolve) => realSetTimeout(resolve, options.pollMs ?? 5))
  }
}

// Taken at load time: a test that installs fake timers must not stop the waiting.
const realSetTimeout = setTimeout
