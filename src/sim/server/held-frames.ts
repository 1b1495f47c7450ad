/** Frames that a fault keeps back so that frames of other streams overtake them. */
import type { Clock, TimerHandle } from '../../runtime/index.js'
import type { OutboundFrame } from './frame.js'
import type { StreamFeed } from './stream-hub.js'

/** A frame kept back for reordering goes out after this long at the latest. */
const HOLD_BACK_MS = 1000

interface HeldFrame {
  readonly feed: StreamFeed
  readonly frame: OutboundFrame
  readonly fault: number
  readonly timer: TimerHandle
}

export class HeldFrames {
  readonly #clock: Clock
  readonly #send: (feed: StreamFeed, frame: OutboundFrame, fault: number) => void
  readonly #held: HeldFrame[] = []

  constructor(clock: Clock, send: (feed: StreamFeed, frame: OutboundFrame, fault: number) => void) {
    this.#clock = clock
    this.#send = send
  }

  get isEmpty(): boolean {
    return this.#held.length === 0
  }

  hold(feed: StreamFeed, frame: OutboundFrame, fault: number): void {
    const timer = this.#clock.setTimer(() => this.flush(feed.name, true), HOLD_BACK_MS)
    this.#held.push({ feed, frame, fault, timer })
  }

  /** Sends what was kept back: of the given stream (`isSame`), or of all others. */
  flush(stream: string, isSame: boolean): void {
    for (const item of this.#held.filter(({ feed }) => (feed.name === stream) === isSame)) {
      const index = this.#held.indexOf(item)
      // Sending may end the connection, and with it everything that waits.
      if (index < 0) continue
      this.#held.splice(index, 1)
      this.#clock.clearTimer(item.timer)
      this.#send(item.feed, item.frame, item.fault)
    }
  }

  discard(): void {
    for (const { timer } of this.#held.splice(0)) this.#clock.clearTimer(timer)
  }
}
