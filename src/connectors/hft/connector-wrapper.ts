/**
 * The contract of a connector: whatever can be connected, subscribed and asked for its next event. Write a class that
 * extends this one to bring your own data; `HftConnectorStream` does the rest (parsing, reconnects, queue, bus).
 */
import { Venue } from '../../types/venue.js'

/**
 * What `nextEvent` hands over; read and checked by the stream, so its shape is the connector's word only. Keys may be
 * written in camel case or in snake case (`isBuyerMaker` or `is_buyer_maker`).
 *
 * - trade: `type: 'trade'`, `timestamp`, `price`, `qty`, `side` (`'buy'` or `'sell'`), `isBuyerMaker`, `id`
 * - depth: `type: 'depth'`, `timestamp`, `bids` and `asks` (whole lists of `[price, qty]` or `{price, qty}`), `lastUpdateId`
 *
 * `timestamp` is a `Date`, ISO text or epoch milliseconds. `symbol` may be given where several are subscribed.
 */
export type ConnectorEvent = Readonly<Record<string, unknown>>

/** What a connector says about itself; `/ws/health` shows it under these names in snake case. */
export interface ConnectorHealthStatus {
  readonly connected: boolean
  readonly subscribedTrades: boolean
  readonly subscribedDepth: boolean
  /** Events handed over so far. */
  readonly eventCounter: number
}

export abstract class ConnectorWrapper {
  /** Named in every payload. Override it: data of a connector that does not say is labelled as simulated. */
  readonly venue: Venue = Venue.SIM_FUTURES

  /** Rejects when it cannot connect; the stream tries again. May be called again after `disconnect`. */
  abstract connect(): Promise<void>
  /** Idempotent. */
  abstract disconnect(): Promise<void>
  /** Called after every `connect`, with the symbol in upper case. */
  abstract subscribeTrades(symbol: string): Promise<void>
  abstract subscribeDepth(symbol: string): Promise<void>
  /** The next event, or `null` when there is none now. Rejects when the connection is lost. */
  abstract nextEvent(): Promise<ConnectorEvent | null>
  /** Asked before every event. */
  abstract isConnected(): Promise<boolean>
  abstract getHealthStatus(): ConnectorHealthStatus
}
