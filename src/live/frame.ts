/** What connection and router say to each other about one frame. */

/** The socket a frame came from. One object per socket generation, shared by all its frames. */
export interface FrameOrigin {
  readonly connectionId: string
  /** Counts sockets opened for this connection id, from 1. */
  readonly generation: number
}

/** What a frame turned out to be. Numbers, because one is returned per frame. */
export const FrameKind = {
  /** A payload of a known stream was handled; its outcome is in the feed's counters. */
  DATA: 0,
  /** Reply to a control message (`result` or `error`): the connection reads it. */
  CONTROL: 1,
  /** `serverShutdown`: the connection opens a replacement at once. */
  SERVER_SHUTDOWN: 2,
  /** Well formed, but of no stream we know (any more). */
  UNPLACED: 3,
  /** Not readable. */
  REJECTED: 4,
  /** A copy of what the other socket of a redundant pair has delivered already; handed to nobody. */
  REDUNDANT: 5,
  /** Kept until the other socket of a redundant pair has come as far; counted when it is handed on. */
  HELD: 6,
} as const
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind]

/** The router as the connection layer sees it. Never throws. */
export interface FrameSink {
  /** Reads `bytes[start … end)` during the call and keeps nothing of it. */
  onFrame(bytes: Uint8Array, start: number, end: number, receiveTimeMs: number, origin: FrameOrigin): FrameKind
}
