/** Trouble the stub can be told to make. Every setting takes effect at once and wakes who waits. */
import { ReturnCode } from './codes.js'

export class StubFaults {
  readonly #changed: () => void
  readonly #codes: ReturnCode[] = []
  #isSilent = false
  #isPeerLost = false
  /** `position` throws while set. */
  isPositionUnknown = false
  /** What `close` returns. */
  closeCode: ReturnCode = ReturnCode.OK

  constructor(changed: () => void) {
    this.#changed = changed
  }

  get isSilent(): boolean {
    return this.#isSilent
  }

  get isPeerLost(): boolean {
    return this.#isPeerLost
  }

  /** The next `waitNextFeed` returns this code, once. */
  failNext(code: ReturnCode): void {
    this.#codes.push(code)
    this.#changed()
  }

  /** No feeds while true; time goes on. */
  silence(isSilent: boolean): void {
    this.#isSilent = isSilent
    this.#changed()
  }

  /** The connector is gone: one 18 to who waits for feeds, silence, and requests get no answer. */
  losePeer(): void {
    this.#isPeerLost = true
    this.failNext(ReturnCode.INTERRUPTED)
  }

  restorePeer(): void {
    this.#isPeerLost = false
    this.#changed()
  }

  takeCode(): ReturnCode | null {
    return this.#codes.shift() ?? null
  }
}
