/** One stream: its rate and latency over time, and its last trouble. */
import type { LogTail } from '../board/log-tail.js'
import type { ManagerBoard } from '../board/manager-board.js'
import type { StreamKey, TroubleView, ViewUpdates } from '../protocol.js'
import type { Channel } from './channel.js'

export class StreamChannel implements Channel {
  readonly #key: StreamKey
  /** The board of the source; `undefined` while there is none. */
  readonly #board: () => ManagerBoard | undefined
  readonly #log: LogTail
  #sentCount: number
  #sentTrouble: TroubleView | null

  constructor(key: StreamKey, board: () => ManagerBoard | undefined, log: LogTail) {
    this.#key = key
    this.#board = board
    this.#log = log
    this.#sentCount = board()?.history.count ?? 0
    this.#sentTrouble = this.#trouble()
  }

  full(): ViewUpdates {
    const history = this.#board()?.history.read(this.#key.stream, 0) ?? {
      timeMs: [],
      rate: [],
      p50: [],
      p99: [],
      ageMs: [],
    }
    return { stream: { key: this.#key, history, trouble: this.#trouble() } }
  }

  takeUpdate(): ViewUpdates | null {
    const history = this.#board()?.history
    const count = history?.count ?? 0
    const trouble = this.#trouble()
    if (count === this.#sentCount && trouble === this.#sentTrouble) return null
    const update = {
      key: this.#key,
      ...(history !== undefined && count !== this.#sentCount
        ? { newSamples: history.read(this.#key.stream, this.#sentCount) }
        : {}),
      ...(trouble === this.#sentTrouble ? {} : { trouble }),
    }
    this.#sentCount = count
    this.#sentTrouble = trouble
    return { stream: update }
  }

  close(): void {}

  #trouble(): TroubleView | null {
    return this.#log.trouble(this.#key.source, this.#key.stream)
  }
}
