/** Live client, its instruments and bots. Importing this loads nothing native; opening a native bot does. */
export type { LiveClientOptions, LossReason } from './client-options.js'
export {
  EventType,
  FAILURE_CODES,
  isFailure,
  isFinalStatus,
  OrderStatus,
  OrderType,
  ReturnCode,
  returnCodeText,
  Side,
  TimeInForce,
} from './codes.js'
export type { OpenConnection } from './connection-ports.js'
export { checkPlatform } from './connection-ports.js'
export type { LiveClientErrorCode } from './errors.js'
export { LiveClientError } from './errors.js'
export type {
  BotEvent,
  ExplainsFailure,
  FeedLatency,
  LiveBot,
  LiveDepth,
  LiveOrder,
  LiveOrderDict,
  LiveOrderValues,
  OrderLatency,
  RoiDepth,
  StateValues,
} from './live-bot.js'
export { LIVE_BOT_MEMBERS } from './live-bot.js'
export type { DroppedEvents } from './live-client.js'
export { LiveClient } from './live-client.js'
export type { LiveInstrumentOptions } from './live-instrument.js'
export { LiveInstrument, LiveInstrumentBuilder } from './live-instrument.js'
export { MarketStatistics } from './market-statistics.js'
export type {
  BookLevel,
  BookUpdate,
  ClientOrder,
  ConnectionHealth,
  DepthSnapshot,
  OrderResponse,
  Trade,
} from './models.js'
export type { NativeLiveBotOptions } from './native-bot.js'
export { HashMapMarketDepthLiveBot, ROIVectorMarketDepthLiveBot } from './native-bot.js'
export type { CancelOrderOptions, SubmitOrderOptions } from './order-desk.js'
export type { StubStats } from './stub-bot.js'
export { StubConnectorBot, StubDepth, StubOrder, StubOrderDict } from './stub-bot.js'
export type { StubFaults } from './stub-faults.js'
export type { StubConnectorBotOptions } from './stub-options.js'
export { using } from './using.js'
