/** Reads what a page says it looks at. Everything from outside is refused unless it is exactly of the known form. */
import type { InterestMessage, MarketKey, StreamKey } from './protocol.js'

/** Names of sources, streams, symbols and topics are far shorter. */
const NAME_CHARACTERS_MAX = 200

/** `null` for anything that is not an interest message. */
export function readInterest(text: string): InterestMessage | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (!hasOnly(value, ['kind', 'market', 'stream', 'topic']) || value['kind'] !== 'interest') return null
  const { market, stream, topic } = value
  if (market !== null && !isNames<MarketKey>(market, ['source', 'symbol', 'interval'])) return null
  if (stream !== null && !isNames<StreamKey>(stream, ['source', 'stream'])) return null
  if (topic !== null && !isName(topic)) return null
  return { kind: 'interest', market, stream, topic }
}

function isNames<T>(value: unknown, names: readonly (keyof T & string)[]): value is T {
  return hasOnly(value, names) && names.every((name) => isName(value[name]))
}

function hasOnly(value: unknown, names: readonly string[]): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const keys = Object.keys(value)
  return keys.length === names.length && names.every((name) => Object.hasOwn(value, name))
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= NAME_CHARACTERS_MAX
}
