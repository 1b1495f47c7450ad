/**
 * Constants of the connection layer that no user needs to set, in one place with their reasons. Tests and the
 * simulation pass others.
 */

export interface ConnectionTuning {
  /**
   * Wait for a reply to a control message; after it the message is sent once more (SUBSCRIBE is idempotent at
   * the venue), after the second wait it counts as unanswered. Replies were measured at about 0.3 s.
   */
  readonly ackTimeoutMs: number
  /**
   * Data must have flowed on a connection for this long before its failures are forgotten; see
   * docs/adr/0006-what-counts-as-healthy.md.
   */
  readonly healthyAfterMs: number
  /**
   * A hand-over waits this long for the next message of a stream whose cadence is not known: above the lag
   * between two sockets of one venue, and above the pace of a liquid stream.
   */
  readonly handOverWaitMsMax: number
  /** A socket that does not finish its closing handshake in this time is terminated. */
  readonly closeTimeoutMs: number
  /** Least time between two connects of a manager: 50 shards dropped together return over 5 s, not at once. */
  readonly connectSpacingMs: number
  /** Share of the venue's connection attempts that one manager takes. */
  readonly connectShare: number
}

export const DEFAULT_TUNING: ConnectionTuning = {
  ackTimeoutMs: 5_000,
  healthyAfterMs: 10_000,
  handOverWaitMsMax: 5_000,
  closeTimeoutMs: 1_000,
  connectSpacingMs: 100,
  connectShare: 0.9,
}
