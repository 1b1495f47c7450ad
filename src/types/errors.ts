/**
 * The error family of feedbus. Match on `code`, which is stable; `message` is for people. Every code has a
 * section in `docs/errors.md`.
 */

export interface LiveFeedErrorOptions {
  readonly cause?: unknown
  /** Trying again cannot help: the input or the caller must change. */
  readonly isTerminal?: boolean
}

export class LiveFeedError extends Error {
  override readonly name: string = 'LiveFeedError'
  readonly code: string
  readonly isTerminal: boolean

  constructor(code: string, message: string, options: LiveFeedErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.isTerminal = options.isTerminal ?? false
  }
}

/** A subscriber's handler threw, or its promise rejected. The feed and the other subscribers go on. */
export class HandlerError extends LiveFeedError {
  override readonly name = 'HandlerError'
  readonly topic: string
  /** `seq` of the envelope it failed on. */
  readonly seq: number

  constructor(message: string, fields: { topic: string; seq: number; cause: unknown }) {
    super('HANDLER_FAILED', message, { cause: fields.cause })
    this.topic = fields.topic
    this.seq = fields.seq
  }
}
