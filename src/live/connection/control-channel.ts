/**
 * The subscriptions of one socket on the wire: control messages that go out at the venue's pace, and the replies that
 * come back.
 *
 * Owns the ledger of what the socket carries and the pacing of what is sent. Leaves the frames to `Generation`, which
 * hands in those that are replies, and what an answer means for the connection to its port.
 *
 *     CLOSED --open--> OPEN: sends whatever brings the socket nearer to the wanted set --close--> CLOSED for good
 */
import type { Clock } from '../../runtime/clock.js'
import type { Logger } from '../../runtime/logger.js'
import type { SubscriptionError } from '../errors.js'
import type { FrameOrigin } from '../frame.js'
import { type ControlPace, ControlPacer } from './control-pacer.js'
import { type ControlReply, parseControlReply } from './control-reply.js'
import type { ConnectionCounters } from './stats.js'
import { type LedgerOptions, type LedgerPort, SubscriptionLedger } from './subscription-ledger.js'

/** What the channel needs of its connection. */
export interface ControlPort {
  send(message: string): void
  onSubscribed(names: readonly string[]): void
  onUnsubscribed(names: readonly string[]): void
  onRefused(error: SubscriptionError): void
}

export interface ControlContext {
  readonly clock: Clock
  readonly logger: Logger
  readonly pace: ControlPace
  readonly counters: ConnectionCounters
  readonly nextControlId: () => number
}

export class ControlChannel implements LedgerPort {
  readonly ledger: SubscriptionLedger
  readonly #origin: FrameOrigin
  readonly #context: ControlContext
  readonly #port: ControlPort
  readonly #pacer: ControlPacer
  #isOpen = false

  constructor(
    origin: FrameOrigin,
    wanted: ReadonlySet<string>,
    context: ControlContext,
    options: LedgerOptions,
    port: ControlPort,
  ) {
    this.#origin = origin
    this.#context = context
    this.#port = port
    this.#pacer = new ControlPacer(context.clock, context.pace, () => this.#sendNext())
    this.ledger = new SubscriptionLedger(context.clock, wanted, this, options)
  }

  /** The socket is open. Sends nothing before the next `wake`. */
  open(): void {
    this.#isOpen = true
  }

  /** Sends nothing any more, and tells nothing. */
  close(): void {
    this.#isOpen = false
    this.#pacer.stop()
    this.ledger.close()
  }

  /** A frame that is no data: the reply to a control message, if it can be read as one. */
  onFrame(bytes: Uint8Array, start: number, end: number): void {
    const reply = parseControlReply(bytes, start, end)
    if (reply !== null && this.#isOpen) this.ledger.onReply(reply)
  }

  // --- LedgerPort ------------------------------------------------------------------------------------

  /** The wanted streams changed, or something else may have to be sent. */
  wake(): void {
    if (this.#isOpen) this.#pacer.wake()
  }

  nextId(): number {
    return this.#context.nextControlId()
  }

  onSubscribed(names: readonly string[]): void {
    this.#port.onSubscribed(names)
  }

  onUnsubscribed(names: readonly string[]): void {
    this.#port.onUnsubscribed(names)
  }

  onRefused(error: SubscriptionError): void {
    this.#context.counters.subscriptionsRefused += error.streams.length
    this.#port.onRefused(error)
  }

  onAckTimeout(): void {
    this.#context.counters.ackTimeouts++
  }

  onUnmatchedReply(reply: ControlReply): void {
    this.#context.counters.controlRepliesUnmatched++
    this.#context.logger.warn('reply to no pending control message', { ...this.#origin, reply })
  }

  #sendNext(): boolean {
    const message = this.ledger.nextMessage()
    if (message === null) return false
    this.#context.counters.controlMessagesSent++
    this.#port.send(message)
    return true
  }
}
