export interface FuzzCounts {
  readonly frames: number
  readonly data: number
  readonly control: number
  readonly serverShutdown: number
  readonly unplaced: number
  readonly rejected: number
  readonly published: number
  readonly ignored: number
  readonly duplicate: number
  readonly payloadRejected: number
  readonly fallback: number
}

export function fuzzFrames(options: {
  /** `createHandlers` and `MessageRouter`, of the sources or of dist. */
  readonly createHandlers: unknown
  readonly MessageRouter: unknown
  readonly count: number
  readonly seed: number
  readonly onProgress?: (done: number) => void
}): FuzzCounts
