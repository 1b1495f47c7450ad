/** Payload of `live.gap`: a hole in a stream, with exact bounds where the venue numbers its messages. */
import type { StreamType } from './stream.js'
import type { Venue } from './venue.js'

export type GapUnit = 'updateId' | 'tradeId' | 'openTime' | 'time'

export type GapCause = 'DISCONNECT' | 'SEQUENCE' | 'SILENT' | 'REJECTED' | 'RESET' | 'OVERFLOW'

/** A hole in a stream. An opened gap ends as `filled` or `unfillable`, or is visible as open. */
export interface GapEvent {
  readonly gapId: number
  readonly kind: 'opened' | 'filled' | 'unfillable'
  readonly venue: Venue
  readonly symbol: string
  readonly streamType: StreamType
  /** Interval, depth or speed of the stream, e.g. `1m`. */
  readonly detail: string
  readonly unit: GapUnit
  /** Inclusive bounds in `unit`. */
  readonly from: number
  readonly to: number
  /** How many messages are missing; `null` where ids have holes by nature. */
  readonly missing: number | null
  readonly cause: GapCause
  /** What closed it; absent on `opened`. */
  readonly by?: 'snapshot' | 'backfill' | 'overlap' | 'superseded'
  readonly openedTimeMs: number
  readonly timeMs: number
}
