/**
 * How one connection answers control messages: errors in the shape the venue draws, acknowledgements that may come
 * late or never, all in order.
 */
import type { Clock, Random } from '../../runtime/index.js'
import type { ControlFault } from '../faults/fault-target.js'
import { type ControlRefusal, type ErrorShape, errorReply, successReply } from './control-message.js'
import { ReplyQueue } from './reply-queue.js'

export interface ReplyOptions {
  /** `nested` is what the wire shows; `mixed` draws per error. */
  readonly errorShape: ErrorShape | 'mixed'
  /** Leave the id out of errors. */
  readonly errorWithoutId: boolean
  /** How often an acknowledgement comes after some data, and by how much at most. */
  readonly lateAckChance: number
  readonly lateAckMsMax: number
}

export class ControlReplies {
  readonly #options: ReplyOptions
  readonly #random: Random
  readonly #queue: ReplyQueue

  constructor(clock: Clock, random: Random, options: ReplyOptions, send: (text: string) => void) {
    this.#options = options
    this.#random = random
    this.#queue = new ReplyQueue(clock, send)
  }

  /** `id` and `result` are JSON text. */
  acknowledge(id: string, result: string, fault: ControlFault | null): void {
    if (fault?.kind === 'lost') return
    const text = successReply(id, result)
    if (fault?.kind === 'late') {
      this.#queue.send(text, fault.delayMs)
      return
    }
    const { lateAckChance, lateAckMsMax } = this.#options
    const isLate = lateAckChance > 0 && this.#random.chance(lateAckChance)
    this.#queue.send(text, isLate ? this.#random.int(1, lateAckMsMax) : 0)
  }

  refuse(refusal: ControlRefusal): void {
    this.refuseAs(refusal, this.#drawShape(), !this.#options.errorWithoutId)
  }

  /** A refusal that a fault makes up, in the shape it asks for. */
  refuseAs(refusal: ControlRefusal, shape: ErrorShape, withId: boolean): void {
    this.#queue.send(errorReply(refusal, shape, withId))
  }

  /** Sends everything that waits, now. */
  flush(): void {
    this.#queue.flush()
  }

  discard(): void {
    this.#queue.discard()
  }

  #drawShape(): ErrorShape {
    const { errorShape } = this.#options
    if (errorShape !== 'mixed') return errorShape
    return this.#random.chance(0.5) ? 'nested' : 'flat'
  }
}
