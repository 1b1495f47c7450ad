/** Errors of the native layer. The codes come from the addon; what a person can do about each is written here. */
import { LiveFeedError } from '../../../types/errors.js'

export type IpcErrorCode =
  /** No addon for this platform, or it could not be loaded. */
  | 'NATIVE_UNAVAILABLE'
  /** No such service: the connector is not running, or under another name, root path or prefix. */
  | 'IPC_SERVICE_NOT_FOUND'
  /** The other side was built with another version of Iceoryx2. */
  | 'IPC_VERSION_MISMATCH'
  /** Payload, header or pattern of the service are not the expected ones. */
  | 'IPC_INCOMPATIBLE_TYPES'
  /** The service offers less than was asked for. */
  | 'IPC_INCOMPATIBLE_QOS'
  /** All nodes, publishers, subscribers or loans of the service are taken. */
  | 'IPC_LIMIT'
  /** Files or segments belong to another user. */
  | 'IPC_PERMISSION'
  /** A data segment could not be created, or has no free sample. */
  | 'IPC_NO_MEMORY'
  /** A message longer than a slot. */
  | 'IPC_TOO_LARGE'
  /** Files of a service are damaged or incomplete. */
  | 'IPC_CORRUPTED'
  /** In creation, in destruction or in use at this moment. */
  | 'IPC_BUSY'
  /** Sending, receiving or connecting failed. */
  | 'IPC_IO'
  /** Used after it was closed. */
  | 'IPC_CLOSED'
  /** An argument that cannot be. */
  | 'IPC_INVALID_ARGUMENT'
  /** A panic was caught; the object cannot be used any more. */
  | 'IPC_INTERNAL'
  /** Bytes that are no message. */
  | 'CODEC_INVALID'

/** Whether trying again can help, and what would. */
const ADVICE: Readonly<Record<IpcErrorCode, { readonly isTerminal: boolean; readonly hint: string }>> = {
  NATIVE_UNAVAILABLE: { isTerminal: true, hint: 'build the addon with "npm run build:native"' },
  IPC_SERVICE_NOT_FOUND: {
    isTerminal: false,
    hint: 'start the connector, and compare its name, root path and prefix with the ones used here',
  },
  IPC_VERSION_MISMATCH: { isTerminal: true, hint: 'build both sides with the same Iceoryx2 version' },
  IPC_INCOMPATIBLE_TYPES: { isTerminal: true, hint: 'compare payload and user header with the list of services' },
  IPC_INCOMPATIBLE_QOS: { isTerminal: true, hint: 'ask for no more than the service offers' },
  IPC_LIMIT: { isTerminal: false, hint: 'close another user of the service, or clean up after dead ones' },
  IPC_PERMISSION: { isTerminal: true, hint: 'run both sides as the same user' },
  IPC_NO_MEMORY: { isTerminal: true, hint: 'enlarge /dev/shm or lower the service’s sizes' },
  IPC_TOO_LARGE: { isTerminal: true, hint: 'shorten the message' },
  IPC_CORRUPTED: { isTerminal: false, hint: 'clean up after dead nodes, then restart the other side' },
  IPC_BUSY: { isTerminal: false, hint: 'try again in a moment' },
  IPC_IO: { isTerminal: false, hint: 'try again in a moment' },
  IPC_CLOSED: { isTerminal: true, hint: 'open a new one' },
  IPC_INVALID_ARGUMENT: { isTerminal: true, hint: 'correct the argument' },
  IPC_INTERNAL: { isTerminal: true, hint: 'open a new one, and report this' },
  CODEC_INVALID: { isTerminal: false, hint: 'check that both sides speak the same protocol' },
}

/** One of {@link IpcErrorCode}; see `docs/errors.md`. */
export class IpcError extends LiveFeedError {
  override readonly name = 'IpcError'
  /** What would help. */
  readonly hint: string

  constructor(code: IpcErrorCode, message: string, cause?: unknown) {
    const { hint, isTerminal } = ADVICE[code]
    super(code, message, { isTerminal, ...(cause === undefined ? {} : { cause }) })
    this.hint = hint
  }
}

function isIpcErrorCode(code: unknown): code is IpcErrorCode {
  return typeof code === 'string' && Object.hasOwn(ADVICE, code)
}

/** What the addon threw, as an {@link IpcError}. Arguments of a wrong type are refused by the addon's outermost layer. */
export function toIpcError(error: unknown): IpcError {
  if (error instanceof IpcError) return error
  const code = (error as { code?: unknown } | null)?.code
  const message = error instanceof Error ? error.message : String(error)
  return new IpcError(isIpcErrorCode(code) ? code : 'IPC_INVALID_ARGUMENT', message, error)
}

/** Runs a call into the addon. */
export function calling<T>(call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw toIpcError(error)
  }
}
