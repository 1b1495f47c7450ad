/** The live feed: manager, configuration, errors. One name per line of what a user may rely on. */
export type { BookSideView, BookView } from './books/index.js'
export { type CandleStats, StateError } from './candles/index.js'
export type {
  BookConfig,
  BookConfigInput,
  CandleConfig,
  CandleConfigInput,
  ConfigExplanation,
  ConfigField,
  ConfigSources,
  ConnectionConfig,
  ConnectionConfigInput,
  DepthLevels,
  EffectiveValue,
  Endpoints,
  Environment,
  FieldKind,
  HealthConfig,
  HealthConfigInput,
  LiveFeedConfigInput,
  RefreshWindow,
  RestLimits,
  RestPaths,
  SnapshotLevels,
  StreamConfig,
  StreamOptions,
  StreamSpec,
  TradeConfig,
  TradeConfigInput,
  UpdateSpeeds,
  VenueInfo,
} from './config/index.js'
export {
  configFields,
  configFromEnv,
  configJsonSchema,
  explainConfig,
  LiveFeedConfig,
  loadConfig,
  loadConfigFile,
  parseStreamList,
  requireEndpoints,
  resolveStream,
  resolveStreams,
  streamConfig,
  symbolProblem,
  VENUE_NAMES,
  venueInfo,
  wireSymbol,
} from './config/index.js'
export type { ConnectionStats } from './connection/index.js'
export { WsTransport } from './connection/index.js'
export type { ConfigIssue, ConnectionErrorCode, LifecycleErrorCode, SubscriptionErrorCode } from './errors.js'
export {
  ConfigError,
  ConnectionError,
  formatConfigIssue,
  HandlerError,
  LifecycleError,
  LiveFeedError,
  MessageParseError,
  SubscriptionError,
} from './errors.js'
export type { GapCounts, GapFilter } from './gaps/index.js'
export { LiveDataFeedManager } from './manager.js'
export type { LiveDataFeedManagerOptions } from './manager-options.js'
export type { RequestGovernorStats } from './rest/request-governor.js'
export { RestError, type RestErrorCode } from './rest/rest-error.js'
export type { RouterStats } from './router/index.js'
export type { FeedManagerStats } from './stats.js'
