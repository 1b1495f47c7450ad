/**
 * Messages of a connector as typed objects, to and from bytes. For tests and for a connector double; market data is
 * read from records (`record-view.ts`) instead.
 */
import type { AddonLiveError, AddonMessage, AddonOrder, AddonValue } from './addon.js'
import { loadAddon } from './binding.js'
import { calling, IpcError } from './errors.js'
import {
  type LiveEvent,
  type LiveRequest,
  WIRE_ORDER_TYPES,
  WIRE_SIDES,
  WIRE_STATUSES,
  WIRE_TIMES_IN_FORCE,
  type WireError,
  type WireEvent,
  type WireOrder,
  type WireValue,
} from './types.js'

const ERROR_KINDS = ['ConnectionInterrupted', 'CriticalConnectionError', 'OrderError', 'Custom'] as const
/** Nesting that the wire format allows; deeper is refused here, before a loop in the data becomes a deep stack. */
const VALUE_DEPTH_MAX = 32

/** Bytes of a request. Throws `IPC_TOO_LARGE` above 512 and `IPC_INVALID_ARGUMENT` for a number out of range. */
export function encodeRequest(request: LiveRequest): Uint8Array {
  const message: AddonMessage =
    request.type === 'order'
      ? { kind: 0, symbol: request.symbol, order: toAddonOrder(request.order) }
      : { kind: 1, symbol: request.symbol, tickSize: request.tickSize, lotSize: request.lotSize }
  return calling(() => loadAddon().encodeRequestMessage(message))
}

/** Throws `CODEC_INVALID` for bytes that are no request, or more than one. */
export function decodeRequest(bytes: Uint8Array): LiveRequest {
  const message = calling(() => loadAddon().decodeRequestMessage(bytes))
  const symbol = message.symbol ?? ''
  if (message.kind === 0 && message.order !== undefined) {
    return { type: 'order', symbol, order: toWireOrder(message.order) }
  }
  return { type: 'registerInstrument', symbol, tickSize: message.tickSize ?? 0, lotSize: message.lotSize ?? 0 }
}

/** Bytes of an event. Throws like {@link encodeRequest}. */
export function encodeEvent(event: LiveEvent): Uint8Array {
  const message = toMessage(event)
  return calling(() => loadAddon().encodeEventMessage(message))
}

function toMessage(event: LiveEvent): AddonMessage {
  switch (event.type) {
    case 'batchStart':
      return { kind: 0 }
    case 'batchEnd':
      return { kind: 1 }
    case 'feed':
      return { kind: 2, symbol: event.symbol, event: event.event }
    case 'order':
      return { kind: 3, symbol: event.symbol, order: toAddonOrder(event.order) }
    case 'position':
      return { kind: 4, symbol: event.symbol, qty: event.qty, exchTs: event.exchTs }
    case 'error':
      return { kind: 5, error: toAddonError(event.error) }
  }
}

/** Throws `CODEC_INVALID` for bytes that are no event, or more than one. */
export function decodeEvent(bytes: Uint8Array): LiveEvent {
  const {
    kind,
    symbol = '',
    event,
    order,
    error,
    qty = 0,
    exchTs = 0n,
  } = calling(() => loadAddon().decodeEventMessage(bytes))
  if (kind === 0) return { type: 'batchStart' }
  if (kind === 1) return { type: 'batchEnd' }
  if (kind === 2 && event !== undefined) return { type: 'feed', symbol, event: event satisfies WireEvent }
  if (kind === 3 && order !== undefined) return { type: 'order', symbol, order: toWireOrder(order) }
  if (kind === 5 && error !== undefined) return { type: 'error', error: toWireError(error) }
  return { type: 'position', symbol, qty, exchTs }
}

/** Names become wire tags: their places in the lists. */
function toAddonOrder(order: WireOrder): AddonOrder {
  return {
    ...order,
    orderType: tagOf('orderType', WIRE_ORDER_TYPES, order.orderType),
    req: tagOf('req', WIRE_STATUSES, order.req),
    status: tagOf('status', WIRE_STATUSES, order.status),
    side: tagOf('side', WIRE_SIDES, order.side),
    timeInForce: tagOf('timeInForce', WIRE_TIMES_IN_FORCE, order.timeInForce),
  }
}

/** A name's wire tag: its place in the list. */
export function tagOf<T extends string>(field: string, names: readonly T[], name: T): number {
  const tag = names.indexOf(name)
  if (tag < 0) throw new IpcError('IPC_INVALID_ARGUMENT', `${field} "${name}" is none of ${names.join(', ')}`)
  return tag
}

function toWireOrder(order: AddonOrder): WireOrder {
  return {
    ...order,
    orderType: WIRE_ORDER_TYPES[order.orderType] ?? 'Unsupported',
    req: WIRE_STATUSES[order.req] ?? 'Unsupported',
    status: WIRE_STATUSES[order.status] ?? 'Unsupported',
    side: WIRE_SIDES[order.side] ?? 'Unsupported',
    timeInForce: WIRE_TIMES_IN_FORCE[order.timeInForce] ?? 'Unsupported',
  }
}

function toAddonError(error: WireError): AddonLiveError {
  const kind = tagOf('kind', ERROR_KINDS, error.kind)
  const value = toAddonValue(error.value, 0)
  return error.custom === undefined ? { kind, value } : { kind, custom: error.custom, value }
}

export function toWireError(error: AddonLiveError): WireError {
  const kind = ERROR_KINDS[error.kind] ?? 'Custom'
  const value = toWireValue(error.value)
  return error.custom === undefined ? { kind, value } : { kind, custom: error.custom, value }
}

function toAddonValue(value: WireValue, depth: number): AddonValue {
  if (depth > VALUE_DEPTH_MAX) throw new IpcError('CODEC_INVALID', `values nested deeper than ${VALUE_DEPTH_MAX}`)
  if (value === null) return { tag: 6 }
  if (typeof value === 'string') return { tag: 0, text: value }
  if (typeof value === 'bigint') return { tag: 1, int: value }
  if (typeof value === 'number') return { tag: 2, float: value }
  if (typeof value === 'boolean') return { tag: 3, flag: value }
  if (isList(value)) return { tag: 4, items: value.map((item) => toAddonValue(item, depth + 1)) }
  return {
    tag: 5,
    keys: Object.keys(value),
    items: Object.values(value).map((item) => toAddonValue(item, depth + 1)),
  }
}

function isList(value: object): value is readonly WireValue[] {
  return Array.isArray(value)
}

function toWireValue(value: AddonValue): WireValue {
  const { tag, text = '', int = 0n, float = 0, flag = false, items = [], keys = [] } = value
  if (tag === 0) return text
  if (tag === 1) return int
  if (tag === 2) return float
  if (tag === 3) return flag
  if (tag === 4) return items.map(toWireValue)
  if (tag !== 5) return null
  return Object.fromEntries(keys.map((key, index) => [key, toWireValue(items[index] ?? { tag: 6 })]))
}
