/**
 * Bounded queues of one subscription. They hold and count nothing but envelopes; what happens at the bound
 * is decided by the subscription.
 */
import type { Envelope } from '../types/envelope.js'
import type { ConflationKey } from './keys.js'

export interface EnvelopeQueue {
  readonly length: number
  /**
   * Lets `envelope` take over the place of a waiting one of the same key, and returns that one; `null` when
   * it needs a place of its own. Always called before `push`.
   */
  replace(envelope: Envelope<unknown>): Envelope<unknown> | null
  /** Adds `envelope` at the end. The caller has checked the bound. */
  push(envelope: Envelope<unknown>): void
  /** Removes the oldest. */
  shift(): Envelope<unknown> | undefined
  clear(): void
}

const INITIAL_SLOTS = 16

/** Ring that grows by doubling; slots are kept, so that a steady queue allocates nothing. */
class Ring<T> {
  #slots: (T | undefined)[] = new Array(INITIAL_SLOTS).fill(undefined)
  #head = 0
  length = 0

  push(item: T): void {
    if (this.length === this.#slots.length) this.#grow()
    this.#slots[(this.#head + this.length) & (this.#slots.length - 1)] = item
    this.length += 1
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined
    const item = this.#slots[this.#head]
    // A delivered message must not stay reachable through its old slot.
    this.#slots[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#slots.length - 1)
    this.length -= 1
    return item
  }

  clear(): void {
    this.#slots = new Array(INITIAL_SLOTS).fill(undefined)
    this.#head = 0
    this.length = 0
  }

  #grow(): void {
    const old = this.#slots
    const slots: (T | undefined)[] = new Array(old.length * 2).fill(undefined)
    for (let index = 0; index < old.length; index++) slots[index] = old[(this.#head + index) & (old.length - 1)]
    this.#slots = slots
    this.#head = 0
  }
}

/** First in, first out. */
export class FifoQueue implements EnvelopeQueue {
  readonly #ring = new Ring<Envelope<unknown>>()

  get length(): number {
    return this.#ring.length
  }

  replace(): null {
    return null
  }

  push(envelope: Envelope<unknown>): void {
    this.#ring.push(envelope)
  }

  shift(): Envelope<unknown> | undefined {
    return this.#ring.shift()
  }

  clear(): void {
    this.#ring.clear()
  }
}

interface ConflatedEntry {
  readonly scope: Map<string, ConflatedEntry> | null
  readonly key: string
  envelope: Envelope<unknown>
}

/**
 * One entry per key: a newer envelope takes over the place of the waiting one. It keeps that place and
 * does not go to the end, because a key that changes faster than the consumer reads would then never be
 * read. So order is kept per key; across keys it is the order in which they began to wait.
 *
 * Keys are scoped by topic, and by source unless the subscriber gave a key function: BTCUSDT of two venues,
 * or of books and trades, are different things.
 */
export class ConflatingQueue implements EnvelopeQueue {
  readonly #ring = new Ring<ConflatedEntry>()
  readonly #scopes = new Map<string, Map<string, Map<string, ConflatedEntry>>>()
  readonly #keyOf: ConflationKey
  readonly #scopedBySource: boolean
  /** Of the last `replace`, for the `push` that follows it. */
  #key = ''
  #scope: Map<string, ConflatedEntry> | null = null

  constructor(keyOf: ConflationKey, scopedBySource: boolean) {
    this.#keyOf = keyOf
    this.#scopedBySource = scopedBySource
  }

  get length(): number {
    return this.#ring.length
  }

  replace(envelope: Envelope<unknown>): Envelope<unknown> | null {
    const key = this.#keyOf(envelope)
    this.#key = key ?? ''
    this.#scope = key === null ? null : this.#scopeOf(envelope)
    const waiting = this.#scope?.get(this.#key)
    if (waiting === undefined) return null
    const replaced = waiting.envelope
    waiting.envelope = envelope
    return replaced
  }

  push(envelope: Envelope<unknown>): void {
    const entry = { scope: this.#scope, key: this.#key, envelope }
    this.#scope?.set(this.#key, entry)
    this.#ring.push(entry)
  }

  shift(): Envelope<unknown> | undefined {
    const entry = this.#ring.shift()
    if (entry === undefined) return undefined
    entry.scope?.delete(entry.key)
    return entry.envelope
  }

  clear(): void {
    this.#ring.clear()
    this.#scopes.clear()
  }

  #scopeOf(envelope: Envelope<unknown>): Map<string, ConflatedEntry> {
    const source = this.#scopedBySource ? envelope.source : ''
    let sources = this.#scopes.get(envelope.topic)
    if (sources === undefined) {
      sources = new Map()
      this.#scopes.set(envelope.topic, sources)
    }
    let scope = sources.get(source)
    if (scope === undefined) {
      scope = new Map()
      sources.set(source, scope)
    }
    return scope
  }
}
