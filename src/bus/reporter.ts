/**
 * Tells `log.event` about handler errors and overload: the first of a kind at once, further ones summed
 * up once per interval, none forgotten. Trouble on `log.event` itself goes to the logger only, or a failing
 * log subscriber would feed itself for ever.
 */
import type { Clock, TimerHandle } from '../runtime/clock.js'
import type { Logger } from '../runtime/logger.js'
import type { LogEvent, LogEventName, LogLevel } from '../types/log-event.js'
import type { TopicHandle } from './topic-handle.js'

/** One kind of trouble of one subscription. */
export class ReportSlot {
  /** A report was made within the interval. */
  isOpen = false
  /** Happened since the last report. */
  suppressed = 0
  latest: Report | null = null
}

export interface Report {
  readonly event: LogEventName
  readonly level: LogLevel
  readonly message: string
  readonly data: Readonly<Record<string, unknown>>
  /** Concerns a message on `log.event`. */
  readonly isAboutLog: boolean
}

export class Reporter {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #log: TopicHandle<LogEvent>
  readonly #intervalMs: number
  #open: ReportSlot[] = []
  #timer: TimerHandle | null = null
  #isClosed = false

  constructor(clock: Clock, logger: Logger, log: TopicHandle<LogEvent>, intervalMs: number) {
    this.#clock = clock
    this.#logger = logger
    this.#log = log
    this.#intervalMs = intervalMs
  }

  /** `describe` is called for what is really reported. */
  report(slot: ReportSlot, describe: () => Report): void {
    if (slot.isOpen) {
      slot.suppressed += 1
      if (slot.suppressed === 1) slot.latest = describe()
      return
    }
    slot.isOpen = true
    this.#open.push(slot)
    this.#emit(describe(), 1)
    if (!this.#isClosed)
      this.#timer ??= this.#clock.setTimer(() => this.#onInterval(), this.#intervalMs, { unref: true })
  }

  /** Reports what was held back. */
  flush(): void {
    for (const slot of this.#open) this.#emitSuppressed(slot)
  }

  close(): void {
    this.flush()
    this.#isClosed = true
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer)
    this.#timer = null
  }

  #onInterval(): void {
    this.#timer = null
    const slots = this.#open
    this.#open = []
    for (const slot of slots) {
      if (slot.suppressed === 0) slot.isOpen = false
      else this.#open.push(slot)
      this.#emitSuppressed(slot)
    }
    if (this.#open.length > 0 && !this.#isClosed) {
      this.#timer ??= this.#clock.setTimer(() => this.#onInterval(), this.#intervalMs, { unref: true })
    }
  }

  #emitSuppressed(slot: ReportSlot): void {
    const { suppressed, latest } = slot
    slot.suppressed = 0
    slot.latest = null
    if (latest !== null) this.#emit(latest, suppressed)
  }

  #emit(report: Report, count: number): void {
    const message = count === 1 ? report.message : `${report.message} (${count} times since the last report)`
    const data = { ...report.data, count }
    try {
      if (report.isAboutLog || this.#isClosed) {
        if (report.level === 'ERROR') this.#logger.error(message, data)
        else this.#logger.warn(message, data)
        return
      }
      const { event, level } = report
      this.#log.publish({ event, level, message, timeMs: this.#clock.wallMs(), data })
    } catch (error) {
      this.#lastResort(message, error)
    }
  }

  #lastResort(message: string, error: unknown): void {
    try {
      this.#logger.error(message, { reportingFailed: String(error) })
    } catch {
      // A logger that throws has nobody to tell it to; the counters still have it.
    }
  }
}
