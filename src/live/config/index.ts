/** Configuration of a live feed: what to subscribe to, where, and how the feed behaves. */
export { ConfigError, type ConfigIssue, formatConfigIssue } from '../errors.js'
export type { Endpoints } from './endpoints.js'
export { type ConfigField, configFields, type FieldKind } from './fields.js'
export { configJsonSchema } from './json-schema.js'
export { LiveFeedConfig, requireEndpoints } from './live-feed-config.js'
export {
  type ConfigExplanation,
  type ConfigSources,
  configFromEnv,
  type EffectiveValue,
  type Environment,
  explainConfig,
  loadConfig,
  loadConfigFile,
} from './load.js'
export { parseStreamList } from './stream-list.js'
export type { StreamSpec } from './stream-spec.js'
export { resolveStream, resolveStreams, type StreamOptions, streamConfig } from './streams.js'
export { symbolProblem, wireSymbol } from './symbols.js'
export type {
  BookConfig,
  BookConfigInput,
  CandleConfig,
  CandleConfigInput,
  ConnectionConfig,
  ConnectionConfigInput,
  DepthLevels,
  HealthConfig,
  HealthConfigInput,
  LiveFeedConfigInput,
  RefreshWindow,
  SnapshotLevels,
  StreamConfig,
  TradeConfig,
  TradeConfigInput,
} from './types.js'
export { type RestLimits, type RestPaths, type UpdateSpeeds, VENUE_NAMES, type VenueInfo, venueInfo } from './venues.js'
