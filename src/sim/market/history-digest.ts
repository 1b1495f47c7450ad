/** A running digest of everything that happens to one instrument; two 32-bit lanes, a few nanoseconds an event. */
export class HistoryDigest {
  #a = 0x811c9dc5 | 0
  #b = 0x9e3779b9 | 0
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Mixes one event; numbers are taken modulo 2^32. */
  add(kind: number, x: number, y: number, time: number): void {
    this.#count++
    let a = Math.imul(this.#a ^ (x | 0), 0x01000193)
    a = Math.imul(a ^ (y | 0), 0x85ebca6b)
    a ^= a >>> 13
    this.#a = Math.imul(a ^ kind, 0xc2b2ae35)
    let b = Math.imul(this.#b ^ (time | 0), 0x27d4eb2f)
    b = (b << 7) | (b >>> 25)
    this.#b = Math.imul(b ^ (x | 0), 0x165667b1) ^ (y | 0)
  }

  /** 16 hex digits. */
  hex(): string {
    return (this.#a >>> 0).toString(16).padStart(8, '0') + (this.#b >>> 0).toString(16).padStart(8, '0')
  }
}
