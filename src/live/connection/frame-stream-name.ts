/**
 * The stream a combined frame belongs to. Used only while a hand-over waits for the first data of each
 * stream on the new socket; the router has its own, faster way.
 */

/** `{"stream":"`, the way venues open a combined frame. */
const OPENING = Buffer.from('{"stream":"')
const QUOTE = 0x22
const BACKSLASH = 0x5c

/** `null` when the frame names none or cannot be read. */
export function frameStreamName(bytes: Uint8Array, start: number, end: number): string | null {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start)
  return quickName(frame) ?? parsedName(frame)
}

function quickName(frame: Buffer): string | null {
  if (frame.length < OPENING.length || frame.compare(OPENING, 0, OPENING.length, 0, OPENING.length) !== 0) return null
  const close = frame.indexOf(QUOTE, OPENING.length)
  if (close < 0) return null
  const backslash = frame.indexOf(BACKSLASH, OPENING.length)
  return backslash >= 0 && backslash < close ? null : frame.toString('utf8', OPENING.length, close)
}

/** Other key orders, white space, escapes. */
function parsedName(frame: Buffer): string | null {
  try {
    const parsed: unknown = JSON.parse(frame.toString())
    const name = (parsed as { stream?: unknown } | null)?.stream
    return typeof name === 'string' ? name : null
  } catch {
    return null
  }
}
