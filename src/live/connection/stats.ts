/**
 * Counters of the connection layer. They answer for conservation: every frame received is counted once by
 * what it turned out to be, every connect and close is counted where it happens.
 */
import { FrameKind } from '../frame.js'

export interface ConnectionStats {
  /** All frames of all sockets; the sum of the parts below. */
  readonly framesReceived: number
  readonly bytesReceived: number
  readonly frames: {
    readonly data: number
    readonly control: number
    readonly serverShutdown: number
    readonly unplaced: number
    readonly rejected: number
    /** Not handed on: from a socket that had been given up, or held for one that was lost before it took over. */
    readonly late: number
    /** Held now, while a hand-over or a redundant pair finds out what the other socket has delivered. */
    readonly held: number
    /** Copies that the other socket of a redundant pair had delivered already. */
    readonly redundant: number
    /** The frame sink threw, which it promises not to. */
    readonly failed: number
  }
  readonly controlMessagesSent: number
  /** Replies that belong to no pending request. */
  readonly controlRepliesUnmatched: number
  readonly subscriptionsRefused: number
  readonly ackTimeouts: number
  readonly pingTimeouts: number
  readonly connectsAttempted: number
  readonly connectsOpened: number
  /** Unplanned reconnects that succeeded. */
  readonly reconnects: number
  readonly refreshes: number
  readonly refreshFailures: number
  /** Sockets that exist now, in any state. */
  readonly socketCount: number
  readonly socketCountMax: number
  /** Closed sockets by close code; 1006 where none was received. */
  readonly closesByCode: Readonly<Record<number, number>>
}

/** The writable side, shared by all shards of a manager and kept over stop and start. */
export class ConnectionCounters {
  /** By `FrameKind`. */
  readonly framesByKind: number[] = [0, 0, 0, 0, 0, 0]
  framesLate = 0
  framesFailed = 0
  bytesReceived = 0
  controlMessagesSent = 0
  controlRepliesUnmatched = 0
  subscriptionsRefused = 0
  ackTimeouts = 0
  pingTimeouts = 0
  connectsAttempted = 0
  connectsOpened = 0
  reconnects = 0
  refreshes = 0
  refreshFailures = 0
  socketCount = 0
  socketCountMax = 0
  readonly #closesByCode = new Map<number, number>()

  countOpening(): void {
    this.connectsAttempted++
    this.socketCount++
    this.socketCountMax = Math.max(this.socketCountMax, this.socketCount)
  }

  countClose(code: number): void {
    this.socketCount--
    this.#closesByCode.set(code, (this.#closesByCode.get(code) ?? 0) + 1)
  }

  /** `held`: frames that hand-overs and pairs keep at the moment. */
  read(held = 0): ConnectionStats {
    const kind = (of: FrameKind): number => this.framesByKind[of] ?? 0
    return {
      framesReceived: this.framesByKind.reduce((sum, count) => sum + count, this.framesLate + this.framesFailed + held),
      bytesReceived: this.bytesReceived,
      frames: {
        data: kind(FrameKind.DATA),
        control: kind(FrameKind.CONTROL),
        serverShutdown: kind(FrameKind.SERVER_SHUTDOWN),
        unplaced: kind(FrameKind.UNPLACED),
        rejected: kind(FrameKind.REJECTED),
        late: this.framesLate,
        held,
        redundant: kind(FrameKind.REDUNDANT),
        failed: this.framesFailed,
      },
      controlMessagesSent: this.controlMessagesSent,
      controlRepliesUnmatched: this.controlRepliesUnmatched,
      subscriptionsRefused: this.subscriptionsRefused,
      ackTimeouts: this.ackTimeouts,
      pingTimeouts: this.pingTimeouts,
      connectsAttempted: this.connectsAttempted,
      connectsOpened: this.connectsOpened,
      reconnects: this.reconnects,
      refreshes: this.refreshes,
      refreshFailures: this.refreshFailures,
      socketCount: this.socketCount,
      socketCountMax: this.socketCountMax,
      closesByCode: Object.fromEntries(this.#closesByCode),
    }
  }
}
