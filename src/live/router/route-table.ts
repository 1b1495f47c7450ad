/**
 * From the stream name in a combined frame to the stream's record, without making a string: a hash over the
 * bytes of the name, open addressing, and the name compared on a hit.
 *
 * Names change rarely (subscribe, unsubscribe), frames come by the million: the table is built anew on every
 * change and is never more than half full, so a lookup ends after a step or two.
 */
import { type FrameCursor, Literal } from '../decode/index.js'
import type { Feed } from '../feed.js'
import type { FrameOrigin } from '../frame.js'
import type { StreamHandler } from '../handlers/handler.js'

/** A message that waits for what it turns out to be. One of `bytes` and `value` is there. */
export interface HeldMessage {
  /** The payload alone, in memory of its own. */
  readonly bytes: Uint8Array | null
  /** Parsed already: its frame was not in the usual form. */
  readonly value: unknown
  readonly receiveTimeMs: number
  readonly origin: FrameOrigin
}

/** One stream, and what the router remembers about it between frames. */
export class Route {
  readonly feed: Feed
  readonly handler: StreamHandler
  readonly name: string
  readonly hash: number
  /** Name as little-endian words, the last one filled up with zeros. */
  readonly words: Int32Array
  /** In bytes. */
  readonly length: number

  /** Socket of the last message that was new. */
  acceptedFrom: FrameOrigin | null = null
  /** When that message came, wall clock; with the latency of the feed it gives the venue's time of it. */
  acceptedAtMs: number = Number.NaN
  /** Duplicates in a row since then, and when the first of them came. See `ResetDetector`. */
  duplicateRun = 0
  duplicateRunFromMs = 0
  /** Some of them are such as a socket that is behind would send. */
  duplicateRunMayLag = false
  /** Those of them that are newer than the last message taken. */
  newerRun = 0
  /** Of the second duplicate of the row. */
  duplicateRunHash = 0
  /** The newer ones themselves: repetition if something new comes under the old ids, else the first of the new ones. */
  readonly held: HeldMessage[] = []

  constructor(feed: Feed, handler: StreamHandler) {
    const bytes = new TextEncoder().encode(feed.spec.name)
    const padded = new DataView(new ArrayBuffer(bytes.length + 4))
    bytes.forEach((byte, index) => {
      padded.setUint8(index, byte)
    })
    this.feed = feed
    this.handler = handler
    this.name = feed.spec.name
    this.length = bytes.length
    // One word more than whole words fit: the lookup always reads a last word, of 0 to 3 bytes.
    this.words = Int32Array.from({ length: (bytes.length >>> 2) + 1 }, (_, index) => padded.getInt32(4 * index, true))
    let hash = HASH_SEED
    for (const word of this.words) hash = mix(hash, word)
    this.hash = hash
  }
}

/** Outer form of every frame of a stream: `{"stream":"<name>","data":<payload>}`. */
const BEFORE_NAME = new Literal('{"stream":"')
const AFTER_NAME = new Literal('","data":')

const QUOTES = 0x22222222
const ONES = 0x01010101
const HIGH_BITS = 0x80808080 | 0
const HASH_SEED = 0x2545f491
const SIZE_MIN = 16

function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}

export class RouteTable {
  readonly #routes = new Map<string, Route>()
  #slots: (Route | null)[] = new Array<Route | null>(SIZE_MIN).fill(null)
  #list: readonly Route[] = []

  add(route: Route): void {
    this.#routes.set(route.name, route)
    this.#rebuild()
  }

  remove(name: string): Route | undefined {
    const route = this.#routes.get(name)
    if (route !== undefined) {
      this.#routes.delete(name)
      this.#rebuild()
    }
    return route
  }

  get(name: string): Route | undefined {
    return this.#routes.get(name)
  }

  /** In the order they were added. */
  get routes(): readonly Route[] {
    return this.#list
  }

  /**
   * The route of a compact combined frame, with the cursor moved to its payload; `null` when the frame does
   * not begin that way or names a stream that is not here (the cursor stays).
   */
  find(cursor: FrameCursor): Route | null {
    const start = cursor.pos
    if (!cursor.literal(BEFORE_NAME)) return null
    const view = cursor.view
    const nameAt = cursor.pos
    const end = cursor.end
    let at = nameAt
    let hash = HASH_SEED
    for (;;) {
      if (at >= end) break
      const word = view.getInt32(at, true)
      // The lowest byte equal to a quote has its high bit set; the subtraction borrows upwards only.
      const difference = word ^ QUOTES
      const quotes = (difference - ONES) & ~difference & HIGH_BITS
      if (quotes !== 0) {
        const bits = (31 - Math.clz32(quotes & -quotes)) & 0x18
        const lastWord = word & ((1 << bits) - 1)
        hash = mix(hash, lastWord)
        const length = at - nameAt + (bits >>> 3)
        const route = this.#lookUp(view, nameAt, length, hash, lastWord)
        cursor.pos = nameAt + length
        if (route !== null && cursor.literal(AFTER_NAME)) return route
        break
      }
      hash = mix(hash, word)
      at += 4
    }
    cursor.pos = start
    return null
  }

  #lookUp(view: DataView, nameAt: number, length: number, hash: number, lastWord: number): Route | null {
    const slots = this.#slots
    const mask = slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const route = slots[slot] as Route | null
      if (route === null) return null
      if (route.hash === hash && route.length === length && isNameAt(view, nameAt, route.words, lastWord)) return route
    }
  }

  #rebuild(): void {
    this.#list = [...this.#routes.values()]
    let size = SIZE_MIN
    while (size < 2 * this.#list.length) size *= 2
    const slots = new Array<Route | null>(size).fill(null)
    for (const route of this.#list) {
      let slot = route.hash & (size - 1)
      while (slots[slot] !== null) slot = (slot + 1) & (size - 1)
      slots[slot] = route
    }
    this.#slots = slots
  }
}

function isNameAt(view: DataView, nameAt: number, words: Int32Array, lastWord: number): boolean {
  const whole = words.length - 1
  for (let index = 0; index < whole; index++) {
    if (view.getInt32(nameAt + 4 * index, true) !== words[index]) return false
  }
  return words[whole] === lastWord
}
