/**
 * The one import of `reconnecting-websocket`. Under nodenext its default import types as the module
 * object although it is the class at run time.
 */
import ReconnectingWebSocketModule from 'reconnecting-websocket'

type ReconnectingWebSocketClass = typeof ReconnectingWebSocketModule.default

export const ReconnectingWebSocket: ReconnectingWebSocketClass =
  ReconnectingWebSocketModule as unknown as ReconnectingWebSocketClass

export type ReconnectingWebSocket = InstanceType<ReconnectingWebSocketClass>
