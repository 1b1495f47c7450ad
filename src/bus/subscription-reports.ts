/**
 * What one subscription tells `log.event` about itself: handlers that failed, and that it is too slow. Owns the words;
 * how often they are said is the reporter's business, and the counts are the subscription's.
 */
import type { Envelope } from '../types/envelope.js'
import { HandlerError } from '../types/errors.js'
import type { BusError } from './errors.js'
import { type Report, type Reporter, ReportSlot } from './reporter.js'
import type { SubscriptionStats } from './stats.js'

/** What the reports say about the subscription. */
export interface ReportSubject {
  readonly id: number
  readonly name: string
  readonly topic: string
  /** Why it ended, with the policy `fail`. */
  readonly error: BusError | null
  stats(): SubscriptionStats
}

const LOG_TOPIC = 'log.event'

export class SubscriptionReports {
  readonly #subject: ReportSubject
  readonly #errorSlot = new ReportSlot()
  readonly #logErrorSlot = new ReportSlot()
  readonly #overloadSlot = new ReportSlot()
  readonly #logOverloadSlot = new ReportSlot()

  constructor(subject: ReportSubject) {
    this.#subject = subject
  }

  /** The handler threw `cause`, or its promise was rejected with it. */
  failure(reporter: Reporter, cause: unknown, envelope: Envelope<unknown>): void {
    const isAboutLog = envelope.topic === LOG_TOPIC
    const slot = isAboutLog ? this.#logErrorSlot : this.#errorSlot
    reporter.report(slot, () => this.#describeFailure(cause, envelope, isAboutLog))
  }

  /** A message of `topic` found the queue full. */
  overload(reporter: Reporter, topic: string): void {
    const isAboutLog = topic === LOG_TOPIC
    const slot = isAboutLog ? this.#logOverloadSlot : this.#overloadSlot
    reporter.report(slot, () => this.#describeOverload(topic, isAboutLog))
  }

  #describeFailure(cause: unknown, envelope: Envelope<unknown>, isAboutLog: boolean): Report {
    const { id, name, topic } = this.#subject
    const message = `handler "${name}" failed on ${envelope.topic} seq ${envelope.seq}: ${textOf(cause)}`
    const error = new HandlerError(message, { topic: envelope.topic, seq: envelope.seq, cause })
    return {
      event: 'HANDLER_ERROR',
      level: 'ERROR',
      message,
      data: {
        code: error.code,
        topic: error.topic,
        seq: error.seq,
        subscription: name,
        subscriptionId: id,
        subscribedTo: topic,
        error: textOf(cause),
        stack: stackOf(cause),
      },
      isAboutLog,
    }
  }

  #describeOverload(topic: string, isAboutLog: boolean): Report {
    const { error } = this.#subject
    const { id, name, topic: subscribedTo, overflow, capacity, queued, dropped } = this.#subject.stats()
    return {
      event: 'BUS_OVERLOAD',
      level: error === null ? 'WARNING' : 'ERROR',
      message:
        error?.message ??
        `subscription "${name}" to ${subscribedTo} is too slow: ${capacity} messages wait, ` +
          `overflow ${overflow}, ${dropped} dropped so far`,
      data: {
        topic,
        subscription: name,
        subscriptionId: id,
        subscribedTo,
        overflow,
        capacity,
        queued,
        droppedTotal: dropped,
      },
      isAboutLog,
    }
  }
}

/** Never throws: not everything that can be thrown can be turned into text (an object without prototype cannot). */
function textOf(cause: unknown): string {
  try {
    if (!(cause instanceof Error)) return String(cause)
    return cause.name === 'Error' ? String(cause.message) : `${cause.name}: ${cause.message}`
  } catch {
    return `a thrown ${typeof cause} that has no text`
  }
}

/** Never throws, as `textOf`. */
function stackOf(cause: unknown): string | null {
  try {
    return cause instanceof Error ? (cause.stack ?? null) : null
  } catch {
    return null
  }
}
