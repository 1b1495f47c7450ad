/**
 * A period of life that can end while others wait inside it: promises taken through `guard` settle no later
 * than the end of the scope, so that nobody waits for ever on something that was stopped.
 */
import type { Clock } from '../runtime/clock.js'

export class Scope {
  readonly #waiting = new Set<(reason: unknown) => void>()
  #ending: { readonly reason: unknown } | null = null

  get isEnded(): boolean {
    return this.#ending !== null
  }

  /** Rejects everything that waits with `reason`. Only the first call counts. */
  end(reason: unknown): void {
    if (this.#ending !== null) return
    this.#ending = { reason }
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const reject of waiting) reject(reason)
  }

  /**
   * Throws the reason once the scope has ended. To be called after each `await`: a guarded promise may have
   * settled just before the end, and its continuation run just after.
   */
  throwIfEnded(): void {
    if (this.#ending !== null) throw this.#ending.reason
  }

  /** Settles like `promise`, or rejects with the scope's end, whichever is first. */
  guard<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#ending !== null) {
        promise.catch(() => {})
        reject(this.#ending.reason)
        return
      }
      this.#waiting.add(reject)
      promise.then(
        (value) => {
          this.#waiting.delete(reject)
          resolve(value)
        },
        (error: unknown) => {
          this.#waiting.delete(reject)
          reject(error)
        },
      )
    })
  }
}

/** Whether `promise` settled, either way, within `limitMs`. Leaves no timer. */
export function settlesWithin(promise: Promise<unknown>, limitMs: number, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(() => resolve(false), limitMs)
    const onSettled = (): void => {
      clock.clearTimer(timer)
      resolve(true)
    }
    promise.then(onSettled, onSettled)
  })
}
