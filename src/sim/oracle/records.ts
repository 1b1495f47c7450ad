/** What the oracle writes down: one plain object per thing that happened, as they appear in its JSON lines. */
import type { MarketKind } from '../../types/venue.js'
import type { PayloadIds } from '../market-source.js'

/** What became of a frame on one connection. */
export type FrameOutcome = 'delivered' | 'dropped' | 'altered' | 'delayed' | 'repeated'

export interface SentRecord {
  readonly type: 'sent'
  /** Of this connection and stream, from 1; dropped frames count. */
  readonly sequence: number
  /** Venue clock, epoch ms. */
  readonly timeMs: number
  readonly connection: number
  readonly stream: string
  readonly ids: PayloadIds
  /** Characters of the payload. */
  readonly length: number
  readonly hash: number
  readonly outcome: FrameOutcome
  /** `sequence` of the fault record that caused the outcome, or `null`. */
  readonly fault: number | null
}

export interface TruthRecord {
  readonly type: 'truth'
  /** Of this stream, from 1, starting with its first subscription. */
  readonly sequence: number
  readonly timeMs: number
  readonly market: MarketKind
  readonly stream: string
  readonly ids: PayloadIds
  readonly hash: number
}

export interface FaultRecord {
  readonly type: 'fault'
  readonly sequence: number
  readonly timeMs: number
  readonly fault: string
  readonly variant: string | null
  /** The rule that fired, as written. */
  readonly rule: string
  readonly connection: number | null
  readonly stream: string | null
  /** Ids, codes, frames or texts concerned. */
  readonly detail: Readonly<Record<string, unknown>>
}

/** A rule of the venue that a client broke. */
export type ViolationRule =
  | 'messageRate'
  | 'streamsPerConnection'
  | 'connectAttempts'
  | 'pongTimeout'
  | 'lifetime'
  | 'requestWeight'
  | 'fundingCalls'
  | 'frameSize'
  | 'urlSize'
  | 'slowConsumer'
  | 'ban'
  | 'protocol'

export interface ViolationRecord {
  readonly type: 'violation'
  readonly timeMs: number
  readonly rule: ViolationRule
  readonly address: string
  readonly connection: number | null
  readonly detail: string
}

export interface ConnectionRecord {
  readonly type: 'connection'
  readonly connection: number
  readonly timeMs: number
  readonly event: 'opened' | 'closed'
  readonly address: string
  readonly market: MarketKind
  readonly path: string
  /** Number of connections open after the event. */
  readonly open: number
  readonly code: number | null
  readonly reason: string
}

export type OracleRecord = SentRecord | TruthRecord | FaultRecord | ViolationRecord | ConnectionRecord
