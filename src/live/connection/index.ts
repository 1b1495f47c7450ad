/** The connection layer: sockets, their life, and the streams they carry. */
export type { ConnectionManagerOptions, ConnectionVenue } from './connection-manager.js'
export { ConnectionManager } from './connection-manager.js'
export type {
  OneShotSocket,
  SocketEvents,
  SocketFactory,
  SocketOptions,
  StandardSocket,
  StandardSocketClass,
} from './one-shot-socket.js'
export { standardSockets } from './one-shot-socket.js'
export type { ConnectionStats } from './stats.js'
export type { ConnectionTuning } from './tuning.js'
export { DEFAULT_TUNING } from './tuning.js'
export type { WsTransportOptions } from './ws-transport.js'
export { WsTransport } from './ws-transport.js'
