/**
 * What a subscriber receives. One object is shared by all subscribers of a message; never changed after
 * publish, may be kept.
 */
export interface Envelope<T, Name extends string = string> {
  readonly topic: Name
  readonly payload: T
  /** Per topic, from 1, without holes. */
  readonly seq: number
  /** Epoch ms with sub-millisecond fraction. */
  readonly publishTimeMs: number
  /** Who published, e.g. the manager's name; `''` when not given. */
  readonly source: string
  /** `seq` of the message that led to this one, when the publisher says so. */
  readonly causeSeq?: number
}
