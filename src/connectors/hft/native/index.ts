/** The native layer: the generic byte layer over Iceoryx2 and connections to hftbacktest connectors. */
export { isNativeAvailable, platformTarget, versions } from './binding.js'
export type { IpcErrorCode } from './errors.js'
export { IpcError } from './errors.js'
export type { HftConnectionDoors } from './hft-connection.js'
export { HftConnection } from './hft-connection.js'
export type { IpcSample } from './ipc-node.js'
export { IpcNode, IpcPublisher, IpcService, IpcSubscriber, samplesIn } from './ipc-node.js'
export { decodeEvent, decodeRequest, encodeEvent, encodeRequest } from './messages.js'
export type {
  HftConnectionEvents,
  HftConnectionOptions,
  HftConnectionStats,
  HftConnectorKind,
  HftDecodeError,
  HftOrderRequest,
  HftOverflow,
  LiveEvent,
  LiveRequest,
  NativeAvailability,
  NativeLogLevel,
  NativeVersions,
  NodeInfo,
  NodeOptions,
  PeerCounts,
  RecordView,
  ServiceInfo,
  ServiceSpec,
  TypeDetail,
  WireError,
  WireEvent,
  WireOrder,
  WireOrderType,
  WireSide,
  WireStatus,
  WireTimeInForce,
  WireValue,
} from './types.js'
export {
  EventFlag,
  EventKind,
  RecordKind,
  WIRE_ORDER_TYPES,
  WIRE_SIDES,
  WIRE_STATUSES,
  WIRE_TIMES_IN_FORCE,
} from './types.js'
