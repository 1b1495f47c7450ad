/** The simulated venue, for a user's own tests and for running without any network. */
export { RecordingError, SimOptionError } from './errors.js'
export type { FaultName, FaultPlanInput, FaultRuleInput, FaultSelector } from './faults/plan.js'
export { FAULT_VARIANTS, FaultPlanError, loadFaultPlan } from './faults/plan.js'
export type { InjectedFault } from './faults/rule-run.js'
export type { MarketOptions } from './market-options.js'
export type {
  MarketOracle,
  MarketSource,
  OracleBook,
  OracleCandle,
  OracleFunding,
  OracleTicker,
  OracleTrade,
  PayloadIds,
  RestReply,
  SimPayload,
  StreamTap,
  TimeUnit,
} from './market-source.js'
export type { LatencyRange } from './memory/delay-lane.js'
export { bookHash } from './oracle/book-hash.js'
export type { OracleSummary, SimOracle, SimOracleOptions, StreamComparison } from './oracle/oracle.js'
export type {
  ConnectionRecord,
  FaultRecord,
  FrameOutcome,
  OracleRecord,
  SentRecord,
  TruthRecord,
  ViolationRecord,
  ViolationRule,
} from './oracle/records.js'
export type { RecordingOptions } from './recording/recording-options.js'
export type { MarketLimits, SimLimits, SimLimitsInput } from './server/limits.js'
export type { SimTransportOptions, SimTransportVenue } from './sim-transport.js'
export { SimHttpClient, SimTransport } from './sim-transport.js'
export type { SimVenueOptions, SimVenueStats } from './sim-venue.js'
export { SimVenue } from './sim-venue.js'
export type { TlsInput } from './tls/tls-files.js'
