/**
 * MESSAGE_REJECTED without the flood: the first rejection of a stream is told at once, the following ones as
 * a count every ten seconds. A venue that changes its format rejects thousands of messages a second.
 */
import type { Clock } from '../runtime/clock.js'
import { LogEventName } from '../types/log-event.js'
import type { AuditLog } from './audit-log.js'
import type { MessageParseError } from './errors.js'
import type { Feed } from './feed.js'

const PERIOD_MS = 10_000

interface Rejections {
  /** Monotonic time from which the next event may be written. */
  nextMs: number
  /** Not told yet. */
  pending: number
  last: MessageParseError
}

export class RejectionLog {
  readonly #audit: AuditLog
  readonly #clock: Clock
  /** By stream name; `''` collects frames of no known stream, so that the map stays as small as the feed set. */
  readonly #byStream = new Map<string, Rejections>()
  #count = 0

  constructor(audit: AuditLog, clock: Clock) {
    this.#audit = audit
    this.#clock = clock
  }

  /** Rejected frames and payloads since the start. */
  get count(): number {
    return this.#count
  }

  readonly reject = (error: MessageParseError, feed: Feed | null): void => {
    this.#count++
    const stream = feed?.spec.name ?? ''
    const known = this.#byStream.get(stream)
    if (known === undefined) {
      const fresh = { nextMs: 0, pending: 1, last: error }
      this.#byStream.set(stream, fresh)
      this.#tell(stream, fresh)
      return
    }
    known.pending++
    known.last = error
    if (this.#clock.monotonicMs() >= known.nextMs) this.#tell(stream, known)
  }

  /** Tells what is still untold and due. Called with every health check. */
  flush(): void {
    const nowMs = this.#clock.monotonicMs()
    for (const [stream, rejections] of this.#byStream) {
      if (nowMs < rejections.nextMs) continue
      if (rejections.pending > 0) this.#tell(stream, rejections)
      else this.#byStream.delete(stream)
    }
  }

  #tell(stream: string, rejections: Rejections): void {
    const { pending, last } = rejections
    rejections.pending = 0
    rejections.nextMs = this.#clock.monotonicMs() + PERIOD_MS
    const of = stream === '' ? 'frames of no known stream' : `messages of ${stream}`
    this.#audit.write(
      LogEventName.MESSAGE_REJECTED,
      'WARNING',
      pending === 1 ? last.message : `${pending} more ${of} rejected, the last: ${last.message}`,
      { code: last.code, stream, count: pending, excerpt: last.excerpt },
    )
  }
}
