/**
 * One stream as the pipeline sees it: its identity and its counters. The router and the handlers write,
 * health and metrics read; plain numbers, because they change per message.
 */
import type { StreamSpec } from './config/stream-spec.js'

export class Feed {
  readonly spec: StreamSpec
  /** Connection that carries it now; `''` before it is assigned. */
  connectionId = ''

  /** Data frames placed on this stream; equals published + ignored + duplicate + rejected + held. */
  messageCount = 0
  publishedCount = 0
  /** Valid but not wanted: a partial candle without the option, a trade that is no market trade. */
  ignoredCount = 0
  /** Seen before, by id: overlap of two sockets, or repeated by the venue. */
  duplicateCount = 0
  rejectedCount = 0
  /** Now waiting for what follows: copies, or the first messages under ids that began again. */
  heldCount = 0
  /** Frames that named this stream and could not be read; not among the messages. */
  unreadableCount = 0
  /** Payloads that the byte decoder handed to the JSON path; a rising count means the venue changed its format. */
  fallbackCount = 0
  gapCount = 0

  /**
   * Wall clock of the last frame, epoch ms; 0 before the first. Health shifts it when the wall clock
   * jumps, so that an age computed from it stays true.
   */
  lastReceiveTimeMs = 0
  /** The same of the last message that was new: what a hole in time begins with. Copies say nothing of what is missing. */
  lastNewTimeMs = 0
  /** Receive minus venue time of the last message in ms; NaN when the venue sent no time. */
  lastLatencyMs: number = Number.NaN
  /** Health takes latency samples from here; set by health, called with every latency when present. */
  latencySink: ((latencyMs: number) => void) | null = null
  /** Called with the event time of every readable candle frame, repeated ones too; set by the candle sequencer. */
  venueTimeSink: ((venueTimeMs: number) => void) | null = null

  /**
   * Id of the last published message where the stream kind has one (trade id, update id, event time, open
   * time of the last finalized candle); -1 before. Messages at or below it are duplicates.
   */
  lastId = -1
  /** How often `resetContinuity` was called. A handler with state of its own forgets it when this changed. */
  resetCount = 0
  /**
   * Wall clock of the last message under the ids before, epoch ms; NaN before the first reset. What the venue sent
   * between it and the first message after the reset is not known to be complete.
   */
  resetSinceMs: number = Number.NaN
  /** Called once for the next message that is new, with its receive time; set by the gap ledger. */
  onceReceived: ((receiveTimeMs: number) => void) | null = null

  constructor(spec: StreamSpec) {
    this.spec = spec
  }

  /**
   * Forgets what was seen: the next message is taken whatever its id is. For whoever knows that the venue
   * started its ids again; the router calls it when a stream goes on below its last id.
   */
  resetContinuity(sinceMs: number = this.lastReceiveTimeMs): void {
    this.resetSinceMs = sinceMs
    this.lastId = -1
    this.resetCount += 1
  }
}
