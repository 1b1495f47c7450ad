/**
 * Seeded randomness. One seed is split by name per component, so that adding a consumer does not shift
 * the numbers the others see.
 */

export interface Random {
  /** Uniform in [0, 1), in steps of 2^-32. */
  next(): number
  /** Whole number in [min, max], both inclusive. */
  int(min: number, max: number): number
  /** Normally distributed, mean 0, standard deviation 1. */
  normal(): number
  /** True with the given probability. */
  chance(probability: number): boolean
  /** An independent stream for the named component; the same (seed, name) gives the same stream. */
  split(name: string): Random
}

/**
 * sfc32 (Chris Doty-Humphrey, public domain): 128 bits of state, passes PractRand, a few nanoseconds a
 * number. Not for secrets.
 */
export class SeededRandom implements Random {
  readonly #seed: number
  readonly #path: string
  #a: number
  #b: number
  #c: number
  #d = 1

  constructor(seed: number, path = '') {
    this.#seed = seed
    this.#path = path
    const hash = hashText(path)
    this.#a = seed >>> 0
    this.#b = Math.floor(seed / 2 ** 32) >>> 0
    this.#c = hash
    for (let round = 0; round < 16; round++) this.#next32()
  }

  next(): number {
    return this.#next32() / 2 ** 32
  }

  int(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1))
  }

  normal(): number {
    // Box-Muller; 1 - next() is never 0, so the logarithm is finite.
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next())
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  split(name: string): Random {
    return new SeededRandom(this.#seed, `${this.#path}/${name}`)
  }

  #next32(): number {
    const sum = (this.#a + this.#b + this.#d) | 0
    this.#d = (this.#d + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    this.#c |= 0
    return sum >>> 0
  }
}

/** A seed for runs that were not given one; print it, so that the run can be repeated. */
export function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 31)
}

/** FNV-1a over UTF-16 code units. */
function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return hash >>> 0
}
