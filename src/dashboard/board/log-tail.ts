/** The newest log events, numbered, and the last trouble of each stream. */
import type { Envelope } from '../../types/envelope.js'
import type { LogEvent } from '../../types/log-event.js'
import type { LogRow, TroubleView } from '../protocol.js'
import { Ring } from './ring.js'

const ROWS_MAX = 400
/** And as many traces (level `DEBUG`), kept apart: a connector writes one for every message, and a warning must not be gone seconds later. */
const TRACES_MAX = 100
/** A message is a sentence; a longer one is somebody's payload. */
const MESSAGE_CHARACTERS_MAX = 600
/** Streams whose last trouble is remembered; the one that had trouble first is forgotten beyond. */
const TROUBLES_MAX = 4_000

export class LogTail {
  readonly #rows = new Ring<LogRow>(ROWS_MAX)
  readonly #traces = new Ring<LogRow>(TRACES_MAX)
  readonly #troubles = new Map<string, TroubleView>()
  #lastId = 0

  /** Of the newest row; 0 before the first. */
  get lastId(): number {
    return this.#lastId
  }

  add({ payload, source }: Envelope<LogEvent>): void {
    const { event, level, timeMs, data } = payload
    const message = payload.message.slice(0, MESSAGE_CHARACTERS_MAX)
    const rows = level === 'DEBUG' ? this.#traces : this.#rows
    rows.push({ id: ++this.#lastId, timeMs, level, source, event, message })
    const stream = data['stream']
    if (typeof stream !== 'string' || stream === '' || (level !== 'WARNING' && level !== 'ERROR')) return
    const key = `${source} ${stream}`
    this.#troubles.delete(key)
    this.#troubles.set(key, { timeMs, level, event, message })
    if (this.#troubles.size > TROUBLES_MAX) {
      for (const oldest of this.#troubles.keys()) {
        this.#troubles.delete(oldest)
        break
      }
    }
  }

  /** Oldest first. */
  rows(): LogRow[] {
    return this.rowsAfter(0)
  }

  /** Newer than `id`, as far as they are kept. */
  rowsAfter(id: number): LogRow[] {
    // At most so many rows are newer, of both kinds together.
    const count = this.#lastId - id
    const rows = [...this.#rows.newest(count), ...this.#traces.newest(count)]
    return rows.filter((row) => row.id > id).sort((a, b) => a.id - b.id)
  }

  /** The last warning or error that named this stream. */
  trouble(source: string, stream: string): TroubleView | null {
    return this.#troubles.get(`${source} ${stream}`) ?? null
  }
}
