/**
 * Reads one control message of a client. Pure: text in, a request or a refusal out; what a request does is
 * the connection's business.
 *
 * Codes and texts follow the venue's table (Binance spot documentation "WebSocket Streams", errors 0-3,
 * checked 2026-11-20). The id is kept as the exact text the client wrote, because a 64-bit integer does not
 * survive `JSON.parse`.
 */

export type ControlRequest =
  | { readonly method: 'SUBSCRIBE' | 'UNSUBSCRIBE'; readonly id: string; readonly streams: readonly string[] }
  | { readonly method: 'LIST_SUBSCRIPTIONS'; readonly id: string }
  | { readonly method: 'SET_PROPERTY'; readonly id: string; readonly combined: boolean }
  | { readonly method: 'GET_PROPERTY'; readonly id: string }

export interface ControlRefusal {
  readonly code: number
  readonly msg: string
  /** JSON text of the id, or `null` when the message carried none that can be echoed. */
  readonly id: string | null
}

export type ControlMessage =
  | { readonly ok: true; readonly request: ControlRequest }
  | { readonly ok: false; readonly refusal: ControlRefusal }

/** How an error is shaped: nested is what the wire shows, flat what the documentation shows. */
export type ErrorShape = 'nested' | 'flat'

const METHODS = ['SUBSCRIBE', 'UNSUBSCRIBE', 'LIST_SUBSCRIPTIONS', 'SET_PROPERTY', 'GET_PROPERTY'] as const
const ID_CHARS_MAX = 36
const STREAM_CHARS_MAX = 256

export function parseControl(text: string): ControlMessage {
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch (error) {
    return refuse(3, `Invalid JSON: ${jsonComplaint(text, error)}`, null)
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    return refuse(2, 'Invalid request: expected an object', null)
  }
  const fields = message as Record<string, unknown>
  const id = readId(fields, text)
  if (id === null) return refuse(2, 'Invalid request: request ID must be an unsigned integer', null)
  const method = fields['method']
  if (method === undefined) return refuse(2, 'Invalid request: missing field `method`', id)
  if (typeof method !== 'string' || !(METHODS as readonly string[]).includes(method)) {
    const written = typeof method === 'string' ? method : JSON.stringify(method)
    const expected = METHODS.map((name) => `\`${name}\``).join(', ')
    return refuse(2, `Invalid request: unknown variant \`${written}\`, expected one of ${expected}`, id)
  }
  const params = fields['params']
  switch (method as (typeof METHODS)[number]) {
    case 'SUBSCRIBE':
    case 'UNSUBSCRIBE':
      return readStreams(method as 'SUBSCRIBE' | 'UNSUBSCRIBE', params, id)
    case 'LIST_SUBSCRIPTIONS':
      return { ok: true, request: { method: 'LIST_SUBSCRIPTIONS', id } }
    case 'SET_PROPERTY':
      return readSetProperty(params, id)
    case 'GET_PROPERTY':
      return readGetProperty(params, id)
  }
}

/**
 * True for a name the venue would take, however senseless: it acknowledges unknown symbols, unknown stream
 * types, upper case and wrong speeds alike, and refuses only what cannot be a name at all.
 */
export function isPossibleStreamName(name: string): boolean {
  if (name === '' || name.length > STREAM_CHARS_MAX) return false
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is refused here
  if (/[\s\u0000-\u001f\u007f"'\\/?#,]/.test(name)) return false
  return name.split('@').every((part) => part !== '')
}

export function successReply(id: string, resultJson: string): string {
  return `{"result":${resultJson},"id":${id}}`
}

export function errorReply(refusal: ControlRefusal, shape: ErrorShape, withId: boolean): string {
  const error = `"code":${refusal.code},"msg":${JSON.stringify(refusal.msg)}`
  const id = withId && refusal.id !== null ? `,"id":${refusal.id}` : ''
  return shape === 'nested' ? `{"error":{${error}}${id}}` : `{${error}${id}}`
}

function readStreams(method: 'SUBSCRIBE' | 'UNSUBSCRIBE', params: unknown, id: string): ControlMessage {
  if (params === undefined) return refuse(2, 'Invalid request: missing field `params`', id)
  if (!Array.isArray(params)) return refuse(2, 'Invalid request: invalid type, expected a sequence', id)
  const streams = new Set<string>()
  for (const name of params as unknown[]) {
    if (typeof name !== 'string' || !isPossibleStreamName(name)) {
      return refuse(2, 'Invalid request: invalid stream', id)
    }
    streams.add(name)
  }
  return { ok: true, request: { method, id, streams: [...streams] } }
}

function readSetProperty(params: unknown, id: string): ControlMessage {
  const values = Array.isArray(params) ? (params as unknown[]) : []
  const problem = propertyProblem(values, 2)
  if (problem !== null) return refuse(problem.code, problem.msg, id)
  const value = values[1]
  if (typeof value !== 'boolean') return refuse(1, 'Invalid value type: expected Boolean', id)
  return { ok: true, request: { method: 'SET_PROPERTY', id, combined: value } }
}

function readGetProperty(params: unknown, id: string): ControlMessage {
  const problem = propertyProblem(Array.isArray(params) ? (params as unknown[]) : [], 1)
  if (problem !== null) return refuse(problem.code, problem.msg, id)
  return { ok: true, request: { method: 'GET_PROPERTY', id } }
}

function propertyProblem(values: readonly unknown[], countMax: number): { code: number; msg: string } | null {
  if (values.length > countMax) return { code: 2, msg: 'Invalid request: too many parameters' }
  if (typeof values[0] !== 'string') return { code: 2, msg: 'Invalid request: property name must be a string' }
  if (values[0] !== 'combined') return { code: 0, msg: 'Unknown property' }
  return null
}

function readId(fields: Record<string, unknown>, text: string): string | null {
  const id = fields['id']
  if (id === undefined || id === null) return 'null'
  if (typeof id === 'string') return id.length <= ID_CHARS_MAX ? (rawTopLevelValue(text, 'id') ?? null) : null
  if (typeof id !== 'number') return null
  const raw = rawTopLevelValue(text, 'id')
  return raw !== null && /^-?\d{1,19}$/.test(raw) ? raw : null
}

/**
 * The text of a top-level member's value in a valid JSON object, exactly as written; the last one wins, as
 * in `JSON.parse`.
 */
export function rawTopLevelValue(text: string, key: string): string | null {
  let depth = 0
  let found: string | null = null
  let index = 0
  while (index < text.length) {
    const char = text[index]
    if (char === '"') {
      const end = endOfString(text, index)
      if (depth === 1 && JSON.parse(text.slice(index, end)) === key) {
        const colon = skipSpace(text, end)
        if (text[colon] === ':') {
          const start = skipSpace(text, colon + 1)
          const valueEnd = endOfScalar(text, start)
          if (valueEnd !== null) {
            found = text.slice(start, valueEnd)
            index = valueEnd
            continue
          }
        }
      }
      index = end
      continue
    }
    if (char === '{' || char === '[') depth++
    else if (char === '}' || char === ']') depth--
    index++
  }
  return found
}

function endOfString(text: string, start: number): number {
  let index = start + 1
  while (index < text.length && text[index] !== '"') index += text[index] === '\\' ? 2 : 1
  return index + 1
}

function endOfScalar(text: string, start: number): number | null {
  const first = text[start]
  if (first === '"') return endOfString(text, start)
  if (first === '{' || first === '[' || first === undefined) return null
  let index = start
  while (index < text.length && !/[\s,}\]]/.test(text[index]!)) index++
  return index
}

function skipSpace(text: string, start: number): number {
  let index = start
  while (index < text.length && /\s/.test(text[index]!)) index++
  return index
}

/** The venue names line and column; Node names a position in most of its messages. */
function jsonComplaint(text: string, error: unknown): string {
  const position = /position (\d+)/.exec(error instanceof Error ? error.message : '')
  const offset = position === null ? text.length : Number(position[1])
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  const column = offset - (before.lastIndexOf('\n') + 1) + 1
  return `expected value at line ${line} column ${column}`
}

function refuse(code: number, msg: string, id: string | null): ControlMessage {
  return { ok: false, refusal: { code, msg, id } }
}
