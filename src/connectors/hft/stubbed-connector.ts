/**
 * A connector without an exchange: a random walk of trades and books, the same for the same seed. Events fall due at a
 * fixed interval on the clock it was given, so that a virtual clock makes a day of them in seconds.
 */
import type { Clock } from '../../runtime/clock.js'
import { type Random, SeededRandom } from '../../runtime/random.js'
import { SystemClock } from '../../runtime/system-clock.js'
import { type ConnectorEvent, type ConnectorHealthStatus, ConnectorWrapper } from './connector-wrapper.js'
import { ConnectorError } from './errors.js'

export interface StubbedConnectorOptions {
  /** Default 42. */
  readonly seed?: number
  /** Price the walk begins at. Default 50 000. */
  readonly basePrice?: number
  /** Between two events. Default 50. */
  readonly eventIntervalMs?: number
  /** Levels per side of a book. Default 10. */
  readonly depthLevels?: number
  readonly clock?: Clock
}

const TICK = 0.1
/** Standard deviation of one step of the walk, as a fraction of the price. */
const VOLATILITY = 1e-4
/** After a pause events do not pile up further than this. */
const BACKLOG_MAX = 1_000
/** Share of trades where both kinds are subscribed. */
const TRADE_SHARE = 0.6

export class StubbedConnector extends ConnectorWrapper {
  readonly #clock: Clock
  readonly #intervalMs: number
  readonly #depthLevels: number
  readonly #random: Random
  readonly #trades = new Set<string>()
  readonly #depth = new Set<string>()
  readonly #mids = new Map<string, number>()
  readonly #basePrice: number
  #isConnected = false
  #nextDueMs = 0
  #eventCounter = 0
  #tradeId = 0
  #updateId = 0

  constructor(options: StubbedConnectorOptions = {}) {
    super()
    const { seed = 42, basePrice = 50_000, eventIntervalMs = 50, depthLevels = 10 } = options
    if (!(basePrice > 0 && Number.isFinite(basePrice))) {
      throw new ConnectorError('CONNECTOR_OPTIONS', `basePrice ${basePrice} is not a number above 0`)
    }
    if (!(eventIntervalMs > 0)) {
      throw new ConnectorError('CONNECTOR_OPTIONS', `eventIntervalMs ${eventIntervalMs} is not a number above 0`)
    }
    this.#clock = options.clock ?? new SystemClock()
    this.#random = new SeededRandom(seed).split('stubbed-connector')
    this.#basePrice = basePrice
    this.#intervalMs = eventIntervalMs
    this.#depthLevels = depthLevels
  }

  connect(): Promise<void> {
    this.#isConnected = true
    this.#nextDueMs = this.#clock.monotonicMs()
    return Promise.resolve()
  }

  disconnect(): Promise<void> {
    this.#isConnected = false
    this.#trades.clear()
    this.#depth.clear()
    return Promise.resolve()
  }

  async subscribeTrades(symbol: string): Promise<void> {
    this.#requireConnected()
    this.#trades.add(symbol.toUpperCase())
  }

  async subscribeDepth(symbol: string): Promise<void> {
    this.#requireConnected()
    this.#depth.add(symbol.toUpperCase())
  }

  async nextEvent(): Promise<ConnectorEvent | null> {
    this.#requireConnected()
    const nowMs = this.#clock.monotonicMs()
    if (nowMs < this.#nextDueMs || this.#trades.size + this.#depth.size === 0) return null
    const earliestMs = nowMs - BACKLOG_MAX * this.#intervalMs
    this.#nextDueMs = Math.max(this.#nextDueMs, earliestMs) + this.#intervalMs
    this.#eventCounter++
    return this.#makeEvent()
  }

  isConnected(): Promise<boolean> {
    return Promise.resolve(this.#isConnected)
  }

  getHealthStatus(): ConnectorHealthStatus {
    return {
      connected: this.#isConnected,
      subscribedTrades: this.#trades.size > 0,
      subscribedDepth: this.#depth.size > 0,
      eventCounter: this.#eventCounter,
    }
  }

  #requireConnected(): void {
    if (this.#isConnected) return
    throw new ConnectorError('CONNECTOR_NOT_CONNECTED', 'the stubbed connector is not connected')
  }

  #makeEvent(): ConnectorEvent {
    const isTrade = this.#depth.size === 0 || (this.#trades.size > 0 && this.#random.chance(TRADE_SHARE))
    const symbols = [...(isTrade ? this.#trades : this.#depth)]
    const symbol = symbols[this.#random.int(0, symbols.length - 1)] as string
    const mid = (this.#mids.get(symbol) ?? this.#basePrice) * (1 + VOLATILITY * this.#random.normal())
    this.#mids.set(symbol, mid)
    return isTrade ? this.#trade(symbol, mid) : this.#book(symbol, mid)
  }

  #trade(symbol: string, mid: number): ConnectorEvent {
    const isBuy = this.#random.chance(0.5)
    return {
      type: 'trade',
      symbol,
      timestamp: this.#clock.wallMs(),
      price: onTick(Math.round(mid / TICK) + (isBuy ? 1 : -1)),
      qty: this.#random.int(1, 1_000) / 1_000,
      side: isBuy ? 'buy' : 'sell',
      isBuyerMaker: !isBuy,
      id: ++this.#tradeId,
    }
  }

  #book(symbol: string, mid: number): ConnectorEvent {
    const middleTick = Math.round(mid / TICK)
    const side = (direction: 1 | -1): [number, number][] =>
      Array.from({ length: this.#depthLevels }, (_, level) => [
        onTick(middleTick + direction * (level + 1)),
        this.#random.int(1, 5_000) / 1_000,
      ])
    this.#updateId += this.#random.int(1, 5)
    return {
      type: 'depth',
      symbol,
      timestamp: this.#clock.wallMs(),
      bids: side(-1),
      asks: side(1),
      lastUpdateId: this.#updateId,
    }
  }
}

/** The exact decimal: ticks of a tenth. */
function onTick(tick: number): number {
  return Math.max(1, tick) / 10
}
