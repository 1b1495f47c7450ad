/**
 * What a message is about: the key under which `last`, `replayLast` and conflation tell messages of one
 * topic apart. The symbol, except where the symbol alone would mix things that are different.
 */
import type { Envelope } from '../types/envelope.js'

/** `null`: no key can be told; such a message is never conflated. */
export type ConflationKey = (envelope: Envelope<unknown>) => string | null

type Fields = {
  readonly symbol?: unknown
  readonly interval?: unknown
  readonly name?: unknown
  readonly event?: unknown
}

/** `BTCUSDT`, or `''` for payloads without a symbol: the topic then has one key. */
export function symbolKey(payload: unknown): string {
  const symbol = (payload as Fields | null | undefined)?.symbol
  return typeof symbol === 'string' ? symbol : ''
}

/** `BTCUSDT 1m`: candles of two intervals do not replace each other. */
function candleKey(payload: unknown): string {
  return `${symbolKey(payload)} ${String((payload as Fields | null | undefined)?.interval)}`
}

function nameKey(payload: unknown): string {
  return String((payload as Fields | null | undefined)?.name)
}

function eventKey(payload: unknown): string {
  return String((payload as Fields | null | undefined)?.event)
}

const KEY_BY_TOPIC: ReadonlyMap<string, (payload: unknown) => string> = new Map([
  ['mkt.candles', candleKey],
  ['mkt.candles.partial', candleKey],
  ['live.health', nameKey],
  ['log.event', eventKey],
])

/** Key function of a topic; `symbolKey` for all but a few. */
export function keyFunctionOf(topic: string): (payload: unknown) => string {
  return KEY_BY_TOPIC.get(topic) ?? symbolKey
}

export function defaultConflationKey(envelope: Envelope<unknown>): string {
  return keyFunctionOf(envelope.topic)(envelope.payload)
}
