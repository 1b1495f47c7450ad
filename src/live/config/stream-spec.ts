/**
 * A stream, resolved: what the user asked for, checked against the venue, with the wire name it goes by.
 * The rest of the pipeline sees only this. Building one is `resolveStream` in `streams.ts`.
 */
import type { CandleInterval, StreamType } from '../../types/stream.js'

export interface StreamSpec {
  /** Upper case, as the venue lists it. */
  readonly symbol: string
  readonly type: StreamType
  /** `KLINE` only. */
  readonly interval: CandleInterval | null
  /** `DEPTH`: 5, 10, 20 for partial books, `null` for the diff stream of a maintained book. */
  readonly depthLevels: 5 | 10 | 20 | null
  /** As configured, e.g. `100ms`; `null` for the venue's default. */
  readonly updateSpeed: string | null
  /** Exact wire name, e.g. `btcusdt@depth20@100ms`; key of the stream everywhere. */
  readonly name: string
  /** Futures route the venue serves it on; `''` on spot. */
  readonly route: '' | 'public' | 'market'
  /** For people: `1m`, `20@100ms`, `full`, or `''`. */
  readonly detail: string
}
