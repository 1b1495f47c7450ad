/**
 * Reads a recording: gzip (or plain) text, one JSON object per line, in the order things were received.
 *
 *     {"recv_ns":"1723161253937085768","kind":"ws","stream":"btcusdt@depth@100ms","raw":"<exact frame text>"}
 *     {"recv_ns":"…","kind":"rest","url":"https://…","raw":"<exact response body>"}
 *     {"recv_ns":"…","kind":"connect","url":"wss://…"}
 *
 * `recv_ns` is a decimal string, because it does not fit a JavaScript number. Line numbers count from 1 and
 * are what fault scenarios and truth files refer to. What the lines mean is `recording-source.ts`'s business.
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { RecordingError } from '../errors.js'

export interface WsRecord {
  readonly kind: 'ws'
  readonly line: number
  /** Milliseconds since the first record of the file, with fraction. */
  readonly atMs: number
  readonly stream: string
  /** The payload inside the envelope, byte for byte; the whole frame where it was recorded without one. */
  readonly payload: string
}

export interface RestRecord {
  readonly kind: 'rest'
  readonly line: number
  readonly atMs: number
  /** Path without host and query, e.g. `/api/v3/depth`. */
  readonly path: string
  readonly params: ReadonlyMap<string, string>
  readonly body: string
}

export interface Recording {
  /** File name without folders. */
  readonly name: string
  readonly startWallMs: number
  readonly durationMs: number
  /** Number of lines, of any kind. */
  readonly lines: number
  readonly ws: readonly WsRecord[]
  readonly rest: readonly RestRecord[]
  /** URLs the recorder connected to. */
  readonly connects: readonly string[]
}

/** Text held in memory while serving; a larger recording has to be cut into files. */
const TEXT_BYTES_MAX = 1024 ** 3

export function readRecording(path: string): Recording {
  const name = path.replace(/^.*[\\/]/, '')
  let text: string
  try {
    const bytes = readFileSync(path)
    const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b
    text = (isGzip ? gunzipSync(bytes, { maxOutputLength: TEXT_BYTES_MAX }) : bytes).toString('utf8')
  } catch (error) {
    throw new RecordingError(`recording ${name} cannot be read: ${(error as Error).message}`, { cause: error })
  }
  return parseRecording(name, text)
}

export function parseRecording(name: string, text: string): Recording {
  const ws: WsRecord[] = []
  const rest: RestRecord[] = []
  const connects: string[] = []
  let firstNs: bigint | null = null
  let lastMs = 0
  let line = 0
  let start = 0
  while (start < text.length) {
    const newline = text.indexOf('\n', start)
    const end = newline < 0 ? text.length : newline
    const row = text.slice(start, end)
    start = end + 1
    if (row.trim() === '') continue
    line++
    const fields = parseRow(name, line, row)
    const ns = BigInt(fields.recv_ns)
    firstNs ??= ns
    const atMs = Number(ns - firstNs) / 1e6
    lastMs = Math.max(lastMs, atMs)
    if (fields.kind === 'ws') {
      const payload = innerPayload(fields.stream, fields.raw)
      if (payload !== null) ws.push({ kind: 'ws', line, atMs, stream: fields.stream, payload })
    } else if (fields.kind === 'rest') {
      const url = new URL(fields.url)
      rest.push({ kind: 'rest', line, atMs, path: url.pathname, params: new Map(url.searchParams), body: fields.raw })
    } else if (fields.kind === 'connect') {
      connects.push(fields.url)
    }
  }
  if (firstNs === null) throw new RecordingError(`recording ${name} is empty`)
  return { name, startWallMs: Number(firstNs) / 1e6, durationMs: lastMs, lines: line, ws, rest, connects }
}

interface Row {
  readonly recv_ns: string
  readonly kind: string
  readonly stream: string
  readonly url: string
  readonly raw: string
}

function parseRow(name: string, line: number, text: string): Row {
  let row: Partial<Row> | null
  try {
    row = JSON.parse(text) as Partial<Row> | null
  } catch (error) {
    throw new RecordingError(`${name}:${line} is not JSON`, { cause: error })
  }
  if (row === null || typeof row !== 'object') throw new RecordingError(`${name}:${line} is not an object`)
  const { recv_ns, kind, stream, url, raw } = row
  if (typeof recv_ns !== 'string' || !/^\d+$/.test(recv_ns)) {
    throw new RecordingError(`${name}:${line} recv_ns: expected a decimal string, got ${JSON.stringify(recv_ns)}`)
  }
  if (typeof kind !== 'string') throw new RecordingError(`${name}:${line} kind: expected a string`)
  const needs = kind === 'ws' ? { stream, raw } : kind === 'rest' ? { url, raw } : kind === 'connect' ? { url } : {}
  for (const [field, value] of Object.entries(needs)) {
    if (typeof value !== 'string') throw new RecordingError(`${name}:${line} ${field}: expected a string`)
  }
  return { recv_ns, kind, stream: stream ?? '', url: url ?? '', raw: raw ?? '' }
}

/**
 * The bytes between `"data":` and the closing brace. The venue writes the envelope in one way only, so no
 * JSON is parsed; a frame in another shape was recorded without envelope and is the payload itself. A reply
 * to a control message is nobody's payload.
 */
function innerPayload(stream: string, raw: string): string | null {
  const head = `{"stream":${JSON.stringify(stream)},"data":`
  if (raw.startsWith(head)) return raw.slice(head.length, -1)
  if (/^\{"(result|error|id)":/.test(raw)) return null
  if (raw.startsWith('{"stream":"')) {
    const mark = raw.indexOf(',"data":')
    if (mark > 0) return raw.slice(mark + ',"data":'.length, -1)
  }
  return raw
}
