/** The bus as a package entry point. */

// Not by name: only a star export lets a user add topics with `declare module 'feedbus/bus'`.
export * from '../types/topics.js'
export type { BusOptions, PublishOptions, TopicOptions } from './bus.js'
export { Bus } from './bus.js'
export type { BusErrorCode } from './errors.js'
export { BusError, HandlerError } from './errors.js'
export type { BusStats, SlowestHandler, SubscriptionStats, TopicStats } from './stats.js'
export type { MessageStream } from './stream.js'
export type {
  MessageStreamOptions,
  OverflowPolicy,
  QueueOptions,
  SubscribeOptions,
  Subscription,
  SubscriptionState,
} from './subscription-options.js'
export { OVERFLOW_POLICIES } from './subscription-options.js'
export type { TopicHandle } from './topic-handle.js'
export type { EnvelopeOf, PayloadOf, TopicEnvelope, TopicsMatching } from './topic-types.js'
