/**
 * Reads a venue's reply to a control message. Only frames the router called CONTROL come here, a handful per
 * connection, so plain `JSON.parse` is right.
 *
 * Errors arrive in two shapes (Binance stream documentation, "Error messages", flat; the wire, seen
 * 2026-10-07, nested), and `id` may be missing:
 *
 *     {"error":{"code":2,"msg":"Invalid request: invalid stream"},"id":101}
 *     {"code":2,"msg":"Invalid request: …"}
 */

export type ControlReply =
  | { readonly kind: 'result'; readonly id: number | null }
  | {
      readonly kind: 'error'
      /** `null` when the venue did not say which request it means. */
      readonly id: number | null
      readonly code: number | undefined
      readonly message: string
    }

/** `null` for anything that is no reply. Never throws. */
export function parseControlReply(bytes: Uint8Array, start: number, end: number): ControlReply | null {
  let frame: unknown
  try {
    frame = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString())
  } catch {
    return null
  }
  if (!isRecord(frame)) return null
  const id = readId(frame['id'])
  const nested = frame['error']
  if (isRecord(nested)) return errorReply(id, nested)
  if (typeof frame['code'] === 'number' && typeof frame['msg'] === 'string') return errorReply(id, frame)
  if ('result' in frame) return { kind: 'result', id }
  return null
}

function errorReply(id: number | null, error: Record<string, unknown>): ControlReply {
  const code = error['code']
  const message = error['msg']
  return {
    kind: 'error',
    id,
    code: typeof code === 'number' ? code : undefined,
    message: typeof message === 'string' ? message : JSON.stringify(error),
  }
}

/** We always send integers; some servers echo them as text. */
function readId(id: unknown): number | null {
  if (typeof id === 'number') return id
  return typeof id === 'string' && /^\d{1,15}$/.test(id) ? Number(id) : null
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
