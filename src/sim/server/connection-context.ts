/** What a connection of the venue is given: the parts it works with, and what is known of its client. */
import type { Clock } from '../../runtime/index.js'
import type { MarketKind } from '../../types/venue.js'
import type { FaultEngine } from '../faults/fault-engine.js'
import type { MarketSource, TimeUnit } from '../market-source.js'
import type { SimOracle } from '../oracle/oracle.js'
import type { VenueConnection } from './connection.js'
import type { ReplyOptions } from './control-replies.js'
import type { SimLimits } from './limits.js'
import type { FuturesRoute } from './request-path.js'
import type { StreamHub } from './stream-hub.js'

export interface ConnectionOptions extends ReplyOptions {
  /** Deliver every stream on every route, as before the routes were introduced. */
  readonly legacyRoutes: boolean
}

export interface ConnectionContext {
  readonly clock: Clock
  readonly source: MarketSource
  readonly hub: StreamHub
  readonly oracle: SimOracle
  readonly faults: FaultEngine
  readonly limits: SimLimits
  readonly options: ConnectionOptions
  /** Told once, when the connection has ended. */
  readonly onClosed: (connection: VenueConnection) => void
}

export interface ConnectionRequest {
  readonly index: number
  readonly market: MarketKind
  readonly route: FuturesRoute | null
  readonly combined: boolean
  readonly timeUnit: TimeUnit
  readonly address: string
  readonly target: string
}
