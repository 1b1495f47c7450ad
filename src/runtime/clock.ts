/**
 * Time and timers as one injected thing, so that a whole run can be simulated from a seed.
 *
 * The wall clock answers "what time is it" and may jump; the monotonic clock answers "how long" and
 * never goes back. Deadlines and ages use the monotonic one, payload times the wall one.
 */

/** Opaque; hand it back to `clearTimer`. */
export type TimerHandle = object

export interface Clock {
  /** Epoch ms as a double with sub-millisecond fraction; may jump with the system clock. */
  wallMs(): number
  /** Milliseconds since an arbitrary origin; never goes back. */
  monotonicMs(): number
  /** Calls `action` once after `delayMs`. Keeps the process alive unless `options.unref`. */
  setTimer(action: () => void, delayMs: number, options?: TimerOptions): TimerHandle
  /** Calls `action` every `periodMs` until cleared. */
  setRepeating(action: () => void, periodMs: number, options?: TimerOptions): TimerHandle
  /** Does nothing for a timer that has fired or was cleared before. */
  clearTimer(timer: TimerHandle): void
  /**
   * Calls `action` once in the next turn of the event loop, after the I/O that is ready now: microseconds where a timer
   * costs a millisecond. Called without `this`; the result cancels it. A clock without it gives turns by timers of 0 ms.
   */
  readonly runNextTurn?: (action: () => void, options?: TimerOptions) => () => void
}

export interface TimerOptions {
  /** Do not keep the process alive for this timer. */
  readonly unref?: boolean
}

/**
 * Resolves after `delayMs` on the given clock. Rejects with the signal's reason when aborted, and
 * clears its timer then.
 */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error)
      return
    }
    const onAbort = (): void => {
      clock.clearTimer(timer)
      reject(signal?.reason as Error)
    }
    const timer = clock.setTimer(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, delayMs)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
