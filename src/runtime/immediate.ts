/**
 * The turn after this one: for loops that poll between other work of the event loop, or always find something to do and
 * must let timers and sockets have their turn. The clock decides what a turn is, so that a simulated one decides it, too.
 */
import type { Clock, TimerOptions } from './clock.js'

/** Calls `action` once in the next turn; the result cancels it. */
export type RunNextTurn = (action: () => void, options?: TimerOptions) => () => void

/** The turn of the real event loop: after the I/O callbacks of this one. */
export const runNextTurn: RunNextTurn = (action, options) => {
  const handle = setImmediate(action)
  if (options?.unref) handle.unref()
  return () => clearImmediate(handle)
}

/** The turns of a clock: its own, or timers of 0 ms where it has none. */
export function turnsOf(clock: Clock): RunNextTurn {
  if (clock.runNextTurn !== undefined) return clock.runNextTurn
  return (action, options) => {
    const timer = clock.setTimer(action, 0, options)
    return () => clock.clearTimer(timer)
  }
}

/** Resolves in the next turn of `clock`. */
export function nextTurn(clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    turnsOf(clock)(resolve)
  })
}
