/**
 * Latency quantiles of one feed over the last half to whole minute, in bounded memory.
 *
 * Buckets are log-linear: sixteen per power of two, so a quantile is within about 3 % of the true value.
 * Negative latencies keep their sign, because a clock that runs behind the venue's is a finding, not noise;
 * a histogram for non-negative values could not hold them. Two halves take turns: one fills, the other is
 * the older half of the window.
 */
import type { LatencySummary } from '../../types/health.js'

/** Exponents covered: from 2^-5 ms (31 us, below counts as zero) up to 2^26 ms (18 h, above counts as that). */
const EXPONENT_MIN = -5
const EXPONENT_MAX = 26
const SUB_BUCKETS = 16
const SIDE_BUCKETS = (EXPONENT_MAX - EXPONENT_MIN) * SUB_BUCKETS
const ZERO_BUCKET = SIDE_BUCKETS
const BUCKETS = 2 * SIDE_BUCKETS + 1
const COUNT_MAX = 0xffff

// The top 16 bits of a positive double are its exponent and four bits of mantissa: the bucket, without a logarithm.
const scratch = new Float64Array(1)
const scratchWords = new Uint16Array(scratch.buffer)
scratch[0] = 1
/** Little-endian keeps the top word last. */
const TOP_WORD = scratchWords[3] === 0x3ff0 ? 3 : 0
const FIRST_WORD = (1023 + EXPONENT_MIN) * SUB_BUCKETS

export class LatencyWindow {
  #filling: Uint16Array = new Uint16Array(BUCKETS)
  #older: Uint16Array = new Uint16Array(BUCKETS)

  /** Counts one latency in ms. Not a number is ignored. */
  record(latencyMs: number): void {
    if (Number.isNaN(latencyMs)) return
    const counts = this.#filling
    const bucket = bucketOf(latencyMs)
    if (counts[bucket] === COUNT_MAX) halve(counts)
    counts[bucket] = counts[bucket]! + 1
  }

  /** The older half is forgotten, the filling half becomes the older one. Call every half window. */
  rotate(): void {
    const reused = this.#older
    this.#older = this.#filling
    this.#filling = reused
    reused.fill(0)
  }

  /** `null` without samples in the window. */
  summary(): LatencySummary | null {
    let total = 0
    for (let bucket = 0; bucket < BUCKETS; bucket++) total += this.#filling[bucket]! + this.#older[bucket]!
    if (total === 0) return null
    return { p50: this.#quantile(0.5, total), p99: this.#quantile(0.99, total) }
  }

  /** Bytes held, for the memory budget. */
  get byteLength(): number {
    return this.#filling.byteLength + this.#older.byteLength
  }

  #quantile(quantile: number, total: number): number {
    const rank = Math.max(1, Math.ceil(quantile * total))
    let seen = 0
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#filling[bucket]! + this.#older[bucket]!
      if (seen >= rank) return latencyOf(bucket)
    }
    return latencyOf(BUCKETS - 1)
  }
}

function bucketOf(latencyMs: number): number {
  scratch[0] = Math.abs(latencyMs)
  const offset = scratchWords[TOP_WORD]! - FIRST_WORD
  if (offset < 0) return ZERO_BUCKET
  const distance = offset < SIDE_BUCKETS ? offset + 1 : SIDE_BUCKETS
  return latencyMs < 0 ? ZERO_BUCKET - distance : ZERO_BUCKET + distance
}

/** Middle of the bucket, rounded to what its width can carry. */
function latencyOf(bucket: number): number {
  if (bucket === ZERO_BUCKET) return 0
  const offset = Math.abs(bucket - ZERO_BUCKET) - 1
  const base = 2 ** (EXPONENT_MIN + Math.floor(offset / SUB_BUCKETS))
  const value = Number((base * (1 + ((offset % SUB_BUCKETS) + 0.5) / SUB_BUCKETS)).toPrecision(3))
  return bucket < ZERO_BUCKET ? -value : value
}

function halve(counts: Uint16Array): void {
  for (let bucket = 0; bucket < BUCKETS; bucket++) counts[bucket] = counts[bucket]! >>> 1
}
