/** Letting timers and sockets have their turn, in the middle of a loop that always finds something to do. */
import type { Clock } from './clock.js'
import { SystemClock } from './system-clock.js'

/**
 * Resolves in the next turn of the event loop: on the real clock after what is ready now, which costs microseconds
 * where a timer costs a millisecond; on any other clock by a timer of 0 ms.
 */
export function nextTurn(clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    if (clock instanceof SystemClock) setImmediate(resolve)
    else clock.setTimer(resolve, 0)
  })
}
