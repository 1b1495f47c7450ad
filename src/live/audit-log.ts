/**
 * The audit trail of one manager: writes `log.event` messages and counts them by name. Low rate by design;
 * what could happen per message goes through `RejectionLog` first.
 */
import type { Clock } from '../runtime/clock.js'
import type { LogEvent, LogEventName, LogLevel } from '../types/log-event.js'
import type { Publisher } from '../types/publisher.js'

export class AuditLog {
  readonly #topic: Publisher<LogEvent>
  readonly #clock: Clock
  readonly #counts = new Map<LogEventName, number>()

  constructor(topic: Publisher<LogEvent>, clock: Clock) {
    this.#topic = topic
    this.#clock = clock
  }

  write(event: LogEventName, level: LogLevel, message: string, data: Readonly<Record<string, unknown>> = {}): void {
    this.#counts.set(event, (this.#counts.get(event) ?? 0) + 1)
    this.#topic.publish({ event, level, message, timeMs: this.#clock.wallMs(), data })
  }

  /** Events written so far, by name; names that never occurred are absent. */
  counts(): Readonly<Partial<Record<LogEventName, number>>> {
    return Object.fromEntries(this.#counts)
  }
}
