/**
 * The last envelope per key of one topic and one source. Kept per source, because two feeds of different
 * venues publish the same symbol on the same topic.
 *
 * A publish usually has the key of the publish before it or is about to; the hot slot makes that case one
 * compare and one store, done by the topic handle itself.
 */
import type { Envelope } from '../types/envelope.js'
import { keyFunctionOf, symbolKey } from './keys.js'

/** Keys per topic and source; beyond it the key that came first is forgotten. Binance lists some 3 000 symbols. */
export const RETAINED_KEYS_MAX = 10_000

export interface RetainedSlot {
  readonly key: string
  envelope: Envelope<unknown> | null
}

/** Equal to no payload's `symbol`. */
const NO_HOT_SYMBOL: unknown = Object.freeze({})

export class Retained {
  /** `payload.symbol` for which `hotSlot` may be written without a look-up. */
  hotSymbol: unknown = NO_HOT_SYMBOL
  /** Slot of the newest envelope. */
  hotSlot: RetainedSlot = { key: '', envelope: null }

  readonly #slots = new Map<string, RetainedSlot>()
  readonly #keyOf: (payload: unknown) => string

  constructor(topic: string) {
    this.#keyOf = keyFunctionOf(topic)
  }

  put(envelope: Envelope<unknown>): void {
    const key = this.#keyOf(envelope.payload)
    let slot = this.#slots.get(key)
    if (slot === undefined) {
      if (this.#slots.size >= RETAINED_KEYS_MAX) this.#forgetFirst()
      slot = { key, envelope }
      this.#slots.set(key, slot)
    } else {
      slot.envelope = envelope
    }
    this.hotSlot = slot
    if (this.#keyOf === symbolKey) {
      const symbol = (envelope.payload as { readonly symbol?: unknown } | null | undefined)?.symbol
      this.hotSymbol = typeof symbol === 'string' || symbol === undefined ? symbol : NO_HOT_SYMBOL
    }
  }

  newest(): Envelope<unknown> | null {
    return this.hotSlot.envelope
  }

  /** The last of `key`; where keys are finer than symbols, a symbol gives the newest of its keys. */
  get(key: string): Envelope<unknown> | null {
    const exact = this.#slots.get(key)
    if (exact !== undefined) return exact.envelope
    if (this.#keyOf === symbolKey) return null
    let newest: Envelope<unknown> | null = null
    for (const { envelope } of this.#slots.values()) {
      if (envelope === null || symbolKey(envelope.payload) !== key) continue
      if (newest === null || envelope.seq > newest.seq) newest = envelope
    }
    return newest
  }

  *all(): Iterable<Envelope<unknown>> {
    for (const { envelope } of this.#slots.values()) if (envelope !== null) yield envelope
  }

  #forgetFirst(): void {
    for (const key of this.#slots.keys()) {
      this.#slots.delete(key)
      return
    }
  }
}
