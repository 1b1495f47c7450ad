/**
 * Rate and latency of every stream over the last minutes, sampled from health, so that a page opened later has a
 * past. Times are shared by all streams of a manager; a stream holds four columns of 4-byte numbers.
 *
 * Memory: `SAMPLES_MAX` x 16 bytes per stream, 4.8 kB; 1200 streams (200 symbols with six each) take 5.8 MB.
 */
import type { FeedHealth } from '../../types/health.js'
import type { HistoryColumns } from '../protocol.js'

/** At the default health interval of 5 s, 25 minutes; at the demo's 1 s, ten minutes. */
export const SAMPLES_MAX = 300
/** Health also comes at every state change; samples closer than this are not worth keeping. */
const SPACING_MS_MIN = 1_900

interface Columns {
  readonly rate: Float32Array
  readonly p50: Float32Array
  readonly p99: Float32Array
  readonly ageMs: Float32Array
}

export class FeedHistory {
  readonly #times = new Float64Array(SAMPLES_MAX)
  readonly #streams = new Map<string, Columns>()
  #count = 0

  /** Samples taken since the start; the newest `SAMPLES_MAX` are kept. */
  get count(): number {
    return this.#count
  }

  /** Takes a sample, unless the last one was a moment ago. */
  add(feeds: readonly FeedHealth[], timeMs: number): void {
    // A manager that is stopped has no streams; what they were is worth keeping until it runs again.
    if (feeds.length === 0) return
    if (this.#count > 0) {
      const sinceMs = timeMs - (this.#times[(this.#count - 1) % SAMPLES_MAX] ?? 0)
      // A clock that was set back must not stop the recording.
      if (sinceMs >= 0 && sinceMs < SPACING_MS_MIN) return
    }
    const place = this.#count++ % SAMPLES_MAX
    this.#times[place] = timeMs
    for (const columns of this.#streams.values()) {
      columns.rate[place] = Number.NaN
      columns.p50[place] = Number.NaN
      columns.p99[place] = Number.NaN
      columns.ageMs[place] = Number.NaN
    }
    const present = new Set<string>()
    for (const feed of feeds) {
      present.add(feed.stream)
      const columns = this.#columns(feed.stream)
      columns.rate[place] = feed.ratePerSecond
      columns.p50[place] = feed.latencyMs?.p50 ?? Number.NaN
      columns.p99[place] = feed.latencyMs?.p99 ?? Number.NaN
      columns.ageMs[place] = feed.lastMessageAgeMs ?? Number.NaN
    }
    if (present.size === this.#streams.size) return
    for (const stream of this.#streams.keys()) if (!present.has(stream)) this.#streams.delete(stream)
  }

  /** Samples from number `from` on (see `count`), oldest first. */
  read(stream: string, from: number): HistoryColumns {
    const columns = this.#streams.get(stream)
    const first = Math.max(from, this.#count - SAMPLES_MAX, 0)
    const timeMs: number[] = []
    const rate: (number | null)[] = []
    const p50: (number | null)[] = []
    const p99: (number | null)[] = []
    const ageMs: (number | null)[] = []
    for (let index = first; columns !== undefined && index < this.#count; index++) {
      const place = index % SAMPLES_MAX
      timeMs.push(Math.round(this.#times[place] ?? 0))
      rate.push(shortened(columns.rate[place]))
      p50.push(shortened(columns.p50[place]))
      p99.push(shortened(columns.p99[place]))
      ageMs.push(shortened(columns.ageMs[place]))
    }
    return { timeMs, rate, p50, p99, ageMs }
  }

  #columns(stream: string): Columns {
    let columns = this.#streams.get(stream)
    if (columns === undefined) {
      const fresh = (): Float32Array => new Float32Array(SAMPLES_MAX).fill(Number.NaN)
      columns = { rate: fresh(), p50: fresh(), p99: fresh(), ageMs: fresh() }
      this.#streams.set(stream, columns)
    }
    return columns
  }
}

function shortened(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : Number(value.toPrecision(5))
}
