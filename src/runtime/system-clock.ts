/** The real clock: the one place where Node's clock and timers are touched. */
import type { Clock, TimerHandle, TimerOptions } from './clock.js'
import { type RunNextTurn, runNextTurn } from './immediate.js'

/** Node turns a longer delay into 1 ms; waiting in slices keeps a 25-day timer a 25-day timer. */
const DELAY_MS_MAX = 2_147_483_647

class SystemTimer {
  handle: NodeJS.Timeout | null = null
}

export class SystemClock implements Clock {
  readonly runNextTurn: RunNextTurn = runNextTurn

  wallMs(): number {
    // performance.timeOrigin + now() does not follow a stepped system clock; Date.now() does but is whole
    // milliseconds. Add the fraction of the monotonic clock only while both agree to the millisecond.
    const whole = Date.now()
    const fine = performance.timeOrigin + performance.now() + this.#offsetMs
    const apart = fine - whole
    if (apart >= 0 && apart < 1) return fine
    this.#offsetMs -= apart < 0 ? apart : apart - 0.999
    return whole
  }

  #offsetMs = 0

  monotonicMs(): number {
    return performance.now()
  }

  setTimer(action: () => void, delayMs: number, options?: TimerOptions): TimerHandle {
    const timer = new SystemTimer()
    const wait = (leftMs: number): void => {
      const slice = Math.min(Math.max(leftMs, 0), DELAY_MS_MAX)
      timer.handle = setTimeout(() => {
        timer.handle = null
        if (leftMs > slice) wait(leftMs - slice)
        else action()
      }, slice)
      if (options?.unref) timer.handle.unref()
    }
    wait(delayMs)
    return timer
  }

  setRepeating(action: () => void, periodMs: number, options?: TimerOptions): TimerHandle {
    const timer = new SystemTimer()
    timer.handle = setInterval(action, Math.min(periodMs, DELAY_MS_MAX))
    if (options?.unref) timer.handle.unref()
    return timer
  }

  clearTimer(timer: TimerHandle): void {
    const system = timer as SystemTimer
    if (system.handle !== null) clearTimeout(system.handle)
    system.handle = null
  }
}
