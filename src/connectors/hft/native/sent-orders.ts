/**
 * The orders of one instrument that this connection sent, for a cancel, which repeats their terms. A hash table of
 * plain numbers, keyed by the halves of the ids: it allocates nothing per order but when it grows, where objects in a
 * map would be copied by the next garbage collections, and a map with bigints for keys costs microseconds.
 *
 * Bounded by two generations: a full one becomes the old one, so that nothing has to be deleted one by one.
 */
import { type OrderTerms, TIMES_IN_FORCE } from './order-buffer.js'

/** The last so many are known at least, and twice as many at most. */
const GENERATION_MAX = 50_000
const SLOTS_MIN = 256
/**
 * One slot is five doubles: the halves of the id, price, quantity, tick size, flags. Together, so that an order touches
 * one or two cache lines; the id and the flags are read as 32-bit words of the same memory.
 */
const SLOT_DOUBLES = 5
const SLOT_WORDS = 2 * SLOT_DOUBLES
const ID_HIGH = 0
const ID_LOW = 1
const FLAGS = 8
const PRICE = 1
const QTY = 2
const TICK_SIZE = 3

const SELL = 1
const MARKET = 2
const TIME_IN_FORCE_SHIFT = 2
/** Set in every slot that holds an order. */
const TAKEN = 128

export interface SentOrder {
  readonly terms: OrderTerms
  readonly tickSize: number
}

class Generation {
  count = 0
  #slots = SLOTS_MIN
  #doubles = new Float64Array(SLOT_DOUBLES * SLOTS_MIN)
  #words = new Uint32Array(this.#doubles.buffer)

  clear(): void {
    this.count = 0
    this.#words.fill(0)
  }

  add(idHigh: number, idLow: number, flags: number, price: number, qty: number, tickSize: number): void {
    // Half full at most, so that a search ends after a step or two.
    if (2 * this.count >= this.#slots) this.#grow()
    const slot = this.#find(idHigh, idLow)
    const word = SLOT_WORDS * slot
    if (this.#words[word + FLAGS] === 0) this.count += 1
    this.#words[word + ID_HIGH] = idHigh
    this.#words[word + ID_LOW] = idLow
    this.#words[word + FLAGS] = flags
    const double = SLOT_DOUBLES * slot
    this.#doubles[double + PRICE] = price
    this.#doubles[double + QTY] = qty
    this.#doubles[double + TICK_SIZE] = tickSize
  }

  get(idHigh: number, idLow: number): SentOrder | undefined {
    const slot = this.#find(idHigh, idLow)
    const flags = this.#words[SLOT_WORDS * slot + FLAGS] as number
    if (flags === 0) return undefined
    const double = SLOT_DOUBLES * slot
    return {
      terms: {
        side: (flags & SELL) === 0 ? 'BUY' : 'SELL',
        type: (flags & MARKET) === 0 ? 'LIMIT' : 'MARKET',
        timeInForce: TIMES_IN_FORCE[(flags >> TIME_IN_FORCE_SHIFT) & 3] ?? 'GTC',
        price: this.#doubles[double + PRICE] as number,
        qty: this.#doubles[double + QTY] as number,
      },
      tickSize: this.#doubles[double + TICK_SIZE] as number,
    }
  }

  /** The slot of an id, or the free one where it would be. */
  #find(idHigh: number, idLow: number): number {
    const words = this.#words
    const mask = this.#slots - 1
    // Ids mostly count up: their lowest bits stay as they are, so that neighbours in time are neighbours in memory.
    let slot = (idLow ^ (Math.imul((idLow >>> 16) ^ Math.imul(idHigh, 0x9e37_79b1), 0x85eb_ca6b) >>> 8)) & mask
    for (;;) {
      const word = SLOT_WORDS * slot
      if (words[word + FLAGS] === 0 || (words[word + ID_LOW] === idLow && words[word + ID_HIGH] === idHigh)) return slot
      slot = (slot + 1) & mask
    }
  }

  #grow(): void {
    const [words, doubles] = [this.#words, this.#doubles]
    this.#slots *= 2
    this.#doubles = new Float64Array(2 * doubles.length)
    this.#words = new Uint32Array(this.#doubles.buffer)
    for (let word = 0; word < words.length; word += SLOT_WORDS) {
      if (words[word + FLAGS] === 0) continue
      const to = this.#find(words[word + ID_HIGH] as number, words[word + ID_LOW] as number)
      for (let at = 0; at < SLOT_WORDS; at++) this.#words[SLOT_WORDS * to + at] = words[word + at] as number
    }
  }
}

export class SentOrders {
  #young = new Generation()
  #old = new Generation()

  /** The terms are copied; an order of the same id is replaced. */
  add(idHigh: number, idLow: number, terms: OrderTerms, tickSize: number): void {
    if (this.#young.count >= GENERATION_MAX) {
      const next = this.#old
      this.#old = this.#young
      this.#young = next
      next.clear()
    }
    const timeInForce = TIMES_IN_FORCE.indexOf(terms.timeInForce) << TIME_IN_FORCE_SHIFT
    const flags = TAKEN | timeInForce | (terms.side === 'SELL' ? SELL : 0) | (terms.type === 'MARKET' ? MARKET : 0)
    this.#young.add(idHigh, idLow, flags, terms.price, terms.qty, tickSize)
  }

  get(orderId: bigint): SentOrder | undefined {
    const high = Number((orderId >> 32n) & 0xffff_ffffn)
    const low = Number(orderId & 0xffff_ffffn)
    return this.#young.get(high, low) ?? this.#old.get(high, low)
  }
}
