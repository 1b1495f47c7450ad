/** The parts of the venue a fault may touch. The connection and the venue implement these. */
import type { MarketKind } from '../../types/venue.js'
import type { MarketSource, PayloadIds } from '../market-source.js'
import type { FrameOutcome } from '../oracle/records.js'
import type { SelectableConnection } from './selector.js'

/** A frame as faults see it. */
export interface FaultFrame {
  readonly text: string
  readonly ids: PayloadIds
  altered(text: string): FaultFrame
}

/** A stream as faults see it. */
export interface FaultFeed {
  readonly name: string
  readonly market: MarketKind
  readonly symbol: string
  readonly kind: string
  readonly isDiffDepth: boolean
  readonly interval: string | null
}

export interface FaultConnection extends SelectableConnection {
  readonly isOpen: boolean
  /** The text last sent, for faults that spoil a copy of it. */
  readonly lastText: string
  /** Sends the frame now, past all faults, and records what became of it. */
  deliver(feed: FaultFeed, frame: FaultFrame, outcome: FrameOutcome, fault: number | null): void
  deliverFragments(feed: FaultFeed, frame: FaultFrame, pieces: number, pingBetween: boolean, fault: number): void
  /** Records a frame the client never sees. */
  drop(feed: FaultFeed, frame: FaultFrame, fault: number): void
  /** Keeps the frame back until a frame of another stream has gone out. */
  holdBack(feed: FaultFeed, frame: FaultFrame, fault: number): void
  /** Stops one stream of this connection until `unmute`, or until the client unsubscribes when `healsOnResubscribe`. */
  mute(stream: string, fault: number, healsOnResubscribe: boolean): void
  unmute(stream: string): void
  sendBytes(bytes: Uint8Array): void
  ping(payload: string): void
  pong(payload: string): void
  announceShutdown(): boolean
  closeWith(code: number, reason: string): void
  reset(): void
  fin(): void
  hold(): void
  release(): void
  /** Bytes per second the client can take; `null` lifts the limit. */
  limitBandwidth(bytesPerSecond: number | null): void
}

export interface FaultVenue {
  readonly source: MarketSource
  connections(): readonly FaultConnection[]
  /** Ids of the diffs of a symbol shown so far, newest last, on the youngest open connection that has any. */
  shownDiffIds(market: MarketKind, symbol: string): readonly PayloadIds[]
  /** Closes the listening port (connections stay) or opens it again; nothing happens without sockets. */
  setListening(isListening: boolean): void
  /** Steps the wall clock of the venue. */
  stepClock(byMs: number): void
  /** Lets the wall clock of the venue run fast (positive) or slow; 0 ends it. */
  driftClock(ppm: number): void
  /** Halts or resumes a symbol on the market itself; false where the market cannot. */
  setStatus(market: MarketKind, symbol: string, isHalted: boolean): boolean
  /** Takes a symbol off the venue's list or puts it back; false where the market cannot. */
  setListed(market: MarketKind, symbol: string, isListed: boolean): boolean
  /** Update ids of a symbol go back; false where the market cannot. */
  restartUpdateIds(market: MarketKind, symbol: string): boolean
  /** The same for ids of executions and aggregates. */
  restartTradeIds(market: MarketKind, symbol: string): boolean
}

/** An upgrade that fails. `delayMs` is waited first. */
export type UpgradeFault =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterMs: number | null; readonly delayMs: number }
  | { readonly kind: 'fail'; readonly how: 'reset' | 'refused' | 'name' | 'tls'; readonly delayMs: number }
  | { readonly kind: 'slow'; readonly delayMs: number }

/** What becomes of a REST answer. */
export type RestFault =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterMs: number | null; readonly body: string }
  | { readonly kind: 'body'; readonly body: string }
  /** No answer: the request hangs this long, then the connection is cut. */
  | { readonly kind: 'hang'; readonly forMs: number }
  /** The header promises the whole body, the connection ends in the middle of it. */
  | { readonly kind: 'cut' }
  | { readonly kind: 'slow'; readonly delayMs: number }

/** What becomes of the reply to a control message. */
export type ControlFault =
  | {
      readonly kind: 'error'
      readonly shape: 'nested' | 'flat'
      readonly withId: boolean
      readonly code: number
      readonly msg: string
    }
  | { readonly kind: 'lost' }
  | { readonly kind: 'late'; readonly delayMs: number }
