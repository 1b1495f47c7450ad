/**
 * Who waits for what on a bot. Counts feeds and replies; a wait looks at the counts first, so nothing that came
 * between two waits is missed, and every wait ends: by what it waits for, its timeout, its signal or the bot's end.
 */
import type { Clock, TimerHandle } from '../../../runtime/clock.js'
import { ReturnCode } from './codes.js'

/** A code ends the wait, `null` goes on waiting. */
export type GateCheck = () => ReturnCode | null

export class EventGate {
  readonly #clock: Clock
  readonly #waiters = new Set<() => void>()
  #feeds = 0
  #replies = 0
  #seenFeeds = 0
  #seenReplies = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get waiterCount(): number {
    return this.#waiters.size
  }

  countFeed(): void {
    this.#feeds++
  }

  countReply(): void {
    this.#replies++
  }

  /** Lets every wait look again. */
  wake(): void {
    for (const look of [...this.#waiters]) look()
  }

  /** 2 or 3 for what came since the last look, each once. */
  takeNext(includeOrderResp: boolean): ReturnCode | null {
    if (this.#feeds > this.#seenFeeds) {
      this.#seenFeeds = this.#feeds
      return ReturnCode.MARKET_FEED
    }
    if (includeOrderResp && this.#replies > this.#seenReplies) {
      this.#seenReplies = this.#replies
      return ReturnCode.ORDER_RESPONSE
    }
    return null
  }

  wait(check: GateCheck, timeoutNs: bigint, signal?: AbortSignal): Promise<ReturnCode> {
    if (signal?.aborted) return Promise.resolve(ReturnCode.INTERRUPTED)
    const now = check()
    if (now !== null) return Promise.resolve(now)
    if (timeoutNs <= 0n) return Promise.resolve(ReturnCode.OK)
    return new Promise((resolve, reject) => {
      let timer: TimerHandle | null = null
      const end = (): void => {
        if (timer !== null) this.#clock.clearTimer(timer)
        this.#waiters.delete(look)
        signal?.removeEventListener('abort', interrupt)
      }
      const finish = (code: ReturnCode): void => {
        end()
        resolve(code)
      }
      const interrupt = (): void => finish(ReturnCode.INTERRUPTED)
      const look = (): void => {
        try {
          const code = check()
          if (code !== null) finish(code)
        } catch (error) {
          end()
          reject(error as Error)
        }
      }
      this.#waiters.add(look)
      signal?.addEventListener('abort', interrupt, { once: true })
      timer = this.#clock.setTimer(() => finish(ReturnCode.OK), Number(timeoutNs) / 1e6)
    })
  }
}
