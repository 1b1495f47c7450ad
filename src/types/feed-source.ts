import type { FeedManagerState, FeedSystemHealth } from './health.js'

/**
 * Anything that fills the bus with market data: the live feed, a connector, a recording, a simulation.
 * Sources are interchangeable for whoever composes an application.
 */
export interface FeedSource {
  readonly name: string
  readonly state: FeedManagerState
  /** Resolves when data may be expected; rejects with a `LiveFeedError`. */
  start(): Promise<void>
  /** Idempotent, resolves within 2 s in any state, leaves no timer, socket or listener. */
  stop(): Promise<void>
  getHealth(): FeedSystemHealth
}
